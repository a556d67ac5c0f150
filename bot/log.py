"""One line for each thing that happened: an event name and fields that are codes and ids.

Message text cannot get in: a field that does not look like a code or an id is written as
``withheld``. Lines of libraries keep their wording without the values filled into it.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from typing import Literal, TextIO

from moderation.ports import Clock

Field = str | int | float | None

_CODE = re.compile(r"[\w.:,@+/=<>#-]{0,300}", re.ASCII)
_BAD_NEWS = ("_failed", "_lost", "_unreachable", "_malformed", "_error")
_RANKS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class LineLog:
    """Implements ``moderation.ports.Log`` on a text stream, as plain lines or JSON."""

    def __init__(
        self,
        stream: TextIO,
        clock: Clock,
        *,
        level: str = "info",
        style: Literal["plain", "json"] = "plain",
    ) -> None:
        self._stream = stream
        self._clock = clock
        self._rank = _RANKS[level]
        self._render = _as_json if style == "json" else _as_plain

    def event(self, name: str, **fields: Field) -> None:
        """Write the line; an event named after a failure is a warning, any other is news."""
        level = "warning" if name.endswith(_BAD_NEWS) else "info"
        self.write(level, name, fields)

    def write(self, level: str, name: str, fields: Mapping[str, Field]) -> None:
        """Write the line if ``level`` is loud enough."""
        if _RANKS[level] < self._rank:
            return
        at = self._clock.now().isoformat(timespec="milliseconds")
        safe = {key: _code(value) for key, value in fields.items()}
        line = self._render({"at": at, "level": level, "event": _code(name), **safe})
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            return  # the stream is closed: there is nobody left to tell, and work goes on


class LibraryLines(logging.Handler):
    """Lets what libraries log through: their own wording, never the values filled into it."""

    def __init__(self, log: LineLog) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write where it happened, the constant wording in code form, and the kind of error."""
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        self._log.write(
            _level(record.levelno),
            "library",
            {
                "logger": record.name,
                "at_line": f"{record.module}:{record.lineno}",
                "said": _slug(record.msg) if _is_constant(record) else None,
                "error": error,
            },
        )


def adopt_libraries(log: LineLog) -> None:
    """Send everything that libraries log to ``log`` and nowhere else."""
    root = logging.getLogger()
    root.handlers = [LibraryLines(log)]
    root.setLevel(logging.INFO)


def _is_constant(record: logging.LogRecord) -> bool:
    """Whether the wording holds no values: it has places for them, or discord.py wrote it."""
    return bool(record.args) or record.name.startswith("discord")


def _level(number: int) -> str:
    return next((name for name in ("error", "warning", "info") if number >= _RANKS[name]), "debug")


def _slug(template: object) -> str:
    return re.sub(r"[^a-z0-9]+", "-", str(template).lower()).strip("-")[:120]


def _code(value: Field) -> Field:
    if not isinstance(value, str):
        return value
    return value if _CODE.fullmatch(value) else "withheld"


def _as_json(fields: Mapping[str, Field]) -> str:
    return json.dumps({key: value for key, value in fields.items() if value is not None})


def _as_plain(fields: Mapping[str, Field]) -> str:
    head = f"{fields['at']} {fields['level']!s:7} {fields['event']}"
    rest = (f"{key}={value}" for key, value in list(fields.items())[3:] if value is not None)
    return " ".join((head, *rest))
