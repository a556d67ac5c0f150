"""A small Discord over real sockets: gateway and REST for one bot, with faults on order.

Tests let people act (``say``, ``press``, …), order faults (``fail``, ``gateway.drop_next``, …) and
look at ``requests``, ``effects`` and ``world``: what a bot asked for, and what became of it.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from aiohttp import WSCloseCode, web

from tests.wire.gateway import Gateway
from tests.wire.rest import Call, Interaction, Refusal, Rest
from tests.wire.world import TOKEN, Json, World

API = "/api/v10"
_OPEN = ("/interactions/", "/webhooks/")  # without the bot's token: the path holds one


@dataclass
class Fault:
    """What happens to the next ``times`` requests that match; ``drop`` is before or after."""

    method: str
    path: re.Pattern[str]
    status: int = 0
    times: int = 1
    delay: float = 0.0
    retry_after: float = 0.1
    drop: str = ""


class Dropped(Exception):
    """The connection ends here; what was not done by now is not done."""


Hook = Callable[[str, Call], Awaitable[None]]


class WireDiscord:
    """The server; an async context manager on a port of its own.

    ``on_request`` is awaited with ``before`` and ``after`` around every request's effect; raising
    ``Dropped`` there ends the connection. ``unknown`` are requests that no route answered.
    """

    def __init__(self) -> None:
        self.world = World()
        self.gateway = Gateway(self.world)
        self.rest = Rest(self.world, self.gateway)
        self.requests: list[Call] = []
        self.unknown: list[Call] = []
        self.on_request: Hook | None = None
        self.content_type = "application/json"
        self._faults: list[Fault] = []

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._door])
        app.router.add_get("/ws", self.gateway.serve)
        app.router.add_get("/ws/resume", self.gateway.serve)
        for route, handler in self.rest.routes().items():
            method, path = route.split()
            app.router.add_route(method, API + path, self._handled(handler))
        self._runner = web.AppRunner(app, shutdown_timeout=0.5, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        address = f"127.0.0.1:{self._runner.addresses[0][1]}"
        self.url, self.gateway.url = f"http://{address}", f"ws://{address}/ws"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.gateway.disconnect(WSCloseCode.GOING_AWAY)
        await self._runner.cleanup()

    @property
    def effects(self) -> list[tuple[str, str, Any]]:
        return self.rest.effects

    def asked(self, method: str, path: str) -> list[Call]:
        """The requests whose path matches ``path`` whole."""
        return [c for c in self.requests if c.method == method and re.fullmatch(path, c.path)]

    def fail(self, method: str, path: str, **trouble: Any) -> None:
        """Order trouble (the fields of ``Fault``) for requests whose path matches ``path``."""
        self._faults.append(Fault(method, re.compile(path), **trouble))

    async def say(self, channel: str, author: str, text: str, **body: Any) -> str:
        """A person writes; the message's id. ``body`` may add attachments or a reference."""
        return str((await self.rest.post(channel, author, {"content": text, **body}))["id"])

    async def edit(self, channel: str, message: str, text: str) -> None:
        await self.rest.edit(self.world.messages[channel][message], {"content": text})

    async def delete(self, channel: str, message: str) -> None:
        await self.rest.delete(self.world.messages[channel][message])

    async def press(self, message: Json, custom_id: str, by: str, **data: Any) -> Interaction:
        """A button; ``answered`` of what it returns is set when the bot has acknowledged it."""
        data = {"custom_id": custom_id, "component_type": 2, **data}
        return await self._act(3, message["channel_id"], by, data, message)

    async def select(self, message: Json, custom_id: str, by: str, *values: str) -> Interaction:
        return await self.press(message, custom_id, by, component_type=3, values=[*values])

    async def menu(self, name: str, by: str, message: Json) -> Interaction:
        """A context menu of a message."""
        command = next(c for c in self.world.commands if (c["name"], c["type"]) == (name, 3))
        data = {"id": command["id"], "name": name, "type": 3, "target_id": message["id"]}
        data["resolved"] = {"messages": {message["id"]: message}}
        return await self._act(2, message["channel_id"], by, data)

    async def submit(self, asked: Interaction, **values: Any) -> Interaction:
        """Fill in the modal that answered ``asked``."""
        form = (asked.reply or {})["data"]
        parts = [_filled(part, values) for part in form["components"]]
        data = {"custom_id": form["custom_id"], "components": parts}
        return await self._act(5, asked.channel, asked.by, data)

    async def _act(
        self, kind: int, channel: str, by: str, data: Json, source: Json | None = None
    ) -> Interaction:
        number = self.world.snowflake()
        made = Interaction(number, f"token-{number}", by, channel, source)
        self.rest.interactions[made.token] = made
        event = self.world.interaction(kind, channel, by) | {"id": number, "token": made.token}
        event |= {"data": data} | ({"message": source} if source else {})
        await self.gateway.dispatch("INTERACTION_CREATE", event)
        return made

    @web.middleware
    async def _door(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Record, meet the ordered faults, apply, answer."""
        if not request.path.startswith(API):
            return await handler(request)
        call = request["call"] = await _call(request)
        self.requests.append(call)
        fault = self._fault(call)
        try:
            await self._pass("before", call, fault)
            answer = self._refused(request, call, fault)
            answer = answer or await self._applied(request, call, handler)
            call.status = answer.status
            await self._pass("after", call, fault)
        except Dropped:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        return answer

    def _fault(self, call: Call) -> Fault | None:
        for fault in self._faults:
            if fault.times and fault.method == call.method and fault.path.fullmatch(call.path):
                fault.times -= 1
                return fault
        return None

    async def _pass(self, phase: str, call: Call, fault: Fault | None) -> None:
        if self.on_request is not None:
            await self.on_request(phase, call)
        if fault and phase == "before":
            await asyncio.sleep(fault.delay)
        if fault and fault.drop == phase:
            raise Dropped

    def _refused(
        self, request: web.Request, call: Call, fault: Fault | None
    ) -> web.Response | None:
        if fault and fault.status == 429:
            slow = {"message": "You are being rate limited.", "retry_after": fault.retry_after}
            return self._json(slow | {"global": False, "code": 0}, 429, fault.retry_after)
        if fault and fault.status:
            return self._json({"message": "The server is in trouble.", "code": 0}, fault.status)
        known = request.headers.get("Authorization") == f"Bot {TOKEN}"
        if known or call.path.startswith(_OPEN):
            return None
        return self._json({"message": "401: Unauthorized", "code": 0}, 401)

    async def _applied(self, request: web.Request, call: Call, handler: Any) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refusal as no:
            return self._json(no.body, no.status)
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as no:
            self.unknown.append(call)
            return self._json({"message": f"{no.status}: {no.reason}", "code": 0}, no.status)

    def _handled(self, handler: Callable[[Call], Any]) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.Response:
            answer = handler(request["call"])
            answer = await answer if inspect.isawaitable(answer) else answer
            return web.Response(status=204) if answer is None else self._json(answer)

        return handle

    def _json(self, body: Any, status: int = 200, retry_after: float = 0.0) -> web.Response:
        headers = {"Content-Type": self.content_type, "Via": "1.1 wire", "X-RateLimit-Limit": "50"}
        headers |= {"X-RateLimit-Bucket": "wire", "X-RateLimit-Reset": "0"}
        headers |= {"X-RateLimit-Remaining": "0" if retry_after else "49"}
        headers |= {"X-RateLimit-Reset-After": f"{retry_after or 1:.3f}"}
        if retry_after:
            headers |= {"Retry-After": f"{retry_after:.3f}", "X-RateLimit-Scope": "user"}
        return web.Response(body=json.dumps(body).encode(), status=status, headers=headers)


async def _call(request: web.Request) -> Call:
    """The request as it is recorded; the token is not."""
    headers = {k: v for k, v in request.headers.items() if k.lower() != "authorization"}
    path, ids = request.path.removeprefix(API), dict(request.match_info)
    call = Call(request.method, path, dict(request.query), headers, ids)
    if request.content_type == "multipart/form-data":
        form = await request.post()
        call.body = json.loads(str(form["payload_json"]))
        call.files = {
            k: len(v.file.read()) for k, v in form.items() if isinstance(v, web.FileField)
        }
    elif raw := await request.read():
        call.body = json.loads(raw)
    return call


def _filled(part: Json, values: dict[str, Any]) -> Json:
    """A modal's component as it comes back: containers keep their shape, fields get values."""
    made = {"type": part["type"], "id": part.get("id", 1)}
    if "component" in part:
        return made | {"component": _filled(part["component"], values)}
    if "components" in part:
        return made | {"components": [_filled(inner, values) for inner in part["components"]]}
    name = part["custom_id"]
    return made | {"custom_id": name, "value" if part["type"] == 4 else "values": values[name]}
