"""What heals by itself, and that one trouble never keeps the rest from healing."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from moderation.errors import PlatformFailure, PlatformUnreachable, StoreError
from moderation.types import (
    ActionKind,
    CardView,
    CaseState,
    Coverage,
    GuildId,
    MessageId,
    MessageRef,
    Owner,
)
from tests.fakes.platform import FakePlatform
from tests.fakes.store import FakeStore
from tests.usecases.desk import GUILD, Desk, TickingClock, click, moderator

BAD = GuildId("bad")


@pytest.fixture
def desk() -> Desk:
    return Desk(FakeStore(), FakePlatform(), TickingClock())


def cardless(desk: Desk, *codes: str) -> None:
    """Guild ``BAD`` shows no cards."""
    show = desk.platform.show

    async def shown(view: CardView) -> MessageRef:
        if view.case.guild == BAD:
            raise PlatformFailure(codes[0])
        return await show(view)

    desk.platform.show = shown  # type: ignore[method-assign]


async def test_a_guild_without_a_queue_does_not_starve_the_others(desk: Desk) -> None:
    cardless(desk, "no_queue")
    for n in range(130):
        await desk.opened(guild=BAD, incident=f"i{n}", messages=(MessageId(f"b{n}"),))

    def silent(phase: str, name: str) -> None:
        raise PlatformUnreachable("503")

    desk.platform.fault = silent
    case = await desk.opened()
    desk.platform.fault = lambda phase, name: None
    desk.log.lines.clear()
    await desk.housekeeping.resume()
    row = await desk.row(case.id)
    assert row.card_version == row.version
    assert len([line for line in desk.log.lines if line[0] == "card_failed"]) == 1


async def test_somebody_is_told_of_a_missing_queue_once_a_day(desk: Desk) -> None:
    cardless(desk, "no_queue")
    for n in range(3):
        await desk.opened(guild=BAD, incident=f"i{n}", messages=(MessageId(f"b{n}"),))
    assert desk.platform.alerts == [(BAD, "no_queue")]
    desk.clock.pass_by(hours=25)
    await desk.housekeeping.resume()
    assert desk.platform.alerts == [(BAD, "no_queue")] * 2
    assert "queue.failed" in [entry.event for entry in await desk.store.audit()]


async def test_one_card_that_cannot_be_drawn_does_not_hide_the_next(desk: Desk) -> None:
    for n in range(3):
        await desk.opened(incident=f"i{n}", messages=(MessageId(f"m{n}"),))
    show = desk.platform.show

    async def shown(view: CardView) -> MessageRef:
        if view.case.id == 1:
            raise PlatformFailure("unknown:50035")
        return await show(view)

    desk.platform.show = shown  # type: ignore[method-assign]
    for case in (1, 2, 3):
        await desk.review.claim(click(await desk.row(case)))
    await desk.housekeeping.resume()
    behind = [row.id for row in desk.store.cases.values() if row.card_version < row.version]
    assert behind == [1]


async def test_one_closed_channel_hides_only_its_own_cards(desk: Desk) -> None:
    show = desk.platform.show

    async def shown(view: CardView) -> MessageRef:
        if view.case.owner is Owner.SECURITY:
            raise PlatformFailure("permission:50013")
        if view.case.id == 2:
            raise KeyError("odd")
        return await show(view)

    desk.platform.show = silent_show  # type: ignore[method-assign,assignment]
    owners = (Owner.SECURITY, Owner.MODERATORS, Owner.MODERATORS, Owner.SECURITY)
    for n, owner in enumerate(owners):
        await desk.opened(incident=f"i{n}", messages=(MessageId(f"m{n}"),), owner=owner)
    desk.platform.show = shown  # type: ignore[method-assign]
    await desk.housekeeping.resume()
    assert [row.id for row in desk.store.cases.values() if row.card_version == row.version] == [3]


async def silent_show(view: CardView) -> MessageRef:
    raise PlatformUnreachable("503")


async def test_a_guild_that_does_not_answer_is_left_until_the_next_tick(desk: Desk) -> None:
    desk.platform.show = silent_show  # type: ignore[method-assign,assignment]
    for n in range(10):
        await desk.opened(incident=f"i{n}", messages=(MessageId(f"m{n}"),))
    desk.log.lines.clear()
    await desk.housekeeping.resume()
    assert len([line for line in desk.log.lines if line[0] == "card_failed"]) == 3


async def test_a_database_in_trouble_ends_the_mending(desk: Desk) -> None:
    desk.platform.show = silent_show  # type: ignore[method-assign,assignment]
    await desk.opened()

    async def broken(*_: object) -> None:
        raise StoreError("disk full")

    desk.store.case = broken
    await desk.housekeeping.resume()
    assert ("tick_failed", "StoreError") in [(n, f.get("code")) for n, f in desk.log.lines]


async def test_an_odd_answer_does_not_poison_the_tick(desk: Desk) -> None:
    first = await desk.opened(recommended=ActionKind.TIMEOUT)
    second = await desk.opened(
        recommended=ActionKind.BAN, incident="i2", messages=(MessageId("m2"),)
    )

    def silent(phase: str, name: str) -> None:
        if name == "apply":
            raise PlatformUnreachable("503")

    desk.platform.fault = silent
    for case in (first, second):
        await desk.review.act(click(case))
    apply = desk.platform.apply

    async def odd(action: object) -> None:
        if getattr(action, "kind", None) is ActionKind.TIMEOUT:
            raise KeyError("a field that was not there")
        await apply(action)  # type: ignore[arg-type]

    desk.platform.apply = odd  # type: ignore[method-assign,assignment]
    desk.platform.fault = lambda phase, name: None
    await desk.housekeeping.resume()
    assert (await desk.row(second.id)).state is CaseState.RESOLVED
    assert ("tick_failed", "KeyError") in [(n, f.get("code")) for n, f in desk.log.lines]


async def test_a_claim_that_has_ended_leaves_the_card(desk: Desk) -> None:
    case = await desk.review.claim(click(await desk.opened()))
    desk.clock.pass_by(minutes=14)
    await desk.housekeeping.resume()
    assert (await desk.row(case.id)).claimed_by is not None
    desk.clock.pass_by(minutes=2)
    await desk.housekeeping.resume()
    row = await desk.row(case.id)
    assert (row.claimed_by, row.card_version) == (None, row.version)
    assert desk.platform.cards[case.id][1].case.claimed_by is None
    assert (await desk.store.audit())[-1].event == "case.claim_ended"


async def test_a_change_while_a_card_is_drawn_is_drawn_too(desk: Desk) -> None:
    case = await desk.opened()
    show = desk.platform.show
    during: list[asyncio.Task[object]] = []

    async def slowly(view: CardView) -> MessageRef:
        if not during:
            press = desk.review.claim(click(await desk.row(case.id)))
            during.append(asyncio.ensure_future(press))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return await show(view)

    desk.platform.show = slowly  # type: ignore[method-assign]
    row = await desk.row(case.id)
    desk.store.cases[case.id] = replace(row, version=row.version + 1)
    await desk.cards.draw(case.id)
    await asyncio.gather(*during)
    row = await desk.row(case.id)
    assert row.card_version == row.version
    assert desk.platform.cards[case.id][1].case.claimed_by == "mia"


async def test_an_unreachable_guild_is_heard_of_and_the_next_is_covered(desk: Desk) -> None:
    await desk.catch_up.run(GUILD)
    channels = desk.platform.channels

    async def broken(guild: GuildId, since: object) -> object:
        if guild == BAD:
            raise TypeError("odd")
        return await channels(guild, since)  # type: ignore[arg-type]

    desk.platform.channels = broken  # type: ignore[method-assign,assignment]
    now = desk.clock.now()
    desk.store.coverage.append(Coverage(guild=BAD, since=now, until=now))
    with suppress(TypeError), desk.catch_up.hearing(BAD):
        raise TypeError
    desk.clock.pass_by(minutes=10)
    await desk.housekeeping.tick((BAD, GUILD))
    assert (await desk.store.covered(GUILD)).until > (await desk.store.covered(BAD)).until


async def test_an_ended_claim_that_somebody_has_taken_again_stays(desk: Desk) -> None:
    case = await desk.review.claim(click(await desk.opened()))
    desk.clock.pass_by(minutes=16)
    lapsed = await desk.store.lapsed(desk.clock.now())
    await desk.review.claim(click(await desk.row(case.id), moderator("jo")))

    async def as_before(now: object) -> object:
        return lapsed

    desk.store.lapsed = as_before
    await desk.housekeeping.resume()
    assert (await desk.row(case.id)).claimed_by == "jo"
