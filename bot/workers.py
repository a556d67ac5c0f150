"""Threads that end with the program, whatever they are doing.

The threads of ``ThreadPoolExecutor`` are waited for when the interpreter ends, so an engine that
hangs for ever would keep the program from ending. These are given a moment, then left behind.
"""

from __future__ import annotations

import atexit
import queue
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

PATIENCE = 2.0
"""Seconds that all threads together get to finish what they run when the program ends."""

_Job = tuple[Future[Any], Callable[[], Any]]


class Worker(Executor):
    """One daemon thread that does what is submitted, in order; it starts with the first job."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """As ``Executor.submit``."""
        done: Future[R] = Future()
        with self._guard:
            if self._closed:
                raise RuntimeError("the worker is closed")
            if self._thread is None:
                self._thread = self._started()
            self._jobs.put((done, lambda: fn(*args, **kwargs)))
        return done

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As ``Executor.shutdown``; may be called twice."""
        with self._guard:
            self._closed = True
            while cancel_futures and (job := _next(self._jobs)):
                job[0].cancel()
            self._jobs.put(None)
        if wait and self._thread is not None:
            self._thread.join()

    def _started(self) -> threading.Thread:
        """A thread that knows the jobs but not the worker: it ends when nobody has that any more."""
        thread = threading.Thread(target=_work, args=(self._jobs,), name=self._name, daemon=True)
        weakref.finalize(self, self._jobs.put, None).atexit = False
        _running[thread] = self._jobs
        thread.start()
        return thread


_running: weakref.WeakKeyDictionary[threading.Thread, queue.SimpleQueue[_Job | None]]
_running = weakref.WeakKeyDictionary()


def _next(jobs: queue.SimpleQueue[_Job | None]) -> _Job | None:
    try:
        return jobs.get_nowait()
    except queue.Empty:
        return None


def _work(jobs: queue.SimpleQueue[_Job | None]) -> None:
    while (job := jobs.get()) is not None:
        done, call = job
        if done.set_running_or_notify_cancel():
            try:
                done.set_result(call())
            except BaseException as error:  # whoever waits must hear of it, whatever it is
                done.set_exception(error)
        del job, done, call  # an idle thread keeps nothing alive


@atexit.register
def _part() -> None:
    """Who comes back from foreign code must not find the interpreter gone."""
    until = time.monotonic() + PATIENCE
    threads = list(_running.items())
    for _, jobs in threads:
        while job := _next(jobs):
            job[0].cancel()
        jobs.put(None)
    for thread, _ in threads:
        thread.join(max(0.0, until - time.monotonic()))
