"""Invitations to other servers."""

from __future__ import annotations

import re2

from moderation.risks import risk_of
from moderation.rules import Rules
from moderation.types import Context, Signal, Span

_KIND = "link.invite"
_INVITE = re2.compile(
    r"(?i)(?:discord(?:app)?\.com/invite|discord\.gg|dsc\.gg|discord\.me|discord\.io|invite\.gg)"
    r"/([a-z0-9-]{2,40})"
)


def invites(context: Context, rules: Rules) -> Signal | None:
    """``link.invite`` for each invitation whose code is not allowed."""
    text = context.message.text
    if "/" not in text:
        return None
    found = [m for m in _INVITE.finditer(text) if m.group(1) not in rules.policy.allowed_invites]
    if not found:
        return None
    spans = tuple(Span(start=match.start(), end=match.end()) for match in found)
    facts = (("invites", len(found)),)
    return Signal(kind=_KIND, risk=risk_of(_KIND), score=0.8, spans=spans, facts=facts)
