"""Cards in the moderators' channel: posted once, redrawn in place, found again after a crash."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime, timedelta

import discord

from bot.adapters.discord_answers import answered
from bot.adapters.discord_names import NameBook
from cogs.cards import Style, controls, embed
from cogs.places import Places
from moderation.errors import PlatformFailure, PlatformUnreachable
from moderation.types import CardView, Case, CaseId, ChannelId, MessageId, MessageRef

LOOK_BACK = 50
"""How many of the channel's newest messages are searched for a card of an earlier process."""

_KEPT = 1000
_SKEW = timedelta(minutes=1)
_UNKNOWN_MESSAGE = "gone:10008"


class CardBoard:
    """Posts and redraws. What this process posted it remembers until the case's row knows it; what
    an earlier one posted is looked for once, in the channel itself.
    """

    def __init__(self, places: Places, style: Style) -> None:
        self._places = places
        self._style = style
        self._known: OrderedDict[CaseId, tuple[MessageRef, datetime]] = OrderedDict()
        self._searched: set[int] = set()
        self._names = NameBook()

    async def show(self, guild: discord.Guild, view: CardView) -> MessageRef:
        """See ``Platform.show``. Raises ``PlatformFailure('no_queue')`` without a channel."""
        card = _of_row(view.case)
        if card is not None:
            self._known.pop(view.case.id, None)
            return await self._redraw(guild, card, view)
        channel = self._places.queue(guild.text_channels, view.case.owner)
        if channel is None:
            raise PlatformFailure("no_queue")
        await self._remember_earlier(channel)
        found = self._posted(view.case)
        if found is not None:
            return await self._redraw(guild, found, view)
        return await self._post(channel, view)

    def _posted(self, case: Case) -> MessageRef | None:
        """A card older than its case belongs to a database that is gone."""
        card, at = self._known.get(case.id, (None, case.opened_at))
        return card if at >= case.opened_at - _SKEW else None

    async def _redraw(self, guild: discord.Guild, ref: MessageRef, view: CardView) -> MessageRef:
        channel = guild.get_channel_or_thread(int(ref.channel))
        if not isinstance(channel, discord.TextChannel):
            return await self._again(guild, view)
        card = embed(view, self._style, await self._names.of(guild, view))
        try:
            with answered():
                await channel.get_partial_message(int(ref.message)).edit(
                    embed=card,
                    view=controls(view, self._style),
                    allowed_mentions=discord.AllowedMentions.none(),
                )
        except PlatformFailure as failure:
            if failure.code != _UNKNOWN_MESSAGE:
                raise
            return await self._again(guild, view)
        return ref

    async def _again(self, guild: discord.Guild, view: CardView) -> MessageRef:
        """Somebody deleted the card or its channel: the case needs another one."""
        self._known.pop(view.case.id, None)
        channel = self._places.queue(guild.text_channels, view.case.owner)
        if channel is None:
            raise PlatformFailure("no_queue")
        return await self._post(channel, view)

    async def _post(self, channel: discord.TextChannel, view: CardView) -> MessageRef:
        card = embed(view, self._style, await self._names.of(channel.guild, view))
        try:
            with answered():
                sent = await channel.send(
                    embed=card,
                    view=controls(view, self._style),
                    nonce=f"tk-card-{view.case.id}-{view.case.version}"[:25],
                    allowed_mentions=discord.AllowedMentions.none(),
                )
        except PlatformUnreachable:
            self._searched.discard(channel.id)  # it may be there: look before the next try
            raise
        ref = _ref(sent)
        self._known[view.case.id] = (ref, sent.created_at)
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return ref

    async def _remember_earlier(self, channel: discord.TextChannel) -> None:
        if channel.id in self._searched:
            return
        with answered():
            async for message in channel.history(limit=LOOK_BACK):
                if message.author.id == channel.guild.me.id:
                    for number in _numbers(message):
                        self._known.setdefault(number, (_ref(message), message.created_at))
        self._searched.add(channel.id)


def _numbers(message: discord.Message) -> Iterator[CaseId]:
    for row in message.components:
        for component in getattr(row, "children", ()):
            name, _, rest = (getattr(component, "custom_id", None) or "").partition(":")
            if name == "tk":
                yield CaseId(int(rest.partition(":")[0]))


def _of_row(case: Case) -> MessageRef | None:
    if case.card_channel is None or case.card_message is None:
        return None
    return MessageRef(channel=case.card_channel, message=case.card_message)


def _ref(message: discord.Message) -> MessageRef:
    return MessageRef(
        channel=ChannelId(str(message.channel.id)), message=MessageId(str(message.id))
    )
