"""A chat export through the whole pipeline, on the messages' own time, acting on nothing.

The same ``Screening`` as in chat; only the platform is one where nothing happens, the clock is
the last message's time, and messages come in batches.
"""

# ruff: noqa: ARG001, ARG002  # what does nothing uses nothing of what it is handed

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice

from moderation.drawing import Cards
from moderation.ports import Scorer, Store
from moderation.reading import Prepared
from moderation.rules import Rules
from moderation.screening import Screening
from moderation.surroundings import Surroundings
from moderation.types import (
    Action,
    CardView,
    Case,
    CaseId,
    Channel,
    ChannelId,
    Disposition,
    Fact,
    GuildId,
    Message,
    MessageId,
    MessageRef,
    Moderator,
    NoticeState,
    Policy,
    Scores,
    Span,
    UserId,
)
from moderation.window import Window

BATCH = 512
"""Messages that are recorded and scored together."""

_QUEUED = frozenset({Disposition.REVIEW, Disposition.ENFORCE})


@dataclass(slots=True, kw_only=True)
class Tally:
    """What a replay counted."""

    channels: Counter[ChannelId] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    writers: Counter[str] = field(default_factory=Counter)
    authors: set[UserId] = field(default_factory=set)
    guilds: set[GuildId] = field(default_factory=set)
    dispositions: Counter[str] = field(default_factory=Counter)
    decided: dict[CaseId, Disposition] = field(default_factory=dict)
    degraded: int = 0
    first: datetime | None = None
    last: datetime | None = None

    @property
    def messages(self) -> int:
        """All messages read."""
        return sum(self.channels.values())

    def meet(self, message: Message) -> None:
        """Count one message."""
        self.channels[message.channel] += 1
        self.kinds[message.kind.value] += 1
        self.writers[_writer(message)] += 1
        self.authors.add(message.author.id)
        self.guilds.add(message.guild)
        self.first = message.at if self.first is None else min(self.first, message.at)
        self.last = message.at if self.last is None else max(self.last, message.at)


def _writer(message: Message) -> str:
    if message.author.webhook:
        return "webhook"
    if message.author.is_bot:
        return "bot"
    return "staff" if message.author.staff else "community"


class Replay:
    """One run; ``tally`` and the store hold the result."""

    def __init__(self, *, store: Store, scorer: Scorer, policy: Policy) -> None:
        self.tally = Tally()
        self._store = store
        self._scorer = scorer
        clock, log = _EventClock(self.tally), _Quiet()
        cards = _Undrawn(store=store, platform=Nowhere(), clock=clock, log=log, mode=policy.mode)
        window = Window()
        self._surroundings = Surroundings(store=store, window=window, cards=cards)
        self._screening = Screening(
            store=store,
            scoring=_Unhurried(scorer),
            window=window,
            rules=Rules.of(policy),
            policy=policy,
            cards=cards,
            surroundings=self._surroundings,
            log=log,
            record=_recorded_already,
            enforce=_left_alone,
        )

    async def run(self, messages: Iterable[Message], reached: Callable[[], None]) -> None:
        """Screen all messages; ``reached`` is called after each batch."""
        stream = iter(messages)
        with _rare_collections():
            while batch := tuple(islice(stream, BATCH)):
                await self._batch(batch)
                reached()

    async def cases(self) -> list[Case]:
        """The cases that were opened, in the order of opening."""
        found = [case for guild in self.tally.guilds for case in await self._store.queue(guild)]
        return sorted(found, key=lambda case: case.id)

    async def _batch(self, batch: Sequence[Message]) -> None:
        await self._store.record(batch)
        for message in batch:
            self.tally.meet(message)
        prepared = [self._screening.prepare(message) for message in batch if _in_scope(message)]
        scores = iter(self._scores([text for one in prepared for text in one.texts]))
        for one in prepared:
            await self._conclude(one, *islice(scores, len(one.texts)))

    def _scores(self, texts: Sequence[str]) -> Sequence[Scores | None]:
        """``None`` for each when the engine fails: the report counts them as degraded."""
        try:
            return self._scorer.score(texts)
        except Exception:  # an engine is foreign code; the rules still speak
            return [None] * len(texts)

    async def _conclude(
        self, prepared: Prepared, scores: Scores | None, *read: Scores | None
    ) -> None:
        verdict = self._screening.conclude(prepared, scores, read)
        self.tally.dispositions[verdict.disposition.value] += 1
        self.tally.degraded += verdict.degraded
        if verdict.disposition not in _QUEUED:
            return
        case = await self._screening.queue(prepared, verdict)
        if case is not None:
            before = self.tally.decided.get(case.id)
            kept = before is Disposition.ENFORCE
            self.tally.decided[case.id] = before if kept and before else verdict.disposition


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Look for cycles of garbage less often: the values of the core hold none (a tenth faster)."""
    usual = gc.get_threshold()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _in_scope(message: Message) -> bool:
    """Bots are not watched; webhooks are, since anybody may stand behind one."""
    return message.author.webhook or not message.author.is_bot


async def _recorded_already(_: Fact) -> None:
    return None


async def _left_alone(case: CaseId, messages: Sequence[MessageRef]) -> None:
    return None


class _Undrawn(Cards):
    """Cards that nobody would look at are not drawn: most of a case's time would go there."""

    async def draw(self, case: CaseId) -> str:
        """Leave the card behind its row."""
        return ""


class _EventClock:
    """The time of the newest message."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def now(self) -> datetime:
        return self._tally.last or datetime.fromtimestamp(0, UTC)


class _Quiet:
    """No lines: the report says it all."""

    def event(self, name: str, **fields: str | float | None) -> None:
        return None


class _Unhurried:
    """The scorer without batches or budget, for the few single questions."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer

    @property
    def name(self) -> str:
        return self._scorer.name

    async def score(self, text: str) -> Scores | None:
        return self._scorer.score([text])[0]

    async def explain(self, text: str) -> tuple[Span, ...]:
        return self._scorer.explain(text)


class Nowhere:
    """A platform where nothing happens and nobody is."""

    async def check(self, action: Action) -> None:
        """Nothing would be refused."""

    async def apply(self, action: Action) -> None:
        """Nobody is touched."""

    async def notify(self, action: Action, case: Case) -> NoticeState:
        """Nobody is told."""
        return NoticeState.NONE

    async def show(self, view: CardView) -> MessageRef:
        """No card is posted; the reference leads nowhere."""
        return MessageRef(channel=ChannelId("nowhere"), message=MessageId(f"case-{view.case.id}"))

    async def moderator(self, guild: GuildId, user: UserId) -> Moderator:
        """A stranger."""
        return Moderator(id=user, guild=guild)

    async def channels(self, guild: GuildId, since: datetime) -> Sequence[Channel]:
        """None."""
        return ()

    async def history(self, channel: Channel, start: datetime, limit: int) -> Sequence[Message]:
        """None."""
        return ()

    async def alert(self, guild: GuildId, code: str) -> None:
        """Nobody is told."""
