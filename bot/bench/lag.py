"""How late the event loop is while an engine scores."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress

from bot.scoring import BatchedScoring
from moderation.ports import Scorer

_TICK = 0.001
_BUDGET = 30.0

_Say = Callable[[str], Awaitable[object]]


class _Silent:
    def event(self, name: str, **fields: str | float | None) -> None:
        """Nobody reads it."""


def batched(
    scorer: Scorer, texts: Iterator[str], *, most: int, rate: float, seconds: float
) -> list[float]:
    """Milliseconds, with the engine behind ``BatchedScoring`` as the bot has it."""
    scoring = BatchedScoring(scorer, budget=_BUDGET, log=_Silent(), most=most)
    try:
        return asyncio.run(_lags(scoring.score, texts, rate, seconds))
    finally:
        scoring.close()


def inside(scorer: Scorer, texts: Iterator[str], *, rate: float, seconds: float) -> list[float]:
    """Milliseconds, with the engine called inside a coroutine: the naive way."""

    async def say(text: str) -> object:
        return scorer.score([text])

    return asyncio.run(_lags(say, texts, rate, seconds))


async def _lags(say: _Say, texts: Iterator[str], rate: float, seconds: float) -> list[float]:
    """The lag at every millisecond while messages come at a steady rate."""
    async with _ticking() as found:
        await _load(say, texts, rate, seconds)
    return found


async def _load(say: _Say, texts: Iterator[str], rate: float, seconds: float) -> None:
    due = began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        while due - began < seconds:
            group.create_task(_said(say, next(texts)))
            due += 1 / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))


async def _said(say: _Say, text: str) -> None:
    await say(text)


@asynccontextmanager
async def _ticking() -> AsyncIterator[list[float]]:
    found: list[float] = []
    ticks = asyncio.create_task(_tick(found))
    try:
        yield found
    finally:
        ticks.cancel()
        with suppress(asyncio.CancelledError):
            await ticks


async def _tick(found: list[float]) -> None:
    """What is due while the loop is blocked counts, too: it waits for the rest of the block."""
    while True:
        before = time.perf_counter()
        await asyncio.sleep(_TICK)
        late = (time.perf_counter() - before - _TICK) * 1000
        found.extend(max(0.0, late - missed) for missed in range(int(late) + 1))
