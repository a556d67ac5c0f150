"""How good scores are, with how sure one can be of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_RESAMPLES = 400
_SEED = 7
_Z = 1.959964
"""Quantile of the normal distribution for 95 % intervals."""

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Interval = tuple[float, float, float]
"""A figure with the lower and upper end of its 95 % interval."""


def auc(high: Floats, low: Floats) -> float:
    """The chance that a toxic text scores above a harmless one, ties counting half."""
    ordered = np.sort(low)
    below = np.searchsorted(ordered, high, side="left")
    upto = np.searchsorted(ordered, high, side="right")
    return float((below + upto).mean() / 2.0 / len(low))


def auc_interval(high: Floats, low: Floats) -> Interval:
    """The figure with its bootstrap interval (400 resamples, seeded)."""
    chance = np.random.default_rng(_SEED)
    again = [
        auc(chance.choice(high, len(high)), chance.choice(low, len(low))) for _ in range(_RESAMPLES)
    ]
    lower, upper = np.quantile(again, (0.025, 0.975))
    return auc(high, low), float(lower), float(upper)


def f1(flagged: Flags, toxic: Flags) -> float:
    """Twice the hits, over all that is flagged and all that is toxic."""
    everything = int(flagged.sum()) + int(toxic.sum())
    return 2 * int((flagged & toxic).sum()) / everything if everything else 0.0


def wilson(hits: int, of: int) -> Interval:
    """A share with its Wilson interval."""
    share = hits / of
    middle = (share + _Z**2 / (2 * of)) / (1 + _Z**2 / of)
    reach = _Z / (1 + _Z**2 / of) * float(np.sqrt(share * (1 - share) / of + _Z**2 / (4 * of**2)))
    return share, max(0.0, middle - reach), min(1.0, middle + reach)
