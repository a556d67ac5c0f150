"""From a model's margins to probabilities, and from false alarms to thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from bot.training import linear
from bot.training.corpus import HARMLESS, Row

QUEUE_ALARMS = 0.003
"""Largest share of harmless chat that may reach the queue."""
LIKELY_ALARMS = 0.001
SEVERE_ALARMS = 0.0005
CHAT = ("irc_ubuntu_presumed0", "goemotions_neg")
"""Technical chat and friendly chat."""
_Floats = NDArray[np.float64]


def probability(model: linear.Model, margins: _Floats) -> _Floats:
    """Calibrated probabilities of margins."""
    return np.asarray(1.0 / (1.0 + np.exp(-(model.slope * margins + model.offset))))


def fit_to_dev(model: linear.Model, margins: _Floats, dev: Sequence[Row]) -> linear.Model:
    """The model with the line that fits the development set, toxic and harmless weighing alike."""
    target = np.array([row.toxic for row in dev])
    slope, offset = _line(margins, target)
    return replace(model, slope=slope, offset=offset)


def fit_across(features: linear.Matrix, target: NDArray[np.bool_], seed: int) -> linear.Model:
    """A model whose line was fitted on margins of parts it had not seen."""
    margins = np.zeros(len(target))
    for learn, judge in StratifiedKFold(2, shuffle=True, random_state=seed).split(target, target):
        part = linear.fit(features[learn], target[learn])
        margins[judge] = part.margins(features[judge])
    slope, offset = _line(margins, target)
    return replace(linear.fit(features, target), slope=slope, offset=offset)


def _line(margins: _Floats, target: NDArray[np.bool_]) -> tuple[float, float]:
    learner = LogisticRegression(C=1e6)
    learner.fit(margins[:, None], target)
    return float(learner.coef_[0, 0]), float(learner.intercept_[0])


def harmless(rows: Sequence[Row]) -> list[Row]:
    """The rows that stand for ordinary chat."""
    return [row for row in rows if row.source in HARMLESS and not row.toxic]


def thresholds(scores: _Floats, rows: Sequence[Row]) -> dict[str, float]:
    """The bands' bounds from the scores of harmless chat: the smallest, rounded up to three digits.

    They keep false alarms within ``QUEUE_ALARMS``, ``LIKELY_ALARMS`` and ``SEVERE_ALARMS`` in every
    kind of chat: technical talk is easy, friendly talk with swearing is not.
    """
    kinds = np.array([row.source for row in rows])
    queue, likely, severe = (
        max(_bound(scores[kinds == kind], share) for kind in CHAT)
        for share in (QUEUE_ALARMS, LIKELY_ALARMS, SEVERE_ALARMS)
    )
    return {"maybe": queue, "queue": queue, "likely": likely, "severe": severe}


def _bound(scores: _Floats, share: float) -> float:
    return float(np.ceil(np.quantile(scores, 1.0 - share) * 1000) / 1000)
