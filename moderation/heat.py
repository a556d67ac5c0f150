"""A heated exchange: tension that rises while people answer one another.

It says how urgent a case is, never whether there is one: severity goes up by a step, with the
reason ``heated``; disposition, risk, owner and recommendation stay what they are.

The state is folded over what those who answer one another said lately in a channel, on their own
time: two decaying means of its warmth, a quick one (how it is now) and a slow one (how it was
before). It is a pure function of at most a window's length of messages and is only asked for a
message that is queued anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import reduce
from math import ceil

from moderation.types import Message, MessageId, Reason, Severity, UserId, Verdict

CODE = "heated"

_AuthorOf = Callable[[MessageId], UserId | None]

SPAN = timedelta(minutes=15)
"""How far back an exchange is looked at: five of the quick mean's half-lives and more."""

QUICK, SLOW = timedelta(minutes=2), timedelta(minutes=10)
"""The half-lives of the means: a few turns of a live chat, and what the room was like before."""

CALM_QUICK, CALM_SLOW = 2.0, 8.0
"""So many calm messages are added to each mean: silence cools, and people of whom nothing is known
are taken to have been calm."""

HOT = 0.4
"""The quick mean from which an exchange is heated: three turns in a row at the queue's bound reach
0.57, one such message among ten calm ones 0.09."""

RISE = 0.1
"""How far the quick mean must be above the slow one: where it is as rough as ever nothing rises."""

WARM = 0.5
"""The warmth of a message that is part of an exchange: half of what the queue asks for."""

ALOUD = timedelta(minutes=2)
"""How long a message counts as an answer to the one just before it, without a reply or mention."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A message and how warm it is: 0 for friendly, 1 from the queue's bound on."""

    message: Message
    warmth: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tension:
    """The state: sums of warmth and of weight, decayed to ``at``."""

    at: datetime
    quick: float = 0.0
    quick_weight: float = CALM_QUICK
    slow: float = 0.0
    slow_weight: float = CALM_SLOW

    def after(self, said: Said) -> Tension:
        """The state after one more message, which is not earlier than the state."""
        passed = said.message.at - self.at
        quick, slow = 0.5 ** (passed / QUICK), 0.5 ** (passed / SLOW)
        return Tension(
            at=said.message.at,
            quick=self.quick * quick + said.warmth,
            quick_weight=CALM_QUICK + (self.quick_weight - CALM_QUICK) * quick + 1,
            slow=self.slow * slow + said.warmth,
            slow_weight=CALM_SLOW + (self.slow_weight - CALM_SLOW) * slow + 1,
        )

    @property
    def now(self) -> float:
        """The quick mean, 0-1."""
        return self.quick / self.quick_weight

    @property
    def before(self) -> float:
        """The slow mean, 0-1."""
        return self.slow / self.slow_weight


def heat(said: Sequence[Said]) -> Reason | None:
    """Why the exchange that the last message belongs to is heated; ``None`` when it is not.

    ``said`` are the channel's messages in the order of time. The reason has the minutes (whole, at
    least 1) for which it has been going on.
    """
    newest = said[-1].message
    recent = [one for one in said if newest.at - one.message.at <= SPAN]
    parties = _parties(recent)
    theirs = [one for one in recent if one.message.author.id in parties]
    if not theirs:
        return None
    tension = reduce(Tension.after, theirs, Tension(at=theirs[0].message.at))
    if tension.now < HOT or tension.now - tension.before < RISE:
        return None
    since = next(one.message.at for one in theirs if one.warmth >= WARM)
    minutes = max(1, ceil((newest.at - since) / timedelta(minutes=1)))
    return Reason(code=CODE, facts=(("minutes", minutes),))


def _parties(recent: Sequence[Said]) -> frozenset[UserId]:
    """The last message's author and those with whom they trade warm words, both answering."""
    author = recent[-1].message.author.id
    names = {one.message.id: one.message.author.id for one in recent}
    answered: set[UserId] = set()
    answering: set[UserId] = set()
    for before, one in zip((None, *recent), recent, strict=False):
        to = _answers(one.message, before.message if before else None, names.get)
        if one.warmth >= WARM and one.message.author.id == author:
            answered |= to
        elif one.warmth >= WARM and author in to:
            answering.add(one.message.author.id)
    others = answered & answering
    return frozenset({author, *others}) if others else frozenset()


def _answers(message: Message, before: Message | None, author_of: _AuthorOf) -> set[UserId]:
    """Whom a message answers: by reply and mention, else whoever wrote just before it."""
    named = {*message.mentions}
    if message.reply_to is not None:
        named |= {who for who in (author_of(message.reply_to),) if who}
    if not named and before is not None and message.at - before.at <= ALOUD:
        named = {before.author.id}
    return named - {message.author.id}


def heated(verdict: Verdict, reason: Reason) -> Verdict:
    """The verdict with its case a step further up in the queue."""
    severity, reasons = raised(verdict.severity, verdict.reasons, reason)
    return replace(verdict, severity=severity, reasons=reasons)


def raised(
    severity: Severity, reasons: Sequence[Reason], heat: Reason | None
) -> tuple[Severity, tuple[Reason, ...]]:
    """A severity and its reasons with what heat adds; the reason keeps where it was raised from."""
    others = tuple(reason for reason in reasons if reason.code != CODE)
    if heat is None:
        return severity, others
    facts = (("minutes", minutes(heat)), ("from", severity.value))
    up = Severity(min(severity + 1, Severity.CRITICAL))
    return up, (*others, Reason(code=CODE, facts=facts))


def heat_of(reasons: Sequence[Reason]) -> Reason | None:
    """What is said of heat among the reasons."""
    return next((reason for reason in reasons if reason.code == CODE), None)


def without_heat(severity: Severity, reasons: Sequence[Reason]) -> Severity:
    """How grave the content is by itself."""
    heat = heat_of(reasons)
    return Severity(int(dict(heat.facts)["from"])) if heat else severity


def minutes(heat: Reason) -> int:
    """For how long the exchange has been going on."""
    return int(dict(heat.facts)["minutes"])
