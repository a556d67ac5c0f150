"""A Discord on this machine, just enough of it to load one bot and to time what it posts."""

from __future__ import annotations

import asyncio
import json
import re
import time
from types import TracebackType
from typing import Any, Self

from aiohttp import web

Json = dict[str, Any]

APPLICATION, GUILD, QUEUE, GENERAL, BOT = "100", "200", "300", "400", "500"
_FIRST = 1_000_000_000_000_000_000
_WHEN = "2026-11-02T08:00:00+00:00"
_RIGHTS = str((1 << 50) - 1 - (1 << 3))
"""All permissions but Administrator."""
_LINK = re.compile(rf"channels/{GUILD}/{GENERAL}/(\d+)")
_CREATED = "/api/v10/channels/{channel}/messages"


class Loopback:
    """Gateway and REST server; ``seconds`` has, for each message id, the time until a post that
    links to it; ``connected`` is set when a bot listens. An async context manager.
    """

    def __init__(self) -> None:
        self.url = ""
        self.connected = asyncio.Event()
        self.seconds: dict[str, float] = {}
        self._said: dict[str, float] = {}
        self._last = _FIRST
        self._socket: web.WebSocketResponse | None = None
        self._seq = 0

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/ws", self._gateway)
        app.router.add_post(_CREATED, self._create)
        app.router.add_patch(_CREATED + "/{message}", self._edit)
        app.router.add_route("*", "/api/v10/{path:.*}", self._ask)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()

    async def say(self, author: str, text: str) -> None:
        """Tell the bot that somebody wrote."""
        made = self._message(GENERAL, _user(author, bot=False), {"content": text})
        made |= {"guild_id": GUILD, "member": _member()}
        self._said[made["id"]] = time.perf_counter()
        await self._dispatch("MESSAGE_CREATE", made)

    async def _dispatch(self, event: str, data: Json) -> None:
        if self._socket is not None:
            self._seq += 1
            await self._socket.send_str(
                json.dumps({"op": 0, "t": event, "s": self._seq, "d": data})
            )

    async def _gateway(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(json.dumps({"op": 10, "d": {"heartbeat_interval": 30_000}}))
        async for frame in socket:
            match json.loads(frame.data)["op"]:
                case 1:
                    await socket.send_str('{"op": 11}')
                case 2:
                    self._socket = socket
                    await self._dispatch("READY", _ready())
                    await self._dispatch("GUILD_CREATE", _guild())
                    self.connected.set()
        return socket

    async def _create(self, request: web.Request) -> web.Response:
        text = await request.text()
        linked = _LINK.search(text)
        if linked is not None and linked[1] in self._said:
            spent = time.perf_counter() - self._said[linked[1]]
            self.seconds.setdefault(linked[1], spent)
        channel = request.match_info["channel"]
        return web.json_response(self._message(channel, _user(BOT, bot=True), json.loads(text)))

    async def _edit(self, request: web.Request) -> web.Response:
        body = await request.json()
        made = self._message(request.match_info["channel"], _user(BOT, bot=True), body)
        return web.json_response(made | {"id": request.match_info["message"]})

    async def _ask(self, request: web.Request) -> web.Response:
        path = request.match_info["path"]
        if path == "gateway/bot":
            left = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
            address = self.url.replace("http", "ws", 1) + "/ws"
            return web.json_response({"url": address, "shards": 1, "session_start_limit": left})
        if path == "users/@me":
            return web.json_response(_user(BOT, bot=True))
        if path.endswith("applications/@me"):
            return web.json_response(_application())
        return web.json_response([])

    def _message(self, channel: str, author: Json, body: Json) -> Json:
        self._last += 1
        return {
            "id": str(self._last),
            "channel_id": channel,
            "author": author,
            "content": body.get("content") or "",
            "embeds": body.get("embeds") or [],
            "components": body.get("components") or [],
            "timestamp": _WHEN,
            "edited_timestamp": None,
            "type": 0,
            "tts": False,
            "pinned": False,
            "mention_everyone": False,
            "mentions": [],
            "mention_roles": [],
            "attachments": [],
        }


def _user(ident: str, *, bot: bool) -> Json:
    return {"id": ident, "username": f"u{ident}", "discriminator": "0", "avatar": None, "bot": bot}


def _member() -> Json:
    return {"roles": [], "joined_at": _WHEN, "deaf": False, "mute": False, "flags": 0}


def _application() -> Json:
    owner = _user("600", bot=False)
    return {
        "id": APPLICATION,
        "name": "bench",
        "description": "",
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "owner": owner,
        "icon": None,
        "flags": 0,
    }


def _ready() -> Json:
    return {
        "v": 10,
        "user": _user(BOT, bot=True),
        "session_id": "bench",
        "resume_gateway_url": "",
        "application": {"id": APPLICATION, "flags": 0},
        "guilds": [{"id": GUILD, "unavailable": True}],
    }


def _guild() -> Json:
    everyone = {"id": GUILD, "name": "@everyone", "permissions": _RIGHTS, "position": 0}
    everyone |= {"color": 0, "hoist": False, "managed": False, "mentionable": False}
    rooms = [(QUEUE, "mod-queue"), (GENERAL, "general")]
    channels = [
        {"id": ident, "name": name, "type": 0, "position": 0, "permission_overwrites": []}
        for ident, name in rooms
    ]
    return {
        "id": GUILD,
        "name": "bench",
        "owner_id": "600",
        "roles": [everyone],
        "channels": channels,
        "members": [{**_member(), "user": _user(BOT, bot=True)}],
        "member_count": 2,
        "emojis": [],
        "features": [],
        "preferred_locale": "en-US",
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "premium_tier": 0,
        "nsfw_level": 0,
        "system_channel_flags": 0,
    }
