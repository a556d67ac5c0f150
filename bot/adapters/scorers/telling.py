"""Which words of a text to show a person as the ones that carry its score."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_EXPLAINED = 0.6
_LEAST_SHARE = 0.1


def chosen(shares: NDArray[np.float64]) -> list[int]:
    """The fewest words, in order, that carry most of what speaks for toxicity."""
    positive = np.maximum(shares, 0.0)
    total = positive.sum()
    if total <= 0:
        return []
    order = np.argsort(-positive, kind="stable")
    enough = int(np.searchsorted(np.cumsum(positive[order]), _EXPLAINED * total)) + 1
    return sorted(int(at) for at in order[:enough] if positive[at] >= _LEAST_SHARE * total)


def runs(places: list[int]) -> list[tuple[int, int]]:
    """Neighbouring places as ``(first, last)``."""
    found: list[tuple[int, int]] = []
    for place in places:
        if found and found[-1][1] == place - 1:
            found[-1] = (found[-1][0], place)
        else:
            found.append((place, place))
    return found
