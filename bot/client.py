"""The connection: least intents, no mentions ever, and nothing that one bad event could stop."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import aiohttp
import discord
from discord import app_commands
from discord.ext import commands

from cogs.report import Translations
from moderation.ports import Log
from moderation.types import GuildId

discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # we never speak

Parser = Callable[[Any], None]


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
        self._starts: Sequence[Callable[[], None]] = ()
        self._ends: Sequence[Callable[[], Awaitable[None]]] = ()
        self.tree.error(self._command_failed)
        guard_parsers(self._connection.parsers, log)

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

    def listening(self) -> Iterable[GuildId]:
        """The guilds that are heard at this moment."""
        if not self.is_ready():
            return ()
        return tuple(GuildId(str(g.id)) for g in self.guilds if not g.unavailable)

    def channel_name(self, channel_id: str) -> str:
        """The name of a channel the bot knows; empty for others."""
        found = self.get_channel(int(channel_id)) if channel_id.isdigit() else None
        return str(getattr(found, "name", None) or "")

    async def on_message(self, message: discord.Message, /) -> None:
        """There are no prefix commands; the intake listens by itself."""

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        """An error in a handler: named by its code, never with what the event held."""
        kind = sys.exc_info()[0]
        code = kind.__name__ if kind else "unknown"
        self._log.event("handler_failed", handler=event_method, code=code)

    async def _command_failed(
        self, _: discord.Interaction, error: app_commands.AppCommandError
    ) -> None:
        cause = error.__cause__ or error
        self._log.event("command_failed", code=type(cause).__name__)

    async def _publish(self) -> None:
        """Tell Discord our commands; without them members cannot report, but the watch goes on."""
        try:
            await self.tree.sync()
        except (discord.DiscordException, aiohttp.ClientError, TimeoutError, OSError) as error:
            self._log.event("commands_failed", code=type(error).__name__)


def intents() -> discord.Intents:
    """Guilds, their messages and the messages' text; nothing else is asked for."""
    return discord.Intents(guilds=True, guild_messages=True, message_content=True)


_OPTIONAL: dict[str, Any] = {
    "attachments": [],
    "edited_timestamp": None,
    "embeds": [],
    "mention_everyone": False,
    "mention_roles": [],
    "mentions": [],
    "pinned": False,
    "tts": False,
    "type": 0,
}
"""Fields of a message that discord.py insists on, though one can be judged without them."""


def guard_parsers(parsers: dict[str, Parser], log: Log) -> None:
    """Wrap discord.py's parsers so that a malformed event is logged and skipped.

    Unguarded, an exception in one of them ends the connection for good. Messages get what is
    missing of their optional fields.
    """
    for name, parse in tuple(parsers.items()):
        parsers[name] = _guarded(name, parse, log)


def _guarded(name: str, parse: Parser, log: Log) -> Parser:
    filled = _OPTIONAL if name in ("MESSAGE_CREATE", "MESSAGE_UPDATE") else {}

    def guarded(data: Any) -> None:
        try:
            parse({**filled, **data} if filled else data)
        except Exception as error:  # whatever a server sends, the watch goes on
            log.event("gateway_malformed", type=name, code=type(error).__name__)

    return guarded
