"""The same text again and again: by one author over channels, or by several accounts."""

from __future__ import annotations

import re

from moderation.risks import risk_of
from moderation.rules import Rules
from moderation.types import Context, Message, Signal

_KIND = "spam.duplicate"
_WORTH_REPEATING = 12
"""Folded characters from which on one author's repeats count; shorter ones are ok and thanks."""
_NOBODY_SAYS_BY_CHANCE = 40
"""Folded characters from which on several people do not write the same by chance."""
_NOBODY_SAYS_ABOUT_A_LINK = 20
"""The same for the words around a link; a link alone is what people pass on (a gif, a release)."""
_LINK = re.compile(r"https?://[^\s<>]+")


def duplicates(context: Context, rules: Rules) -> Signal | None:
    """``spam.duplicate`` from the ``duplicate_messages``-th time within ``duplicate_within`` on."""
    policy = rules.policy
    if len(context.same_text) + 1 < policy.duplicate_messages:
        return None
    since = context.message.at - policy.duplicate_within
    recent = [m for m in context.same_text if m.at >= since]
    repeats = _counted(context, recent)
    if len(repeats) + 1 < policy.duplicate_messages:
        return None
    return _signal((*repeats, context.message))


def _counted(context: Context, recent: list[Message]) -> tuple[Message, ...]:
    if _is_no_chance(context.folded):
        return tuple(recent)
    if len(context.folded) >= _WORTH_REPEATING:
        return tuple(m for m in recent if m.author.id == context.message.author.id)
    return ()


def _is_no_chance(folded: str) -> bool:
    if "://" not in folded:
        return len(folded) >= _NOBODY_SAYS_BY_CHANCE
    around = " ".join(_LINK.sub(" ", folded).split())
    return len(around) >= _NOBODY_SAYS_ABOUT_A_LINK


def _signal(messages: tuple[Message, ...]) -> Signal:
    facts = (
        ("messages", len(messages)),
        ("channels", len({m.channel for m in messages})),
        ("accounts", len({m.author.id for m in messages})),
    )
    related = tuple(m.id for m in messages[:-1])
    return Signal(kind=_KIND, risk=risk_of(_KIND), score=0.9, facts=facts, related=related)
