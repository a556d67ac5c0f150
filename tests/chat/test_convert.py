"""Discord's objects become the core's values, whatever is missing of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import discord
import pytest

from cogs.convert import Roles, to_message
from moderation.types import Message, MessageKind
from tests.chat.conftest import INSULT, Town

STAFF = Roles.of(["MODERATOR"])


def _converted(source: Any, staff: Roles = STAFF, author: Any = None) -> Message:
    message = to_message(source, staff, author=author)
    assert message is not None
    return message


async def _member(town: Town, person: Any) -> discord.Member:
    return await town.env.bot.get_guild(town.guild.id).fetch_member(person.id)


async def test_who_where_when_and_what(town: Town) -> None:
    source = await town.mia.send(town.general, "hello")
    message = _converted(source, author=await _member(town, town.mia))
    assert (message.text, message.channel_name) == ("hello", "general")
    assert (message.author.name, message.author.id) == ("Mia", str(town.mia.id))
    assert message.author.joined_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert not message.author.staff
    assert message.at.tzinfo is not None
    assert message.kind is MessageKind.DEFAULT


async def test_staff_are_known_by_the_name_or_the_id_of_a_role(town: Town) -> None:
    source = await town.anna.send(town.general, "hello")
    role = town.guild.roles["Moderator"]
    anna = await _member(town, town.anna)
    assert _converted(source, author=anna).author.staff
    assert _converted(source, Roles.of([str(role.id)]), author=anna).author.staff
    assert not _converted(source, Roles.of(["Admin"]), author=anna).author.staff
    assert not _converted(source).author.staff  # somebody who has left has no roles


async def test_replies_mentions_and_files(town: Town) -> None:
    first = await town.mia.send(town.general, "hello")
    text = f"thanks {town.mia.mention} and {town.tom.mention}"
    source = await town.eve.send(
        town.general, text, reply_to=first, attachments=[("a.txt", b"abc")]
    )
    message = _converted(source)
    assert message.kind is MessageKind.REPLY
    assert message.reply_to == str(first.id)
    assert set(message.mentions) == {str(town.mia.id), str(town.tom.id)}
    [file] = message.attachments
    assert (file.name, file.size) == ("a.txt", 3)


async def test_a_forwarded_text_counts_as_said(town: Town) -> None:
    first = await town.mia.send(town.support, "you are very kind")
    message = _converted(await town.tom.forward(first, town.general))
    assert message.text == "you are very kind"
    assert message.reply_to is None


async def test_webhooks_are_marked(town: Town) -> None:
    hook = town.guild.create_webhook(town.general, name="News")
    message = _converted(await hook.send("the new version is out"))
    assert message.author.webhook
    assert not message.author.staff


async def test_a_direct_message_belongs_to_no_guild(town: Town) -> None:
    assert to_message(await town.tom.send_dm("hello"), STAFF) is None


@pytest.mark.parametrize("member", [True, False])
async def test_a_message_with_only_what_it_needs_is_judged(town: Town, member: bool) -> None:
    payload: dict[str, Any] = {
        "id": "1456074443990000000",
        "channel_id": str(town.general.id),
        "guild_id": str(town.guild.id),
        "author": {"id": "77", "username": "tom", "discriminator": "0", "avatar": None},
        "content": INSULT,
    }
    if member:
        payload["member"] = {"roles": []}
    with town.env._bot_scope():
        town.env.bot._connection.parsers["MESSAGE_CREATE"](payload)
    await town.env.settle()
    assert len(await town.cases()) == 1
