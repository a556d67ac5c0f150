"""A plain discord.py client on the wire server, pointed there as the bot is."""

from __future__ import annotations

import asyncio
import io
import json
import time
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
import pytest
from discord import app_commands

from bot.endpoint import point_gateway, point_rest
from tests.wire.conform import description, problems
from tests.wire.rest import Call
from tests.wire.server import WireDiscord
from tests.wire.world import TOKEN


class Plain(discord.Client):
    """A client that writes down what it is told."""

    def __init__(self) -> None:
        intents = discord.Intents(guilds=True, guild_messages=True, message_content=True)
        super().__init__(intents=intents, guild_ready_timeout=0.05)
        self.heard: list[tuple[str, str]] = []
        self.tree = app_commands.CommandTree(self)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify again at once; Discord's own pace would only make the tests slow."""

    async def on_ready(self) -> None:
        self.heard.append(("ready", ""))

    async def on_resumed(self) -> None:
        self.heard.append(("resumed", ""))

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(("message", message.content))

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        self.heard.append(("edit", event.message.content))

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        self.heard.append(("delete", str(event.message_id)))

    def count(self, what: str) -> int:
        return [kind for kind, _ in self.heard].count(what)


async def until(true: Callable[[], Any], within: float = 8.0) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + within
    while not true():
        assert time.monotonic() < end, "it did not happen"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def connected(wire: WireDiscord, client: Plain | None = None) -> AsyncIterator[Plain]:
    """A client that is ready; it has to end without an error of its own."""
    client = client or Plain()
    point_rest(wire.url)
    await client.login(TOKEN)
    await point_gateway(client, "")
    running = asyncio.create_task(client.connect())
    try:
        await until(lambda: client.count("ready") or running.done())
        yield client
    finally:
        await client.close()
        await running


async def heard(client: Plain, *expected: tuple[str, str]) -> None:
    await until(lambda: len(client.heard) >= len(expected))
    await asyncio.sleep(0.05)
    assert client.heard == list(expected)


@pytest.mark.parametrize("suffix", ["", "/", "/api", "/api/v10", "/api/v10/"])
async def test_any_form_of_the_address(wire: WireDiscord, suffix: str) -> None:
    client = Plain()
    point_rest(wire.url + suffix)
    await client.login(TOKEN)
    assert client.application_id == int(wire.world.application)
    await client.close()


async def test_a_wrong_token(wire: WireDiscord) -> None:
    point_rest(wire.url)
    client = Plain()
    with pytest.raises(discord.LoginFailure):
        await client.login("something.else")
    await client.close()


async def test_ready_with_its_guild(wire: WireDiscord) -> None:
    async with connected(wire) as client:
        guild = client.guilds[0]
        assert client.user
        assert str(client.user.id) == wire.world.bot
        assert {channel.name for channel in guild.text_channels} == {
            "general",
            "support",
            "mod-queue",
        }
        assert guild.me.guild_permissions.ban_members
    assert wire.gateway.connects[0][0] == "/ws"


@pytest.mark.parametrize("packing", [None, "zlib-stream"])
async def test_packing(wire: WireDiscord, packing: str | None) -> None:
    """discord.py asks for the best its installation has; this holds the others."""
    query = {"compress": packing} if packing else {}
    stream, told = zlib.decompressobj(), []
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(wire.gateway.url, params=query) as socket,
    ):
        await socket.send_json({"op": 2, "d": {"token": TOKEN, "intents": 1}})
        for _ in range(3):
            data = (await socket.receive()).data
            told.append(json.loads(stream.decompress(data) if packing else data))
    assert [packet["t"] or packet["op"] for packet in told] == [10, "READY", "GUILD_CREATE"]


async def test_a_gateway_named_by_hand(wire: WireDiscord) -> None:
    client = Plain()
    point_rest(wire.url)
    await client.login(TOKEN)
    await point_gateway(client, f"{wire.gateway.url}/resume")
    running = asyncio.create_task(client.connect())
    await until(lambda: client.count("ready"))
    await client.close()
    await running
    assert [path for path, _ in wire.gateway.connects] == ["/ws/resume"]
    assert wire.asked("GET", "/gateway/bot") == []


async def test_messages(wire: WireDiscord) -> None:
    general, tom = wire.world.general, wire.world.member("Tom")
    async with connected(wire) as client:
        first = await wire.say(general, tom, "one")
        await until(lambda: client.count("message"))
        await wire.edit(general, first, "two")
        await until(lambda: client.count("edit"))
        await wire.delete(general, first)
        await heard(client, ("ready", ""), ("message", "one"), ("edit", "two"), ("delete", first))


@pytest.mark.parametrize("without", ["message_content", "guild_messages"])
async def test_what_intents_do_not_ask_for_is_withheld(wire: WireDiscord, without: str) -> None:
    tom, client = wire.world.member("Tom"), Plain()
    setattr(client._connection._intents, without, False)
    async with connected(wire, client):
        await wire.say(wire.world.general, tom, "not for us")
        expected = [("message", "")] if without == "message_content" else []
        await heard(client, ("ready", ""), *expected)


async def test_sending_and_looking_back(wire: WireDiscord) -> None:
    async with connected(wire) as client:
        channel = client.get_channel(int(wire.world.general))
        assert isinstance(channel, discord.TextChannel)
        sent = [await channel.send(f"message {n}") for n in range(5)]
        reply = await sent[4].reply("with a file", file=discord.File(io.BytesIO(b"abc"), "a.txt"))
        await sent[4].edit(content="changed")
        await sent[0].delete()
        old_first = [m.content async for m in channel.history(after=sent[1], limit=2)]
        new_first = [m.content async for m in channel.history(before=reply, limit=2)]
        again = await channel.fetch_message(reply.id)
    assert (old_first, new_first) == (["message 2", "message 3"], ["changed", "message 3"])
    assert again.reference
    assert again.reference.message_id == sent[4].id
    assert again.attachments[0].filename == "a.txt"
    [upload] = [call for call in wire.requests if call.files]
    assert upload.files == {"files[0]": 3}


async def test_one_nonce_one_message(wire: WireDiscord) -> None:
    async with connected(wire) as client:
        channel = client.get_channel(int(wire.world.general))
        assert isinstance(channel, discord.TextChannel)
        first = await channel.send("once", nonce="tk-1")
        second = await channel.send("once", nonce="tk-1")
        other = await channel.send("once", nonce="tk-2")
    assert first.id == second.id != other.id
    assert len(wire.world.messages[wire.world.general]) == 2


async def test_effects_on_members(wire: WireDiscord) -> None:
    tom, mia = wire.world.member("Tom"), wire.world.member("Mia")
    wire.world.closed_dms.add(mia)
    until_when = discord.utils.utcnow() + discord.utils.datetime.timedelta(hours=1)
    async with connected(wire) as client:
        guild = client.guilds[0]
        member = await guild.fetch_member(int(tom))
        await member.edit(timed_out_until=until_when)
        await member.edit(timed_out_until=until_when)
        await member.send("why")
        with pytest.raises(discord.Forbidden) as closed:
            await (await guild.fetch_member(int(mia))).send("why")
        await guild.ban(member)
        assert (await guild.fetch_ban(member)).user == member
        await guild.unban(member)
        await guild.kick(discord.Object(int(mia)))
        with pytest.raises(discord.NotFound) as gone:
            await guild.fetch_member(int(mia))
    assert closed.value.code == 50007
    assert gone.value.code == 10007
    assert [kind for kind, *_ in wire.effects] == ["member", "ban", "unban", "kick"]


class Form(discord.ui.Modal, title="Report"):
    words: discord.ui.TextInput[Any] = discord.ui.TextInput(label="Words", custom_id="words")

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await interaction.edit_original_response(content=f"thanks for {self.words.value!r}")


class Desk(discord.ui.View):
    @discord.ui.button(label="Do", custom_id="do")
    async def do(self, interaction: discord.Interaction, _: Any) -> None:
        await interaction.response.edit_message(content="done")
        await interaction.followup.send("only you see this", ephemeral=True)

    @discord.ui.select(custom_id="pick", options=[discord.SelectOption(label="a")])
    async def pick(self, interaction: discord.Interaction, item: discord.ui.Select[Any]) -> None:
        await interaction.response.send_message(f"picked {item.values}", ephemeral=True)


async def test_interactions(wire: WireDiscord) -> None:
    anna = wire.world.member("Anna", "Moderator")
    kept = wire.world.messages[wire.world.queue]
    async with connected(wire) as client:

        @client.tree.context_menu(name="Report message")
        async def report(interaction: discord.Interaction, message: discord.Message) -> None:
            assert message.content == "done"
            await interaction.response.send_modal(Form())

        await client.tree.sync()
        queue = client.get_channel(int(wire.world.queue))
        assert isinstance(queue, discord.TextChannel)
        card = await queue.send("card", view=Desk())
        shown = kept[str(card.id)]

        pressed = await wire.press(shown, "do", anna)
        await until(lambda: pressed.told)
        picked = await wire.select(shown, "pick", anna, "a")
        await until(lambda: picked.told)
        asked = await wire.menu("Report message", anna, shown)
        await asyncio.wait_for(asked.answered.wait(), 5)
        filed = await wire.submit(asked, words="rude")
        await until(lambda: filed.told)
    assert shown["content"] == "done"
    assert pressed.told == ["only you see this"]
    assert picked.told == ["picked ['a']"]
    assert filed.told == ["thanks for 'rude'"]
    assert list(kept) == [str(card.id)], "what one person reads is not in the channel"


async def test_resume_replays_what_was_missed(wire: WireDiscord) -> None:
    general, tom = wire.world.general, wire.world.member("Tom")
    async with connected(wire) as client:
        await wire.say(general, tom, "before")
        await until(lambda: client.count("message"))
        await wire.gateway.disconnect()
        await wire.say(general, tom, "meanwhile")
        await until(lambda: client.count("resumed"))
        await heard(
            client, ("ready", ""), ("message", "before"), ("message", "meanwhile"), ("resumed", "")
        )
    assert [path for path, _ in wire.gateway.connects] == ["/ws", "/ws/resume"]


@pytest.mark.parametrize("how", ["op 7", "op 9 resumable", "code 4000"])
async def test_asked_to_come_back(wire: WireDiscord, how: str) -> None:
    async with connected(wire) as client:
        match how:
            case "op 7":
                await wire.gateway.order(7)
            case "op 9 resumable":
                await wire.gateway.order(9, True)
            case _:
                await wire.gateway.disconnect(4000)
        await until(lambda: client.count("resumed"))
        assert client.count("ready") == 1


@pytest.mark.parametrize("how", ["op 9", "forgotten"])
async def test_a_lost_session_is_begun_anew(wire: WireDiscord, how: str) -> None:
    general, tom = wire.world.general, wire.world.member("Tom")
    async with connected(wire) as client:
        before = wire.gateway.session
        if how == "op 9":
            await wire.gateway.order(9, False)
        else:
            wire.gateway.forget_session()
        await until(lambda: client.count("ready") == 2)
        assert wire.gateway.session is not None
        assert wire.gateway.session is not before
        await wire.say(general, tom, "after")
        await until(lambda: client.count("message"))


async def test_an_event_that_got_lost(wire: WireDiscord) -> None:
    general, tom = wire.world.general, wire.world.member("Tom")
    async with connected(wire) as client:
        wire.gateway.drop_next("MESSAGE_CREATE")
        await wire.say(general, tom, "lost")
        await wire.say(general, tom, "heard")
        await until(lambda: client.count("message"))
        await wire.gateway.disconnect()
        await until(lambda: client.count("resumed"))
        assert ("message", "lost") not in client.heard, "a RESUME goes on from the newest heard"
        channel = client.get_channel(int(general))
        assert isinstance(channel, discord.TextChannel)
        assert [m.content async for m in channel.history(oldest_first=True)] == ["lost", "heard"]


async def test_heartbeats_are_answered(wire: WireDiscord) -> None:
    wire.gateway.heartbeat_ms = 100
    async with connected(wire) as client:
        beats = lambda: [p for p in wire.gateway.packets if p["op"] == 1]  # noqa: E731
        await until(lambda: len(beats()) > 4)
        before = len(beats())
        await wire.gateway.order(1)
        await until(lambda: len(beats()) > before)
        assert client.latency < 1
    assert len(wire.gateway.connects) == 1


@pytest.mark.parametrize(
    ("trouble", "at_least"),
    [
        ({"status": 429, "retry_after": 0.3}, 0.3),
        ({"status": 500}, 1.0),
        ({"status": 502}, 1.0),
        ({"delay": 0.4}, 0.4),
    ],
    ids=["429", "500", "502", "slow"],
)
async def test_trouble_that_passes(
    wire: WireDiscord, trouble: dict[str, Any], at_least: float
) -> None:
    async with connected(wire) as client:
        channel = client.get_channel(int(wire.world.general))
        assert isinstance(channel, discord.TextChannel)
        wire.fail("POST", "/channels/.*/messages", **trouble)
        start = time.monotonic()
        await channel.send("through")
        assert time.monotonic() - start >= at_least
    asked = wire.asked("POST", "/channels/.*/messages")
    assert [call.status for call in asked][-1] == 200
    assert len(asked) == (2 if "status" in trouble else 1)
    assert len(wire.world.messages[wire.world.general]) == 1


@pytest.mark.parametrize(("drop", "kept"), [("before", 0), ("after", 1)])
async def test_a_connection_that_breaks(wire: WireDiscord, drop: str, kept: int) -> None:
    async with connected(wire) as client:
        channel = client.get_channel(int(wire.world.general))
        assert isinstance(channel, discord.TextChannel)
        wire.fail("POST", "/channels/.*/messages", drop=drop)
        with pytest.raises((OSError, aiohttp.ClientError)):
            await channel.send("?")
    assert len(wire.world.messages[wire.world.general]) == kept


async def test_a_server_that_names_a_charset(wire: WireDiscord) -> None:
    wire.content_type = "application/json; charset=utf-8"
    async with connected(wire) as client:
        assert client.guilds


async def test_an_unknown_route_is_on_record(wire: WireDiscord) -> None:
    async with connected(wire) as client:
        with pytest.raises(discord.NotFound):
            await client.guilds[0].invites()
    [call] = wire.unknown
    assert str(call) == f"GET /guilds/{wire.world.guild}/invites"
    wire.unknown.clear()


def test_the_description_tells_wrong_requests() -> None:
    if not description().exists():
        pytest.skip(f"{description()} is absent: requests are not held against the description")
    good = Call("POST", "/channels/1/messages", {}, {}, {}, {"content": "x"})
    wrong = [
        Call("POST", "/channels/1/letters", {}, {}, {}, {}),
        Call("PUT", "/channels/1/messages", {}, {}, {}, {}),
        Call("POST", "/channels/1/messages", {"loud": "1"}, {}, {}, {"content": "x"}),
        Call("POST", "/channels/1/messages", {}, {}, {}, {"content": "x" * 4001}),
        Call("GET", "/channels/1/messages", {}, {}, {}, {"content": "x"}),
    ]
    assert list(problems(good)) == []
    assert [len(list(problems(call))) for call in wrong] == [1] * len(wrong)
