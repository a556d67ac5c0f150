"""Everything that a message says, as one text. Pure.

What people typed comes first and unchanged, so that spans into it hold; below it stands what else
readers see: a poll, a forwarded message, the card of a webhook, the words of a file or sticker, and
the title of the thread that the message opens.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import discord

_HALVES = re.compile("[\ud800-\udfff]")
_OWN_EMBED = "rich"
"""What a webhook composed; the other types are previews, which Discord makes of links."""


def text_of(source: discord.Message) -> str:
    """What the message says. A member's embeds are previews of links, not the member's words."""
    return whole("\n".join(filter(None, (source.content, *_beside(source)))))


def whole(text: str) -> str:
    """The text without halves of characters, which JSON can hold but no database or detector; each
    is replaced by one other character, so that places in the text stay what they are.
    """
    return _HALVES.sub("\ufffd", text)


def _beside(source: discord.Message) -> Iterator[str]:
    yield from _poll(source.poll)
    if source.webhook_id is not None or source.author.bot:
        yield from _composed(source)
    for snapshot in source.message_snapshots:
        yield snapshot.content
        yield from _composed(snapshot)
        yield from _things(snapshot)
    yield from _things(source)
    yield _title(source)


def _poll(poll: discord.Poll | None) -> Iterator[str]:
    if poll is not None:
        yield poll.question or ""
        yield from (answer.text or "" for answer in poll.answers)


def _composed(source: discord.Message | discord.MessageSnapshot) -> Iterator[str]:
    for embed in source.embeds:
        if embed.type == _OWN_EMBED:
            yield from _embed(embed)
    yield from _displayed(source.components)


def _embed(embed: discord.Embed) -> Iterator[str]:
    yield embed.author.name or ""
    yield embed.title or ""
    yield embed.description or ""
    for field in embed.fields:
        yield field.name or ""
        yield field.value or ""
    yield embed.footer.text or ""


def _displayed(components: Iterable[Any]) -> Iterator[str]:
    """The texts in a message that is laid out by components, however deep they stand."""
    for component in components:
        if isinstance(component, discord.TextDisplay):
            yield component.content
        yield from _displayed(getattr(component, "children", ()))


def _things(source: discord.Message | discord.MessageSnapshot) -> Iterator[str]:
    yield from (file.description or "" for file in source.attachments)
    yield from (sticker.name for sticker in source.stickers)


def _title(source: discord.Message) -> str:
    """The title of a thread, said with the first message of whoever opened it.

    A forum post's first message has the id of its thread; a thread under a message begins with a
    message of a type of its own. (The title of any other thread is a message in its channel.)
    """
    thread = source.channel
    if not isinstance(thread, discord.Thread) or thread.owner_id != source.author.id:
        return ""
    first = source.type is discord.MessageType.thread_starter_message or source.id == thread.id
    return thread.name if first else ""
