"""Measures the builtin engine on texts on which nothing was learned, with intervals.

``python -m bot.training.evaluate --data ../shared`` prints the tables of ``docs/model-card.md``.
``tidekeeper bench toxicity`` puts the same figures beside those of other engines.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.adapters.scorers.builtin import WEIGHTS, BuiltinScorer
from bot.adapters.scorers.features import LONGEST
from bot.adapters.scorers.first_stage import FirstStage
from bot.adapters.scorers.onnx import OnnxScorer
from bot.bench.figures import Floats, Interval, auc_interval, wilson
from bot.bench.sets import FUNCTIONAL, Kind, TestSet, read_sets
from config.schema import EngineSettings
from moderation.errors import TidekeeperError
from moderation.ports import Scorer
from moderation.text import fold
from moderation.types import Scores, Span

_AT_ONCE = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One set, or several of one language. ``auc`` is ``None`` where only one kind of text is in
    it; ``recall`` and ``alarms`` are the shares of toxic and of harmless texts that reach the
    queue, ``right`` of those that belong on the side of the bound where they are.
    """

    name: str
    texts: int
    toxic: int
    auc: Interval | None
    recall: Interval | None
    alarms: Interval | None
    right: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A set with the score of each row."""

    of: TestSet
    scores: Floats


class FirstStageAlone:
    """The builtin engine's first stage as a ``Scorer`` of its own, over folded texts."""

    name = "first_stage"

    def __init__(self, weights: Path) -> None:
        self._stage = FirstStage(weights)
        self.thresholds = self._stage.thresholds

    def score(self, texts: Sequence[str]) -> list[Scores]:
        return [Scores(toxicity=chance) for chance in self._stage.toxicity(texts).tolist()]

    def explain(self, text: str) -> tuple[Span, ...]:
        return self._stage.explain(text)


def first_stage(settings: EngineSettings) -> Scorer:
    """The first stage alone of the builtin engine that the settings name."""
    return FirstStageAlone(_weights(settings))


def reaching_second(settings: EngineSettings, texts: Sequence[str]) -> float:
    """The share of texts that the builtin engine's first stage does not clear."""
    weights = _weights(settings)
    chances = FirstStage(weights).probabilities([fold(text[:LONGEST]).text for text in texts])
    return len(BuiltinScorer(weights).uncleared(chances)) / len(texts)


def _weights(settings: EngineSettings) -> Path:
    return Path(settings.checkpoint).expanduser() if settings.checkpoint else WEIGHTS


def onnx_int8(settings: EngineSettings) -> Scorer:
    """The int8 model alone of the export that the settings name."""
    return OnnxScorer(_folder(settings), sha256=settings.sha256, only="int8")


def onnx_fp32(settings: EngineSettings) -> Scorer:
    """The fp32 model alone of that export, as torch computes it."""
    return OnnxScorer(_folder(settings), sha256=settings.sha256, only="judge", judge="fast")


def _folder(settings: EngineSettings) -> Path:
    return Path(settings.name.partition(":")[2]).expanduser()


def seed() -> int:
    """The seed of the training whose weights ship: what was set aside, was by this seed."""
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        return int(json.loads(bytes(stored["meta"]).decode())["seed"])


def evaluate(sets: Iterable[TestSet], scorer: Scorer) -> list[Judged]:
    """Scores of every row."""
    return [Judged(of=one, scores=_scores(one, scorer)) for one in sets]


def _scores(one: TestSet, scorer: Scorer) -> Floats:
    texts = [row.text for row in one.rows]
    starts = range(0, len(texts), _AT_ONCE)
    parts = (scorer.score(texts[at : at + _AT_ONCE]) for at in starts)
    return np.array([scores.toxicity for part in parts for scores in part])


def measure(name: str, judged: Sequence[Judged], queue: float) -> Measured:
    """Rows of one or several sets together; ``queue`` is the toxicity from which one reaches it."""
    scores = np.concatenate([one.scores for one in judged])
    toxic = np.array([row.toxic for one in judged for row in one.of.rows])
    high, low = scores[toxic], scores[~toxic]
    found, alarmed = int((high >= queue).sum()), int((low >= queue).sum())
    return Measured(
        name=name,
        texts=len(scores),
        toxic=len(high),
        auc=auc_interval(high, low) if len(high) and len(low) else None,
        recall=wilson(found, len(high)) if len(high) else None,
        alarms=wilson(alarmed, len(low)) if len(low) else None,
        right=wilson(found + len(low) - alarmed, len(scores)),
    )


def report(judged: Sequence[Judged], queue: float) -> str:
    """The card's tables: public sets, harmless chat, languages, functionalities."""
    kinds = {kind: [one for one in judged if one.of.kind is kind] for kind in Kind}
    public = kinds[Kind.PUBLIC]
    parts = [
        table("Set", [measure(one.of.name, [one], queue) for one in public]),
        table("Harmless chat", [measure(one.of.name, [one], queue) for one in kinds[Kind.CHAT]]),
        _languages(public, queue),
        _functional(kinds[Kind.FUNCTIONAL], queue),
    ]
    return "\n\n".join(part for part in parts if part)


def table(of: str, measured: Sequence[Measured]) -> str:
    """The figures as a Markdown table."""
    lines = [f"| {of} | Texts | Toxic | AUC | Recall at queue | False alarms at queue |"]
    lines.append("|---|---:|---:|---|---|---|")
    for one in measured:
        shares = " | ".join(_percent(share) for share in (one.recall, one.alarms))
        lines.append(f"| {one.name} | {one.texts} | {one.toxic} | {_auc(one.auc)} | {shares} |")
    return "\n".join(lines)


def _languages(public: Sequence[Judged], queue: float) -> str:
    """The rows of a language's sets together; its AUC is the mean over those with both labels."""
    lines = ["| Language | Sets | Texts | Mean AUC | Recall at queue | False alarms at queue |"]
    lines.append("|---|---:|---:|---:|---|---|")
    for lang, judged in _by_lang(public).items():
        whole = measure(lang, judged, queue)
        each = [measure(one.of.name, [one], queue).auc for one in judged]
        means = [found[0] for found in each if found]
        mean = f"{sum(means) / len(means):.3f}" if means else "-"
        shares = f"{_percent(whole.recall)} | {_percent(whole.alarms)}"
        lines.append(f"| {lang} | {len(judged)} | {whole.texts} | {mean} | {shares} |")
    return "\n".join(lines)


def _by_lang(judged: Iterable[Judged]) -> Mapping[str, list[Judged]]:
    found: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        found[one.of.lang].append(one)
    return dict(sorted(found.items()))


def _functional(judged: Sequence[Judged], queue: float) -> str:
    """Cases right by functionality, one column for each language."""
    if not judged:
        return ""
    names = sorted({row.fine for one in judged for row in one.of.rows})
    lines = ["| Functionality | " + " | ".join(one.of.lang for one in judged) + " |"]
    lines.append("|---|" + "---|" * len(judged))
    for name in (*names, ""):
        cells = " | ".join(_right(one, name, queue) for one in judged)
        lines.append(f"| {name or 'all'} | {cells} |")
    return "\n".join(lines)


def _right(one: Judged, functionality: str, queue: float) -> str:
    """Of one functionality, or of all for ``""``."""
    rows = zip(one.of.rows, one.scores, strict=True)
    right = [
        bool(score >= queue) == row.toxic
        for row, score in rows
        if not functionality or row.fine == functionality
    ]
    return f"{_percent(wilson(sum(right), len(right)))} of {len(right)}" if right else "-"


def _auc(found: Interval | None) -> str:
    return "-" if found is None else "{:.3f} ({:.3f}-{:.3f})".format(*found)


def _percent(share: Interval | None) -> str:
    if share is None:
        return "-"
    middle, lower, upper = (100 * part for part in share)
    return f"{middle:.1f} % ({lower:.1f}-{upper:.1f})"


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m bot.training.evaluate", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with data/toxicity")
    parser.add_argument(
        "--functional", type=Path, default=FUNCTIONAL, help="folder with functional.*.tsv"
    )
    chosen = parser.parse_args(argv)
    scorer = BuiltinScorer()
    try:
        judged = evaluate(read_sets(chosen.data, seed(), chosen.functional), scorer)
    except TidekeeperError as error:
        print(error, file=sys.stderr)
        return 2
    print(report(judged, scorer.thresholds.queue))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
