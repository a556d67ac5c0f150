"""The real bot on the small Discord: as a process of its own, or inside the test's."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from typing import Any

from discord.gateway import KeepAliveHandler

from bot.app import App, build
from bot.clock import SystemClock
from bot.connection import stay_connected
from bot.log import LineLog
from bot.parts import make_scorer
from config.schema import EngineSettings, Settings
from moderation.ports import Scorer
from tests.wire.gateway import TOKEN, Json
from tests.wire.people import QUEUE, Town

ROOT = Path(__file__).parents[2]


@cache
def builtin() -> Scorer:
    """The engine of the package, loaded once for all tests."""
    return make_scorer(EngineSettings())


async def until(true: Callable[[], Any], why: Callable[[], str], within: float = 20.0) -> Any:
    """Wait for something to become true, and return it; the bot's log says why it did not."""
    end = time.monotonic() + within
    while not (found := true()):
        assert time.monotonic() < end, why()
        await asyncio.sleep(0.01)
    return found


def heartbeats() -> list[KeepAliveHandler]:
    """The threads that keep lines alive, one for each."""
    return [thread for thread in threading.enumerate() if isinstance(thread, KeepAliveHandler)]


class Bot:
    """What both have in common: a database, a log, and what is to be seen of them on Discord."""

    def __init__(self, town: Town, folder: Path) -> None:
        self.town = town
        self.database = folder / "tidekeeper.db"
        self.url = f"sqlite:///{self.database}"

    def log(self) -> str:
        raise NotImplementedError

    async def until(self, true: Callable[[], Any]) -> Any:
        return await until(true, self.log)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the database, as another process sees them; none before it is there."""
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(self.database)) as db:
            return db.execute(query, values).fetchall()
        return []

    def states(self) -> list[tuple[Any, ...]]:
        """Each case's number, state and whether it was found late."""
        return self.rows("SELECT id, state, late FROM cases ORDER BY id")

    def cards(self, case: int = 1) -> list[Json]:
        """The cards of a case in the moderators' channel."""
        shown = [m for m in self.town.messages.get(QUEUE, {}).values() if m["embeds"]]
        return [m for m in shown if m["embeds"][0]["footer"]["text"].startswith(f"Case {case} ")]

    async def card(self, case: int = 1) -> Json:
        """The only card of a case, once it is there and the case knows it."""
        known = "SELECT 1 FROM cases WHERE id = ? AND card_message IS NOT NULL"
        await self.until(lambda: self.cards(case) and self.rows(known, case))
        [card] = self.cards(case)
        return card

    async def told(self) -> None:
        """Wait until the only action is done and its member was told."""
        done = "SELECT 1 FROM actions WHERE notice = 'sent' AND state = 'applied'"
        await self.until(lambda: self.rows(done))

    def notices(self, member: str) -> list[Json]:
        """The direct messages somebody got."""
        return list(self.town.messages.get(f"7{member}", {}).values())

    def listens(self) -> bool:
        """Whether a first session is complete: from here on downtime is noticed."""
        return bool(self.rows("SELECT 1 FROM coverage"))


class Inside(Bot):
    """The bot in this process, put together by ``bot.app`` and connected as ``run`` does it."""

    def __init__(self, town: Town, folder: Path, **discord: str) -> None:
        super().__init__(town, folder)
        self.lines = io.StringIO()
        told = {"token": TOKEN, "api": town.url, **discord}
        self.settings = Settings.model_validate(
            {
                "discord": told,
                "store": {"url": self.url},
                "policy": {"mode": "queue"},
                "engine": {"budget_ms": 30_000},
            }
        )
        self.app: App
        self.running: asyncio.Task[int]

    def log(self) -> str:
        return self.lines.getvalue()

    async def launch(self) -> None:
        log = LineLog(self.lines, SystemClock(), level="debug")
        self.app = await build(self.settings, SystemClock(), log=log, scorer=builtin())
        self.app.client._connection.guild_ready_timeout = 0.02  # else two seconds for more guilds
        self.running = asyncio.create_task(
            stay_connected(self.app.client, self.settings.discord, log)
        )

    async def start(self) -> None:
        """Connect and wait until it listens."""
        await self.launch()
        await self.until(lambda: self.running.done() or self.app.client.is_ready())
        await self.until(self.listens)

    async def tick(self) -> None:
        """What the bot's clock does every half minute."""
        await self.app.housekeeping.tick(self.app.client.listening())

    async def stop(self) -> None:
        """End it, and the heartbeats of lines that it gave up without closing them."""
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)
        for beating in heartbeats():
            beating.stop()


class Process(Bot):
    """``tidekeeper run``; it can be killed and started again."""

    def __init__(self, town: Town, folder: Path) -> None:
        super().__init__(town, folder)
        self.output = folder / "output.txt"
        self.environment = {
            "DISCORD_TOKEN": TOKEN,
            "TIDEKEEPER_POLICY_MODE": "queue",
            "TIDEKEEPER_ENGINE_BUDGET_MS": "30000",
            "TIDEKEEPER_LOG_LEVEL": "debug",
            "TIDEKEEPER_STORE_URL": self.url,
        }
        self.running: asyncio.subprocess.Process | None = None

    def log(self) -> str:
        return self.output.read_text() if self.output.exists() else ""

    async def launch(self, *options: str) -> None:
        ours = ("TIDEKEEPER_", "DISCORD_")
        rest = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
        with self.output.open("ab") as output:
            self.running = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "bot", "run", "--api", self.town.url, *options),
                cwd=ROOT,
                env=rest | self.environment,
                stdout=output,
                stderr=output,
            )

    async def start(self, *options: str) -> None:
        """Start it and wait until it is told what there is."""
        before = self.town.session
        await self.launch(*options)
        await self.until(lambda: self.ended or self.town.session > before)
        assert not self.ended, self.log()

    @property
    def ended(self) -> bool:
        return self.running is None or self.running.returncode is not None

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it; its exit code."""
        assert self.running is not None
        if not self.ended:
            self.running.send_signal(how)
        return await asyncio.wait_for(self.running.wait(), 20)
