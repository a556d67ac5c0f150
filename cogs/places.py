"""Which channel is for what, as an administrator wrote it down by name or id. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import discord

from config.schema import ChannelSettings, Settings
from moderation.types import Channel, Owner

T = TypeVar("T", bound=discord.abc.GuildChannel)


class Places:
    """The settings about channels: what is watched, what for, where cards go."""

    def __init__(self, settings: Settings, name_of: Callable[[str], str]) -> None:
        """``name_of`` gives the name behind a channel's id; empty where it is not known."""
        self._name_of = name_of
        self._channels = settings.channels
        self._main = settings.queue.channel
        self._owners: Mapping[Owner, str] = settings.queue.owners
        self._queues = frozenset({self._main, *self._owners.values()})

    def watched(self, channel: Channel) -> bool:
        """Whether messages here are read; never where cards are posted and discussed."""
        return self._may_read(channel.id, channel.name or self._name_of(channel.id)) and (
            channel.parent is None or self._may_read(channel.parent, self._name_of(channel.parent))
        )

    def purpose(self, channel_id: str, name: str) -> str:
        """What the channel is for; empty when nobody wrote it down."""
        found = self._written(channel_id, name)
        return found.purpose if found else ""

    def queue(self, channels: Iterable[T], owner: Owner) -> T | None:
        """The channel for the cards of ``owner``; the common queue where none is set."""
        wanted = self._owners.get(owner, self._main)
        return next((c for c in channels if wanted in (str(c.id), c.name)), None)

    def _may_read(self, channel_id: str, name: str) -> bool:
        if channel_id in self._queues or name in self._queues:
            return False
        found = self._written(channel_id, name)
        return found is None or found.watch

    def _written(self, channel_id: str, name: str) -> ChannelSettings | None:
        return self._channels.get(channel_id) or self._channels.get(name)
