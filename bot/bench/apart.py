"""Work in a process of its own: its memory is its own, and its crash or hang ends nothing else."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeVar, cast

from moderation.errors import TidekeeperError

A = TypeVar("A")
R = TypeVar("R")

_TIDYING = 3.0
"""Seconds to end by itself once it has answered; libraries give back what they took."""


class Lost(Exception):
    """The work has no result; the message says why, for a person."""


def apart(work: Callable[[A], R], argument: A, seconds: float | None = None) -> R:
    """``work(argument)`` in a fresh process that has imported nothing yet.

    Raises ``Lost`` when it raises, dies, or takes longer than ``seconds``.
    """
    if seconds is not None and seconds <= 0:
        raise Lost("there was no time left for it; --full has no time limit")
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(there, work, argument), daemon=True)
    process.start()
    there.close()
    with closing(here):
        try:
            result = cast("R", _answered(here, seconds))
            process.join(_TIDYING)
            return result
        finally:
            process.kill()
            process.join()


def _answered(here: Connection, seconds: float | None) -> object:
    if not here.poll(seconds):
        raise Lost(f"not done within {seconds:.0f} seconds; --full has no time limit")
    try:
        result, said = here.recv()
    except EOFError:
        raise Lost("its process died") from None
    if said:
        raise Lost(said)
    return result


def _answer(there: Connection, work: Callable[[A], R], argument: A) -> None:
    """In the process: send the result, or what is to be said instead."""
    try:
        there.send((work(argument), ""))
    except TidekeeperError as error:
        there.send((None, str(error)))
    except Exception as error:  # an engine is foreign code; its name for what happened must do
        there.send((None, f"failed: {type(error).__name__}"))


def peak(pid: int | None = None) -> float:
    """The largest resident memory so far, of this or another process, in megabytes.

    0 where the system hides it.
    """
    status = Path(f"/proc/{pid or 'self'}/status")
    lines = status.read_text("utf-8").splitlines() if status.exists() else []
    peaks = [int(line.split()[1]) / 1000 for line in lines if line.startswith("VmHWM")]
    return peaks[0] if peaks else 0.0
