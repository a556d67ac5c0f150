"""How good an engine is on the test sets, its scores computed in a process of its own."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bot.bench.engines import Engine
from bot.bench.figures import Flags, Floats, auc, f1
from bot.bench.sets import Kind, TestSet
from bot.parts import bounds
from moderation.ports import Scorer
from moderation.text import fold

_LEAST = 10
"""Toxic and harmless texts of a set from which a figure is worth telling."""
_PATIENCE = 0.3
"""Seconds a call may take for the next one to have twice as many texts."""
_FEWEST, _LARGEST = 8, 512

Figures = Mapping[str, tuple[float, int]]
"""By its name without engine: a figure, and over how many texts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Texts in an order of which any beginning will do, and the time there is (``None``: all)."""

    engine: Engine
    texts: Sequence[str]
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Scores of the first texts, and the bound from which a text is found."""

    scores: Sequence[float]
    bound: float


def score(job: Job) -> Scored:
    """Runs in the process of its own."""
    began = time.perf_counter()
    engine = job.engine
    scorer = engine.make(engine.settings)
    texts = [fold(text).text for text in job.texts] if engine.folded else job.texts
    until = None if job.seconds is None else began + job.seconds
    scores = [score for part in _parts(scorer, texts, until) for score in part]
    bound = bounds(scorer).queue if engine.bound is None else engine.bound
    return Scored(scores=scores, bound=bound)


def _parts(scorer: Scorer, texts: Sequence[str], until: float | None) -> Iterator[list[float]]:
    """Scores of one call after the other, calls growing as long as the engine is quick."""
    at, size = 0, _FEWEST
    while at < len(texts) and (until is None or time.perf_counter() < until):
        began = time.perf_counter()
        yield [one.toxicity for one in scorer.score(texts[at : at + size])]
        at += size
        if time.perf_counter() - began < _PATIENCE:
            size = min(_LARGEST, size * 2)


def figures(
    sets: Sequence[TestSet], places: Sequence[tuple[int, int]], scored: Scored, *, full: bool
) -> Figures:
    """Every figure of one engine, by functionality with ``full`` only.

    A macro average is there only if no set is missing in it.
    """
    scores: dict[int, dict[int, float]] = defaultdict(dict)
    for (at, row), value in zip(places, scored.scores, strict=False):  # time was up before the end
        scores[at][row] = value
    count = len(scored.scores)
    found: dict[str, tuple[float, int]] = {"texts": (count, count)} if count else {}
    for at, one in enumerate(sets):
        read = sorted(scores[at])
        values = np.array([scores[at][row] for row in read])
        found.update(_of_set(one, [one.rows[row].toxic for row in read], values, scored.bound))
        if full and one.kind is Kind.FUNCTIONAL:
            found.update(_by_functionality(one, values, scored.bound))
    return {**found, **_macro(sets, found)}


def _of_set(one: TestSet, labels: list[bool], scores: Floats, bound: float) -> Figures:
    toxic, flagged, n = np.array(labels, dtype=bool), scores >= bound, len(scores)
    if n < _LEAST:
        return {}
    if one.kind is Kind.CHAT:
        return {f"false_alarms.{one.name}": (float(flagged.mean()), n)}
    if one.kind is Kind.FUNCTIONAL:
        return {one.name: (float((flagged == toxic).mean()), n)}
    if not _both(toxic):
        return {}
    return {
        f"auc.{one.name}": (auc(scores[toxic], scores[~toxic]), n),
        f"f1.{one.name}": (f1(flagged, toxic), n),
    }


def _both(toxic: Flags) -> bool:
    return min(int(toxic.sum()), int((~toxic).sum())) >= _LEAST


def _by_functionality(one: TestSet, scores: Floats, bound: float) -> Figures:
    right: dict[str, list[bool]] = defaultdict(list)
    for row, value in zip(one.rows, scores, strict=True):  # ``full`` has read them all
        right[row.fine].append((value >= bound) == row.toxic)
    return {
        f"{one.name}.{what}": (sum(each) / len(each), len(each)) for what, each in right.items()
    }


def _macro(sets: Sequence[TestSet], found: Figures) -> Figures:
    names = [
        one.name
        for one in sets
        if one.kind is Kind.PUBLIC and _both(np.array([row.toxic for row in one.rows]))
    ]
    means: dict[str, tuple[float, int]] = {}
    for figure in ("auc", "f1"):
        each = [found[f"{figure}.{name}"] for name in names if f"{figure}.{name}" in found]
        if names and len(each) == len(names):
            mean = sum(value for value, _ in each) / len(each)
            means[f"{figure}.macro"] = (mean, sum(n for _, n in each))
    return means


def won(own: Figures, other: Figures) -> tuple[int, int]:
    """On how many sets the first has the higher AUC, and of how many."""
    common = [n for n in own if n.startswith("auc.") and n != "auc.macro" and n in other]
    return sum(own[name][0] > other[name][0] for name in common), len(common)
