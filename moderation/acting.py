"""A decision is carried out: the platform is asked, its answer committed, the member told.

Each step can be repeated after a crash: the action's row says how far it came.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from moderation.cases import (
    ActionApplied,
    ActionFailed,
    Event,
    Noticed,
    UndoApplied,
    UndoFailed,
)
from moderation.changing import change
from moderation.drawing import Cards
from moderation.errors import PlatformFailure, PlatformUnreachable, StoreError
from moderation.ports import Clock, Log, Platform, Store
from moderation.types import (
    Action,
    ActionId,
    ActionKind,
    ActionState,
    Case,
    CaseId,
    Draft,
    Mode,
    NoticeState,
)

TELL_FIRST = frozenset({ActionKind.KICK, ActionKind.BAN})
"""After these the member shares no server with the bot, so a message would no longer arrive."""

GIVE_UP_AFTER = timedelta(minutes=15)
"""Time without an answer, from this process's first try, after which an action has failed."""


class Acting:
    """The one way from a committed decision to its effect."""

    def __init__(
        self,
        *,
        store: Store,
        platform: Platform,
        cards: Cards,
        clock: Clock,
        log: Log,
        mode: Mode,
    ) -> None:
        self._mode = mode
        self._store = store
        self._platform = platform
        self._cards = cards
        self._clock = clock
        self._log = log
        self._busy: set[ActionId] = set()
        self._tried_since: dict[ActionId, datetime] = {}

    async def carry_out(self, action: Action) -> Case:
        """Ask the platform, commit its answer, tell the member, draw the card.

        Safe to repeat at any point; while it runs, a second call for the same action only returns
        the case. Without an answer the action stays requested, until ``GIVE_UP_AFTER``.
        """
        if action.id not in self._busy:
            self._busy.add(action.id)
            try:
                await self._step_by_step(action.id)
            finally:
                self._busy.discard(action.id)
        await self._cards.draw(action.case)
        return await self._row(action.case)

    async def _step_by_step(self, ident: ActionId) -> None:
        action = await self._store.action(ident)
        if action is None or not _unfinished(action):
            return
        if self._mode is Mode.SHADOW and not action.simulated:
            await self._hold_back(action)
            return
        try:
            if action.state is ActionState.REQUESTED:
                action = await self._ask_platform(action)
            if action.state is ActionState.APPLIED and action.notice is NoticeState.PENDING:
                action = await self._tell_if_it_stands(action)
                await self._commit(action, Noticed(at=self._clock.now()), "member.notice")
            self._tried_since.pop(ident, None)
        except PlatformUnreachable:
            self._log.event("action_waits", case=action.case, action=ident)
            await self._maybe_give_up(action)

    async def _hold_back(self, action: Action) -> None:
        """Decided before shadow mode: nothing may reach members now, so a person decides again."""
        if action.state is ActionState.REQUESTED:
            await self._failed(action, "shadow")

    async def _ask_platform(self, action: Action) -> Action:
        try:
            await self._platform.check(action)
            action = await self._told_first(action)
            await self._platform.apply(action)
        except PlatformFailure as failure:
            return await self._failed(action, failure.code)
        now = self._clock.now()
        done = replace(action, state=ActionState.APPLIED, finished_at=now, failure="")
        event = UndoApplied(at=now) if action.reverses else ActionApplied(at=now)
        outcome = "reversed" if action.reverses else "applied"
        await self._commit(done, event, f"action.{action.kind.value}.{outcome}")
        return done

    async def _told_first(self, action: Action) -> Action:
        """What was told is on record at once: the effect may still be refused."""
        told = await self._tell_first(action)
        if told.notice is not action.notice:
            await self._commit(told, Noticed(at=self._clock.now()), "member.notice")
        return told

    async def _tell_first(self, action: Action) -> Action:
        """A ban does not wait for a message that cannot be sent just now."""
        wanted = action.kind in TELL_FIRST and action.reverses is None
        if not wanted or action.notice is not NoticeState.PENDING:
            return action
        try:
            return await self._tell(action)
        except PlatformUnreachable:
            self._log.event("notice_waits", case=action.case, action=action.id)
            return action

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
        now = self._clock.now()
        if now - self._tried_since.setdefault(action.id, now) < GIVE_UP_AFTER:
            return
        del self._tried_since[action.id]
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

    async def _row(self, case: CaseId) -> Case:
        row = await self._store.case(case)
        if row is None:
            raise StoreError(f"case {case} is not in the database")
        return row


def _unfinished(action: Action) -> bool:
    waiting = action.state is ActionState.APPLIED and action.notice is NoticeState.PENDING
    return action.state is ActionState.REQUESTED or waiting
