"""``tidekeeper run`` as a process of its own on the wire server."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.wire.server import WireDiscord
from tests.wire.world import TOKEN, Json

ROOT = Path(__file__).parents[2]
PLAIN_ZLIB = """
import sys
sys.modules["zstandard"] = sys.modules["compression.zstd"] = None
from bot.cli import main
sys.exit(main())
"""
"""The same program on a machine where discord.py finds no zstd library."""


class Process:
    """The bot, its database, its log; it can be killed and started again."""

    def __init__(self, wire: WireDiscord, folder: Path, **settings: str) -> None:
        self.wire = wire
        self.database = folder / "tidekeeper.db"
        self.log = folder / "log.txt"
        self.program = ["-m", "bot"]
        self.settings = {
            "DISCORD_TOKEN": TOKEN,
            "TIDEKEEPER_POLICY_MODE": "queue",
            "TIDEKEEPER_ENGINE_BUDGET_MS": "30000",
            "TIDEKEEPER_STORE_URL": f"sqlite:///{self.database}",
            **settings,
        }
        self.running: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it and wait until it listens."""
        before = self.wire.gateway.session
        await self.launch()
        await until(lambda: self.ended or self.wire.gateway.session is not before, self.log)
        assert not self.ended, self.log.read_text()

    async def launch(self) -> None:
        ours = {
            k: v for k, v in os.environ.items() if not k.startswith(("TIDEKEEPER_", "DISCORD_"))
        }
        with self.log.open("ab") as log:
            self.running = await asyncio.create_subprocess_exec(
                sys.executable,
                *self.program,
                *("run", "--api", self.wire.url),
                cwd=ROOT,
                env=ours | self.settings,
                stdout=log,
                stderr=log,
            )

    @property
    def ended(self) -> bool:
        return self.running is None or self.running.returncode is not None

    async def kill(self) -> None:
        await self.stop(signal.SIGKILL)

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it; its exit code."""
        assert self.running is not None
        if not self.ended:
            self.running.send_signal(how)
        return await asyncio.wait_for(self.running.wait(), 20)

    def row(self, query: str, *values: Any) -> tuple[Any, ...] | None:
        """One row of the database, as another process sees it."""
        with closing(sqlite3.connect(self.database)) as database:
            return database.execute(query, values).fetchone()

    def cards(self, case: int) -> list[Json]:
        """The cards of a case in the moderators' channel."""
        queue = self.wire.world.messages[self.wire.world.queue].values()
        shown = [m for m in queue if m["embeds"]]
        return [m for m in shown if m["embeds"][0]["footer"]["text"].startswith(f"Case {case} ")]

    async def card(self, case: int = 1) -> Json:
        """The only card of a case, once it is there."""
        await until(lambda: self.cards(case), self.log)
        [card] = self.cards(case)
        return card

    def notices(self, member: str) -> list[Json]:
        return list(self.wire.world.messages[self.wire.world.dm(member)].values())


async def until(true: Callable[[], Any], log: Path, within: float = 20.0) -> None:
    """Wait for something to become true; the bot's log explains why it did not."""
    end = time.monotonic() + within
    while not true():
        assert time.monotonic() < end, log.read_text()
        await asyncio.sleep(0.02)


def ids(card: Json) -> list[str]:
    """The buttons and menus of a card."""
    parts = (part for row in card["components"] for part in row["components"])
    return [part["custom_id"] for part in parts if "custom_id" in part]
