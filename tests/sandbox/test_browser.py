"""A real browser on the demo: the start page leads to the card. Needs Chromium."""

from __future__ import annotations

import os
import re

import pytest

from bot.sandbox.scenes import SCENES, Play, insult
from bot.sandbox.shots import browse, chromium
from bot.sandbox.stage import listening, staged, stored
from bot.sandbox.start import Directory, make_start
from bot.sandbox.story import Progress
from config.schema import Settings


@pytest.fixture(autouse=True)
def _needs_chromium() -> None:
    if chromium() is None:
        said = "left out: the browser test needs Chromium (Debian: apt-get install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(said)
        pytest.skip(said)


async def _dom(address: str) -> str:
    return await browse(address, "--virtual-time-budget=15000", "--dump-dom")


async def test_the_start_page_leads_to_the_card(settings: Settings) -> None:
    with stored(settings) as ready:
        async with staged(ready) as (world, windows):
            async with windows.turn():
                await insult(Play(world))
            directory = Directory(world, windows)
            start = make_start(directory, Progress(over=len(SCENES)), "http://127.0.0.1:1/")
            async with listening(start, 0, "--port") as address:
                page = await _dom(address)
                assert "#general as Ann" in page
                doors = re.findall(r'class="door [a-z]+" href="([^"]+)"', page)
                assert doors == ["/channel/general", "/channel/mod-queue"]
                shown = await _dom(address.rstrip("/") + doors[1])
                assert "Medium: insult" in shown
                for label in ("Warn", "Dismiss", "Claim", "Something else"):
                    assert label in shown
