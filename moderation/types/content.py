"""What people say and where: messages, their places and authors, what is recorded of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from moderation.types.kinds import ChannelId, GuildId, MessageId, MessageKind, RoleId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A place where people write. ``parent`` is the channel of a thread or forum post."""

    id: ChannelId
    guild: GuildId
    name: str = ""
    parent: ChannelId | None = None
    purpose: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who wrote a message, as known at that moment (``staff`` cannot be back-filled)."""

    id: UserId
    name: str = ""
    is_bot: bool = False
    webhook: bool = False
    staff: bool = False
    roles: frozenset[RoleId] = frozenset()
    joined_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file on a message. ``size`` in bytes; ``url`` expires on Discord."""

    name: str
    size: int = 0
    content_type: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message as the core sees it.

    ``text`` is everything that the message says: first what was typed, unchanged, so that spans
    into it hold; then a poll, a forwarded message and the like (``cogs.texts``).
    ``late`` is true when it was fetched after downtime instead of heard live. ``embeds`` counts
    them. ``mentions`` are users; ``mass_mention`` is true for @everyone, @here and role mentions.
    """

    id: MessageId
    guild: GuildId
    channel: ChannelId
    author: Author
    at: datetime
    text: str
    channel_name: str = ""
    parent: ChannelId | None = None
    kind: MessageKind = MessageKind.DEFAULT
    reply_to: MessageId | None = None
    mentions: tuple[UserId, ...] = ()
    mass_mention: bool = False
    attachments: tuple[Attachment, ...] = ()
    embeds: int = 0
    reactions: int = 0
    edited_at: datetime | None = None
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRef:
    """Where a message stands; a case's card is one, too."""

    channel: ChannelId
    message: MessageId


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """A message was edited; recorded as a fact."""

    id: MessageId
    guild: GuildId
    channel: ChannelId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """A message was deleted; ``reason`` is ``author``, ``moderator``, ``bulk`` or ``unknown``."""

    id: MessageId
    guild: GuildId
    channel: ChannelId
    at: datetime
    reason: str = "unknown"


Fact = Message | Edited | Deleted
"""What is recorded of every message, without its text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSeen:
    """The newest message recorded in a channel."""

    channel: ChannelId
    message: MessageId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """A stretch of time in which the bot listened to a guild (``until`` grows while it does)."""

    guild: GuildId
    since: datetime
    until: datetime
