"""Regular expressions that people wrote, on a linear-time engine."""

from __future__ import annotations

from moderation.risks import risk_of
from moderation.rules import Rules
from moderation.text import fold
from moderation.types import Context, Signal, Span

_KIND = "toxicity.pattern"


def patterns(context: Context, rules: Rules) -> Signal | None:
    """``toxicity.pattern`` for the first pattern found, in the original or the folded text."""
    for number, pattern in enumerate(rules.patterns, 1):
        span = _found(pattern, context)
        if span is not None:
            facts = (("pattern", number),)
            return Signal(kind=_KIND, risk=risk_of(_KIND), score=0.95, spans=(span,), facts=facts)
    return None


def _found(pattern: object, context: Context) -> Span | None:
    plain = pattern.search(context.message.text)  # type: ignore[attr-defined]  # re2 is untyped
    if plain is not None and plain.end() > plain.start():
        return Span(start=plain.start(), end=plain.end())
    hidden = pattern.search(context.folded)  # type: ignore[attr-defined]  # as above
    if hidden is not None and hidden.end() > hidden.start():
        return fold(context.message.text).span(hidden.start(), hidden.end())
    return None
