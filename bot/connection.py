"""Signing in and staying connected, whatever the network does, until somebody says stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import aiohttp
import discord

from bot.endpoint import point_gateway, point_rest
from config.schema import DiscordSettings
from moderation.errors import PlatformUnreachable, SettingsError, TidekeeperError
from moderation.ports import Log

_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 120.0
_REFUSED_TOKEN = 4004
_REFUSED = "DISCORD_TOKEN: Discord refused the token; copy it again from the developer portal"
_NO_INTENT = (
    "DISCORD_TOKEN: Discord refused an intent; switch on Message Content Intent for the bot"
    " in the developer portal"
)
_NOT_DISCORD = (
    "discord.api: what answers there does not speak Discord's protocol; check the address"
)
_TROUBLE = (
    discord.DiscordException,
    aiohttp.ClientError,
    TimeoutError,
    OSError,
    PlatformUnreachable,
)


async def stay_connected(client: discord.Client, settings: DiscordSettings, log: Log) -> int:
    """Connect and stay until SIGTERM or SIGINT; 0 when told to stop.

    Raises ``SettingsError`` when Discord refuses the token or an intent: trying again would not
    help.
    """
    point_rest(settings.api)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    living = asyncio.create_task(_live(client, settings, log), name="connection")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    try:
        await asyncio.wait((living, stopping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        living.cancel()
        ended = await asyncio.gather(living, return_exceptions=True)
        await client.close()
        log.event("stopped")
    if isinstance(ended[0], Exception):
        raise ended[0]
    return 0


async def _live(client: discord.Client, settings: DiscordSettings, log: Log) -> None:
    token = settings.token.get_secret_value()
    await _until_it_works(lambda: _sign_in(client, token), log)
    log.event("signed_in", bot=client.user.id if client.user else 0)
    await _until_it_works(lambda: point_gateway(client, settings.gateway), log)
    loop, pause, line = asyncio.get_running_loop(), _FIRST_PAUSE / 2, _Line(client)
    while not client.is_closed():
        began = loop.time()
        try:
            await client.connect(reconnect=True)
        except discord.PrivilegedIntentsRequired:
            raise SettingsError((_NO_INTENT,)) from None
        except discord.ConnectionClosed as error:
            raise _final(error) from None
        except Exception as error:  # a server may send anything; the watch goes on
            log.event("gateway_failed", code=type(error).__name__)
            await _hang_up(client, line)
        lived = loop.time() - began
        pause = _FIRST_PAUSE if lived > _LONGEST_PAUSE else min(pause * 2, _LONGEST_PAUSE)
        await asyncio.sleep(pause)


async def _hang_up(client: discord.Client, line: _Line) -> None:
    """Close the line that discord.py has given up, and say that nothing is heard any more: it does
    neither by itself after an error it does not expect.
    """
    with suppress(Exception):  # it may be broken in any way, and is given up in any case
        if client.ws is not None:
            await client.ws.close(code=4000)
        if line.socket is not None:
            await line.socket.close()
    client.dispatch("disconnect")


class _Line:
    """Remembers the newest socket: where the first frame cannot be read, discord.py forgets it."""

    def __init__(self, client: discord.Client) -> None:
        self.socket: aiohttp.ClientWebSocketResponse | None = None
        self._connect = client.http.ws_connect
        client.http.ws_connect = self.connect  # type: ignore[method-assign]

    async def connect(self, *args: Any, **kwargs: Any) -> aiohttp.ClientWebSocketResponse:
        """As ``HTTPClient.ws_connect``."""
        self.socket = await self._connect(*args, **kwargs)
        return self.socket


async def _sign_in(client: discord.Client, token: str) -> None:
    try:
        await client.login(token)
    except discord.LoginFailure:
        raise SettingsError((_REFUSED,)) from None
    except (discord.NotFound, TypeError, KeyError, ValueError):
        raise SettingsError((_NOT_DISCORD,)) from None
    except _TROUBLE:
        await client.http.close()
        client.http.clear()
        client.http.connector = discord.utils.MISSING  # it was closed with its session
        raise


async def _until_it_works(work: Callable[[], Awaitable[None]], log: Log) -> None:
    """Try again, ever more slowly, however long Discord cannot be reached."""
    pause = _FIRST_PAUSE
    while True:
        try:
            return await work()
        except _TROUBLE as error:
            log.event("sign_in_failed", code=type(error).__name__, again_in=pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


def _final(error: discord.ConnectionClosed) -> TidekeeperError:
    """What a close is that discord.py does not come back from."""
    if error.code == _REFUSED_TOKEN:
        return SettingsError((_REFUSED,))
    return TidekeeperError(f"Discord closed the connection for good (code {error.code})")
