"""Hashed features of many texts in one vectorised pass.

A folded text is read as UTF-8, its addresses become one sign, its digits one digit and its white
space single blanks. Its features are the n-grams of 2 to 5 bytes (blanks included), its words,
pairs of neighbouring words, and each word's outline: its first and last letter and which letters
it has, so that letters doubled or in another order change little. Each is hashed into one of
``BUCKETS``. All texts of a call are laid
out as one array of bytes, so the cost for each text is a few microseconds: what can be done on
the bytes of all texts at once is, and nothing is done text by text.

A text is read as a whole and, if it has six words or more, clause by clause, since a rude clause
in a long and otherwise kind message would drown in the whole. A clause is a stretch of the same
bytes, so its features are computed once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

BITS = 21
BUCKETS = 1 << BITS
CHAR_SIZES = (2, 3, 4, 5)
KINDS = len(CHAR_SIZES) + 3
"""Kinds of features: the sizes of n-gram, words, pairs of words, outlines of words."""
LONGEST = 4000
"""Characters of a text that are read; Discord's longest message has 4,000."""

_AT_ONCE = 1 << 15
"""Characters that are read at once: what is computed of them stays in the processor's cache."""
_CLAUSED = 6
_BLANK = 32
_WIDE = 0xF0
"""The first of four bytes in UTF-8: emoji, which are no part of a word that they stand at."""

_Bytes = NDArray[np.uint8]
_Places = NDArray[np.int64]
_Hashes = NDArray[np.uint32]
_Flags = NDArray[np.bool_]
_LINK = re.compile(rb"https?://\S+")
_READ = bytes(
    _BLANK if 0 < code < _BLANK else ord("0") if chr(code) in "123456789" else code
    for code in range(256)
)
_IN_WORD = bytes(code > 127 or chr(code).isalnum() or chr(code) in "'*" for code in range(256))
_STOPS = bytes(chr(code) in ".!?;,:" for code in range(256))
_BASE = 0x01000193
_PAIR = np.uint32(0x2C1B3C6D)
_MIX_ONE, _MIX_TWO = np.uint32(0x9E3779B1), np.uint32(0x85EBCA77)
_SALT = 0x27D4EB2F
_WORD_SALT, _PAIR_SALT = (np.uint32(kind * _SALT & 0xFFFFFFFF) for kind in (11, 12))
_ENDS = np.uint32(0x5BD1E995), np.uint32(0x1B873593)
_GROUPS = np.array([0, len(CHAR_SIZES)])
_KIND = np.arange(KINDS)[:, None]
_BEHIND = np.array(CHAR_SIZES)[:, None] - 1
_CHAR_SALTS = np.array([[size * _SALT & 0xFFFFFFFF] for size in CHAR_SIZES], dtype=np.uint32)


def _letter_bits() -> _Hashes:
    """One bit for each letter, one for digits and signs; none outside words and beyond ASCII."""
    bits = np.zeros(256, dtype=np.uint32)
    bits[list(b"'*0")] = 1 << 26
    bits[ord("a") : ord("z") + 1] = 1 << np.arange(26)
    return bits


_LETTER = _letter_bits()


@dataclass(frozen=True, slots=True)
class Batch:
    """``size`` texts as features, read in ``len(first[0])`` ways: each text, then the clauses.

    ``codes`` are the bytes that were read, text after text, and ``kept`` tells which of the bytes
    that came in they are; ``starts`` and ``ends`` are the words' places in them. ``buckets`` are
    the hashed features, kind after kind: of every size those that begin at each byte, the words,
    the pairs, the outlines. Those of reading ``i`` are ``buckets[first[j, i]:last[j, i]]`` for each kind ``j``.
    ``owner`` are the texts that the clauses belong to, in order.
    """

    size: int
    codes: _Bytes
    kept: _Flags
    starts: _Places
    ends: _Places
    buckets: _Places
    first: _Places
    last: _Places
    owner: _Places

    def shares(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What one n-gram and one word or pair counts in each reading.

        One over the root of their number, which keeps long and short texts comparable.
        """
        chars, words = by_group(self.last - self.first)
        return 1.0 / np.sqrt(np.maximum(chars, 1)), 1.0 / np.sqrt(np.maximum(words, 1))

    def worst(self, margins: NDArray[np.float64], discount: float) -> NDArray[np.float64]:
        """Each text's largest margin (n,), a clause's less ``discount``, from all readings'."""
        worst = margins[: self.size].copy()
        if len(self.owner):
            np.maximum.at(worst, self.owner, margins[self.size :] - discount)
        return worst

    def choice(self, text: int, margins: NDArray[np.float64], discount: float) -> int:
        """The reading that ``worst`` took of a text; the whole where both are alike."""
        a, b = np.searchsorted(self.owner, (text, text + 1)) + self.size
        if a == b:
            return text
        clause = int(a + np.argmax(margins[a:b]))
        return clause if margins[clause] - discount > margins[text] else text

    def reach(self, kind: int, at: _Places) -> tuple[_Places, _Places]:
        """The places in ``codes``, from and to, that features of a kind cover."""
        sizes, length = len(CHAR_SIZES), len(self.codes)
        if kind < sizes:
            starts = at - kind * length
            return starts, starts + CHAR_SIZES[kind]
        word = at - sizes * length - (kind - sizes) * len(self.starts)
        return self.starts[word], self.ends[word + (kind == sizes + 1)]


def by_group(sums: NDArray[np.integer[Any]]) -> NDArray[np.integer[Any]]:
    """The sums over the n-grams and over the words and pairs, from those of each kind."""
    return np.add.reduceat(sums, _GROUPS, axis=0)


def pieces(texts: Sequence[str]) -> Iterator[slice]:
    """The texts in pieces of a size that is quick to read."""
    begin = length = 0
    for at, text in enumerate(texts):
        if length and length + len(text) > _AT_ONCE:
            yield slice(begin, at)
            begin, length = at, 0
        length += len(text) + 1
    if length:
        yield slice(begin, len(texts))


def read(folded: Sequence[str]) -> Batch:
    """The features of folded texts, one or more; each has at least one blank, so none is empty."""
    raw, lines = _layout(folded)
    blank = raw == _BLANK
    kept = np.ones(len(raw), dtype=np.bool_)
    np.logical_and(blank[1:], blank[:-1], out=kept[1:])
    np.logical_not(kept[1:], out=kept[1:])
    codes = raw[kept]
    if len(lines):
        lines = kept.cumsum()[lines] - 1
    starts, ends = _words(codes)
    hashes = _word_hashes(codes, starts, ends)
    cuts = _cuts(codes, lines, starts, ends, hashes)
    spans, words, owner = _readings((codes == 0).nonzero()[0], starts, cuts)
    first, last = _ranges(spans, words, len(codes), len(starts))
    return Batch(
        size=len(folded),
        codes=codes,
        kept=kept,
        starts=starts,
        ends=ends,
        buckets=_buckets(codes, hashes, _outlines(codes, starts, ends)),
        first=first,
        last=last,
        owner=owner,
    )


def places(text: str, batch: Batch) -> _Places:
    """The places in the folded text of the bytes read, for a batch of this text alone.

    The blank before it is at -1; the blank behind it and the end come after its last.
    """
    widths = [len(char.encode("utf-8", "replace")) for char in text]
    origin = np.repeat(np.arange(len(text)), widths)
    around = np.concatenate(([-1], origin, [len(text), len(text)]))
    return np.asarray(around[batch.kept])


def within(first: _Places, last: _Places) -> _Places:
    """The places from ``first`` to ``last`` of every range, range after range."""
    counts = last - first
    begin = np.repeat(first - np.concatenate(([0], np.cumsum(counts)[:-1])), counts)
    return np.asarray(begin + np.arange(len(begin)))


def _layout(folded: Sequence[str]) -> tuple[_Bytes, _Places]:
    """The texts as bytes, blanks around each and a zero after it, and where lines end."""
    joined = " \0 ".join(folded)
    if joined.count("\0") >= len(folded):
        joined = " \0 ".join(text.replace("\0", " ") for text in folded)
    data = f" {joined} \0".encode("utf-8", "replace")
    lines = np.zeros(0, dtype=np.int64)
    if b"\n" in data:
        lines = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == ord("\n"))
    data = data.translate(_READ)
    if b"://" in data:
        data = _LINK.sub(lambda found: b"\x01".ljust(len(found[0])), data)
    return np.frombuffer(data, dtype=np.uint8), lines


def _words(codes: _Bytes) -> tuple[_Places, _Places]:
    """Where words start and end."""
    inside = np.frombuffer(bytearray(codes.tobytes().translate(_IN_WORD)), dtype=np.bool_)
    wide = (codes >= _WIDE).nonzero()[0]
    if len(wide):
        inside[wide[:, None] + np.arange(4)] = False
    edges = (inside[1:] != inside[:-1]).nonzero()[0] + 1
    return edges[0::2], edges[1::2]


@lru_cache(maxsize=4)
def _powers_of(size: int) -> tuple[_Hashes, _Hashes]:
    up, down = (np.full(size, base, dtype=np.uint32) for base in (_BASE, pow(_BASE, -1, 1 << 32)))
    up[0] = down[0] = 1
    return np.cumprod(up, dtype=np.uint32), np.cumprod(down, dtype=np.uint32)


def _powers(size: int) -> tuple[_Hashes, _Hashes]:
    """Powers of the base and of its inverse (modulo 2**32), at least ``size`` of them."""
    return _powers_of(max(1 << 16, 1 << size.bit_length()))


def _word_hashes(codes: _Bytes, starts: _Places, ends: _Places) -> _Hashes:
    """One hash for each word, from the hashes of everything before each place.

    What stands at ``[a, b)`` hashes to the difference of two of these, times the inverse power of
    ``a``, wherever it stands.
    """
    up, down = _powers(len(codes))
    prefixes = np.zeros(len(codes) + 1, dtype=np.uint32)
    (codes * up[: len(codes)]).cumsum(dtype=np.uint32, out=prefixes[1:])
    return np.asarray((prefixes[ends] - prefixes[starts]) * down[starts])


def _hash(word: str) -> int:
    return sum(code * pow(_BASE, at, 1 << 32) for at, code in enumerate(word.encode())) % (1 << 32)


def _joining_words() -> _Hashes:
    """The hashes of the words that begin a clause, each at its first eight bits."""
    table = np.zeros(256, dtype=np.uint32)
    for word in ("and", "but", "en", "maar"):
        table[_hash(word) >> 24] = _hash(word)
    return table


_JOINING = _joining_words()


def _cuts(
    codes: _Bytes, lines: _Places, starts: _Places, ends: _Places, hashes: _Hashes
) -> _Places:
    """Where clauses begin and those before them end (2, k), in no order.

    At punctuation before a blank, at a joining word, at the blanks where ``lines`` end.
    """
    stops = np.frombuffer(codes.tobytes().translate(_STOPS), dtype=np.bool_)
    stop = (stops[:-1] & (codes[1:] == _BLANK)).nonzero()[0] + 1
    joining = (_JOINING[hashes >> np.uint32(24)] == hashes).nonzero()[0]
    before, behind = starts[joining], ends[joining]
    apart = (codes[before - 1] == _BLANK) & (codes[behind] == _BLANK)
    blanks = np.concatenate((stop, lines))
    begin = np.concatenate((blanks, behind[apart]))
    return np.array((begin, np.concatenate((blanks + 1, before[apart]))))


def _readings(after: _Places, starts: _Places, cuts: _Places) -> tuple[_Places, _Places, _Places]:
    """The spans (2, r) of the texts and then of their clauses; their words; whose clauses they are.

    Clauses of one word are left out.
    """
    whole = np.zeros((2, len(after)), dtype=np.int64)
    whole[0, 1:], whole[1] = after[:-1] + 1, after
    words = starts.searchsorted(whole)
    cut = after.searchsorted(cuts[0])  # the text of each
    long = (words[1] - words[0] >= _CLAUSED)[cut]
    if not long.any():
        return whole, words, cut[:0]
    several = np.zeros(len(after), dtype=np.bool_)
    several[cut[long]] = True
    clauses = np.concatenate((whole[:, several], cuts[:, long]), axis=1)
    clauses.sort(axis=1)
    inside = starts.searchsorted(clauses)
    chosen = inside[1] - inside[0] > 1
    clauses = clauses[:, chosen]
    return (
        np.concatenate((whole, clauses), axis=1),
        np.concatenate((words, inside[:, chosen]), axis=1),
        after.searchsorted(clauses[0]),
    )


def _ranges(spans: _Places, words: _Places, length: int, single: int) -> tuple[_Places, _Places]:
    """Where each reading's features begin and end in the buckets, for every kind."""
    sizes = len(CHAR_SIZES)
    first = np.empty((KINDS, spans.shape[1]), dtype=np.int64)
    last = np.empty_like(first)
    first[:sizes], first[sizes:] = spans[0], words[0]
    np.subtract(spans[1], _BEHIND, out=last[:sizes])
    last[sizes:] = words[1]
    last[sizes + 1] -= 1
    np.maximum(first, last, out=last)
    offsets = _KIND * length
    offsets[sizes:] = sizes * length + _KIND[: KINDS - sizes] * single
    first += offsets
    last += offsets
    return first, last


def _outlines(codes: _Bytes, starts: _Places, ends: _Places) -> _Hashes:
    """One hash for each word of its first and last byte and of the set of its letters."""
    if not len(starts):
        return np.zeros(0, dtype=np.uint32)
    letters = np.bitwise_or.reduceat(_LETTER.take(codes), starts)
    return np.asarray(letters + codes[starts] * _ENDS[0] + codes[ends - 1] * _ENDS[1])


def _buckets(codes: _Bytes, words: _Hashes, outlines: _Hashes) -> _Places:
    length, sizes = len(codes), len(CHAR_SIZES)
    hashes = np.zeros(sizes * length + 3 * len(words), dtype=np.uint32)
    chars = hashes[: sizes * length].reshape(sizes, length)
    wide = codes.astype(np.uint32)
    rolling = wide
    for kind, size in enumerate(CHAR_SIZES):
        rolling = rolling[:-1] * np.uint32(_BASE)
        rolling += wide[size - 1 :]
        chars[kind, : len(rolling)] = rolling
    chars += _CHAR_SALTS
    singles, doubles, outlined = hashes[sizes * length :].reshape(3, len(words))
    np.add(words, _WORD_SALT, out=singles)
    outlined[:] = outlines
    if len(words):
        doubles[:-1] = words[:-1] * _PAIR + words[1:]
        doubles += _PAIR_SALT
    hashes *= _MIX_ONE
    hashes ^= hashes >> np.uint32(15)
    hashes *= _MIX_TWO
    return (hashes >> np.uint32(32 - BITS)).astype(np.int64)
