"""What heals by itself: unfinished actions, stale cards, the hours in which the bot was away."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from moderation.drawing import Cards
from moderation.errors import IllegalMove, PlatformFailure, PlatformUnreachable
from moderation.ports import Clock, Log, Platform, Store
from moderation.review import Review
from moderation.screening import Screening
from moderation.types import Channel, Coverage, Draft, GuildId

MARGIN = timedelta(minutes=2)
"""How far the recorded coverage stays behind the clock: a dead connection is noticed late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatchUpLimits:
    """Bounds of one catch-up: how far back, and how many messages a channel."""

    max_age: timedelta = timedelta(days=7)
    max_messages: int = 2000


class Housekeeping:
    """Runs at start, after a lost session, and on every tick of ``bot.jobs``."""

    def __init__(
        self,
        *,
        store: Store,
        platform: Platform,
        review: Review,
        cards: Cards,
        screening: Screening,
        clock: Clock,
        log: Log,
        limits: CatchUpLimits,
        watched: Callable[[Channel], bool],
    ) -> None:
        self._store = store
        self._platform = platform
        self._review = review
        self._cards = cards
        self._screening = screening
        self._clock = clock
        self._log = log
        self._limits = limits
        self._watched = watched
        self._listening: dict[GuildId, datetime] = {}
        self._behind: set[GuildId] = set()
        self._catching_up: set[GuildId] = set()

    async def tick(self, connected: Iterable[GuildId]) -> None:
        """Re-drive what is unfinished, mend cards, extend the coverage of connected guilds."""
        await self.resume()
        for guild in connected:
            if guild in self._behind:
                await self.catch_up(guild)
            await self._cover(guild)

    async def resume(self) -> None:
        """Finish what a crash, a restart or a silent platform left half done."""
        for action in await self._store.unfinished():
            try:
                await self._review.carry_out(action)
            except IllegalMove as error:
                self._log.event("resume_failed", action=action.id, code=error.code)
        for case in await self._store.stale_cards():
            await self._cards.draw(case.id)

    async def catch_up(self, guild: GuildId) -> int:
        """Fetch and screen what was written while the bot was away; how many messages that was.

        Only when it is complete does the guild's coverage go on, so that being killed half way
        hides nothing: the next start begins at the same place. When the platform does not answer,
        the next tick tries again.
        """
        self._listening.pop(guild, None)
        self._behind.add(guild)
        if guild in self._catching_up:
            return 0
        self._catching_up.add(guild)
        try:
            return await self._catch_up(guild)
        except PlatformUnreachable:
            self._log.event("catch_up_waits", guild=guild)
            return 0
        finally:
            self._catching_up.discard(guild)

    async def _catch_up(self, guild: GuildId) -> int:
        began = self._clock.now()
        since = await self._away_since(guild)
        found = await self._screen_gap(guild, since) if since is not None else 0
        await self._store.cover(Coverage(guild=guild, since=began, until=began))
        self._listening[guild] = began
        self._behind.discard(guild)
        return found

    def lost(self, guild: GuildId) -> None:
        """The connection is gone: coverage stands still until the next catch-up."""
        self._listening.pop(guild, None)

    async def _away_since(self, guild: GuildId) -> datetime | None:
        covered = await self._store.covered(guild)
        if covered is not None:
            return covered.until
        seen = (await self._store.last_seen(guild)).values()
        return min((last.at for last in seen), default=None)

    async def _screen_gap(self, guild: GuildId, since: datetime) -> int:
        floor = self._clock.now() - self._limits.max_age
        if since < floor:
            await self._note(guild, "catch_up.bounded", "age")
        found = 0
        for channel in await self._platform.channels(guild):
            if self._watched(channel):
                found += await self._screen_channel(channel, max(since, floor))
        self._log.event("caught_up", guild=guild, messages=found)
        return found

    async def _screen_channel(self, channel: Channel, after: datetime) -> int:
        try:
            late = await self._platform.history(channel, after, self._limits.max_messages)
        except PlatformFailure:
            self._log.event("catch_up_failed", guild=channel.guild, channel=channel.id)
            await self._note(channel.guild, "catch_up.failed", channel.id)
            return 0
        if len(late) >= self._limits.max_messages:
            await self._note(channel.guild, "catch_up.bounded", channel.id)
        for message in late:
            await self._screening.screen(message)
        return len(late)

    async def _cover(self, guild: GuildId) -> None:
        since = self._listening.get(guild)
        until = self._clock.now() - MARGIN
        if since is not None and until > since:
            await self._store.cover(Coverage(guild=guild, since=since, until=until))

    async def _note(self, guild: GuildId, event: str, what: str) -> None:
        await self._store.note(
            Draft(
                at=self._clock.now(),
                guild=guild,
                actor="system",
                event=event,
                facts=(("what", what),),
            )
        )
