"""The connection: least intents, no mentions ever, and nothing that one bad event could stop."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import aiohttp
import discord
from discord import app_commands
from discord.ext import commands

from bot.tolerance import ODD, application_of, guard
from cogs.report import Translations
from config.locale import load_locale
from moderation.ports import Log
from moderation.types import GuildId

_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 120.0

discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # we never speak


class TidekeeperClient(commands.Bot):
    """discord.py's bot without prefix commands and with almost nothing cached.

    Messages come with their author's roles and rights are asked for when they matter, so neither
    members nor messages are kept in memory.
    """

    def __init__(self, log: Log) -> None:
        super().__init__(
            command_prefix=(),
            help_command=None,
            intents=intents(),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
        )
        self._log = log
        self._parts: tuple[Sequence[commands.Cog], Sequence[app_commands.ContextMenu]] = ((), ())
        self._items: Sequence[type[discord.ui.DynamicItem[Any]]] = ()
        self._unknown: set[int] = set()
        self._connected = False
        self._starts: Sequence[Callable[[], None]] = ()
        self._ends: Sequence[Callable[[], Awaitable[None]]] = ()
        self.tree.error(self._command_failed)
        guard(self._connection, log)

    def equip(
        self,
        *,
        cogs: Sequence[commands.Cog],
        menus: Sequence[app_commands.ContextMenu],
        items: Sequence[type[discord.ui.DynamicItem[Any]]],
        starts: Sequence[Callable[[], None]] = (),
        ends: Sequence[Callable[[], Awaitable[None]]] = (),
    ) -> None:
        """What the bot is made of; called once, before it connects.

        ``starts`` are called when it has logged in, inside the running loop; ``ends`` when it has
        closed, in their order.
        """
        self._parts = (cogs, menus)
        self._items = items
        self._starts = starts
        self._ends = ends

    async def setup_hook(self) -> None:
        """Take up the parts and publish the commands."""
        cogs, menus = self._parts
        for cog in cogs:
            await self.add_cog(cog)
        for menu in menus:
            self.tree.add_command(menu)
        self.add_dynamic_items(*self._items)
        await self.tree.set_translator(Translations())
        await self._publish()
        for start in self._starts:
            start()

    async def close(self) -> None:
        """Leave Discord, then let go of everything else; may be called twice."""
        await super().close()
        ends, self._ends = self._ends, ()
        for end in ends:
            await end()

    def dispatch(self, event_name: str, /, *args: Any, **kwargs: Any) -> None:
        """What discord.py still says after the end is not heard: there is no loop to hear it."""
        if not self.is_closed():
            super().dispatch(event_name, *args, **kwargs)

    def listening(self) -> Iterable[GuildId]:
        """The guilds that are heard at this moment. discord.py stays ready while the line is gone."""
        if not self.is_ready() or not self._connected:
            return ()
        heard = (g for g in self.guilds if not g.unavailable and g.id not in self._unknown)
        return tuple(GuildId(str(guild.id)) for guild in heard)

    def channel_name(self, channel_id: str) -> str:
        """The name of a channel the bot knows; empty for others, and for threads: any member may
        give a thread any name.
        """
        found = self.get_channel(int(channel_id)) if channel_id.isdecimal() else None
        return "" if isinstance(found, discord.Thread) else str(getattr(found, "name", None) or "")

    async def application_info(self) -> discord.AppInfo:
        """What the server knows of the application, however little that is."""
        return await application_of(self)

    async def on_ready(self) -> None:
        """A new session is heard."""
        self._connected = True

    async def on_resumed(self) -> None:
        """The old session is heard again."""
        self._connected = True

    async def on_disconnect(self) -> None:
        """From here on nothing is heard."""
        self._connected = False

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """A guild of a new session: the bot must know itself there."""
        await self._know_self(guild)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """The same for a guild that was not there before."""
        await self._know_self(guild)

    async def _know_self(self, guild: discord.Guild) -> None:
        """Ask for the bot's own member where the guild came without it, until there is an answer:
        before that its rights are not known, so nothing is done there.
        """
        if guild.me is not None or guild.id in self._unknown:
            return
        self._unknown.add(guild.id)
        pause = _FIRST_PAUSE
        while not self.is_closed() and not await self._knows_self(guild.id):
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        self._unknown.discard(guild.id)

    async def _knows_self(self, guild_id: int) -> bool:
        """Whether the question is settled; a new session brings the guild as a new object."""
        guild = self.get_guild(guild_id)
        if guild is None:
            return True
        try:
            await self._fetch_self(guild)
        except (discord.DiscordException, aiohttp.ClientError, OSError, *ODD) as error:
            self._log.event("self_unknown", guild=guild_id, code=type(error).__name__)
            return False
        return self.get_guild(guild_id) is guild

    async def _fetch_self(self, guild: discord.Guild) -> None:
        assert self.user is not None
        data = await self.http.get_member(guild.id, self.user.id)
        own = discord.Member(data=data, guild=guild, state=self._connection)
        guild._add_member(own)  # noqa: SLF001 - as discord.py does with GUILD_CREATE's members

    async def on_message(self, message: discord.Message, /) -> None:
        """There are no prefix commands; the intake listens by itself."""

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        """An error in a handler: named by its code, never with what the event held."""
        kind = sys.exc_info()[0]
        code = kind.__name__ if kind else "unknown"
        self._log.event("handler_failed", handler=event_method, code=code)

    async def _command_failed(
        self, interaction: discord.Interaction, error: app_commands.AppCommandError
    ) -> None:
        """Whoever called gets an answer, with the code under which it is on record."""
        cause = error.__cause__ or error
        code = f"c-{interaction.id % 1_000_000:06d}"
        self._log.event("command_failed", code=code, error=type(cause).__name__)
        words = load_locale(interaction.locale.value).text("refused.broken", code=code)
        try:
            if not interaction.response.is_done():
                await interaction.response.send_message(words, ephemeral=True)
        except discord.HTTPException as refused:
            self._log.event("answer_failed", code=f"{refused.status}:{refused.code}")

    async def _publish(self) -> None:
        """Tell Discord our commands; without them members cannot report, but the watch goes on."""
        try:
            await self.tree.sync()
        except (discord.DiscordException, aiohttp.ClientError, TimeoutError, OSError) as error:
            self._log.event("commands_failed", code=type(error).__name__)


def intents() -> discord.Intents:
    """Guilds, their messages and the messages' text; nothing else is asked for."""
    return discord.Intents(guilds=True, guild_messages=True, message_content=True)
