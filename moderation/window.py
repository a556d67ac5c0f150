"""Bounded recent history on event time: what a detector may know besides the message.

Nothing here asks what time it is. Messages may come twice, late or out of order: each is kept
once, in the order of its own time. Memory is bounded by the number of channels, authors and texts
that are remembered (the least recently used go first) and by a length for each. With each message
stands what it was judged by, so that nothing is scored again when another is read together with it.
"""

from __future__ import annotations

from bisect import insort
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from moderation.text import digest, digest_of, fold
from moderation.types import Context, Message, MessageId, Scores

LENGTH = 30
"""Messages remembered for each channel, author and text."""

KEYS = 2048
"""Channels, authors and texts remembered, each."""

KNOWN = 20_000
"""Messages remembered in all; the one met first goes first. An edit or deletion finds each."""

AGE = timedelta(hours=6)
"""Older messages tell a detector nothing any more."""


@dataclass(slots=True, kw_only=True)
class _Place:
    """``digest`` tells edits in substance, ``likeness`` repeats however they are disguised.

    ``scores`` are what the message was judged by; ``judged`` without scores is degraded.
    """

    message: Message
    digest: str
    likeness: str
    judged: bool = False
    scores: Scores | None = None


class _Shelf:
    """Short lists by key, in the order of event time, the least recently used key going first."""

    def __init__(self, keys: int, length: int) -> None:
        self._keys = keys
        self._length = length
        self._lists: OrderedDict[str, list[Message]] = OrderedDict()

    def before(self, key: str, at: datetime, ident: MessageId) -> tuple[Message, ...]:
        """The messages under ``key`` not after ``at``, without the one named."""
        kept = self._lists.get(key)
        if not kept:
            return ()
        since = at - AGE
        if kept[-1].at < at and kept[0].at >= since:
            return tuple(kept)
        return tuple(m for m in kept if since <= m.at <= at and m.id != ident)

    def all(self, key: str) -> list[Message]:
        """The messages under ``key``."""
        return self._lists.get(key, [])

    def add(self, key: str, message: Message) -> None:
        """Put ``message`` under ``key``, in its place."""
        kept = self._lists.get(key)
        if kept is None:
            kept = self._lists[key] = []
            if len(self._lists) > self._keys:
                self._lists.popitem(last=False)
        else:
            self._lists.move_to_end(key)
        if kept and kept[-1].at > message.at:
            insort(kept, message, key=_time)
        else:
            kept.append(message)
        if len(kept) > self._length:
            del kept[0]

    def remove(self, key: str, ident: MessageId) -> None:
        """Take the message out again."""
        kept = self._lists.get(key)
        if kept is not None:
            kept[:] = [message for message in kept if message.id != ident]


class Window:
    """The recent past of all guilds, as detectors see it."""

    def __init__(self, *, keys: int = KEYS, length: int = LENGTH, known: int = KNOWN) -> None:
        self._channels = _Shelf(keys, length)
        self._authors = _Shelf(keys, length)
        self._texts = _Shelf(keys, length)
        self._known: OrderedDict[MessageId, _Place] = OrderedDict()
        self._most = known

    def see(self, message: Message) -> Context:
        """The context of ``message``, which is remembered from now on (once)."""
        place, folded = _placed(message)
        context = self._context(place, folded)
        if message.id not in self._known:
            self._remember(place)
        return context

    def context(self, message: Message) -> Context:
        """The context of ``message`` without remembering it."""
        return self._context(*_placed(message))

    def replace(self, message: Message) -> Context | None:
        """Take note of an edit; ``None`` when its substance (the digest) is what it was."""
        place, folded = _placed(message)
        known = self._known.get(message.id)
        if known is not None and known.digest == place.digest:
            return None
        self.forget(message.id)
        context = self._context(place, folded)
        self._remember(place)
        return context

    def forget(self, ident: MessageId) -> None:
        """Drop a message: it was deleted, or is too old to matter."""
        place = self._known.pop(ident, None)
        if place is None:
            return
        for shelf, key in self._places(place):
            shelf.remove(key, ident)

    def find(self, ident: MessageId) -> Message | None:
        """The message, if it is remembered."""
        place = self._known.get(ident)
        return place.message if place else None

    def note(self, context: Context, scores: Scores | None) -> None:
        """Remember what a message was judged by, unless it has gone or was edited meanwhile."""
        place = self._known.get(context.message.id)
        if place is not None and place.digest == context.digest:
            place.judged, place.scores = True, scores

    def scores(self, ident: MessageId) -> Scores | None:
        """What the message was judged by; ``None`` when that is not known or was degraded."""
        place = self._known.get(ident)
        return place.scores if place else None

    def is_judged(self, ident: MessageId) -> bool:
        """Whether the message was judged as it stands, be it by rules alone."""
        place = self._known.get(ident)
        return place is not None and place.judged

    def before(self, message: Message, count: int) -> tuple[Message, ...]:
        """Up to ``count`` messages of the channel just before ``message``, oldest first."""
        earlier = [m for m in self._channels.all(message.channel) if _earlier(m, message)]
        return tuple(earlier[-count:]) if count else ()

    def after(self, message: Message, count: int) -> tuple[Message, ...]:
        """Up to ``count`` messages of the channel just after ``message``, oldest first."""
        return tuple(m for m in self._channels.all(message.channel) if _earlier(message, m))[:count]

    def _context(self, place: _Place, folded: str) -> Context:
        message = place.message
        at, ident, guild = message.at, message.id, message.guild
        return Context(
            message=message,
            folded=folded,
            digest=place.digest,
            channel=self._channels.before(message.channel, at, ident),
            author=self._authors.before(f"{guild}/{message.author.id}", at, ident),
            same_text=self._texts.before(f"{guild}/{place.likeness}", at, ident),
        )

    def _remember(self, place: _Place) -> None:
        self._known[place.message.id] = place
        if len(self._known) > self._most:
            self.forget(next(iter(self._known)))
        for shelf, key in self._places(place):
            shelf.add(key, place.message)

    def _places(self, place: _Place) -> Iterable[tuple[_Shelf, str]]:
        message = place.message
        return (
            (self._channels, message.channel),
            (self._authors, f"{message.guild}/{message.author.id}"),
            (self._texts, f"{message.guild}/{place.likeness}"),
        )


def _placed(message: Message) -> tuple[_Place, str]:
    """Where a message belongs, and its folded text."""
    folded = fold(message.text).text
    likeness = digest_of(folded)
    return _Place(message=message, digest=digest(message.text), likeness=likeness), folded


def _time(message: Message) -> datetime:
    return message.at


def _earlier(one: Message, other: Message) -> bool:
    return one.id != other.id and (one.at, one.id) < (other.at, other.id)
