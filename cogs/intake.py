"""What happens in the channels, handed to screening; what was missed, caught up with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakValueDictionary

import discord
from discord.ext import commands

from cogs.convert import Roles, to_channel, to_message
from cogs.places import Places
from moderation.catchup import CatchUp
from moderation.housekeeping import Housekeeping
from moderation.ports import Clock
from moderation.screening import Screening
from moderation.types import Channel, ChannelId, Deleted, GuildId, Message, MessageId


class Intake(commands.Cog):
    """Listens; direct messages and unwatched channels are dropped. The bot's own messages do not
    come this far (``bot.tolerance``).
    """

    def __init__(
        self,
        *,
        screening: Screening,
        catch_up: CatchUp,
        housekeeping: Housekeeping,
        places: Places,
        staff: Roles,
        clock: Clock,
        guilds: Callable[[], Iterable[GuildId]],
    ) -> None:
        self._screening = screening
        self._catch_up = catch_up
        self._housekeeping = housekeeping
        self._places = places
        self._staff = staff
        self._clock = clock
        self._guilds = guilds
        self._met: set[GuildId] = set()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @commands.Cog.listener()
    async def on_message(self, source: discord.Message) -> None:
        """A new message."""
        if self._in_scope(source.channel):
            async with self._hearing(source.guild, f"message/{source.id}"):
                await self._take(source, self._screening.screen)

    @commands.Cog.listener()
    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        """An edit by its author; a link that gets its preview is none."""
        if event.data.get("edited_timestamp") and self._in_scope(event.message.channel):
            async with self._hearing(event.message.guild, f"message/{event.message_id}"):
                source, author = await _whole(event.message)
                if source is not None:
                    await self._take(source, self._screening.edited, author)

    @commands.Cog.listener()
    async def on_thread_update(self, before: discord.Thread, after: discord.Thread) -> None:
        """A thread's new title is said again with its first message, where that is its author's."""
        if before.name == after.name or not self._in_scope(after):
            return
        async with self._hearing(after.guild, f"message/{after.id}"):
            source, author = await _fetched(after, after.id)
            if source is not None:
                await self._take(source, self._screening.edited, author)

    @commands.Cog.listener()
    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        """A deletion; Discord does not say by whom."""
        await self._deleted(event.guild_id, event.channel_id, event.message_id, "unknown")

    @commands.Cog.listener()
    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        """Many deletions at once."""
        for message_id in sorted(event.message_ids):
            await self._deleted(event.guild_id, event.channel_id, message_id, "bulk")

    @commands.Cog.listener("on_ready")
    async def resume(self) -> None:
        """A new session: what a crash left half done is finished."""
        await self._housekeeping.resume()

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """A new session: what was missed is looked up, whatever becomes of the rest."""
        for guild in self._guilds():
            if guild not in self._met:
                await self._meet(guild)

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """A guild of a new session, or one that is back after an outage."""
        await self._meet(GuildId(str(guild.id)))

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """A guild that was not there before."""
        await self._meet(GuildId(str(guild.id)))

    @commands.Cog.listener()
    async def on_guild_unavailable(self, guild: discord.Guild) -> None:
        """An outage: nothing is heard from there until it is available again."""
        self._catch_up.lost(GuildId(str(guild.id)))

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """The bot was sent away."""
        self._catch_up.lost(GuildId(str(guild.id)))

    @commands.Cog.listener()
    async def on_disconnect(self) -> None:
        """From here on nothing is heard."""
        met, self._met = self._met, set()
        for guild in met:
            self._catch_up.lost(guild)

    @commands.Cog.listener()
    async def on_resumed(self) -> None:
        """The same session again: Discord replays what it kept, the rest is looked up."""
        for guild in self._guilds():
            await self._meet(guild)

    async def _meet(self, guild: GuildId) -> None:
        self._met.add(guild)
        await self._catch_up.run(guild)

    async def _deleted(
        self, guild_id: int | None, channel_id: int, message_id: int, reason: str
    ) -> None:
        if guild_id is None:
            return
        guild, channel = GuildId(str(guild_id)), ChannelId(str(channel_id))
        if not self._places.watched(Channel(id=channel, guild=guild)):
            return
        deletion = Deleted(
            id=MessageId(str(message_id)),
            guild=guild,
            channel=channel,
            at=self._clock.now(),
            reason=reason,
        )
        async with self._turn(f"message/{message_id}"):
            await self._screening.deleted(deletion)

    async def _take(
        self,
        source: discord.Message,
        use: Callable[[Message], Awaitable[object]],
        author: discord.Member | None = None,
    ) -> None:
        """One author's messages are screened one after another: a burst is one incident, and its
        messages would only compete for the one row. Other authors do not wait.
        """
        message = to_message(source, self._staff, author=author)
        if message is not None:
            async with self._turn(f"author/{message.guild}/{message.author.id}"):
                await use(message)

    @asynccontextmanager
    async def _hearing(self, guild: Any, key: str) -> AsyncIterator[None]:
        """Around everything that is done about one message, its waiting for its turn included."""
        with self._catch_up.hearing(GuildId(str(guild.id))):
            async with self._turn(key):
                yield

    def _turn(self, key: str) -> asyncio.Lock:
        """Who holds it goes first. What happens to one message happens in its order; a message's
        turn is taken before its author's, never after it.
        """
        return self._turns.setdefault(key, asyncio.Lock())

    def _in_scope(self, channel: Any) -> bool:
        return getattr(channel, "guild", None) is not None and self._places.watched(
            to_channel(channel)
        )


async def _whole(source: discord.Message) -> tuple[discord.Message | None, discord.Member | None]:
    """An edited message; some servers send only what has changed of it."""
    if getattr(source, "author", None) is not None and source.content:
        return source, None
    return await _fetched(source.channel, source.id)


async def _fetched(
    channel: Any, message_id: int
) -> tuple[discord.Message | None, discord.Member | None]:
    """A message and the member behind it, as far as they are still there."""
    try:
        source: discord.Message = await channel.fetch_message(message_id)
    except discord.NotFound:
        return None, None
    if source.webhook_id is not None or source.guild is None:
        return source, None
    try:
        return source, await source.guild.fetch_member(source.author.id)
    except discord.NotFound:
        return source, None
