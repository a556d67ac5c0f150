"""A text split over several messages: short pieces of one author, read as one.

The pieces follow one another in one channel; what others write between them does not matter, since
in a busy room somebody always does. Joined they are read with spaces, and with the last ones glued
where a word may have been cut (``id`` ``iot``): a word that is cut further up was complete, and
read, when its last piece came. Whatever is found in a reading leads back to each message's own text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from moderation.types import Context, Message, MessageId, Signal, Span

PIECES = 8
"""Messages that are joined at most: ``i d i o t`` and what leads up to it."""

GAP = timedelta(seconds=15)
"""The longest pause (event time) between two pieces: who types one word needs no longer."""

WORDS = 4
LETTERS = 30
"""A piece has at most so many words and characters; a longer message is a text of its own."""

GLUED = 3
"""Seams that may run through one word, at most; each is one more text for the engine."""

_STUB = 4
"""Letters of the shorter side of a cut word, at most: ``retar`` ``ded``, not ``glass`` ``house``."""

_WHOLE = 14
"""Letters of a cut word, at most."""

_COMMON = frozenset(
    "a i an am and are be but by can do for go got had has have he her him his how if in is it its"  # noqa: SIM905
    " just me my no not of oh ok on or our out she so than that the them then they this to too up us"
    " very was we well what when who why will with yes you your such ja nee de het een en of van ik"
    " jij je is wat die dat niet heb was met voor der die das ein und ist du ich nicht wie le la les"
    " un une et est tu je pas el los es y que no lol".split()
)
"""Words after which nothing was cut, unless by chance: ``an`` ``id`` is no ``anid``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Pieces as one text; ``starts`` has where each begins, ``glued`` how many seams have no space."""

    text: str
    pieces: tuple[Message, ...]
    starts: tuple[int, ...]
    glued: int

    def shares(self, spans: Iterable[Span]) -> Mapping[MessageId, tuple[Span, ...]]:
        """The spans of the joined text as spans of each message's own text."""
        found: dict[MessageId, list[Span]] = {}
        for span in spans:
            for piece, share in self._shares(span):
                found.setdefault(piece, []).append(share)
        return {piece: tuple(shares) for piece, shares in found.items()}

    def straddling(self, spans: Iterable[Span]) -> tuple[Span, ...]:
        """The spans that reach from the newest message into one before it."""
        last = self.starts[-1]
        return tuple(span for span in spans if span.start < last < span.end)

    def _shares(self, span: Span) -> Iterator[tuple[MessageId, Span]]:
        for piece, start in zip(self.pieces, self.starts, strict=True):
            bare, skipped = _bare(piece)
            first, last = max(span.start - start, 0), min(span.end - start, len(bare))
            if first < last:
                yield piece.id, Span(start=first + skipped, end=last + skipped)


def pieces(context: Context) -> tuple[Message, ...]:
    """The short messages that the message of ``context`` continues, itself last; else none."""
    found = [context.message]
    if not is_piece(context.message):
        return ()
    for earlier in reversed(context.author):
        if found[-1].at - earlier.at > GAP or len(found) == PIECES:
            break
        if earlier.channel != context.message.channel or not _before(earlier, found[-1]):
            continue
        if not is_piece(earlier):
            break
        found.append(earlier)
    return tuple(reversed(found)) if len(found) > 1 else ()


def is_piece(message: Message) -> bool:
    """Whether a message is short enough to be a part of what is said in several."""
    text = message.text
    if len(text) > LETTERS or "://" in text or not text or text.isspace():
        return False
    return text.count(" ") < WORDS or len(text.split()) <= WORDS


def readings(parts: Sequence[Message]) -> tuple[Reading, ...]:
    """The pieces with spaces, then with the last one, two and three glued if a word may be cut."""
    if not parts:
        return ()
    return tuple(_joined(parts, glued) for glued in range(_cut(parts) + 1))


def shared(signal: Signal, reading: Reading, spans: Iterable[Span]) -> tuple[Signal, ...]:
    """A signal about a reading: first for the newest message, then for each piece with a span."""
    shares = reading.shares(spans)
    *earlier, newest = (piece.id for piece in reading.pieces)
    first = replace(signal, spans=shares.get(newest, ()), related=tuple(earlier))
    others = (
        replace(signal, spans=shares[piece], related=(), message=piece)
        for piece in earlier
        if piece in shares
    )
    return (first, *others)


def _joined(parts: Sequence[Message], glued: int) -> Reading:
    text, starts = "", []
    for left, part in zip(range(len(parts) - 1, -1, -1), parts, strict=True):
        text += " " if text and left >= glued else ""
        starts.append(len(text))
        text += _bare(part)[0]
    return Reading(text=text, pieces=tuple(parts), starts=tuple(starts), glued=glued)


def _cut(parts: Sequence[Message]) -> int:
    """How many of the last seams may run through a word."""
    word = _bare(parts[-1])[0].split()[0].lower()
    seams = 0
    for part in reversed(parts[-1 - GLUED : -1]):
        words = _bare(part)[0].lower().split()
        if not _may_be_cut(words[-1], word):
            break
        seams += 1
        word = words[-1] + word
        if len(words) > 1:
            break
    return seams


def _may_be_cut(left: str, right: str) -> bool:
    inside = left[-1].isalnum() and right[0].isalnum()
    sizes = len(left), len(right)
    return inside and left not in _COMMON and min(sizes) <= _STUB and sum(sizes) <= _WHOLE


def _bare(message: Message) -> tuple[str, int]:
    """The text without white space around it, and how much stood before it."""
    text = message.text
    return text.strip(), len(text) - len(text.lstrip())


def _before(one: Message, other: Message) -> bool:
    return (one.at, one.id) < (other.at, other.id)
