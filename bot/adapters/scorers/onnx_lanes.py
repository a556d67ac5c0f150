"""Two threads and two lanes: long work never holds up short work."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar

from bot.workers import Worker

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Job(Generic[R]):
    """A piece of work; ``slow`` sends it to the slow lane."""

    slow: bool
    call: Callable[[], R]


class Lanes:
    """A thread that does quick jobs only, and one that does slow jobs when no quick ones wait."""

    def __init__(self, name: str) -> None:
        self._quick = Worker(f"{name}-quick")
        self._slow = Worker(f"{name}-slow")

    def run(self, jobs: Sequence[Job[R]], until: float | None = None) -> list[R]:
        """What the jobs return, in order; ``until`` is a moment of ``time.monotonic``.

        Raises what a job raised, or ``TimeoutError`` when they did not end in time. Jobs that
        have not begun by then are not done any more.
        """
        waiting = [(job, Future[R]()) for job in jobs]
        quick = deque(each for each in waiting if not each[0].slow)
        slow = deque(each for each in waiting if each[0].slow)
        if quick:
            self._quick.submit(_drain, quick)
        if slow or len(quick) > 1:
            self._slow.submit(_drain, quick, slow)
        try:
            return [done.result(_left(until)) for _, done in waiting]
        finally:
            quick.clear()
            slow.clear()


def _left(until: float | None) -> float | None:
    return None if until is None else max(0.0, until - time.monotonic())


def _drain(*lanes: deque[tuple[Job[R], Future[R]]]) -> None:
    while (taken := _taken(lanes)) is not None:
        job, done = taken
        try:
            done.set_result(job.call())
        except BaseException as error:  # whoever waits must hear of it, whatever it is
            done.set_exception(error)


def _taken(lanes: Sequence[deque[tuple[Job[R], Future[R]]]]) -> tuple[Job[R], Future[R]] | None:
    for lane in lanes:
        try:
            return lane.popleft()
        except IndexError:
            continue
    return None
