"""Words and phrases that the policy lists, found in folded text, whole words only."""

from __future__ import annotations

from moderation.risks import risk_of
from moderation.rules import Rules
from moderation.text import fold
from moderation.types import Context, Signal, Span


def words(context: Context, rules: Rules) -> Signal | None:
    """``toxicity.phrase`` for a listed phrase, else ``toxicity.word`` for a listed word."""
    for kind, listed in (("toxicity.phrase", rules.phrases), ("toxicity.word", rules.words)):
        if listed is None:
            continue
        spans = _spans(listed, context)
        if spans:
            facts = (("found", len(spans)),)
            return Signal(kind=kind, risk=risk_of(kind), score=0.95, spans=spans, facts=facts)
    return None


def _spans(listed: object, context: Context) -> tuple[Span, ...]:
    matches = [match.span(1) for match in listed.finditer(context.folded)]  # type: ignore[attr-defined]  # re2 is untyped
    if not matches:
        return ()
    folded = fold(context.message.text)
    return tuple(folded.span(start, end) for start, end in matches)
