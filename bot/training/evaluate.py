"""Measures an engine on the public test sets, on which nothing is ever tuned.

``python -m bot.training.evaluate --data ../shared`` prints the table of ``docs/model-card.md``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.adapters.scorers.builtin import BuiltinScorer
from bot.training.corpus import HARMLESS, Row, read_rows
from moderation.errors import ExportError, TidekeeperError
from moderation.ports import Scorer

_AT_ONCE = 512
_RESAMPLES = 400
_SEED = 7
_Z = 1.959964
"""Quantile of the normal distribution for 95 % intervals."""

_Floats = NDArray[np.float64]
Interval = tuple[float, float, float]
"""A figure with the lower and upper end of its 95 % interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One set. ``auc`` is ``None`` where only one kind of text is in it; ``recall`` and ``alarms``
    are the shares of toxic and of harmless texts that reach the queue.
    """

    name: str
    texts: int
    toxic: int
    auc: Interval | None
    recall: Interval | None
    alarms: Interval | None


def evaluate(data: Path, scorer: Scorer, queue: float) -> list[Measured]:
    """Every test set under ``data``, then the harmless chat of the development set by source.

    ``queue`` is the toxicity from which a text reaches the queue.
    """
    folder = data / "data" / "toxicity"
    sets = [(path.stem, read_rows(path)) for path in sorted((folder / "test").glob("*.csv"))]
    if not sets:
        raise ExportError(f"{folder / 'test'}: no test sets here; --data names the folder of data/")
    dev = [row for row in read_rows(folder / "dev.csv.gz") if not row.toxic]
    sets += [
        (f"dev {name}", [row for row in dev if row.source == name]) for name in sorted(HARMLESS)
    ]
    return [measure(name, rows, scorer, queue) for name, rows in sets if rows]


def measure(name: str, rows: Sequence[Row], scorer: Scorer, queue: float) -> Measured:
    """One set of rows."""
    scores = np.array(
        [
            one.toxicity
            for at in range(0, len(rows), _AT_ONCE)
            for one in scorer.score([row.text for row in rows[at : at + _AT_ONCE]])
        ]
    )
    toxic = np.array([row.toxic for row in rows])
    high, low = scores[toxic], scores[~toxic]
    return Measured(
        name=name,
        texts=len(rows),
        toxic=len(high),
        auc=auc_interval(high, low) if len(high) and len(low) else None,
        recall=wilson(int((high >= queue).sum()), len(high)) if len(high) else None,
        alarms=wilson(int((low >= queue).sum()), len(low)) if len(low) else None,
    )


def auc(high: _Floats, low: _Floats) -> float:
    """The chance that a toxic text scores above a harmless one, ties counting half."""
    ordered = np.sort(low)
    below = np.searchsorted(ordered, high, side="left")
    upto = np.searchsorted(ordered, high, side="right")
    return float((below + upto).mean() / 2.0 / len(low))


def auc_interval(high: _Floats, low: _Floats) -> Interval:
    """The figure with its bootstrap interval (400 resamples, seeded)."""
    chance = np.random.default_rng(_SEED)
    again = [
        auc(chance.choice(high, len(high)), chance.choice(low, len(low))) for _ in range(_RESAMPLES)
    ]
    lower, upper = np.quantile(again, (0.025, 0.975))
    return auc(high, low), float(lower), float(upper)


def wilson(hits: int, of: int) -> Interval:
    """A share with its Wilson interval."""
    share = hits / of
    middle = (share + _Z**2 / (2 * of)) / (1 + _Z**2 / of)
    reach = _Z / (1 + _Z**2 / of) * float(np.sqrt(share * (1 - share) / of + _Z**2 / (4 * of**2)))
    return share, max(0.0, middle - reach), min(1.0, middle + reach)


def table(measured: Sequence[Measured]) -> str:
    """The figures as a Markdown table."""
    lines = ["| Set | Texts | Toxic | AUC | Recall at queue | False alarms at queue |"]
    lines.append("|---|---:|---:|---|---|---|")
    for one in measured:
        auc_text = "-" if one.auc is None else "{:.3f} ({:.3f}-{:.3f})".format(*one.auc)
        shares = " | ".join(_percent(share) for share in (one.recall, one.alarms))
        lines.append(f"| {one.name} | {one.texts} | {one.toxic} | {auc_text} | {shares} |")
    return "\n".join(lines)


def _percent(share: Interval | None) -> str:
    if share is None:
        return "-"
    middle, lower, upper = (100 * part for part in share)
    return f"{middle:.1f} % ({lower:.1f}-{upper:.1f})"


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="tidekeeper engine evaluate", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with data/toxicity")
    chosen = parser.parse_args(argv)
    scorer = BuiltinScorer()
    try:
        print(table(evaluate(chosen.data, scorer, scorer.thresholds.queue)))
    except TidekeeperError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
