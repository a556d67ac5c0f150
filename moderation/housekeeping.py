"""What heals by itself: unfinished actions, ended claims, cards that lag behind, coverage.

One trouble never keeps the rest from being done: it is logged by its code, and tried again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable

from moderation.acting import Acting
from moderation.cases import Released, advance
from moderation.catchup import CatchUp
from moderation.drawing import Cards
from moderation.errors import Refused, StoreError
from moderation.ports import Clock, Log, Store
from moderation.types import Case, CaseId, Draft, GuildId, Owner

_OF_THE_CHANNEL = frozenset({"no_queue", "permission"})
"""Failures that the other cards of the same owner would have, too."""

_PATIENCE = 3
"""Cards without an answer after which a guild is left alone until the next tick."""


class Housekeeping:
    """Runs at start and on every tick of ``bot.jobs``."""

    def __init__(
        self,
        *,
        store: Store,
        acting: Acting,
        cards: Cards,
        catch_up: CatchUp,
        clock: Clock,
        log: Log,
    ) -> None:
        self._store = store
        self._acting = acting
        self._cards = cards
        self._catch_up = catch_up
        self._clock = clock
        self._log = log

    async def tick(self, connected: Iterable[GuildId]) -> None:
        """Everything that may be due. ``connected`` are the guilds that are heard now."""
        await self.resume()
        for guild in connected:
            await self._guarded("coverage", guild, self._catch_up.cover(guild))

    async def resume(self) -> None:
        """Finish what a crash, a restart or a silent platform left half done."""
        for action in await self._store.unfinished():
            await self._guarded("action", action.id, self._acting.carry_out(action))
        for case in await self._store.lapsed(self._clock.now()):
            await self._guarded("claim", str(case.id), self._release(case))
        for guild in await self._store.stale():
            await self._guarded("cards", guild, self._mend_cards(guild))

    async def _release(self, case: Case) -> None:
        """A claim whose time has passed is taken off the card, so that others see it is free.

        Whatever else has changed the row meanwhile wins.
        """
        now = self._clock.now()
        ended = Draft(
            at=now,
            guild=case.guild,
            actor="system",
            event="case.claim_ended",
            subject=f"case:{case.id}",
        )
        if await self._store.save(case, advance(case, Released(at=now)), (ended,)):
            await self._cards.draw(case.id)

    async def _mend_cards(self, guild: GuildId) -> None:
        after, silent, closed = CaseId(0), 0, set[Owner]()
        while batch := await self._store.stale_cards(guild, after):
            for case in batch:
                if case.owner in closed:
                    continue
                failure = await self._drawn(case)
                silent += failure == "unreachable"
                if failure.partition(":")[0] in _OF_THE_CHANNEL:
                    closed.add(case.owner)
                if silent >= _PATIENCE:
                    return
            after = batch[-1].id

    async def _drawn(self, case: Case) -> str:
        """As ``Cards.draw``; one card that cannot even be made does not hide the next."""
        try:
            return await self._cards.draw(case.id)
        except StoreError:
            raise
        except Exception as error:  # whatever it is, it is about this one card
            self._log.event("card_failed", case=case.id, code=type(error).__name__)
            return "odd"

    async def _guarded(self, what: str, which: str, work: Awaitable[object]) -> None:
        try:
            await work
        except Exception as error:  # the rest must be done all the same; the next tick tries again
            code = error.code if isinstance(error, Refused) else type(error).__name__
            self._log.event("tick_failed", what=what, which=which, code=code)
