"""The connection: signing in, packing, heartbeats, and every way in which it can come back."""

from __future__ import annotations

from pathlib import Path

import discord
import pytest

from moderation.errors import SettingsError
from tests.wire.bots import Inside, Process
from tests.wire.people import CANARY, GENERAL, INSULT, KIND, QUEUE, SUPPORT, THREAD, Town

PACKING = discord.utils._ActiveDecompressionContext.COMPRESSION_TYPE


async def test_it_signs_in_and_publishes_its_commands(town: Town, inside: Inside) -> None:
    assert [command["name"] for command in town.commands] == ["Report message"]
    assert [path for path, _ in town.connects] == ["/ws"]
    assert [guild.name for guild in inside.app.client.guilds] == ["Harbour"]
    assert "signed_in" in inside.log()


@pytest.mark.parametrize("suffix", ["/", "/api", "/api/v10/"])
async def test_any_form_of_the_address(town: Town, tmp_path: Path, suffix: str) -> None:
    bot = Inside(town, tmp_path, api=town.url + suffix)
    await bot.start()
    await bot.stop()


async def test_a_gateway_named_by_hand(town: Town, tmp_path: Path) -> None:
    bot = Inside(town, tmp_path, gateway=f"{town.ws}/elsewhere")
    await bot.start()
    await bot.stop()
    assert [path for path, _ in town.connects] == ["/ws/elsewhere"]
    assert all(call.path != "/gateway/bot" for call in town.requests)


async def test_a_refused_token_ends_the_process_with_one_line(town: Town, process: Process) -> None:
    process.environment["DISCORD_TOKEN"] = f"another.{CANARY}.token"
    await process.launch()
    await process.until(lambda: process.ended)
    assert await process.stop() == 2
    [line] = [line for line in process.log().splitlines() if line.startswith("tidekeeper: ")]
    assert line.startswith("tidekeeper: DISCORD_TOKEN: Discord refused the token")
    assert "Traceback" not in process.log()


@pytest.mark.parametrize(("code", "words"), [(4004, "refused the token"), (4014, "an intent")])
async def test_what_the_gateway_refuses(town: Town, tmp_path: Path, code: int, words: str) -> None:
    town.refused = code
    bot = Inside(town, tmp_path)
    await bot.launch()
    with pytest.raises(SettingsError, match=f"DISCORD_TOKEN: Discord refused {words[-9:]}"):
        await bot.running


@pytest.mark.parametrize("kind", ["zlib-stream", "zstd-stream", "none"])
async def test_packing(town: Town, tmp_path: Path, kind: str) -> None:
    """discord.py asks for the best that this Python has; a server may also not pack at all."""
    if kind not in (PACKING, "none"):
        pytest.skip(f"discord.py on this machine asks for {PACKING} (zstd: from Python 3.14 on)")
    town.packs = kind != "none"
    bot, tom = Inside(town, tmp_path), town.join("tom")
    await bot.start()
    await town.say(GENERAL, tom, INSULT)
    await bot.card()
    await bot.stop()
    assert town.connects == [("/ws", PACKING)]


async def test_a_server_that_names_a_charset(town: Town, tmp_path: Path) -> None:
    town.content_type = "application/json; charset=utf-8"
    bot = Inside(town, tmp_path)
    await bot.start()
    await bot.stop()


async def test_heartbeats(town: Town, tmp_path: Path) -> None:
    town.heartbeat_ms = 50
    bot = Inside(town, tmp_path)
    await bot.start()
    await bot.until(lambda: town.beats > 5)
    await bot.stop()
    assert len(town.connects) == 1


@pytest.mark.parametrize("how", ["broken line", "op 7", "op 9, resumable"])
async def test_resume_replays_what_was_missed(town: Town, inside: Inside, how: str) -> None:
    """What is replayed is looked up, too (which comes first is chance). It counts once: the two
    friendly messages are no flood of duplicates.
    """
    tom, mia = town.join("tom"), town.join("mia")
    if how == "broken line":
        town.cut()
    else:
        await town.send({"op": 7, "d": None} if how == "op 7" else {"op": 9, "d": True})
    missed = await town.say(GENERAL, tom, INSULT)
    await town.say(GENERAL, mia, KIND)
    await town.say(GENERAL, mia, KIND)
    await inside.card()
    await inside.until(lambda: "caught_up" in inside.log())
    assert [path for path, _ in town.connects] == ["/ws", "/ws/resumed"]
    assert town.session == 1
    assert [state[:2] for state in inside.states()] == [(1, "open")]
    assert inside.rows("SELECT count(*) FROM messages WHERE id = ?", missed["id"]) == [(1,)]


@pytest.mark.parametrize("how", ["op 9", "forgotten"])
async def test_a_lost_session_is_begun_anew_and_caught_up(
    town: Town, inside: Inside, how: str
) -> None:
    people = [town.join(name) for name in ("tom", "kim", "joe", "max")]
    if how == "op 9":
        town.losing.add("MESSAGE_CREATE")
    else:
        town.cut(forget=True)
    for channel, person in zip((GENERAL, SUPPORT, THREAD, QUEUE), people, strict=True):
        await town.say(channel, person, INSULT)
    if how == "op 9":
        town.losing.clear()
        await town.send({"op": 9, "d": False})
    await inside.until(lambda: len(inside.states()) == 3)
    await inside.until(lambda: "caught_up" in inside.log())
    assert inside.states() == [(n, "open", 1) for n in (1, 2, 3)]
    assert town.session > 1
    await town.say(GENERAL, people[3], INSULT)
    await inside.card(4)
    assert inside.states()[3] == (4, "open", 0)


async def test_an_event_that_got_lost(town: Town, inside: Inside) -> None:
    """On a line that stands nobody notices; the next time it comes back, it is looked up."""
    tom, mia = town.join("tom"), town.join("mia")
    town.losing.add("MESSAGE_CREATE")
    await town.say(GENERAL, tom, INSULT)
    town.losing.clear()
    await town.say(GENERAL, mia, INSULT)
    await inside.card(1)
    town.cut()
    await inside.card(2)
    assert inside.rows("SELECT subject, late FROM cases ORDER BY id") == [(mia, 0), (tom, 1)]


async def test_an_outage_of_the_guild(town: Town, inside: Inside) -> None:
    """The line stands, but Discord says nothing of the guild until it is available again."""
    await town.dispatch("GUILD_DELETE", {"id": "1", "unavailable": True})
    town.losing.add("MESSAGE_CREATE")
    await town.say(GENERAL, town.join("tom"), INSULT)
    town.losing.clear()
    await town.dispatch("GUILD_CREATE", town.world["shown"])
    await inside.card()
    assert inside.states() == [(1, "open", 1)]
