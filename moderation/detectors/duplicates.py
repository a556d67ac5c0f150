"""The same text again and again: by one author over channels, or by several accounts."""

from __future__ import annotations

from moderation.risks import risk_of
from moderation.rules import Rules
from moderation.types import Context, Message, Signal

_KIND = "spam.duplicate"
_WORTH_REPEATING = 12
"""Folded characters from which on one author's repeats count; shorter ones are ok and thanks."""
_NOBODY_SAYS_BY_CHANCE = 40
"""Folded characters from which on several people do not write the same by chance."""


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
    size = len(context.folded)
    if size >= _NOBODY_SAYS_BY_CHANCE or "://" in context.message.text:
        return tuple(recent)
    if size >= _WORTH_REPEATING:
        return tuple(m for m in recent if m.author.id == context.message.author.id)
    return ()


def _signal(messages: tuple[Message, ...]) -> Signal:
    facts = (
        ("messages", len(messages)),
        ("channels", len({m.channel for m in messages})),
        ("accounts", len({m.author.id for m in messages})),
    )
    related = tuple(m.id for m in messages[:-1])
    return Signal(kind=_KIND, risk=risk_of(_KIND), score=0.9, facts=facts, related=related)
