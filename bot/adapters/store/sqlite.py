"""``SqliteStore``: the port's methods, each one function over the one connection."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.adapters.store import reads, writes
from bot.adapters.store.thread import DatabaseThread, path_of
from moderation.types import (
    Action,
    ActionId,
    AuditEntry,
    Case,
    CaseId,
    ChannelId,
    Coverage,
    Draft,
    Fact,
    GuildId,
    History,
    LastSeen,
    MessageId,
    MessageRef,
    Quote,
    Report,
    UserId,
)


class SqliteStore:
    """Keeps ``moderation.ports.Store`` on one SQLite file; several processes may share it."""

    def __init__(self, thread: DatabaseThread) -> None:
        self._thread = thread

    @classmethod
    async def open(cls, url: str | os.PathLike[str]) -> SqliteStore:
        """Open ``sqlite:///path``, ``sqlite:///:memory:`` or a path; migrates it when needed.

        Raises ``StoreError`` when the place cannot be used, the file is another program's, or a
        newer Tidekeeper has changed it.
        """
        thread = DatabaseThread(path_of(url))
        await thread.open()
        return cls(thread)

    async def record(self, facts: Sequence[Fact]) -> None:
        if facts:
            await self._thread.run(lambda db: writes.record(db, facts))

    async def open_case(
        self,
        case: Case,
        quotes: Sequence[Quote],
        audit: Sequence[Draft],
        *,
        within: timedelta,
        report: Report | None = None,
    ) -> Case | None:
        return await self._thread.run(
            lambda db: writes.open_case(db, case, quotes, audit, within=within, report=report)
        )

    async def save(
        self,
        before: Case,
        after: Case,
        audit: Sequence[Draft],
        *,
        action: Action | None = None,
        quotes: Sequence[Quote] = (),
        report: Report | None = None,
    ) -> bool:
        return await self._thread.run(
            lambda db: writes.save(
                db, before, after, audit, action=action, quotes=quotes, report=report
            )
        )

    async def card_shown(self, case: CaseId, card: MessageRef, version: int) -> None:
        await self._thread.run(lambda db: writes.card_shown(db, case, card, version))

    async def case(self, case: CaseId) -> Case | None:
        return await self._thread.run(lambda db: reads.case(db, case))

    async def joinable(
        self, guild: GuildId, incident: str, at: datetime, within: timedelta
    ) -> Case | None:
        return await self._thread.run(lambda db: reads.joinable(db, guild, incident, at, within))

    async def case_of(self, guild: GuildId, message: MessageId) -> Case | None:
        return await self._thread.run(lambda db: reads.case_of(db, guild, message))

    async def queue(self, guild: GuildId) -> Sequence[Case]:
        return await self._thread.run(lambda db: reads.queue(db, guild))

    async def quoting(self, guild: GuildId, message: MessageId) -> Sequence[CaseId]:
        return await self._thread.run(lambda db: reads.quoting(db, guild, message))

    async def lapsed(self, now: datetime) -> Sequence[Case]:
        return await self._thread.run(lambda db: reads.lapsed(db, now))

    async def stale(self) -> Sequence[GuildId]:
        return await self._thread.run(reads.stale)

    async def stale_cards(self, guild: GuildId, after: CaseId, limit: int = 100) -> Sequence[Case]:
        return await self._thread.run(lambda db: reads.stale_cards(db, guild, after, limit))

    async def unfinished(self) -> Sequence[Action]:
        return await self._thread.run(reads.unfinished)

    async def action(self, action: ActionId) -> Action | None:
        return await self._thread.run(lambda db: reads.action(db, action))

    async def quotes(self, case: CaseId) -> Sequence[Quote]:
        return await self._thread.run(lambda db: reads.quotes(db, case))

    async def settled(self, guild: GuildId, message: MessageId, digest: str) -> bool:
        return await self._thread.run(lambda db: reads.settled(db, guild, message, digest))

    async def reported(self, guild: GuildId, message: MessageId, reporter: UserId) -> Case | None:
        return await self._thread.run(lambda db: reads.reported(db, guild, message, reporter))

    async def reports(self, case: CaseId) -> Sequence[Report]:
        return await self._thread.run(lambda db: reads.reports(db, case))

    async def history(self, guild: GuildId, user: UserId) -> History:
        return await self._thread.run(lambda db: reads.history(db, guild, user))

    async def last_seen(self, guild: GuildId) -> Mapping[ChannelId, LastSeen]:
        return await self._thread.run(lambda db: reads.last_seen(db, guild))

    async def covered(self, guild: GuildId) -> Coverage | None:
        return await self._thread.run(lambda db: reads.covered(db, guild))

    async def cover(self, coverage: Coverage) -> None:
        await self._thread.run(lambda db: writes.cover(db, coverage))

    async def note(self, draft: Draft) -> None:
        await self._thread.run(lambda db: writes.note(db, draft))

    async def audit(self, after: int = 0, limit: int = 1000) -> Sequence[AuditEntry]:
        return await self._thread.run(lambda db: reads.audit(db, after, limit))

    async def close(self) -> None:
        await self._thread.close()
