"""What a decision does on Discord, and what taking it back does. Everything may be repeated."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, assert_never

import discord

from bot.adapters.discord_answers import answered
from config.locale import Locale
from moderation.errors import PlatformFailure, PlatformUnreachable
from moderation.ports import Clock
from moderation.types import Action, ActionId, ActionKind, ChannelId, MessageRef

LOOK_BACK = 50
"""How many messages are searched for one of ours before it is sent a second time."""

_NEEDED = {
    ActionKind.TIMEOUT: "moderate_members",
    ActionKind.KICK: "kick_members",
    ActionKind.BAN: "ban_members",
}
Writable = discord.TextChannel | discord.Thread | discord.VoiceChannel | discord.StageChannel
Place = discord.abc.GuildChannel | discord.Thread


async def check(guild: discord.Guild, action: Action) -> None:
    """Raise ``PlatformFailure`` for what Discord would refuse anyway, in words that help."""
    if action.reverses is not None:
        return
    match action.kind:
        case ActionKind.WARN:
            return
        case ActionKind.REMOVE:
            await _check_channel(guild, action.channel, "manage_messages")
        case ActionKind.REDIRECT:
            await _check_redirect(guild, action)
        case ActionKind.TIMEOUT | ActionKind.KICK | ActionKind.BAN:
            await _check_member(guild, action)
        case _ as never:
            assert_never(never)


async def _check_channel(guild: discord.Guild, channel_id: ChannelId, right: str) -> None:
    channel = await place_of(guild, channel_id)
    if right == "send_messages" and isinstance(channel, discord.Thread):
        right = "send_messages_in_threads"
    if not getattr(rights_in(channel, guild.me), right):
        raise PlatformFailure("permission")


async def place_of(guild: discord.Guild, channel_id: ChannelId) -> Place:
    """A channel or thread. discord.py forgets threads when they are archived, and what happened
    there can still be acted on, so what it does not know is asked for.

    Raises ``PlatformFailure``: ``gone`` when there is none that we know how to use.
    """
    known = guild.get_channel_or_thread(int(channel_id))
    try:
        with answered():
            return known or await guild.fetch_channel(int(channel_id))
    except PlatformUnreachable as error:
        if isinstance(error.__cause__, discord.InvalidData):
            raise PlatformFailure("gone") from error
        raise


def rights_in(channel: Place, member: discord.Member) -> discord.Permissions:
    """What a member may do there; nothing in a thread whose channel is not known."""
    if isinstance(channel, discord.Thread) and channel.parent is None:
        return discord.Permissions.none()
    return channel.permissions_for(member)


async def _check_redirect(guild: discord.Guild, action: Action) -> None:
    target = action.redirect_to
    if target is None or guild.get_channel_or_thread(int(target)) is None:
        raise PlatformFailure("target")
    await _check_channel(guild, action.channel, "send_messages")


async def _check_member(guild: discord.Guild, action: Action) -> None:
    target = int(action.target)
    if target in (guild.owner_id, guild.me.id):
        raise PlatformFailure("owner")
    if not getattr(guild.me.guild_permissions, _NEEDED[action.kind]):
        raise PlatformFailure("permission")
    member = await member_of(guild, target)
    if member is None:
        if action.kind is ActionKind.TIMEOUT:
            raise PlatformFailure("gone")
        return
    if guild.owner_id != guild.me.id and member.top_role >= guild.me.top_role:
        raise PlatformFailure("hierarchy")
    await _check_rank(guild, action, member)
    if action.kind is ActionKind.TIMEOUT and member.guild_permissions.administrator:
        raise PlatformFailure("administrator")


async def _check_rank(guild: discord.Guild, action: Action, target: discord.Member) -> None:
    """As on Discord itself: nobody acts on somebody who stands as high as they do."""
    if not action.requested_by.isdecimal() or int(action.requested_by) == guild.owner_id:
        return  # the bot by itself, whose own rank was compared; or the owner
    asking = await member_of(guild, int(action.requested_by))
    if asking is None or target.top_role >= asking.top_role:
        raise PlatformFailure("outranked")


async def member_of(guild: discord.Guild, user: int) -> discord.Member | None:
    """The member as Discord knows them now; ``None`` when they are none."""
    try:
        with answered():
            return guild.get_member(user) or await guild.fetch_member(user)
    except PlatformFailure as failure:
        if failure.code.startswith("gone"):
            return None
        raise


class Effects:
    """Carries out actions and takes them back."""

    def __init__(
        self,
        *,
        clock: Clock,
        locale_of: Callable[[discord.Guild], Locale],
        doubtful: Callable[[Action], bool],
    ) -> None:
        self._clock = clock
        self._locale_of = locale_of
        self._doubtful = doubtful

    async def do(self, guild: discord.Guild, action: Action) -> None:
        """The effect. What is gone or banned already counts as done."""
        match action.kind:
            case ActionKind.WARN:
                return  # the notice is all of it
            case ActionKind.REMOVE:
                await self._remove(guild, action)
            case ActionKind.TIMEOUT:
                await self._timeout(guild, action)
            case ActionKind.KICK:
                await _unless_gone(
                    guild.kick(discord.Object(int(action.target)), reason=_reason(action))
                )
            case ActionKind.BAN:
                with answered():
                    await guild.ban(
                        discord.Object(int(action.target)),
                        reason=_reason(action),
                        delete_message_seconds=0,
                    )
            case ActionKind.REDIRECT:
                await self._point(guild, action)
            case _ as never:
                assert_never(never)

    async def take_back(self, guild: discord.Guild, action: Action) -> None:
        """As far as Discord can; a deleted message and a kick stay, only the verdict goes."""
        match action.kind:
            case ActionKind.WARN | ActionKind.REMOVE | ActionKind.KICK:
                return
            case ActionKind.TIMEOUT:
                member = await member_of(guild, int(action.target))
                if member is not None:
                    with answered():
                        await member.edit(timed_out_until=None, reason=_reason(action))
            case ActionKind.BAN:
                await _unless_gone(
                    guild.unban(discord.Object(int(action.target)), reason=_reason(action))
                )
            case ActionKind.REDIRECT:
                await self._unpoint(guild, action)
            case _ as never:
                assert_never(never)

    async def _remove(self, guild: discord.Guild, action: Action) -> None:
        """All of the incident's messages; one that is refused does not keep the others, and is
        told afterwards.
        """
        if action.message is None:
            return
        first = MessageRef(channel=action.channel, message=action.message)
        refused = [await _refusal(guild, place) for place in (first, *action.also)]
        for failure in filter(None, refused):
            raise failure

    async def _timeout(self, guild: discord.Guild, action: Action) -> None:
        if action.until is None or action.until <= self._clock.now():
            return  # carried out so late that it is over already
        member = await member_of(guild, int(action.target))
        if member is None:
            raise PlatformFailure("gone")
        with answered():
            await member.edit(timed_out_until=action.until, reason=_reason(action))

    async def _point(self, guild: discord.Guild, action: Action) -> None:
        channel = await _writable(guild, action.channel)
        locale = self._locale_of(guild)
        marker = locale.text("notice.reference", action=action.id)
        if self._doubtful(action) and await _find(channel, guild.me.id, marker):
            return
        words = locale.text("redirect.pointer", where=f"<#{action.redirect_to}>")
        with answered():
            await channel.send(
                f"{words}\n-# {marker}",
                reference=_reference(guild, action),
                nonce=nonce("to", action.id),
                allowed_mentions=discord.AllowedMentions.none(),
            )

    async def _unpoint(self, guild: discord.Guild, action: Action) -> None:
        marker = self._locale_of(guild).text("notice.reference", action=action.reverses or "")
        found = await _find(await _writable(guild, action.channel), guild.me.id, marker)
        if found is not None:
            await _unless_gone(found.delete())


async def _find(channel: Writable, own: int, marker: str) -> discord.Message | None:
    """Our own message with the marker among the newest ones."""
    with answered():
        async for message in channel.history(limit=LOOK_BACK):
            if message.author.id == own and message.content.endswith(marker):
                return message
    return None


async def _refusal(guild: discord.Guild, place: MessageRef) -> PlatformFailure | None:
    """Delete a message; why it could not be."""
    try:
        channel = await _writable(guild, place.channel)
        await _unless_gone(channel.get_partial_message(int(place.message)).delete())
    except PlatformFailure as failure:
        return failure
    return None


async def _writable(guild: discord.Guild, channel_id: ChannelId) -> Writable:
    channel = await place_of(guild, channel_id)
    if not isinstance(channel, Writable):
        raise PlatformFailure("gone")
    return channel


async def _unless_gone(effect: Coroutine[Any, Any, None]) -> None:
    """Wait for an effect whose object may be gone already, which is what was wanted."""
    try:
        with answered():
            await effect
    except PlatformFailure as failure:
        if not failure.code.startswith("gone"):
            raise


def _reference(guild: discord.Guild, action: Action) -> discord.MessageReference:
    return discord.MessageReference(
        message_id=int(action.message or 0),
        channel_id=int(action.channel),
        guild_id=guild.id,
        fail_if_not_exists=False,
    )


def nonce(what: str, action: ActionId) -> str:
    """What makes Discord refuse a second copy of the same message (at most 25 characters)."""
    return f"tk-{what}-{action}"[:25]


def _reason(action: Action) -> str:
    """For Discord's own audit log: the case, and nobody's name."""
    return f"Tidekeeper, case {action.case}"
