"""Which channel is for what, as an administrator wrote it down by name or id. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import discord

from config.schema import ChannelSettings, Settings
from moderation.types import Channel, ChannelId, Owner

T = TypeVar("T", bound=discord.abc.GuildChannel)


class Places:
    """The settings about channels: what is watched, what for, where cards go.

    Names are those of real channels. Any member may name a thread, so a thread is known by its id
    or through the channel it belongs to, never by its own name.
    """

    def __init__(self, settings: Settings, name_of: Callable[[str], str]) -> None:
        """``name_of`` gives the name behind a channel's id; empty where it is not known, and for
        threads.
        """
        self._name_of = name_of
        self._channels = settings.channels
        self._main = settings.queue.channel
        self._owners: Mapping[Owner, str] = settings.queue.owners
        self._queues = frozenset({self._main, *self._owners.values()})

    def watched(self, channel: Channel) -> bool:
        """Whether messages here are read; never where cards are posted and discussed."""
        return all(self._may_read(key) for key in self._keys(channel))

    def purpose(self, channel: Channel) -> str:
        """What the channel is for; empty when nobody wrote it down."""
        found = (self._channels[key] for key in self._keys(channel) if key in self._channels)
        return next((written.purpose for written in found), "")

    @property
    def main(self) -> str:
        """The common queue's channel, as the settings name it."""
        return self._main

    def queue(self, channels: Iterable[T], owner: Owner) -> T | None:
        """The channel for the cards of ``owner``; the common queue where none is set, or where
        the one that is set does not exist.
        """
        known = tuple(channels)
        own = self._owners.get(owner)
        return (own and _named(known, own)) or _named(known, self._main)

    def _keys(self, channel: Channel) -> Sequence[str]:
        """What the settings may call the channel, the most particular first."""
        if channel.parent is None:
            return (channel.id, self._name(channel.id, channel.name))
        return (channel.id, channel.parent, self._name(channel.parent, ""))

    def _name(self, channel: ChannelId, known: str) -> str:
        return known or self._name_of(channel)

    def _may_read(self, key: str) -> bool:
        found: ChannelSettings | None = self._channels.get(key)
        return key not in self._queues and (found is None or found.watch)


def _named(channels: Sequence[T], wanted: str) -> T | None:
    return next((c for c in channels if wanted in (str(c.id), c.name)), None)
