"""The transition table: what it names is legal, everything else raises and changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from moderation import cases, evidence
from moderation.cases import TRANSITIONS, advance, holder
from moderation.errors import IllegalMove
from moderation.types import (
    ActionId,
    Case,
    CaseId,
    CaseState,
    ChannelId,
    GuildId,
    MessageId,
    Moderator,
    Owner,
    Risk,
    Severity,
    Signal,
    UserId,
)

NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)
MIA = UserId("mia")

EVENTS: tuple[cases.Event, ...] = (
    cases.Joined(at=LATER),
    cases.Grown(at=LATER),
    cases.Claimed(at=LATER, by=MIA, until=LATER + timedelta(minutes=15)),
    cases.Released(at=LATER),
    cases.ActRequested(at=LATER, by=MIA, action=ActionId("1.2")),
    cases.ActionApplied(at=LATER),
    cases.ActionFailed(at=LATER, code="permission:50013"),
    cases.Noticed(at=LATER),
    cases.Dismissed(at=LATER, by=MIA),
    cases.UndoRequested(at=LATER, by=MIA, action=ActionId("1.9")),
    cases.UndoApplied(at=LATER),
    cases.UndoFailed(at=LATER, code="gone:10007"),
)


def a_case(state: CaseState = CaseState.OPEN, **fields: object) -> Case:
    case = Case(
        id=CaseId(1),
        guild=GuildId("g"),
        channel=ChannelId("c"),
        incident="toxicity:tom",
        subject=UserId("tom"),
        state=state,
        version=1,
        severity=Severity.MEDIUM,
        risk=Risk.FORUM,
        owner=Owner.MODERATORS,
        score=0.9,
        opened_at=NOON,
        active_at=NOON,
        updated_at=NOON,
        messages=(MessageId("m1"),),
    )
    return replace(case, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(("state", "event"), list(product(CaseState, EVENTS)))
def test_the_table_is_the_law(state: CaseState, event: cases.Event) -> None:
    case = a_case(state)
    expected = TRANSITIONS.get((state, type(event)))
    if expected is None:
        with pytest.raises(IllegalMove) as refused:
            advance(case, event)
        assert refused.value.facts["state"] == state.value
        return
    after = advance(case, event)
    assert (after.state, after.version, after.updated_at) == (expected, 2, LATER)


def test_every_event_has_a_place_in_the_table() -> None:
    assert {event for _, event in TRANSITIONS} == {type(event) for event in EVENTS}


def test_joining_adds_what_is_new_and_raises_what_is_worse() -> None:
    insult = Signal(kind="toxicity.insult", risk=Risk.FORUM, score=0.9)
    threat = Signal(kind="toxicity.threat", risk=Risk.SAFETY, score=0.8)
    after = advance(
        a_case(signals=(insult,)),
        cases.Joined(
            at=LATER,
            signals=(insult, threat),
            messages=(MessageId("m1"), MessageId("m2")),
            severity=Severity.CRITICAL,
            score=0.4,
            reports=1,
        ),
    )
    assert after.signals == (insult, threat)
    assert after.messages == ("m1", "m2")
    assert (after.severity, after.score, after.reports) == (Severity.CRITICAL, 0.9, 1)


def test_a_decision_ends_the_claim_and_names_who_decided() -> None:
    claimed = advance(a_case(), EVENTS[2])
    assert holder(claimed, LATER) == MIA
    decided = advance(claimed, cases.Dismissed(at=LATER, by=MIA))
    assert (decided.decided_by, decided.claimed_by) == (MIA, None)


def test_a_claim_ends_by_itself() -> None:
    claimed = advance(a_case(), EVENTS[2])
    assert holder(claimed, LATER + timedelta(minutes=14)) == MIA
    assert holder(claimed, LATER + timedelta(minutes=15)) is None


def test_undoing_a_dismissal_opens_the_case_again() -> None:
    dismissed = advance(a_case(), cases.Dismissed(at=LATER, by=MIA))
    again = advance(dismissed, cases.UndoRequested(at=LATER, by=MIA))
    assert (again.state, again.decided_by, again.action) == (CaseState.OPEN, None, None)


def test_choices_follow_the_state_and_the_right() -> None:
    stranger = Moderator(id=UserId("x"), guild=GuildId("g"))
    mia = Moderator(id=MIA, guild=GuildId("g"), may_moderate=True)
    assert cases.actions_for(a_case(), stranger, NOON) == cases.Choices()
    assert cases.actions_for(a_case(), mia, NOON).dismiss
    assert cases.actions_for(a_case(CaseState.ACTING), mia, NOON) == cases.Choices()
    assert cases.actions_for(a_case(CaseState.RESOLVED), mia, NOON) == cases.Choices(undo=True)


def test_only_the_holder_may_give_a_claim_back() -> None:
    claimed = advance(a_case(), EVENTS[2])
    mia = Moderator(id=MIA, guild=GuildId("g"), may_moderate=True)
    jo = replace(mia, id=UserId("jo"))
    assert cases.actions_for(claimed, mia, LATER).release
    assert not cases.actions_for(claimed, jo, LATER).release


def test_a_case_keeps_its_first_and_its_gravest_signals() -> None:
    first = Signal(kind="spam.mentions", risk=Risk.FORUM, score=0.5, message=MessageId("0"))
    mild = tuple(
        Signal(kind="link.invite", risk=Risk.FORUM, score=n / 100, message=MessageId(str(n)))
        for n in range(1, 40)
    )
    grave = Signal(kind="toxicity.threat", risk=Risk.SAFETY, score=0.7, message=MessageId("50"))
    kept = evidence.merged((first, *mild[:20], grave), mild[20:])
    assert len(kept) == evidence.SIGNALS
    assert kept[0] == first
    assert grave in kept
    assert kept[-1] == mild[-1]
