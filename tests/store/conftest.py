"""Every store there is, so that one suite holds them to one contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.adapters.store.sqlite import SqliteStore
from moderation.ports import Store
from tests.fakes.store import FakeStore


@pytest_asyncio.fixture(params=["file", "memory", "fake"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    opened: Store
    match request.param:
        case "file":
            opened = await SqliteStore.open(f"sqlite:///{tmp_path}/tidekeeper.db")
        case "memory":
            opened = await SqliteStore.open("sqlite:///:memory:")
        case _:
            opened = FakeStore()
    yield opened
    await opened.close()
