"""Cards follow the row: drawn after every change, one drawing of a case at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from moderation.errors import PlatformFailure, PlatformUnreachable
from moderation.ports import Clock, Log, Platform, Store
from moderation.types import CardView, Case, CaseId, Draft, GuildId, MessageId, Mode, Quote

ALERT_EVERY = timedelta(days=1)


class Cards:
    """Draws cases on the platform; many changes at once become few drawings.

    A drawing that fails leaves the card behind its row (``card_version < version``), which
    housekeeping sees and mends.
    """

    def __init__(
        self, *, store: Store, platform: Platform, clock: Clock, log: Log, mode: Mode
    ) -> None:
        self._store = store
        self._platform = platform
        self._clock = clock
        self._log = log
        self._mode = mode
        self._drawing: set[CaseId] = set()
        self._again: set[CaseId] = set()
        self._alerted: dict[tuple[GuildId, str], datetime] = {}

    async def draw(self, case: CaseId) -> str:
        """Bring the card up to the row; the code of what kept it from that, empty when nothing did.

        While a card is being drawn, another call only asks for another look at the row.
        """
        self._again.add(case)
        if case in self._drawing:
            return ""
        self._drawing.add(case)
        try:
            failure = ""
            while case in self._again and not failure:
                self._again.discard(case)
                failure = await self._bring_up(case)
            return failure
        finally:
            self._drawing.discard(case)
            self._again.discard(case)

    async def _bring_up(self, case: CaseId) -> str:
        row = await self._store.case(case)
        if row is None or row.card_version >= row.version:
            return ""
        try:
            card = await self._platform.show(await self.view(row))
        except PlatformUnreachable:
            return self._failed(row, "unreachable")
        except PlatformFailure as error:
            await self._alert(row.guild, error.code)
            return self._failed(row, error.code)
        await self._store.card_shown(row.id, card, row.version)
        return ""

    def _failed(self, case: Case, code: str) -> str:
        self._log.event("card_failed", case=case.id, guild=case.guild, code=code)
        return code

    async def _alert(self, guild: GuildId, code: str) -> None:
        """Cards that nobody can see are worth telling, once a day."""
        now = self._clock.now()
        last = self._alerted.get((guild, code))
        if last is not None and now - last < ALERT_EVERY:
            return
        self._alerted[guild, code] = now
        await self._platform.alert(guild, code)
        await self._store.note(
            Draft(
                at=now, guild=guild, actor="system", event="queue.failed", facts=(("code", code),)
            )
        )

    async def view(self, case: Case) -> CardView:
        """Everything the card of ``case`` shows now."""
        quotes = tuple(await self._store.quotes(case.id))
        return CardView(
            case=case,
            quotes=quotes,
            flagged=await self._flagged(case, quotes),
            history=await self._store.history(case.guild, case.subject),
            action=await self._store.action(case.action) if case.action else None,
            mode=self._mode,
            now=self._clock.now(),
        )

    async def _flagged(self, case: Case, quotes: Sequence[Quote]) -> frozenset[MessageId]:
        around = {quote.message for quote in quotes if quote.offset}
        return frozenset(
            [m for m in around if await self._store.case_of(case.guild, m) is not None]
        )
