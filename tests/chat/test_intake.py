"""What is heard, what is not, what an edit changes, and what was written while the bot was away."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import discord
import pytest
from simcord.backend import serializers

from moderation.errors import StoreError
from moderation.types import CaseState, GuildId
from tests.chat.conftest import INSULT, Town, words

CANARY = "zanzibarcanary"
KEY = "token ghp_" + "a1B2c3D4e5F6" + "g7H8j9K0m1N2" + "p3Q4r5S6t7U8"


async def test_ordinary_talk_opens_nothing(town: Town) -> None:
    await town.mia.send(town.general, "good morning, the update works well for me")
    assert await town.cases() == []
    assert town.queue.history() == []


async def test_staff_are_left_alone(town: Town) -> None:
    await town.anna.send(town.general, INSULT)
    assert await town.cases() == []


async def test_an_edit_in_substance_is_screened_again(town: Town) -> None:
    message = await town.tom.send(town.general, "you are a great help and everybody here likes you")
    assert await town.cases() == []
    await town.tom.edit(message, INSULT)
    assert len(await town.cases()) == 1
    assert "insult" in town.text


async def test_a_cosmetic_edit_is_not(town: Town) -> None:
    message = await town.tom.send(town.general, INSULT)
    shown = town.card.edited_at
    await town.tom.edit(message, INSULT + "  ")
    assert len(await town.cases()) == 1
    assert (await town.case()).version == 1
    assert town.card.edited_at == shown


async def test_what_a_person_approved_is_never_flagged_again(town: Town) -> None:
    message = await town.tom.send(town.general, INSULT)
    await town.anna.click(town.card, label="Dismiss")
    await town.tom.edit(message, INSULT + " ")
    await town.tom.edit(message, INSULT)
    assert await town.cases() == []
    assert (await town.case()).state is CaseState.DISMISSED
    await town.tom.edit(message, "you pathetic moron, go away and never come back")
    assert len(await town.cases()) == 1


async def test_a_deletion_is_shown_and_the_copy_stays(town: Town) -> None:
    message = await town.tom.send(town.general, INSULT)
    await town.tom.delete(message)
    assert "Deleted by now" in town.text
    assert "everybody here" in town.text


async def test_the_queue_and_direct_messages_are_not_watched(town: Town) -> None:
    await town.anna.send(town.queue, INSULT)
    await town.tom.send_dm(INSULT)
    assert await town.cases() == []


async def test_threads_are_watched(town: Town) -> None:
    start = await town.mia.send(town.general, "let us talk about the new device")
    channel = town.env.bot.get_channel(town.general.id)
    await channel.get_partial_message(start.id).create_thread(name="device")
    [thread] = town.general.threads
    await town.tom.send(thread, INSULT)
    assert (await town.case()).channel == str(thread.id)


async def test_a_malformed_event_is_logged_by_its_code_and_skipped(town: Town) -> None:
    parsers = town.env.bot._connection.parsers
    parsers["MESSAGE_CREATE"]({"id": "1", "content": CANARY})
    parsers["MESSAGE_UPDATE"]({"channel_id": "not a number", "guild_id": "7"})
    parsers["GUILD_CREATE"]({})
    assert town.lines.getvalue().count("gateway_malformed") == 3
    assert CANARY not in town.lines.getvalue()
    await town.tom.send(town.general, INSULT)
    assert len(await town.cases()) == 1


async def test_what_was_written_while_away_is_screened_and_marked(town: Town) -> None:
    await town.mia.send(town.general, "good morning")
    await town.env.advance_time(600)
    away = _away(town)
    away(town.general, town.tom, INSULT)
    away(town.support, town.mia, "hello, my order has not arrived")
    await town.restart()
    assert "Found after the bot was away." in town.text
    assert (await town.case()).late
    await town.anna.click(town.card, custom_id="tk:1:do")
    await town.restart()
    assert await town.cases() == []
    assert len(town.dms(town.tom)) == 1


async def test_staff_are_known_as_staff_in_what_was_missed(town: Town) -> None:
    await town.env.advance_time(600)
    away = _away(town)
    away(town.general, town.anna, INSULT)
    away(town.support, town.tom, INSULT)
    await town.restart()
    [case] = await town.cases()
    assert case.subject == str(town.tom.id)


def _away(town: Town) -> Any:
    """Somebody writes while the bot's connection is gone."""
    feed = town.env._gateway_feed
    town.env.backend.subscribers.remove(feed)

    def wrote(channel: Any, person: Any, text: str) -> None:
        town.env.backend.create_message(channel.id, person.id, text)

    return wrote


async def test_nothing_said_reaches_the_log_or_the_audit_trail(town: Town) -> None:
    message = await town.tom.send(town.general, f"{INSULT} {CANARY}")
    await town.mia.send(town.general, f"calm down {CANARY}")
    shown = await town.mia.context_menu(town.general, "Report message", message)
    await town.mia.submit_modal(shown, {"category": ["rude"], "words": f"he is rude {CANARY}"})
    path = f"/guilds/{town.guild.id}/members/{town.tom.id}"
    town.env.inject_error("PATCH", path, status=403, code=50013)
    await town.anna.select(town.card, ["timeout"], custom_id="tk:1:pick")
    await town.anna.click(town.card, label="Retry")
    await town.tom.edit(message, f"you stupid loser {CANARY}")
    await town.restart()
    audit = "\n".join(map(repr, await town.app.store.audit()))
    assert any(CANARY in words(card.embeds[0]) for card in town.queue.history())
    assert "case.opened" in audit
    assert CANARY not in audit + town.lines.getvalue()
    assert all(name not in audit for name in ("Tom", "Anna", "Mia"))


async def test_the_bot_says_since_when_it_listens(town: Town) -> None:
    await town.env.advance_time(600)
    covered = await town.app.store.covered(GuildId(str(town.guild.id)))
    assert covered is not None
    assert covered.since == datetime(2026, 1, 1, tzinfo=UTC)
    assert covered.until > covered.since


class TestUnwatched:
    @pytest.fixture
    def options(self) -> dict[str, Any]:
        return {"channels": {"general": {"watch": False}}}

    async def test_a_channel_that_is_not_watched_is_left_alone(self, town: Town) -> None:
        await town.tom.send(town.general, INSULT)
        assert await town.cases() == []
        await town.tom.send(town.support, INSULT)
        assert len(await town.cases()) == 1


async def test_a_burst_is_one_case_with_every_message_and_one_card(town: Town) -> None:
    for number in range(30):
        town.env.backend.create_message(town.general.id, town.tom.id, f"look at this {number}")
    await town.env.settle()
    [case] = await town.cases()
    assert len(case.messages) == 30  # those before the sixth, which made it a flood, included
    assert case.card_version == case.version
    assert "many messages in a short time: 30 in 8 s" in town.text
    assert "And 27 more messages." in town.text


async def test_three_messages_are_quoted_after_however_fast_they_come(town: Town) -> None:
    await town.tom.send(town.general, INSULT)
    for number in range(8):
        sender = (town.mia, town.eve)[number % 2]
        town.env.backend.create_message(town.general.id, sender.id, f"a word {number} of peace")
    await town.env.settle()
    assert len([line for line in town.text.splitlines() if "of peace" in line]) == 3
    quotes = await town.app.store.quotes((await town.case()).id)
    assert sorted(quote.offset for quote in quotes if quote.offset > 0) == [1, 2, 3]


class SlowScoring:
    """An engine that takes its time until it is told to go on."""

    name = "slow"

    def __init__(self, scoring: Any) -> None:
        self._scoring = scoring
        self.go = asyncio.Event()

    async def score(self, text: str) -> Any:
        await self.go.wait()
        return await self._scoring.score(text)

    async def explain(self, text: str) -> Any:
        return await self._scoring.explain(text)


async def test_a_deletion_waits_for_its_message(town: Town) -> None:
    screening = town.app.screening
    slow = screening._scoring = SlowScoring(screening._scoring)
    sent = town.env.backend.create_message(town.general.id, town.tom.id, INSULT)
    town.env.backend.delete_message(town.general.id, sent.id)
    await asyncio.sleep(0.05)
    slow.go.set()
    await town.env.settle()
    assert "Deleted by now" in town.text
    quotes = await town.app.store.quotes((await town.case()).id)
    assert quotes[0].deleted


def _decided(town: Town) -> int:
    return town.lines.getvalue().count(" decided ")


async def test_an_edit_of_a_webhooks_card_is_screened(town: Town) -> None:
    hook = town.guild.create_webhook(town.general, name="News")
    sent = await hook.send("news", embed=discord.Embed(title="all is well"))
    before = _decided(town)
    stored = town.env.backend.get_message(town.general.id, sent.id)
    town.env.backend.edit_message(
        town.general.id, stored.id, {"embeds": [{"type": "rich", "title": KEY}]}
    )
    await town.env.settle()
    assert _decided(town) == before + 1
    assert len(await town.cases()) == 1


async def test_an_edit_that_names_only_what_changed_is_looked_up(town: Town) -> None:
    hook = town.guild.create_webhook(town.general, name="News")
    sent = await hook.send("", embed=discord.Embed(title="all is well"))
    stored = town.env.backend.get_message(town.general.id, sent.id)
    stored.embeds = [{"type": "rich", "title": KEY}]
    partial = {"id": str(sent.id), "channel_id": str(town.general.id)}
    partial |= {"guild_id": str(town.guild.id), "edited_timestamp": "2026-01-01T00:00:05+00:00"}
    with town.env._bot_scope():
        town.env.bot._connection.parsers["MESSAGE_UPDATE"](partial | {"embeds": stored.embeds})
    await town.env.settle()
    assert len(await town.cases()) == 1


async def test_a_preview_of_a_link_is_no_edit(town: Town) -> None:
    sent = await town.tom.send(town.general, "look at https://example.org")
    before = _decided(town)
    stored = town.env.backend.get_message(town.general.id, sent.id)
    stored.embeds = [{"type": "article", "title": INSULT}]
    payload = dict(serializers.message_payload(town.env.backend, stored))
    for edited in (None, "2026-01-01T00:00:05+00:00"):
        with town.env._bot_scope():
            town.env.bot._connection.parsers["MESSAGE_UPDATE"](
                payload | {"edited_timestamp": edited}
            )
        await town.env.settle()
    assert _decided(town) == before
    assert await town.cases() == []


@pytest.mark.simcord(check_errors=False)  # the failure is the point
async def test_what_could_not_be_judged_is_looked_up_again(town: Town) -> None:
    open_case = town.app.store.open_case

    async def full(*_: object, **__: object) -> None:
        town.app.store.open_case = open_case  # type: ignore[method-assign]
        raise StoreError("database: disk is full")

    town.app.store.open_case = full  # type: ignore[method-assign,assignment]
    await town.tom.send(town.general, INSULT)
    assert await town.cases() == []
    await town.app.housekeeping.tick(town.app.client.listening())
    await town.env.settle()
    [case] = await town.cases()
    assert case.late
