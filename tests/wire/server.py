"""The REST half of the small Discord: one guild, one bot, and trouble on order.

It knows what the bot needs and no more, and sends as few fields as discord.py can live with.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from aiohttp import web

from tests.wire.gateway import TOKEN, Gateway, Json

API = "/api/v10"
_EPOCH_MS = 1_420_070_400_000


@dataclass
class Call:
    """One request; ``path`` is below the API's root."""

    method: str
    path: str
    query: dict[str, str]
    body: Any

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass
class Trouble:
    """What the next matching request meets: a status, a broken line (0) or only a pause (200)."""

    method: str
    path: str
    status: int
    after: bool = False
    pause: float = 0.0


class Refusal(Exception):
    """Status and Discord's code; status 0 ends the line: what was not done by now is not done."""


class Discord(Gateway):
    """``requests`` is what the bot asked for, ``effects`` what really changed by it. ``gate`` is
    awaited before and after each request's effect and may hold it up.
    """

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Call] = []
        self.unknown: list[Call] = []
        self.effects: list[tuple[str, str]] = []
        self.troubles: list[Trouble] = []
        self.gate: Callable[[str, Call], Awaitable[None]] | None = None
        self.content_type = "application/json"
        self.users: dict[str, Json] = {"9": self.world["bot"]}
        self.members: dict[str, Json] = {"9": self.world["shown"]["members"][0]}
        self.messages: dict[str, dict[str, Json]] = {}
        self.nonces: dict[tuple[str, str], Json] = {}
        self.commands: list[Json] = []
        self.asked: dict[str, Any] = {}
        self._last = 0

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", API + "{path:/.*}", self._answer)
        app.router.add_get("/{path:.*}", self.serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.2, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        address = f"127.0.0.1:{self._runner.addresses[0][1]}"
        self.url, self.ws = f"http://{address}", f"ws://{address}/ws"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        await self._runner.cleanup()

    def snowflake(self) -> str:
        """An id of this moment, greater than all before."""
        self._last = max(self._last + 1, int(time.time() * 1000) - _EPOCH_MS << 22)
        return str(self._last)

    def message(self, channel: str, author: str, body: Json) -> Json:
        """A message as REST shows it; whoever makes it decides whether it is kept."""
        made = {"id": self.snowflake(), "channel_id": channel, "author": self.users[author]}
        return self.world["message"] | made | {"timestamp": _now()} | _shown(body)

    async def post(self, channel: str, author: str, body: Json) -> Json:
        """A message by anybody, kept and told to the bot."""
        made = self.message(channel, author, body)
        self.messages.setdefault(channel, {})[made["id"]] = made
        await self.dispatch("MESSAGE_CREATE", self.live(made))
        return made

    async def edit(self, message: Json, body: Json) -> Json:
        message.update(_shown(body), edited_timestamp=_now())
        await self.dispatch("MESSAGE_UPDATE", self.live(message))
        return message

    def live(self, message: Json) -> Json:
        """A message as the gateway tells it: with its guild and its author's roles."""
        if message["channel_id"].startswith("7"):  # direct messages
            return message
        member = {k: v for k, v in self.members[message["author"]["id"]].items() if k != "user"}
        return {**message, "guild_id": "1", "member": member}

    async def _answer(self, request: web.Request) -> web.Response:
        text, path = await request.text(), request.match_info["path"]
        call = Call(request.method, path, dict(request.query), json.loads(text) if text else None)
        self.requests.append(call)
        paths = (t for t in self.troubles if re.fullmatch(t.path, call.path))
        trouble = next((t for t in paths if t.method == call.method), None)
        if trouble:
            self.troubles.remove(trouble)
        try:
            await self._pass("before", call, trouble)
            if request.headers.get("Authorization") != f"Bot {TOKEN}" and "/token-" not in path:
                raise Refusal(401, 0)
            body = await self._route(call, *path.split("/")[1:])
            await self._pass("after", call, trouble)
            return self._response(call, body, 204 if body is None else 200)
        except Refusal as no:
            status, code = no.args
            if status == 0 and request.transport:
                request.transport.abort()
            wait = {"retry_after": trouble.pause} if trouble else {}
            return self._response(call, {"message": "No.", "code": code, **wait}, status or 500)

    async def _pass(self, phase: str, call: Call, trouble: Trouble | None) -> None:
        if self.gate is not None:
            await self.gate(phase, call)
        if trouble and trouble.after == (phase == "after"):
            if trouble.status != 200:
                raise Refusal(trouble.status, 0)
            await asyncio.sleep(trouble.pause)

    def _response(self, call: Call, body: Any, status: int) -> web.Response:
        bucket = re.sub(r"\d{2,}", "x", str(call))
        headers = {"Content-Type": self.content_type, "Via": "wire", "X-RateLimit-Limit": "99"}
        headers |= {"X-RateLimit-Bucket": bucket, "X-RateLimit-Reset-After": "0.01"}
        headers["X-RateLimit-Remaining"] = "0" if status == 429 else "99"
        text = "" if body is None else json.dumps(body)
        return web.Response(body=text.encode(), status=status, headers=headers)

    async def _route(self, call: Call, *parts: str) -> Any:
        match call.method, *parts:
            case "GET", "gateway", "bot":
                return self.world["gateway"] | {"url": self.ws}
            case "GET", "users", "@me":
                return self.world["bot"]
            case "GET", "oauth2", "applications", "@me":
                return self.world["application"]
            case "PUT", "applications", "8", "commands":
                own = self.world["command"]
                self.commands = [own | c | {"id": self.snowflake()} for c in call.body]
                return self.commands
            case (("GET" | "PATCH" | "PUT"), "guilds", "1", ("members" | "bans"), user):
                return self._member(call, user)
            case "POST", "interactions", _, token, "callback":
                self.asked[token].reply = call.body
                return {"interaction": {"id": "0", "type": 3}, "resource": {"type": 0}}
            case (("POST" | "PATCH"), "webhooks", "8", token, *_):
                self.asked[token].told.append(call.body["content"])
                return self.message("22", "9", call.body)
        return await self._message(call, *parts)

    def _member(self, call: Call, user: str) -> Json | None:
        member, body = self.members.get(user), call.body or {}
        if call.method == "PUT":
            self.effects += [("ban", user)] * (self.members.pop(user, None) is not None)
            return None
        if member is None:
            raise Refusal(404, 10007)
        self.effects += [("timeout", user)] * (member != member | body)
        member.update(body)
        return member

    async def _message(self, call: Call, *parts: str) -> Any:
        match call.method, *parts:
            case "POST", "users", "@me", "channels":
                user = str(call.body["recipient_id"])
                return {"id": f"7{user}", "type": 1, "recipients": [self.users[user]]}
            case "GET", "channels", _, "threads", "archived", "public":
                return {"threads": [], "members": [], "has_more": False}
            case "GET", "channels", channel, "messages":
                return self._history(channel, call.query)
            case "POST", "channels", channel, "messages":
                key = channel, call.body.get("nonce") or self.snowflake()
                if key not in self.nonces:
                    self.nonces[key] = await self.post(channel, "9", call.body)
                return self.nonces[key]
            case (("PATCH" | "DELETE"), "channels", channel, "messages", number):
                kept = self.messages.get(channel, {})
                if number not in kept:
                    raise Refusal(404, 10008)
                if call.method == "PATCH":
                    return await self.edit(kept[number], call.body)
                self.effects.append(("remove", kept.pop(number)["author"]["id"]))
                return None
        self.unknown.append(call)
        raise Refusal(404, 0)

    def _history(self, channel: str, query: dict[str, str]) -> list[Json]:
        """The newest first; with ``after`` those that follow it, as Discord has it."""
        after, limit = int(query.get("after", 0)), int(query.get("limit", 50))
        found = [m for m in self.messages.get(channel, {}).values() if int(m["id"]) > after]
        return (found[:limit] if "after" in query else found[-limit:])[::-1]


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _shown(body: Json) -> Json:
    """What of a request's body a message shows."""
    return {key: body[key] or [] for key in ("content", "embeds", "components") if key in body}
