"""The WebSocket half of the wire server: sessions, heartbeats, dispatch, RESUME, compression."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from aiohttp import web

from tests.wire.world import TOKEN, Json, World

GUILD_MESSAGES, DIRECT_MESSAGES, CONTENT = 1 << 9, 1 << 12, 1 << 15
_WITHHELD = {"content": "", "embeds": [], "attachments": [], "components": []}
_REFUSED_TOKEN = 4004


@dataclass
class Link:
    """One connected socket, and how what it gets is packed."""

    request: web.Request
    socket: web.WebSocketResponse
    pack: Callable[[bytes], bytes] | None

    async def send(self, op: int, data: Any, event: str | None = None, seq: int | None = None):
        text = json.dumps({"op": op, "d": data, "t": event, "s": seq})
        with suppress(ConnectionError):  # the client is gone: what it misses waits for a RESUME
            if self.pack is None:
                await self.socket.send_str(text)
            else:
                await self.socket.send_bytes(self.pack(text.encode()))

    def cut(self) -> None:
        """End it as a broken line does: no close frame, no goodbye."""
        if self.request.transport is not None:
            self.request.transport.abort()


@dataclass
class Session:
    """What was dispatched since an IDENTIFY; ``link`` is None while nobody is connected."""

    id: str
    intents: int
    link: Link | None
    events: list[tuple[str, Json]] = field(default_factory=list)


class Gateway:
    """Serves one bot; ``packets`` is what it sent (without the token), ``connects`` where."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.url = ""
        self.session: Session | None = None
        self.packets: list[Json] = []
        self.connects: list[tuple[str, str | None]] = []
        self.heartbeat_ms = 41_250
        self._lost: list[str] = []

    @property
    def link(self) -> Link | None:
        return self.session.link if self.session else None

    async def dispatch(self, event: str, data: Json) -> None:
        """Tell the bot, if its intents ask for it; kept for a RESUME."""
        session = self.session
        heard = _heard(event, data, session.intents) if session else None
        if session is None or heard is None:
            return
        session.events.append((event, json.loads(json.dumps(heard))))
        if event in self._lost:
            self._lost.remove(event)
        elif session.link is not None:
            await session.link.send(0, heard, event, len(session.events))

    async def order(self, op: int, data: Any = None) -> None:
        """A bare opcode: 7 asks for a reconnect, 9 ends the session, 1 asks for a heartbeat."""
        assert self.link is not None, "nobody is connected"
        await self.link.send(op, data)

    def drop_next(self, event: str) -> None:
        """The next such event does not arrive; only a RESUME from before it brings it back."""
        self._lost.append(event)

    def forget_session(self) -> None:
        """A RESUME is refused from now on."""
        if self.link is not None:
            self.link.cut()
        self.session = None

    async def disconnect(self, code: int | None = None) -> None:
        """Close the socket with ``code``; without one the line just breaks."""
        link = self.link
        if link is None or self.session is None:
            return
        self.session.link = None
        if code is None:
            link.cut()
        else:
            await link.socket.close(code=code)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One connection, from HELLO to its end."""
        packing = request.query.get("compress")
        self.connects.append((request.path, packing))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        link = Link(request, socket, _packer(packing))
        await link.send(10, {"heartbeat_interval": self.heartbeat_ms})
        async for frame in socket:
            packet = json.loads(frame.data)
            data = packet["d"]
            if isinstance(data, dict) and data.pop("token", TOKEN) != TOKEN:
                await socket.close(code=_REFUSED_TOKEN, message=b"Authentication failed.")
                break
            self.packets.append(packet)
            await self._hear(link, packet["op"], data)
        if self.session and self.session.link is link:
            self.session.link = None
        return socket

    async def _hear(self, link: Link, op: int, data: Any) -> None:
        if op == 1:
            await link.send(11, None)
        elif op == 2:
            await self._identified(link, data)
        elif op == 6 and self.session and self.session.id == data["session_id"]:
            self.session.link = link
            for seq, (event, missed) in enumerate(self.session.events, 1):
                if seq > data["seq"]:
                    await link.send(0, missed, event, seq)
            await self.dispatch("RESUMED", {})
        elif op == 6:
            await link.send(9, False)

    async def _identified(self, link: Link, data: Json) -> None:
        world = self.world
        self.session = Session(world.snowflake(), data["intents"], link)
        ready: Json = {"v": 10, "user": world.users[world.bot], "session_id": self.session.id}
        ready |= {"application": {"id": world.application, "flags": 0}, "shard": [0, 1]}
        ready |= {"guilds": [{"id": world.guild, "unavailable": True}]}
        ready |= {"resume_gateway_url": f"{self.url}/resume"}
        await self.dispatch("READY", ready)
        await self.dispatch("GUILD_CREATE", world.shown())


def _heard(event: str, data: Json, intents: int) -> Json | None:
    """What of an event a bot with these intents is told; None for nothing."""
    if not event.startswith("MESSAGE_"):
        return data
    if not intents & (GUILD_MESSAGES if "guild_id" in data else DIRECT_MESSAGES):
        return None
    own = data.get("author", {}).get("bot", True)
    return data if own or intents & CONTENT else data | _WITHHELD


def _packer(kind: str | None) -> Callable[[bytes], bytes] | None:
    """One stream for a whole connection; each packet ends at a flush."""
    if kind == "zlib-stream":
        stream = zlib.compressobj()
        return lambda data: stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH)
    if kind == "zstd-stream":
        return _zstd()
    return None


def _zstd() -> Callable[[bytes], bytes]:
    """Through whichever library discord.py itself would find."""
    try:
        library = import_module("zstandard")
    except ImportError:
        library = import_module("compression.zstd")
        made = library.ZstdCompressor()
        return lambda data: made.compress(data, made.FLUSH_BLOCK)
    stream = library.ZstdCompressor().compressobj()
    return lambda data: stream.compress(data) + stream.flush(library.COMPRESSOBJ_FLUSH_BLOCK)
