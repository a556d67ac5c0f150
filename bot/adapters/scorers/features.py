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

BITS = 21
BUCKETS = 1 << BITS
CHAR_SIZES = (2, 3, 4, 5)
LONGEST = 4000
"""Characters of a text that are read; Discord's longest message has 4,000."""

_Ints = NDArray[np.int64]
_Floats = NDArray[np.float64]
_Words = NDArray[np.uint32]
_LINK = re.compile(r"https?://\S+")
_STOP = re.compile(r"[.!?;,:]\s+|\n\s*| (?:and|but|en|maar) ")
_CLAUSED = 6
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
    """Character or word features of ``n`` texts, in ``k`` kinds (sizes of n-gram).

    ``buckets`` (m,) are the hashed features, kind after kind in reading order; those of text ``i``
    are ``buckets[first[j, i]:last[j, i]]`` for each kind ``j``. ``starts`` and ``ends`` (m,) are
    the places in the batch's ``codes`` that each feature covers, ``[start, end)``. ``share`` (n,)
    is what one feature counts: one over the root of their number in the text, which keeps long
    and short texts comparable.
    """

    buckets: _Ints
    first: _Ints
    last: _Ints
    starts: _Ints
    ends: _Ints
    share: _Floats


@dataclass(frozen=True, slots=True)
class Batch:
    """``n`` texts as features.

    ``codes`` are the code points that were read, text after text; ``source`` (same length) their
    place in the folded text, padding included. The first ``single_words`` of the word features
    are the words, the others pairs.
    """

    size: int
    codes: _Words
    source: _Ints
    chars: Group
    words: Group
    single_words: int


_Kind = tuple[_Ints, _Ints, _Ints, _Ints, _Ints]
"""Buckets, first, last, starts and ends of one kind; see ``Group``."""


def _group(kinds: Sequence[_Kind]) -> Group:
    buckets, firsts, lasts, starts, ends = zip(*kinds, strict=True)
    offsets = np.cumsum([0, *(len(each) for each in buckets[:-1])])[:, None]
    first, last = np.stack(firsts) + offsets, np.stack(lasts) + offsets
    counts = (last - first).sum(axis=0)
    return Group(
        buckets=np.concatenate(buckets),
        first=first,
        last=last,
        starts=np.concatenate(starts),
        ends=np.concatenate(ends),
        share=1.0 / np.sqrt(np.maximum(counts, 1)),
    )


def read(folded: Sequence[str]) -> Batch:
    """The features of folded texts; every text has at least one blank, so none is empty."""
    codes, bounds, source = _layout([_readable(text) for text in folded])
    words, singles = _word_features(codes, bounds)
    return Batch(
        size=len(folded),
        codes=codes,
        source=source,
        chars=_char_features(codes, bounds),
        words=words,
        single_words=singles,
    )


def clauses(folded: str) -> list[tuple[int, int]]:
    """Where to read a text: as a whole, and clause by clause if it has six words or more.

    A rude clause in a long and otherwise kind message would drown in the whole. Clauses end with
    punctuation, a line, or a word for "and" or "but"; those of one word are left out.
    """
    places = [(0, len(folded))]
    if folded.count(" ") < _CLAUSED - 1:
        return places
    start = 0
    for stop in _STOP.finditer(folded):
        places.append((start, stop.start()))
        start = stop.end()
    places.append((start, len(folded)))
    return [places[0], *((a, b) for a, b in places[1:] if " " in folded[a:b].strip())]


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


def _char_features(codes: _Words, bounds: _Ints) -> Group:
    kinds = []
    rolling = codes
    for size in range(2, max(CHAR_SIZES) + 1):
        rolling = rolling[:-1] * _BASE + codes[size - 1 :]
        places = np.arange(len(rolling))
        first = np.minimum(bounds[:-1], len(rolling))
        last = np.maximum(np.minimum(bounds[1:] - size + 1, len(rolling)), first)
        kinds.append((_mix(rolling, size), first, last, places, places + size))
    return _group(kinds)


def _word_features(codes: _Words, bounds: _Ints) -> tuple[Group, int]:
    inside = _IN_WORD[np.minimum(codes, 127)]
    beyond = codes >= 128
    inside[beyond] = ~((codes[beyond] >= 0x2000) & (codes[beyond] < 0x2070))
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    starts, ends = edges[0::2], edges[1::2]
    hashes = _word_hashes(codes[inside], ends - starts)
    first = np.searchsorted(starts, bounds)
    pairs = hashes[:-1] * _PAIR + hashes[1:]
    pair_first = np.minimum(first[:-1], len(pairs))
    pair_last = np.maximum(first[1:] - 1, pair_first)
    singles = (_mix(hashes, 11), first[:-1], first[1:], starts, ends)
    doubles = (_mix(pairs, 12), pair_first, pair_last, starts[:-1], ends[1:])
    return _group((singles, doubles)), len(starts)


def _word_hashes(codes: _Words, lengths: _Ints) -> _Words:
    """One hash for each word; ``codes`` are the words' characters without anything between."""
    if not len(lengths):
        return np.zeros(0, dtype=np.uint32)
    offsets = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    place = np.arange(len(codes)) - np.repeat(offsets, lengths)
    scaled = codes * _POWERS[np.minimum(place, _WORD_REACH - 1)]
    return np.add.reduceat(scaled, offsets, dtype=np.uint32)
