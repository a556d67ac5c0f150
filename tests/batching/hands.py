"""What these tests hold in their hands: batches that end when told to, an engine, a still clock."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any

from moderation.types import Scores, Span

PATIENCE = 20.0
"""Real seconds after which a test that waits for a thread has failed."""


async def turns(count: int = 12) -> None:
    """Let everything run that can run now."""
    for _ in range(count):
        await asyncio.sleep(0)


class Press:
    """A ``process`` whose batches lie still until they are released, failed or altered."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.failed: set[int] = set()
        self._gates: list[asyncio.Future[Callable[[list[int]], Sequence[int]]]] = []

    async def __call__(self, items: Sequence[int]) -> Sequence[int]:
        batch = list(items)
        self.batches.append(batch)
        gate = asyncio.get_running_loop().create_future()
        self._gates.append(gate)
        return (await gate)(batch)

    @property
    def busy(self) -> bool:
        return bool(self._gates) and not self._gates[-1].done()

    async def release(self, alter: Callable[[list[int]], Sequence[int]] | None = None) -> None:
        """End the batch in hand: each item ten times, or what ``alter`` makes of them."""
        self._gates[-1].set_result(alter or (lambda batch: [item * 10 for item in batch]))
        await turns()

    async def fail(self, error: BaseException) -> None:
        """End the batch in hand with ``error``."""
        self.failed.update(self.batches[-1])
        self._gates[-1].set_exception(error)
        await turns()


class StillClock:
    """The loop's time stands still, so no budget runs out unless a test says so."""

    def __init__(self) -> None:
        self._now = 1000.0

    def time(self) -> float:
        return self._now

    async def pass_by(self, seconds: float) -> None:
        await turns()
        self._now += seconds
        await turns()


class Engine:
    """A ``Scorer`` that can be held up in its thread, and that raises what it is given."""

    name = "fake@1"

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.fault: BaseException | None = None
        self.missing = 0
        self.answer: Any = ...
        self.spans: Any = ...
        self._score = _Gate()
        self._explain = _Gate()
        self._passed: list[_Gate] = []

    def score(self, texts: Sequence[str]) -> Sequence[Scores]:
        self.calls.append(list(texts))
        self._score.pass_through()
        self._raise()
        if self.answer is not ...:
            return [self.answer for _ in texts]
        return [scores_of(text) for text in texts][self.missing :]

    def explain(self, text: str) -> tuple[Span, ...]:
        self._explain.pass_through()
        self._raise()
        return (Span(start=0, end=len(text)),) if self.spans is ... else self.spans

    def hold(self, *, score: bool = False, explain: bool = False) -> None:
        for gate, held in ((self._score, score), (self._explain, explain)):
            if held:
                gate.shut()

    async def held(self, count: int = 1, *, explain: bool = False) -> None:
        """Return when so many more calls have reached the gate."""
        gate = self._explain if explain else self._score
        for _ in range(count):
            assert await asyncio.to_thread(gate.arrived.acquire, timeout=PATIENCE)

    def let_pass(self) -> None:
        """Whoever comes from now on is not held up; who is held stays so."""
        self._passed.append(self._score)
        self._score = _Gate()

    def let_go(self) -> None:
        for gate in (*self._passed, self._score):
            gate.open()
        self._explain.open()

    def _raise(self) -> None:
        if self.fault is not None:
            raise self.fault


def scores_of(text: str) -> Scores:
    """A text's own scores, unlike any other's."""
    return Scores(toxicity=int(text) / 1000)


class _Gate:
    def __init__(self) -> None:
        self.arrived = threading.Semaphore(0)
        self._open = threading.Event()
        self._open.set()

    def pass_through(self) -> None:
        self.arrived.release()
        assert self._open.wait(PATIENCE)

    def shut(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()


class Lines:
    """A ``Log`` that keeps its lines."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, str | float | None]]] = []

    def event(self, name: str, **fields: str | float | None) -> None:
        self.events.append((name, fields))

    def count(self, name: str) -> int:
        return sum(event == name for event, _ in self.events)
