"""Deciding a case: who may, who was first, what Discord said, and what a crash leaves behind."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from moderation.errors import (
    IllegalMove,
    NotAllowed,
    Overtaken,
    PlatformFailure,
    PlatformUnreachable,
)
from moderation.types import (
    ActionKind,
    ActionState,
    CardRef,
    Case,
    CaseState,
    ChannelId,
    GuildId,
    MessageId,
    NoticeState,
    UserId,
)
from tests.fakes.platform import FakePlatform
from tests.fakes.store import FakeStore
from tests.usecases.desk import Desk, FaultyStore, TickingClock, click, moderator


@pytest.fixture
def desk() -> Desk:
    return Desk(FakeStore(), FakePlatform(), TickingClock())


async def test_a_decision_is_carried_out_told_and_drawn(desk: Desk) -> None:
    case = await desk.opened(recommended=ActionKind.TIMEOUT)
    after = await desk.review.act(click(case))
    action = await desk.store.action(after.action)
    assert after.state is CaseState.RESOLVED
    assert (action.state, action.notice) == (ActionState.APPLIED, NoticeState.SENT)
    assert action.until == desk.clock.now() + timedelta(hours=1)
    assert desk.platform.applied == {action.id: ActionKind.TIMEOUT}
    shown = desk.platform.cards[case.id][1]
    assert shown.case.version == (await desk.row(case.id)).version
    assert desk.platform.posts == 1


async def test_nothing_recommended_is_said(desk: Desk) -> None:
    case = await desk.opened()
    with pytest.raises(IllegalMove) as refused:
        await desk.review.act(click(case))
    assert refused.value.code == "nothing_recommended"
    assert (await desk.row(case.id)).state is CaseState.OPEN


@pytest.mark.parametrize(
    ("by", "card", "code"),
    [
        (moderator("sam", may=False), None, "not_a_moderator"),
        (moderator("eve", guild=GuildId("elsewhere")), None, "not_this_card"),
        (
            moderator(),
            CardRef(channel=ChannelId("queue"), message=MessageId("a copy")),
            "not_this_card",
        ),
    ],
)
async def test_a_stranger_another_guild_and_a_copied_card_do_nothing(
    desk: Desk, by: object, card: CardRef | None, code: str
) -> None:
    case = await desk.opened(recommended=ActionKind.BAN)
    for press in (
        desk.review.act,
        desk.review.dismiss,
        desk.review.claim,
        desk.review.undo,
    ):
        with pytest.raises(NotAllowed) as refused:
            await press(click(case, by, card))  # type: ignore[arg-type]
        assert refused.value.code == code
    assert await desk.row(case.id) == case
    assert desk.platform.applied == {}


async def test_the_slower_of_two_is_told_who_won(desk: Desk) -> None:
    case = await desk.opened(recommended=ActionKind.WARN)
    await desk.review.dismiss(click(case, moderator("jo")))
    with pytest.raises(Overtaken) as lost:
        await desk.review.act(click(case))
    assert lost.value.facts == {"by": "jo", "state": "dismissed"}
    assert desk.platform.applied == {}


async def test_a_claim_keeps_others_off_until_it_ends(desk: Desk) -> None:
    case = await desk.review.claim(click(await desk.opened(), moderator("jo")))
    with pytest.raises(Overtaken) as held:
        await desk.review.dismiss(click(case))
    assert (held.value.code, held.value.facts["by"]) == ("claimed", "jo")
    desk.clock.pass_by(minutes=16)
    assert (await desk.review.dismiss(click(case))).state is CaseState.DISMISSED


async def test_a_refusal_is_shown_and_can_be_retried(desk: Desk) -> None:
    case = await desk.opened(recommended=ActionKind.TIMEOUT)

    def refuse(phase: str, name: str) -> None:
        if name == "apply":
            raise PlatformFailure("hierarchy")

    desk.platform.fault = refuse
    failed = await desk.review.act(click(case))
    assert (failed.state, failed.failure) == (CaseState.FAILED, "hierarchy")
    assert desk.platform.notices == {}
    desk.platform.fault = lambda phase, name: None
    again = await desk.review.retry(click(failed))
    assert (again.state, again.failure) == (CaseState.RESOLVED, "")


async def test_a_ban_that_would_be_refused_tells_the_member_nothing(desk: Desk) -> None:
    case = await desk.opened(recommended=ActionKind.BAN)

    def refuse(phase: str, name: str) -> None:
        if name == "check":
            raise PlatformFailure("permission")

    desk.platform.fault = refuse
    assert (await desk.review.act(click(case))).state is CaseState.FAILED
    assert desk.platform.notices == {}


async def test_closed_messages_are_shown_and_not_fatal(desk: Desk) -> None:
    desk.platform.closed_dms.add(UserId("tom"))
    case = await desk.opened(recommended=ActionKind.WARN)
    after = await desk.review.act(click(case))
    action = await desk.store.action(after.action)
    assert (after.state, action.notice) == (CaseState.RESOLVED, NoticeState.CLOSED)


async def test_a_silent_platform_is_asked_again_and_given_up_in_the_end(
    desk: Desk,
) -> None:
    case = await desk.opened(recommended=ActionKind.TIMEOUT)

    def silent(phase: str, name: str) -> None:
        if name == "apply":
            raise PlatformUnreachable("503")

    desk.platform.fault = silent
    waiting = await desk.review.act(click(case))
    assert waiting.state is CaseState.ACTING
    desk.clock.pass_by(minutes=20)
    await desk.resume()
    assert (await desk.row(case.id)).failure == "unreachable"


async def test_undo_takes_back_the_action_and_opens_the_case(desk: Desk) -> None:
    case = await desk.opened(recommended=ActionKind.TIMEOUT)
    done = await desk.review.act(click(case))
    undone = await desk.review.undo(click(done))
    reversal = await desk.store.action(undone.action)
    assert undone.state is CaseState.OPEN
    assert (reversal.reverses, reversal.kind) == (done.action, ActionKind.TIMEOUT)
    assert reversal.notice is NoticeState.SENT


async def test_undo_of_a_dismissal_needs_no_platform(desk: Desk) -> None:
    case = await desk.opened()
    dismissed = await desk.review.dismiss(click(case))
    assert await desk.store.settled(case.guild, case.messages[0], "d1")
    undone = await desk.review.undo(click(dismissed))
    assert undone.state is CaseState.OPEN
    assert not await desk.store.settled(case.guild, case.messages[0], "d1")
    assert desk.platform.applied == {}


async def test_a_decision_taken_back_before_it_was_told_is_not_told(desk: Desk) -> None:
    case = await desk.opened(recommended=ActionKind.TIMEOUT)

    def silent(phase: str, name: str) -> None:
        if name == "notify":
            raise PlatformUnreachable("503")

    desk.platform.fault = silent
    done = await desk.review.act(click(case))
    assert (await desk.store.action(done.action)).notice is NoticeState.PENDING
    undone = await desk.review.undo(click(done))
    desk.platform.fault = lambda phase, name: None
    await desk.resume()
    assert set(desk.platform.notices) == {undone.action}


class Killed(BaseException):
    """The process died here."""


class KillAt:
    """Raises ``Killed`` at the n-th place; counts the places it has passed."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.passed = 0

    def __call__(self, phase: str, name: str) -> None:
        self.passed += 1
        if self.passed == self.at:
            raise Killed


async def _decide_and_die(kind: ActionKind, at: int) -> tuple[Case, Desk, bool]:
    store, platform, clock = FakeStore(), FakePlatform(), TickingClock()
    case = await Desk(store, platform, clock).opened(recommended=kind)
    kill = KillAt(at)
    platform.fault = kill
    dying = Desk(FaultyStore(store, kill), platform, clock)
    died = False
    try:
        await dying.review.act(click(case))
    except Killed:
        died = True
    platform.fault = lambda phase, name: None
    reborn = Desk(store, platform, clock)
    await reborn.resume()
    return case, reborn, died


@pytest.mark.parametrize("kind", list(ActionKind))
async def test_killed_at_any_step_leaves_one_action_one_card_one_notice(
    kind: ActionKind,
) -> None:
    at = 0
    while True:
        at += 1
        case, desk, died = await _decide_and_die(kind, at)
        row = await desk.row(case.id)
        assert row.card_version == row.version, f"card behind after a kill at step {at}"
        assert desk.platform.posts == 1
        assert len(desk.platform.applied) <= 1
        if row.state is CaseState.OPEN:  # died before the decision was written
            assert desk.platform.applied == {}
            assert desk.platform.notices == {}
            continue
        action = await desk.store.action(row.action)
        assert row.state is CaseState.RESOLVED, f"lost after a kill at step {at}"
        assert action.state is ActionState.APPLIED
        assert set(desk.platform.applied) == {row.action}
        assert set(desk.platform.notices) <= {row.action}
        assert action.notice is not NoticeState.PENDING
        if not died:
            break
    assert at > 10


async def test_the_audit_trail_tells_the_whole_story(desk: Desk) -> None:
    case = await desk.opened(recommended=ActionKind.TIMEOUT)
    await desk.review.undo(click(await desk.review.act(click(case))))
    events = [entry.event for entry in await desk.store.audit()]
    assert events == [
        "case.opened",
        "action.timeout.requested",
        "action.timeout.applied",
        "member.notice",
        "action.undo.requested",
        "action.timeout.reversed",
        "member.notice",
    ]


async def test_a_late_joining_report_does_not_stop_an_action(desk: Desk) -> None:
    case = await desk.opened(recommended=ActionKind.TIMEOUT)

    def join(phase: str, name: str) -> None:
        if (phase, name) == ("after", "apply"):
            row = desk.store.cases[case.id]
            desk.store.cases[case.id] = replace(row, version=row.version + 1, reports=1)

    desk.platform.fault = join
    after = await desk.review.act(click(case))
    assert (after.state, after.reports) == (CaseState.RESOLVED, 1)
