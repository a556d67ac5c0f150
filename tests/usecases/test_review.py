"""Deciding a case: who may, who was first, what Discord said, and what a crash leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from moderation.cases import Noticed
from moderation.changing import change
from moderation.errors import (
    IllegalMove,
    NotAllowed,
    Overtaken,
    PlatformFailure,
    PlatformUnreachable,
    StoreError,
)
from moderation.types import (
    Action,
    ActionKind,
    ActionState,
    Case,
    CaseId,
    CaseState,
    ChannelId,
    GuildId,
    MessageId,
    MessageRef,
    Mode,
    NoticeState,
    Policy,
    UserId,
)
from tests.fakes.platform import FakePlatform
from tests.fakes.store import FakeStore
from tests.usecases.desk import NOON, Desk, FaultyStore, TickingClock, click, message, moderator


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
            MessageRef(channel=ChannelId("queue"), message=MessageId("a copy")),
            "not_this_card",
        ),
    ],
)
async def test_a_stranger_another_guild_and_a_copied_card_do_nothing(
    desk: Desk, by: object, card: MessageRef | None, code: str
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
    desk.clock.pass_by(minutes=14)
    await desk.housekeeping.resume()
    assert (await desk.row(case.id)).state is CaseState.ACTING
    desk.clock.pass_by(minutes=2)
    await desk.housekeeping.resume()
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
    await desk.housekeeping.resume()
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
    await reborn.housekeeping.resume()
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


def silent_at(name: str) -> Callable[[str, str], None]:
    def fault(phase: str, called: str) -> None:
        if called == name:
            raise PlatformUnreachable("503")

    return fault


def quiet(phase: str, name: str) -> None:
    """No fault any more."""


async def test_giving_up_counts_from_the_first_try_of_this_process(desk: Desk) -> None:
    case = await desk.opened(recommended=ActionKind.TIMEOUT)
    desk.platform.fault = silent_at("apply")
    await desk.review.act(click(case))
    desk.clock.pass_by(hours=3)
    reborn = Desk(desk.store, desk.platform, desk.clock)
    await reborn.housekeeping.resume()
    assert (await desk.row(case.id)).state is CaseState.ACTING
    desk.platform.fault = quiet
    await reborn.housekeeping.resume()
    assert (await desk.row(case.id)).state is CaseState.RESOLVED


@pytest.mark.parametrize("kind", [ActionKind.BAN, ActionKind.KICK])
async def test_a_ban_does_not_wait_for_the_members_messages(desk: Desk, kind: ActionKind) -> None:
    case = await desk.opened(recommended=kind)
    desk.platform.fault = silent_at("notify")
    done = await desk.review.act(click(case))
    assert done.state is CaseState.RESOLVED
    assert list(desk.platform.applied.values()) == [kind]
    desk.platform.fault = quiet
    await desk.housekeeping.resume()
    assert (await desk.store.action(done.action)).notice is NoticeState.SENT


async def test_an_undo_that_failed_can_be_tried_again(desk: Desk) -> None:
    done = await desk.review.act(click(await desk.opened(recommended=ActionKind.BAN)))

    def refuse(phase: str, name: str) -> None:
        if name == "apply":
            raise PlatformFailure("permission")

    desk.platform.fault = refuse
    failed = await desk.review.undo(click(done))
    assert (failed.state, failed.failure) == (CaseState.RESOLVED, "permission")
    desk.platform.fault = quiet
    undone = await desk.review.undo(click(failed))
    assert undone.state is CaseState.OPEN
    assert (await desk.store.action(undone.action)).reverses == done.action
    assert (await desk.store.history(done.guild, done.subject)).actions == 0


async def test_an_effect_that_was_taken_back_meanwhile_is_not_repeated(desk: Desk) -> None:
    case = await desk.opened(recommended=ActionKind.BAN)
    desk.platform.fault = silent_at("apply")
    waiting = await desk.review.act(click(case))
    desk.platform.fault = quiet
    [stale] = await desk.store.unfinished()
    await desk.acting.carry_out(stale)
    undone = await desk.review.undo(click(await desk.row(case.id)))
    await desk.acting.carry_out(stale)
    assert [action.id for action in desk.platform.done] == [waiting.action, undone.action]


async def test_nobody_gains_rights_through_the_bot(desk: Desk) -> None:
    helper = replace(moderator("sam"), may=frozenset({ActionKind.WARN, ActionKind.REMOVE}))
    case = await desk.opened(recommended=ActionKind.BAN)
    _, choices = await desk.review.choices(click(case, helper))
    assert choices.recommended is None
    assert choices.actions == (ActionKind.WARN, ActionKind.REMOVE)
    for kind in (None, ActionKind.BAN, ActionKind.KICK):
        with pytest.raises(NotAllowed) as refused:
            await desk.review.act(click(case, helper), kind)
        assert refused.value.code == "not_your_right"
    banned = await desk.review.act(click(case))
    with pytest.raises(NotAllowed):
        await desk.review.undo(click(banned, helper))
    assert list(desk.platform.applied.values()) == [ActionKind.BAN]


def in_mode(desk: Desk, mode: Mode) -> Desk:
    """The next process, on the same database, with another mode."""
    return Desk(desk.store, desk.platform, desk.clock, policy=Policy(mode=mode))


async def test_what_was_decided_in_shadow_never_reaches_members(desk: Desk) -> None:
    shadow = in_mode(desk, Mode.SHADOW)
    done = await shadow.review.act(click(await shadow.opened(recommended=ActionKind.BAN)))
    assert done.state is CaseState.RESOLVED
    real = in_mode(desk, Mode.QUEUE)
    undone = await real.review.undo(click(done))
    assert undone.state is CaseState.OPEN
    assert (desk.platform.applied, desk.platform.notices) == ({}, {})
    assert (await real.review.act(click(undone))).state is CaseState.RESOLVED
    assert list(desk.platform.applied.values()) == [ActionKind.BAN]


async def test_what_was_really_done_is_not_taken_back_in_shadow(desk: Desk) -> None:
    done = await desk.review.act(click(await desk.opened(recommended=ActionKind.BAN)))
    with pytest.raises(IllegalMove) as refused:
        await in_mode(desk, Mode.SHADOW).review.undo(click(done))
    assert refused.value.code == "undo_in_shadow"
    assert await desk.row(done.id) == done


async def test_a_notice_that_is_refused_is_shown_and_not_fatal(desk: Desk) -> None:
    def refuse(phase: str, name: str) -> None:
        if name == "notify":
            raise PlatformFailure("unknown:50035")

    desk.platform.fault = refuse
    done = await desk.review.act(click(await desk.opened(recommended=ActionKind.WARN)))
    assert done.state is CaseState.RESOLVED
    assert (await desk.store.action(done.action)).notice is NoticeState.FAILED


async def test_a_notice_without_an_answer_is_given_up_in_the_end(desk: Desk) -> None:
    desk.platform.fault = silent_at("notify")
    done = await desk.review.act(click(await desk.opened(recommended=ActionKind.WARN)))
    desk.clock.pass_by(minutes=16)
    await desk.housekeeping.resume()
    assert (await desk.store.action(done.action)).notice is NoticeState.FAILED
    assert await desk.store.unfinished() == []


async def test_the_same_action_is_not_carried_out_twice_at_once(desk: Desk) -> None:
    case = await desk.opened(recommended=ActionKind.TIMEOUT)
    apply = desk.platform.apply

    async def meanwhile(action: Action) -> None:
        assert (await desk.acting.carry_out(action)).state is CaseState.ACTING
        await apply(action)

    desk.platform.apply = meanwhile  # type: ignore[method-assign]
    assert (await desk.review.act(click(case))).state is CaseState.RESOLVED
    assert len(desk.platform.done) == 1


async def test_an_action_of_a_case_that_is_gone_is_an_error(desk: Desk) -> None:
    done = await desk.review.act(click(await desk.opened(recommended=ActionKind.WARN)))
    action = await desk.store.action(done.action)
    with pytest.raises(StoreError, match="case 99"):
        await desk.acting.carry_out(replace(action, case=CaseId(99)))
    with pytest.raises(NotAllowed):
        await desk.review.enforce(CaseId(99), ())


async def test_a_claim_can_be_given_back(desk: Desk) -> None:
    case = await desk.review.claim(click(await desk.opened(), moderator("jo")))
    with pytest.raises(Overtaken):
        await desk.review.release(click(case))
    free = await desk.review.release(click(case, moderator("jo")))
    assert free.claimed_by is None


async def test_only_what_failed_can_be_retried_and_only_what_is_decided_undone(desk: Desk) -> None:
    case = await desk.opened(recommended=ActionKind.WARN)
    for press in (desk.review.retry, desk.review.undo):
        with pytest.raises(IllegalMove):
            await press(click(case))
    assert await desk.row(case.id) == case


async def test_a_case_that_is_not_there_is_refused(desk: Desk) -> None:
    case = await desk.opened()
    with pytest.raises(NotAllowed):
        await desk.review.act(replace(click(case), case=99))
    assert (await desk.review.dismiss(replace(click(case), card=None))).state is CaseState.DISMISSED


async def test_acting_alone_leaves_a_decided_case_alone(desk: Desk) -> None:
    case = await desk.review.dismiss(click(await desk.opened()))
    where = MessageRef(channel=case.channel, message=case.messages[0])
    assert (await desk.review.enforce(case.id, (where,))).version == case.version
    assert desk.platform.done == []


async def test_a_row_that_never_holds_still_is_an_error(desk: Desk) -> None:
    case = await desk.opened()

    async def lost(*_: object, **__: object) -> bool:
        return False

    desk.store.save = lost
    where = MessageRef(channel=case.channel, message=case.messages[0])
    with pytest.raises(StoreError, match="20 times"):
        await desk.review.enforce(case.id, (where,))
    with pytest.raises(StoreError, match="50 times"):
        await change(desk.store, case.id, Noticed(at=desk.clock.now()))
    with pytest.raises(StoreError, match="not in the database"):
        await change(desk.store, CaseId(99), Noticed(at=desk.clock.now()))


async def test_what_comes_while_a_decision_is_carried_out_is_a_case_of_its_own(desk: Desk) -> None:
    await desk.screening.screen(message(1, "you are an idiot"))
    [case] = await desk.cases()
    apply = desk.platform.apply

    async def meanwhile(action: Action) -> None:
        await desk.screening.screen(message(2, "idiot, I will find you"))
        await apply(action)

    desk.platform.apply = meanwhile  # type: ignore[method-assign]
    await desk.review.act(click(case), ActionKind.REMOVE)
    [fresh] = await desk.cases()
    assert fresh.messages == ("000002",)


async def test_a_message_is_decided_in_one_place(desk: Desk) -> None:
    one = message(1, "you are an idiot")
    await desk.screening.screen(one)
    first = await desk.review.dismiss(click((await desk.cases())[0]))
    turned = replace(one, text="idiot, I will find you", edited_at=NOON + timedelta(minutes=1))
    await desk.screening.edited(turned)
    with pytest.raises(IllegalMove) as refused:
        await desk.review.undo(click(first))
    assert (refused.value.code, refused.value.facts) == ("newer_case", {"number": 2})
    await desk.review.dismiss(click((await desk.cases())[0]))
    assert (await desk.review.undo(click(await desk.row(2)))).state is CaseState.OPEN


async def test_what_was_decided_before_shadow_mode_is_held_back(desk: Desk) -> None:
    case = await desk.opened(recommended=ActionKind.BAN)
    desk.platform.fault = silent_at("apply")
    waiting = await desk.review.act(click(case))
    desk.platform.fault = quiet
    shadow = in_mode(desk, Mode.SHADOW)
    await shadow.housekeeping.resume()
    row = await desk.row(case.id)
    assert (row.state, row.failure) == (CaseState.FAILED, "shadow")
    assert desk.platform.done == []
    assert (await desk.store.action(waiting.action)).state is ActionState.FAILED


async def test_a_pending_notice_waits_out_shadow_mode(desk: Desk) -> None:
    desk.platform.fault = silent_at("notify")
    done = await desk.review.act(click(await desk.opened(recommended=ActionKind.WARN)))
    desk.platform.fault = quiet
    await in_mode(desk, Mode.SHADOW).housekeeping.resume()
    assert (await desk.store.action(done.action)).notice is NoticeState.PENDING


async def test_a_ban_that_is_refused_after_the_notice_says_so(desk: Desk) -> None:
    case = await desk.opened(recommended=ActionKind.BAN)

    def refuse(phase: str, name: str) -> None:
        if name == "apply":
            raise PlatformFailure("permission:50013")

    desk.platform.fault = refuse
    failed = await desk.review.act(click(case))
    assert (await desk.store.action(failed.action)).notice is NoticeState.SENT
    assert "member.notice" in [entry.event for entry in await desk.store.audit()]


async def test_only_what_is_held_can_be_given_back_and_by_whom_is_on_record(desk: Desk) -> None:
    case = await desk.opened()
    with pytest.raises(IllegalMove):
        await desk.review.release(click(case))
    await desk.review.claim(click(case, moderator("jo")))
    await desk.review.release(click(case, moderator("jo")))
    assert (await desk.store.audit())[-1].actor == "jo"


@pytest.mark.parametrize("press", ["act", "dismiss", "claim"])
async def test_a_card_that_grows_meanwhile_takes_nothing_from_a_decision(
    desk: Desk, press: str
) -> None:
    case = await desk.opened(recommended=ActionKind.TIMEOUT)
    save, grown = desk.store.save, []

    async def grows_first(before: Case, *args: object, **kwargs: object) -> bool:
        if not grown:
            grown.append(1)
            row = desk.store.cases[before.id]
            desk.store.cases[before.id] = replace(row, version=row.version + 1)
        return await save(before, *args, **kwargs)

    desk.store.save = grows_first
    after = await getattr(desk.review, press)(click(case))
    assert after.state is not CaseState.OPEN or after.claimed_by == "mia"
    if press == "act":
        assert [action.id for action in desk.platform.done] == [after.action] == [f"{case.id}.3"]


async def test_acting_alone_yields_to_whoever_is_faster(desk: Desk) -> None:
    case = await desk.opened()
    save = desk.store.save

    async def somebody_first(before: Case, *args: object, **kwargs: object) -> bool:
        desk.store.save = save
        await desk.review.dismiss(click(case))
        return await save(before, *args, **kwargs)

    desk.store.save = somebody_first
    where = MessageRef(channel=case.channel, message=case.messages[0])
    assert (await desk.review.enforce(case.id, (where,))).state is CaseState.DISMISSED
    assert desk.platform.done == []
