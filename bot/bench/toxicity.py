"""The engines side by side: quality on public test sets, speed on chat, in one run.

Speed first, one engine after the other in a process of its own; then quality, in as many processes
as there are cores. Without ``full`` both are samples, and all ends within the time of a bench.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from bot.bench import quality, speed
from bot.bench.apart import Lost, apart
from bot.bench.chat import chat
from bot.bench.engines import BUILTIN, Reached, reached
from bot.bench.lineup import Lineup, lineup
from bot.bench.result import Report, cores
from bot.bench.sets import FUNCTIONAL, Kind, TestSet, fairly, read_sets, sampled
from bot.bench.told import quality_results, reached_results, speed_results, text
from bot.progress import Progress
from bot.training.evaluate import seed
from config.schema import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much of it: seconds for each part of an engine's ``speed`` and for its ``lag``, ``rows``
    of each set.

    Speeds must be measured ``speeds`` seconds after the start of it all, quality ``quality``
    seconds after it; ``None`` for whenever they are. What is not, is left out and said so.
    """

    full: bool
    speed: float
    lag: float
    rows: int
    speeds: float | None
    quality: float | None


QUICK = Plan(full=False, speed=0.6, lag=1.0, rows=150, speeds=35.0, quality=45.0)
FULL = Plan(full=True, speed=8.0, lag=10.0, rows=10**9, speeds=None, quality=None)
_GRACE = 4.0
"""Seconds that the last call of an engine may take beyond its time."""
_MIX = 2_000


def toxicity(settings: Settings, data: Path, *, full: bool) -> Report:
    """AUC, F1, false alarms, functional cases; messages a second, latency, memory, load, lag."""
    watch = Watch()
    sets = read_sets(data, seed(), FUNCTIONAL)
    line = lineup(settings, data, full=full)
    return side_by_side(line, sets, FULL if full else QUICK, watch)


class Watch:
    """Started when it is made."""

    def __init__(self) -> None:
        self._began = time.perf_counter()

    def left(self, until: float | None) -> float | None:
        """Seconds up to ``until`` seconds after the start, perhaps below zero."""
        return None if until is None else until - (time.perf_counter() - self._began)


def side_by_side(line: Lineup, sets: Sequence[TestSet], plan: Plan, watch: Watch) -> Report:
    """Measure the engines on the sets, or on samples of them."""
    chosen = sampled(sets, plan.rows)
    notes = [*line.notes, *_missing(chosen)]
    with Progress("bench", len(line.engines) * 2) as bar:
        speeds = _speeds(line, plan, watch, notes, bar)
        shares = _reached(line, chosen, watch.left(plan.quality))
        figures = _figures(line, plan, watch, chosen, notes, bar)
    results = [*speed_results(speeds), *quality_results(figures), *reached_results(shares)]
    return Report(results, text=text(results, line, notes, full=plan.full))


def _missing(sets: Iterable[TestSet]) -> list[str]:
    if any(one.kind is Kind.FUNCTIONAL for one in sets):
        return []
    return [f"functional cases are left out: there is no functional.*.tsv in {FUNCTIONAL}"]


def _speeds(
    line: Lineup, plan: Plan, watch: Watch, notes: list[str], bar: Progress
) -> dict[str, speed.Speed]:
    found = {}
    for number, engine in enumerate(line.engines):
        bar.reach(number)
        job = speed.Job(engine=engine, seconds=plan.speed, lag=plan.lag if engine.lag else 0.0)
        try:
            found[engine.name] = apart(speed.measure, job, watch.left(plan.speeds))
        except Lost as lost:
            notes.append(f"{engine.name}: {lost}")
    return found


def _reached(line: Lineup, sets: Sequence[TestSet], seconds: float | None) -> Reached:
    """Of made-up chat and of the harmless sets: the share that the second stage reads."""
    builtin = [engine for engine in line.engines if engine.name == BUILTIN]
    texts = {one.name: [row.text for row in one.rows] for one in sets if one.kind is Kind.CHAT}
    mixed = {"mix": list(islice(chat(), _MIX)), **texts}
    try:
        return apart(reached, (builtin[0].settings, mixed), seconds) if builtin else {}
    except Lost:
        return {}  # why it cannot be had was said of its speed


def _figures(
    line: Lineup,
    plan: Plan,
    watch: Watch,
    sets: Sequence[TestSet],
    notes: list[str],
    bar: Progress,
) -> Mapping[str, quality.Figures]:
    places = fairly(sets)
    texts = [sets[at].rows[row].text for at, row in places]
    judged = [engine for engine in line.engines if engine.judged]

    def scored(number: int) -> quality.Scored | Lost:
        left = watch.left(plan.quality)  # the slowest come last and take what is left
        return _scored(quality.Job(engine=judged[number], texts=texts, seconds=left))

    found = {}
    with ThreadPoolExecutor(cores()) as pool:
        for number, answer in enumerate(pool.map(scored, range(len(judged)))):
            bar.reach(len(line.engines) + number)
            name = judged[number].name
            if isinstance(answer, quality.Scored):
                found[name] = quality.figures(sets, places, answer, full=plan.full)
            elif not any(note.startswith(f"{name}: ") for note in notes):
                notes.append(f"{name}: {answer}")
    return found


def _scored(job: quality.Job) -> quality.Scored | Lost:
    left = job.seconds
    try:
        return apart(quality.score, job, left + _GRACE if left and left > 0 else left)
    except Lost as lost:
        return lost
