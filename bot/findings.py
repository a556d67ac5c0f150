"""What a check found: how it stands, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the doctor. ``mend`` says what to do, empty when nothing is."""

    level: Level
    check: str
    what: str
    mend: str = ""

    def __str__(self) -> str:
        mend = f" -> {self.mend}" if self.mend else ""
        return f"{self.level.value:4}  {self.check}: {self.what}{mend}"


def ok(check: str, what: str) -> Finding:
    """All is well."""
    return Finding(level=Level.OK, check=check, what=what)


def warn(check: str, what: str, mend: str) -> Finding:
    """It works, but not as it should."""
    return Finding(level=Level.WARN, check=check, what=what, mend=mend)


def fail(check: str, what: str, mend: str) -> Finding:
    """It cannot work like this."""
    return Finding(level=Level.FAIL, check=check, what=what, mend=mend)


def skip(check: str, what: str, mend: str = "") -> Finding:
    """It was not looked at."""
    return Finding(level=Level.SKIP, check=check, what=what, mend=mend)
