"""Shadow mode: the platform without its effects on members."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from moderation.ports import Platform
from moderation.types import (
    Action,
    CardRef,
    CardView,
    Case,
    Channel,
    GuildId,
    Message,
    Moderator,
    NoticeState,
    UserId,
)


class ShadowPlatform:
    """Wraps a platform: cards are shown and questions asked, members are not touched."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def check(self, action: Action) -> None:
        """Nothing will be done, so nothing can be refused."""

    async def apply(self, action: Action) -> bool:  # noqa: ARG002 - nothing is done with it
        """Nothing, and it says so."""
        return True

    async def notify(self, action: Action, case: Case) -> NoticeState:  # noqa: ARG002 - as above
        """Nobody is told of what did not happen."""
        return NoticeState.NONE

    async def show(self, view: CardView) -> CardRef:
        """See the port."""
        return await self._platform.show(view)

    async def moderator(self, guild: GuildId, user: UserId) -> Moderator:
        """See the port."""
        return await self._platform.moderator(guild, user)

    async def channels(self, guild: GuildId) -> Sequence[Channel]:
        """See the port."""
        return await self._platform.channels(guild)

    async def history(self, channel: Channel, after: datetime, limit: int) -> Sequence[Message]:
        """See the port."""
        return await self._platform.history(channel, after, limit)
