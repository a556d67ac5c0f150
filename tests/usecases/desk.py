"""A desk for tests: the real use cases over a store, a platform and a clock in memory."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from moderation.acting import Acting
from moderation.cases import UNDECIDED
from moderation.catchup import CatchUp, CatchUpLimits
from moderation.drawing import Cards
from moderation.filing import opened
from moderation.housekeeping import Housekeeping
from moderation.ports import Store
from moderation.reporting import Reporting
from moderation.review import Click, Review
from moderation.rules import Rules
from moderation.screening import Screening
from moderation.surroundings import Surroundings
from moderation.types import (
    Author,
    Case,
    CaseId,
    ChannelId,
    Fact,
    GuildId,
    Message,
    MessageId,
    MessageRef,
    Mode,
    Moderator,
    Policy,
    Quote,
    Scores,
    Span,
    UserId,
)
from moderation.window import Window
from tests.fakes.platform import FakePlatform
from tests.usecases.test_cases import NOON, a_case

GUILD = GuildId("g")
RUDE = Scores(toxicity=0.9, insult=0.9)


def message(
    number: int,
    text: str = "hello there",
    *,
    at: datetime = NOON,
    author: str = "tom",
    channel: str = "general",
    **fields: Any,
) -> Message:
    """A message of an ordinary member; its number is its id."""
    return Message(
        id=MessageId(f"{number:06}"),
        guild=GUILD,
        channel=ChannelId(channel),
        channel_name=channel,
        author=Author(id=UserId(author), name=author.title()),
        at=at,
        text=text,
        **fields,
    )


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

    def __init__(
        self,
        store: Any,
        platform: FakePlatform,
        clock: TickingClock,
        *,
        policy: Policy | None = None,
        limits: CatchUpLimits | None = None,
    ) -> None:
        self.store = store
        self.platform = platform
        self.clock = clock
        self.log = Lines()
        self.policy = policy or Policy(mode=Mode.QUEUE)
        self.scores: Scores | None = Scores()
        self.says: dict[str, Scores | None] = {}
        self.asked: list[str] = []
        self.window = Window()
        self.cards = Cards(
            store=store, platform=platform, clock=clock, log=self.log, mode=self.policy.mode
        )
        self.surroundings = Surroundings(store=store, window=self.window, cards=self.cards)
        self.acting = Acting(
            store=store,
            platform=platform,
            cards=self.cards,
            clock=clock,
            log=self.log,
            mode=self.policy.mode,
        )
        self.review = Review(
            store=store, acting=self.acting, cards=self.cards, clock=clock, policy=self.policy
        )
        self.screening = Screening(
            store=store,
            scoring=self,
            window=self.window,
            rules=Rules.of(self.policy),
            policy=self.policy,
            cards=self.cards,
            surroundings=self.surroundings,
            log=self.log,
            record=self._record,
            enforce=self.review.enforce,
        )
        self.reporting = Reporting(
            store=store,
            cards=self.cards,
            surroundings=self.surroundings,
            clock=clock,
            log=self.log,
            policy=self.policy,
        )
        self.catch_up = CatchUp(
            store=store,
            platform=platform,
            screening=self.screening,
            clock=clock,
            log=self.log,
            limits=limits or CatchUpLimits(),
            watched=lambda channel: channel.name != "unwatched",
        )
        self.housekeeping = Housekeeping(
            store=store,
            acting=self.acting,
            cards=self.cards,
            catch_up=self.catch_up,
            clock=clock,
            log=self.log,
        )

    name = "fake@1"
    """The engine; what it says of a text is in ``says``, else of rude ones ``RUDE``, of everything
    else ``scores``. ``asked`` are the texts it has read."""

    async def score(self, text: str) -> Scores | None:
        """As ``Scoring.score``."""
        await self.while_scoring()
        self.asked.append(text)
        return self.says.get(text, RUDE if "idiot" in text else self.scores)

    async def explain(self, text: str) -> tuple[Span, ...]:
        """As ``Scoring.explain``."""
        at = text.find("idiot")
        return (Span(start=at, end=at + 5),) if at >= 0 else ()

    async def while_scoring(self) -> None:
        """What a test lets happen while the engine thinks."""

    async def _record(self, fact: Fact) -> None:
        await self.store.record((fact,))

    async def cases(self) -> list[Case]:
        """The undecided cases."""
        return list(await self.store.queue(GUILD))

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


def click(case: Case, by: Moderator | None = None, card: MessageRef | None = None) -> Click:
    """A press on the case's own card, unless another card is named."""
    own = MessageRef(
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
