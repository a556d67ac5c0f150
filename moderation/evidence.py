"""The signals that a case keeps."""

from __future__ import annotations

from moderation.risks import family, severity_of
from moderation.types import Signal

SIGNALS = 20
"""Signals that a case keeps; beyond it the mildest of the older ones go."""


def merged(known: tuple[Signal, ...], fresh: tuple[Signal, ...]) -> tuple[Signal, ...]:
    """The signals of a case: one for each kind and message, the newest; of a burst one for each
    kind, since each further message's signal counts those before it.
    """
    by_subject = {_subject(signal): signal for signal in (*known, *fresh)}
    kept = list(by_subject.values())
    while len(kept) > SIGNALS:
        kept.remove(min(kept[1:-1], key=lambda signal: (severity_of(signal.kind), signal.score)))
    return tuple(kept)


def _subject(signal: Signal) -> tuple[str, str]:
    burst = signal.related and family(signal.kind) == "spam"
    return signal.kind, "" if burst else signal.message or ""
