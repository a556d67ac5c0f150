"""The wire server for a test; afterwards every request it got must be one that Discord describes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import discord.http
import discord.webhook.async_
import pytest
import pytest_asyncio
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.wire.conform import description, problems
from tests.wire.server import WireDiscord


@pytest.fixture(autouse=True)
def _addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """discord.py keeps its addresses on its classes: what a test sets there ends with it."""
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)
    for module in (discord.http, discord.webhook.async_):
        monkeypatch.setattr(module, "json_or_text", module.json_or_text)


@pytest_asyncio.fixture
async def wire() -> AsyncIterator[WireDiscord]:
    async with WireDiscord() as server:
        yield server
    assert [str(call) for call in server.unknown] == []
    if description().exists():
        assert [problem for call in server.requests for problem in problems(call)] == []
