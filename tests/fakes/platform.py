"""A platform in memory that keeps the port's promises: effects are idempotent and counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from moderation.types import (
    Action,
    ActionId,
    ActionKind,
    CardView,
    Case,
    CaseId,
    Channel,
    ChannelId,
    GuildId,
    Message,
    MessageId,
    MessageRef,
    Moderator,
    NoticeState,
    UserId,
)


class FakePlatform:
    """Remembers what happened to whom.

    ``fault`` is called before and after every effect with ``(phase, name)`` and may raise: that is
    how tests make Discord refuse, fall silent, or the process die between two steps.
    """

    def __init__(self) -> None:
        self.applied: dict[ActionId, ActionKind] = {}
        self.done: list[Action] = []
        self.alerts: list[tuple[GuildId, str]] = []
        self.notices: dict[ActionId, NoticeState] = {}
        self.cards: dict[CaseId, tuple[MessageRef, CardView]] = {}
        self.posts = 0
        self.edits = 0
        self.closed_dms: set[UserId] = set()
        self.moderators: set[UserId] = set()
        self.places: list[Channel] = []
        self.messages: list[Message] = []
        self.fault: Callable[[str, str], None] = lambda phase, name: None

    async def check(self, action: Action) -> None:
        self.fault("before", "check")

    async def apply(self, action: Action) -> None:
        self.fault("before", "apply")
        if not action.simulated:
            self.applied[action.id] = action.kind
            self.done.append(action)
        self.fault("after", "apply")

    async def notify(self, action: Action, case: Case) -> NoticeState:
        self.fault("before", "notify")
        closed = action.target in self.closed_dms
        self.notices[action.id] = NoticeState.CLOSED if closed else NoticeState.SENT
        self.fault("after", "notify")
        return self.notices[action.id]

    async def show(self, view: CardView) -> MessageRef:
        self.fault("before", "show")
        known = self.cards.get(view.case.id)
        if known is None:
            self.posts += 1
            card = MessageRef(channel=ChannelId("queue"), message=MessageId(f"card{view.case.id}"))
        else:
            self.edits += 1
            card = known[0]
        self.cards[view.case.id] = (card, view)
        self.fault("after", "show")
        return card

    async def moderator(self, guild: GuildId, user: UserId) -> Moderator:
        return Moderator(id=user, guild=guild, may_moderate=user in self.moderators)

    async def channels(self, guild: GuildId, since: datetime) -> Sequence[Channel]:
        return [place for place in self.places if place.guild == guild]

    async def history(self, channel: Channel, start: datetime, limit: int) -> Sequence[Message]:
        self.fault("before", "history")
        late = [m for m in self.messages if m.channel == channel.id and m.at >= start]
        page = sorted(late, key=lambda m: m.at)[:limit]
        self.fault("after", "history")
        return page

    async def alert(self, guild: GuildId, code: str) -> None:
        self.alerts.append((guild, code))
