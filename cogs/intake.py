"""What happens in the channels, handed to screening; what was missed, caught up with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from weakref import WeakValueDictionary

import discord
from discord.ext import commands

from cogs.convert import Roles, to_message
from cogs.places import Places
from moderation.catchup import CatchUp
from moderation.housekeeping import Housekeeping
from moderation.ports import Clock
from moderation.screening import Screening
from moderation.types import Channel, ChannelId, Deleted, GuildId, Message, MessageId, UserId


class Intake(commands.Cog):
    """Listens; own messages, direct messages and unwatched channels are dropped."""

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
        self._turns: WeakValueDictionary[tuple[GuildId, UserId], asyncio.Lock] = (
            WeakValueDictionary()
        )

    @commands.Cog.listener()
    async def on_message(self, source: discord.Message) -> None:
        """A new message."""
        message = self._in_scope(source)
        if message is not None:
            async with self._turn(message):
                await self._screening.screen(message)

    @commands.Cog.listener()
    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        """An edit by its author; a link that gets its preview is none."""
        if not event.data.get("edited_timestamp") or "content" not in event.data:
            return
        message = self._in_scope(event.message)
        if message is not None:
            async with self._turn(message):
                await self._screening.edited(message)

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
        self._met.clear()
        for guild in self._guilds():
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
        await self._screening.deleted(
            Deleted(
                id=MessageId(str(message_id)),
                guild=guild,
                channel=channel,
                at=self._clock.now(),
                reason=reason,
            )
        )

    def _turn(self, message: Message) -> asyncio.Lock:
        """One author's messages are screened one after another: a burst is one incident, and its
        messages would only compete for the one row. Other authors do not wait.
        """
        author = (message.guild, message.author.id)
        return self._turns.setdefault(author, asyncio.Lock())

    def _in_scope(self, source: discord.Message) -> Message | None:
        if source.guild is None or source.author.id == source.guild.me.id:
            return None
        message = to_message(source, self._staff)
        if message is None:
            return None
        place = Channel(
            id=message.channel,
            guild=message.guild,
            name=message.channel_name,
            parent=message.parent,
        )
        return message if self._places.watched(place) else None
