"""A progress bar on a terminal, and nothing in a pipe."""

from __future__ import annotations

import sys
from typing import Self, TextIO

_WIDTH = 30


class Progress:
    """Counts work done out of ``total`` and draws it at every whole percent."""

    def __init__(self, label: str, total: int, stream: TextIO | None = None) -> None:
        self._label = label
        self._total = max(total, 1)
        self._shown = -1
        found = stream or sys.stderr
        self._stream = found if found is not None and found.isatty() else None

    def __enter__(self) -> Self:
        self.reach(0)
        return self

    def __exit__(self, *_: object) -> None:
        self._draw("\r\x1b[K")

    def reach(self, done: int) -> None:
        """Show that ``done`` of the total is finished."""
        percent = min(100, done * 100 // self._total)
        if self._stream is None or percent == self._shown:
            return
        self._shown = percent
        full = _WIDTH * percent // 100
        bar = "#" * full + "." * (_WIDTH - full)
        self._draw(f"\r{self._label} [{bar}] {percent:3} %")

    def reach_of(self, done: int, total: int) -> None:
        """As ``reach``, where the total is only known while working."""
        self._total = max(total, 1)
        self.reach(done)

    def _draw(self, text: str) -> None:
        """A terminal that has gone away takes the bar with it, never the work."""
        if self._stream is None:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            self._stream = None
