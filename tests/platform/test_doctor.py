"""The doctor looks at what ``tidekeeper run`` needs, at the same address, and at nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import discord
import discord.http
import discord.webhook.async_
import pytest
import pytest_asyncio
from aiohttp import web
from discord.http import Route

from bot.client import intents
from bot.doctor_online import NEEDED, asked_intents, discord_checks
from bot.findings import Finding, Level
from config.schema import Settings
from moderation.errors import PlatformFailure
from moderation.types import ActionKind, ChannelId
from tests.platform.conftest import DiscordStage, a_case, an_action

TOKEN = "doctor.token.of-no-use-elsewhere"
BOT = {"id": "9", "username": "tidekeeper", "discriminator": "0", "avatar": None, "bot": True}
HIDDEN = [{"id": "1", "type": 0, "allow": "0", "deny": "1024"}]
SEEN = [*HIDDEN, {"id": "3", "type": 0, "allow": "1024", "deny": "0"}]


def rights() -> int:
    return discord.Permissions(**dict.fromkeys(NEEDED, True)).value


class Server:
    """As little of Discord's REST as the doctor needs, below ``/api/v10`` like the real one."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[str] = []
        self.application: dict[str, Any] = {"id": "8", "flags": 1 << 19}
        self.rights = rights()
        self.channels = [
            {"id": "20", "type": 0, "name": "general", "position": 0},
            {
                "id": "22",
                "type": 0,
                "name": "mod-queue",
                "position": 1,
                "permission_overwrites": SEEN,
            },
            {"id": "24", "type": 99, "name": "a-type-nobody-has-heard-of"},
        ]

    def answer(self, path: str) -> Any:
        roles = [
            {"id": "1", "name": "@everyone", "permissions": "1024", "position": 0},
            {"id": "2", "name": "Moderator", "permissions": "0", "position": 1},
            {"id": "3", "name": "Tidekeeper", "permissions": str(self.rights), "position": 2},
        ]
        guild = {"id": "1", "name": "Harbour", "owner_id": "10", "roles": roles, "features": []}
        return {
            "gateway/bot": {
                "url": self.url.replace("http", "ws") + "/ws",
                "shards": 1,
                "session_start_limit": {"total": 9, "remaining": 9, "max_concurrency": 1},
            },
            "users/@me": BOT,
            "oauth2/applications/@me": self.application,
            "users/@me/guilds": [guild],
            "guilds/1": guild,
            "guilds/1/channels": self.channels,
            "guilds/1/members/9": {"user": BOT, "roles": ["3"], "flags": 0},
        }.get(path)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        self.asked.append(path)
        body = self.answer(path)
        if body is None:
            return web.json_response({"message": "404: Not Found", "code": 0}, status=404)
        return web.json_response(body)

    async def greet(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"op": 10, "d": {"heartbeat_interval": 41_250}})
        await socket.receive()
        return socket


@pytest.fixture(autouse=True)
def _addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """discord.py keeps its addresses on its classes: what a test sets there ends with it."""
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    for module in (discord.http, discord.webhook.async_):
        monkeypatch.setattr(module, "json_or_text", module.json_or_text)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    app = web.Application()
    app.router.add_get("/api/v10/{path:.*}", made.serve)
    app.router.add_get("/ws/", made.greet)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


async def examined(server: Server, api: str = "", **more: Any) -> list[Finding]:
    settings = Settings.model_validate(
        {"discord": {"token": TOKEN, "api": api or server.url, **more.pop("discord", {})}, **more}
    )
    return [finding async for finding in discord_checks(settings, datetime.now(UTC))]


def of(findings: list[Finding], check: str) -> Finding:
    found = [finding for finding in findings if finding.check == check]
    assert found, "\n".join(map(str, findings))
    return found[0]


@pytest.mark.parametrize("below", ["", "/api", "/api/v10"])
async def test_a_server_on_which_the_bot_can_run_is_found_well(server: Server, below: str) -> None:
    findings = await examined(server, server.url + below)
    assert [str(f) for f in findings if f.level is not Level.OK] == []
    checks = {finding.check for finding in findings}
    assert checks == {
        *("api", "clock", "token", "gateway", "intents", "permissions", "hierarchy", "queue")
    }


async def test_only_the_intents_that_run_asks_for_are_asked_for(server: Server) -> None:
    privileged = {"message_content", "members", "presences"}
    assert set(asked_intents()) == {n for n, on in intents() if on} & privileged
    found = [f for f in await examined(server) if f.check == "intents"]
    assert [f.what for f in found] == ["Message Content is on"]
    server.application["flags"] = 0
    assert of(await examined(server), "intents").level is Level.FAIL


@pytest.mark.parametrize("right", list(NEEDED))
async def test_each_right_that_is_missing_is_named(server: Server, right: str) -> None:
    server.rights = rights() & ~discord.Permissions(**{right: True}).value
    if right == "view_channel":  # everybody has it here
        server.channels[1]["permission_overwrites"] = HIDDEN
        assert of(await examined(server), "queue").level is Level.FAIL
        return
    found = of(await examined(server), "permissions")
    assert (found.level, NEEDED[right] in found.what) == (Level.FAIL, True)


async def test_the_main_queue_is_needed_and_others_fall_back_to_it(server: Server) -> None:
    queue = {"owners": {"security": "a-desk-nobody-made"}}
    found = [f.level for f in await examined(server, queue=queue) if f.check == "queue"]
    assert found == [Level.OK, Level.WARN]
    server.channels[1] |= {
        "type": 2,
        "bitrate": 64_000,
        "user_limit": 0,
    }  # cards are posted in text channels only
    assert of(await examined(server), "queue").level is Level.FAIL


async def test_a_password_in_an_address_is_not_printed(server: Server) -> None:
    address = server.url.replace("://", "://tide:hunter2@")
    gateway = address.replace("http", "ws")
    findings = await examined(server, address, discord={"gateway": gateway})
    findings += await examined(server, "http://tide:hunter2@127.0.0.1:1")
    findings += await examined(server, address, discord={"token": "", "gateway": gateway})
    assert "hunter2" not in "".join(map(str, findings))
    assert "127.0.0.1" in "".join(map(str, findings))


async def test_what_does_not_speak_discords_protocol_is_said_so(server: Server) -> None:
    server.application = {"hello": "world"}
    assert "does not speak" in of(await examined(server), "discord").what


async def test_with_exactly_these_rights_the_bot_does_all_its_work(real: DiscordStage) -> None:
    """And each of the rights to act is needed: without it an action is refused beforehand."""
    role = real.client.get_guild(real.place.id).me.top_role
    backend = real.env.backend
    backend.create_thread(real.general.id, "device", real.tom.id)
    await real.env.settle()
    thread = ChannelId(str(real.general.threads[0].id))
    needs = {
        "manage_messages": an_action(real, ActionKind.REMOVE),
        "send_messages": an_action(real, ActionKind.REDIRECT),
        "send_messages_in_threads": an_action(real, ActionKind.REDIRECT, channel=thread),
        "moderate_members": an_action(real, ActionKind.TIMEOUT),
        "kick_members": an_action(real, ActionKind.KICK),
        "ban_members": an_action(real, ActionKind.BAN),
    }
    for right, action in needs.items():
        backend.edit_role(real.place.id, role.id, {"permissions": rights()})
        await real.env.settle()
        await real.platform.check(action)
        less = rights() & ~discord.Permissions(**{right: True}).value
        backend.edit_role(real.place.id, role.id, {"permissions": less})
        backend.edit_role(real.place.id, real.place.id, {"permissions": 1024})
        await real.env.settle()
        with pytest.raises(PlatformFailure, match="permission"):
            await real.platform.check(action)
    backend.edit_role(real.place.id, role.id, {"permissions": rights()})
    await real.env.settle()
    for action in needs.values():
        await real.platform.apply(action)
    await real.platform.notify(needs["ban_members"], a_case(real))
    assert set(NEEDED) - set(needs) == {"view_channel", "embed_links", "read_message_history"}
