"""How fast an engine is, how much memory it takes, how long it takes to load, how it disturbs.

Measured in a process of its own (``bot.bench.apart``), on one made-up chat (``bot.bench.chat``).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from bot.bench import lag
from bot.bench.apart import peak
from bot.bench.chat import chat
from bot.bench.engines import Engine
from moderation.ports import Scorer
from moderation.text import fold

_LEAST, _MOST = 16, 20_000
"""Calls of a single text."""
_FASTEST = 200.0
"""Messages a second under which the loop's lag is measured, if the engine does twice as many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to measure: ``seconds`` for each part, 0 for the lag leaves it out."""

    engine: Engine
    seconds: float
    lag: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """Milliseconds the loop was late, behind ``BatchedScoring`` and inside a coroutine."""

    rate: float
    batched: Sequence[float]
    inside: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """Seconds of each call; ``load`` in seconds, ``memory`` in megabytes."""

    load: float
    memory: float
    singles: Sequence[float]
    batches: Sequence[float]
    batch: int
    lag: Lag | None

    @property
    def single(self) -> float:
        """Messages a second, one at a time."""
        return len(self.singles) / sum(self.singles)

    @property
    def batched(self) -> float:
        """Messages a second in batches."""
        return self.batch * len(self.batches) / sum(self.batches)


def measure(job: Job) -> Speed:
    """Runs in the process of its own."""
    engine, texts = job.engine, _texts(job.engine)
    began = time.perf_counter()
    scorer = engine.make(engine.settings)
    scorer.score([next(texts)])
    load = time.perf_counter() - began
    scorer.score(list(islice(texts, min(engine.batch, 4))))
    singles = _timed(scorer, texts, size=1, seconds=job.seconds, least=_LEAST)
    batches = _timed(scorer, texts, size=engine.batch, seconds=job.seconds, least=1)
    memory = peak()
    late = _lag(scorer, engine, len(singles) / sum(singles), job.lag) if job.lag else None
    return Speed(
        load=load,
        memory=memory,
        singles=singles,
        batches=batches,
        batch=engine.batch,
        lag=late,
    )


def _texts(engine: Engine) -> Iterator[str]:
    return (fold(text).text for text in chat()) if engine.folded else chat()


def _timed(
    scorer: Scorer, texts: Iterator[str], *, size: int, seconds: float, least: int
) -> list[float]:
    """Seconds of each call. No text is used twice: engines and the folding remember some."""
    found: list[float] = []
    until = time.perf_counter() + seconds
    while len(found) < least or (time.perf_counter() < until and len(found) < _MOST):
        batch = list(islice(texts, size))
        began = time.perf_counter()
        scorer.score(batch)
        found.append(time.perf_counter() - began)
    return found


def _lag(scorer: Scorer, engine: Engine, single: float, seconds: float) -> Lag:
    """At half of what the engine does one at a time."""
    rate, texts = min(_FASTEST, single / 2), chat(seed=6)
    most = engine.settings.batch
    return Lag(
        rate=rate,
        batched=lag.batched(scorer, texts, most=most, rate=rate, seconds=seconds),
        inside=lag.inside(scorer, texts, rate=rate, seconds=seconds),
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The value that a share of all does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
