"""Words and phrases that the policy lists, found in folded text, whole words only."""

from __future__ import annotations

from typing import Any

from moderation.risks import risk_of
from moderation.rules import Listed, Rules
from moderation.text import Folded, fold, readings
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


def _spans(listed: Listed, context: Context) -> tuple[Span, ...]:
    """Where the text has them, in its usual reading or else in the first other one that does."""
    text = context.message.text
    if listed.usual.search(context.folded):
        return _found(listed.usual, fold(text))
    return next(filter(None, (_found(listed.stretched, one) for one in readings(text))), ())


def _found(pattern: Any, read: Folded) -> tuple[Span, ...]:
    matches = pattern.finditer(read.text)
    return tuple(read.span(*match.span(match.lastindex)) for match in matches)
