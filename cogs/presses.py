"""What a press holds, read with mistrust, and what is answered to one that is refused. Pure."""

from __future__ import annotations

import re
from typing import Any

import discord

from config.locale import Locale
from moderation.errors import NotAllowed, Refused
from moderation.types import ActionKind, Case, ChannelId, MessageId, MessageRef, UserId

_SNOWFLAKE = re.compile(r"[0-9]{1,20}")


def refusal(refused: Refused, locale: Locale) -> str:
    """Why nothing was done, in words; who was faster is named."""
    facts = dict(refused.facts)
    state = str(facts.get("state", ""))
    by = str(facts.get("by", ""))
    who = locale.text("standing.automatic") if by == "system" else f"<@{by}>"
    code = refused.code
    if code == "overtaken" and not by:
        code = "overtaken_nobody"
    key = f"refused.{code}" if locale.has(f"refused.{code}") else "refused.unknown"
    number = str(facts.get("number", ""))
    return locale.text(
        key, who=who, number=number, state=locale.text(f"state.{state}") if state else ""
    )


def card_of(interaction: discord.Interaction, verb: str) -> MessageRef | None:
    """The card that was pressed. The menu of channels stands on a message of its own, which only
    we can have sent and only this person can see.
    """
    message = interaction.message
    own = interaction.client.user
    if message is None or own is None or message.author.id != own.id:
        raise NotAllowed("not_this_card")
    if verb == "to" and message.flags.ephemeral:
        return None
    return MessageRef(
        channel=ChannelId(str(message.channel.id)), message=MessageId(str(message.id))
    )


def picked(interaction: discord.Interaction) -> ActionKind:
    """The action chosen from the menu."""
    value = values_of(interaction)[0]
    if value not in set(ActionKind):
        raise NotAllowed("not_this_card")
    return ActionKind(value)


def values_of(interaction: discord.Interaction) -> list[str]:
    """What was chosen from a menu; at least one. Raises ``NotAllowed`` for a forged press."""
    data: dict[str, Any] = dict(interaction.data or {})
    values = data.get("values") or []
    if not values:
        raise NotAllowed("not_this_card")
    return [str(value) for value in values]


def channel_of(interaction: discord.Interaction) -> discord.abc.GuildChannel:
    """The channel chosen to point to. Raises ``NotAllowed`` for what is none of this server's."""
    value = values_of(interaction)[0]
    known = interaction.guild is not None and _SNOWFLAKE.fullmatch(value)
    channel = interaction.guild.get_channel(int(value)) if known and interaction.guild else None
    if channel is None:
        raise NotAllowed("not_a_channel")
    return channel


async def must_see(channel: discord.abc.GuildChannel, user: UserId) -> None:
    """Raise ``NotAllowed`` when the member could not follow a pointer to the channel; somebody who
    has left needs none.
    """
    try:
        member = await channel.guild.fetch_member(int(user))
    except discord.NotFound:
        return
    if not channel.permissions_for(member).view_channel:
        raise NotAllowed("hidden_channel")


def suggested(case: Case) -> ChannelId | None:
    """The better channel that a signal names, if one does."""
    for signal in case.signals:
        for name, value in signal.facts:
            if name == "suggested_channel":
                return ChannelId(str(value))
    return None
