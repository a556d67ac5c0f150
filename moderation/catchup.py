"""The hours in which nobody listened: what was written then is fetched, screened and marked late.

Coverage is the record of when the bot listened. It only grows over time in which every message was
heard, so a guild that is behind starts again where its coverage ends, also in the next process.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from moderation.errors import PlatformFailure, PlatformUnreachable, StoreError
from moderation.ports import Clock, Log, Platform, Store
from moderation.screening import Screening
from moderation.types import Channel, Coverage, Draft, GuildId, Message, MessageId

MARGIN = timedelta(minutes=2)
"""How far the recorded coverage stays behind the clock: a dead connection is noticed late."""

EDITED_SINCE = timedelta(hours=1)
"""How much older than the gap a message may be whose edit in the gap is still found."""

_CLOSED_TO_US = frozenset({"gone", "permission"})
"""Refusals of a channel's history that stay; others may pass."""

PAGE = 100
"""Messages asked for at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatchUpLimits:
    """Bounds of one catch-up: how far back, and how many messages a channel.

    ``first_look`` is how far back a guild is read that was never listened to: not to judge what
    was said before the bot came, but to know what the first cases stand in.
    """

    first_look: timedelta = timedelta(days=1)
    max_age: timedelta = timedelta(days=7)
    max_messages: int = 10_000


@dataclass(slots=True, kw_only=True)
class _Watch:
    """One guild. ``epoch`` moves whenever the connection does; ``since`` is when this stretch of
    listening began, ``None`` while something is still to be caught up with.
    """

    epoch: int = 0
    connected: bool = False
    behind: bool = False
    running: bool = False
    since: datetime | None = None
    hearing: dict[int, datetime] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class _Feed:
    """A channel's missed messages, read page by page; ``page`` has the next one last."""

    channel: Channel
    start: datetime
    page: list[Message] = field(default_factory=list)
    at_start: frozenset[MessageId] = frozenset()
    read: int = 0
    ended: bool = False


class CatchUp:
    """Fetches what was missed, guild by guild, and records when the bot listened."""

    def __init__(
        self,
        *,
        store: Store,
        platform: Platform,
        screening: Screening,
        clock: Clock,
        log: Log,
        limits: CatchUpLimits,
        watched: Callable[[Channel], bool],
    ) -> None:
        self._store = store
        self._platform = platform
        self._screening = screening
        self._clock = clock
        self._log = log
        self._limits = limits
        self._watched = watched
        self._watches: dict[GuildId, _Watch] = {}
        self._heard = 0

    def lost(self, guild: GuildId) -> None:
        """The connection is gone: coverage stands still until the next ``run``."""
        watch = self._fallen_behind(guild)
        watch.connected = False

    @contextmanager
    def hearing(self, guild: GuildId) -> Iterator[None]:
        """Around the judging of something that was heard: until it is done the coverage does not
        pass it, and when it cannot be done the next ``cover`` looks it up again.
        """
        watch = self._watches.setdefault(guild, _Watch())
        self._heard += 1
        number = self._heard
        watch.hearing[number] = self._clock.now()
        try:
            yield
        except Exception:
            self._fallen_behind(guild)
            raise
        finally:
            del watch.hearing[number]

    async def run(self, guild: GuildId) -> int:
        """Screen what was written while the bot was away; how many messages that was.

        Only when it is complete, and the connection has held meanwhile, does the coverage go on.
        When the platform does not answer, the next ``cover`` tries again. Raises ``StoreError``.
        """
        watch = self._fallen_behind(guild)
        watch.connected = True
        if watch.running:
            return 0  # the one that runs sees the new epoch, and looks again
        watch.running = True
        try:
            return await self._until_current(guild, watch)
        except PlatformUnreachable:
            self._log.event("catch_up_waits", guild=guild)
            return 0
        finally:
            watch.running = False

    async def cover(self, guild: GuildId) -> None:
        """Called while the guild is heard: catch up if need be, and record that it is heard."""
        watch = self._watches.setdefault(guild, _Watch())
        if watch.behind and not watch.running:
            await self.run(guild)
        until = min((self._clock.now() - MARGIN, *watch.hearing.values()))
        if watch.since is not None and until > watch.since:
            await self._store.cover(Coverage(guild=guild, since=watch.since, until=until))

    def _fallen_behind(self, guild: GuildId) -> _Watch:
        watch = self._watches.setdefault(guild, _Watch())
        watch.epoch += 1
        watch.behind = True
        watch.since = None
        return watch

    async def _until_current(self, guild: GuildId, watch: _Watch) -> int:
        found, epoch = 0, -1
        while watch.connected and epoch != watch.epoch:
            epoch, began = watch.epoch, self._clock.now()
            found += await self._fill_gap(guild)
            if epoch == watch.epoch:
                await self._store.cover(Coverage(guild=guild, since=began, until=began))
                watch.since, watch.behind = began, False
        return found

    async def _fill_gap(self, guild: GuildId) -> int:
        since = await self._away_since(guild)
        if since is None:
            return await self._look_around(guild)
        floor = self._clock.now() - self._limits.max_age
        if since < floor:
            await self._note(guild, "catch_up.bounded", "age")
        return await self._screen_gap(guild, max(since, floor))

    async def _look_around(self, guild: GuildId) -> int:
        """Record and remember what was said before the first start, judging nothing."""
        start = self._clock.now() - self._limits.first_look
        async for message in self._in_order(await self._places(guild, start), start):
            await self._screening.acquaint(message)
        return 0

    async def _places(self, guild: GuildId, since: datetime) -> list[Channel]:
        return [c for c in await self._platform.channels(guild, since) if self._watched(c)]

    async def _away_since(self, guild: GuildId) -> datetime | None:
        covered = await self._store.covered(guild)
        if covered is not None:
            return covered.until
        seen = (await self._store.last_seen(guild)).values()
        return min((last.at for last in seen), default=None)

    async def _screen_gap(self, guild: GuildId, since: datetime) -> int:
        found = 0
        channels = await self._places(guild, since)
        async for message in self._in_order(channels, since - EDITED_SINCE):
            found += await self._screened(message, since)
        self._log.event("caught_up", guild=guild, messages=found)
        return found

    async def _screened(self, message: Message, since: datetime) -> bool:
        """Whether the message was new, or edited, in the gap. One that cannot be judged is noted:
        it must not hide those after it.
        """
        try:
            if message.at >= since:
                await self._screening.screen(message)
            elif message.edited_at is not None and message.edited_at >= since:
                await self._screening.edited(message)
            else:
                self._screening.remember(message)
                return False
        except (StoreError, PlatformUnreachable):
            raise
        except Exception as error:  # whatever it is, it is about this one message
            code = type(error).__name__
            self._log.event("screening_failed", message=message.id, code=code)
            await self._note(message.guild, "catch_up.skipped", message.id)
        return True

    async def _in_order(
        self, channels: Sequence[Channel], start: datetime
    ) -> AsyncIterator[Message]:
        """The messages of all channels in the order in which they were written, as if live."""
        feeds = [_Feed(channel=channel, start=start) for channel in channels]
        while feeds:
            for feed in feeds:
                if not feed.page and not feed.ended:
                    await self._read_on(feed)
            feeds = [feed for feed in feeds if feed.page]
            if feeds:
                yield min(feeds, key=lambda feed: (feed.page[-1].at, feed.page[-1].id)).page.pop()

    async def _read_on(self, feed: _Feed) -> None:
        try:
            page = await self._platform.history(feed.channel, feed.start, PAGE)
        except PlatformFailure as failure:
            if failure.code.partition(":")[0] not in _CLOSED_TO_US:
                raise PlatformUnreachable(failure.code) from failure  # it may answer next time
            guild, channel = feed.channel.guild, feed.channel.id
            self._log.event("catch_up_failed", guild=guild, channel=channel, code=failure.code)
            await self._note(guild, "catch_up.failed", channel)
            feed.ended = True
            return
        fresh = [message for message in page if message.id not in feed.at_start]
        room = self._limits.max_messages - feed.read
        feed.page = fresh[:room][::-1]
        feed.read += len(feed.page)
        feed.ended = len(page) < PAGE or len(fresh) > room or not fresh
        if len(fresh) > room:
            await self._note(feed.channel.guild, "catch_up.bounded", feed.channel.id)
        if page:
            feed.start = page[-1].at
            feed.at_start = frozenset(m.id for m in page if m.at == feed.start)

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
