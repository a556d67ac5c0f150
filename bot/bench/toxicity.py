"""The engine's quality on the public test sets, on which nothing is tuned, and its speed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from bot.bench.result import Result
from bot.parts import bounds, make_scorer
from bot.training.corpus import Row, read_rows
from bot.training.evaluate import auc
from bot.training.labels import rude_words
from config.schema import Settings
from moderation.ports import Scorer
from moderation.text import fold

_AT_ONCE = 512
_SAMPLE = 3000
"""Texts of a set without ``--full``: every k-th of a longer one."""
_SECONDS = 40.0
_BASELINE = "word list"

_Floats = NDArray[np.float64]


def toxicity(settings: Settings, data: Path, *, full: bool) -> list[Result]:
    """Area under the curve, F1, false alarms at the queue's bound; texts a second."""
    scorer = make_scorer(settings.engine)
    queue = settings.policy.thresholds.queue or bounds(scorer).queue
    words = rude_words(data)
    results: list[Result] = []
    rates: list[float] = []
    began = time.perf_counter()
    for path in sorted((data / "data" / "toxicity" / "test").glob("*.csv")):
        if not full and time.perf_counter() - began > _SECONDS:
            break
        rows = _sample(read_rows(path), full=full)
        scores, rate = _scored(scorer, [row.text for row in rows])
        rates.append(rate)
        results += _quality(path.stem, rows, scores, _listed(rows, words), queue)
    speed = Result(name="toxicity.speed", value=median(rates), unit="texts/s", n=len(rates))
    return [*results, speed]


def _sample(rows: list[Row], *, full: bool) -> list[Row]:
    step = 1 if full else -(-len(rows) // _SAMPLE)
    return rows[::step]


def _scored(scorer: Scorer, texts: Sequence[str]) -> tuple[_Floats, float]:
    began = time.perf_counter()
    scores = [
        one.toxicity
        for start in range(0, len(texts), _AT_ONCE)
        for one in scorer.score(texts[start : start + _AT_ONCE])
    ]
    return np.array(scores), len(texts) / (time.perf_counter() - began)


def _listed(rows: Sequence[Row], words: frozenset[str]) -> _Floats:
    """1 where a rude word stands in the folded text: what a word list alone would see."""
    found = (not words.isdisjoint(fold(row.text).text.split()) for row in rows)
    return np.array([float(hit) for hit in found])


def _quality(
    name: str, rows: Sequence[Row], scores: _Floats, listed: _Floats, queue: float
) -> list[Result]:
    toxic = np.array([row.toxic for row in rows])
    flagged = (scores >= queue).astype(float)
    figures: dict[str, tuple[float, float]] = {}
    if toxic.any() and not toxic.all():
        figures["auc"] = (_auc(scores, toxic), _auc(listed, toxic))
        figures["f1"] = (_f1(flagged, toxic), _f1(listed, toxic))
    if not toxic.all():
        figures["false_alarms"] = (flagged[~toxic].mean(), listed[~toxic].mean())
    return [
        Result(
            name=f"toxicity.{figure}.{name}",
            value=float(own),
            unit="share",
            n=len(rows),
            baseline=_BASELINE,
            baseline_value=float(other),
        )
        for figure, (own, other) in figures.items()
    ]


def _auc(scores: _Floats, toxic: NDArray[np.bool_]) -> float:
    return auc(scores[toxic], scores[~toxic])


def _f1(flagged: _Floats, toxic: NDArray[np.bool_]) -> float:
    """Twice the hits, over all that is flagged and all that is toxic."""
    everything = float(flagged.sum()) + int(toxic.sum())
    return 2 * float(flagged[toxic].sum()) / everything if everything else 0.0
