"""A person decides: claim, act, dismiss, undo, retry.

Acting takes two steps: the decision is committed (``REQUESTED``), then the platform is asked, then
its answer is committed (``APPLIED`` or ``FAILED``). Each step can be repeated after a crash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from moderation.cases import (
    ActionApplied,
    ActionFailed,
    ActRequested,
    Choices,
    Claimed,
    Dismissed,
    Event,
    Noticed,
    Released,
    UndoApplied,
    UndoFailed,
    UndoRequested,
    action_id,
    actions_for,
    advance,
    holder,
)
from moderation.changing import change
from moderation.drawing import Cards
from moderation.errors import (
    IllegalMove,
    NotAllowed,
    Overtaken,
    PlatformFailure,
    PlatformUnreachable,
)
from moderation.ports import Clock, Log, Platform, Store
from moderation.types import (
    Action,
    ActionId,
    ActionKind,
    ActionState,
    CardRef,
    Case,
    CaseId,
    CaseState,
    ChannelId,
    Draft,
    Moderator,
    NoticeState,
    Policy,
    UserId,
)

TELL_FIRST = frozenset({ActionKind.KICK, ActionKind.BAN})
"""After these the member shares no server with the bot, so a message would no longer arrive."""

GIVE_UP_AFTER = 900.0
"""Seconds without an answer from the platform after which an action counts as failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """Who pressed what: the case's id from the button, the card it stood on, the person's rights.

    ``card`` is ``None`` for front-ends that have no card (the console).
    """

    case: CaseId
    by: Moderator
    card: CardRef | None = None


class Review:
    """Moderators' decisions and what follows from them."""

    def __init__(
        self,
        *,
        store: Store,
        platform: Platform,
        cards: Cards,
        clock: Clock,
        log: Log,
        policy: Policy,
    ) -> None:
        self._store = store
        self._platform = platform
        self._cards = cards
        self._clock = clock
        self._log = log
        self._policy = policy
        self._busy: set[ActionId] = set()

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
        action = self._requested(case, click.by.id, chosen, redirect_to)
        event = ActRequested(at=action.requested_at, by=click.by.id, action=action.id)
        await self._decide(case, event, f"action.{chosen.value}.requested", action)
        return await self.carry_out(action)

    async def enforce(self, case: Case) -> Case:
        """Carry out what is recommended without a person: only for what the policy names.

        A case that somebody decided meanwhile is left alone.
        """
        if case.recommended is None or case.state is not CaseState.OPEN:
            return case
        action = self._requested(case, UserId("system"), case.recommended, None)
        event = ActRequested(at=action.requested_at, by=action.requested_by, action=action.id)
        name = f"action.{action.kind.value}.requested"
        try:
            await self._decide(case, event, name, action)
        except Overtaken:
            return await self._row(case.id)
        return await self.carry_out(action)

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
        return await self._decided_without_action(
            case, Released(at=self._clock.now()), "case.released"
        )

    async def undo(self, click: Click) -> Case:
        """Take the decision back; the case is open again. Raises as ``act`` does."""
        case = await self._opened(click)
        if not actions_for(case, click.by, self._clock.now()).undo:
            raise IllegalMove("illegal_move", state=case.state.value, event="undo")
        action = await self._reversal(case, click.by)
        event = UndoRequested(
            at=self._clock.now(), by=click.by.id, action=action.id if action else None
        )
        if action is None:
            return await self._decided_without_action(case, event, "case.reopened")
        await self._decide(case, event, "action.undo.requested", action)
        return await self.carry_out(action)

    async def retry(self, click: Click) -> Case:
        """Try the action that failed once more. Raises as ``act`` does."""
        case = await self._undecided(click)
        failed = await self._store.action(case.action) if case.action else None
        if case.state is not CaseState.FAILED or failed is None:
            raise IllegalMove("illegal_move", state=case.state.value, event="retry")
        return await self.act(click, failed.kind, failed.redirect_to)

    async def carry_out(self, action: Action) -> Case:
        """Ask the platform, commit its answer, tell the member, draw the card.

        Safe to repeat at any point; while it runs, a second call for the same action only waits
        for nothing and returns the case. Without an answer the action stays requested.
        """
        if action.id not in self._busy:
            self._busy.add(action.id)
            try:
                await self._step_by_step(action)
            finally:
                self._busy.discard(action.id)
        await self._cards.draw(action.case)
        return await self._row(action.case)

    async def _step_by_step(self, action: Action) -> None:
        try:
            if action.state is ActionState.REQUESTED:
                action = await self._ask_platform(action)
            if action.state is ActionState.APPLIED and action.notice is NoticeState.PENDING:
                action = await self._tell_if_it_stands(action)
                await self._commit(action, Noticed(at=self._clock.now()), "member.notice")
        except PlatformUnreachable:
            self._log.event("action_waits", case=action.case, action=action.id)
            await self._maybe_give_up(action)

    async def _ask_platform(self, action: Action) -> Action:
        try:
            await self._platform.check(action)
            action = await self._tell_first(action)
            simulated = await self._platform.apply(action)
        except PlatformFailure as failure:
            return await self._failed(action, failure.code)
        now = self._clock.now()
        done = replace(
            action,
            state=ActionState.APPLIED,
            finished_at=now,
            simulated=simulated,
            failure="",
        )
        event = UndoApplied(at=now) if action.reverses else ActionApplied(at=now)
        outcome = "reversed" if action.reverses else "applied"
        await self._commit(done, event, f"action.{action.kind.value}.{outcome}")
        return done

    async def _tell_first(self, action: Action) -> Action:
        wanted = action.kind in TELL_FIRST and action.reverses is None
        return (
            await self._tell(action) if wanted and action.notice is NoticeState.PENDING else action
        )

    async def _tell_if_it_stands(self, action: Action) -> Action:
        """A decision that was taken back before its notice arrived is not told any more."""
        superseded = (await self._row(action.case)).action != action.id
        return replace(action, notice=NoticeState.NONE) if superseded else await self._tell(action)

    async def _tell(self, action: Action) -> Action:
        case = await self._row(action.case)
        try:
            notice = await self._platform.notify(action, case)
        except PlatformFailure as failure:
            self._log.event("notice_failed", case=case.id, action=action.id, code=failure.code)
            notice = NoticeState.FAILED
        return replace(action, notice=notice)

    async def _failed(self, action: Action, code: str) -> Action:
        now = self._clock.now()
        told = action.notice in {NoticeState.SENT, NoticeState.CLOSED}
        failed = replace(
            action,
            state=ActionState.FAILED,
            finished_at=now,
            failure=code,
            notice=action.notice if told else NoticeState.NONE,
        )
        event: Event = (
            UndoFailed(at=now, code=code) if action.reverses else ActionFailed(at=now, code=code)
        )
        await self._commit(failed, event, f"action.{action.kind.value}.failed")
        return failed

    async def _maybe_give_up(self, action: Action) -> None:
        waited = (self._clock.now() - action.requested_at).total_seconds()
        if waited < GIVE_UP_AFTER:
            return
        if action.state is ActionState.REQUESTED:
            await self._failed(action, "unreachable")
        else:
            unsent = replace(action, notice=NoticeState.FAILED)
            await self._commit(unsent, Noticed(at=self._clock.now()), "member.notice")

    async def _commit(self, action: Action, event: Event, name: str) -> None:
        draft = Draft(
            at=self._clock.now(),
            guild=action.guild,
            actor="system",
            event=name,
            subject=f"case:{action.case}",
            facts=(
                ("action", action.id),
                ("failure", action.failure),
                ("notice", action.notice.value),
                ("simulated", int(action.simulated)),
            ),
        )
        await change(self._store, action.case, event, audit=(draft,), action=action)

    async def _decided_without_action(self, case: Case, event: Event, name: str) -> Case:
        after = await self._decide(case, event, name)
        await self._cards.draw(case.id)
        return after

    async def _decide(
        self, case: Case, event: Event, name: str, action: Action | None = None
    ) -> Case:
        after = advance(case, event)
        by = getattr(event, "by", None) or case.claimed_by or "system"
        if not await self._store.save(
            case, after, (_decision(after, str(by), name, action),), action=action
        ):
            raise self._overtaken(await self._row(case.id))
        return after

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

    def _requested(
        self, case: Case, by: UserId, kind: ActionKind, redirect_to: ChannelId | None
    ) -> Action:
        now = self._clock.now()
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
            requested_at=now,
            until=self._until(kind, now),
            notice=_first_notice(kind),
            redirect_to=redirect_to,
        )

    def _until(self, kind: ActionKind, now: datetime) -> datetime | None:
        return now + self._policy.timeout_for if kind is ActionKind.TIMEOUT else None

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
            reverses=done.id,
            failure="",
            notice=_first_notice(done.kind),
        )

    async def _row(self, case: CaseId) -> Case:
        row = await self._store.case(case)
        if row is None:
            raise NotAllowed("not_this_card")
        return row


def _first_notice(kind: ActionKind) -> NoticeState:
    return NoticeState.NONE if kind is ActionKind.REDIRECT else NoticeState.PENDING


def _own_card(case: Case, card: CardRef | None) -> bool:
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
