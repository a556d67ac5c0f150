"""The demo as a process: the world, the servers on this machine, the world's time, the end."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress

import simcord
from aiohttp import web

from bot.console import make_console
from bot.database import verify
from bot.parts import open_store
from bot.sandbox.scenes import STEPS, Play
from bot.sandbox.start import Directory, make_start
from bot.sandbox.story import Progress, play_live, play_once
from bot.sandbox.windows import Windows
from bot.sandbox.world import SETTLE, World, demo_settings, raise_world, silent_bot
from config.locale import load_locale
from config.schema import Settings
from moderation.errors import UserError
from moderation.types import CaseId, ChannelId, GuildId

HOST = "127.0.0.1"
TICK = 1.0
"""Seconds between two steps of the world's time, which runs as fast as ours."""

LONGEST = 60.0
"""Seconds that one step makes up for at most, after the machine has slept."""


def check_story(settings: Settings) -> int:
    """Play the story once without a browser; print a JSON summary; 0 if all of it happened."""
    began = time.monotonic()
    with stored(settings) as ready:
        summary = asyncio.run(_checked(ready))
    summary["seconds"] = round(time.monotonic() - began, 1)
    print(json.dumps(summary))
    return 0 if summary["ok"] else 1


def serve(port: int, settings: Settings) -> int:
    """Print the two addresses and stay up until stopped from the keyboard or by a signal."""
    with stored(settings) as ready, suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(_served(port, ready))
    return 0


@contextmanager
def stored(settings: Settings) -> Iterator[Settings]:
    """The demo's settings, with a database that is thrown away unless one was named."""
    if "url" in settings.store.model_fields_set:
        yield demo_settings(settings)
        return
    with tempfile.TemporaryDirectory(prefix="tidekeeper-demo-") as folder:
        store = settings.store.model_copy(update={"url": f"sqlite:///{folder}/demo.db"})
        yield demo_settings(settings.model_copy(update={"store": store}))


@asynccontextmanager
async def staged(settings: Settings) -> AsyncIterator[tuple[World, Windows]]:
    """The world with the bot in it; closed with everything that hangs on it."""
    bot = silent_bot()
    async with simcord.run(bot, check_errors=False, settle_timeout=SETTLE) as env:
        world = await raise_world(env, settings)
        windows = Windows(env)
        try:
            yield world, windows
        finally:
            await windows.close()
            await world.app.store.close()


async def _checked(settings: Settings) -> dict[str, object]:
    async with staged(settings) as (world, windows):
        play, failed = await play_once(world, windows)
        whole = verify(settings.store.url)
        steps = dict.fromkeys(STEPS, False) | play.steps
        steps["audit_verified"] = whole.sound and whole.entries > 0
        done: dict[str, object] = {"ok": all(steps.values()) and not failed, "steps": steps}
        if failed:
            done["failed"] = failed
        return done | {"messages": whole.messages, "cases": await _cases(play)}


async def _cases(play: Play) -> int:
    """How many of the story's cases the database has."""
    found = [await play.world.app.store.case(CaseId(number)) for number in play.cases.values()]
    return sum(case is not None for case in found)


async def _served(port: int, settings: Settings) -> None:
    stop_on_signals()
    async with AsyncExitStack() as stack:
        world, windows = await stack.enter_async_context(staged(settings))
        store = await open_store(settings.store)
        stack.push_async_callback(store.close)
        console = make_console(
            store,
            GuildId(str(world.guild.id)),
            clock=world.clock,
            locale=load_locale(settings.locale),
            channels={ChannelId(str(c.id)): name for name, c in world.channels.items()},
        )
        wanted = int(settings.console.bind.rpartition(":")[2]) if port else 0
        desk = await stack.enter_async_context(listening(console, wanted, "console.bind"))
        progress = Progress()
        start = make_start(Directory(world, windows), progress, desk)
        chat = await stack.enter_async_context(listening(start, port, "--port"))
        print(f"chat     {chat}\nconsole  {desk}", flush=True)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_pass_time(windows))
            tasks.create_task(play_live(world, windows, progress))


def stop_on_signals() -> None:
    """A polite request to end (SIGTERM) ends the demo as the keyboard does."""
    task = asyncio.current_task()
    if task is not None and sys.platform != "win32":
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


@asynccontextmanager
async def listening(app: web.Application, port: int, setting: str) -> AsyncIterator[str]:
    """Serve ``app`` on this machine only; yields its address. Raises ``UserError``."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, HOST, port)
        try:
            await site.start()
        except OSError as error:
            raise UserError(f"port {port} is taken; choose another one with {setting}") from error
        yield f"http://{HOST}:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def _pass_time(windows: Windows) -> None:
    """The world's time keeps up with ours, so that the bot's own jobs run as they would."""
    last = time.monotonic()
    while True:
        await asyncio.sleep(TICK)
        now = time.monotonic()
        try:
            await windows.tick(min(now - last, LONGEST))
        except TimeoutError:
            sys.stderr.write("tidekeeper: the demo is slow just now; it goes on\n")
        last = now
