"""What a card quotes: the case's own messages and what was said around them, secrets masked.

What follows a message is not known when its case opens; it is filled in from the window as it comes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from moderation.cases import Grown
from moderation.changing import change
from moderation.detectors.secret import covers
from moderation.drawing import Cards
from moderation.policy import foreign_facts
from moderation.ports import Store
from moderation.text import digest
from moderation.types import Case, CaseId, ChannelId, Context, Facts, Message, MessageId, Quote
from moderation.window import Window

AROUND = 3
"""How many messages a card quotes before and after the one it is about."""

MASK = "\u2022"

_CHANNELS = 256
"""Channels in which something is waited for; the one that waits longest goes first."""

_FURTHER = 20
"""How many later messages are looked at for those that are not the case's own."""

_EACH = 20
"""Cases of one channel that wait at once; the oldest goes first."""

_PATIENCE = timedelta(hours=6)
"""What follows later than that has nothing to do with it."""


@dataclass(slots=True, kw_only=True)
class _Waiting:
    """A case that waits for what comes after its message; ``found`` so many by now."""

    case: CaseId
    message: Message
    found: int = 0


class Surroundings:
    """Keeps the quotes of cases; ``heard`` is told of every message when it has been judged."""

    def __init__(self, *, store: Store, window: Window, cards: Cards) -> None:
        self._store = store
        self._window = window
        self._cards = cards
        self._waiting: OrderedDict[ChannelId, list[_Waiting]] = OrderedDict()

    def known(self, message: Message) -> tuple[Quote, ...]:
        """The message with up to ``AROUND`` before it and what has followed by now."""
        before = self._window.before(message, AROUND)
        earlier = (quote(m, n - len(before)) for n, m in enumerate(before))
        return (*earlier, own(message), *self._after(message, ()))

    def foreign(self, message: Message) -> Facts:
        """What a signal says of the message's language where the engine did not know it."""
        return foreign_facts(self._window.scores(message.id))

    def follow(self, case: Case, message: Message) -> None:
        """Wait for what comes after ``message``, which opened ``case``."""
        waiting = self._waiting.setdefault(message.channel, [])
        waiting.append(_Waiting(case=case.id, message=message))
        del waiting[:-_EACH]
        self._waiting.move_to_end(message.channel)
        while len(self._waiting) > _CHANNELS:
            self._waiting.popitem(last=False)

    async def heard(self, message: Message) -> None:
        """Fill in what ``message`` follows; it is in the window by now."""
        for one in tuple(self._waiting.get(message.channel, ())):
            await self._fill_in(one)
            if one.found >= AROUND or message.at - one.message.at > _PATIENCE:
                self._give_up(one)

    async def _fill_in(self, one: _Waiting) -> None:
        row = await self._store.case(one.case)
        after = self._after(one.message, row.messages) if row else ()
        if row is None or len(after) <= one.found:
            return
        one.found = len(after)  # at once: others are heard while this is written
        await change(self._store, row.id, Grown(at=row.updated_at), quotes=after)
        if one.found >= AROUND:
            await self._cards.draw(row.id)

    def _give_up(self, one: _Waiting) -> None:
        left = [other for other in self._waiting.get(one.message.channel, ()) if other is not one]
        if left:
            self._waiting[one.message.channel] = left
        else:
            self._waiting.pop(one.message.channel, None)

    def _after(self, message: Message, without: Sequence[MessageId]) -> tuple[Quote, ...]:
        """What followed in the channel, but for the case's own messages."""
        later = self._window.after(message, _FURTHER)
        around = [m for m in later if m.id not in without][:AROUND]
        return tuple(quote(m, n) for n, m in enumerate(around, 1))


def own(message: Message) -> Quote:
    """A message that a case is about."""
    return quote(message, 0, digest(message.text))


def related(context: Context, ids: Iterable[str]) -> Sequence[Message]:
    """The author's earlier messages with these ids, as far as they are remembered."""
    wanted = set(ids)
    return [message for message in context.author if message.id in wanted]


def quote(message: Message, offset: int, content: str = "") -> Quote:
    """A message as a card keeps it; ``content`` is the digest of a case's own message."""
    return Quote(
        message=message.id,
        channel=message.channel,
        author=message.author.id,
        author_name=masked(message.author.name),
        at=message.at,
        text=masked(message.text),
        offset=offset,
        digest=content,
    )


def masked(text: str) -> str:
    """The text with every character of a secret replaced, as long as before."""
    for span in covers(text):
        text = text[: span.start] + MASK * (span.end - span.start) + text[span.end :]
    return text
