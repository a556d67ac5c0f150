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
``people_decide``   it would have been enforced, but mode, policy or a failed or unsure engine keep
                    it back
``enforced``        the policy lets this kind be removed without a person
``unsure``          the engine does not know the text's language: a low score says nothing, a high
                    one counts but never enforces (facts: language, ISO 639-1 or ``und``)
``answering``       a short reply takes up the attack that it answers (facts: answers)
``split``           the text was split over several messages (facts: pieces, glued)
``heated``          the case is more urgent since the exchange is heated (facts: minutes, from)
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
    Facts,
    Joint,
    Message,
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

_READ_TOGETHER = frozenset({"answers", "pieces"})
"""Facts of signals that rest on more than the message: people decide about those."""

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
    joint: Joint | None = None,
) -> Verdict:
    """What to do with the message of ``context``.

    ``signals`` are what the rules found, ``scores`` what the engine said (``None`` when it failed,
    which ``failed`` says, too); those of ``joint`` count instead where the message was read
    together with others. The verdict's first signal is the leading one.
    """
    scores = joint.scores if joint else scores
    foreign = foreign_facts(scores)
    signals = [_with(signal, foreign) for signal in signals]
    tone = tuple(_with(signal, foreign) for signal in _tone(scores, policy.thresholds, joint))
    unsure = (Reason(code="unsure", facts=foreign),) if foreign else ()
    if not signals and not tone:
        return _nothing(policy, engine, failed, unsure)
    found = tuple(sorted((*signals, *tone), key=_weight, reverse=True))
    judged = tuple(
        signal for signal in found if _exemption(signal, context.message, policy) is None
    )
    held = _held_back(tone[0], scores, policy.thresholds) if tone and tone[0] in judged else None
    verdict = Verdict(
        disposition=Disposition.ALLOW,
        reasons=(),
        signals=tuple(signal for signal in judged if held is None or signal not in tone),
        degraded=failed,
        policy_version=policy.version,
        engine=engine,
    )
    answer = _because(verdict, found, held or _exempt(found, context, policy), policy)
    return replace(answer, reasons=(*answer.reasons, *unsure, *((joint.reason,) if joint else ())))


def foreign_facts(scores: Scores | None) -> Facts:
    """What the signals of a text say where the engine does not know its language."""
    if scores is None or not scores.unsure:
        return ()
    return (("language", scores.language or "und"),)


def attack(message: Message, scores: Scores, policy: Policy) -> Signal | None:
    """What the engine's scores of a message say of it, if that alone would open a case."""
    tone = _tone(scores, policy.thresholds)
    if not tone or _held_back(tone[0], scores, policy.thresholds) is not None:
        return None
    return tone[0] if _exemption(tone[0], message, policy) is None else None


def _with(signal: Signal, facts: Facts) -> Signal:
    return replace(signal, facts=(*signal.facts, *facts)) if facts else signal


def _nothing(policy: Policy, engine: str, failed: bool, unsure: tuple[Reason, ...]) -> Verdict:
    """The answer to most messages."""
    degraded = (Reason(code="degraded"),) if failed else ()
    return Verdict(
        disposition=Disposition.ALLOW,
        reasons=(*degraded, Reason(code="nothing_found"), *unsure),
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
    codes = (_exemption(signal, context.message, policy) for signal in found)
    return next((Reason(code=code) for code in codes if code is not None), None)


def _queued(verdict: Verdict, why: tuple[Reason, ...], policy: Policy) -> Verdict:
    if verdict.signals[0].kind not in policy.auto_remove:
        return replace(verdict, disposition=Disposition.REVIEW, reasons=why)
    if policy.mode is not Mode.ACT or verdict.degraded or _is_guess(verdict.signals[0]):
        why = (*why, Reason(code="people_decide"))
        return replace(verdict, disposition=Disposition.REVIEW, reasons=why)
    return replace(
        verdict,
        disposition=Disposition.ENFORCE,
        reasons=(*why, Reason(code="enforced")),
        recommended=ActionKind.REMOVE,
    )


def _is_guess(signal: Signal) -> bool:
    """Whether it rests on more than the message, or is the score of a text in another language."""
    names = {name for name, _ in signal.facts}
    return not names.isdisjoint(_READ_TOGETHER) or names >= {"label_score", "language"}


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


def _tone(
    scores: Scores | None, thresholds: Thresholds, joint: Joint | None = None
) -> tuple[Signal, ...]:
    if scores is None or scores.toxicity < min(thresholds.maybe, thresholds.queue):
        return ()
    label = _label(scores, thresholds)
    kind = f"toxicity.{label}"
    facts = (("label", label), ("label_score", round(getattr(scores, label), 4)))
    together, related = (joint.reason.facts, joint.related) if joint else ((), ())
    return (
        Signal(
            kind=kind,
            risk=risk_of(kind),
            score=scores.toxicity,
            facts=(*facts, *together),
            related=related,
        ),
    )


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


def _exemption(signal: Signal, message: Message, policy: Policy) -> str | None:
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


__all__ = ("attack", "band", "decide", "family", "foreign_facts")
