"""Servers that say strange things or leave things out: named by a code, skipped, survived."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.clock import SystemClock
from moderation.errors import SettingsError
from tests.wire.bots import Inside, heartbeats, until
from tests.wire.people import CANARY, GENERAL, INSULT, KIND, Town

STRANGE: list[tuple[str, Any]] = [
    ("HOLOGRAM_CREATE", {"content": CANARY}),
    ("MESSAGE_CREATE", None),
    ("MESSAGE_CREATE", [CANARY]),
    ("MESSAGE_CREATE", {"id": CANARY, "channel_id": GENERAL, "guild_id": "1"}),
    ("MESSAGE_UPDATE", {"id": "5", "channel_id": CANARY, "guild_id": "1", "content": CANARY}),
    ("MESSAGE_DELETE", {"id": CANARY}),
    ("MESSAGE_DELETE_BULK", {"ids": CANARY}),
    ("GUILD_CREATE", {"name": CANARY}),
    ("GUILD_UPDATE", {"id": "1", "roles": [{"name": CANARY}]}),
    ("CHANNEL_CREATE", {"id": "99", "type": 99, "guild_id": "1", "name": CANARY}),
    ("CHANNEL_UPDATE", {"id": "24", "type": 99, "guild_id": "1", "name": CANARY}),
    ("THREAD_CREATE", {"id": "98", "name": CANARY}),
    ("INTERACTION_CREATE", {"id": "1", "token": CANARY, "type": 99}),
    ("INTERACTION_CREATE", {"id": "1", "token": CANARY, "data": CANARY}),
    ("PRESENCE_UPDATE", CANARY),
]
MESSAGE_FIELDS = ("attachments", "embeds", "mentions", "mention_everyone", "mention_roles")
MESSAGE_FIELDS += ("pinned", "tts", "type", "edited_timestamp", "components")


async def test_strange_events(town: Town, inside: Inside) -> None:
    for event, data in STRANGE:
        await town.dispatch(event, data)
    await town.send({"op": 42, "d": {"content": CANARY}})
    await town.say(GENERAL, town.join("tom"), INSULT)
    await inside.card()
    assert inside.log().count("gateway_malformed type=MESSAGE_CREATE") == 3
    assert len(town.connects) == 1


@pytest.mark.parametrize("frame", ["no json", "[]", '{"op": {}}', json.dumps({"op": 10})])
async def test_a_frame_that_is_no_packet(town: Town, inside: Inside, frame: str) -> None:
    """The line is given up for a new one, and what was missed in between is looked up."""
    await town.send(frame)
    await town.say(GENERAL, town.join("tom"), INSULT)
    await inside.card()


async def test_a_line_that_is_given_up_is_closed(town: Town, inside: Inside) -> None:
    before = len(heartbeats())
    await town.send("no json")
    await inside.until(lambda: len(town.connects) == 2 and town.session == 2)
    await until(lambda: len(heartbeats()) == before, inside.log, within=1.0)


class Later(SystemClock):
    """Half an hour ahead."""

    def now(self) -> datetime:
        return super().now() + timedelta(minutes=30)


async def test_while_no_line_can_be_had_nothing_counts_as_heard(town: Town, inside: Inside) -> None:
    heard = inside.rows("SELECT max(until) FROM coverage")
    town.greeting = "no json"
    await town.send("no json")
    await inside.until(lambda: inside.log().count("gateway_failed") > 1)
    inside.app.housekeeping._clock = Later()
    await inside.tick()
    assert inside.rows("SELECT max(until) FROM coverage") == heard


async def test_a_message_without_optional_fields(town: Town, inside: Inside) -> None:
    tom = town.join("tom")
    made = town.live(town.message(GENERAL, tom, {"content": INSULT}))
    for name in (*MESSAGE_FIELDS, "member"):
        del made[name]
    await town.dispatch("MESSAGE_CREATE", made)
    await inside.card()


async def test_history_without_optional_fields(town: Town, inside: Inside) -> None:
    town.cut(forget=True)
    for name, text in (("tom", KIND), ("mia", INSULT)):
        message = await town.say(GENERAL, town.join(name), text)
        for missing in MESSAGE_FIELDS:
            del message[missing]
    await inside.card()
    assert inside.states() == [(1, "open", 1)]


@pytest.mark.parametrize("missing", ["flags", "joined_at", "roles"])
async def test_an_author_without_optional_fields(town: Town, inside: Inside, missing: str) -> None:
    tom = town.join("tom")
    del town.members[tom][missing]
    await town.say(GENERAL, tom, INSULT)
    await inside.card()


@pytest.mark.parametrize("missing", ["position", "name"])
async def test_a_channel_without_optional_fields(town: Town, tmp_path: Path, missing: str) -> None:
    """One such channel must not make the bot deaf in the whole guild."""
    del town.world["shown"]["channels"][1][missing]
    bot = Inside(town, tmp_path)
    await bot.launch()
    await bot.until(bot.app.client.is_ready)
    await bot.stop()
    assert "gateway_malformed" not in bot.log()


@pytest.mark.parametrize("channel", ["24", "88"], ids=["of an unknown type", "never heard of"])
async def test_a_message_in_a_channel(town: Town, inside: Inside, channel: str) -> None:
    await town.say(channel, town.join("tom"), INSULT)
    await inside.card()


async def test_a_server_that_is_not_discord(town: Town, tmp_path: Path) -> None:
    town.content_type = "text/html"
    bot = Inside(town, tmp_path)
    await bot.launch()
    with pytest.raises(SettingsError, match=r"discord\.api: what answers there"):
        await bot.running
