"""A scorer behind micro-batches, off the event loop, under a time budget.

An engine that raises, hangs or runs out of time makes the verdict degraded; it never stops the
watch. A text whose time is up leaves the queue, so an overload ends when its cause does.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from bot.batching import Batcher
from bot.workers import Worker
from moderation.ports import Log, Scorer
from moderation.types import LABELS, Scores, Span

R = TypeVar("R")

MOST = 512
"""Texts in one call: beyond it the engine's speed no longer grows (see ``bench pipeline``)."""

LONG = 1000
"""Characters from which a text is scored apart, so that it holds up no short one.

A model that reads 512 tokens takes thirty times as long for them as for a chat message (12 words).
"""

ROOM = 1024
"""Texts that may wait for a call; one more is degraded at once.

At most 16 MB (Discord's longest message has 4000 characters), and more than an engine with 20 ms
for each batch of 32 can read in a budget of 500 ms (800): beyond it there is no hope anyway.
"""


class BatchedScoring:
    """The ``Scoring`` port over a ``Scorer``. ``budget`` in seconds, waiting included.

    Logs ``scorer_slow`` (budget ran out), ``scorer_full`` (no room to wait) and ``scorer_failed``
    with the name of what the engine raised. Scores that are no probabilities are a failure, too.

    At most one call of each kind (short texts, long texts, explanations) is with the engine, on a
    thread of its own: an explanation or a long text that hangs holds up no other scores, and no
    thread keeps the program from ending.
    """

    def __init__(self, scorer: Scorer, *, budget: float, log: Log, most: int = MOST) -> None:
        self._scorer = scorer
        self._budget = budget
        self._log = log
        self._workers = short, long, spans = [Worker(f"scorer-{n}") for n in range(3)]
        self._short = Batcher(self._scoring_on(short), most=most)
        self._long = Batcher(self._scoring_on(long), most=1)
        self._spans = Batcher(self._explaining_on(spans), most=1)

    @property
    def name(self) -> str:
        """The engine's name."""
        return self._scorer.name

    async def score(self, text: str) -> Scores | None:
        """The text's scores; ``None`` when the engine failed or the budget ran out."""
        return await self._in_time(self._short if len(text) < LONG else self._long, text)

    async def explain(self, text: str) -> tuple[Span, ...]:
        """The spans that carry the score; empty when the engine failed or the budget ran out."""
        return await self._in_time(self._spans, text) or ()

    def close(self) -> None:
        """Let the threads go: what runs is finished, what waits is degraded."""
        for worker in self._workers:
            worker.shutdown(wait=False, cancel_futures=True)

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

    def _scoring_on(self, worker: Worker) -> Callable[[Sequence[str]], Awaitable[Sequence[Scores]]]:
        async def score(texts: Sequence[str]) -> Sequence[Scores]:
            return await _off_the_loop(worker, lambda: _checked(self._scorer.score(texts)))

        return score

    def _explaining_on(
        self, worker: Worker
    ) -> Callable[[Sequence[str]], Awaitable[Sequence[tuple[Span, ...]]]]:
        async def explain(texts: Sequence[str]) -> Sequence[tuple[Span, ...]]:
            return await _off_the_loop(
                worker, lambda: [_inside(text, self._scorer.explain(text)) for text in texts]
            )

        return explain


async def _off_the_loop(worker: Worker, call: Callable[[], R]) -> R:
    return await asyncio.get_running_loop().run_in_executor(worker, _guarded, call)


def _checked(found: Sequence[Scores]) -> Sequence[Scores]:
    """The same, or ``ValueError`` when one of them holds something that is no probability."""
    for scores in found:
        for label in LABELS:
            value = getattr(scores, label)
            if not (math.isfinite(value) and 0 <= value <= 1):
                raise ValueError(f"{label} is no probability")
    return found


def _inside(text: str, spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """The same, or ``ValueError`` when one of them is not a stretch of the text."""
    if not all(0 <= span.start < span.end <= len(text) for span in spans):
        raise ValueError("a span lies outside the text")
    return tuple(spans)


class _EngineFailed(Exception):
    """Stands for what the engine raised, without its words: they may hold the text."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _guarded(call: Callable[[], R]) -> R:
    """Run in the thread. A future carries no ``StopIteration``, and an engine's exit is not ours."""
    try:
        return call()
    except BaseException as error:
        raise _EngineFailed(type(error).__name__) from None
