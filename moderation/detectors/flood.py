"""Many messages of one author in a short time, over all channels."""

from __future__ import annotations

from moderation.risks import risk_of
from moderation.rules import Rules
from moderation.types import Context, Signal

_KIND = "spam.flood"


def flood(context: Context, rules: Rules) -> Signal | None:
    """``spam.flood`` from the ``flood_messages``-th message within ``flood_within`` on."""
    policy, message = rules.policy, context.message
    if len(context.author) + 1 < policy.flood_messages:
        return None
    since = message.at - policy.flood_within
    burst = tuple(m for m in context.author if m.at >= since)
    if len(burst) + 1 < policy.flood_messages:
        return None
    facts = (
        ("messages", len(burst) + 1),
        ("seconds", int(policy.flood_within.total_seconds())),
        ("channels", len({m.channel for m in (*burst, message)})),
    )
    related = tuple(m.id for m in burst)
    return Signal(kind=_KIND, risk=risk_of(_KIND), score=0.9, facts=facts, related=related)
