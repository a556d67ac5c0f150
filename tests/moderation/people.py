"""Messages and people for tests of the core, in a few words each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

from moderation.types import Author, ChannelId, GuildId, Message, MessageId, UserId

NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)
_ids = count(1)


def message(
    text: str,
    author: str = "tom",
    *,
    after: float = 0,
    channel: str = "general",
    ident: str = "",
    staff: bool = False,
    mentions: int = 0,
    **fields: object,
) -> Message:
    """A message ``after`` seconds past noon."""
    return Message(
        id=MessageId(ident or f"m{next(_ids)}"),
        guild=GuildId("g"),
        channel=ChannelId(channel),
        author=Author(id=UserId(author), name=author.title(), staff=staff),
        at=NOON + timedelta(seconds=after),
        text=text,
        mentions=tuple(UserId(f"u{n}") for n in range(mentions)),
        **fields,  # type: ignore[arg-type]
    )
