"""One message of a chat export, checked and turned into a ``Message``. Pure.

Two formats: DiscordChatExporter's JSON (its header names guild and channel) and the JSONL of
Tidekeeper's own contract. Nothing in them is trusted to have the right type.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moderation.types import (
    Attachment,
    Author,
    Channel,
    ChannelId,
    GuildId,
    Message,
    MessageId,
    MessageKind,
    RoleId,
    UserId,
)

NO_GUILD = GuildId("export")
"""The guild of exports that name none."""

_KINDS = {
    "Default": MessageKind.DEFAULT,
    "0": MessageKind.DEFAULT,
    "Reply": MessageKind.REPLY,
    "19": MessageKind.REPLY,
    "ThreadStarterMessage": MessageKind.THREAD_STARTER,
    "21": MessageKind.THREAD_STARTER,
}
"""The types of message that people write, by DiscordChatExporter's word or Discord's number."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_LARGEST = 2**53


class BadField(Exception):
    """A field is missing or has the wrong type; the rest of the file is not in doubt."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field} {why}")
        self.field = field
        self.why = why


class NotWritten(Exception):
    """A system message (somebody joined, a pin); ``kind`` is its type."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """Who counts as staff: role names or ids, compared without regard to case."""

    roles: frozenset[str]

    def among(self, names: frozenset[str]) -> bool:
        """Whether one of the roles is a staff role."""
        return not self.roles.isdisjoint(name.casefold() for name in names)


def staff(roles: tuple[str, ...]) -> Staff:
    """The staff rule of ``staff.roles``."""
    return Staff(roles=frozenset(role.casefold() for role in roles))


def header(guild: object, channel: object, stem: str) -> Channel:
    """The channel of a DiscordChatExporter file; ``stem`` stands in for a missing header.

    A thread's "category" is the channel it belongs to.
    """
    place = channel if isinstance(channel, dict) else {}
    server = guild if isinstance(guild, dict) else {}
    is_thread = "thread" in str(place.get("type", "")).casefold()
    parent = _optional_id(place, "categoryId") if is_thread else None
    return Channel(
        id=ChannelId(_optional_id(place, "id") or clean(stem)),
        guild=GuildId(_optional_id(server, "id") or NO_GUILD),
        name=_plain(place.get("name")) or clean(stem),
        parent=ChannelId(parent) if parent else None,
        purpose=_plain(place.get("topic")),
    )


def exported(record: object, channel: Channel, who: Staff) -> Message:
    """A message of a DiscordChatExporter file.

    Raises ``BadField``, or ``NotWritten`` for a system message.
    """
    fields = _object(record, "message")
    kind = _KINDS.get(_plain(fields.get("type")) or "Default")
    if kind is None:
        raise NotWritten(_plain(fields.get("type"))[:60] or "unknown")
    reference = fields.get("reference")
    forwarded = fields.get("forwardedMessage")
    text = _text(fields, "content")
    if not text and isinstance(forwarded, dict):
        text = _text(forwarded, "content")
    edited = fields.get("timestampEdited")
    reply_to = _optional_id(reference, "messageId") if isinstance(reference, dict) else None
    return Message(
        id=MessageId(_id(fields, "id")),
        guild=channel.guild,
        channel=channel.id,
        channel_name=channel.name,
        parent=channel.parent,
        author=_author(_object(fields.get("author"), "author"), who),
        at=moment(fields.get("timestamp"), "timestamp"),
        text=text,
        kind=kind,
        reply_to=MessageId(reply_to) if reply_to else None,
        mentions=_mentions(fields),
        mass_mention=_is_mass(text),
        attachments=_attachments(fields),
        embeds=len(_list(fields, "embeds")),
        reactions=_reactions(fields),
        edited_at=moment(edited, "timestampEdited") if edited else None,
    )


def lined(record: object, who: Staff) -> Message:
    """A message of a JSONL line. Raises ``BadField``."""
    fields = _object(record, "message")
    text = _text(fields, "text")
    reply_to = _optional_id(fields, "reply_to")
    channel = _id(fields, "channel")
    names = frozenset(_plain(role) for role in _list(fields, "author_roles"))
    author = Author(
        id=UserId(_id(fields, "author")),
        name=_id(fields, "author"),
        is_bot=fields.get("is_bot") is True,
        staff=who.among(names),
        roles=frozenset(RoleId(name) for name in names),
    )
    return Message(
        id=MessageId(_id(fields, "id")),
        guild=NO_GUILD,
        channel=ChannelId(channel),
        channel_name=channel,
        author=author,
        at=moment(fields.get("ts"), "ts"),
        text=text,
        kind=MessageKind.REPLY if reply_to else MessageKind.DEFAULT,
        reply_to=MessageId(reply_to) if reply_to else None,
        mentions=_mentions(fields),
        mass_mention=_is_mass(text),
        attachments=_attachments(fields),
    )


def clean(text: str) -> str:
    """The text with half characters (lone surrogates) replaced, code point for code point."""
    return text if text.isascii() else _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def moment(value: object, field: str) -> datetime:
    """An RFC 3339 time in UTC; one without a zone is taken as UTC. Raises ``BadField``."""
    if not isinstance(value, str):
        raise BadField(field, "is missing" if value is None else "is not a time")
    try:
        at = datetime.fromisoformat(value)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadField(field, "is not a time") from None


def _object(value: object, field: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadField(field, "is missing" if value is None else "is not an object")
    return value


def _id(fields: Mapping[str, Any], field: str) -> str:
    found = _optional_id(fields, field)
    if found is None:
        raise BadField(field, "is missing" if fields.get(field) is None else "is not an id")
    return found


def _optional_id(fields: Mapping[str, Any], field: str) -> str | None:
    value = fields.get(field)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**64:
        return str(value)
    return clean(value) if isinstance(value, str) and value else None


def _text(fields: Mapping[str, Any], field: str) -> str:
    value = fields.get(field)
    if not isinstance(value, str):
        raise BadField(field, "is missing" if value is None else "is not text")
    return clean(value)


def _plain(value: object) -> str:
    return clean(value) if isinstance(value, str) else ""


def _list(fields: Mapping[str, Any], field: str) -> list[Any]:
    value = fields.get(field)
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadField(field, "is not a list")
    return value


def _author(fields: Mapping[str, Any], who: Staff) -> Author:
    """Bots keep a four-digit discriminator; ``0000`` on a bot marks a webhook."""
    roles = [role for role in _list(fields, "roles") if isinstance(role, dict)]
    ids = frozenset(_plain(role.get("id")) for role in roles)
    names = frozenset(_plain(role.get("name")) for role in roles)
    is_bot = fields.get("isBot") is True
    return Author(
        id=UserId(_id(fields, "id")),
        name=_plain(fields.get("name")),
        is_bot=is_bot,
        webhook=is_bot and fields.get("discriminator") == "0000",
        staff=who.among(ids | names),
        roles=frozenset(RoleId(role) for role in ids),
    )


def _mentions(fields: Mapping[str, Any]) -> tuple[UserId, ...]:
    found = []
    for person in _list(fields, "mentions"):
        named = person if isinstance(person, dict) else {"id": person}
        if identity := _optional_id(named, "id"):
            found.append(UserId(identity))
    return tuple(found)


def _attachments(fields: Mapping[str, Any]) -> tuple[Attachment, ...]:
    found = []
    for file in _list(fields, "attachments"):
        named = file if isinstance(file, dict) else {"name": file}
        found.append(
            Attachment(
                name=_plain(named.get("fileName") or named.get("name")),
                size=_count(named.get("fileSizeBytes") or named.get("size")),
                url=_plain(named.get("url")),
            )
        )
    return tuple(found)


def _reactions(fields: Mapping[str, Any]) -> int:
    reactions = (r for r in _list(fields, "reactions") if isinstance(r, dict))
    return _count(sum(_count(reaction.get("count")) for reaction in reactions))


def _count(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value < _LARGEST else 0


def _is_mass(text: str) -> bool:
    return "@" in text and ("@everyone" in text or "@here" in text or "<@&" in text)
