"""Pictures for the README: ``python -m bot.sandbox.shots docs/images``.

Real pictures: the story is played on simcord, its pages are opened in headless Chromium.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from bot.jobs import EVERY
from bot.sandbox.scenes import SCENES, Play, insult
from bot.sandbox.stage import listening, staged, stored
from bot.sandbox.start import Directory, make_start
from bot.sandbox.story import Progress
from config.schema import Settings
from moderation.errors import UserError

PATIENCE = 60.0
"""Seconds for one picture."""

_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


def chromium() -> str | None:
    """The browser that is installed, if one is."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


async def browse(address: str, *flags: str) -> str:
    """Open an address in a fresh headless browser; what it printed. Raises ``UserError``."""
    program = chromium()
    if program is None:
        raise UserError("no chromium here: install it (Debian: apt-get install chromium)")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = await asyncio.create_subprocess_exec(
            program,
            *_FLAGS,
            f"--user-data-dir={profile}",
            *flags,
            address,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(PATIENCE):
                out, _ = await browser.communicate()
        except TimeoutError as error:
            browser.kill()
            await browser.wait()
            raise UserError("chromium did not finish in time") from error
    return out.decode("utf-8", "replace")


async def shoot(address: str, to: Path, size: tuple[int, int], scale: int = 2) -> None:
    """One picture of a page."""
    await browse(
        address,
        f"--window-size={size[0]},{size[1]}",
        f"--force-device-scale-factor={scale}",
        "--virtual-time-budget=15000",
        f"--screenshot={to.resolve()}",
    )


TRIES = 12
"""Pictures of the card at most."""

CARD = (256, 77, 800, 738)
"""Where the conversation stands in a window of 1000 by 860: left, top, right, bottom."""


async def shoot_all(folder: Path) -> None:
    """The queue card, and the start page on a desk and on a phone."""
    folder.mkdir(parents=True, exist_ok=True)
    with stored(Settings()) as settings:
        async with staged(settings) as (world, windows):
            play = Play(world)
            async with windows.turn():
                await insult(play)
            await windows.tick(EVERY + 1)  # the card is drawn again with what followed
            directory = Directory(world, windows)
            queue = await directory.channel("mod-queue")
            await shoot_card(str(queue), folder / "queue-card.png")
            start = make_start(directory, Progress(over=len(SCENES) - 2), "http://127.0.0.1:8710/")
            async with listening(start, 0, "--port") as address:
                await shoot(address, folder / "start-page.png", (1100, 1180))
                await shoot(address, folder / "start-page-phone.png", (500, 900))


async def shoot_card(address: str, to: Path) -> None:
    """The newest card. A window that is still fitting itself to its size is pictured again."""
    for _ in range(TRIES):
        await shoot(address, to, (1000, 860))
        crop(to, CARD, 2)
        if _at_rest(to):
            return
    raise UserError("the window did not come to rest; run this again")


def _at_rest(picture: Path) -> bool:
    """Whether the channel's name stands at the top, where it comes to stand last."""
    from PIL import Image

    with Image.open(picture) as whole:
        return len(whole.convert("RGB").crop((0, 0, whole.width, 60)).getcolors() or "many") > 1


def crop(picture: Path, box: tuple[int, int, int, int], scale: int) -> None:
    """Keep the part of a picture that ``box`` names in points; ``scale`` pixels are a point."""
    from PIL import Image

    left, top, right, bottom = (side * scale for side in box)
    with Image.open(picture) as whole:
        part = whole.crop((left, top, right, bottom)).quantize(128)
    part.save(picture, optimize=True)


if __name__ == "__main__":
    asyncio.run(shoot_all(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images")))
