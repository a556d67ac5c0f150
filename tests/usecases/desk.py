"""A desk for tests: the real use cases over a store, a platform and a clock in memory."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from moderation.cases import UNDECIDED
from moderation.drawing import Cards
from moderation.housekeeping import CatchUpLimits, Housekeeping
from moderation.ports import Store
from moderation.review import Click, Review
from moderation.screening import opened
from moderation.types import (
    CardRef,
    Case,
    CaseId,
    ChannelId,
    GuildId,
    MessageId,
    Mode,
    Moderator,
    Policy,
    Quote,
    UserId,
)
from tests.fakes.platform import FakePlatform
from tests.usecases.test_cases import NOON, a_case

GUILD = GuildId("g")


class TickingClock:
    """A clock that moves only when told to."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def pass_by(self, **duration: float) -> None:
        self.at += timedelta(**duration)


class Lines:
    """A log that remembers its lines."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def event(self, name: str, **fields: str | float | None) -> None:
        self.lines.append((name, dict(fields)))


class FaultyStore:
    """The store behind a fault: ``fault(phase, name)`` runs before and after every call."""

    def __init__(self, store: Store, fault: Callable[[str, str], None]) -> None:
        self._store = store
        self._fault = fault

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            self._fault("before", f"store.{name}")
            result = await method(*args, **kwargs)
            self._fault("after", f"store.{name}")
            return result

        return call


class Desk:
    """One process: use cases wired over what outlives it (store, platform, clock)."""

    def __init__(self, store: Any, platform: FakePlatform, clock: TickingClock) -> None:
        self.store = store
        self.platform = platform
        self.clock = clock
        self.log = Lines()
        self.policy = Policy(mode=Mode.QUEUE)
        self.cards = Cards(
            store=store, platform=platform, clock=clock, log=self.log, mode=Mode.QUEUE
        )
        self.review = Review(
            store=store,
            platform=platform,
            cards=self.cards,
            clock=clock,
            log=self.log,
            policy=self.policy,
        )

    async def resume(self) -> None:
        """What a start does with what the process before it left behind."""
        housekeeping = Housekeeping(
            store=self.store,
            platform=self.platform,
            review=self.review,
            cards=self.cards,
            screening=None,  # type: ignore[arg-type]  # nothing is screened here
            clock=self.clock,
            log=self.log,
            limits=CatchUpLimits(),
            watched=lambda channel: True,
        )
        await housekeeping.resume()

    async def opened(self, **fields: object) -> Case:
        """An open case with its card."""
        case = a_case(**fields)  # type: ignore[arg-type]
        quote = Quote(
            message=case.messages[0],
            author=case.subject,
            author_name="Tom",
            at=NOON,
            text="you are an idiot",
            digest="d1",
        )
        row = await self.store.open_case(
            case, (quote,), (opened(case),), within=timedelta(minutes=10)
        )
        assert row is not None
        await self.cards.draw(row.id)
        return await self.row(row.id)

    async def row(self, case: CaseId) -> Case:
        row = await self.store.case(case)
        assert row is not None
        return row


def moderator(name: str = "mia", *, may: bool = True, guild: GuildId = GUILD) -> Moderator:
    return Moderator(id=UserId(name), guild=guild, name=name.title(), may_moderate=may)


def click(case: Case, by: Moderator | None = None, card: CardRef | None = None) -> Click:
    """A press on the case's own card, unless another card is named."""
    own = CardRef(
        channel=case.card_channel or ChannelId(""),
        message=case.card_message or MessageId(""),
    )
    return Click(case=case.id, by=by or moderator(), card=card or own)


def is_undecided(case: Case) -> bool:
    return case.state in UNDECIDED


__all__ = (
    "GUILD",
    "NOON",
    "UTC",
    "Desk",
    "FaultyStore",
    "Lines",
    "TickingClock",
    "click",
    "moderator",
)
