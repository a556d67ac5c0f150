"""One ticking loop that asks housekeeping what is due."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from moderation.housekeeping import Housekeeping
from moderation.ports import Log
from moderation.types import GuildId

EVERY = 30.0
"""Seconds between two ticks; also how long a card that could not be drawn stays as it is."""


class Jobs:
    """Ticks from ``start`` to ``stop``; an error is logged by its code and never ends the loop."""

    def __init__(
        self,
        housekeeping: Housekeeping,
        *,
        listening: Callable[[], Iterable[GuildId]],
        log: Log,
        every: float = EVERY,
    ) -> None:
        self._housekeeping = housekeeping
        self._listening = listening
        self._log = log
        self._every = every
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to tick; needs a running event loop."""
        self._task = asyncio.create_task(self._run(), name="jobs")

    async def stop(self) -> None:
        """Stop ticking; a tick that runs is left where it is, which it survives as a crash."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            try:
                await self._housekeeping.tick(self._listening())
            except Exception as error:  # the next tick tries again
                self._log.event("tick_failed", code=type(error).__name__)
