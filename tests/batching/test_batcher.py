"""Batches: who shares one, who waits for one, and that nobody is ever forgotten in one."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.batching import Batcher, Lost
from tests.batching.hands import Press, turns

MOST = 3


@pytest.fixture
def press() -> Press:
    return Press()


@pytest.fixture
def batcher(press: Press) -> Batcher[int, int]:
    return Batcher(press, most=MOST)


async def submitted(batcher: Batcher[int, int], *items: int) -> list[asyncio.Task[int]]:
    tasks = [asyncio.create_task(batcher.submit(item)) for item in items]
    await turns()
    return tasks


def others() -> set[asyncio.Task[Any]]:
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}


async def test_a_lone_item_is_processed_at_once(press: Press, batcher: Batcher[int, int]) -> None:
    loop = asyncio.get_running_loop()
    loop.call_at = loop.call_later = lambda *_, **__: pytest.fail("a timer")  # type: ignore[method-assign]
    try:
        [task] = await submitted(batcher, 1)
        assert press.batches == [[1]]
        await press.release()
    finally:
        del loop.call_at, loop.call_later
    assert task.result() == 10


async def test_nothing_runs_when_there_is_nothing_to_do(
    press: Press, batcher: Batcher[int, int]
) -> None:
    before = others()
    await submitted(batcher, 1)
    await press.release()
    assert others() == before
    assert batcher.waiting == 0


async def test_what_comes_in_one_moment_shares_the_first_batch(
    press: Press, batcher: Batcher[int, int]
) -> None:
    await submitted(batcher, 1, 2)
    assert press.batches == [[1, 2]]


async def test_a_crowd_shares_batches_of_at_most_most_in_order(
    press: Press, batcher: Batcher[int, int]
) -> None:
    tasks = await submitted(batcher, *range(8))
    while press.busy:
        await press.release()
    assert press.batches == [[0, 1, 2], [3, 4, 5], [6, 7]]
    assert [task.result() for task in tasks] == [item * 10 for item in range(8)]


async def test_under_load_without_end_each_is_served_as_soon_as_its_own_batch_is_done(
    press: Press, batcher: Batcher[int, int]
) -> None:
    waves = [await submitted(batcher, 0)]
    for wave in range(1, 20):
        waves.append(await submitted(batcher, *range(wave * MOST, wave * MOST + MOST)))
        assert not waves[wave - 1][0].done()
        await press.release()
        assert all(task.done() for task in waves[wave - 1])
        assert press.busy


async def test_a_process_that_never_pauses_serves_them_one_batch_after_another() -> None:
    done: list[int] = []
    seen: list[int] = []

    async def process(items: Sequence[int]) -> Sequence[int]:
        seen.append(len(done))
        return items

    batcher = Batcher(process, most=1)

    async def one(item: int) -> None:
        done.append(await batcher.submit(item))

    await asyncio.gather(*(one(item) for item in range(5)))
    assert done == [0, 1, 2, 3, 4]
    assert seen == [0, 1, 2, 3, 4]


async def test_the_first_submitter_may_go_and_the_rest_are_served(
    press: Press, batcher: Batcher[int, int]
) -> None:
    first, second = await submitted(batcher, 1, 2)
    [third] = await submitted(batcher, 3)
    first.cancel()
    await turns()
    await press.release()
    await press.release()
    assert first.cancelled()
    assert (second.result(), third.result()) == (20, 30)


async def test_who_has_gone_is_left_out_of_the_next_batch(
    press: Press, batcher: Batcher[int, int]
) -> None:
    await submitted(batcher, 0)
    tasks = await submitted(batcher, 1, 2, 3, 4)
    tasks[1].cancel()
    await turns()
    assert batcher.waiting == 3
    await press.release()
    assert press.batches == [[0], [1, 3, 4]]


async def test_who_goes_in_the_moment_the_batch_is_formed_is_left_out(
    press: Press, batcher: Batcher[int, int]
) -> None:
    await submitted(batcher, 0)
    tasks = await submitted(batcher, 1, 2)
    press._gates[-1].set_result(list)
    await asyncio.sleep(0)  # the batch is done; the next is formed before the leaver wakes
    tasks[0].cancel()
    await turns()
    assert press.batches == [[0], [2]]


async def test_a_batch_of_which_all_have_gone_is_not_processed(
    press: Press, batcher: Batcher[int, int]
) -> None:
    await submitted(batcher, 0)
    [gone] = await submitted(batcher, 1)
    gone.cancel()
    await press.release()
    assert press.batches == [[0]]


async def test_an_exception_hits_its_own_batch_only(
    press: Press, batcher: Batcher[int, int]
) -> None:
    [first] = await submitted(batcher, 1)
    [second] = await submitted(batcher, 2)
    await press.fail(OSError("disk"))
    await press.release()
    assert isinstance(first.exception(), OSError)
    assert second.result() == 20


class Panic(BaseException):
    """As a library in Rust raises it: no ``Exception``."""


@pytest.mark.parametrize("error", [asyncio.CancelledError(), Panic()])
async def test_what_is_no_exception_hits_its_own_batch_only_too(
    press: Press, batcher: Batcher[int, int], error: BaseException
) -> None:
    [first] = await submitted(batcher, 1)
    [second] = await submitted(batcher, 2)
    await press.fail(error)
    await press.release()
    with pytest.raises(Lost, match=type(error).__name__):
        first.result()
    assert second.result() == 20


@pytest.mark.parametrize("error", [SystemExit(), KeyboardInterrupt()])
def test_an_order_to_stop_fails_everybody_and_goes_on_up(error: BaseException) -> None:
    async def process(_: Sequence[int]) -> Sequence[int]:
        raise error

    batcher = Batcher(process, most=1)
    loop = asyncio.new_event_loop()
    try:
        tasks = [loop.create_task(batcher.submit(item)) for item in range(3)]
        with pytest.raises(type(error)):
            loop.run_until_complete(asyncio.gather(*tasks))
        heard = loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    finally:
        loop.close()
    assert [type(each) for each in heard] == [Lost] * 3


@pytest.mark.parametrize("results", [[], [1], [1, 2, 3], None], ids=str)
async def test_a_wrong_number_of_results_fails_the_batch_and_no_other(
    press: Press, batcher: Batcher[int, int], results: Any
) -> None:
    first, second = await submitted(batcher, 1, 2)
    [third] = await submitted(batcher, 3)
    await press.release(lambda _: results)
    await press.release()
    assert isinstance(first.exception(), ValueError | TypeError)
    assert isinstance(second.exception(), ValueError | TypeError)
    assert third.result() == 30


@pytest.mark.parametrize("started", [True, False])
async def test_if_the_draining_itself_is_cancelled_nobody_waits_for_ever(
    press: Press, batcher: Batcher[int, int], started: bool
) -> None:
    before = asyncio.all_tasks()
    tasks = [asyncio.create_task(batcher.submit(item)) for item in range(5)]
    await (turns() if started else asyncio.sleep(0))
    [drain] = asyncio.all_tasks() - before - set(tasks)
    drain.cancel()
    await turns()
    assert [type(task.exception()) for task in tasks] == [Lost] * 5
    assert batcher.waiting == 0
    [later] = await submitted(batcher, 7)
    await press.release()
    assert later.result() == 70


async def test_a_failure_that_nobody_hears_makes_no_noise(
    press: Press, batcher: Batcher[int, int]
) -> None:
    noise: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: noise.append(context))
    [task] = await submitted(batcher, 1)
    press._gates[-1].set_exception(OSError("disk"))
    await asyncio.sleep(0)  # the batch has failed, its waiter has not yet woken
    task.cancel()
    del task
    await turns()
    gc.collect()
    assert noise == []


@pytest.mark.parametrize("moment", range(12))
async def test_an_item_may_come_in_any_moment_while_the_draining_ends(moment: int) -> None:
    batcher: Batcher[int, int] = Batcher(_pausing, most=1)
    first = asyncio.create_task(batcher.submit(1))
    for _ in range(moment):
        await asyncio.sleep(0)
    assert await batcher.submit(2) == 2
    assert await first == 1


async def test_the_draining_is_kept_though_nobody_else_holds_it() -> None:
    batcher: Batcher[int, int] = Batcher(_collecting, most=1)
    async with asyncio.timeout(20):
        assert await batcher.submit(4) == 4


async def _pausing(items: Sequence[int]) -> Sequence[int]:
    await asyncio.sleep(0)
    return items


async def _collecting(items: Sequence[int]) -> Sequence[int]:
    gc.collect()
    await asyncio.sleep(0)
    gc.collect()
    return items


async def closing(batcher: Batcher[int, int]) -> asyncio.Task[None]:
    task = asyncio.create_task(batcher.close())
    await turns()
    return task


async def test_closing_returns_when_all_that_waits_is_done(
    press: Press, batcher: Batcher[int, int]
) -> None:
    tasks = await submitted(batcher, 0, 1, 2, 3)
    closed = await closing(batcher)
    await press.release()
    assert not closed.done()
    await press.release()
    assert closed.done()
    assert [task.result() for task in tasks] == [0, 10, 20, 30]


async def test_closing_loses_no_item_that_was_submitted_in_the_same_moment() -> None:
    written: list[int] = []

    async def process(items: Sequence[int]) -> Sequence[int]:
        await asyncio.sleep(0)
        written.extend(items)
        return items

    batcher = Batcher(process, most=2)
    tasks = [asyncio.ensure_future(batcher.submit(item)) for item in range(5)]
    await asyncio.sleep(0)
    await batcher.close()
    assert written == [0, 1, 2, 3, 4]
    assert await asyncio.gather(*tasks) == written


async def test_closing_passes_over_a_failing_batch(
    press: Press, batcher: Batcher[int, int]
) -> None:
    tasks = await submitted(batcher, 0)
    tasks += await submitted(batcher, 1)
    closed = await closing(batcher)
    await press.fail(OSError("disk"))
    await press.release()
    assert closed.done()
    assert closed.exception() is None
    assert isinstance(tasks[0].exception(), OSError)
    assert tasks[1].result() == 10


async def test_who_gives_up_closing_stops_nothing(press: Press, batcher: Batcher[int, int]) -> None:
    [task] = await submitted(batcher, 1)
    closed = await closing(batcher)
    closed.cancel()
    await turns()
    await press.release()
    assert task.result() == 10


async def test_closed_it_takes_no_more_and_may_be_closed_again(
    press: Press, batcher: Batcher[int, int]
) -> None:
    await batcher.close()
    await batcher.close()
    with pytest.raises(Lost):
        await batcher.submit(1)
    assert press.batches == []


STEP = st.sampled_from(["submit", "submit", "turn", "release", "fail"]) | st.integers(0, 40)
"""A number cancels that submitter."""


@given(steps=st.lists(STEP, max_size=60), most=st.integers(1, 4), closes=st.booleans())
def test_each_gets_its_own_result_whatever_happens_in_whatever_order(
    steps: list[str | int], most: int, closes: bool
) -> None:
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(Play(most).through(steps, closes=closes))
    finally:
        loop.close()


class Play:
    """Some course of events, and what must be true at its end."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.press = Press()
        self.batcher = Batcher(self.press, most=most)
        self.tasks: list[asyncio.Task[int]] = []
        self.gone_early: set[int] = set()

    async def through(self, steps: list[str | int], *, closes: bool) -> None:
        for step in steps:
            await self._step(step)
        await turns()
        closed = asyncio.create_task(self.batcher.close()) if closes else None
        while self.press.busy:
            await self.press.release()
        await turns()
        assert closed is None or closed.done()
        self._check_batches()
        for item, task in enumerate(self.tasks):
            assert task.done()
            if not task.cancelled():
                self._check(item, task)

    async def _step(self, step: str | int) -> None:
        if isinstance(step, int):
            self._cancel(step)
        elif step == "submit":
            self.tasks.append(asyncio.create_task(self.batcher.submit(len(self.tasks))))
        elif step == "turn":
            await asyncio.sleep(0)
        elif self.press.busy:
            await (self.press.release() if step == "release" else self.press.fail(OSError("disk")))

    def _cancel(self, item: int) -> None:
        taken = item in chain(*self.press.batches)
        if item < len(self.tasks) and self.tasks[item].cancel() and not taken:
            self.gone_early.add(item)

    def _check_batches(self) -> None:
        taken = list(chain(*self.press.batches))
        assert taken == sorted(set(taken))
        assert not self.gone_early & set(taken)
        assert all(1 <= len(batch) <= self.most for batch in self.press.batches)
        assert self.batcher.waiting == 0

    def _check(self, item: int, task: asyncio.Task[int]) -> None:
        assert item in chain(*self.press.batches)
        if item in self.press.failed:
            assert isinstance(task.exception(), OSError)
        else:
            assert task.result() == item * 10
