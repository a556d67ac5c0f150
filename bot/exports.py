"""One message of a chat export, checked and turned into a ``Message``. Pure.

Two formats: DiscordChatExporter's JSON (its header names guild and channel) and the JSONL of
Tidekeeper's own contract. Nothing in them is trusted to have the right type.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.render.plain import plain
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

LONGEST_LINE = 1024 * 1024
"""Bytes of a line of JSONL."""

CURE = "hand in the .json file that DiscordChatExporter wrote"

_KINDS = {
    "Default": MessageKind.DEFAULT,
    "0": MessageKind.DEFAULT,
    "Reply": MessageKind.REPLY,
    "19": MessageKind.REPLY,
    "ThreadStarterMessage": MessageKind.THREAD_STARTER,
    "21": MessageKind.THREAD_STARTER,
}
"""The types of message that people write, by DiscordChatExporter's word or Discord's number."""

_WRITTEN = frozenset({"text", "author"})
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff", b"{\0", b"\0{")
"""How files in UTF-16 and UTF-32 begin."""
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


class WrongFile(Exception):
    """The whole file is something else; ``why`` names the cure."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """Something that was not read. ``line`` counts from 1; ``offset`` as in ``jsonstream.Damaged``."""

    file: str
    error: str
    line: int | None = None
    offset: int | None = None
    message: int | None = None
    field: str = ""
    type: str = ""
    count: int = 1

    def as_json(self) -> dict[str, str | int]:
        """Only what is known."""
        known = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in known.items() if value not in (None, "")}

    def __str__(self) -> str:
        places = (("line", self.line), ("offset", self.offset), ("message", self.message))
        where = "".join(f", {name} {value}" for name, value in places if value is not None)
        subject = f"{self.field} " if self.field else ""
        return plain(f"{self.file}{where}: {subject}{self.error}")


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
    """The channel of a DiscordChatExporter file; ``stem`` stands in for a missing header."""
    place = channel if isinstance(channel, dict) else {}
    server = guild if isinstance(guild, dict) else {}
    parent = _optional_id(place, "categoryId") if _is_thread(place) else None
    return Channel(
        id=ChannelId(_optional_id(place, "id") or clean(stem)),
        guild=GuildId(_optional_id(server, "id") or NO_GUILD),
        name=_plain(place.get("name")) or clean(stem),
        parent=ChannelId(parent) if parent else None,
        purpose=_plain(place.get("topic")),
    )


def above(guild: object, channel: object) -> Channel | None:
    """The channel that a thread belongs to: DiscordChatExporter calls it the "category"."""
    place = channel if isinstance(channel, dict) else {}
    server = guild if isinstance(guild, dict) else {}
    parent, name = _optional_id(place, "categoryId"), _plain(place.get("category"))
    if not _is_thread(place) or not parent or not name:
        return None
    return Channel(
        id=ChannelId(parent), guild=GuildId(_optional_id(server, "id") or NO_GUILD), name=name
    )


def _is_thread(place: Mapping[str, Any]) -> bool:
    return "thread" in str(place.get("type", "")).casefold()


def glimpse(record: object, *, line: bool) -> tuple[datetime | None, ChannelId | None]:
    """When a record says it was written, and (of a line) where; ``None`` for what it does not say.

    Cheaper than the whole message, for a first look over a file.
    """
    fields = record if isinstance(record, dict) else {}
    field = "ts" if line else "timestamp"
    channel = _optional_id(fields, "channel") if line else None
    try:
        at = moment(fields.get(field), field)
    except BadField:
        at = None
    return at, ChannelId(channel) if channel else None


def is_lines(start: bytes, *, named: bool) -> bool:
    """Whether a file holds lines (JSONL), by its ``start``; by its name where that does not say.

    Raises ``WrongFile``.
    """
    if start.startswith(_WIDE):
        raise WrongFile("is not UTF-8 text but UTF-16 or UTF-32; save it as UTF-8")
    lines = (line.strip() for line in start.removeprefix(b"\xef\xbb\xbf").split(b"\n"))
    first = next(filter(None, lines), b"")
    try:
        record = json.loads(first.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return named and first != b"{" and not first.startswith(b'{"guild"')
    keys = record.keys() if isinstance(record, dict) else frozenset()
    if "content" in keys and "text" not in keys:
        raise WrongFile(f"holds messages without their channel; {CURE}")
    if named:
        return "messages" not in keys
    return "messages" not in keys and not _WRITTEN.isdisjoint(keys)


def parsed(line: object) -> object:
    """The value of a whole line. Raises ``BadField``, also for one that is too long (``None``)."""
    if not isinstance(line, bytes):
        raise BadField("line", f"is longer than {LONGEST_LINE} bytes")
    try:
        return json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise BadField("line", "is not UTF-8 text") from None
    except (ValueError, RecursionError):
        raise BadField("line", "is not JSON") from None


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
        text = _text(forwarded, "content", "forwardedMessage.")
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


def _id(fields: Mapping[str, Any], field: str, above: str = "") -> str:
    found = _optional_id(fields, field)
    if found is None:
        why = "is missing" if fields.get(field) is None else "is not an id"
        raise BadField(above + field, why)
    return found


def _optional_id(fields: Mapping[str, Any], field: str) -> str | None:
    value = fields.get(field)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**64:
        return str(value)
    return clean(value) if isinstance(value, str) and value else None


def _text(fields: Mapping[str, Any], field: str, above: str = "") -> str:
    value = fields.get(field)
    if not isinstance(value, str):
        raise BadField(above + field, "is missing" if value is None else "is not text")
    return clean(value)


def _plain(value: object) -> str:
    return clean(value) if isinstance(value, str) else ""


def _list(fields: Mapping[str, Any], field: str, above: str = "") -> list[Any]:
    value = fields.get(field)
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadField(above + field, "is not a list")
    return value


def _author(fields: Mapping[str, Any], who: Staff) -> Author:
    """Bots keep a four-digit discriminator; ``0000`` on a bot marks a webhook."""
    roles = [role for role in _list(fields, "roles", "author.") if isinstance(role, dict)]
    ids = frozenset(_plain(role.get("id")) for role in roles)
    names = frozenset(_plain(role.get("name")) for role in roles)
    is_bot = fields.get("isBot") is True
    return Author(
        id=UserId(_id(fields, "id", "author.")),
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
