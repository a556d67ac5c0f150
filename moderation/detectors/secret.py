"""Keys and tokens that open something: found by their issuer's published form.

The forms are those the issuers document for secret scanning (AWS, GitHub, GitLab, Slack, Stripe,
Discord, Google, npm, PEM private keys). The value is never repeated, only where it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import re2

from moderation.risks import risk_of
from moderation.rules import Rules
from moderation.types import Context, Signal, Span

_FORMS: Mapping[str, Any] = {
    "secret.aws_access_key": re2.compile(r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b"),
    "secret.github_token": re2.compile(
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{60,255})\b"
    ),
    "secret.gitlab_token": re2.compile(r"\bglpat-[A-Za-z0-9_-]{20,255}"),
    "secret.slack_token": re2.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{10,250}"),
    "secret.stripe_key": re2.compile(r"\b(?:sk|rk)_live_[A-Za-z0-9]{16,250}\b"),
    "secret.discord_token": re2.compile(
        r"\b[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}\b"
    ),
    "secret.google_api_key": re2.compile(r"\bAIza[A-Za-z0-9_-]{35}"),
    "secret.npm_token": re2.compile(r"\bnpm_[A-Za-z0-9]{36}\b"),
    "secret.private_key": re2.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
}

_HINT = re2.compile(
    r"AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|k_live_|AIza|npm_|PRIVATE KEY"
    r"|[MNO][A-Za-z0-9_-]{23,27}\."
)
_SHORTEST = 20
_OPEN_ENDED = "secret.private_key"  # its form is only the line that the key begins with


def secret(context: Context, _rules: Rules) -> Signal | None:
    """The first form found, with the spans of all its values."""
    text = context.message.text
    if len(text) < _SHORTEST or _HINT.search(text) is None:
        return None
    for kind, form in _FORMS.items():
        spans = tuple(Span(start=m.start(), end=m.end()) for m in form.finditer(text))
        if spans:
            facts = (("found", len(spans)),)
            return Signal(kind=kind, risk=risk_of(kind), score=0.99, spans=spans, facts=facts)
    return None


def covers(text: str) -> tuple[Span, ...]:
    """Where secrets stand in any text, a private key to its end: what every copy must cover."""
    if len(text) < _SHORTEST or _HINT.search(text) is None:
        return ()
    return tuple(
        Span(start=m.start(), end=len(text) if kind == _OPEN_ENDED else m.end())
        for kind, form in _FORMS.items()
        for m in form.finditer(text)
    )
