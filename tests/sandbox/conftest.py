"""The demo's world with the real bot in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.sandbox.stage import staged, stored
from bot.sandbox.windows import Windows
from bot.sandbox.world import World
from config.schema import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate({"store": {"url": f"sqlite:///{tmp_path}/demo.db"}})


@pytest_asyncio.fixture
async def stage(settings: Settings) -> AsyncIterator[tuple[World, Windows]]:
    with stored(settings) as ready:
        async with staged(ready) as made:
            yield made
