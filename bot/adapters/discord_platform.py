"""``Platform`` on Discord, through discord.py."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import discord

from bot.adapters.discord_answers import answered
from bot.adapters.discord_cards import CardBoard
from bot.adapters.discord_effects import (
    Effects,
    Place,
    Writable,
    check,
    member_of,
    nonce,
    place_of,
    rights_in,
)
from cogs.cards import Style
from cogs.convert import Roles, sent_at, to_channel, to_message, to_moderator
from cogs.notices import notice
from cogs.places import Places
from config.locale import LANGUAGES, Locale, load_locale
from moderation.errors import PlatformFailure, PlatformUnreachable
from moderation.ports import Clock, Log
from moderation.types import (
    Action,
    ActionId,
    CardView,
    Case,
    Channel,
    GuildId,
    Message,
    MessageRef,
    Moderator,
    NoticeState,
    Owner,
    UserId,
)

_SEARCHED_NOTICES = 20
_TRIED = 1000
_MET = 500
_MOST_ARCHIVED = 500


class DiscordPlatform:
    """Effects on a guild, and what is asked of it. One for each process."""

    def __init__(
        self,
        client: discord.Client,
        *,
        places: Places,
        style: Style,
        staff: Roles,
        moderators: Roles,
        clock: Clock,
        log: Log,
        pages_per_second: float = 2.0,
    ) -> None:
        self._client = client
        self._places = places
        self._locale = style.locale
        self._staff = staff
        self._moderators = moderators
        self._log = log
        self._pause = 1 / pages_per_second
        self._since = clock.now()
        self._tried: OrderedDict[ActionId, None] = OrderedDict()
        self._met: OrderedDict[tuple[int, int], discord.Member | None] = OrderedDict()
        self._cards = CardBoard(places, style)
        self._effects = Effects(clock=clock, locale_of=self.locale_of, doubtful=self._doubtful)

    async def check(self, action: Action) -> None:
        """See the port."""
        await check(self._guild(action.guild), action)

    async def apply(self, action: Action) -> None:
        """See the port. What Discord cannot take back (a deleted message, a kick) counts as taken
        back: the verdict is, and the notice and the card say what is left.
        """
        guild = self._guild(action.guild)
        try:
            if action.reverses is None:
                await self._effects.do(guild, action)
            else:
                await self._effects.take_back(guild, action)
        except PlatformUnreachable:
            self._doubt(action)
            raise

    async def notify(self, action: Action, case: Case) -> NoticeState:
        """See the port."""
        guild = self._guild(action.guild)
        card = notice(action, case, guild, self.locale_of(guild), sent_at)
        try:
            with answered():
                channel = await self._client.create_dm(discord.Object(int(action.target)))
                if not (self._doubtful(action) and await _told(channel, card)):
                    await channel.send(embed=card, nonce=nonce("dm", action.id))
        except PlatformFailure as failure:
            if failure.code.startswith("closed_dms"):
                return NoticeState.CLOSED
            raise
        except PlatformUnreachable:
            self._doubt(action)
            raise
        return NoticeState.SENT

    async def show(self, view: CardView) -> MessageRef:
        """See the port."""
        return await self._cards.show(self._guild(view.case.guild), view)

    async def moderator(self, guild: GuildId, user: UserId) -> Moderator:
        """See the port. The rights are those in the moderators' channel."""
        place = self._guild(guild)
        member = await member_of(place, int(user))
        if member is None:
            return Moderator(id=user, guild=guild)
        queue = self._places.queue(place.text_channels, Owner.MODERATORS)
        rights = queue.permissions_for(member) if queue else member.guild_permissions
        return to_moderator(member, rights, self._moderators, self._locale.language)

    async def channels(self, guild: GuildId, since: datetime) -> Sequence[Channel]:
        """See the port."""
        place = self._guild(guild)
        rooms: list[Writable] = [
            *place.text_channels,
            *place.voice_channels,
            *place.stage_channels,
            *place.threads,
        ]
        parents: list[discord.TextChannel | discord.ForumChannel] = [
            *place.text_channels,
            *place.forums,
        ]
        for parent in parents:
            if _readable(parent, place.me):
                rooms.extend(await self._archived(parent, since))
        return [
            replace(known := to_channel(room), purpose=self._places.purpose(known))
            for room in rooms
            if _readable(room, place.me)
        ]

    async def history(self, channel: Channel, start: datetime, limit: int) -> Sequence[Message]:
        """See the port. Authors are looked up: history itself does not tell their roles."""
        guild = self._guild(channel.guild)
        room = await place_of(guild, channel.id)
        if not isinstance(room, discord.abc.Messageable):
            raise PlatformFailure("gone")
        before = discord.Object(discord.utils.time_snowflake(start) - 1)  # Discord's after excludes
        with answered():
            found = [m async for m in room.history(limit=limit, after=before, oldest_first=True)]
        members = await self._members(guild, found)
        if len(found) == limit:  # there is more: a long history is read in the background
            await asyncio.sleep(self._pause)
        late = (
            to_message(m, self._staff, late=True, author=members.get(m.author.id)) for m in found
        )
        return [message for message in late if message is not None]

    async def alert(self, guild: GuildId, code: str) -> None:
        """See the port. The owner is who can mend it."""
        place = self._guild(guild)
        locale = self.locale_of(place)
        plain = code.partition(":")[0]
        key = f"alert.{plain}" if locale.has(f"alert.{plain}") else "alert.any"
        words = locale.text(key, guild=place.name, channel=self._places.main, code=code)
        try:
            with answered():
                owner = await self._client.create_dm(discord.Object(place.owner_id or 0))
                await owner.send(words, allowed_mentions=discord.AllowedMentions.none())
        except (PlatformFailure, PlatformUnreachable) as error:
            self._log.event("alert_failed", guild=guild, code=str(error))

    def locale_of(self, guild: discord.Guild) -> Locale:
        """The language of a community; elsewhere Discord does not say, so it is the bot's own."""
        chosen = guild.preferred_locale.value.partition("-")[0]
        if "COMMUNITY" in guild.features and chosen in LANGUAGES:
            return load_locale(chosen)
        return self._locale

    async def _archived(
        self, parent: discord.TextChannel | discord.ForumChannel, since: datetime
    ) -> list[discord.Thread]:
        """The archived threads in which something may have happened since; the newest come first.

        A channel that keeps them from us hides nothing else.
        """
        found: list[discord.Thread] = []
        try:
            with answered():
                async for thread in parent.archived_threads(limit=_MOST_ARCHIVED):
                    if thread.archive_timestamp < since:
                        break
                    found.append(thread)
        except PlatformFailure as failure:
            self._log.event("archive_unread", channel=parent.id, code=failure.code)
        return found

    async def _members(
        self, guild: discord.Guild, messages: Sequence[discord.Message]
    ) -> dict[int, discord.Member]:
        """The authors who are still members, each asked for once in a while."""
        people = {m.author.id for m in messages if m.webhook_id is None and not m.author.bot}
        for person in people:
            if (guild.id, person) not in self._met:
                self._met[guild.id, person] = await member_of(guild, person)
                if len(self._met) > _MET:
                    self._met.popitem(last=False)
        known = {person: self._met.get((guild.id, person)) for person in people}
        return {person: member for person, member in known.items() if member is not None}

    def _guild(self, guild: GuildId) -> discord.Guild:
        found = self._client.get_guild(int(guild))
        if found is None or found.unavailable or found.me is None:
            raise PlatformUnreachable("guild")
        return found

    def _doubtful(self, action: Action) -> bool:
        """Whether a message for the action may exist already: asked for before this process, or
        sent without an answer.
        """
        return action.requested_at <= self._since or action.id in self._tried

    def _doubt(self, action: Action) -> None:
        self._tried[action.id] = None
        if len(self._tried) > _TRIED:
            self._tried.popitem(last=False)


async def _told(channel: discord.DMChannel, card: discord.Embed) -> bool:
    """Whether the newest messages there hold this very notice, by its reference."""
    async for message in channel.history(limit=_SEARCHED_NOTICES):
        if any(known.footer.text == card.footer.text for known in message.embeds):
            return True
    return False


def _readable(room: Place, member: discord.Member) -> bool:
    rights = rights_in(room, member)
    return rights.view_channel and rights.read_message_history
