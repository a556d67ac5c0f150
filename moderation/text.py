"""Folds text against evasion and keeps the way back to the original for evidence.

What is undone: look-alike letters and styled alphabets, accents and stacked marks, invisible
characters, letters of flags and boxes, Discord's markup, single letters kept apart, digits and
signs that stand for letters inside a word, and letters repeated for effect. Every pass is linear
in the length of the text, and folding a folded text changes nothing.

The folded form is for finding, never for showing: it also flattens scripts that look like Latin.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from moderation.confusables import LOOKALIKES
from moderation.types import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """A folded text.

    ``text`` is lower-case. ``origin`` has, for each of its characters, the index (in code points)
    of the original character it came from, never falling. ``code`` are the spans of the original
    that were written as code.
    """

    text: str
    origin: Sequence[int]
    code: tuple[Span, ...] = ()

    def span(self, start: int, end: int) -> Span:
        """The original's span for the folded characters ``[start, end)``.

        Raises ``ValueError`` when the range is empty or outside the folded text.
        """
        if not 0 <= start < end <= len(self.text):
            raise ValueError(f"no folded text at [{start}, {end})")
        return Span(start=self.origin[start], end=self.origin[end - 1] + 1)


_Piece = tuple[int, int, str]
"""The characters ``[start, end)`` become this text, as long as they are or empty."""
_Rule = Callable[[str, int, int], Iterator[_Piece]]
"""The pieces of a text between two places."""

_NOISE = frozenset("`|~*_0123456789@$!+\u20ac").union(
    chr(code) for code in range(32) if chr(code) != "\n"
)
_LEET = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t"} | {
    "@": "a",
    "$": "s",
    "!": "i",
    "|": "i",
    "+": "t",
    "\u20ac": "e",
}
_WORD = "a-z0-9@$!|+\u20ac"
_MARKUP = re.compile(r"[`|~*_]+")
_CODE = re.compile(r"```(?:(?!```).)+```|`[^`\n]+`", re.DOTALL)
_LINK = re.compile(r"https?://[^\s<>]+|<(?:a?:\w{1,64}:|[@#][!&]?)\d{1,20}>")
_APART_HINT = re.compile(rf"[ ._*/,-][{_WORD}](?=([ ._*/,-]{{1,2}})[{_WORD}](?![a-z]))")
_APART = re.compile(
    rf"(?<![{_WORD}])[{_WORD}]([ ._*/,-]{{1,2}})[{_WORD}](?:\1[{_WORD}])+(?![a-z0-9])"
)
_TOKEN = re.compile(rf"[{_WORD}]+")
_SWAPS = re.compile(r"[0-9@$!|+\u20ac]+")
_REPEAT = re.compile(r"([a-z])\1\1+")
_DOUBLES = "eglos"
_LONGEST_LEET = 20


def fold(text: str) -> Folded:
    """Fold ``text`` (any Unicode, any length); see the module for what is undone."""
    if text.isascii():
        folded: str = text.lower()
        origin: Sequence[int] = range(len(text))
    else:
        folded, origin = _flatten(text)
    noisy = not _NOISE.isdisjoint(folded)
    code: tuple[Span, ...] = ()
    if noisy:
        code = _code(folded, origin)
        folded, origin = _apply(folded, origin, _outside_links(folded, _markup))
    if _APART_HINT.search(folded):
        folded, origin = _apply(folded, origin, _outside_links(folded, _apart))
    if noisy:
        folded, origin = _apply(folded, origin, _outside_links(folded, _leet))
    if _REPEAT.search(folded):
        folded, origin = _apply(folded, origin, _outside_links(folded, _repeats))
    return Folded(text=folded, origin=origin, code=code)


def digest(text: str) -> str:
    """SHA-256 (hex) of the folded text with white space squeezed.

    Two texts share it when they differ only in case, spacing, markup or disguise, so an edit that
    keeps it is cosmetic.
    """
    return digest_of(fold(text).text)


def digest_of(folded: str) -> str:
    """As ``digest``, for a text that is folded already."""
    return hashlib.sha256(" ".join(folded.split()).encode("utf-8", "replace")).hexdigest()


def _plain(char: str) -> str:
    """What one character becomes; "" when it is invisible or a mark on another."""
    category = unicodedata.category(char)
    if category in ("Mn", "Me", "Cf") or char in _FILLERS:
        return ""
    if char.isspace():
        return "\n" if char in "\n\u2028\u2029" else " "
    if category in ("Cc", "Cs"):
        return " "
    if char in _LETTERS:
        return _LETTERS[char]
    parts = unicodedata.normalize("NFKD", char.lower())
    bare = "".join(part for part in parts if not unicodedata.combining(part)).lower()
    flat = "".join(_LETTERS.get(part, part) for part in bare)
    return flat if flat.isascii() and flat.isprintable() else _settled(flat, char)


def _settled(flat: str, char: str) -> str:
    """A single character that folding keeps; decompositions into several stay undone."""
    lower = char.lower()
    if len(flat) == 1 and not unicodedata.decomposition(flat) and flat == flat.lower():
        return flat
    return lower if len(lower) == 1 else char


class _Table(dict[int, str]):
    """Code point to folded text, filled as characters are met (at most all of Unicode)."""

    def __missing__(self, code: int) -> str:
        folded = _plain(chr(code))
        self[code] = folded
        return folded


_FILLERS = "\u115f\u1160\u3164\uffa0\u2800\u00ad\u034f\u17b4\u17b5"
_LETTERS = {
    **{like: letter for letter, likes in LOOKALIKES.items() for like in likes},
    **{chr(0x1F1E6 + i): chr(97 + i) for i in range(26)},
    **{chr(base + i): chr(97 + i) for base in (0x1F150, 0x1F170) for i in range(26)},
    "\u00df": "ss",
    "\u1e9e": "ss",
    "\u00e6": "ae",
    "\u00c6": "ae",
    "\u0153": "oe",
    "\u0152": "oe",
    "\u00f8": "o",
    "\u00d8": "o",
    "\u0142": "l",
    "\u0141": "l",
    "\u0111": "d",
    "\u0110": "d",
    "\u0131": "i",
    "\u2018": "'",
    "\u2019": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u2013": "-",
    "\u2014": "-",
    "\u2022": ".",
    "\u00b7": ".",
}
_TABLE = _Table()


def _flatten(text: str) -> tuple[str, Sequence[int]]:
    pieces = [_TABLE[code] for code in map(ord, text)]
    folded = "".join(pieces)
    if len(folded) == len(text) and all(len(piece) == 1 for piece in pieces):
        return folded, range(len(text))
    return folded, [index for index, piece in enumerate(pieces) for _ in piece]


def _apply(text: str, origin: Sequence[int], pieces: Iterator[_Piece]) -> tuple[str, Sequence[int]]:
    """The text with the pieces replaced, which come in order and do not overlap."""
    parts: list[str] = []
    sources: list[int] = []
    done = 0
    for start, end, new in pieces:
        parts += (text[done:start], new)
        sources.extend(origin[done:start])
        sources.extend(origin[start : start + len(new)])
        done = end
    if not parts:
        return text, origin
    parts.append(text[done:])
    sources.extend(origin[done:])
    return "".join(parts), sources


def _code(text: str, origin: Sequence[int]) -> tuple[Span, ...]:
    if "`" not in text:
        return ()
    return tuple(
        Span(start=origin[found.start()], end=origin[found.end() - 1] + 1)
        for found in _CODE.finditer(text)
    )


def _markup(text: str, start: int, end: int) -> Iterator[_Piece]:
    """Signs of markup go, except where they stand inside a word (``f**k``, ``snake_case``)."""
    for found in _MARKUP.finditer(text, start, end):
        first, last = found.span()
        run = found[0]
        inside = text[first - 1 : first].isalnum() and text[last : last + 1].isalnum()
        if run not in "|~" and not (inside and not run.strip(run[0]) and run[0] in "*_"):
            yield first, last, ""


def _outside_links(text: str, rule: _Rule) -> Iterator[_Piece]:
    """The rule's pieces, except in addresses, mentions and custom emoji."""
    if "://" not in text and "<" not in text:
        yield from rule(text, 0, len(text))
        return
    done = 0
    for found in _LINK.finditer(text):
        yield from rule(text, done, found.start())
        done = found.end()
    yield from rule(text, done, len(text))


def _apart(text: str, start: int, end: int) -> Iterator[_Piece]:
    """Three and more single letters kept apart by one kind of separator lose the separators."""
    for found in _APART.finditer(text, start, end):
        step = 1 + len(found[1])
        letters = found[0][::step]
        if sum(letter.isalpha() for letter in letters) < 3:
            continue
        for at in range(found.start() + 1, found.end(), step):
            yield at, at + step - 1, ""


def _leet(text: str, start: int, end: int) -> Iterator[_Piece]:
    """Digits and signs between the letters of a word become the letters they stand for."""
    for found in _TOKEN.finditer(text, start, end):
        token = found[0]
        if token.isalpha() or len(token) > _LONGEST_LEET or not any(map(str.isalpha, token)):
            continue
        body = len(token.rstrip("0123456789!|@+\u20ac"))
        for swap in _SWAPS.finditer(token, 0, body):
            new = _letters_for(swap[0])
            if new and (swap.start() > 0 or _leads(swap[0], token[swap.end() : body])):
                at = found.start()
                yield at + swap.start(), at + swap.end(), new


def _letters_for(run: str) -> str:
    """The letters that a run stands for; "" when it is rather a number."""
    if len(run) > 2 and len(set(run)) > 1:
        return ""
    letters = "".join(_LEET.get(char, "") for char in run)
    return letters if len(letters) == len(run) else ""


def _leads(run: str, rest: str) -> bool:
    """Whether a run at a word's start is a letter: ``5hit``, ``@ss``; not ``3d``, ``@ann``."""
    return len(run) == 1 and len(rest) > 2 and (run != "@" or rest.startswith(("ss", "$$")))


def _repeats(text: str, start: int, end: int) -> Iterator[_Piece]:
    """Three and more of a letter become one, or two where words have double letters.

    A run that is a word of its own keeps two, so that no single letter comes into being.
    """
    for found in _REPEAT.finditer(text, start, end):
        first, last = found.span()
        alone = not (text[first - 1 : first].isalpha() or text[last : last + 1].isalpha())
        keep = 2 if alone or found[1] in _DOUBLES else 1
        yield first + keep - 1, last - 1, ""
