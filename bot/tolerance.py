"""What servers leave out, write as ``null`` or write oddly, made fit for discord.py.

Discord's own documents call the fields optional; discord.py insists on some of them, and an
exception in one of its parsers ends the connection for good. Polls without an end and members that
are ``null`` come from Discord itself and from servers that speak its protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import discord

from moderation.ports import Log

Parser = Callable[[Any], None]
Json = dict[str, Any]

ODD = (AttributeError, KeyError, TypeError, ValueError)
"""What discord.py raises over an answer that is not what it expects."""

_MESSAGES = ("MESSAGE_CREATE", "MESSAGE_UPDATE")
_CHANNELS = ("CHANNEL_CREATE", "CHANNEL_UPDATE")
_OPTIONAL: Json = {
    "attachments": [],
    "content": "",
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

_FORWARDED = {**_OPTIONAL, "timestamp": None}
_NEEDED = ("id", "channel_id", "guild_id", "author", "content", "webhook_id", "edited_timestamp")
_NEVER = "2100-01-01T00:00:00+00:00"
_APPLICATION: Json = {
    "bot_public": False,
    "bot_require_code_grant": False,
    "description": "",
    "icon": None,
    "name": "",
    "verify_key": "",
}


async def application_of(client: discord.Client) -> discord.AppInfo:
    """The bot's application. Its owner and the rest are optional in Discord's own description."""
    data: Json = dict(await client.http.application_info())
    own = {"id": data["id"], "username": "", "discriminator": "0", "avatar": None}
    whole = {**_APPLICATION, "owner": own, **_given(data)}
    return discord.AppInfo(client._connection, whole)  # type: ignore[arg-type]  # noqa: SLF001 - as Client.application_info does


def guard(connection: Any, log: Log) -> None:
    """Wrap what discord.py makes objects with, so that odd payloads are mended and what cannot be
    mended is logged and skipped, whether it comes from the gateway or from REST.

    Unguarded, an exception in a parser ends the connection for good. The bot's own messages are
    not heard: they are no news to it.
    """
    for name, parse in tuple(connection.parsers.items()):
        connection.parsers[name] = _guarded(name, parse, connection, log)
    make = connection.create_message

    def create_message(*, channel: Any, data: Any) -> Any:
        return _made(lambda fit: make(channel=channel, data=fit), data)

    connection.create_message = create_message


def _guarded(name: str, parse: Parser, connection: Any, log: Log) -> Parser:
    def guarded(data: Any) -> None:
        try:
            _parsed(name, parse, data, connection.self_id)
        except Exception as error:  # whatever a server sends, the watch goes on
            log.event("gateway_malformed", type=name, code=type(error).__name__)

    return guarded


def _parsed(name: str, parse: Parser, data: Any, own: int | None) -> None:
    if name in _MESSAGES:
        if own is None or (data.get("author") or {}).get("id") != str(own):
            _made(parse, data)
    elif name == "GUILD_CREATE":
        given = _given(data)
        parse({**given, "channels": [_channel(each) for each in given.get("channels", [])]})
    elif name in _CHANNELS:
        parse(_channel(data))
    elif name == "INTERACTION_CREATE":
        parse(_interaction(data))
    else:
        parse(data)


def _made(make: Callable[[Any], Any], data: Json) -> Any:
    """What ``make`` makes of a message; where the rest of it is odd, of its words alone."""
    try:
        return make(message(data))
    except ODD:
        return make(_bare(data))


def message(data: Json) -> Json:
    """A message with what discord.py insists on, and without what is null."""
    whole = {**_OPTIONAL, **_given(data)}
    whole["mentions"] = [_given(person, ("member",)) for person in whole["mentions"]]
    if "poll" in whole:
        whole["poll"] = _poll(whole["poll"])
    if "referenced_message" in whole:
        whole["referenced_message"] = message(whole["referenced_message"])
    if "message_snapshots" in whole:
        whole["message_snapshots"] = [_snapshot(each) for each in whole["message_snapshots"]]
    return whole


def _bare(data: Json) -> Json:
    """Who said what and where; enough to judge the words."""
    kept = {**_OPTIONAL, **{key: data[key] for key in _NEEDED if data.get(key) is not None}}
    member = data.get("member")
    if isinstance(member, Mapping) and isinstance(member.get("roles"), list):
        kept["member"] = member
    return kept


def _given(data: Json, keys: tuple[str, ...] = ()) -> Json:
    """Without the keys that are null: all, or some of them."""
    return {k: v for k, v in data.items() if v is not None or (keys and k not in keys)}


def _channel(channel: Json) -> Json:
    return {"name": "", "position": 0, **_given(channel)}


def _poll(poll: Json) -> Json:
    """When it ends is nothing to us, and Discord itself may leave it open."""
    return {"question": {}, "answers": [], **_given(poll), "expiry": _NEVER}


def _snapshot(snapshot: Json) -> Json:
    return {**snapshot, "message": {**_FORWARDED, **_given(snapshot["message"])}}


def _interaction(data: Json) -> Json:
    """Messages come with presses and with context menus, too."""
    whole = {"attachment_size_limit": 0, "version": 1, **_given(data)}
    if "message" in whole:
        whole["message"] = message(whole["message"])
    resolved = (whole.get("data") or {}).get("resolved") or {}
    if resolved.get("messages"):
        fit = {key: message(each) for key, each in resolved["messages"].items()}
        whole["data"] = {**whole["data"], "resolved": {**resolved, "messages": fit}}
    return whole
