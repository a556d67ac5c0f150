"""``decide``: what is queued, what is not, and that each says why."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.policy import band, decide
from moderation.risks import owner_of, risk_of
from moderation.types import (
    LABELS,
    ActionKind,
    Author,
    Band,
    ChannelId,
    Disposition,
    Mode,
    Owner,
    Policy,
    Risk,
    Scores,
    Severity,
    Signal,
    Thresholds,
    UserId,
    Verdict,
)
from moderation.window import Window
from tests.moderation.people import message

POLICY = Policy(version="p1", mode=Mode.QUEUE)
INVITE = Signal(kind="link.invite", risk=Risk.FORUM, score=0.8)
SECRET = Signal(kind="secret.aws_access_key", risk=Risk.DATA, score=0.99)


def verdict(
    scores: Scores | None,
    *signals: Signal,
    policy: Policy = POLICY,
    staff: bool = False,
    bot: bool = False,
) -> Verdict:
    one = message("text", staff=staff)
    if bot:
        one = replace(one, author=Author(id=UserId("helper"), is_bot=True))
    context = Window().see(one)
    return decide(signals, scores, context, policy, engine="test@1", failed=scores is None)


def codes(answer: Verdict) -> list[str]:
    return [reason.code for reason in answer.reasons]


def test_ordinary_talk_is_allowed_and_says_so() -> None:
    answer = verdict(Scores(toxicity=0.02))
    assert (answer.disposition, codes(answer)) == (Disposition.ALLOW, ["nothing_found"])
    assert (answer.policy_version, answer.engine) == ("p1", "test@1")


@pytest.mark.parametrize(
    ("scores", "kind", "severity", "action"),
    [
        (Scores(toxicity=0.93, insult=0.9), "toxicity.insult", Severity.MEDIUM, ActionKind.WARN),
        (Scores(toxicity=0.7, insult=0.7), "toxicity.insult", Severity.LOW, ActionKind.WARN),
        (Scores(toxicity=0.9, threat=0.8), "toxicity.threat", Severity.HIGH, ActionKind.TIMEOUT),
        (
            Scores(toxicity=0.99, severe_toxicity=0.97, insult=0.9),
            "toxicity.severe_toxicity",
            Severity.HIGH,
            ActionKind.TIMEOUT,
        ),
        (Scores(toxicity=0.9, insult=0.3), "toxicity.toxicity", Severity.MEDIUM, ActionKind.WARN),
        (
            Scores(toxicity=0.9, obscene=0.95, insult=0.8),
            "toxicity.insult",
            Severity.MEDIUM,
            ActionKind.WARN,
        ),
    ],
)
def test_toxic_talk_is_queued_with_its_kind(
    scores: Scores, kind: str, severity: Severity, action: ActionKind
) -> None:
    answer = verdict(scores)
    assert answer.disposition is Disposition.REVIEW
    assert answer.signals[0].kind == kind
    assert (answer.severity, answer.recommended) == (severity, action)
    assert codes(answer) == [kind]


def test_friendly_swearing_is_noted_and_not_queued() -> None:
    answer = verdict(Scores(toxicity=0.9, obscene=0.95, insult=0.2))
    assert answer.disposition is Disposition.LOG
    assert codes(answer)[-1] == "only_profanity"


def test_between_maybe_and_the_queue_it_is_logged_with_the_numbers() -> None:
    strict = replace(POLICY, thresholds=Thresholds(maybe=0.5, queue=0.8))
    answer = verdict(Scores(toxicity=0.6, insult=0.6), policy=strict)
    assert answer.disposition is Disposition.LOG
    assert dict(answer.reasons[-1].facts) == {"score": 0.6, "needed": 0.8}


def test_staff_and_bots_are_exempt_from_tone_but_not_from_leaks() -> None:
    for who in ({"staff": True}, {"bot": True}):
        tone = verdict(Scores(toxicity=0.95, insult=0.9), **who)
        assert tone.disposition is Disposition.LOG
        assert codes(tone)[-1] in {"exempt_staff", "bot"}
        leak = verdict(Scores(toxicity=0.95, insult=0.9), SECRET, **who)
        assert leak.disposition is Disposition.REVIEW
        assert [signal.kind for signal in leak.signals] == [SECRET.kind]
    strict = replace(POLICY, exempt_staff=False)
    queued = verdict(Scores(toxicity=0.95, insult=0.9), policy=strict, staff=True)
    assert queued.disposition is Disposition.REVIEW


def test_an_exempt_channel_is_exempt_from_everything() -> None:
    policy = replace(POLICY, exempt_channels=frozenset({ChannelId("general")}))
    answer = verdict(Scores(toxicity=0.95, insult=0.9), SECRET, policy=policy)
    assert (answer.disposition, codes(answer)[-1]) == (Disposition.LOG, "exempt_channel")


def test_the_gravest_signal_leads_and_names_risk_and_owner() -> None:
    answer = verdict(Scores(toxicity=0.7, insult=0.7), INVITE, SECRET)
    assert answer.signals[0] is SECRET
    assert (answer.risk, answer.owner) == (Risk.DATA, Owner.SECURITY)
    assert codes(answer)[0] == SECRET.kind


def test_without_the_engine_rules_still_speak_and_it_is_said() -> None:
    assert codes(verdict(None)) == ["degraded", "nothing_found"]
    answer = verdict(None, INVITE)
    assert (answer.disposition, answer.degraded) == (Disposition.REVIEW, True)
    assert codes(answer) == ["link.invite", "degraded"]


def test_only_what_the_policy_names_acts_alone_and_only_in_mode_act() -> None:
    listed = replace(POLICY, auto_remove=frozenset({INVITE.kind}))
    assert codes(verdict(Scores(), INVITE, policy=listed))[-1] == "people_decide"
    acting = replace(listed, mode=Mode.ACT)
    enforced = verdict(Scores(), INVITE, policy=acting)
    assert (enforced.disposition, enforced.recommended) == (
        Disposition.ENFORCE,
        ActionKind.REMOVE,
    )
    assert verdict(None, INVITE, policy=acting).disposition is Disposition.REVIEW
    assert verdict(Scores(), SECRET, policy=acting).disposition is Disposition.REVIEW


def test_a_low_score_of_an_unknown_language_says_nothing_and_opens_nothing() -> None:
    answer = verdict(Scores(toxicity=0.02, language="pl", unsure=True))
    assert (answer.disposition, codes(answer)) == (Disposition.ALLOW, ["nothing_found", "unsure"])
    assert answer.reasons[-1].facts == (("language", "pl"),)
    assert "unsure" not in codes(verdict(Scores(toxicity=0.02)))


def test_what_a_rule_finds_in_an_unknown_language_says_so_and_may_act() -> None:
    acting = replace(POLICY, auto_remove=frozenset({INVITE.kind}), mode=Mode.ACT)
    answer = verdict(Scores(unsure=True), INVITE, policy=acting)
    assert answer.disposition is Disposition.ENFORCE
    assert dict(answer.signals[0].facts)["language"] == "und"
    assert codes(answer) == ["link.invite", "enforced", "unsure"]


def test_a_high_score_of_an_unknown_language_is_queued_and_never_acts() -> None:
    scores = Scores(toxicity=0.95, insult=0.9)
    acting = replace(POLICY, auto_remove=frozenset({"toxicity.insult"}), mode=Mode.ACT)
    assert verdict(scores, policy=acting).disposition is Disposition.ENFORCE
    answer = verdict(replace(scores, language="pl", unsure=True), policy=acting)
    assert (answer.disposition, answer.score) == (Disposition.REVIEW, 0.95)
    assert codes(answer) == ["toxicity.insult", "people_decide", "unsure"]


@pytest.mark.parametrize("code", ["PL", "pol", "", "p1", "é1"])
def test_a_language_is_a_code(code: str) -> None:
    with pytest.raises(ValueError, match="ISO 639-1"):
        Scores(language=code, unsure=True)


def test_a_language_is_named_only_where_the_engine_is_unsure() -> None:
    with pytest.raises(ValueError, match="unsure"):
        Scores(language="pl")
    with pytest.raises(ValueError, match="unsure"):
        replace(Scores(language="pl", unsure=True), unsure=False)
    assert Scores(unsure=True).language is None


def test_bands_have_closed_lower_bounds() -> None:
    bounds = Thresholds(likely=0.8, maybe=0.5)
    assert [band(score, bounds) for score in (0.8, 0.79, 0.5, 0.49)] == [
        Band.LIKELY,
        Band.MAYBE,
        Band.MAYBE,
        Band.UNLIKELY,
    ]


def test_every_risk_has_an_owner_and_unknown_kinds_a_risk() -> None:
    assert {owner_of(risk) for risk in Risk} <= set(Owner)
    assert risk_of("something.new") is Risk.FORUM


_share = st.floats(0, 1)
_order = list(Disposition)


@given(st.fixed_dictionaries(dict.fromkeys(LABELS, _share)), _share)
def test_more_toxicity_never_means_less_attention(parts: dict[str, float], more: float) -> None:
    less = Scores(**parts)
    worse = replace(less, toxicity=max(less.toxicity, more))
    assert _order.index(verdict(worse).disposition) >= _order.index(verdict(less).disposition)


@given(st.fixed_dictionaries(dict.fromkeys(LABELS, _share)))
def test_every_verdict_has_a_reason(parts: dict[str, float]) -> None:
    answer = verdict(Scores(**parts))
    assert answer.reasons
    assert answer.disposition is not Disposition.ENFORCE
