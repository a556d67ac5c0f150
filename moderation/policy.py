"""``decide``: from signals and scores to a verdict, with a reason for every yes and every no.

Pure. A verdict says what a person should look at and why; it acts by itself only for kinds the
policy names, in mode ``act``, and never when a scorer failed.

Reason codes: every signal's own kind (with its score and facts), and

==================  ========================================================================
``nothing_found``   no rule and no label spoke
``below_queue``     the engine's score is under the bound (facts: score, needed)
``only_profanity``  coarse words that attack nobody
``exempt_staff``    staff are not judged for tone and spam
``exempt_channel``  the channel is not watched
``bot``             another bot or webhook is not judged for tone and spam
``degraded``        the engine failed or ran out of time; only rules spoke
``people_decide``   it would have been enforced, but mode, policy or a failed engine keep it back
``enforced``        the policy lets this kind be removed without a person
==================  ========================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from moderation.risks import family, owner_of, risk_of, severity_of
from moderation.types import (
    ActionKind,
    Band,
    Context,
    Disposition,
    Mode,
    Policy,
    Reason,
    Scores,
    Severity,
    Signal,
    Thresholds,
    Verdict,
)

_PERSONAL = ("threat", "identity_attack", "insult")
"""Labels of an attack; the strongest names a text, and coarse words never hide it."""
_EXEMPTIBLE = frozenset({"toxicity", "spam", "link"})
"""Families that staff and other bots are not judged for; a leaked key counts whoever leaks it."""

_RECOMMENDED = {
    "toxicity.threat": ActionKind.TIMEOUT,
    "toxicity.severe_toxicity": ActionKind.TIMEOUT,
    "toxicity.identity_attack": ActionKind.TIMEOUT,
    "toxicity": ActionKind.WARN,
    "spam.flood": ActionKind.TIMEOUT,
    "spam": ActionKind.REMOVE,
    "link": ActionKind.REMOVE,
    "secret": ActionKind.REMOVE,
    "drift": ActionKind.REDIRECT,
}


def band(score: float, thresholds: Thresholds) -> Band:
    """A score (0-1) in words."""
    if score >= thresholds.likely:
        return Band.LIKELY
    return Band.MAYBE if score >= thresholds.maybe else Band.UNLIKELY


def decide(
    signals: Sequence[Signal],
    scores: Scores | None,
    context: Context,
    policy: Policy,
    *,
    engine: str,
    failed: bool = False,
) -> Verdict:
    """What to do with the message of ``context``.

    ``signals`` are what the rules found, ``scores`` what the engine said (``None`` when it failed,
    which ``failed`` says, too). The verdict's first signal is the leading one.
    """
    tone = _tone(scores, policy.thresholds)
    if not signals and not tone:
        return _nothing(policy, engine, failed)
    found = tuple(sorted((*signals, *tone), key=_weight, reverse=True))
    judged = tuple(signal for signal in found if _exemption(signal, context, policy) is None)
    held = _held_back(tone[0], scores, policy.thresholds) if tone and tone[0] in judged else None
    verdict = Verdict(
        disposition=Disposition.ALLOW,
        reasons=(),
        signals=tuple(signal for signal in judged if held is None or signal not in tone),
        degraded=failed,
        policy_version=policy.version,
        engine=engine,
    )
    return _because(verdict, found, held or _exempt(found, context, policy), policy)


def _nothing(policy: Policy, engine: str, failed: bool) -> Verdict:
    """The answer to most messages."""
    degraded = (Reason(code="degraded"),) if failed else ()
    return Verdict(
        disposition=Disposition.ALLOW,
        reasons=(*degraded, Reason(code="nothing_found")),
        degraded=failed,
        policy_version=policy.version,
        engine=engine,
    )


def _because(
    verdict: Verdict, found: tuple[Signal, ...], no: Reason | None, policy: Policy
) -> Verdict:
    """The verdict with its reasons; ``no`` is why something that was found does not count."""
    degraded = (Reason(code="degraded"),) if verdict.degraded else ()
    named = _led(replace(verdict, signals=verdict.signals or found), policy)
    why = (*(_reason(signal) for signal in named.signals), *((no,) if no else ()), *degraded)
    if not verdict.signals:
        return replace(named, disposition=Disposition.LOG, reasons=why)
    return _queued(named, why, policy)


def _exempt(found: Sequence[Signal], context: Context, policy: Policy) -> Reason | None:
    codes = (_exemption(signal, context, policy) for signal in found)
    return next((Reason(code=code) for code in codes if code is not None), None)


def _queued(verdict: Verdict, why: tuple[Reason, ...], policy: Policy) -> Verdict:
    if verdict.signals[0].kind not in policy.auto_remove:
        return replace(verdict, disposition=Disposition.REVIEW, reasons=why)
    if policy.mode is not Mode.ACT or verdict.degraded:
        why = (*why, Reason(code="people_decide"))
        return replace(verdict, disposition=Disposition.REVIEW, reasons=why)
    return replace(
        verdict,
        disposition=Disposition.ENFORCE,
        reasons=(*why, Reason(code="enforced")),
        recommended=ActionKind.REMOVE,
    )


def _led(verdict: Verdict, policy: Policy) -> Verdict:
    leading = verdict.signals[0]
    risk = risk_of(leading.kind)
    return replace(
        verdict,
        severity=_severity(leading, policy.thresholds),
        risk=risk,
        owner=owner_of(risk),
        score=leading.score,
        band=band(leading.score, policy.thresholds),
        recommended=_RECOMMENDED.get(leading.kind, _RECOMMENDED.get(family(leading.kind))),
    )


def _tone(scores: Scores | None, thresholds: Thresholds) -> tuple[Signal, ...]:
    if scores is None or scores.toxicity < min(thresholds.maybe, thresholds.queue):
        return ()
    label = _label(scores, thresholds)
    kind = f"toxicity.{label}"
    facts = (("label", label), ("label_score", round(getattr(scores, label), 4)))
    return (Signal(kind=kind, risk=risk_of(kind), score=scores.toxicity, facts=facts),)


def _label(scores: Scores, thresholds: Thresholds) -> str:
    if scores.severe_toxicity >= thresholds.severe:
        return "severe_toxicity"
    strongest = max(_PERSONAL, key=lambda label: float(getattr(scores, label)))
    for label in (strongest, "obscene"):
        if getattr(scores, label) >= _SAYS_WHICH:
            return label
    return "toxicity"


_SAYS_WHICH = 0.5
"""A label under even odds does not say what kind of toxicity it is."""


def _weight(signal: Signal) -> tuple[int, float]:
    return severity_of(signal.kind), signal.score


def _severity(signal: Signal, thresholds: Thresholds) -> Severity:
    base = severity_of(signal.kind)
    unsure = family(signal.kind) == "toxicity" and signal.score < thresholds.likely
    return Severity(base - 1) if unsure and base > Severity.LOW else base


def _exemption(signal: Signal, context: Context, policy: Policy) -> str | None:
    message = context.message
    if message.channel in policy.exempt_channels or message.parent in policy.exempt_channels:
        return "exempt_channel"
    if family(signal.kind) not in _EXEMPTIBLE:
        return None
    if message.author.is_bot or message.author.webhook:
        return "bot"
    return "exempt_staff" if policy.exempt_staff and message.author.staff else None


def _held_back(tone: Signal, scores: Scores | None, thresholds: Thresholds) -> Reason | None:
    """Why what the engine said does not open a case. What the rules found is not its business."""
    if tone.score < thresholds.queue:
        facts = (("score", round(tone.score, 4)), ("needed", thresholds.queue))
        return Reason(code="below_queue", facts=facts)
    if tone.kind == "toxicity.obscene" and scores is not None and _attacks_nobody(scores):
        return Reason(code="only_profanity", facts=(("insult", round(scores.insult, 4)),))
    return None


def _attacks_nobody(scores: Scores) -> bool:
    attacks = (scores.insult, scores.threat, scores.identity_attack, scores.severe_toxicity)
    return max(attacks) < _SAYS_WHICH


def _reason(signal: Signal) -> Reason:
    return Reason(code=signal.kind, facts=(("score", round(signal.score, 4)), *signal.facts))


__all__ = ("band", "decide", "family")
