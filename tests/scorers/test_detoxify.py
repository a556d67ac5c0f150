"""The detoxify engine through the library's real loading code, on a tiny checkpoint made here."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.adapters.scorers.detoxify import DetoxifyScorer
from moderation.errors import EngineUnavailable
from tests.scorers.checkpoints import ORIGINAL, UNBIASED, installed, needs_detoxify, tiny


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
def test_a_long_neighbour_changes_nothing(tmp_path: Path) -> None:
    path, digest = tiny(tmp_path, ORIGINAL)
    scorer = DetoxifyScorer("original", path, sha256=digest)
    assert scorer.score(["you idiot", "are nice " * 400])[0] == scorer.score(["you idiot"])[0]


@needs_detoxify
def test_threads_share_one_engine(tmp_path: Path) -> None:
    path, digest = tiny(tmp_path, ORIGINAL)
    scorer = DetoxifyScorer("original", path, sha256=digest)
    texts = ["you are nice", "you idiot " * 90, "the the the"] * 20
    alone = scorer.score(texts)
    together = threading.Barrier(4)

    def read(_: int) -> bool:
        together.wait(20)
        return scorer.score(texts) == alone

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(read, range(4)))


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
