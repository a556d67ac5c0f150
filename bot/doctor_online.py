"""Looks at Discord as the bot would find it: sign-in, intents, rights, channels, clock, gateway.

Only REST and one greeting of the gateway: nothing is connected, no member notices.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp
import discord
from discord.abc import GuildChannel
from discord.http import Route

from bot.findings import Finding, fail, ok, skip, warn
from config.schema import DiscordSettings, Settings

_PATIENCE = aiohttp.ClientTimeout(total=15)
_SKEW = timedelta(seconds=5)
_PORTAL = "https://discord.com/developers/applications"
_NEEDED = {
    "view_channel": "View Channels",
    "send_messages": "Send Messages",
    "embed_links": "Embed Links",
    "read_message_history": "Read Message History",
    "manage_messages": "Manage Messages",
    "moderate_members": "Time out members",
    "kick_members": "Kick Members",
    "ban_members": "Ban Members",
}
_IN_QUEUE = ("view_channel", "send_messages", "embed_links", "read_message_history")


async def discord_checks(settings: Settings, now: datetime) -> AsyncIterator[Finding]:
    """All checks that need Discord; without a token only whether it can be reached."""
    async for finding in _reach(settings.discord, now):
        yield finding
    token = settings.discord.token.get_secret_value()
    if not token:
        yield skip(
            "token", "no token is set, so rights and channels were not checked", _set_token()
        )
        return
    if token.count(".") != 2:
        said = "the token does not look like one (three parts with dots)"
        yield warn("token", said, f"copy it again from {_PORTAL}")
    Route.BASE = settings.discord.api
    client = discord.Client(intents=discord.Intents.none())
    try:
        async for finding in _signed_in(client, token, settings):
            yield finding
    except discord.LoginFailure:
        yield fail("token", "Discord does not accept the token", f"make a new one at {_PORTAL}")
    except (discord.DiscordException, aiohttp.ClientError, TimeoutError, OSError) as error:
        said = f"Discord answered with {_code(error)}"
        yield fail("discord", said, "try again; if it stays, check discord.api")
    finally:
        await client.close()


def _set_token() -> str:
    return f"set DISCORD_TOKEN to the token from {_PORTAL}"


def _code(error: BaseException) -> str:
    if isinstance(error, discord.HTTPException):
        return f"{error.status} (code {error.code})"
    return type(error).__name__


async def _reach(settings: DiscordSettings, now: datetime) -> AsyncIterator[Finding]:
    """The API answers, its clock agrees with ours, the gateway greets."""
    try:
        async with (
            aiohttp.ClientSession(timeout=_PATIENCE) as session,
            session.get(f"{settings.api}/gateway") as answer,
        ):
            yield ok("api", f"{settings.api} answers")
            yield _clock(answer.headers.get("Date", ""), now)
            body = await answer.json() if answer.status == 200 else {}
            named = body.get("url") if isinstance(body, dict) else None
            yield await _gateway(session, settings.gateway or str(named or ""))
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        said = f"{settings.api} cannot be reached ({_code(error)})"
        yield fail("api", said, "check the network, a firewall, and discord.api")


def _clock(header: str, now: datetime) -> Finding:
    try:
        theirs = parsedate_to_datetime(header).astimezone(UTC)
    except ValueError:
        return skip("clock", "the API tells no time")
    off = abs(theirs - now)
    if off > _SKEW:
        said = f"this machine is {off.total_seconds():.0f} s off"
        return warn("clock", said, "switch on time synchronisation (NTP)")
    return ok("clock", "agrees with Discord's")


async def _gateway(session: aiohttp.ClientSession, url: str) -> Finding:
    if not url:
        return fail("gateway", "the API names none", "set discord.gateway")
    try:
        async with session.ws_connect(f"{url}/?v=10&encoding=json") as socket:
            await socket.receive(timeout=_PATIENCE.total)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        said = f"{url} does not greet ({_code(error)})"
        return fail("gateway", said, "check the network, a proxy, and discord.gateway")
    return ok("gateway", f"{url} greets")


async def _signed_in(
    client: discord.Client, token: str, settings: Settings
) -> AsyncIterator[Finding]:
    await client.login(token)
    yield ok("token", "Discord accepts it")
    for finding in _intents(client.application_flags):
        yield finding
    found = 0
    async for summary in client.fetch_guilds(limit=200):
        found += 1
        guild = await client.fetch_guild(summary.id)
        for finding in await _guild(client, guild, settings):
            yield finding
    if not found:
        yield fail("server", "the bot is in no server", f"invite it; the link is made at {_PORTAL}")


def _intents(flags: discord.ApplicationFlags) -> Iterator[Finding]:
    content = flags.gateway_message_content or flags.gateway_message_content_limited
    members = flags.gateway_guild_members or flags.gateway_guild_members_limited
    for name, given in (("Message Content", content), ("Server Members", members)):
        if given:
            yield ok("intents", f"{name} is on")
        else:
            mend = f"switch on the {name} intent under Bot at {_PORTAL}"
            yield fail("intents", f"{name} is off", mend)


async def _guild(client: discord.Client, guild: discord.Guild, settings: Settings) -> list[Finding]:
    assert client.user is not None
    me = await guild.fetch_member(client.user.id)
    channels = await guild.fetch_channels()
    return [
        _permissions(guild, me),
        _hierarchy(guild, me),
        *_queues(guild, me, channels, settings),
        *_named(guild, channels, settings),
    ]


def _permissions(guild: discord.Guild, me: discord.Member) -> Finding:
    has = me.guild_permissions
    missing = [label for name, label in _NEEDED.items() if not getattr(has, name)]
    if missing:
        mend = "grant it to the bot's role under Server Settings, Roles"
        return fail("permissions", f"server {guild.id} lacks: {', '.join(missing)}", mend)
    if has.administrator:
        mend = "take Administrator away; the bot asks only for what it needs"
        return warn("permissions", f"server {guild.id} made the bot an administrator", mend)
    return ok("permissions", f"server {guild.id} grants all that is needed")


def _hierarchy(guild: discord.Guild, me: discord.Member) -> Finding:
    above = [role for role in guild.roles if role > me.top_role and not role.is_bot_managed()]
    if not above:
        return ok("hierarchy", f"server {guild.id}: the bot's role stands above all others")
    said = f"server {guild.id}: {len(above)} roles stand above the bot's; it cannot act on them"
    return warn("hierarchy", said, "drag the bot's role up, above those of ordinary members")


def _queues(
    guild: discord.Guild,
    me: discord.Member,
    channels: Sequence[GuildChannel],
    settings: Settings,
) -> Iterator[Finding]:
    for wanted in (settings.queue.channel, *settings.queue.owners.values()):
        channel = _find(channels, wanted)
        if channel is None:
            mend = "create the channel, or name it in queue.channel"
            yield fail("queue", f"server {guild.id} has no channel {wanted}", mend)
            continue
        has = channel.permissions_for(me)
        missing = [_NEEDED[name] for name in _IN_QUEUE if not getattr(has, name)]
        if missing:
            mend = "allow it in the channel's settings"
            yield fail("queue", f"in {wanted} the bot lacks: {', '.join(missing)}", mend)
        elif channel.permissions_for(guild.default_role).view_channel:
            mend = "take View Channel from everyone in the channel's settings"
            yield warn("queue", f"everybody can read {wanted}", mend)
        else:
            yield ok("queue", f"the bot can see and write in {wanted}")


def _named(
    guild: discord.Guild, channels: Sequence[GuildChannel], settings: Settings
) -> Iterator[Finding]:
    missing = [name for name in settings.channels if _find(channels, name) is None]
    if missing:
        said = f"server {guild.id} does not have: {', '.join(missing)}"
        yield warn("channels", said, "correct the names under channels in the settings")
    roles = {str(role.id) for role in guild.roles} | {role.name.casefold() for role in guild.roles}
    wanted = settings.staff.moderators
    if not any(role.casefold() in roles for role in wanted):
        said = f"server {guild.id} has none of the roles {', '.join(wanted)}"
        yield warn("staff", said, "name the moderators' role in staff.moderators")


def _find(channels: Sequence[GuildChannel], wanted: str) -> GuildChannel | None:
    name = wanted.removeprefix("#")
    return next((c for c in channels if name in (c.name, str(c.id))), None)
