"""Other people's text inside a card: inert, spoilered, never longer than its place. Pure.

A quoted text cannot close its spoiler, mention anybody, form a link, start a heading or turn the
direction of the text around it. Secrets are covered: those that a signal marked, and any other that
stands in the text, since the messages around a case were not what the case is about.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from moderation.detectors.secret import covers
from moderation.types import Span

COVER = "\u2022" * 8
"""What stands in the place of a secret, whatever its length."""

CUT = "\u2026"
_OPEN, _CLOSE = "**__", "__**"
_TURNING = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_MARKUP = re.compile(r"([!-/:-@\[-`{-~])")
_LONG = 400
_LINES = 12
_LEAD = 60
"""How many characters before the first marked span stay when the text is too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What to show of a text: spans to mark and spans to cover, in code points of the text."""

    shown: tuple[Span, ...] = ()
    covered: tuple[Span, ...] = ()


NO_MARKS = Marks()


def inert(text: str, limit: int) -> str:
    """``text`` as plain characters, at most ``limit`` long with its escapes."""
    return _joined((_escaped(char) for char in _tame(text)), limit)


def in_line(text: str, limit: int) -> str:
    """As ``inert``, on one line and without secrets."""
    for span in sorted(_inside(covers(text), text), key=lambda s: -s.start):
        text = text[: span.start] + COVER + text[span.end :]
    return inert(" ".join(text.split()), limit)


def spoilered(text: str, limit: int, marks: Marks = NO_MARKS) -> str:
    """``text`` behind a spoiler, with its marked spans bold, at most ``limit`` long.

    ``limit`` is at least 40. Empty text gives the empty string. Spans outside the text are left
    out.
    """
    if not text.strip():
        return ""
    pieces = list(_pieces(text, marks))
    return f"|| {_joined(iter(pieces), limit - 6)} ||"


def _pieces(text: str, marks: Marks) -> Iterator[str]:
    """The text in units that must not be cut: an escaped character, a marked span, a cover."""
    hidden = {span.start: span.end for span in _inside((*marks.covered, *covers(text)), text)}
    bold = {span.start: span.end for span in _inside(marks.shown, text)}
    at = _start(text, bold, hidden)
    if at:
        yield CUT
    while at < len(text):
        if at in hidden:
            yield COVER
            at = hidden[at]
        elif at in bold and not _hides(hidden, at, bold[at]):
            yield f"{_OPEN}{inert(text[at : bold[at]], 200)}{_CLOSE}"
            at = bold[at]
        else:
            yield _escaped(_tame(text[at]))
            at += 1


def _hides(hidden: Mapping[int, int], start: int, end: int) -> bool:
    return any(begin < end and until > start for begin, until in hidden.items())


def _start(text: str, bold: Mapping[int, int], hidden: Mapping[int, int]) -> int:
    """Where a long text is quoted from: a little before the first mark, never inside a cover."""
    if len(text) <= _LONG or not bold:
        return 0
    start = max(0, min(bold) - _LEAD)
    return next((begin for begin, end in hidden.items() if begin < start < end), start)


def _inside(spans: Sequence[Span], text: str) -> Iterator[Span]:
    """The spans that lie in the text, merged where they overlap."""
    end = -1
    held: Span | None = None
    for span in sorted(spans, key=lambda s: (s.start, s.end)):
        if not 0 <= span.start < span.end <= len(text):
            continue
        if held is not None and span.start <= end:
            held = Span(start=held.start, end=max(held.end, span.end))
        else:
            if held is not None:
                yield held
            held = span
        end = held.end
    if held is not None:
        yield held


def _joined(pieces: Iterator[str], limit: int) -> str:
    """The pieces as far as they fit; where they do not, the last place is taken by the cut."""
    kept: list[str] = []
    length = 0
    for piece in _few_lines(pieces):
        if length + len(piece) > limit:
            return "".join(_room_for_cut(kept, limit)) + CUT
        kept.append(piece)
        length += len(piece)
    return "".join(kept)


def _few_lines(pieces: Iterator[str]) -> Iterator[str]:
    lines = 0
    for piece in pieces:
        lines += piece == "\n"
        yield " " if piece == "\n" and lines > _LINES else piece


def _room_for_cut(kept: list[str], limit: int) -> list[str]:
    while kept and sum(map(len, kept)) + len(CUT) > limit:
        kept.pop()
    return kept


def _tame(text: str) -> str:
    """Without characters that steer what is shown or turn its direction."""
    return "".join(
        char
        for char in text
        if char == "\n" or (char not in _TURNING and unicodedata.category(char) != "Cc")
    )


def _escaped(char: str) -> str:
    return _MARKUP.sub(r"\\\1", char)
