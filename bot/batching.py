"""Micro-batches without a queue or a worker task.

The first caller processes what is there; whoever comes while it works waits in the next batch. So
a lone item has no delay, a crowd shares one call, and nothing runs when there is nothing to do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Batcher(Generic[T, R]):
    """Hands items to ``process`` in batches of at most ``most``, one batch at a time.

    ``process`` returns one result for each item, in order. When it raises, every item of that
    batch gets the exception and the next batch goes on.
    """

    def __init__(
        self, process: Callable[[Sequence[T]], Awaitable[Sequence[R]]], *, most: int
    ) -> None:
        self._process = process
        self._most = most
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._running = False

    async def submit(self, item: T) -> R:
        """The result of ``item``; raises what its batch raised."""
        done: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if not self._running:
            await self._drain()
        return await done

    async def _drain(self) -> None:
        self._running = True
        try:
            while self._waiting:
                batch, self._waiting = (
                    self._waiting[: self._most],
                    self._waiting[self._most :],
                )
                await self._one(batch)
        finally:
            self._running = False

    async def _one(self, batch: Sequence[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            results = await self._process([item for item, _ in batch])
        except Exception as error:  # every waiter must hear of it, whatever it is
            for _, done in batch:
                if not done.done():
                    done.set_exception(error)
            return
        for (_, done), result in zip(batch, results, strict=True):
            if not done.done():
                done.set_result(result)
