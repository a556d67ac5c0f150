"""Micro-batches without a timer: a lone item is processed at once, a crowd shares one call.

Whoever comes while a batch is processed waits for the next one. A task of its own works through
them and ends with the last: a submitter waits for its own batch only and takes nobody along when
it goes, and nothing runs when there is nothing to do.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Lost(Exception):
    """An item got no result: the batcher was closed or stopped, or ``process`` broke off."""


class Batcher(Generic[T, R]):
    """Hands items to ``process`` in batches of at most ``most``, in order, one batch at a time.

    ``process`` returns one result for each item, in order. When it raises, or returns another
    number of them, every item of that batch gets the exception and the next batch goes on.
    """

    def __init__(
        self, process: Callable[[Sequence[T]], Awaitable[Sequence[R]]], *, most: int
    ) -> None:
        self._process = process
        self._most = most
        self._waiting: OrderedDict[asyncio.Future[R], T] = OrderedDict()
        self._draining: asyncio.Task[None] | None = None  # the loop itself holds tasks weakly
        self._closed = False

    @property
    def waiting(self) -> int:
        """Items that are in no batch yet."""
        return len(self._waiting)

    async def submit(self, item: T) -> R:
        """The result of ``item``; raises what its batch raised, or ``Lost``.

        An item whose submitter is cancelled before its batch has begun is not processed.
        """
        if self._closed:
            raise Lost("closed")
        done: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting[done] = item
        if self._draining is None or self._draining.done():
            self._draining = asyncio.create_task(self._drain())
            self._draining.add_done_callback(self._drained)
        try:
            return await done
        finally:
            self._waiting.pop(done, None)

    async def close(self) -> None:
        """Take nothing more; return when all that waits has been processed. May be called twice."""
        self._closed = True
        if self._draining is not None:
            await asyncio.wait([self._draining])

    async def _drain(self) -> None:
        while self._waiting:
            if batch := self._next():
                await self._one(batch)
            await asyncio.sleep(0)  # who has a result hears of it, even if ``process`` never pauses

    def _next(self) -> Mapping[asyncio.Future[R], T]:
        batch: dict[asyncio.Future[R], T] = {}
        while self._waiting and len(batch) < self._most:
            done, item = self._waiting.popitem(last=False)
            if not done.done():
                batch[done] = item
        return batch

    async def _one(self, batch: Mapping[asyncio.Future[R], T]) -> None:
        try:
            answers = list(zip(batch, await self._process([*batch.values()]), strict=True))
        except BaseException as error:  # every waiter must hear of it, whatever it is
            _fail(batch, error)
            if isinstance(error, KeyboardInterrupt | SystemExit) or _is_cancelled():
                raise
            return
        for done, result in answers:
            if not done.done():
                done.set_result(result)

    def _drained(self, task: asyncio.Task[None]) -> None:
        if task is self._draining:  # it was stopped, perhaps before it began: no ``finally`` helps
            _fail(self._waiting, Lost("stopped"))


def _is_cancelled() -> bool:
    """Whether it is this task that was cancelled, not something it waited for."""
    return bool((task := asyncio.current_task()) and task.cancelling())


def _fail(waiters: Iterable[asyncio.Future[Any]], error: BaseException) -> None:
    """Hand ``error`` on; what is no ``Exception`` would stop its waiters' tasks, too."""
    heard = error if isinstance(error, Exception) else Lost(type(error).__name__)
    for done in waiters:
        if not done.done():
            done.set_exception(heard)
