"""How far an exported model is from the original, and the bounds that follow from it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moderation.types import LABELS, Scores

_Floats = NDArray[np.float64]

MARGIN = 2.0
"""Times the largest error seen: the texts of tomorrow are others."""
LEAST_MARGIN = 0.1
LEAST_QUEUED = 600
"""Queued texts from which a first engine's bound is chosen: where it misses none of 600, it misses
less than 0.5 % with 95 % confidence."""
MISSED = 0.0025
"""Share of the queued texts that the first engine may miss: half of what the whole cascade may."""
LEAST_CLEARED = 0.1
"""Share of all texts that a first engine must clear to be worth its time."""


@dataclass(slots=True)
class Parity:
    """The scores of every form on the same texts, with the time each took in seconds.

    ``queue`` is the bound (0-1) of the verdict. Forms: ``torch``, ``fp32``, ``judge`` (fp16
    weights), ``int8``, ``cascade``.
    """

    texts: int
    source: str
    queue: float
    labels: tuple[str, ...]
    scores: dict[str, _Floats] = field(default_factory=dict)
    load: dict[str, float] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)

    def toxicity(self, form: str) -> _Floats:
        """The scores by which a verdict is made."""
        return np.asarray(self.scores[form][:, self.labels.index("toxicity")])

    def measure(
        self,
        form: str,
        make: Callable[[], Callable[[Sequence[str]], Sequence[Scores]]],
        texts: Sequence[str],
        *,
        step: Callable[[int], None],
    ) -> None:
        """Load a form, which is done when it has scored something, and let it score the texts."""
        with _timed(self.load, form):
            score = make()
            score(["."])
        rows: list[list[float]] = []
        with _timed(self.took, form):
            for at in range(0, len(texts), 32):
                found = score(texts[at : at + 32])
                rows += [[getattr(one, label) for label in self.labels] for one in found]
                step(len(rows))
        self.scores[form] = np.array(rows)

    def int8_bound(self) -> float:
        """The bound below which the int8 model may clear, in steps of a thousandth.

        So far under the queue's bound that twice the largest underestimate does not bridge it,
        and never above its half.
        """
        under = float((self.toxicity("torch") - self.toxicity("int8")).max())
        bound = min(self.queue / 2, self.queue - max(LEAST_MARGIN, MARGIN * under))
        return max(0.0, math.floor(bound * 1000) / 1000)

    def first_bound(self, first: _Floats) -> tuple[float, float] | None:
        """The bound for a first engine's scores and the share of texts below it, if it helps."""
        queued = np.sort(first[self.toxicity("torch") >= self.queue])
        if len(queued) < LEAST_QUEUED:
            return None
        bound = math.floor(float(queued[int(MISSED * len(queued))]) * 1e6) / 1e6
        share = float((first < bound).mean())
        return (bound, share) if share >= LEAST_CLEARED else None

    def report(self) -> dict[str, Any]:
        """Everything measured, as in ``parity.json``."""
        forms = [form for form in self.scores if form != "torch"]
        return {
            "texts": self.texts,
            "source": self.source,
            "queue": self.queue,
            "queued_by_torch": int((self.toxicity("torch") >= self.queue).sum()),
            "differences": {form: self._differences(form) for form in forms},
            "verdicts": {form: self._verdicts(form) for form in forms},
            "load_s": {form: round(each, 3) for form, each in self.load.items()},
            "ms_a_text": {f: round(1000 * t / self.texts, 2) for f, t in self.took.items()},
        }

    def _differences(self, form: str) -> dict[str, dict[str, float]]:
        apart = np.abs(self.scores[form] - self.scores["torch"])
        return {
            label: {
                "mean": round(float(column.mean()), 6),
                "p99": round(float(np.quantile(column, 0.99)), 6),
                "max": round(float(column.max()), 6),
            }
            for label, column in zip(self.labels, apart.T, strict=True)
        }

    def _verdicts(self, form: str) -> dict[str, float]:
        theirs, ours = self.toxicity("torch") >= self.queue, self.toxicity(form) >= self.queue
        return {
            "equal": round(float((theirs == ours).mean()), 6),
            "missed": int((theirs & ~ours).sum()),
            "added": int((ours & ~theirs).sum()),
        }


@contextmanager
def _timed(into: dict[str, float], name: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    into[name] = time.perf_counter() - start


def known(labels: Sequence[str]) -> tuple[str, ...]:
    """Those of a model's labels that are ours, in our order."""
    return tuple(label for label in LABELS if label in labels)


def readable(report: Mapping[str, Any]) -> str:
    """The report as Markdown."""
    parts = ["# Parity with the original\n", _about(report), _difference_table(report)]
    return "\n".join([*parts, _form_table(report), _bound_lines(report)])


def _about(report: Mapping[str, Any]) -> str:
    return (
        f"{report['texts']:,} texts ({report['source']}); the original puts "
        f"{report['queued_by_torch']:,} of them at or above the queue's bound {report['queue']}.\n"
    )


def _difference_table(report: Mapping[str, Any]) -> str:
    lines = ["| form | label | mean | 99 % below | largest |", "|---|---|---|---|---|"]
    for form, labels in report["differences"].items():
        for label, each in labels.items():
            figures = " | ".join(f"{each[key]:.6f}" for key in ("mean", "p99", "max"))
            lines.append(f"| {form} | {label} | {figures} |")
    return "\n".join([*lines, ""])


def _form_table(report: Mapping[str, Any]) -> str:
    lines = [
        "| form | equal verdicts | missed | added | MB | load, s | ms a text |",
        "|---|---|---|---|---|---|---|",
    ]
    for form, ms in report["ms_a_text"].items():
        verdict = report["verdicts"].get(form, {"equal": 1, "missed": 0, "added": 0})
        size = report["bytes"].get(form)
        lines.append(
            f"| {form} | {verdict['equal']:.3%} | {verdict['missed']} | {verdict['added']} | "
            f"{f'{size / 1e6:.0f}' if size else ''} | {report['load_s'][form]:.2f} | {ms:.1f} |"
        )
    return "\n".join([*lines, ""])


def _bound_lines(report: Mapping[str, Any]) -> str:
    bounds, cleared = report["bounds"], report["cleared"]
    lines = [f"int8 clears below {bounds['clear']}: {cleared['int8']:.1%} of these texts."]
    if bounds["first"]:
        lines.append(
            f"{bounds['first']['engine']} clears below {bounds['first']['clear']}: "
            f"{cleared['first']:.1%} of these texts."
        )
    else:
        lines.append(
            "There is no first stage: it takes 600 texts that the original would queue, and a "
            "builtin engine that agrees with it on what is harmless. Give more texts with --texts."
        )
    return "\n".join([*lines, ""])
