"""Discord's objects into the core's values. Pure: nothing is asked, nothing is changed.

Only what discord.py hands over is read. A field that is missing (an author who is no longer a
member, a channel that is not cached) becomes its empty value and never an error.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import discord

from cogs.texts import text_of, whole
from moderation.types import (
    ActionKind,
    Attachment,
    Author,
    Channel,
    ChannelId,
    GuildId,
    Message,
    MessageId,
    MessageKind,
    Moderator,
    RoleId,
    UserId,
)

_KINDS = {
    discord.MessageType.default: MessageKind.DEFAULT,
    discord.MessageType.reply: MessageKind.REPLY,
    discord.MessageType.thread_starter_message: MessageKind.THREAD_STARTER,
    discord.MessageType.chat_input_command: MessageKind.DEFAULT,
    discord.MessageType.context_menu_command: MessageKind.DEFAULT,
}


_RIGHTS = {
    ActionKind.WARN: "view_channel",
    ActionKind.REDIRECT: "view_channel",
    ActionKind.REMOVE: "manage_messages",
    ActionKind.TIMEOUT: "moderate_members",
    ActionKind.KICK: "kick_members",
    ActionKind.BAN: "ban_members",
}
"""The permission of Discord that covers each action; a warning and a pointer need none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Roles a person wrote down, by name (whatever the case of letters) or by id."""

    named: frozenset[str]

    @classmethod
    def of(cls, written: Iterable[str]) -> Roles:
        """The roles of a settings list."""
        return cls(named=frozenset(role.casefold() for role in written))

    def held_by(self, member: object) -> bool:
        """Whether somebody has one of them; a person without roles has none."""
        return any(
            str(role.id) in self.named or role.name.casefold() in self.named
            for role in getattr(member, "roles", ())
        )


def to_message(
    source: discord.Message,
    staff: Roles,
    *,
    late: bool = False,
    author: discord.Member | None = None,
) -> Message | None:
    """The message as the core sees it; ``None`` when it belongs to no guild.

    ``late`` marks what was fetched after downtime; ``author`` is then the member behind it, whom
    history does not tell.
    """
    if source.guild is None:
        return None
    return Message(
        id=MessageId(str(source.id)),
        guild=GuildId(str(source.guild.id)),
        channel=ChannelId(str(source.channel.id)),
        author=to_author(source, author or source.author, staff),
        at=source.created_at,
        text=text_of(source),
        channel_name=str(getattr(source.channel, "name", None) or ""),
        parent=_parent(source.channel),
        kind=_KINDS.get(source.type, MessageKind.SYSTEM),
        reply_to=_reply_to(source),
        mentions=tuple(UserId(str(user.id)) for user in source.mentions),
        mass_mention=bool(source.mention_everyone or source.raw_role_mentions),
        attachments=tuple(_attachment(file) for file in source.attachments),
        embeds=len(source.embeds),
        reactions=sum(reaction.count for reaction in source.reactions),
        edited_at=source.edited_at,
        late=late,
    )


def to_author(
    source: discord.Message, author: discord.Member | discord.User, staff: Roles
) -> Author:
    """Who wrote it. Somebody who left the guild has no roles and no date of joining."""
    return Author(
        id=UserId(str(author.id)),
        name=whole(author.display_name),
        is_bot=author.bot,
        webhook=source.webhook_id is not None,
        staff=staff.held_by(author),
        roles=frozenset(RoleId(str(role.id)) for role in getattr(author, "roles", ())),
        joined_at=getattr(author, "joined_at", None),
    )


def to_channel(source: Any) -> Channel:
    """A guild channel or thread; ``parent`` is set for threads and forum posts."""
    return Channel(
        id=ChannelId(str(source.id)),
        guild=GuildId(str(source.guild.id)),
        name=str(getattr(source, "name", None) or ""),
        parent=_parent(source),
    )


def to_moderator(
    member: discord.Member,
    permissions: discord.Permissions,
    moderators: Roles,
    locale: str,
) -> Moderator:
    """The rights of a person at this moment, from their permissions where the cards are.

    Whoever holds a role that the settings name as moderators' may do all that the bot can; others
    what their own permissions cover.
    """
    named = moderators.held_by(member)
    return Moderator(
        id=UserId(str(member.id)),
        guild=GuildId(str(member.guild.id)),
        name=member.display_name,
        roles=frozenset(RoleId(str(role.id)) for role in member.roles),
        may_moderate=bool(permissions.moderate_members or permissions.manage_messages or named),
        may=frozenset(
            kind for kind, right in _RIGHTS.items() if named or getattr(permissions, right)
        ),
        locale=locale,
    )


def sent_at(message_id: int) -> datetime:
    """When the message with this id was sent: Discord's ids carry the moment."""
    return discord.utils.snowflake_time(message_id).astimezone(UTC)


def _parent(channel: object) -> ChannelId | None:
    parent = getattr(channel, "parent_id", None)
    return ChannelId(str(parent)) if parent else None


def _reply_to(source: discord.Message) -> MessageId | None:
    reference = source.reference
    if reference is None or reference.message_id is None:
        return None
    if reference.type is not discord.MessageReferenceType.reply:
        return None
    return MessageId(str(reference.message_id))


def _attachment(file: discord.Attachment) -> Attachment:
    return Attachment(
        name=file.filename,
        size=file.size,
        content_type=file.content_type or "",
        url=file.url,
    )
