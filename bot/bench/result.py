"""What a benchmark says, and on which machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One figure over ``n`` observations; ``ratio`` is value / baseline where there is one."""

    name: str
    value: float
    unit: str
    n: int
    baseline: str = ""
    baseline_value: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times the baseline."""
        if not self.baseline_value:
            return None
        return self.value / self.baseline_value

    def as_json(self) -> dict[str, object]:
        """The contract's object."""
        return {
            "name": self.name,
            "value": round(self.value, 4),
            "unit": self.unit,
            "n": self.n,
            "baseline": _baseline(self),
            "ratio": None if self.ratio is None else round(self.ratio, 4),
        }

    def __str__(self) -> str:
        line = f"{self.name:44} {self.value:12,.4g} {self.unit} (n {self.n:,})"
        if self.ratio is None:
            return line
        return f"{line}; {self.ratio:.2f} x {self.baseline}"


class Report(list[Result]):
    """All figures of a benchmark, and ``text``: the same for a person, where lines are too many."""

    def __init__(self, results: Iterable[Result], text: str = "") -> None:
        super().__init__(results)
        self.text = text or "\n".join(map(str, self))


def _baseline(result: Result) -> dict[str, object] | None:
    if result.baseline_value is None:
        return None
    return {"name": result.baseline, "value": round(result.baseline_value, 4)}


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    return {
        "cpu": _cpu(),
        "cores": cores(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu() -> str:
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        for line in listed.read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
