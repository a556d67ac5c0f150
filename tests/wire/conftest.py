"""A small Discord and a real bot for a test, and what must hold after every one of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import discord.http
import discord.webhook.async_
import pytest
import pytest_asyncio
from discord.gateway import DiscordWebSocket
from discord.http import Route

import bot.connection
from bot.client import TidekeeperClient
from tests.wire.bots import Bot, Inside, Process
from tests.wire.conform import description, problems
from tests.wire.people import CANARY, Town


@pytest.fixture(autouse=True)
def _addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """discord.py keeps its addresses on its classes: what a test sets there ends with it."""
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)
    for module in (discord.http, discord.webhook.async_):
        monkeypatch.setattr(module, "json_or_text", module.json_or_text)


@pytest.fixture(autouse=True)
def _pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside the test nobody waits out of politeness towards Discord."""

    async def at_once(*_: object, **__: object) -> None:
        return

    monkeypatch.setattr(TidekeeperClient, "before_identify_hook", at_once)
    monkeypatch.setattr(discord.client.ExponentialBackoff, "delay", lambda _: 0.05)
    monkeypatch.setattr(bot.connection, "_FIRST_PAUSE", 0.05)


@pytest_asyncio.fixture
async def town() -> AsyncIterator[Town]:
    """Afterwards every request must have been a known one, and as Discord describes it."""
    async with Town() as server:
        yield server
    assert [str(call) for call in server.unknown] == []
    if description().exists():
        assert [problem for call in server.requests for problem in problems(call)] == []


@pytest_asyncio.fixture
async def inside(town: Town, tmp_path: Path) -> AsyncIterator[Inside]:
    made = Inside(town, tmp_path)
    await made.start()
    yield made
    await made.stop()
    _kept_quiet(made)


@pytest_asyncio.fixture
async def process(town: Town, tmp_path: Path) -> AsyncIterator[Process]:
    """Not started yet."""
    made = Process(town, tmp_path)
    yield made
    if not made.ended:
        await made.stop()
    _kept_quiet(made)


def _kept_quiet(bot: Bot) -> None:
    """People's words stay out of the log, at its loudest, and so do tracebacks."""
    assert CANARY not in bot.log()
    assert "Traceback" not in bot.log()
