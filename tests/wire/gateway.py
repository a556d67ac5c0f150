"""The WebSocket half of the small Discord: sessions, replay, compression, broken lines."""

from __future__ import annotations

import json
import sys
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from aiohttp import web

Json = dict[str, Any]
TOKEN = "wire.token.of-no-use-elsewhere"


class Gateway:
    """Serves one bot. ``connects`` are the paths and packings it asked for, ``session`` numbers
    its sessions, ``beats`` counts its heartbeats. Events in ``losing`` never arrive though the
    line stands, ``greeting`` is sent instead of HELLO, ``refused`` closes on IDENTIFY.
    """

    def __init__(self) -> None:
        self.world = json.loads(Path(__file__).with_name("guild.json").read_text())
        self.ws = self.greeting = ""
        self.packs, self.heartbeat_ms, self.refused = True, 41_250, 0
        self.connects: list[tuple[str, str | None]] = []
        self.beats = self.session = 0
        self.socket: web.WebSocketResponse | None = None
        self._events: list[Json] = []
        self.losing: set[str] = set()

    async def dispatch(self, event: str, data: Any) -> None:
        """Tell the bot; what happens while it is away waits for a RESUME of its session."""
        packet = {"op": 0, "t": event, "d": data, "s": len(self._events) + 1}
        self._events.append(json.loads(json.dumps(packet)))
        if event not in self.losing:
            await self.send(packet)

    async def send(self, packet: Any) -> None:
        """One packet; a string goes out as it is, whatever it holds."""
        text = packet if isinstance(packet, str) else json.dumps(packet)
        with suppress(ConnectionError):
            if self.socket is not None:
                packed = self._pack(text.encode())
                await (self.socket.send_bytes(packed) if packed else self.socket.send_str(text))

    def cut(self, *, forget: bool = False) -> None:
        """The line breaks without a goodbye; ``forget``: a RESUME of the session is refused."""
        if self.socket is not None:
            self._line.abort()
        self.socket = None
        self.session += forget

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One connection, from HELLO to its end."""
        packing = request.query.get("compress")
        self.connects.append((request.path, packing))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.socket, self._line = socket, request.transport
        self._pack = _packer(packing if self.packs else None)
        await self.send(self.greeting or {"op": 10, "d": {"heartbeat_interval": self.heartbeat_ms}})
        async for frame in socket:
            await self._hear(socket, **json.loads(frame.data))
        if self.socket is socket:
            self.socket = None
        return socket

    async def _hear(self, socket: web.WebSocketResponse, op: int, d: Any) -> None:
        if op == 1:
            self.beats += 1
            await self.send({"op": 11})
        elif op == 2 and self.refused:
            await socket.close(code=self.refused)
        elif op == 2:
            await self._identified()
        elif op == 6 and d["session_id"] == f"session-{self.session}":
            for packet in self._events[d["seq"] :]:
                await self.send(packet)
            await self.dispatch("RESUMED", {})
        elif op == 6:
            await self.send({"op": 9, "d": False})

    async def _identified(self) -> None:
        self.session += 1
        self._events.clear()
        own = {"session_id": f"session-{self.session}", "resume_gateway_url": f"{self.ws}/resumed"}
        await self.dispatch("READY", self.world["ready"] | own)
        await self.dispatch("GUILD_CREATE", self.world["shown"])


def _packer(kind: str | None) -> Callable[[bytes], bytes]:
    """One stream for a whole connection; each packet ends at a flush. Empty: not packed."""
    if kind == "zlib-stream":
        stream = zlib.compressobj()
        return lambda data: stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH)
    if kind == "zstd-stream" and sys.version_info >= (3, 14):
        from compression.zstd import ZstdCompressor

        made = ZstdCompressor()
        return lambda data: made.compress(data, made.FLUSH_BLOCK)
    return lambda _: b""
