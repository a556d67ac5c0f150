"""A person decides: claim, act, dismiss, undo, retry.

A decision is committed (``REQUESTED``) before anything is asked of the platform; what follows is
``moderation.acting``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from moderation.acting import Acting
from moderation.cases import (
    UNDECIDED,
    ActRequested,
    Choices,
    Claimed,
    Dismissed,
    Released,
    UndoRequested,
    action_id,
    actions_for,
    advance,
    holder,
)
from moderation.drawing import Cards
from moderation.errors import (
    IllegalMove,
    NotAllowed,
    Overtaken,
    StoreError,
)
from moderation.ports import Clock, Store
from moderation.types import (
    Action,
    ActionKind,
    ActionState,
    Case,
    CaseId,
    CaseState,
    ChannelId,
    Draft,
    MessageRef,
    Mode,
    Moderator,
    NoticeState,
    Policy,
    UserId,
)

_TRIES = 20

_Decision = ActRequested | Claimed | Dismissed | Released | UndoRequested


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """Who pressed what: the case's id from the button, the card it stood on, the person's rights.

    ``card`` is ``None`` for front-ends that have no card (the console).
    """

    case: CaseId
    by: Moderator
    card: MessageRef | None = None


class Review:
    """Moderators' decisions and what follows from them."""

    def __init__(
        self,
        *,
        store: Store,
        acting: Acting,
        cards: Cards,
        clock: Clock,
        policy: Policy,
    ) -> None:
        self._store = store
        self._acting = acting
        self._cards = cards
        self._clock = clock
        self._policy = policy

    async def choices(self, click: Click) -> tuple[Case, Choices]:
        """The case and what this person may do with it now; raises as ``act`` does."""
        case = await self._opened(click)
        return case, actions_for(case, click.by, self._clock.now())

    async def act(
        self,
        click: Click,
        kind: ActionKind | None = None,
        redirect_to: ChannelId | None = None,
    ) -> Case:
        """Carry out ``kind``, or what is recommended; returns the case as it stands afterwards.

        Raises ``NotAllowed`` (not a moderator, not this case's card), ``Overtaken`` (decided or
        claimed by somebody else), ``IllegalMove`` (nothing is recommended).
        """
        case = await self._undecided(click)
        chosen = kind or case.recommended
        if chosen is None:
            raise IllegalMove("nothing_recommended")
        _require(click.by, chosen)
        action = await self._requested(case, click.by.id, chosen, redirect_to)
        event = ActRequested(at=action.requested_at, by=click.by.id, action=action.id)
        _, written = await self._decide(case, event, f"action.{chosen.value}.requested", action)
        return await self._acting.carry_out(written or action)

    async def enforce(self, case: CaseId, messages: Sequence[MessageRef]) -> Case:
        """Remove messages of a case without a person: only for what the policy names.

        Nothing else is ever done without one. A case that somebody decided meanwhile is left alone.
        """
        row = await self._row(case)
        if row.state is not CaseState.OPEN:
            return row
        action = self._removal(row, messages)
        event = ActRequested(at=action.requested_at, by=action.requested_by, action=action.id)
        try:
            _, written = await self._decide(row, event, "action.remove.requested", action)
        except Overtaken:  # somebody decided, or more has joined: a person looks at it
            await self._cards.draw(case)
            return await self._row(case)
        return await self._acting.carry_out(written or action)

    async def dismiss(self, click: Click) -> Case:
        """Nothing wrong here: final for that content. Raises as ``act`` does."""
        case = await self._undecided(click)
        event = Dismissed(at=self._clock.now(), by=click.by.id)
        return await self._decided_without_action(case, event, "case.dismissed")

    async def claim(self, click: Click) -> Case:
        """Take the case for a while (``policy.claim_for``). Raises as ``act`` does."""
        case = await self._undecided(click)
        now = self._clock.now()
        event = Claimed(at=now, by=click.by.id, until=now + self._policy.claim_for)
        return await self._decided_without_action(case, event, "case.claimed")

    async def release(self, click: Click) -> Case:
        """Give a claim back. Raises as ``act`` does."""
        case = await self._undecided(click)
        now = self._clock.now()
        if holder(case, now) is None:
            raise IllegalMove("nothing_held")
        event = Released(at=now, by=click.by.id)
        return await self._decided_without_action(case, event, "case.released")

    async def undo(self, click: Click) -> Case:
        """Take the decision back; the case is open again. Raises as ``act`` does."""
        case = await self._opened(click)
        if not actions_for(case, click.by, self._clock.now()).undo:
            raise IllegalMove("illegal_move", state=case.state.value, event="undo")
        await self._require_only_place(case)
        action = await self._reversal(case, click.by)
        if action is not None:
            _require(click.by, action.kind)
            self._require_same_world(action)
        event = UndoRequested(
            at=self._clock.now(), by=click.by.id, action=action.id if action else None
        )
        if action is None:
            return await self._decided_without_action(case, event, "case.reopened")
        _, written = await self._decide(case, event, "action.undo.requested", action)
        return await self._acting.carry_out(written or action)

    async def retry(self, click: Click) -> Case:
        """Try the action that failed once more. Raises as ``act`` does."""
        case = await self._undecided(click)
        failed = await self._store.action(case.action) if case.action else None
        if case.state is not CaseState.FAILED or failed is None:
            raise IllegalMove("illegal_move", state=case.state.value, event="retry")
        return await self.act(click, failed.kind, failed.redirect_to)

    async def _decided_without_action(self, case: Case, event: _Decision, name: str) -> Case:
        after, _ = await self._decide(case, event, name)
        await self._cards.draw(case.id)
        return after

    async def _decide(
        self, case: Case, event: _Decision, name: str, action: Action | None = None
    ) -> tuple[Case, Action | None]:
        """The case as decided, and the action as it was written.

        What a card quotes may grow at any moment; that takes nothing from a decision, so it is
        made again on the newer row. Anything else means that somebody was faster.
        """
        for _ in range(_TRIES):
            after = advance(case, event)
            by = getattr(event, "by", None) or case.claimed_by or "system"
            audit = (_decision(after, str(by), name, action),)
            if await self._store.save(case, after, audit, action=action):
                return after, action
            row = await self._row(case.id)
            if _differs(case, row):
                raise self._overtaken(row)
            case, event, action = _anew(row, event, action)
        raise StoreError(f"case {case.id} changed {_TRIES} times while it was being decided")

    async def _opened(self, click: Click) -> Case:
        case = await self._store.case(click.case)
        if case is None or case.guild != click.by.guild or not _own_card(case, click.card):
            raise NotAllowed("not_this_card")
        if not click.by.may_moderate:
            raise NotAllowed("not_a_moderator")
        return case

    async def _undecided(self, click: Click) -> Case:
        case = await self._opened(click)
        held = holder(case, self._clock.now())
        if case.state not in {CaseState.OPEN, CaseState.FAILED}:
            raise self._overtaken(case)
        if held is not None and held != click.by.id:
            raise Overtaken("claimed", by=held)
        return case

    def _overtaken(self, case: Case) -> Overtaken:
        by = case.decided_by or holder(case, self._clock.now()) or ""
        return Overtaken("overtaken", by=by, state=case.state.value)

    async def _requested(
        self, case: Case, by: UserId, kind: ActionKind, redirect_to: ChannelId | None
    ) -> Action:
        also = await self._others(case) if kind is ActionKind.REMOVE else ()
        return replace(
            self._drafted(case, by, kind),
            also=also,
            until=self._until(kind),
            redirect_to=redirect_to,
        )

    def _removal(self, case: Case, messages: Sequence[MessageRef]) -> Action:
        """Only these messages, the first of them as its subject."""
        return replace(
            self._drafted(case, UserId("system"), ActionKind.REMOVE),
            channel=messages[0].channel,
            message=messages[0].message,
            also=tuple(messages[1:]),
        )

    def _drafted(self, case: Case, by: UserId, kind: ActionKind) -> Action:
        simulated = self._policy.mode is Mode.SHADOW
        return Action(
            id=action_id(case),
            case=case.id,
            guild=case.guild,
            channel=case.channel,
            kind=kind,
            target=case.subject,
            message=case.messages[0],
            state=ActionState.REQUESTED,
            requested_by=by,
            requested_at=self._clock.now(),
            simulated=simulated,
            notice=_first_notice(kind, simulated=simulated),
        )

    async def _others(self, case: Case) -> tuple[MessageRef, ...]:
        """The case's further messages by its subject, where their places are known."""
        kept = {
            quote.message: MessageRef(channel=quote.channel, message=quote.message)
            for quote in await self._store.quotes(case.id)
            if quote.channel and quote.author == case.subject
        }
        return tuple(kept[message] for message in case.messages[1:] if message in kept)

    def _until(self, kind: ActionKind) -> datetime | None:
        if kind is not ActionKind.TIMEOUT:
            return None
        return self._clock.now() + self._policy.timeout_for

    async def _reversal(self, case: Case, by: Moderator) -> Action | None:
        done = await self._store.action(case.action) if case.action else None
        if done is None:
            return None
        return replace(
            done,
            id=action_id(case),
            state=ActionState.REQUESTED,
            requested_by=by.id,
            requested_at=self._clock.now(),
            finished_at=None,
            reverses=done.reverses or done.id,  # after an undo that failed, ``done`` is that undo
            failure="",
            notice=_first_notice(done.kind, simulated=done.simulated),
        )

    async def _require_only_place(self, case: Case) -> None:
        """A message is decided in one place: not again here while a newer case holds it."""
        for message in case.messages:
            newest = await self._store.case_of(case.guild, message)
            if newest is not None and newest.id != case.id and newest.state in UNDECIDED:
                raise IllegalMove("newer_case", number=newest.id)

    def _require_same_world(self, action: Action) -> None:
        """What was really done cannot be taken back while nothing may reach members."""
        if self._policy.mode is Mode.SHADOW and not action.simulated:
            raise IllegalMove("undo_in_shadow")

    async def _row(self, case: CaseId) -> Case:
        row = await self._store.case(case)
        if row is None:
            raise NotAllowed("not_this_card")
        return row


def _require(by: Moderator, kind: ActionKind) -> None:
    """Nobody does through the bot what their own rights on the platform do not cover."""
    if kind not in by.may:
        raise NotAllowed("not_your_right")


def _first_notice(kind: ActionKind, *, simulated: bool) -> NoticeState:
    """A pointer is its own notice; what is only simulated is not told."""
    quiet = simulated or kind is ActionKind.REDIRECT
    return NoticeState.NONE if quiet else NoticeState.PENDING


def _differs(seen: Case, row: Case) -> bool:
    """Whether a row has changed in something that a decision depends on."""
    return (seen.state, seen.messages, seen.claimed_by, seen.decided_by, seen.action) != (
        row.state,
        row.messages,
        row.claimed_by,
        row.decided_by,
        row.action,
    )


def _anew(
    row: Case, event: _Decision, action: Action | None
) -> tuple[Case, _Decision, Action | None]:
    """The same decision on a newer row; an action's id tells the version that requests it."""
    if action is None or not isinstance(event, ActRequested | UndoRequested):
        return row, event, action
    ident = action_id(row)
    return row, replace(event, action=ident), replace(action, id=ident)


def _own_card(case: Case, card: MessageRef | None) -> bool:
    if card is None:
        return True
    return card.channel == case.card_channel and card.message == case.card_message


def _decision(case: Case, by: str, name: str, action: Action | None) -> Draft:
    facts: Sequence[tuple[str, str | int | float]] = (("version", case.version),)
    if action is not None:
        facts = (*facts, ("action", action.id), ("kind", action.kind.value))
    return Draft(
        at=case.updated_at,
        guild=case.guild,
        actor=by,
        event=name,
        subject=f"case:{case.id}",
        facts=tuple(facts),
    )
