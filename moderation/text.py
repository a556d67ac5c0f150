"""Folds text against evasion and keeps the way back to the original for evidence.

What is undone: look-alike letters and styled alphabets, accents and stacked marks, invisible
characters, letters of flags and boxes, letters upside down or from right to left
(``moderation.letters``); Discord's markup, single letters kept apart, digits and signs that stand
for letters inside a word, and letters repeated for effect (``moderation.disguise``). Every pass is
linear in the length of the text, and folding a folded text changes nothing. Where a disguise can be
undone in more than one way, ``fold`` takes the likelier one and ``readings`` has others.

The folded form is for finding, never for showing: it also flattens scripts that look like Latin.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

from moderation.disguise import (
    APART_HINT,
    CODE,
    INNER,
    NOISE,
    REPEAT,
    Alone,
    always,
    apart,
    apply,
    code_spans,
    leet,
    markup,
    never,
    outside_links,
    repeats,
    stands_alone,
    unmarked,
)
from moderation.letters import flatten
from moderation.types import Span

_PAIRED = re.compile(r"\*+|_+|\|+")
_OPENERS = ("", " ", "\n", "\t", "(", '"', "'", "*", "_", "|")
_CLOSERS = ("", " ", "\n", "\t", ")", '"', "'", ".", ",", "!", "?", ":", ";", "*", "_", "|")
_WIDTHLESS = re.compile("[\u200b\u2060\ufeff\u00ad]+|(?<=[\\x00-\\x7f])[\u200c\u200d]+")
"""Characters that nobody sees; joiners only after ASCII, since they shape emoji and other scripts."""


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


@lru_cache(maxsize=1024)  # the window, the engine and the lists ask about the same few texts
def fold(text: str) -> Folded:
    """Fold ``text`` (any Unicode, any length); see the module for what is undone."""
    folded = _undisguised(text, stands_alone)
    if not REPEAT.search(folded.text):
        return folded
    pieces = outside_links(folded.text, repeats)
    short, origin = apply(folded.text, folded.origin, pieces)
    return Folded(text=short, origin=origin, code=folded.code)


def readings(text: str) -> Iterator[Folded]:
    """Other ways to read a disguised text, for whoever looks for certain words.

    With letters repeated as often as they were written (what ``fold`` leaves of ``looser`` and
    ``loooser`` is the same), with a first letter that may be a word of its own taken along or left
    alone, and without the marks inside words.
    """
    usual = fold(text).text
    if text.isascii() and len(usual) == len(text) and not INNER.search(usual):
        return
    seen = {usual}
    for alone in (stands_alone, never, always):
        read = _undisguised(text, alone)
        bare, origin = apply(read.text, read.origin, outside_links(read.text, unmarked))
        for reading in (read, Folded(text=bare, origin=origin)):
            if reading.text not in seen:
                seen.add(reading.text)
                yield reading


def _undisguised(text: str, alone: Alone) -> Folded:
    """Everything but letters repeated for effect."""
    if text.isascii():
        folded: str = text.lower()
        origin: Sequence[int] = range(len(text))
    else:
        folded, origin = flatten(text)
    noisy = not NOISE.isdisjoint(folded)
    code: tuple[Span, ...] = ()
    if noisy:
        code = code_spans(folded, origin)
        folded, origin = apply(folded, origin, outside_links(folded, markup))
    if APART_HINT.search(folded):
        rule = partial(apart, alone=alone)
        folded, origin = apply(folded, origin, outside_links(folded, rule))
    if noisy:
        folded, origin = apply(folded, origin, outside_links(folded, leet))
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
    code = [(found.start(), found.end()) for found in CODE.finditer(text)]
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
