"""The engine over an exported folder: real export, real onnxruntime, tiny models made here."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bot.adapters.scorers.detoxify import DetoxifyScorer
from bot.adapters.scorers.onnx import OnnxScorer
from bot.parts import WrongEngine, make_scorer, refuse_uncertain
from bot.training.export import Export, export
from bot.training.export_texts import OWN
from config.schema import EngineSettings
from moderation.errors import EngineUnavailable
from moderation.types import LABELS, Scores, Span, Thresholds
from tests.scorers.checkpoints import ORIGINAL, WORDS, needs_detoxify, tiny

pytestmark = [pytest.mark.timeout(300), needs_detoxify]
TEXTS = [" ".join(np.random.default_rng(at).choice(WORDS, 1 + at % 9)) for at in range(40)]


class First:
    """An engine that finds every text as harmless as it is told, and knows no French."""

    name = "first@1"

    def __init__(self, toxicity: float) -> None:
        self.toxicity = toxicity

    def score(self, texts: Sequence[str]) -> Sequence[Scores]:
        return [Scores(toxicity=self.toxicity, unsure="nice" in text.split()) for text in texts]

    def explain(self, text: str) -> tuple[Span, ...]:
        return ()


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    return tiny(tmp_path_factory.mktemp("model"), ORIGINAL)


@pytest.fixture(scope="module")
def exported(original: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("exported") / "out"
    path, digest = original
    asked = Export(
        checkpoint=path,
        sha256=digest,
        folder=None,
        texts=OWN,
        source="our own",
        queue=0.6,
        first=None,
    )
    export(asked, out)
    return out


@pytest.fixture
def folder(exported: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(exported, tmp_path / "copy"))


def bound(folder: Path, *, clear: float, first: tuple[str, float] | None = None) -> Path:
    manifest = json.loads((folder / "manifest.json").read_text())
    named = first and {"engine": first[0], "clear": first[1]}
    manifest["bounds"] |= {"clear": clear, "first": named}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def apart(one: Sequence[Scores], other: Sequence[Scores]) -> float:
    pairs = zip(one, other, strict=True)
    return max(abs(getattr(a, label) - getattr(b, label)) for a, b in pairs for label in LABELS)


@pytest.mark.parametrize(("judge", "close"), [("fast", 1e-4), ("small", 0.03)])
def test_judges_as_the_original_does(
    original: tuple[Path, str], exported: Path, judge: str, close: float
) -> None:
    path, digest = original
    theirs = DetoxifyScorer("original", path, sha256=digest).score(TEXTS)
    ours = OnnxScorer(exported, judge=judge, only="judge").score(TEXTS)  # type: ignore[arg-type]
    assert apart(theirs, ours) < close
    assert len({scores.toxicity for scores in ours}) > 10


def test_a_text_scores_the_same_alone_and_in_any_company(folder: Path) -> None:
    bound(folder, clear=0.5)
    together = OnnxScorer(folder).score(TEXTS)
    alone = OnnxScorer(folder)
    assert apart([alone.score([text])[0] for text in TEXTS], together) < 2e-6
    assert apart(OnnxScorer(folder).score(TEXTS[::-1]), together[::-1]) < 2e-6


def test_int8_clears_and_never_convicts(folder: Path) -> None:
    int8 = OnnxScorer(folder, only="int8").score(TEXTS)
    judge = OnnxScorer(folder, only="judge").score(TEXTS)
    clear = float(np.median([scores.toxicity for scores in int8]))
    cascade = OnnxScorer(bound(folder, clear=clear)).score(TEXTS)
    expected = [a if a.toxicity < clear else b for a, b in zip(int8, judge, strict=True)]
    assert apart(cascade, expected) < 2e-6
    assert {a.toxicity < clear for a in int8} == {True, False}
    assert OnnxScorer(bound(folder, clear=0.0)).score(TEXTS) == judge


def test_a_first_engine_clears_what_it_knows_to_be_harmless(folder: Path) -> None:
    bound(folder, clear=0.0, first=("first@1", 0.2))
    plain = OnnxScorer(folder).score(TEXTS)
    with_first = OnnxScorer(folder, first=First(0.1))
    assert with_first.name.endswith("+first@1")
    assert with_first.clears_below == 0.2
    expected = [
        alone if "nice" in text.split() else Scores(toxicity=0.1)
        for text, alone in zip(TEXTS, plain, strict=True)
    ]
    assert apart(with_first.score(TEXTS), expected) < 2e-6
    assert OnnxScorer(folder, first=First(0.2)).score(TEXTS) == plain


def test_a_first_engine_that_was_not_measured_has_no_say(folder: Path) -> None:
    bound(folder, clear=0.0, first=("first@2", 0.2))
    scorer = OnnxScorer(folder, first=First(0.1))
    assert "+" not in scorer.name
    assert scorer.score(TEXTS) == OnnxScorer(folder).score(TEXTS)


def test_odd_texts_are_read(exported: Path) -> None:
    scorer = OnnxScorer(exported)
    assert scorer.score([]) == []
    odd = ["", " ", "a\ud800b", "\0", "idiot " * 3000, "\u200b" * 50, "x" * 100_000]
    for text, scores in zip(odd, scorer.score(odd), strict=True):
        assert scores == scorer.score([text])[0]
        assert all(0 <= getattr(scores, label) <= 1 for label in LABELS)


def test_explains_with_words_of_the_text(exported: Path) -> None:
    scorer = OnnxScorer(exported)
    spans = {scorer.explain(text) for text in ("you idiot", "nice idiot the", "are nice you")}
    assert any(spans)
    assert scorer.explain("") == ()


def test_a_repeated_text_is_not_read_again(exported: Path) -> None:
    scorer = OnnxScorer(exported, budget=60)
    before = scorer.score(["you idiot"])
    scorer._budget = 0.0  # nothing can be read any more
    assert scorer.score(["you idiot", "you idiot"]) == before * 2
    with pytest.raises(EngineUnavailable, match="budget"):
        scorer.score(["you are"])


def test_the_budget_ends_a_call(exported: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r"did not end in 0\.0 s; raise engine\.budget_ms"):
        OnnxScorer(exported, budget=0.0).score(TEXTS)


def test_neither_torch_nor_its_friends_are_imported(exported: Path) -> None:
    script = (
        "import sys; from bot.parts import make_scorer; from config.schema import EngineSettings\n"
        f"scorer = make_scorer(EngineSettings(name='onnx:{exported}'))\n"
        "scorer.score(['you idiot', 'the nice']); scorer.explain('you idiot')\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=200
    )
    loaded = set(run.stdout.split())
    assert {"onnxruntime", "tokenizers"} <= loaded
    assert not loaded & {"torch", "transformers", "detoxify", "onnx", "onnxscript"}


def test_the_settings_make_it(exported: Path, folder: Path) -> None:
    import hashlib

    digest = hashlib.sha256((exported / "manifest.json").read_bytes()).hexdigest()
    settings = EngineSettings(name=f"onnx:{exported}", sha256=digest)
    assert re.fullmatch(f"onnx:original@{digest[:8]}", make_scorer(settings).name)
    with pytest.raises(WrongEngine, match=r"manifest\.json: its SHA-256 is"):
        make_scorer(settings.model_copy(update={"sha256": "0" * 64}))
    with pytest.raises(WrongEngine, match=r"engine\.checkpoint is not for onnx"):
        make_scorer(settings.model_copy(update={"checkpoint": "model.ckpt"}))
    with pytest.raises(WrongEngine, match=r"manifest\.json: no such file"):
        make_scorer(EngineSettings(name="onnx:nowhere"))
    same_size = bytearray((folder / "tokenizer.json").read_bytes())
    same_size[-1] ^= 1
    (folder / "tokenizer.json").write_bytes(same_size)
    with pytest.raises(WrongEngine, match=r"tokenizer\.json: is not the file of the manifest"):
        make_scorer(EngineSettings(name=f"onnx:{folder}", sha256=digest))


@pytest.mark.parametrize("name", ["model.int8.onnx", "judge.1.onnx", "embeddings.data"])
def test_a_copy_that_broke_off_is_named(folder: Path, name: str) -> None:
    file = folder / name
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(EngineUnavailable, match=f"{re.escape(name)}: has .* bytes instead of"):
        OnnxScorer(folder)
    file.unlink()
    with pytest.raises(EngineUnavailable, match=f"{re.escape(name)}: no such file"):
        OnnxScorer(folder)


@pytest.mark.parametrize("name", ["model.int8.onnx", "tokenizer.json"])
def test_a_damaged_file_of_the_right_size_is_named(folder: Path, name: str) -> None:
    file = folder / name
    file.write_bytes(b"\xff" * file.stat().st_size)
    with pytest.raises(EngineUnavailable, match=re.escape(name)):
        OnnxScorer(folder)


def test_a_damaged_judge_is_named_when_it_is_needed(folder: Path) -> None:
    file = folder / "judge.1.onnx"
    file.write_bytes(b"\xff" * file.stat().st_size)
    scorer = OnnxScorer(bound(folder, clear=0.0))
    with pytest.raises(EngineUnavailable, match=r"judge\.1\.onnx: onnxruntime cannot load it"):
        scorer.score(["you idiot"])


def test_what_is_no_probability_is_no_score(folder: Path) -> None:
    file = folder / "embeddings.data"
    nan = np.full(file.stat().st_size // 2, np.nan, np.float16)
    file.write_bytes(nan.tobytes())
    for only in ("int8", "judge"):
        with pytest.raises(EngineUnavailable, match="no probability"):
            OnnxScorer(folder, only=only).score(["you idiot"])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "alter",
    [
        {"format": "other@1"},
        {"labels": ["insult"]},
        {"bounds": {"clear": 2, "first": None}},
        {"judge": ["../judge.0.onnx"]},
        {"files": {"/etc/passwd": {"bytes": 1, "sha256": ""}}},
        {"files": None},
        {"longest": "many"},
    ],
    ids=str,
)
def test_what_is_no_manifest_of_ours_is_refused(folder: Path, alter: dict[str, object]) -> None:
    file = folder / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | alter))
    with pytest.raises(EngineUnavailable, match="is no manifest of an export"):
        OnnxScorer(folder)


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b"[" * 100_000, b"{}"], ids=len)
def test_a_manifest_that_is_no_json_is_refused(folder: Path, content: bytes) -> None:
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(EngineUnavailable, match="is no manifest of an export"):
        OnnxScorer(folder)


def test_bounds_where_scores_are_rough_are_refused(folder: Path) -> None:
    scorer = OnnxScorer(bound(folder, clear=0.2))
    rough = 0.1
    refuse_uncertain(Thresholds(), scorer)
    with pytest.raises(WrongEngine, match=r"policy\.thresholds"):
        refuse_uncertain(Thresholds(maybe=rough, queue=rough), scorer)
