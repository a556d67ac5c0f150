"""The rule detectors: one file each, none knows another, ``ALL`` names them.

A detector is a pure function ``(Context, Rules) -> Signal | None``. It looks for a cheap hint
first, so that an ordinary message costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from moderation.detectors.duplicates import duplicates
from moderation.detectors.flood import flood
from moderation.detectors.invites import invites
from moderation.detectors.links import links
from moderation.detectors.mentions import mentions
from moderation.detectors.patterns import patterns
from moderation.detectors.secret import secret
from moderation.detectors.words import words
from moderation.rules import Rules
from moderation.types import Context, Signal

Detector = Callable[[Context, Rules], Signal | None]

ALL: tuple[Detector, ...] = (
    secret,
    links,
    invites,
    words,
    patterns,
    flood,
    duplicates,
    mentions,
)
"""Every detector that runs, in the order in which their signals are listed."""

__all__ = ("ALL", "Detector", "Rules")
