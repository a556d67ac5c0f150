"""What each character is read as: look-alikes, styled and boxed letters, accents, what is unseen.

Also the two disguises of order, which keep the text's length: words that stand upside down, and
letters that are written backwards behind a sign that turns the line around.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from moderation.confusables import LOOKALIKES

_FILLERS = "\u115f\u1160\u3164\uffa0\u2800\u00ad\u034f\u17b4\u17b5"
_SPELT = {
    "ss": "\u00df\u1e9e",
    "ae": "\u00e6\u00c6",
    "oe": "\u0153\u0152",
    "o": "\u00f8\u00d8",
    "l": "\u0142\u0141",
    "d": "\u0111\u0110",
    "i": "\u0131",
    "!": "\u2757\u2755",
    "$": "\U0001f4b2",
    "'": "\u2018\u2019",
    '"': "\u201c\u201d",
    "-": "\u2013\u2014",
    ".": "\u2022\u00b7",
    "*": "\u2217\u2731\u204e",
}
_TURNED = {
    "\u0250": "a",
    "\u0254": "c",
    "\u01dd": "e",
    "\u025f": "f",
    "\u0183": "g",
    "\u0265": "h",
    "\u1d09": "i",
    "\u027e": "j",
    "\u029e": "k",
    "\u026f": "m",
    "\u0279": "r",
    "\u0287": "t",
    "\u028c": "v",
    "\u028d": "w",
    "\u028e": "y",
}
"""Letters that exist turned by half; the others pass for one another or for themselves."""
_PASSING = dict(zip("\u0131\u017f\u05df\u0283bdlnopqsuxz", "ijllqpluodbsnxz", strict=True))
_UPSIDE_DOWN = {ord(turned): letter for turned, letter in (_TURNED | _PASSING).items()}
_ANY, _SURE = "".join(_TURNED | _PASSING), "".join(_TURNED)
_TURNED_WORD = re.compile(rf"(?<!\w)(?=[{_ANY}]{{2}})[{_ANY}]*[{_SURE}][{_ANY}]*(?!\w)")
_BACKWARDS = re.compile("\u202e[^\u202c\n]+")
"""Shown from right to left, whatever the script, until the sign that ends it."""
_SMALL = {
    "b": "\u0299",
    "c": "\u1d04",
    "d": "\u1d05",
    "j": "\u1d0a",
    "k": "\u1d0b",
    "m": "\u1d0d",
    "f": "\ua730",
    "q": "\ua7af",
}
_LETTERS = {
    **{turned: letter for turned, letter in _TURNED.items() if letter not in "mw"},
    "\u028d": "w",
    **{like: letter for letter, likes in LOOKALIKES.items() for like in likes},
    **{chr(0x1F1E6 + i): chr(97 + i) for i in range(26)},
    **{chr(base + i): chr(97 + i) for base in (0x1F150, 0x1F170) for i in range(26)},
    **{chr(0x249C + i): chr(97 + i) for i in range(26)},
    **{small: letter for letter, small in _SMALL.items()},
    **{char: plain for plain, chars in _SPELT.items() for char in chars},
}


def flatten(text: str) -> tuple[str, Sequence[int]]:
    """The text as it is read, lower-case, and where each of its characters came from."""
    upright = _TURNED_WORD.sub(_upright, _BACKWARDS.sub(_forwards, text))
    pieces = [_TABLE[code] for code in map(ord, upright)]
    folded = "".join(pieces)
    if len(folded) == len(text) and all(len(piece) == 1 for piece in pieces):
        return folded, range(len(text))
    return folded, [index for index, piece in enumerate(pieces) for _ in piece]


def _forwards(found: re.Match[str]) -> str:
    return found[0][::-1]


def _upright(found: re.Match[str]) -> str:
    return found[0][::-1].translate(_UPSIDE_DOWN)


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


_TABLE = _Table()
