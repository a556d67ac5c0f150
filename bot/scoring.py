"""A scorer behind micro-batches, off the event loop, under a time budget.

An engine that raises or runs out of time makes the verdict degraded; it never stops the watch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from bot.batching import Batcher
from moderation.ports import Log, Scorer
from moderation.types import Scores, Span

MOST = 512
"""Texts in one call: beyond it the engine's speed no longer grows (see ``bench pipeline``)."""


class BatchedScoring:
    """The ``Scoring`` port over a ``Scorer``. ``budget`` in seconds, waiting included."""

    def __init__(self, scorer: Scorer, *, budget: float, log: Log, most: int = MOST) -> None:
        self._scorer = scorer
        self._budget = budget
        self._log = log
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="scorer")
        self._batcher: Batcher[str, Scores] = Batcher(self._score, most=most)

    @property
    def name(self) -> str:
        """The engine's name."""
        return self._scorer.name

    async def score(self, text: str) -> Scores | None:
        """The text's scores; ``None`` when the engine failed or the budget ran out."""
        try:
            return await asyncio.wait_for(
                asyncio.shield(asyncio.ensure_future(self._batcher.submit(text))),
                self._budget,
            )
        except TimeoutError:
            self._log.event("scorer_slow", engine=self.name)
        except Exception as error:  # an engine is foreign code: degraded, named, never fatal
            self._log.event("scorer_failed", engine=self.name, code=type(error).__name__)
        return None

    async def explain(self, text: str) -> tuple[Span, ...]:
        """The spans that carry the score; empty when the engine cannot say."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, self._scorer.explain, text)
        except Exception as error:  # as above
            self._log.event("scorer_failed", engine=self.name, code=type(error).__name__)
            return ()

    def close(self) -> None:
        """Let the thread go; scoring that runs is finished."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _score(self, texts: Sequence[str]) -> Sequence[Scores]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._scorer.score, texts)


def _heard(submitted: asyncio.Future[Scores]) -> None:
    """Take note of what a scoring raised after its caller had stopped waiting for it."""
    if not submitted.cancelled():
        submitted.exception()
