"""Measurements as results with stable names, and as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from bot.bench import tables
from bot.bench.engines import BUILTIN, DETOXIFY, LISTS, Reached
from bot.bench.lineup import Lineup
from bot.bench.quality import Figures, won
from bot.bench.result import Result
from bot.bench.speed import Lag, Speed, percentile

SINGLE = f"{DETOXIFY}, one at a time"
ARRIVAL = f"{DETOXIFY}, batches of 32 in arrival order"
_QUALITY = (
    "Quality: means over the public sets and on how many the AUC is above alt-profanity-check's;\n"
    "false alarms on harmless chat; functional cases right"
)
_SPEED = (
    f"Speed: messages a second and how many times {SINGLE}; arrival: batches against {ARRIVAL};"
    "\nlag of the event loop behind BatchedScoring, and with the engine inside the coroutine"
)
_INSIDE = "predict inside the coroutine"


def speed_results(speeds: Mapping[str, Speed]) -> list[Result]:
    """``toxicity.<engine>.speed.single`` and so on; ratios to the library's own ``predict``."""
    base = speeds.get(DETOXIFY)
    return [result for name, each in speeds.items() for result in _speed(name, each, base)]


def _speed(name: str, of: Speed, base: Speed | None) -> Iterator[Result]:
    def told(figure: str, value: float, unit: str, n: int, other: float | None) -> Result:
        return Result(
            name=f"toxicity.{name}.{figure}",
            value=value,
            unit=unit,
            n=n,
            baseline=SINGLE,
            baseline_value=other,
        )

    calls, texts = len(of.singles), len(of.batches) * of.batch
    single = base.single if base else None
    yield told("speed.single", of.single, "messages/s", calls, single)
    yield told("speed.batch", of.batched, "messages/s", texts, single)
    yield _arrival(name, of, base)
    for figure, share in (("p50", 0.5), ("p99", 0.99)):
        other = 1000 * percentile(base.singles, share) if base else None
        yield told(figure, 1000 * percentile(of.singles, share), "ms", calls, other)
    yield told("memory", of.memory, "MB", 1, base.memory if base else None)
    yield told("load", of.load, "s", 1, base.load if base else None)
    if of.lag:
        yield from _lag(name, of.lag)


def _arrival(name: str, of: Speed, base: Speed | None) -> Result:
    return Result(
        name=f"toxicity.{name}.speed.batch.arrival",
        value=of.batched,
        unit="messages/s",
        n=len(of.batches) * of.batch,
        baseline=ARRIVAL,
        baseline_value=base.batched if base else None,
    )


def _lag(name: str, lag: Lag) -> Iterator[Result]:
    for figure, share in (("p50", 0.5), ("p99", 0.99)):
        inside = percentile(lag.inside, share)
        yield Result(
            name=f"toxicity.{name}.lag.{figure}",
            value=percentile(lag.batched, share),
            unit="ms",
            n=len(lag.batched),
            baseline=_INSIDE,
            baseline_value=inside,
        )
        inside_name = f"toxicity.{name}.lag.inside.{figure}"
        yield Result(name=inside_name, value=inside, unit="ms", n=len(lag.inside))


def quality_results(figures: Mapping[str, Figures]) -> list[Result]:
    """``toxicity.<engine>.auc.<set>`` and so on, beside those of alt-profanity-check."""
    base = figures.get(LISTS, {})
    results = [
        Result(
            name=f"toxicity.{engine}.{figure}",
            value=value,
            unit="texts" if figure == "texts" else "share",
            n=n,
            baseline=LISTS,
            baseline_value=base[figure][0] if figure in base else None,
        )
        for engine, found in figures.items()
        for figure, (value, n) in found.items()
    ]
    return [*results, *_won(figures, base)]


def _won(figures: Mapping[str, Figures], base: Figures) -> Iterator[Result]:
    for engine, found in figures.items():
        wins, of = won(found, base) if "auc.macro" in found else (0, 0)
        if of and engine != LISTS:
            yield Result(name=f"toxicity.{engine}.auc.won", value=wins / of, unit="share", n=of)


def reached_results(reached: Reached) -> list[Result]:
    """``toxicity.builtin.second_stage.mix`` and so on."""
    return [
        Result(name=f"toxicity.{BUILTIN}.second_stage.{name}", value=share, unit="share", n=n)
        for name, (share, n) in reached.items()
    ]


def text(results: Sequence[Result], line: Lineup, notes: Iterable[str], *, full: bool) -> str:
    """The two tables, with ``full`` those of each set and functionality, and what is to be said."""
    names = [engine.name for engine in line.engines]
    parts = [
        _QUALITY,
        tables.quality(results, names),
        *(_details(results, names) if full else ()),
        _SPEED,
        tables.speed(results, names),
        _second_stage(results),
        "\n".join(_said(notes, full=full)),
    ]
    return "\n\n".join(part for part in parts if part)


def _details(results: Sequence[Result], names: Sequence[str]) -> Iterator[str]:
    yield tables.each(results, names, "auc")
    yield tables.each(results, names, "f1")
    yield tables.each(results, names, "functional")


def _second_stage(results: Sequence[Result]) -> str:
    start = f"toxicity.{BUILTIN}.second_stage."
    shares = [
        f"{100 * result.value:.1f} % of {result.name.removeprefix(start)}"
        for result in results
        if result.name.startswith(start)
    ]
    return "builtin's second stage reads: " + ", ".join(shares) if shares else ""


def _said(notes: Iterable[str], *, full: bool) -> Iterator[str]:
    yield from (f"- {note}" for note in notes)
    if not full:
        yield "- samples: every k-th text of the larger sets, short runs; --full measures it all"
