"""Cards follow the row: drawn after every change, one drawing of a case at a time."""

from __future__ import annotations

from moderation.errors import PlatformFailure, PlatformUnreachable
from moderation.ports import Clock, Log, Platform, Store
from moderation.types import CardView, Case, CaseId, Mode


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

    async def draw(self, case: CaseId) -> None:
        """Bring the card up to the row. While it is being drawn, another call only asks again."""
        if case in self._drawing:
            self._again.add(case)
            return
        self._drawing.add(case)
        try:
            await self._until_current(case)
        finally:
            self._drawing.discard(case)

    async def _until_current(self, case: CaseId) -> None:
        while True:
            self._again.discard(case)
            row = await self._store.case(case)
            if row is None or row.card_version >= row.version or not await self._show(row):
                self._again.discard(case)
                return

    async def _show(self, case: Case) -> bool:
        try:
            card = await self._platform.show(await self.view(case))
        except PlatformFailure as error:
            self._log.event("card_failed", case=case.id, code=error.code)
            return False
        except PlatformUnreachable:
            self._log.event("card_failed", case=case.id, code="unreachable")
            return False
        await self._store.card_shown(case.id, card, case.version)
        return True

    async def view(self, case: Case) -> CardView:
        """Everything the card of ``case`` shows now."""
        return CardView(
            case=case,
            quotes=tuple(await self._store.quotes(case.id)),
            history=await self._store.history(case.guild, case.subject),
            action=await self._store.action(case.action) if case.action else None,
            mode=self._mode,
            now=self._clock.now(),
        )
