"""A scorer behind micro-batches, off the event loop, under a time budget.

An engine that raises, hangs or runs out of time makes the verdict degraded; it never stops the
watch. A text whose time is up leaves the queue, so an overload ends when its cause does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from bot.batching import Batcher
from moderation.ports import Log, Scorer
from moderation.types import Scores, Span

R = TypeVar("R")
A = TypeVar("A")

MOST = 512
"""Texts in one call: beyond it the engine's speed no longer grows (see ``bench pipeline``)."""

ROOM = 1024
"""Texts that may wait for a call; one more is degraded at once.

At most 16 MB (Discord's longest message has 4000 characters), and more than an engine with 20 ms
for each batch of 32 can read in a budget of 500 ms (800): beyond it there is no hope anyway.
"""


class BatchedScoring:
    """The ``Scoring`` port over a ``Scorer``. ``budget`` in seconds, waiting included.

    Logs ``scorer_slow`` (budget ran out), ``scorer_full`` (no room to wait) and ``scorer_failed``
    with the name of what the engine raised. At most one call of each kind is with the engine, on
    a thread of its own: an explanation that hangs holds up no scores.
    """

    def __init__(self, scorer: Scorer, *, budget: float, log: Log, most: int = MOST) -> None:
        self._scorer = scorer
        self._budget = budget
        self._log = log
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="scorer")
        self._scores: Batcher[str, Scores] = Batcher(self._score, most=most)
        self._spans: Batcher[str, tuple[Span, ...]] = Batcher(self._explain, most=1)

    @property
    def name(self) -> str:
        """The engine's name."""
        return self._scorer.name

    async def score(self, text: str) -> Scores | None:
        """The text's scores; ``None`` when the engine failed or the budget ran out."""
        return await self._in_time(self._scores, text)

    async def explain(self, text: str) -> tuple[Span, ...]:
        """The spans that carry the score; empty when the engine failed or the budget ran out."""
        return await self._in_time(self._spans, text) or ()

    def close(self) -> None:
        """Let the threads go: what runs is finished, what waits is degraded."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _in_time(self, batcher: Batcher[str, R], text: str) -> R | None:
        if batcher.waiting >= ROOM:
            self._log.event("scorer_full", engine=self.name)
            return None
        try:
            async with asyncio.timeout(self._budget):
                return await batcher.submit(text)
        except TimeoutError:
            self._log.event("scorer_slow", engine=self.name)
        except _EngineFailed as failed:
            self._log.event("scorer_failed", engine=self.name, code=failed.code)
        except Exception as error:  # an engine is foreign code: degraded, named, never fatal
            self._log.event("scorer_failed", engine=self.name, code=type(error).__name__)
        return None

    async def _score(self, texts: Sequence[str]) -> Sequence[Scores]:
        return await self._off_the_loop(self._scorer.score, texts)

    async def _explain(self, texts: Sequence[str]) -> Sequence[tuple[Span, ...]]:
        return [await self._off_the_loop(self._scorer.explain, text) for text in texts]

    async def _off_the_loop(self, call: Callable[[A], R], argument: A) -> R:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, _guarded, call, argument)


class _EngineFailed(Exception):
    """Stands for what the engine raised, without its words: they may hold the text."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _guarded(call: Callable[[A], R], argument: A) -> R:
    """Run in the thread. A future carries no ``StopIteration``, and an engine's exit is not ours."""
    try:
        return call(argument)
    except BaseException as error:
        raise _EngineFailed(type(error).__name__) from None
