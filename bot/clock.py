"""The wall clock, for the process; everything inside is handed one."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """Implements ``moderation.ports.Clock``; a step back of the system's time is waited out."""

    def __init__(self) -> None:
        self._latest = datetime.fromtimestamp(0, UTC)

    def now(self) -> datetime:
        """The present, never earlier than the last answer."""
        self._latest = max(self._latest, datetime.now(UTC))
        return self._latest
