"""What the onnx engine is made of: lanes, batches of like lengths, what it remembers."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.scorers.onnx import ROOM, _Kept, buckets
from bot.adapters.scorers.onnx_lanes import Job, Lanes
from moderation.types import Scores

PATIENCE = 20.0


@given(st.lists(st.integers(min_value=1, max_value=512), max_size=60))
def test_batches_are_of_like_lengths_and_bounded(lengths: list[int]) -> None:
    batches = buckets(lengths, lambda length: length)
    assert sorted(length for batch in batches for length in batch) == sorted(lengths)
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(batch) <= ROOM
        assert max(batch) <= min(batch) * 9 / 8


def test_long_work_holds_up_no_short_work() -> None:
    lanes, gate = Lanes("test"), threading.Event()
    long = threading.Thread(target=lanes.run, args=([Job(True, gate.wait)],), daemon=True)
    long.start()
    assert lanes.run([Job(False, lambda n=n: n) for n in range(50)]) == [*range(50)]
    assert long.is_alive()
    gate.set()
    long.join(PATIENCE)
    assert not long.is_alive()


def test_jobs_share_two_threads_and_come_back_in_order() -> None:
    both = threading.Barrier(2)
    jobs = [Job(slow, lambda at=at: both.wait(PATIENCE) * 0 + at) for at, slow in enumerate([0, 1])]
    assert Lanes("test").run(jobs) == [0, 1]


def test_what_a_job_raises_is_heard_and_the_rest_is_left() -> None:
    lanes, done = Lanes("test"), []

    def fail() -> None:
        raise LookupError("here")

    jobs = [Job(True, fail), *[Job(True, lambda: (time.sleep(0.01), done.append(1)))] * 500]
    with pytest.raises(LookupError, match="here"):
        lanes.run(jobs)
    assert len(done) < 500
    assert lanes.run([Job(False, lambda: 1), Job(True, lambda: 2)]) == [1, 2]


def test_time_that_is_up_leaves_what_has_not_begun() -> None:
    lanes, gate, done = Lanes("test"), threading.Event(), []
    jobs = [Job(True, lambda: gate.wait(PATIENCE)), Job(True, lambda: done.append(1))]
    with pytest.raises(TimeoutError):
        lanes.run(jobs, time.monotonic() + 0.05)
    gate.set()
    assert lanes.run([Job(True, lambda: 2)]) == [2]
    assert done == []


def test_what_was_seen_last_is_remembered() -> None:
    kept = _Kept(3)
    a, b, c, d = (bytes([n]) for n in range(4))
    kept.keep({key: Scores(toxicity=key[0] / 10) for key in (a, b, c)})
    assert kept.known([a]) == {a: Scores(toxicity=0.0)}
    kept.keep({d: Scores(toxicity=0.3)})
    assert set(kept.known([a, b, c, d])) == {a, c, d}
