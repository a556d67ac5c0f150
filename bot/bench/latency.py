"""From an event on the gateway to the card that was posted, and the memory it takes.

``tidekeeper run`` as a process of its own, on a Discord on this machine (``loopback``), at 100
messages a second of which every tenth is rude. The baseline is a bare discord.py bot that answers
the same messages with a line that links to them: what of the time is not ours.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

from bot.bench.apart import peak
from bot.bench.loopback import QUEUE, Loopback
from bot.bench.result import Result
from bot.bench.words import texts
from config.schema import Settings
from moderation.errors import TidekeeperError

RATE = 100.0
"""Messages a second."""
_EVERY = 10
_SECONDS, _FULL = 14.0, 120.0
_WARM = 2.0
"""Seconds at the start that do not count: the first message loads what is loaded late."""
_START = 20.0
_BASELINE = "bare discord.py"
_BARE = f"""
import sys, discord
from bot.endpoint import point_gateway, point_rest
class Bare(discord.Client):
    async def setup_hook(self):
        await point_gateway(self, "")
    async def on_message(self, message):
        if message.author.id != self.user.id and message.content.startswith("You are"):
            await self.get_channel({QUEUE}).send(message.jump_url)
point_rest(sys.argv[2])
off = discord.MemberCacheFlags.none()
seen = discord.Intents(guilds=True, guild_messages=True, message_content=True)
bare = Bare(intents=seen, max_messages=None, member_cache_flags=off)
bare.run("a.b.c", log_handler=None)
"""


def latency(settings: Settings, *, full: bool) -> list[Result]:
    """Milliseconds from event to card (median, 99th percentile), and megabytes of ``run``."""
    return asyncio.run(_measured(settings, _FULL if full else _SECONDS))


async def _measured(settings: Settings, seconds: float) -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="tidekeeper-") as folder:
        bare, bare_memory = await _loaded(("-c", _BARE, "--api"), {}, seconds)
        environ = {
            "DISCORD_TOKEN": "a.b.c",
            "TIDEKEEPER_STORE_URL": f"sqlite:///{Path(folder) / 'bench.db'}",
            "TIDEKEEPER_ENGINE_NAME": settings.engine.name,
            "TIDEKEEPER_LOG_LEVEL": "error",
        }
        spent, memory = await _loaded(("-m", "bot", "run", "--api"), environ, seconds)
    return [
        _result("latency.event_to_card.median", median(spent), median(bare), len(spent)),
        _result("latency.event_to_card.p99", _p99(spent), _p99(bare), len(spent)),
        Result(
            name="latency.run.peak_memory",
            value=memory,
            unit="MB",
            n=1,
            baseline=_BASELINE,
            baseline_value=bare_memory,
        ),
    ]


def _result(name: str, value: float, baseline: float, n: int) -> Result:
    return Result(
        name=name,
        value=value * 1000,
        unit="ms",
        n=n,
        baseline=_BASELINE,
        baseline_value=baseline * 1000,
    )


def _p99(seconds: Sequence[float]) -> float:
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * 0.99))]


async def _loaded(
    program: Sequence[str], environ: dict[str, str], seconds: float
) -> tuple[list[float], float]:
    """Seconds from event to post of each rude message, and the process's peak in megabytes."""
    async with Loopback() as discord, _process(program, environ, discord) as pid:
        await _load(discord, _WARM)
        await asyncio.sleep(0.5)
        discord.seconds.clear()
        await _load(discord, seconds)
        await asyncio.sleep(1.0)
        if len(discord.seconds) < seconds * RATE / _EVERY / 2:
            raise TidekeeperError("bench latency: most messages were not answered at all")
        return list(discord.seconds.values()), peak(pid)


@asynccontextmanager
async def _process(
    program: Sequence[str], environ: dict[str, str], discord: Loopback
) -> AsyncIterator[int]:
    running = await asyncio.create_subprocess_exec(
        sys.executable, *program, discord.url, env=os.environ | environ
    )
    try:
        await asyncio.wait_for(discord.connected.wait(), _START)
        await asyncio.sleep(1.0)  # it has heard of its guild by then
        yield running.pid
    finally:
        if running.returncode is None:
            running.send_signal(signal.SIGTERM)
        await running.wait()


async def _load(discord: Loopback, seconds: float) -> None:
    """Messages at a steady rate, whether or not the bot keeps up."""
    chance = random.Random(17)
    friendly = texts(int(seconds * RATE), seed=23)
    due = time.perf_counter()
    for number, text in enumerate(friendly):
        due += 1 / RATE
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        rude = number % _EVERY == 0
        author = str(chance.randrange(10**6, 10**9) if rude else 1000 + number % 500)
        said = f"You are a complete idiot and nobody wants you here {number} {author}"
        await discord.say(author, said if rude else text)
