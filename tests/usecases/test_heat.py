"""A heated exchange makes a case more urgent; it opens none, decides nothing and cools again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogs.cards import Style, embed
from config.locale import LANGUAGES, load_locale
from moderation import heat
from moderation.cases import Joined, advance
from moderation.heat import Said
from moderation.types import (
    ActionKind,
    Author,
    Case,
    Disposition,
    Message,
    MessageId,
    Mode,
    Owner,
    Policy,
    Reason,
    Risk,
    Scores,
    Severity,
    UserId,
    Verdict,
)
from tests.fakes.platform import FakePlatform
from tests.fakes.store import FakeStore
from tests.usecases.desk import NOON, Desk, TickingClock, message
from tests.usecases.test_cases import a_case

RUDE = Scores(toxicity=0.9, insult=0.9)
SHARP = Scores(toxicity=0.4, insult=0.3)
QUARREL = (
    ("tom", "did you even read what I wrote", SHARP),
    ("ann", "I did and it is nonsense", SHARP),
    ("tom", "the nonsense is all yours", SHARP),
    ("ann", "you are a total waste of time", Scores(toxicity=0.59, insult=0.5)),
)


def later(**passed: float) -> datetime:
    return NOON + timedelta(**passed)


@pytest.fixture
def desk() -> Desk:
    return Desk(FakeStore(), FakePlatform(), TickingClock())


async def said(
    desk: Desk, *lines: tuple[str, str, Scores], since: datetime = NOON, every: float = 20, **fields
) -> list[Verdict]:
    """People say something in turn; who is named first speaks at ``since``."""
    verdicts = []
    for number, (who, text, scores) in enumerate(lines):
        desk.says[text] = scores
        at = since + timedelta(seconds=every * number)
        ident = int((at - NOON).total_seconds()) + 100
        one = message(ident, text, author=who, at=at, **fields)
        verdicts.append(await desk.screening.screen(one))
    return verdicts


def minutes(case: Case) -> list[int]:
    return [int(dict(r.facts)["minutes"]) for r in case.reasons if r.code == "heated"]


INSULT = ("tom", "what a fool you are", RUDE)


class TestUrgency:
    async def test_a_rising_exchange_comes_first_in_the_queue(self, desk: Desk) -> None:
        await said(desk, ("bob", "hello fool", RUDE), since=later(minutes=-9), channel="quiet")
        verdicts = await said(desk, *QUARREL, INSULT)
        assert [v.disposition for v in verdicts[:-1]] == [Disposition.ALLOW] * 4
        first, second = await desk.cases()
        assert (first.subject, second.subject) == ("tom", "bob")
        assert (first.severity, second.severity) == (Severity.HIGH, Severity.MEDIUM)
        assert (minutes(first), minutes(second)) == ([2], [])

    async def test_it_changes_nothing_but_the_urgency(self, desk: Desk) -> None:
        calm = (await said(desk, INSULT, channel="quiet"))[0]
        hot = (await said(desk, *QUARREL, INSULT))[-1]
        assert hot.reasons[:-1] == calm.reasons
        assert replace(hot, severity=calm.severity, reasons=calm.reasons) == calm

    async def test_it_never_acts(self) -> None:
        policy = Policy(mode=Mode.ACT)
        desk = Desk(FakeStore(), FakePlatform(), TickingClock(), policy=policy)
        await said(desk, *QUARREL, INSULT)
        assert desk.platform.done == []

    async def test_it_opens_no_case(self, desk: Desk) -> None:
        for n in range(5):
            lines = [(who, f"{text} {n}", scores) for who, text, scores in QUARREL]
            await said(desk, *lines, since=later(minutes=2 * n))
        assert await desk.cases() == []

    async def test_it_is_logged_by_its_code(self, desk: Desk) -> None:
        await said(desk, *QUARREL, INSULT)
        lines = [fields["reasons"] for name, fields in desk.log.lines if name == "decided"]
        assert lines[-1] == "toxicity.insult,heated"

    async def test_the_card_says_it_in_plain_words(self, desk: Desk) -> None:
        await said(desk, *QUARREL, INSULT)
        expected = {
            "en": "The exchange around this message is heated: tension has risen over the last 2 minutes",
            "nl": "Het gesprek rond dit bericht loopt hoog op: de spanning steeg in de laatste 2 minuten",
        }
        for language in LANGUAGES:
            card = embed(desk.platform.cards[1][1], Style(locale=load_locale(language)))
            assert any(expected[language] in (field.value or "") for field in card.fields)

    async def test_what_joins_a_case_brings_its_heat(self, desk: Desk) -> None:
        await said(desk, INSULT, since=later(minutes=-5))
        [case] = await desk.cases()
        assert (case.severity, minutes(case)) == (Severity.MEDIUM, [])
        await said(desk, *QUARREL, INSULT)
        [case] = await desk.cases()
        assert (case.severity, minutes(case)) == (Severity.HIGH, [7])

    async def test_answers_by_reply_and_mention_count_across_others(self, desk: Desk) -> None:
        def spoken(number: int, who: str, text: str, scores: Scores, **fields) -> Message:
            desk.says[text] = scores
            return message(number, text, author=who, at=later(seconds=number), **fields)

        talk = [
            spoken(10, "tom", "your idea is a bad one", SHARP),
            spoken(11, "zoe", "who has the link", Scores()),
            spoken(20, "ann", "and you are worse", SHARP, reply_to=MessageId("000010")),
            spoken(21, "zoe", "thank you", Scores()),
            spoken(30, "tom", "you fool", RUDE, mentions=(UserId("ann"),)),
            spoken(31, "zoe", "found it", Scores()),
            spoken(40, "ann", "you clown", RUDE, mentions=(UserId("tom"),)),
        ]
        for one in talk:
            await desk.screening.screen(one)
        assert {case.subject: minutes(case) for case in await desk.cases()}["ann"] == [1]

    async def test_a_returned_insult_is_part_of_it(self, desk: Desk) -> None:
        desk.says |= {"fool": RUDE, "clown": RUDE, "donkey": RUDE}
        await desk.screening.screen(message(1, "fool", at=later(seconds=1)))
        back = message(2, "you too", author="ann", at=later(seconds=9))
        await desk.screening.screen(replace(back, reply_to=MessageId("000001")))
        nothing = message(3, "same to you", author="zoe", at=later(seconds=11))
        await desk.screening.screen(replace(nothing, reply_to=MessageId("000002")))
        again = message(4, "clown", at=later(seconds=19), mentions=(UserId("ann"),))
        await desk.screening.screen(again)
        cases = {case.subject: case for case in await desk.cases()}
        assert minutes(cases["tom"]) == [1]


class TestNoHeat:
    async def test_one_who_insults_is_no_exchange(self, desk: Desk) -> None:
        await said(desk, *(("tom", f"fool {n}", RUDE) for n in range(5)))
        await said(desk, ("ann", "please stop", Scores()), since=later(minutes=2))
        await said(desk, ("tom", "fool again", RUDE), since=later(minutes=3))
        assert [minutes(case) for case in await desk.cases()] == [[]]

    async def test_who_is_no_party_to_it_is_not_heated(self, desk: Desk) -> None:
        await said(desk, *QUARREL, INSULT)
        await said(desk, ("bob", "fools, all of you", RUDE), since=later(minutes=4))
        assert {c.subject: minutes(c) for c in await desk.cases()} == {"tom": [2], "bob": []}

    async def test_an_exchange_cools_by_calm_words(self, desk: Desk) -> None:
        await said(desk, *QUARREL)
        calm = [
            (who, f"calm {n} {who}", Scores(toxicity=0.03))
            for n in range(5)
            for who in ("tom", "ann")
        ]
        await said(desk, *calm, since=later(seconds=90), every=10)
        await said(desk, INSULT, since=later(minutes=4))
        [case] = await desk.cases()
        assert (case.severity, minutes(case)) == (Severity.MEDIUM, [])

    async def test_an_exchange_cools_by_silence(self, desk: Desk) -> None:
        await said(desk, *QUARREL)
        await said(desk, INSULT, since=later(minutes=9))
        [case] = await desk.cases()
        assert minutes(case) == []

    async def test_where_it_is_as_rough_as_ever_nothing_rises(self, desk: Desk) -> None:
        rough = [("tom", "ann")[n % 2] for n in range(29)]
        await said(desk, *((who, f"rough {n}", SHARP) for n, who in enumerate(rough)), every=25)
        await said(desk, INSULT, since=later(seconds=29 * 25))
        assert [minutes(case) for case in await desk.cases()] == [[]]

    async def test_it_is_a_matter_of_one_channel(self, desk: Desk) -> None:
        await said(desk, *QUARREL, channel="elsewhere")
        await said(desk, INSULT, since=later(minutes=2))
        assert [minutes(case) for case in await desk.cases()] == [[]]

    async def test_degraded_scores_and_bots_take_no_part(self, desk: Desk) -> None:
        mute = [(who, text, None) for who, text, _ in QUARREL]
        await said(desk, *mute, INSULT)  # type: ignore[arg-type]
        for number, (who, text, scores) in enumerate(QUARREL, 500):
            desk.says[text] = scores
            one = message(number, text, at=later(seconds=number))
            bot = Author(id=UserId(who), is_bot=True)
            await desk.screening.screen(replace(one, author=bot))
        await said(desk, INSULT, since=later(seconds=590))
        assert [minutes(case) for case in await desk.cases()] == [[]]

    async def test_what_the_rules_found_without_the_engine_is_not_heated(self) -> None:
        policy = Policy(mode=Mode.QUEUE, words=("heron",))
        desk = Desk(FakeStore(), FakePlatform(), TickingClock(), policy=policy)
        await said(desk, *QUARREL, ("tom", "you heron", None))  # type: ignore[arg-type]
        assert [minutes(case) for case in await desk.cases()] == [[]]

    async def test_a_friendly_message_with_a_link_is_not_heated(self, desk: Desk) -> None:
        invite = ("tom", "join https://discord.gg/elsewhere", Scores(toxicity=0.02))
        await said(desk, *QUARREL, invite)
        [case] = await desk.cases()
        assert (case.severity, minutes(case)) == (Severity.LOW, [])


class TestTheSameAgain:
    async def test_late_or_in_one_go_it_is_the_same(self, desk: Desk) -> None:
        await said(desk, *QUARREL, INSULT)
        again = Desk(FakeStore(), FakePlatform(), TickingClock(at=later(days=3)))
        await said(again, *QUARREL, INSULT, late=True)
        [one], [other] = await desk.cases(), await again.cases()
        assert replace(other, late=False, card_message=None, card_channel=None) == replace(
            one, card_message=None, card_channel=None
        )

    async def test_what_was_judged_before_the_start_is_read_when_it_matters(
        self, desk: Desk
    ) -> None:
        for number, (who, text, scores) in enumerate(QUARREL):
            desk.says[text] = scores
            early = message(number, text, author=who, at=later(seconds=20 * number))
            desk.screening.remember(early)
        assert desk.asked == []
        await said(desk, INSULT, since=later(seconds=80))
        [case] = await desk.cases()
        assert (case.severity, minutes(case)) == (Severity.HIGH, [2])
        assert len(desk.asked) == 5


class TestState:
    @given(
        st.lists(
            st.tuples(st.integers(0, 900), st.floats(0, 1), st.sampled_from(["a", "b", "c"])),
            min_size=1,
            max_size=30,
        )
    )
    def test_the_means_stay_means(self, turns: list[tuple[int, float, str]]) -> None:
        talk = [
            Said(message=message(n, author=who, at=later(seconds=at)), warmth=warmth)
            for n, (at, warmth, who) in enumerate(sorted(turns))
        ]
        tension = heat.Tension(at=talk[0].message.at)
        for one in talk:
            tension = tension.after(one)
            assert 0 <= tension.now < 1
            assert 0 <= tension.before < 1
        found = heat.heat(talk)
        assert found == heat.heat(talk)
        if found:
            assert 1 <= heat.minutes(found) <= heat.SPAN / timedelta(minutes=1)
            assert talk[-1].warmth >= heat.WARM

    def test_one_step_up_and_no_further(self) -> None:
        why = Reason(code="heated", facts=(("minutes", 3),))
        for severity in Severity:
            up, reasons = heat.raised(severity, (), why)
            assert up == min(severity + 1, Severity.CRITICAL)
            assert heat.without_heat(up, reasons) is severity
            assert heat.raised(heat.without_heat(up, reasons), reasons, why) == (up, reasons)
        assert heat.raised(Severity.LOW, (), None) == (Severity.LOW, ())

    def test_heat_hides_nothing_that_is_graver(self) -> None:
        why = Reason(code="heated", facts=(("minutes", 3),))
        case = advance(a_case(recommended=ActionKind.WARN), Joined(at=NOON, heat=why))
        assert case.severity is Severity.HIGH
        graver = Joined(
            at=NOON,
            severity=Severity.HIGH,
            risk=Risk.SAFETY,
            owner=Owner.MODERATORS,
            recommended=ActionKind.TIMEOUT,
        )
        case = advance(case, graver)
        assert (case.recommended, case.risk) == (ActionKind.TIMEOUT, Risk.SAFETY)
        assert case.severity is Severity.CRITICAL
        milder = advance(case, Joined(at=NOON, severity=Severity.MEDIUM, heat=why))
        assert (milder.severity, milder.recommended) == (Severity.CRITICAL, ActionKind.TIMEOUT)
        assert len(milder.reasons) == 1
