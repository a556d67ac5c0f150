"""The life of a case: every legal transition in one table.

``advance(case, event)`` is the only way a case changes. An event the table does not name raises
``IllegalMove`` and changes nothing. Every accepted event raises ``version`` by one; stores write
with ``WHERE version = ?`` so that of two people exactly one wins.

::

            Joined, Grown, Claimed, Released        (Joined, Grown, Noticed: in every state)
               ┌────┐
               ▼    │    ActRequested          ActionApplied
    (new) ──► OPEN ─┴───────────────► ACTING ─────────────────► RESOLVED
               ▲ ▲ │                   │  ▲                        │
               │ │ │ Dismissed         │  │ ActRequested           │
               │ │ ▼                   ▼  │                        │ UndoRequested
               │ DISMISSED           FAILED ──Dismissed──►         ▼
               │  UndoRequested                 DISMISSED       UNDOING ── UndoFailed ──► RESOLVED
               └────────────────────── UndoApplied ────────────────┘
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from moderation.errors import IllegalMove
from moderation.evidence import merged
from moderation.heat import heat_of, raised, without_heat
from moderation.types import (
    ActionId,
    ActionKind,
    Case,
    CaseState,
    Message,
    MessageId,
    Moderator,
    Owner,
    Reason,
    Risk,
    Severity,
    Signal,
    UserId,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """More of the same incident: detections, edits, reports, further messages.

    ``at`` is when it became known, ``happened`` the event time of the content, if there is any. The
    gravest content decides about ``risk``, ``owner`` and ``recommended``: given with a severity
    above the case's, they replace its own. ``heat`` is why the exchange around it is heated; it makes
    the case more urgent, whatever is in it.
    """

    at: datetime
    happened: datetime | None = None
    signals: tuple[Signal, ...] = ()
    messages: tuple[MessageId, ...] = ()
    severity: Severity = Severity.LOW
    score: float = 0.0
    reports: int = 0
    risk: Risk | None = None
    owner: Owner | None = None
    recommended: ActionKind | None = None
    heat: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """What a card quotes has changed (messages after it, a deletion); the decision has not."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A moderator is on it; the lease ends by itself at ``until``."""

    at: datetime
    by: UserId
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """The moderator gave it back; without anybody the lease ended by itself."""

    at: datetime
    by: UserId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActRequested:
    """A moderator decided on an action; it is committed before Discord is asked."""

    at: datetime
    by: UserId
    action: ActionId


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionApplied:
    """Discord said yes."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionFailed:
    """Discord said no, with a code; the moderator may retry or choose something else."""

    at: datetime
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """The member was told, or could not be told."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Dismissed:
    """A moderator saw nothing wrong; final for that content."""

    at: datetime
    by: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoRequested:
    """A moderator takes the decision back. ``action`` is the reversing one, if there is one."""

    at: datetime
    by: UserId
    action: ActionId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoApplied:
    """The action is taken back as far as the platform allows."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoFailed:
    """The action could not be taken back and still stands."""

    at: datetime
    code: str


Event = (
    Joined
    | Grown
    | Claimed
    | Released
    | ActRequested
    | ActionApplied
    | ActionFailed
    | Noticed
    | Dismissed
    | UndoRequested
    | UndoApplied
    | UndoFailed
)

_S = CaseState
TRANSITIONS: Mapping[tuple[CaseState, type[Event]], CaseState] = {
    (_S.OPEN, Joined): _S.OPEN,
    (_S.OPEN, Grown): _S.OPEN,
    (_S.OPEN, Claimed): _S.OPEN,
    (_S.OPEN, Released): _S.OPEN,
    (_S.OPEN, ActRequested): _S.ACTING,
    (_S.OPEN, Dismissed): _S.DISMISSED,
    (_S.ACTING, Joined): _S.ACTING,
    (_S.ACTING, Grown): _S.ACTING,
    (_S.ACTING, ActionApplied): _S.RESOLVED,
    (_S.ACTING, ActionFailed): _S.FAILED,
    (_S.FAILED, Joined): _S.FAILED,
    (_S.FAILED, Grown): _S.FAILED,
    (_S.FAILED, Claimed): _S.FAILED,
    (_S.FAILED, Released): _S.FAILED,
    (_S.FAILED, ActRequested): _S.ACTING,
    (_S.FAILED, Dismissed): _S.DISMISSED,
    (_S.RESOLVED, Joined): _S.RESOLVED,
    (_S.RESOLVED, Grown): _S.RESOLVED,
    (_S.RESOLVED, UndoRequested): _S.UNDOING,
    (_S.DISMISSED, Joined): _S.DISMISSED,
    (_S.DISMISSED, Grown): _S.DISMISSED,
    (_S.DISMISSED, UndoRequested): _S.OPEN,
    (_S.UNDOING, Joined): _S.UNDOING,
    (_S.UNDOING, Grown): _S.UNDOING,
    (_S.UNDOING, UndoApplied): _S.OPEN,
    (_S.UNDOING, UndoFailed): _S.RESOLVED,
    **{(state, Noticed): state for state in CaseState},
}

UNDECIDED = frozenset({_S.OPEN, _S.ACTING, _S.FAILED, _S.UNDOING})
"""States in which a case is in the queue."""

OPEN_TO_MORE = UNDECIDED - {_S.ACTING}
"""States in which more of the incident joins the case instead of opening another. What comes while
a decision is being carried out was not seen by who decided.
"""

DECIDED = frozenset({_S.ACTING, _S.RESOLVED, _S.DISMISSED})
"""States in which a person's verdict on the content stands."""


def advance(case: Case, event: Event) -> Case:
    """The case after ``event``, one version on.

    Raises ``IllegalMove`` (facts: state, event) when the table has no such transition.
    """
    state = TRANSITIONS.get((case.state, type(event)))
    if state is None:
        raise IllegalMove("illegal_move", state=case.state.value, event=type(event).__name__)
    moved = replace(
        case, state=state, version=case.version + 1, updated_at=max(case.updated_at, event.at)
    )
    return _changed(moved, event)


def _changed(case: Case, event: Event) -> Case:
    match event:
        case Joined():
            return _joined(case, event)
        case Claimed():
            return replace(case, claimed_by=event.by, claimed_until=event.until)
        case Released():
            return replace(case, claimed_by=None, claimed_until=None)
        case ActRequested():
            return _decided(case, event.by, event.at, event.action)
        case Dismissed():
            return _decided(case, event.by, event.at, None)
        case ActionFailed() | UndoFailed():
            return replace(case, failure=event.code)
        case UndoRequested():
            return _undone(case, event)
        case UndoApplied():
            return replace(case, decided_by=None, decided_at=None, failure="")
        case Grown() | ActionApplied() | Noticed():
            return case
        case _ as never:
            assert_never(never)


def _joined(case: Case, event: Joined) -> Case:
    happened = event.happened or case.active_at
    return _graver(
        replace(
            case,
            signals=merged(case.signals, event.signals),
            messages=case.messages + tuple(m for m in event.messages if m not in case.messages),
            opened_at=min(case.opened_at, happened),
            active_at=max(case.active_at, happened),
            score=max(case.score, event.score),
            reports=case.reports + event.reports,
        ),
        event,
    )


def _graver(case: Case, event: Joined) -> Case:
    """What is graver than all before decides who looks at the case and what is recommended.

    What heat adds to the urgency is no gravity: it is taken off before and put on again after.
    """
    before = without_heat(case.severity, case.reasons)
    heat = event.heat or heat_of(case.reasons)
    severity, reasons = raised(max(before, event.severity), case.reasons, heat)
    weighed = replace(case, severity=severity, reasons=reasons)
    if event.severity <= before:
        return weighed
    return replace(
        weighed,
        risk=event.risk or case.risk,
        owner=event.owner or case.owner,
        recommended=event.recommended or case.recommended,
    )


def _decided(case: Case, by: UserId, at: datetime, action: ActionId | None) -> Case:
    return replace(
        case,
        decided_by=by,
        decided_at=at,
        action=action,
        failure="",
        claimed_by=None,
        claimed_until=None,
    )


def _undone(case: Case, event: UndoRequested) -> Case:
    if case.state is CaseState.OPEN:
        return replace(case, decided_by=None, decided_at=None, action=None)
    return replace(case, action=event.action, failure="")


def action_id(case: Case) -> ActionId:
    """The id of the action that the next transition of ``case`` requests."""
    return ActionId(f"{case.id}.{case.version + 1}")


def holder(case: Case, now: datetime) -> UserId | None:
    """Who holds the claim at ``now``; an ended lease holds nothing."""
    if case.claimed_until is None or case.claimed_until <= now:
        return None
    return case.claimed_by


def incident_key(message: Message, family: str) -> str:
    """What detections of one incident share: the author and the family of the signal.

    A burst over channels by one author is one incident, so the channel is not part of it; and an
    advert is one incident whether its link or its repetition is noticed first.
    """
    return f"{'spam' if family == 'link' else family}:{message.author.id}"


def belongs(case: Case, at: datetime, within: timedelta) -> bool:
    """Whether something at ``at`` (event time) still belongs to an undecided case."""
    return case.state in OPEN_TO_MORE and case.opened_at - within <= at <= case.active_at + within


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a moderator may do now; it decides the buttons of every front-end."""

    recommended: ActionKind | None = None
    actions: tuple[ActionKind, ...] = ()
    dismiss: bool = False
    claim: bool = False
    release: bool = False
    undo: bool = False


def actions_for(case: Case, moderator: Moderator | None, now: datetime) -> Choices:
    """The choices on ``case`` for ``moderator``; ``None`` stands for anybody who may moderate."""
    if moderator is not None and not moderator.may_moderate:
        return Choices()
    match case.state:
        case CaseState.OPEN | CaseState.FAILED:
            held = holder(case, now)
            may = frozenset(ActionKind) if moderator is None else moderator.may
            return Choices(
                recommended=case.recommended if case.recommended in may else None,
                actions=tuple(kind for kind in ActionKind if kind in may),
                dismiss=True,
                claim=held is None,
                release=held is not None and (moderator is None or held == moderator.id),
            )
        case CaseState.RESOLVED | CaseState.DISMISSED:
            return Choices(undo=True)
        case CaseState.ACTING | CaseState.UNDOING:
            return Choices()
        case _ as never:
            assert_never(never)
