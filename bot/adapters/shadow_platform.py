"""Shadow mode: what was decided in it never reaches members, whatever the mode is later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from moderation.ports import Platform
from moderation.types import (
    Action,
    CardView,
    Case,
    Channel,
    GuildId,
    Message,
    MessageRef,
    Moderator,
    NoticeState,
    UserId,
)


class ShadowPlatform:
    """Wraps a platform: simulated actions end here, everything else goes through."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def check(self, action: Action) -> None:
        """Nothing will be done about a simulated action, so nothing can be refused."""
        if not action.simulated:
            await self._platform.check(action)

    async def apply(self, action: Action) -> None:
        """See the port."""
        if not action.simulated:
            await self._platform.apply(action)

    async def notify(self, action: Action, case: Case) -> NoticeState:
        """Nobody is told of what did not happen."""
        if action.simulated:
            return NoticeState.NONE
        return await self._platform.notify(action, case)

    async def show(self, view: CardView) -> MessageRef:
        """See the port."""
        return await self._platform.show(view)

    async def moderator(self, guild: GuildId, user: UserId) -> Moderator:
        """See the port."""
        return await self._platform.moderator(guild, user)

    async def channels(self, guild: GuildId, since: datetime) -> Sequence[Channel]:
        """See the port."""
        return await self._platform.channels(guild, since)

    async def history(self, channel: Channel, start: datetime, limit: int) -> Sequence[Message]:
        """See the port."""
        return await self._platform.history(channel, start, limit)

    async def alert(self, guild: GuildId, code: str) -> None:
        """See the port."""
        await self._platform.alert(guild, code)
