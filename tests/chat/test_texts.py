"""What a message says is more than what was typed."""

from __future__ import annotations

from typing import Any

import discord
from simcord.backend.models.message import MessageSticker, Poll, PollAnswer

from cogs.convert import Roles, to_message
from tests.chat.conftest import INSULT, Town

EMBED = {
    "type": "rich",
    "author": {"name": "an author"},
    "title": "a title",
    "description": "a description",
    "fields": [{"name": "a name", "value": "a value"}],
    "footer": {"text": "a footer"},
}
IN_EMBED = "an author\na title\na description\na name\na value\na footer"
PREVIEW = {"type": "article", "title": "a page", "url": "https://example.org"}


def said(source: discord.Message) -> str:
    message = to_message(source, Roles.of([]))
    assert message is not None
    return message.text


async def hear(town: Town, event: str, payload: dict[str, Any]) -> None:
    """The gateway says something, word by word."""
    with town.env._bot_scope():
        town.env.bot._connection.parsers[event](payload)
    await town.env.settle()


def written(town: Town, **fields: Any) -> dict[str, Any]:
    """A message of Tom's as the gateway tells it."""
    user = {"id": str(town.tom.id), "username": "tom", "discriminator": "0", "avatar": None}
    return {
        "id": "1456074443990000000",
        "channel_id": str(town.general.id),
        "guild_id": str(town.guild.id),
        "author": user,
        "member": {"roles": []},
        "content": "",
        "timestamp": "2026-01-01T00:00:00+00:00",
        **fields,
    }


async def test_a_poll_is_screened(town: Town) -> None:
    answers = [PollAnswer(1, "yes"), PollAnswer(2, "you stupid loser")]
    poll = Poll(INSULT, answers, "2026-01-02T00:00:00+00:00")
    town.env.backend.create_message(town.general.id, town.tom.id, "", poll=poll)
    await town.env.settle()
    assert len(await town.cases()) == 1
    quotes = await town.app.store.quotes((await town.case()).id)
    assert quotes[0].text == f"{INSULT}\nyes\nyou stupid loser"


async def test_a_poll_without_an_end_is_screened(town: Town) -> None:
    media = {"poll_media": {"text": "yes", "emoji": None}, "answer_id": 1}
    poll = {"question": {"text": INSULT}, "answers": [media], "expiry": None, "results": None}
    await hear(town, "MESSAGE_CREATE", written(town, poll=poll))
    assert len(await town.cases()) == 1
    assert "gateway_malformed" not in town.lines.getvalue()


async def test_what_was_typed_comes_first_and_unchanged(town: Town) -> None:
    stickers = [MessageSticker(1, "a wave", 1, town.guild.id)]
    files = [{"id": "1", "filename": "a.png", "size": 1, "url": "u", "proxy_url": "p"}]
    files[0]["description"] = "a picture"
    town.env.backend.create_message(
        town.general.id, town.tom.id, "  typed ", stickers=stickers, attachments=files
    )
    await town.env.settle()
    assert said(town.general.last_message) == "  typed \na picture\na wave"


async def test_embeds_are_a_webhooks_words_and_no_members(town: Town) -> None:
    hook = town.guild.create_webhook(town.general, name="News")
    sent = await hook.send("news", embed=discord.Embed.from_dict(EMBED))
    assert said(sent) == f"news\n{IN_EMBED}"
    for embeds in ([PREVIEW], [EMBED]):
        town.env.backend.create_message(town.general.id, town.tom.id, "a link", embeds=embeds)
        await town.env.settle()
        assert said(town.general.last_message) == "a link"


async def test_a_forwarded_message_says_all_it_shows(town: Town) -> None:
    hook = town.guild.create_webhook(town.support, name="News")
    first = await hook.send("news", embed=discord.Embed.from_dict(EMBED))
    assert said(await town.tom.forward(first, town.general)) == f"news\n{IN_EMBED}"


async def test_texts_that_are_laid_out_by_components_are_read(town: Town) -> None:
    shown = {"type": 17, "components": [{"type": 10, "content": "in a container"}]}
    payload = written(town, webhook_id="5", components=[{"type": 10, "content": "alone"}, shown])
    state = town.env.bot._connection
    source = state.create_message(channel=state.get_channel(town.general.id), data=payload)
    assert said(source) == "alone\nin a container"


async def _post(town: Town, title: str, text: str) -> Any:
    """A member's forum post: its first message has the id of its thread."""
    forum = town.guild.create_forum_channel("ideas")
    await town.env.settle()
    backend = town.env.backend
    thread = backend.create_thread(forum.id, title, town.tom.id, broadcast=False)
    backend.announce_thread_create(thread)
    starter = backend.prepare_message(thread.id, town.tom.id, text)
    starter.id = thread.id
    backend.commit_message(starter)
    await town.env.settle()
    return next(post for post in forum.threads if post.id == thread.id)


async def test_the_title_of_a_forum_post_is_screened_with_its_first_message(town: Town) -> None:
    post = await _post(town, INSULT, "my idea")
    case = await town.case()
    assert (case.messages, case.channel) == ((str(post.id),), str(post.id))
    assert case.subject == str(town.tom.id)
    await town.tom.send(post, "one more word")
    assert len((await town.case()).messages) == 1


async def test_a_new_title_is_screened_again(town: Town) -> None:
    post = await _post(town, "a good idea", "my idea")
    assert await town.cases() == []
    town.env.backend.edit_channel(post.id, {"name": INSULT})
    await town.env.settle()
    assert (await town.case()).messages == (str(post.id),)


async def test_half_a_character_is_no_way_round(town: Town) -> None:
    await hear(town, "MESSAGE_CREATE", written(town, content=f"\ud800 {INSULT}"))
    assert len(await town.cases()) == 1
    quotes = await town.app.store.quotes((await town.case()).id)
    assert quotes[0].text == f"\ufffd {INSULT}"
