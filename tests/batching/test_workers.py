"""The threads behind engines: in order, heard when they fail, gone when nobody needs them."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from bot.workers import Worker
from tests.batching.hands import PATIENCE


def test_does_what_is_submitted_in_order() -> None:
    worker, done = Worker("test"), list[int]()
    last = [worker.submit(done.append, number) for number in range(100)][-1]
    last.result(PATIENCE)
    assert done == [*range(100)]


@pytest.mark.parametrize("fault", [ValueError("x"), SystemExit(3), KeyboardInterrupt()])
def test_what_a_job_raises_is_heard_and_the_next_goes_on(fault: BaseException) -> None:
    def fail() -> None:
        raise fault

    worker = Worker("test")
    assert worker.submit(fail).exception(PATIENCE) is fault
    assert worker.submit(int).result(PATIENCE) == 0


def test_closing_cancels_what_waits_and_takes_nothing_more() -> None:
    worker, begun, gate = Worker("test"), threading.Event(), threading.Event()
    running = worker.submit(lambda: begun.set() or gate.wait(PATIENCE))
    waiting = worker.submit(int)
    assert begun.wait(PATIENCE)
    worker.shutdown(wait=False, cancel_futures=True)
    worker.shutdown(wait=False)
    assert waiting.cancelled()
    with pytest.raises(RuntimeError, match="closed"):
        worker.submit(int)
    gate.set()
    assert running.result(PATIENCE)
    worker.shutdown()


def test_a_worker_nobody_has_any_more_ends_its_thread() -> None:
    worker = Worker("test-lost")
    worker.submit(int).result(PATIENCE)
    [thread] = [each for each in threading.enumerate() if each.name == "test-lost"]
    del worker
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_the_program_lets_a_job_finish_when_it_ends() -> None:
    script = (
        "import threading, time; from bot.workers import Worker\n"
        "begun, worker = threading.Event(), Worker('a')\n"
        "worker.submit(lambda: (begun.set(), time.sleep(0.3), print('done')))\n"
        "begun.wait()"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=50
    )
    assert (run.stdout, run.stderr) == ("done\n", "")
