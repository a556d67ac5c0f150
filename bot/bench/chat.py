"""Chat with the lengths of chat, made up and seeded: what speed is measured on."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice

from bot.bench.words import texts

MEDIAN = 12
"""Words of the middle message; every tenth has over 30, one in a hundred over 70."""
_SPREAD = 0.75
_LONGEST = 120
_ENOUGH = 10**9


def chat(seed: int = 5) -> Iterator[str]:
    """Messages without end, hardly two alike; 98.5 % are harmless (``bot.bench.words``)."""
    chance = random.Random(seed)
    lines = texts(_ENOUGH, seed)
    while True:
        yield _message(lines, chance)


def _message(lines: Iterator[str], chance: random.Random) -> str:
    """The first words of one line, or of several where it is a long message."""
    length = min(_LONGEST, max(1, round(chance.lognormvariate(0.0, _SPREAD) * MEDIAN)))
    words = next(lines).split()
    while len(words) < length:
        words += next(lines).split()
    return " ".join(islice(words, length))
