"""Folds text against evasion and keeps the way back to the original for evidence.

What is undone: look-alike letters and styled alphabets, accents and stacked marks, invisible
characters, letters of flags and boxes, Discord's markup, single letters kept apart, digits and
signs that stand for letters inside a word, and letters repeated for effect. Every pass is linear
in the length of the text, and folding a folded text changes nothing. Where a disguise can be undone
in more than one way, ``fold`` takes the likelier one and ``readings`` has the others.

The folded form is for finding, never for showing: it also flattens scripts that look like Latin.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

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
_Alone = Callable[[str, bool], bool]
"""Whether the first of spaced letters is a word; the flag tells that a word stands before them."""

_NOISE = frozenset("`|~*_0123456789@$!+\u20ac").union(
    chr(code) for code in range(32) if chr(code) != "\n"
)
_LEET = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "9": "g"} | {
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
_READ = str.maketrans(_LEET)
_STYLES = ("*", "**", "***", "__")
_INNER = re.compile(r"(?<=[a-z0-9])(?:\*{2,3}|__)(?=[a-z0-9])")
_PAIRED = re.compile(r"\*+|_+|\|+")
_OPENERS = ("", " ", "\n", "\t", "(", '"', "'", "*", "_", "|")
_CLOSERS = ("", " ", "\n", "\t", ")", '"', "'", ".", ",", "!", "?", ":", ";", "*", "_", "|")
_WIDTHLESS = re.compile("[\u200b\u2060\ufeff\u00ad]+|(?<=[\\x00-\\x7f])[\u200c\u200d]+")
"""Characters that nobody sees; joiners only after ASCII, since they shape emoji and other scripts."""
_LONGEST_LEET = 20


@lru_cache(maxsize=1024)  # the window, the engine and the lists ask about the same few texts
def fold(text: str) -> Folded:
    """Fold ``text`` (any Unicode, any length); see the module for what is undone."""
    folded = _undisguised(text, _stands_alone)
    if not _REPEAT.search(folded.text):
        return folded
    pieces = _outside_links(folded.text, _repeats)
    short, origin = _apply(folded.text, folded.origin, pieces)
    return Folded(text=short, origin=origin, code=folded.code)


def readings(text: str) -> Iterator[Folded]:
    """Other ways to read a disguised text, for whoever looks for certain words.

    With letters repeated as often as they were written (what ``fold`` leaves of ``looser`` and
    ``loooser`` is the same), with a first letter that may be a word of its own taken along or left
    alone, and without the marks inside words.
    """
    usual = fold(text).text
    if text.isascii() and len(usual) == len(text) and not _INNER.search(usual):
        return
    seen = {usual}
    for alone in (_stands_alone, _never, _always):
        read = _undisguised(text, alone)
        bare, origin = _apply(read.text, read.origin, _outside_links(read.text, _inner))
        for reading in (read, Folded(text=bare, origin=origin)):
            if reading.text not in seen:
                seen.add(reading.text)
                yield reading


def _undisguised(text: str, alone: _Alone) -> Folded:
    """Everything but letters repeated for effect."""
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
        rule = partial(_apart, alone=alone)
        folded, origin = _apply(folded, origin, _outside_links(folded, rule))
    if noisy:
        folded, origin = _apply(folded, origin, _outside_links(folded, _leet))
    return Folded(text=folded, origin=origin, code=code)


def digest(text: str) -> str:
    """SHA-256 (hex) of what a reader takes in of a text.

    Two texts share it when they differ only in case, white space, characters without a width, and
    pairs of marks for bold, italic, underlined or hidden text, so an edit that keeps it is
    cosmetic. Disguise is no cosmetics: ``c4t`` is not ``cat``, and a lone ``*`` is a sign.
    """
    seen = _unpaired(text)
    return digest_of((seen if seen.isascii() else _WIDTHLESS.sub("", seen)).lower())


def digest_of(text: str) -> str:
    """SHA-256 (hex) of a text as it stands, white space squeezed."""
    return hashlib.sha256(" ".join(text.split()).encode("utf-8", "replace")).hexdigest()


def _unpaired(text: str) -> str:
    """The text without the marks of markup that stand in pairs, outside code."""
    if _PAIRED.search(text) is None:
        return text
    code = [(found.start(), found.end()) for found in _CODE.finditer(text)]
    edges = [0, *(edge for span in code for edge in span), len(text)]
    spans = zip(edges[::2], edges[1::2], strict=True)
    drop = sorted(place for start, end in spans for place in _pairs(text, start, end))
    kept, done = [], 0
    for start, end in drop:
        kept.append(text[done:start])
        done = end
    return "".join((*kept, text[done:]))


def _pairs(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where marks stand that Discord turns into a style: at a word's beginning and at its end."""
    opened: list[re.Match[str]] = []
    for mark in _PAIRED.finditer(text, start, end):
        before, after = text[mark.start() - 1 : mark.start()], text[mark.end() : mark.end() + 1]
        match = next((one for one in reversed(opened) if one[0] == mark[0]), None)
        if match and not before.isspace() and before != "\\" and after in _CLOSERS:
            del opened[opened.index(match) :]
            yield match.span()
            yield mark.span()
        elif not match and before in _OPENERS and after and not after.isspace():
            opened.append(mark)


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
_SPELT = {
    "ss": "\u00df\u1e9e",
    "ae": "\u00e6\u00c6",
    "oe": "\u0153\u0152",
    "o": "\u00f8\u00d8",
    "l": "\u0142\u0141",
    "d": "\u0111\u0110",
    "i": "\u0131",
    "'": "\u2018\u2019",
    '"': "\u201c\u201d",
    "-": "\u2013\u2014",
    ".": "\u2022\u00b7",
}
_LETTERS = {
    **{like: letter for letter, likes in LOOKALIKES.items() for like in likes},
    **{chr(0x1F1E6 + i): chr(97 + i) for i in range(26)},
    **{chr(base + i): chr(97 + i) for base in (0x1F150, 0x1F170) for i in range(26)},
    **{char: plain for plain, chars in _SPELT.items() for char in chars},
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
    runs = list(_MARKUP.finditer(text, start, end))
    for before, found, after in zip((None, *runs), runs, (*runs[1:], None), strict=False):
        run = found[0]
        sign = _inside(text, found) and not run.strip(run[0]) and run[0] in "*_"
        pair = sign and (_pair(text, before, found) or _pair(text, found, after))
        if run not in "|~" and (pair or not sign):
            yield *found.span(), ""


def _inside(text: str, found: re.Match[str]) -> bool:
    first, last = found.span()
    return text[first - 1 : first].isalnum() and text[last : last + 1].isalnum()


def _pair(text: str, one: re.Match[str] | None, other: re.Match[str] | None) -> bool:
    """Whether two runs style a part of a word, from its beginning or to its end (``**mo**ron``)."""
    if one is None or other is None or one[0] != other[0] or one[0] not in _STYLES:
        return False
    part = text[one.end() : other.start()]
    whole = len(part) > 1 or len(one[0]) > 1
    return whole and part.isalnum() and not (_inside(text, one) and _inside(text, other))


def _inner(text: str, start: int, end: int) -> Iterator[_Piece]:
    """Marks of bold and underlined text inside a word, which ``fold`` keeps as signs."""
    for found in _INNER.finditer(text, start, end):
        yield *found.span(), ""


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


def _apart(text: str, start: int, end: int, alone: _Alone) -> Iterator[_Piece]:
    """Three and more single letters kept apart by one kind of separator lose the separators.

    A first letter that is a word of its own stays alone: ``what a w h o r e``.
    """
    for found in _APART.finditer(text, start, end):
        step = 1 + len(found[1])
        letters = found[0][::step]
        before = text[max(0, found.start() - 3) : found.start()].rstrip(" ")
        lone = found[1].isspace() and alone(letters.translate(_READ), before[-1:].isalnum())
        if sum(letter.isalpha() for letter in letters[lone:]) < 3:
            continue
        for at in range(found.start() + lone * step + 1, found.end(), step):
            yield at, at + step - 1, ""


def _stands_alone(letters: str, follows: bool) -> bool:
    """Whether spaced letters rather begin with the word ``a`` or ``i``.

    An ``a`` does after another word and before a consonant, unless it is what people space out
    most (``a s s``); an ``i`` does unless it may begin ``idiot``, ``ignorant``, ``imbecile`` or
    ``incel``.
    """
    if letters[0] == "a":
        return follows and letters[1] not in "aeiou" and letters[1:3] != "ss"
    return letters[0] == "i" and letters[1] not in "dgmn"


def _never(_letters: str, _follows: bool) -> bool:
    return False


def _always(letters: str, _follows: bool) -> bool:
    return letters[0] in "ai"


def _leet(text: str, start: int, end: int) -> Iterator[_Piece]:
    """Digits and signs between the letters of a word become the letters they stand for."""
    for found in _TOKEN.finditer(text, start, end):
        token = found[0]
        if token.isalpha() or _is_long(token) or not any(map(str.isalpha, token)):
            continue
        body = len(token.rstrip("0123456789!|@+\u20ac"))
        for swap in _SWAPS.finditer(token, 0, body):
            new = _letters_for(swap[0])
            if new and (swap.start() > 0 or _leads(swap[0], token[swap.end() : body])):
                at = found.start()
                yield at + swap.start(), at + swap.end(), new


def _is_long(token: str) -> bool:
    """Whether it is rather a key or a hash; letters repeated for effect do not make it one."""
    return len(token) > _LONGEST_LEET and len(_REPEAT.sub(r"\1", token)) > _LONGEST_LEET


def _letters_for(run: str) -> str:
    """The letters that a run stands for; "" when it is rather a number."""
    if len(run) > 2 and len(set(run)) > 1:
        return ""
    letters = "".join(_LEET.get(char, "") for char in run)
    return letters if len(letters) == len(run) else ""


def _leads(run: str, rest: str) -> bool:
    """Whether a run at a word's start is a letter: ``5hit``, ``@ss``; not ``3d``, ``9gag``."""
    if len(run) > 1 or len(rest) < 3 or run == "9":
        return False
    return run != "@" or rest[:2].translate(_READ) == "ss"


def _repeats(text: str, start: int, end: int) -> Iterator[_Piece]:
    """Three and more of a letter become one, or two where words have double letters.

    A run that is a word of its own keeps two, so that no single letter comes into being.
    """
    for found in _REPEAT.finditer(text, start, end):
        first, last = found.span()
        alone = not (text[first - 1 : first].isalpha() or text[last : last + 1].isalpha())
        keep = 2 if alone or found[1] in _DOUBLES else 1
        begins = keep == 1 and not text[first - 1 : first].isalpha()
        yield (first + 1, last, "") if begins else (first + keep - 1, last - 1, "")
