"""How the builtin engine weighs its two stages, and its bounds: ``judge.json``.

A line for each label (Platt 1999, over both stages' log-odds), fitted on the development set; it
has no finer labels but "obscene", so for the others the encoder's own word stands. What sets about
hatred of groups call harmless is left out: the encoder sees insults there, rightly, and would be
taken for worse than it is. Toxic rows weigh as much as there are toxic messages in a community, or
every second probability would be above 0.9. The bounds keep false alarms on ordinary chat rare. The second stage's
scores are those of the shipped 8-bit encoder, so its rounding is part of what was fitted.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from bot.adapters.scorers.builtin import BuiltinScorer, legible, log_odds, read
from bot.adapters.scorers.first_stage import FirstStage
from bot.adapters.scorers.second_stage import SecondStage
from bot.training import calibration, labels
from bot.training.corpus import Row, telling

CLEARED = 0.8
"""Share of ordinary chat that the first stage clears: as much as the speed we promise needs."""
PREVALENCE = 0.02
"""Share of a community's messages that hurt somebody, which a probability has to start from."""
ENCODER = 1.5
"""How much more the encoder's log-odds on toxicity count than the first stage's: the least with
which recall is at its best on the development set (1: 0.445, 1.5 and 2: 0.450)."""
_Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """The bound under which the first stage clears, and (first, second, constant) by label."""

    clear: float
    lines: list[list[float]]


def fit(out: Path, dev: Sequence[Row], ordinary: Sequence[Row], words: frozenset[str]) -> Judge:
    """Weigh the stages whose files are in ``out``, on the rows whose labels mean what ours do."""
    dev = [row for row in dev if telling(row)]
    first = FirstStage(out / "builtin.npz")
    second = SecondStage(out)
    clear = float(np.quantile(first.toxicity(_folded(ordinary)), CLEARED))
    folded = _folded(dev)
    chances = first.probabilities(folded)
    seen = [int(at) for at in np.flatnonzero(chances[:, 0] >= clear)]
    odds = np.array(
        [read(first, second, folded[at], float(chances[at, 0])) for at in seen], dtype=np.float64
    )
    both = np.stack([log_odds(chances[seen]), odds], axis=2)
    toxic = np.array([dev[at].toxic for at in seen])
    rude = np.array(labels.obscene([dev[at].text for at in seen], words))
    finer = [[0.0, 1.0, 0.0] for _ in labels.CONDITIONAL]
    lines = [_weighed(both[:, 0], toxic), *finer, _line(both[:, -1], rude)]
    return Judge(clear=clear, lines=lines)


def write(out: Path, judge: Judge, version: int, ordinary: Sequence[Row]) -> dict[str, Any]:
    """Choose the bounds with this judge and write ``judge.json``; returns what was written."""
    meta: dict[str, Any] = {
        "version": version,
        "clear": judge.clear,
        "lines": judge.lines,
        "prevalence": PREVALENCE,
    }
    open_bounds = {"maybe": 0.5, "queue": 0.5, "likely": 0.6, "severe": 0.7}
    path = out / "judge.json"
    path.write_text(json.dumps({**meta, "thresholds": open_bounds}), encoding="utf-8")
    scores = BuiltinScorer(out / "builtin.npz").probabilities(_folded(ordinary))[:, 0]
    meta["thresholds"] = calibration.thresholds(scores, ordinary)
    path.write_text(json.dumps(meta, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return meta


def _folded(rows: Sequence[Row]) -> list[str]:
    return [legible(row.text).text for row in rows]


def _weighed(features: _Floats, toxic: NDArray[np.bool_]) -> list[float]:
    """The line for toxicity, with the two stages' weights as ``ENCODER`` sets them."""
    shares = np.array([1.0, ENCODER])
    rare = PREVALENCE / (1.0 - CLEARED)
    weights = np.where(toxic, rare / toxic.mean(), (1.0 - rare) / (1.0 - toxic.mean()))
    learner = LogisticRegression(C=1e3)
    learner.fit((features @ shares)[:, None], toxic, weights)
    slope = float(learner.coef_[0, 0])
    return [slope, slope * ENCODER, float(learner.intercept_[0])]


def _line(features: _Floats, target: NDArray[np.bool_]) -> list[float]:
    learner = LogisticRegression(C=1e3)
    learner.fit(features, target)
    return [*(float(weight) for weight in learner.coef_[0]), float(learner.intercept_[0])]
