"""Looks at Discord as the bot would find it: sign-in, intents, rights, channels, clock, gateway.

Only REST and one greeting of the gateway: nothing is connected, no member notices.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar

import aiohttp
import discord
from discord.abc import GuildChannel
from yarl import URL

from bot.client import intents
from bot.endpoint import named_gateway, point_rest, rest_base
from bot.findings import Finding, fail, ok, skip, warn
from bot.tolerance import ODD, application_of
from config.schema import DiscordSettings, Settings
from moderation.errors import PlatformUnreachable

_PATIENCE = aiohttp.ClientTimeout(total=15)
_SKEW = timedelta(seconds=5)
_PORTAL = "https://discord.com/developers/applications"
NEEDED = {
    "view_channel": "View Channels",
    "send_messages": "Send Messages",
    "send_messages_in_threads": "Send Messages in Threads",
    "embed_links": "Embed Links",
    "read_message_history": "Read Message History",
    "manage_messages": "Manage Messages",
    "moderate_members": "Time out members",
    "kick_members": "Kick Members",
    "ban_members": "Ban Members",
}
"""The permissions that ``tidekeeper run`` needs, as Discord's settings call them."""

_IN_QUEUE = ("view_channel", "send_messages", "embed_links", "read_message_history")

_PRIVILEGED = {
    "message_content": ("Message Content", "gateway_message_content"),
    "members": ("Server Members", "gateway_guild_members"),
    "presences": ("Presence", "gateway_presence"),
}

C = TypeVar("C", bound=GuildChannel)


class _Visitor(discord.Client):
    """Asks over REST alone, and puts up with as little as ``tidekeeper run`` does."""

    def __init__(self) -> None:
        super().__init__(intents=discord.Intents(guilds=True))

    async def application_info(self) -> discord.AppInfo:
        return await application_of(self)


async def discord_checks(settings: Settings, now: datetime) -> AsyncIterator[Finding]:
    """All checks that need Discord; without a token only whether it can be reached."""
    point_rest(settings.discord.api)
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
    client = _Visitor()
    try:
        async for finding in _signed_in(client, token, settings):
            yield finding
    except discord.LoginFailure:
        yield fail("token", "Discord does not accept the token", f"make a new one at {_PORTAL}")
    except (discord.DiscordException, aiohttp.ClientError, TimeoutError, OSError) as error:
        answered = isinstance(error, discord.HTTPException)
        said = f"Discord {'answered with' if answered else 'did not answer:'} {_code(error)}"
        yield fail("discord", said, "try again; if it stays, check discord.api")
    except ODD:
        yield fail("discord", "what answers does not speak its protocol", "check discord.api")
    finally:
        await client.close()


def _set_token() -> str:
    return f"set DISCORD_TOKEN to the token from {_PORTAL}"


def _code(error: BaseException) -> str:
    if isinstance(error, discord.HTTPException):
        return f"{error.status} (code {error.code})"
    return type(error).__name__


async def _reach(settings: DiscordSettings, now: datetime) -> AsyncIterator[Finding]:
    """The API answers and its clock agrees with ours; without a token, the gateway greets."""
    shown = _shown(settings.api)
    try:
        async with (
            aiohttp.ClientSession(timeout=_PATIENCE) as session,
            session.get(f"{rest_base(settings.api)}/gateway") as answer,
        ):
            yield ok("api", f"{shown} answers")
            yield _clock(answer.headers.get("Date", ""), now)
            body = await answer.json() if answer.status == 200 else {}
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        said = f"{shown} cannot be reached ({_code(error)})"
        yield fail("api", said, "check the network, a firewall, and discord.api")
        return
    named = body.get("url") if isinstance(body, dict) else None
    if not settings.token.get_secret_value():
        yield await _gateway(settings.gateway or str(named or ""))


def _shown(address: str) -> str:
    """An address as it may be printed: without the name and password that may stand in it."""
    return str(URL(address).with_user(None))


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


async def _gateway(url: str) -> Finding:
    if not url:
        return fail("gateway", "the API names none", "set discord.gateway")
    try:
        async with (
            aiohttp.ClientSession(timeout=_PATIENCE) as session,
            session.ws_connect(f"{url}/?v=10&encoding=json") as socket,
        ):
            await socket.receive(timeout=_PATIENCE.total)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        said = f"{_shown(url)} does not greet ({_code(error)})"
        return fail("gateway", said, "check the network, a proxy, and discord.gateway")
    return ok("gateway", f"{_shown(url)} greets")


async def _signed_in(
    client: discord.Client, token: str, settings: Settings
) -> AsyncIterator[Finding]:
    await client.login(token)
    yield ok("token", "Discord accepts it")
    yield await _gateway(settings.discord.gateway or await _named_to(client))
    for finding in _intents(client.application_flags):
        yield finding
    found = 0
    async for summary in client.fetch_guilds(limit=200, with_counts=False):
        found += 1
        guild = await _whole(client, summary.id)
        for finding in await _guild(client, guild, settings):
            yield finding
    if not found:
        yield fail("server", "the bot is in no server", f"invite it; the link is made at {_PORTAL}")


async def _named_to(client: discord.Client) -> str:
    try:
        return await named_gateway(client)
    except PlatformUnreachable:
        return ""


async def _whole(client: discord.Client, guild_id: int) -> discord.Guild:
    """A guild with its channels; those of types that discord.py does not know are left out."""
    data = await client.http.get_guild(guild_id, with_counts=False)
    channels = await client.http.get_all_guild_channels(guild_id)
    state = client._connection  # noqa: SLF001 - as Client.fetch_guild does
    return discord.Guild(data={**data, "channels": channels}, state=state)


def _intents(flags: discord.ApplicationFlags) -> Iterator[Finding]:
    """Those that Discord must switch on and that the bot asks for."""
    for intent in asked_intents():
        label, flag = _PRIVILEGED[intent]
        if getattr(flags, flag) or getattr(flags, f"{flag}_limited"):
            yield ok("intents", f"{label} is on")
        else:
            mend = f"switch on the {label} intent under Bot at {_PORTAL}"
            yield fail("intents", f"{label} is off", mend)


def asked_intents() -> tuple[str, ...]:
    """The privileged intents that ``tidekeeper run`` asks for."""
    asked = intents()
    return tuple(name for name in _PRIVILEGED if getattr(asked, name))


async def _guild(client: discord.Client, guild: discord.Guild, settings: Settings) -> list[Finding]:
    assert client.user is not None
    me = await guild.fetch_member(client.user.id)
    return [
        _permissions(guild, me),
        _hierarchy(guild, me),
        *_queues(guild, me, settings),
        *_named(guild, settings),
    ]


def _permissions(guild: discord.Guild, me: discord.Member) -> Finding:
    has = me.guild_permissions
    missing = [label for name, label in NEEDED.items() if not getattr(has, name)]
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


def _queues(guild: discord.Guild, me: discord.Member, settings: Settings) -> Iterator[Finding]:
    main = _find(guild.text_channels, settings.queue.channel)
    if main is None:
        mend = "create the channel, or name it in queue.channel"
        said = f"server {guild.id} has no text channel {settings.queue.channel}"
        yield fail("queue", said, mend)
    else:
        yield _queue(guild, me, main)
    for owner, wanted in settings.queue.owners.items():
        channel = _find(guild.text_channels, wanted)
        if channel is None:
            said = (
                f"server {guild.id} has no text channel {wanted}; {settings.queue.channel} is used"
            )
            yield warn("queue", said, f"create it, or name it in queue.owners.{owner.value}")
        else:
            yield _queue(guild, me, channel)


def _queue(guild: discord.Guild, me: discord.Member, channel: discord.TextChannel) -> Finding:
    has = channel.permissions_for(me)
    missing = [NEEDED[name] for name in _IN_QUEUE if not getattr(has, name)]
    if missing:
        mend = "allow it in the channel's settings"
        return fail("queue", f"in {channel.name} the bot lacks: {', '.join(missing)}", mend)
    if channel.permissions_for(guild.default_role).view_channel:
        mend = "take View Channel from everyone in the channel's settings"
        return warn("queue", f"everybody can read {channel.name}", mend)
    return ok("queue", f"the bot can see and write in {channel.name}")


def _named(guild: discord.Guild, settings: Settings) -> Iterator[Finding]:
    missing = [name for name in settings.channels if _find(guild.channels, name) is None]
    if missing:
        said = f"server {guild.id} does not have: {', '.join(missing)}"
        yield warn("channels", said, "correct the names under channels in the settings")
    roles = {str(role.id) for role in guild.roles} | {role.name.casefold() for role in guild.roles}
    wanted = settings.staff.moderators
    if not any(role.casefold() in roles for role in wanted):
        said = f"server {guild.id} has none of the roles {', '.join(wanted)}"
        yield warn("staff", said, "name the moderators' role in staff.moderators")


def _find(channels: Sequence[C], wanted: str) -> C | None:
    return next((c for c in channels if wanted in (c.name, str(c.id))), None)
