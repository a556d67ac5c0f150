"""The figures of ``bench toxicity`` as a person reads them: one table of quality, one of speed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from bot.bench.result import Result

Show = Callable[[Result | None], str]
_Found = Mapping[str, Result]


def _share(result: Result | None) -> str:
    return "-" if result is None else f"{result.value:.3f}"


def _percent(result: Result | None) -> str:
    return "-" if result is None else f"{100 * result.value:.1f} %"


def _number(result: Result | None) -> str:
    if result is None:
        return "-"
    return f"{result.value:,.0f}" if result.value >= 100 else f"{result.value:.3g}"


def _times(result: Result | None) -> str:
    """The value, and how many times the baseline it is."""
    if result is None or result.ratio is None:
        return _number(result)
    ratio = f"{result.ratio:,.0f}" if result.ratio >= 10 else f"{result.ratio:.2g}"
    return f"{_number(result)} ({ratio} x)"


def _of(result: Result | None) -> str:
    return "-" if result is None else f"{result.value * result.n:.0f} of {result.n}"


def _ratio(result: Result | None) -> str:
    return _times(result).partition("(")[2].rstrip(")") or "-"


_QUALITY: tuple[tuple[str, str, Show], ...] = (
    ("AUC", "auc.macro", _share),
    ("F1", "f1.macro", _share),
    ("sets won", "auc.won", _of),
    ("friendly", "false_alarms.friendly", _percent),
    ("technical", "false_alarms.technical", _percent),
    ("cases en", "functional.en", _percent),
    ("cases nl", "functional.nl", _percent),
    ("texts", "texts", _number),
)
_SPEED: tuple[tuple[str, str, Show], ...] = (
    ("single/s", "speed.single", _times),
    ("batch/s", "speed.batch", _times),
    ("arrival", "speed.batch.arrival", _ratio),
    ("p50 ms", "p50", _number),
    ("p99 ms", "p99", _number),
    ("MB", "memory", _number),
    ("load s", "load", _number),
    ("lag p99 ms", "lag.p99", _number),
    ("inside", "lag.inside.p99", _number),
)


def quality(results: Sequence[Result], engines: Sequence[str]) -> str:
    """Engines by their averages."""
    return _table(results, engines, _QUALITY)


def speed(results: Sequence[Result], engines: Sequence[str]) -> str:
    """Engines by their speed, with ratios to the baseline."""
    return _table(results, engines, _SPEED)


def each(
    results: Sequence[Result], engines: Sequence[str], figure: str, show: Show = _share
) -> str:
    """One line for each figure that begins with ``figure``, one column for each engine."""
    found = {result.name: result for result in results}
    start = f".{figure}."
    names = sorted({name.partition(start)[2] for name in found if start in name} - {"macro", "won"})
    known = [one for one in engines if any(n.startswith(f"toxicity.{one}{start}") for n in found)]
    rows = [
        [name, *(show(found.get(f"toxicity.{one}{start}{name}")) for one in known)]
        for name in names
    ]
    return aligned([[figure, *known], *rows]) if rows else ""


def _table(
    results: Sequence[Result], engines: Sequence[str], columns: Sequence[tuple[str, str, Show]]
) -> str:
    found = {result.name: result for result in results}
    rows = [_row(found, engine, columns) for engine in engines]
    told = [row for row in rows if any(cell != "-" for cell in row[1:])]
    return aligned([["engine", *(title for title, _, _ in columns)], *told]) if told else ""


def _row(found: _Found, engine: str, columns: Sequence[tuple[str, str, Show]]) -> list[str]:
    cells = [show(found.get(f"toxicity.{engine}.{figure}")) for _, figure, show in columns]
    return [engine, *cells]


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Columns under one another, the first to the left, numbers to the right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
