"""Codes of the core in words of a language. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from config.locale import Locale, places
from moderation.types import ActionKind, Signal, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Names behind the ids of a card, as far as they are known; made inert already.

    A mention would show them, too, but only on screens that happen to know the person.
    """

    channel: str = ""
    people: Mapping[UserId, str] = field(default_factory=dict)

    def of(self, user: UserId | None, locale: Locale) -> str:
        """A person's name, a mention where it is not known, or the bot itself."""
        if not user or user == "system":
            return locale.text("standing.automatic")
        return self.people.get(user) or f"<@{user}>"


def moment(at: datetime, style: str) -> str:
    """A moment that every reader's screen shows in their own time and language.

    ``style`` is Discord's: ``t`` time of day, ``D`` date, ``R`` how long ago.
    """
    return f"<t:{int(at.timestamp())}:{style}>"


def signal_words(kind: str, locale: Locale) -> str:
    """What a signal says in words; a kind without words of its own gets its family's."""
    family = kind.partition(".")[0]
    for key in (f"signal.{kind}", f"signal.{family}.any"):
        if locale.has(key):
            return locale.text(key)
    return locale.text("signal.any")


def signal_count(signal: Signal, locale: Locale) -> str:
    """The numbers behind a signal in words; empty for kinds that are said without any."""
    key = f"numbers.{signal.kind}"
    facts = dict(signal.facts)
    if not locale.has(key) or not places(locale.texts[key]) <= set(facts):
        return ""
    return locale.text(key, **facts)


def failure_words(code: str, locale: Locale) -> str:
    """Why the platform refused, and what to do. ``code`` may end in the platform's number."""
    plain, _, number = code.partition(":")
    key = f"failure.{plain}" if locale.has(f"failure.{plain}") else "failure.unknown"
    return locale.text(key, number=number or plain)


def action_label(
    kind: ActionKind, timeout_for: timedelta, locale: Locale, messages: int = 1
) -> str:
    """An action as a button names it; a removal says how many ``messages`` go."""
    if kind is ActionKind.REMOVE and messages > 1:
        return locale.text("action.label.remove_all", count=messages)
    return locale.text(f"action.label.{kind.value}", duration=duration_words(timeout_for, locale))


def duration_words(duration: timedelta, locale: Locale) -> str:
    """A duration in its largest whole unit: ``1 h``, ``90 min``, ``7 days``."""
    minutes = round(duration.total_seconds() / 60)
    for size, unit in ((1440, "day"), (60, "hour")):
        if minutes >= size and minutes % size == 0:
            return locale.text(f"duration.{unit}", count=minutes // size)
    return locale.text("duration.minute", count=max(1, minutes))
