"""The detoxify engine through the library's real loading code, on a tiny checkpoint made here."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from pathlib import Path

import pytest

from bot.adapters.scorers.detoxify import DetoxifyScorer
from moderation.errors import EngineUnavailable

ORIGINAL = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]
UNBIASED = ["toxicity", "severe_toxicity", "obscene", "identity_attack", "insult", "threat"]
installed = all(importlib.util.find_spec(name) for name in ("detoxify", "torch", "transformers"))
needs_detoxify = pytest.mark.skipif(
    not installed, reason="detoxify is not installed: pip install 'tidekeeper[detoxify]'"
)


def tiny(folder: Path, classes: list[str], *, leave_out: str = "") -> tuple[Path, str]:
    """A two-layer BERT with seeded weights as a detoxify checkpoint; its path and digest."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(3)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "you", "are", "nice", "idiot", "the"]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "BertTokenizer", "do_lower_case": True}), encoding="utf-8"
    )
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        num_labels=len(classes),
        initializer_range=1.0,
    )
    config.save_pretrained(folder)
    weights = BertForSequenceClassification(config).state_dict()
    arch = {
        "model_type": "bert-base-uncased",
        "model_name": "BertForSequenceClassification",
        "tokenizer_name": "BertTokenizer",
        "num_classes": len(classes),
    }
    path = folder / "tiny.ckpt"
    torch.save(
        {
            "config": {"dataset": {"args": {"classes": classes}}, "arch": {"args": arch}},
            "state_dict": {name: each for name, each in weights.items() if name != leave_out},
        },
        path,
    )
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


@needs_detoxify
@pytest.mark.parametrize(("model", "classes"), [("original", ORIGINAL), ("unbiased", UNBIASED)])
def test_scores_a_batch_and_each_alone(tmp_path: Path, model: str, classes: list[str]) -> None:
    path, digest = tiny(tmp_path, classes)
    scorer = DetoxifyScorer(model, path, sha256=digest)
    texts = ["you are nice", "you idiot", "", "the the the"] * 10
    together = scorer.score(texts)
    assert len(together) == 40
    for text, scores in zip(texts[:4], together[:4], strict=True):
        alone = scorer.score([text])[0]
        assert alone.toxicity == pytest.approx(scores.toxicity, abs=1e-5)
        assert alone.identity_attack == pytest.approx(scores.identity_attack, abs=1e-5)
    assert len({scores.toxicity for scores in together}) > 1
    assert len({together[0].toxicity, together[0].threat, together[0].identity_attack}) == 3
    assert scorer.name == f"detoxify:{model}@{digest[:8]}"
    assert scorer.score([]) == []


@needs_detoxify
def test_long_and_odd_texts_are_read(tmp_path: Path) -> None:
    path, digest = tiny(tmp_path, ORIGINAL)
    scorer = DetoxifyScorer("original", path, sha256=digest)
    long, odd = scorer.score(["you are an idiot " * 500, "a\ud800b"])
    assert 0 <= long.toxicity <= 1
    assert 0 <= odd.toxicity <= 1


@needs_detoxify
def test_explains_with_words_of_the_text(tmp_path: Path) -> None:
    path, digest = tiny(tmp_path, ORIGINAL)
    scorer = DetoxifyScorer("original", path, sha256=digest)
    spans = {scorer.explain(text) for text in ("you idiot", "nice idiot the", "are nice you")}
    assert any(spans)
    assert scorer.explain("") == ()


@needs_detoxify
def test_missing_weights_are_refused_instead_of_made_up(tmp_path: Path) -> None:
    path, digest = tiny(tmp_path, ORIGINAL, leave_out="classifier.weight")
    with pytest.raises(EngineUnavailable, match=r"classifier\.weight"):
        DetoxifyScorer("original", path, sha256=digest)


@needs_detoxify
def test_something_else_than_a_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.ckpt"
    path.write_bytes(b"not a checkpoint")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(EngineUnavailable, match="cannot load it"):
        DetoxifyScorer("original", path, sha256=digest)


def test_a_file_with_another_digest_is_never_opened_as_a_pickle(tmp_path: Path) -> None:
    path = tmp_path / "model.ckpt"
    path.write_bytes(b"anything")
    with pytest.raises(EngineUnavailable, match="SHA-256"):
        DetoxifyScorer("original", path, sha256="0" * 64)


@pytest.mark.parametrize(
    ("model", "checkpoint", "digest", "says"),
    [
        ("other", None, "", "no such model"),
        ("original", None, "", r"engine\.checkpoint"),
        ("original", Path("model.ckpt"), "", r"engine\.sha256"),
        ("original", Path("nowhere/model.ckpt"), "0" * 64, "cannot be read"),
    ],
)
def test_what_is_missing_is_named(
    model: str, checkpoint: Path | None, digest: str, says: str
) -> None:
    with pytest.raises(EngineUnavailable, match=says):
        DetoxifyScorer(model, checkpoint, sha256=digest)


@pytest.mark.skipif(installed, reason="detoxify is installed, so nothing is missing")
def test_a_missing_library_names_the_extra(tmp_path: Path) -> None:
    path = tmp_path / "model.ckpt"
    path.write_bytes(b"anything")
    digest = hashlib.sha256(b"anything").hexdigest()
    with pytest.raises(EngineUnavailable, match=r"tidekeeper\[detoxify\]"):
        DetoxifyScorer("original", path, sha256=digest)
