"""After hours without a connection: everything is found, in order, once, and coverage tells true."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from moderation.catchup import CatchUpLimits
from moderation.errors import PlatformFailure, PlatformUnreachable, StoreError
from moderation.types import Channel, ChannelId, Coverage, GuildId, Message
from tests.fakes.platform import FakePlatform
from tests.fakes.store import FakeStore
from tests.usecases.desk import GUILD, NOON, Desk, TickingClock, message

INSULT = "you are an idiot"
OTHER = GuildId("other")


def later(**passed: float) -> datetime:
    return NOON + timedelta(**passed)


@pytest.fixture
def desk() -> Desk:
    return away(Desk(FakeStore(), FakePlatform(), TickingClock(later(hours=1))))


def away(desk: Desk, *channels: str) -> Desk:
    """It listened until noon; now it is one o'clock."""
    desk.store.coverage.append(Coverage(guild=GUILD, since=later(hours=-9), until=NOON))
    for name in channels or ("general", "support", "unwatched"):
        desk.platform.places.append(Channel(id=ChannelId(name), guild=GUILD, name=name))
    return desk


def missed(desk: Desk, *messages: Message) -> None:
    desk.platform.messages += [replace(m, late=True) for m in messages]


def once(desk: Desk, phase: str, name: str, act: Callable[[], None]) -> None:
    """Do something the first time the platform is at that point."""

    def fault(at: str, called: str) -> None:
        if (at, called) == (phase, name):
            desk.platform.fault = lambda *_: None
            act()

    desk.platform.fault = fault


async def covered(desk: Desk) -> datetime:
    found = await desk.store.covered(GUILD)
    assert found is not None
    return found.until


async def test_everything_watched_is_screened_and_covered(desk: Desk) -> None:
    missed(
        desk,
        message(1, INSULT, at=later(minutes=5)),
        message(2, INSULT, at=later(minutes=6), channel="support", author="ann"),
        message(3, INSULT, at=later(minutes=7), channel="unwatched", author="bob"),
    )
    assert await desk.catch_up.run(GUILD) == 2
    assert [case.late for case in await desk.cases()] == [True, True]
    assert await covered(desk) == desk.clock.now()
    assert await desk.catch_up.run(GUILD) == 0


async def test_a_burst_over_channels_is_found_as_if_it_were_heard(desk: Desk) -> None:
    missed(
        desk,
        *(
            message(n, f"buy {n}", at=later(seconds=n), channel=("general", "support")[n % 2])
            for n in range(8)
        ),
    )
    await desk.catch_up.run(GUILD)
    [case] = await desk.cases()
    assert [signal.kind for signal in case.signals] == ["spam.flood"]


async def test_long_histories_come_page_by_page_without_a_gap(desk: Desk) -> None:
    missed(
        desk,
        *(
            message(n, "hello", at=later(seconds=n // 3), author=f"m{n}", channel=room)
            for n in range(350)
            for room in ("general", "support")
        ),
    )
    desk.platform.messages = [replace(m, id=f"{m.channel}{m.id}") for m in desk.platform.messages]
    assert await desk.catch_up.run(GUILD) == 700
    assert len(desk.store.messages) == 700


async def test_it_is_bounded_and_says_so() -> None:
    limits = CatchUpLimits(max_age=timedelta(minutes=30), max_messages=200)
    desk = away(Desk(FakeStore(), FakePlatform(), TickingClock(later(hours=1)), limits=limits))
    missed(desk, *(message(n, "hello", at=later(seconds=n * 10)) for n in range(1, 350)))
    await desk.catch_up.run(GUILD)
    notes = [(e.event, dict(e.facts)["what"]) for e in await desk.store.audit()]
    assert ("catch_up.bounded", "age") in notes
    assert min(kept.message.at for kept in desk.store.messages.values()) >= later(minutes=30)


async def test_a_channel_with_too_many_messages_is_noted() -> None:
    limits = CatchUpLimits(max_messages=200)
    desk = away(Desk(FakeStore(), FakePlatform(), TickingClock(later(hours=1)), limits=limits))
    missed(desk, *(message(n, "hello", at=later(seconds=n)) for n in range(1, 350)))
    assert await desk.catch_up.run(GUILD) == 200
    assert ("catch_up.bounded", (("what", "general"),)) in [
        (entry.event, entry.facts) for entry in await desk.store.audit()
    ]


async def test_an_edit_in_the_gap_of_a_message_from_before_is_found(desk: Desk) -> None:
    before = message(1, "hello", at=later(minutes=-20))
    await desk.screening.screen(before)
    missed(
        desk,
        replace(before, text=INSULT, edited_at=later(minutes=9)),
        message(2, "was judged in time", at=later(minutes=-10)),
    )
    reborn = Desk(desk.store, desk.platform, desk.clock)
    assert await reborn.catch_up.run(GUILD) == 1
    [case] = await reborn.cases()
    assert case.messages == ("000001",)


async def test_a_channel_that_refuses_does_not_hide_the_others(desk: Desk) -> None:
    missed(desk, message(2, INSULT, at=later(minutes=6), channel="support"))

    def refuse() -> None:
        raise PlatformFailure("permission:50001")

    once(desk, "before", "history", refuse)
    assert await desk.catch_up.run(GUILD) == 1
    assert "catch_up.failed" in [entry.event for entry in await desk.store.audit()]
    assert len(await desk.cases()) == 1


async def test_a_silent_platform_is_asked_again_by_the_next_tick(desk: Desk) -> None:
    missed(desk, message(1, INSULT, at=later(minutes=5)))

    def silent() -> None:
        raise PlatformUnreachable("503")

    once(desk, "before", "history", silent)
    assert await desk.catch_up.run(GUILD) == 0
    assert await covered(desk) == NOON
    desk.clock.pass_by(minutes=10)
    await desk.housekeeping.tick((GUILD,))
    assert len(await desk.cases()) == 1
    assert await covered(desk) == desk.clock.now()


async def test_a_message_that_cannot_be_judged_hides_nobody_else(desk: Desk) -> None:
    missed(
        desk,
        message(1, "poison", at=later(minutes=5)),
        message(2, INSULT, at=later(minutes=6), channel="support"),
    )
    judge = desk.screening.screen

    async def screen(one: Message) -> object:
        if one.text == "poison":
            raise KeyError("odd")
        return await judge(one)

    desk.screening.screen = screen  # type: ignore[method-assign,assignment]
    await desk.catch_up.run(GUILD)
    assert len(await desk.cases()) == 1
    assert ("catch_up.skipped", (("what", "000001"),)) in [
        (entry.event, entry.facts) for entry in await desk.store.audit()
    ]
    assert await covered(desk) == desk.clock.now()


async def test_a_database_in_trouble_skips_nothing(desk: Desk) -> None:
    missed(desk, message(1, INSULT, at=later(minutes=5)))
    inner = desk.store.open_case

    async def broken(*_: object, **__: object) -> None:
        raise StoreError("disk full")

    desk.store.open_case = broken
    with pytest.raises(StoreError):
        await desk.catch_up.run(GUILD)
    assert await covered(desk) == NOON
    desk.store.open_case = inner
    await desk.housekeeping.tick((GUILD,))
    assert len(await desk.cases()) == 1


class TestConnection:
    async def test_a_loss_while_catching_up_leaves_it_behind(self, desk: Desk) -> None:
        once(desk, "after", "history", lambda: desk.catch_up.lost(GUILD))
        await desk.catch_up.run(GUILD)
        assert await covered(desk) == NOON
        missed(desk, message(1, INSULT, at=later(hours=1, minutes=5)))
        desk.clock.pass_by(minutes=10)
        assert await desk.catch_up.run(GUILD) == 1
        assert await covered(desk) == desk.clock.now()

    async def test_a_second_loss_and_return_is_seen_by_the_first_run(self, desk: Desk) -> None:
        history = desk.platform.history

        async def gone_and_back(channel: Channel, start: datetime, limit: int) -> object:
            page = await history(channel, start, limit)
            desk.platform.history = history  # type: ignore[method-assign]
            desk.catch_up.lost(GUILD)
            missed(desk, message(1, INSULT, at=later(minutes=59)))
            assert await desk.catch_up.run(GUILD) == 0
            return page

        desk.platform.history = gone_and_back  # type: ignore[method-assign,assignment]
        assert await desk.catch_up.run(GUILD) > 0
        assert len(await desk.cases()) == 1
        assert await covered(desk) == desk.clock.now()

    async def test_what_was_heard_but_not_judged_is_looked_up(self, desk: Desk) -> None:
        await desk.catch_up.run(GUILD)
        desk.clock.pass_by(minutes=5)
        lost = message(1, INSULT, at=desk.clock.now())
        with pytest.raises(StoreError), desk.catch_up.hearing(GUILD):
            raise StoreError("disk full")
        missed(desk, lost)
        desk.clock.pass_by(minutes=5)
        await desk.housekeeping.tick((GUILD,))
        assert len(await desk.cases()) == 1

    async def test_coverage_does_not_pass_what_is_still_being_judged(self, desk: Desk) -> None:
        await desk.catch_up.run(GUILD)
        began = desk.clock.now()
        with desk.catch_up.hearing(GUILD):
            desk.clock.pass_by(minutes=10)
            await desk.housekeeping.tick((GUILD,))
            assert await covered(desk) == began
        await desk.housekeeping.tick((GUILD,))
        assert await covered(desk) == desk.clock.now() - timedelta(minutes=2)

    async def test_a_refusal_that_may_pass_leaves_it_behind(self, desk: Desk) -> None:
        def refuse() -> None:
            raise PlatformFailure("unknown:400")

        missed(desk, message(1, INSULT, at=later(minutes=5)))
        once(desk, "before", "history", refuse)
        await desk.catch_up.run(GUILD)
        assert await covered(desk) == NOON
        await desk.housekeeping.tick((GUILD,))
        assert len(await desk.cases()) == 1

    async def test_coverage_follows_behind_the_clock_while_it_listens(self, desk: Desk) -> None:
        await desk.catch_up.run(GUILD)
        desk.clock.pass_by(minutes=10)
        await desk.housekeeping.tick((GUILD,))
        assert await covered(desk) == desk.clock.now() - timedelta(minutes=2)
        desk.catch_up.lost(GUILD)
        desk.clock.pass_by(minutes=10)
        await desk.housekeeping.tick(())
        assert await covered(desk) == desk.clock.now() - timedelta(minutes=12)

    async def test_a_first_start_gets_acquainted_and_judges_nothing(self) -> None:
        desk = Desk(FakeStore(), FakePlatform(), TickingClock(later(hours=1)))
        desk.platform.places.append(Channel(id=ChannelId("general"), guild=GUILD, name="general"))
        missed(
            desk,
            message(1, "long ago", at=later(days=-3)),
            message(2, INSULT, at=later(minutes=1)),
            message(3, "what was that", at=later(minutes=2), author="ann"),
        )
        assert await desk.catch_up.run(GUILD) == 0
        assert await desk.cases() == []
        assert len(desk.store.messages) == 2
        await desk.screening.screen(message(4, INSULT, at=later(hours=1)))
        [case] = await desk.cases()
        quotes = await desk.store.quotes(case.id)
        assert [q.text for q in quotes if q.offset < 0] == [INSULT, "what was that"]
        await desk.catch_up.run(GUILD)
        assert len(await desk.cases()) == 1

    async def test_a_new_guild_has_nothing_to_catch_up_with(self, desk: Desk) -> None:
        assert await desk.catch_up.run(OTHER) == 0
        assert (await desk.store.covered(OTHER)).until == desk.clock.now()

    async def test_without_coverage_the_newest_messages_known_are_the_start(self) -> None:
        desk = Desk(FakeStore(), FakePlatform(), TickingClock(later(hours=1)))
        desk.platform.places.append(Channel(id=ChannelId("general"), guild=GUILD, name="general"))
        await desk.screening.screen(message(1, "hello"))
        missed(desk, message(2, INSULT, at=later(minutes=5)))
        assert await desk.catch_up.run(GUILD) == 1
