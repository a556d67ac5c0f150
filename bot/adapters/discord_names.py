"""Names of moderators and channels for cards, each asked for once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

import discord

from bot.adapters.discord_effects import member_of
from cogs.quoting import in_line
from cogs.wording import Names
from moderation.errors import PlatformFailure, PlatformUnreachable
from moderation.types import CardView, UserId

_KEPT = 200
_LONG = 80


class NameBook:
    """Remembers the names of those who decide; a name that cannot be had is left out."""

    def __init__(self) -> None:
        self._people: OrderedDict[tuple[int, UserId], str] = OrderedDict()

    async def of(self, guild: discord.Guild, view: CardView) -> Names:
        """The names that this card needs."""
        channel = guild.get_channel_or_thread(int(view.case.channel))
        return Names(
            channel=f"#{in_line(channel.name, _LONG)}" if channel else "",
            people={user: await self._name(guild, user) for user in _deciding(view)},
        )

    async def _name(self, guild: discord.Guild, user: UserId) -> str:
        known = self._people.get((guild.id, user))
        if known is not None:
            return known
        try:
            member = await member_of(guild, int(user))
        except (PlatformFailure, PlatformUnreachable):
            return ""  # the card shows a mention instead, and the next drawing asks again
        name = in_line(member.display_name, _LONG) if member else ""
        self._people[guild.id, user] = name
        if len(self._people) > _KEPT:
            self._people.popitem(last=False)
        return name


def _deciding(view: CardView) -> Iterator[UserId]:
    reversal = view.action is not None and view.action.reverses is not None
    asked = view.action.requested_by if view.action is not None and reversal else None
    for user in {view.case.claimed_by, view.case.decided_by, asked}:
        if user is not None and user.isdecimal():
            yield user
