"""Hashed features of many texts in one vectorised pass.

A text is folded, its addresses become one sign, its digits one digit and its white space single
blanks. Its features are the character n-grams of 2 to 5 (blanks included) and its words and pairs
of neighbouring words, each hashed into one of ``BUCKETS``. All texts of a call are laid out as one
array of code points, so the cost for each text is a few microseconds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moderation.text import Folded, fold

BITS = 21
BUCKETS = 1 << BITS
CHAR_SIZES = (2, 3, 4, 5)
LONGEST = 4000
"""Characters of a text that are read; Discord's longest message has 4,000."""

_Ints = NDArray[np.int64]
_Floats = NDArray[np.float64]
_Words = NDArray[np.uint32]
_LINK = re.compile(r"https?://\S+")
_BLANK, _ZERO = 32, 48
_BASE = np.uint32(0x01000193)
_PAIR = np.uint32(0x2C1B3C6D)
_MIX_ONE, _MIX_TWO = np.uint32(0x9E3779B1), np.uint32(0x85EBCA77)
_SALT = 0x27D4EB2F
_WORD_REACH = 32
_POWERS = np.cumprod(np.full(_WORD_REACH, _BASE, dtype=np.uint32), dtype=np.uint32)


def _word_table() -> NDArray[np.bool_]:
    table = np.zeros(128, dtype=np.bool_)
    table[[code for code in range(128) if chr(code).isalnum() or chr(code) in "'*"]] = True
    return table


_IN_WORD = _word_table()


@dataclass(frozen=True, slots=True)
class Group:
    """Features of one kind for ``n`` texts.

    ``buckets`` (m,) are the hashed features in reading order; those of text ``i`` are
    ``buckets[first[i]:last[i]]``. ``starts`` and ``ends`` (m,) are the places in the batch's
    ``codes`` that each feature covers, ``[start, end)``.
    """

    buckets: _Ints
    first: _Ints
    last: _Ints
    starts: _Ints
    ends: _Ints


@dataclass(frozen=True, slots=True)
class Batch:
    """``n`` texts as features. ``codes`` are the code points that were read, text after text;
    ``source`` (same length) their place in the folded text, padding included.
    """

    size: int
    codes: _Words
    source: _Ints
    chars: tuple[Group, ...]
    words: tuple[Group, ...]

    def shares(self) -> tuple[tuple[Group, _Floats], ...]:
        """Every group with what one of its features counts in each text (n,).

        That is one over the root of the number of the text's character or word features, which
        keeps long and short texts comparable.
        """
        return tuple(
            (group, share)
            for groups in (self.chars, self.words)
            for share in (_share(groups),)
            for group in groups
        )


def _share(groups: tuple[Group, ...]) -> _Floats:
    counts = sum(group.last - group.first for group in groups)
    return np.asarray(1.0 / np.sqrt(np.maximum(counts, 1)), dtype=np.float64)


def read(folded: Sequence[Folded]) -> Batch:
    """The features of the texts; every text has at least one blank, so none is empty."""
    codes, bounds, source = _layout([_readable(one.text) for one in folded])
    return Batch(
        size=len(folded),
        codes=codes,
        source=source,
        chars=_char_groups(codes, bounds),
        words=_word_groups(codes, bounds),
    )


def read_texts(texts: Sequence[str]) -> Batch:
    """As ``read``, for texts that are not folded yet."""
    return read([fold(text[:LONGEST]) for text in texts])


def _readable(folded: str) -> str:
    """The text without addresses, as long as before."""
    if "://" not in folded:
        return folded
    return _LINK.sub(lambda found: "\x01" + " " * (len(found[0]) - 1), folded)


def _layout(texts: Sequence[str]) -> tuple[_Words, _Ints, _Ints]:
    """Code points with single blanks around and between words; bounds (n + 1); their places."""
    joined = " ".join(("", *(text + " " for text in texts)))
    codes = np.frombuffer(joined.encode("utf-32-le", "replace"), dtype=np.uint32).copy()
    codes[(codes == 10) | (codes == 9)] = _BLANK
    codes[(codes > _ZERO) & (codes < _ZERO + 10)] = _ZERO
    begins = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum([len(text) + 2 for text in texts], out=begins[1:])
    blank = codes == _BLANK
    keep = np.ones(len(codes), dtype=np.bool_)
    keep[1:] = ~(blank[1:] & blank[:-1])
    keep[begins[:-1]] = True
    kept = np.concatenate(([0], np.cumsum(keep)))
    places = np.flatnonzero(keep)
    source = places - np.repeat(begins[:-1] + 1, np.diff(kept[begins]))
    return codes[places], kept[begins], source


def _mix(hashes: _Words, salt: int) -> _Ints:
    mixed = (hashes + np.uint32(salt * _SALT & 0xFFFFFFFF)) * _MIX_ONE
    mixed ^= mixed >> np.uint32(15)
    mixed *= _MIX_TWO
    return (mixed >> np.uint32(32 - BITS)).astype(np.int64)


def _char_groups(codes: _Words, bounds: _Ints) -> tuple[Group, ...]:
    groups = []
    rolling = codes
    for size in range(2, max(CHAR_SIZES) + 1):
        rolling = rolling[:-1] * _BASE + codes[size - 1 :]
        places = np.arange(len(rolling))
        first = np.minimum(bounds[:-1], len(rolling))
        last = np.maximum(np.minimum(bounds[1:] - size + 1, len(rolling)), first)
        groups.append(Group(_mix(rolling, size), first, last, places, places + size))
    return tuple(groups)


def _word_groups(codes: _Words, bounds: _Ints) -> tuple[Group, ...]:
    inside = _IN_WORD[np.minimum(codes, 127)]
    beyond = codes >= 128
    inside[beyond] = ~((codes[beyond] >= 0x2000) & (codes[beyond] < 0x2070))
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    starts, ends = edges[0::2], edges[1::2]
    hashes = _word_hashes(codes[inside], ends - starts)
    first = np.searchsorted(starts, bounds)
    pairs = hashes[:-1] * _PAIR + hashes[1:]
    before_last = np.maximum(first[1:] - 1, first[:-1])
    return (
        Group(_mix(hashes, 11), first[:-1], first[1:], starts, ends),
        Group(_mix(pairs, 12), first[:-1], before_last, starts[:-1], ends[1:]),
    )


def _word_hashes(codes: _Words, lengths: _Ints) -> _Words:
    """One hash for each word; ``codes`` are the words' characters without anything between."""
    if not len(lengths):
        return np.zeros(0, dtype=np.uint32)
    offsets = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    place = np.arange(len(codes)) - np.repeat(offsets, lengths)
    scaled = codes * _POWERS[np.minimum(place, _WORD_REACH - 1)]
    return np.add.reduceat(scaled, offsets, dtype=np.uint32)
