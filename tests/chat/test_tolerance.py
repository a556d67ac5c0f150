"""What other servers leave out or write as null, and Discord itself at times."""

from __future__ import annotations

from typing import Any

import discord
import pytest

from bot.tolerance import application_of
from tests.chat.conftest import INSULT, Town
from tests.chat.test_texts import hear, written

NULLS = (
    "member",
    "thread",
    "poll",
    "interaction",
    "application",
    "message_reference",
    "referenced_message",
    "embeds",
    "attachments",
    "mentions",
    "components",
    "reactions",
    "sticker_items",
    "message_snapshots",
    "flags",
    "type",
)


@pytest.mark.parametrize("name", NULLS)
async def test_a_field_that_is_null_hides_no_message(town: Town, name: str) -> None:
    await hear(town, "MESSAGE_CREATE", written(town, content=INSULT, **{name: None}))
    assert len(await town.cases()) == 1


@pytest.mark.parametrize(
    "odd",
    [
        {"mentions": [{"id": "5", "username": "x", "avatar": None, "member": None}]},
        {"message_snapshots": [{"message": {"content": "forwarded"}}]},
        {"message_snapshots": [{}]},
        {"embeds": [{"timestamp": "never"}]},
        {"poll": {"answers": [{}]}},
        {"reactions": [7]},
        {"member": {"roles": None}},
        {"flags": "many"},
    ],
)
async def test_an_odd_field_hides_no_message(town: Town, odd: dict[str, Any]) -> None:
    await hear(town, "MESSAGE_CREATE", written(town, content=INSULT, **odd))
    assert len(await town.cases()) == 1


async def test_a_reply_to_a_poll_without_an_end_is_heard(town: Town) -> None:
    poll = {"question": {"text": "when"}, "answers": [], "expiry": None}
    answered = written(town, id="1456074443980000001", poll=poll)
    reference = {"message_id": answered["id"], "channel_id": str(town.general.id)}
    told = written(
        town, content=INSULT, type=19, referenced_message=answered, message_reference=reference
    )
    await hear(town, "MESSAGE_CREATE", told)
    assert len(await town.cases()) == 1


async def test_an_odd_message_does_not_end_the_history(town: Town) -> None:
    state = town.env.bot._connection
    channel = state.get_channel(town.general.id)
    data = written(town, content="hello", poll={"expiry": None}, embeds=[{"timestamp": "never"}])
    made = state.create_message(channel=channel, data=data)
    assert made.content == "hello"


async def test_the_bots_own_messages_are_not_heard(town: Town) -> None:
    bot = town.env.bot.user
    own = {"id": str(bot.id), "username": "x", "discriminator": "0", "avatar": None}
    await hear(town, "MESSAGE_CREATE", written(town, content=INSULT, author=own))
    assert await town.cases() == []


def _guild_without_members(town: Town) -> dict[str, Any]:
    """The guild once more, as a server tells it that names no members and knows other channels."""
    guild = town.env.bot.get_guild(town.guild.id)
    roles = [
        {"id": str(r.id), "name": r.name, "permissions": str(r.permissions.value), "position": n}
        for n, r in enumerate(guild.roles)
    ]
    channels = [
        {"id": str(c.id), "type": c.type.value, "name": c.name, "position": c.position}
        for c in guild.channels
    ]
    strange = {"id": "24", "type": 99, "name": "a-type-nobody-has-heard-of"}
    return {
        "id": str(town.guild.id),
        "name": "Harbour",
        "owner_id": str(guild.owner_id),
        "unavailable": False,
        "channels": [*channels, strange],
        "roles": roles,
        "members": None,
        "threads": None,
    }


async def test_a_guild_without_members_is_watched_and_the_bot_knows_its_rights(town: Town) -> None:
    told = _guild_without_members(town)
    town.env.bot._connection._remove_guild(town.env.bot.get_guild(town.guild.id))
    own = f"/guilds/{town.guild.id}/members/{town.env.bot.user.id}"
    town.env.inject_error("GET", own, status=403)
    await hear(town, "GUILD_CREATE", told)
    guild = town.env.bot.get_guild(town.guild.id)
    await town.env.advance_time(35)
    assert "self_unknown" in town.lines.getvalue()
    assert guild.me.guild_permissions.manage_messages
    assert town.env.bot.listening() == (str(guild.id),)
    await town.tom.send(town.general, INSULT)
    await town.anna.select(town.card, ["remove"], custom_id="tk:1:pick")
    assert town.general.history() == []
    assert "handler_failed" not in town.lines.getvalue()


async def test_a_channel_of_an_unknown_type_is_read(town: Town) -> None:
    await hear(town, "MESSAGE_CREATE", written(town, content=INSULT, channel_id="24"))
    assert (await town.case()).channel == "24"


async def test_an_application_without_an_owner_can_sign_in(town: Town) -> None:
    client = town.env.bot

    async def little() -> dict[str, Any]:
        return {"id": "8", "flags": 524288}

    whole, client.http.application_info = client.http.application_info, little
    try:
        found = await client.application_info()
        assert isinstance(found, discord.AppInfo)
        assert found.flags.gateway_message_content_limited
        assert (await application_of(client)).id == 8
    finally:
        client.http.application_info = whole
