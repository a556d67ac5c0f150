"""Mention spam: many people called in a short time, over all channels."""

from __future__ import annotations

from moderation.risks import risk_of
from moderation.rules import Rules
from moderation.types import Context, Message, Signal

_KIND = "spam.mentions"
_MASS = 3
"""What a mention of everyone or of a role counts for."""


def mentions(context: Context, rules: Rules) -> Signal | None:
    """``spam.mentions`` when the author called ``mention_limit`` people within the time."""
    policy, message = rules.policy, context.message
    own = _called(message)
    if not own:
        return None
    since = message.at - policy.mention_within
    recent = tuple(m for m in context.author if m.at >= since and _called(m))
    called = own + sum(_called(m) for m in recent)
    if called < policy.mention_limit:
        return None
    facts = (("mentions", called), ("seconds", int(policy.mention_within.total_seconds())))
    related = tuple(m.id for m in recent)
    return Signal(kind=_KIND, risk=risk_of(_KIND), score=0.85, facts=facts, related=related)


def _called(message: Message) -> int:
    return len(message.mentions) + _MASS * message.mass_mention
