"""The engine behind its budget: slow, broken, flooded or hung, the watch goes on."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any, TypeVar

import pytest
import pytest_asyncio

from bot.scoring import LONG, ROOM, BatchedScoring
from moderation.types import Scores, Span
from tests.batching.hands import PATIENCE, Engine, Lines, StillClock, scores_of, turns

BUDGET = 0.5
MOST = 4
T = TypeVar("T")


@pytest_asyncio.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> StillClock:
    clock = StillClock()
    monkeypatch.setattr(asyncio.get_running_loop(), "time", clock.time)
    return clock


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.let_go()


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest_asyncio.fixture
async def scoring(engine: Engine, lines: Lines, clock: StillClock) -> AsyncIterator[BatchedScoring]:
    scoring = BatchedScoring(engine, budget=BUDGET, log=lines, most=MOST)
    yield scoring
    engine.let_go()
    scoring.close()


async def started(*calls: Coroutine[Any, Any, T]) -> list[asyncio.Task[T]]:
    tasks = [asyncio.create_task(call) for call in calls]
    await turns()
    return tasks


async def test_a_text_gets_its_own_scores(scoring: BatchedScoring, lines: Lines) -> None:
    texts = [str(number) for number in range(30)]
    assert await asyncio.gather(*map(scoring.score, texts)) == list(map(scores_of, texts))
    assert lines.events == []


async def test_a_text_gets_its_own_spans(scoring: BatchedScoring) -> None:
    spans = await asyncio.gather(*(scoring.explain("x" * length) for length in (1, 2, 3)))
    assert spans == [(Span(start=0, end=length),) for length in (1, 2, 3)]


async def test_a_crowd_shares_calls_of_at_most_most(
    scoring: BatchedScoring, engine: Engine
) -> None:
    engine.hold(score=True)
    first = await started(scoring.score("0"))
    await engine.held()
    rest = await started(*(scoring.score(str(number)) for number in range(1, 10)))
    engine.let_go()
    await asyncio.gather(*first, *rest)
    assert [len(call) for call in engine.calls] == [1, 4, 4, 1]


async def test_out_of_budget_is_degraded_and_leaves_the_queue(
    scoring: BatchedScoring, engine: Engine, lines: Lines, clock: StillClock
) -> None:
    engine.hold(score=True)
    first = await started(scoring.score("0"))
    await engine.held()
    late = await started(scoring.score("1"))
    await clock.pass_by(BUDGET)
    assert [task.result() for task in (*first, *late)] == [None, None]
    assert lines.events == [("scorer_slow", {"engine": "fake@1"})] * 2
    engine.let_go()
    assert await scoring.score("2") == scores_of("2")
    assert engine.calls == [["0"], ["2"]]


async def test_within_budget_nobody_is_degraded_though_others_keep_coming(
    scoring: BatchedScoring, engine: Engine, lines: Lines, clock: StillClock
) -> None:
    engine.hold(score=True)
    first = await started(scoring.score("0"))
    await engine.held()
    flood = await started(*(scoring.score(str(number)) for number in range(1, 40)))
    await clock.pass_by(BUDGET * 0.9)
    engine.let_go()
    assert await first[0] == scores_of("0")
    assert None not in await asyncio.gather(*flood)
    assert lines.events == []


async def test_overload_is_over_when_it_ends(
    scoring: BatchedScoring, engine: Engine, clock: StillClock
) -> None:
    engine.hold(score=True)
    flood = await started(*(scoring.score(str(number)) for number in range(300)))
    await engine.held()
    await clock.pass_by(BUDGET)
    assert [task.result() for task in flood] == [None] * 300
    later = await started(scoring.score("7"))
    engine.let_go()
    assert await later[0] == scores_of("7")
    assert engine.calls == [["0", "1", "2", "3"], ["7"]]


async def test_no_more_than_a_fixed_number_wait(
    scoring: BatchedScoring, engine: Engine, lines: Lines
) -> None:
    engine.hold(score=True)
    flood = await started(*(scoring.score(str(number)) for number in range(MOST)))
    await engine.held()
    flood += await started(*(scoring.score(str(number % 999)) for number in range(ROOM)))
    assert lines.events == []
    assert await scoring.score("1") is None
    assert lines.events == [("scorer_full", {"engine": "fake@1"})]
    assert not any(task.done() for task in flood)
    engine.let_go()
    assert None not in await asyncio.gather(*flood)
    assert await scoring.score("1") == scores_of("1")


FAULTS = [
    ValueError("the text itself"),
    TimeoutError("the text itself"),
    StopIteration("the text itself"),
    asyncio.CancelledError("the text itself"),
    SystemExit("the text itself"),
    KeyboardInterrupt("the text itself"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
async def test_what_an_engine_raises_is_named_by_its_code_alone(
    scoring: BatchedScoring, engine: Engine, lines: Lines, fault: BaseException
) -> None:
    engine.fault = fault
    assert await asyncio.wait_for(scoring.score("1"), PATIENCE) is None
    assert await asyncio.wait_for(scoring.explain("1"), PATIENCE) == ()
    fields = {"engine": "fake@1", "code": type(fault).__name__}
    assert lines.events == [("scorer_failed", fields)] * 2
    engine.fault = None
    assert await scoring.score("1") == scores_of("1")


async def test_an_engine_that_forgets_a_text_has_failed(
    scoring: BatchedScoring, engine: Engine, lines: Lines
) -> None:
    engine.missing = 1
    assert await asyncio.gather(scoring.score("1"), scoring.score("2")) == [None, None]
    assert lines.events == [("scorer_failed", {"engine": "fake@1", "code": "ValueError"})] * 2


@pytest.mark.parametrize(
    "nonsense",
    [
        Scores(toxicity=float("nan")),
        Scores(threat=float("inf")),
        Scores(insult=-0.1),
        Scores(obscene=1.1),
        None,
        "a word",
    ],
    ids=str,
)
async def test_scores_that_are_no_probabilities_are_a_failure(
    scoring: BatchedScoring, engine: Engine, lines: Lines, nonsense: Any
) -> None:
    engine.answer = nonsense
    assert await scoring.score("1") is None
    assert lines.count("scorer_failed") == len(lines.events) == 1
    engine.answer = ...
    assert await scoring.score("1") == scores_of("1")


@pytest.mark.parametrize(
    "nonsense", [(Span(start=0, end=9),), (Span(start=-1, end=1),), (None,), 3], ids=str
)
async def test_spans_outside_the_text_are_a_failure(
    scoring: BatchedScoring, engine: Engine, lines: Lines, nonsense: Any
) -> None:
    engine.spans = nonsense
    assert await scoring.explain("1") == ()
    assert lines.count("scorer_failed") == len(lines.events) == 1


async def test_a_long_text_that_hangs_does_not_hold_up_the_short_ones(
    scoring: BatchedScoring, engine: Engine, clock: StillClock
) -> None:
    engine.hold(score=True)
    long = await started(scoring.score("1".zfill(LONG)))
    await engine.held()
    engine.let_pass()
    assert await scoring.score("2") == scores_of("2")
    assert not long[0].done()
    engine.let_go()
    assert await long[0] == scores_of("1")


def test_an_engine_that_hangs_for_ever_does_not_keep_the_program_from_ending() -> None:
    script = """
import asyncio, threading
from bot.scoring import BatchedScoring
from tests.batching.hands import Lines

class Hung:
    name = "hung@1"
    def score(self, texts): threading.Event().wait()
    explain = score

async def main():
    scoring = BatchedScoring(Hung(), budget=0.05, log=Lines())
    print(await asyncio.gather(scoring.score("a"), scoring.score("b" * 2000), scoring.explain("c")))
    scoring.close()

asyncio.run(main())
"""
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=50, check=True
    )
    assert run.stdout == "[None, None, ()]\n"
    assert run.stderr == ""


async def test_explaining_has_the_same_budget(
    scoring: BatchedScoring, engine: Engine, lines: Lines, clock: StillClock
) -> None:
    engine.hold(explain=True)
    asked = await started(scoring.explain("1"), scoring.explain("2"))
    await engine.held(explain=True)
    await clock.pass_by(BUDGET * 0.9)
    assert not any(task.done() for task in asked)
    await clock.pass_by(BUDGET * 0.1)
    assert [task.result() for task in asked] == [(), ()]
    assert lines.events == [("scorer_slow", {"engine": "fake@1"})] * 2


async def test_an_explanation_that_hangs_does_not_hold_up_the_scores(
    scoring: BatchedScoring, engine: Engine
) -> None:
    engine.hold(explain=True)
    await started(scoring.explain("1"))
    await engine.held(explain=True)
    assert await scoring.score("1") == scores_of("1")


async def test_while_the_engine_hangs_every_call_is_degraded_within_its_budget(
    scoring: BatchedScoring, engine: Engine, lines: Lines, clock: StillClock
) -> None:
    engine.hold(score=True, explain=True)
    for round_ in range(1, 4):
        calls = await started(scoring.score("1"), scoring.score("2"))
        spans = await started(scoring.explain("1"), scoring.explain("2"))
        await clock.pass_by(BUDGET)
        assert [task.result() for task in calls] == [None, None]
        assert [task.result() for task in spans] == [(), ()]
        assert lines.count("scorer_slow") == len(lines.events) == round_ * 4
    engine.let_go()
    assert await scoring.score("5") == scores_of("5")
    assert await scoring.explain("5") == (Span(start=0, end=1),)
    assert engine.calls == [["1", "2"], ["5"]]


async def test_a_caller_that_is_cancelled_is_cancelled(
    scoring: BatchedScoring, engine: Engine, lines: Lines
) -> None:
    engine.hold(score=True)
    [task] = await started(scoring.score("1"))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert lines.events == []


async def test_closing_lets_the_running_call_finish_and_degrades_the_rest(
    scoring: BatchedScoring, engine: Engine, lines: Lines
) -> None:
    engine.hold(score=True)
    running = await started(scoring.score("1"))
    await engine.held()
    waiting = await started(scoring.score("2"))
    scoring.close()
    scoring.close()
    engine.let_go()
    assert await asyncio.wait_for(running[0], PATIENCE) == scores_of("1")
    assert await waiting[0] is None
    assert await scoring.score("3") is None
    assert await scoring.explain("3") == ()
    assert lines.count("scorer_failed") == len(lines.events) == 3
