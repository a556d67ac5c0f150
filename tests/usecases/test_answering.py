"""A short reply is read with the message that it answers; nobody else's tone is pinned on anybody."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from cogs.cards import Style, embed
from config.locale import LANGUAGES, load_locale
from moderation.answering import FACTOR
from moderation.types import (
    Author,
    CaseState,
    Deleted,
    Disposition,
    MessageId,
    Mode,
    Policy,
    Scores,
    UserId,
    Verdict,
)
from tests.fakes.platform import FakePlatform
from tests.fakes.store import FakeStore
from tests.usecases.desk import GUILD, NOON, RUDE, Desk, TickingClock, click, message

INSULT = "you are an idiot"
DEATH_WISH = "somebody should shoot him"
THREAT = Scores(toxicity=0.95, threat=0.9)


def later(**passed: float) -> datetime:
    return NOON + timedelta(**passed)


@pytest.fixture
def desk() -> Desk:
    desk = Desk(FakeStore(), FakePlatform(), TickingClock())
    desk.says[DEATH_WISH] = THREAT
    return desk


async def answered(
    desk: Desk, parent: str, reply: str, *, by: str = "ann", number: int = 2
) -> Verdict:
    """The verdict on a reply to tom."""
    await desk.screening.screen(message(1, parent))
    one = message(number, reply, author=by, at=later(seconds=9), reply_to=MessageId("000001"))
    return await desk.screening.screen(one)


class TestWhatIsTakenUp:
    @pytest.mark.parametrize(
        "reply",
        [
            *("you too", "No u!!", "right back at you", "same to you", "you too buddy lol"),
            *("jij ook", "zelf", "nou, jij zelf", "du auch", "selber!", "toi-même !", "tú más"),
            *("+1", "agreed", "this", "EXACTLY", "\U0001f44d", "mee eens", "genau", "así es"),
            *("y\u200bou t\u043eo", "<@77> you too"),
        ],
    )
    async def test_an_attack_goes_back_or_is_shared(self, desk: Desk, reply: str) -> None:
        verdict = await answered(desk, INSULT, reply)
        assert verdict.disposition is Disposition.REVIEW
        assert verdict.signals[0].kind == "toxicity.insult"
        assert verdict.score == pytest.approx(FACTOR * RUDE.toxicity)
        assert verdict.reasons[-1].code == "answering"
        assert dict(verdict.reasons[-1].facts) == {"answers": "000001"}

    @pytest.mark.parametrize("reply", ["do it", "just do it", "doe maar", "hazlo", "mach's"])
    async def test_a_threat_is_urged_on(self, desk: Desk, reply: str) -> None:
        verdict = await answered(desk, DEATH_WISH, reply)
        assert verdict.signals[0].kind == "toxicity.threat"

    async def test_an_insult_is_not(self, desk: Desk) -> None:
        assert (await answered(desk, INSULT, "do it")).disposition is Disposition.ALLOW

    async def test_nothing_is_scored_twice(self, desk: Desk) -> None:
        await answered(desk, INSULT, "you too")
        assert desk.asked == [INSULT, "you too"]

    async def test_the_card_quotes_what_is_answered_however_far_up(self, desk: Desk) -> None:
        await desk.screening.screen(message(1, INSULT))
        for n in range(2, 9):
            await desk.screening.screen(message(n, f"so {n}", author="bob", at=later(seconds=n)))
        reply = {"author": "ann", "reply_to": MessageId("000001"), "at": later(seconds=20)}
        await desk.screening.screen(message(9, "you too", **reply))
        case = (await desk.cases())[-1]
        quotes = await desk.store.quotes(case.id)
        assert [q.text for q in quotes] == [INSULT, "so 6", "so 7", "so 8", "you too"]
        assert case.messages == ("000009",)
        await desk.screening.screen(message(10, INSULT, author="zoe", at=later(seconds=21)))
        again = {"author": "ann", "reply_to": MessageId("000010"), "at": later(seconds=30)}
        await desk.screening.screen(message(11, "no u", **again))
        [case] = [one for one in await desk.cases() if one.subject == "ann"]
        assert "000010" in {q.message for q in await desk.store.quotes(case.id)}
        assert len(case.signals) == 2

    async def test_the_card_says_so_in_plain_words(self, desk: Desk) -> None:
        await answered(desk, INSULT, "you too")
        expected = {
            "en": "insult: maybe, 72 %, with the message it answers (\u21a9)",
            "nl": "belediging: misschien, 72 %, samen met het bericht waarop het antwoordt (\u21a9)",
        }
        for language in LANGUAGES:
            card = embed(desk.platform.cards[2][1], Style(locale=load_locale(language)))
            why, before = (field.value or "" for field in card.fields[:2])
            assert expected[language] in why
            assert before.startswith("\u21a9 ")
            assert f"||{INSULT}||" in before

    async def test_an_echo_of_an_echo_is_none(self, desk: Desk) -> None:
        await answered(desk, INSULT, "you too")
        one = message(3, "exactly", author="bob", at=later(seconds=20))
        verdict = await desk.screening.screen(replace(one, reply_to=MessageId("000002")))
        assert verdict.disposition is Disposition.ALLOW

    async def test_worse_words_of_its_own_count_by_themselves(self, desk: Desk) -> None:
        desk.says["you too"] = Scores(toxicity=0.99, insult=0.99)
        verdict = await answered(desk, INSULT, "you too")
        assert (verdict.score, [r.code for r in verdict.reasons]) == (0.99, ["toxicity.insult"])

    async def test_people_decide(self) -> None:
        policy = Policy(mode=Mode.ACT, auto_remove=frozenset({"toxicity.insult"}))
        desk = Desk(FakeStore(), FakePlatform(), TickingClock(), policy=policy)
        verdict = await answered(desk, INSULT, "you too")
        assert verdict.disposition is Disposition.REVIEW
        assert [action.target for action in desk.platform.done] == ["tom"]


class TestWhatIsNot:
    @pytest.mark.parametrize(
        "reply",
        [
            *("please stop calling people idiot", "that is not ok", "reported", "help me please"),
            *(
                "wow",
                "stop it",
                "you too are welcome here, please be kind to one another",
                "please don't do it",
                "don't",
                "not true",
                "you too?? really, why",
            ),
            *("I reported you to the moderators", "can a mod look at this", "hou op", ""),
        ],
    )
    async def test_an_innocent_reply(self, desk: Desk, reply: str) -> None:
        desk.says["please stop calling people idiot"] = Scores(toxicity=0.3)
        verdict = await answered(desk, DEATH_WISH, reply)
        assert verdict.disposition is Disposition.ALLOW
        assert {case.subject for case in await desk.cases()} == {"tom"}

    async def test_an_answer_to_a_friendly_message(self, desk: Desk) -> None:
        for number, reply in enumerate(("you too", "exactly", "do it"), 10):
            verdict = await answered(desk, "have a nice day", reply, number=number)
            assert verdict.disposition is Disposition.ALLOW

    async def test_an_answer_to_profanity_that_attacks_nobody(self, desk: Desk) -> None:
        desk.says["have a fucking great day"] = Scores(toxicity=0.9, obscene=0.9)
        verdict = await answered(desk, "have a fucking great day", "you too")
        assert verdict.disposition is Disposition.ALLOW

    async def test_an_answer_to_what_was_only_just_queued(self, desk: Desk) -> None:
        desk.says["you are odd"] = Scores(toxicity=0.65, insult=0.65)
        verdict = await answered(desk, "you are odd", "you too")
        assert verdict.disposition is Disposition.ALLOW
        assert len(await desk.cases()) == 1

    @pytest.mark.parametrize("reply", ["exactly", "true", "do it"])
    async def test_who_was_attacked_does_not_agree_in_earnest(self, desk: Desk, reply: str) -> None:
        for fields in ({"mentions": (UserId("ann"),)}, {"reply_to": MessageId("000000")}, {}):
            fresh = Desk(FakeStore(), FakePlatform(), TickingClock())
            fresh.says[DEATH_WISH] = THREAT
            await fresh.screening.screen(message(0, "hello all", author="ann"))
            attack = message(1, DEATH_WISH, at=later(seconds=2), **fields)
            await fresh.screening.screen(attack)
            one = message(2, reply, author="ann", at=later(seconds=9), reply_to=attack.id)
            assert (await fresh.screening.screen(one)).disposition is Disposition.ALLOW
            other = replace(one, id=MessageId("000003"), author=Author(id=UserId("bob")))
            assert (await fresh.screening.screen(other)).disposition is Disposition.REVIEW

    async def test_a_reply_to_oneself(self, desk: Desk) -> None:
        assert (await answered(desk, INSULT, "this", by="tom")).disposition is Disposition.ALLOW

    async def test_a_reply_to_what_is_gone_or_unknown(self, desk: Desk) -> None:
        one = message(1, INSULT)
        await desk.screening.screen(one)
        await desk.screening.deleted(
            Deleted(id=one.id, guild=GUILD, channel=one.channel, at=later(seconds=3))
        )
        reply = message(2, "you too", author="ann", at=later(seconds=9), reply_to=one.id)
        assert (await desk.screening.screen(reply)).disposition is Disposition.ALLOW
        assert desk.asked == [INSULT, "you too"]

    async def test_a_reply_to_staff_who_are_not_judged(self, desk: Desk) -> None:
        staff = Author(id=UserId("mia"), staff=True)
        await desk.screening.screen(replace(message(1, INSULT), author=staff))
        one = message(2, "this", author="ann", at=later(seconds=9), reply_to=MessageId("000001"))
        assert (await desk.screening.screen(one)).disposition is Disposition.ALLOW

    async def test_what_a_person_cleared_is_not_held_against_who_agrees(self, desk: Desk) -> None:
        await desk.screening.screen(message(1, INSULT))
        await desk.review.dismiss(click((await desk.cases())[0]))
        one = message(2, "this", author="ann", at=later(seconds=9), reply_to=MessageId("000001"))
        await desk.screening.screen(one)
        assert await desk.cases() == []
        link = replace(one, id=MessageId("000003"), text=INSULT)
        await desk.screening.screen(link)
        assert [case.state for case in await desk.cases()] == [CaseState.OPEN]

    async def test_an_edited_parent_counts_as_it_stands(self, desk: Desk) -> None:
        one = message(1, INSULT)
        await desk.screening.screen(one)
        await desk.screening.edited(replace(one, text="you are nice", edited_at=later(seconds=5)))
        reply = message(2, "you too", author="ann", at=later(seconds=9), reply_to=one.id)
        assert (await desk.screening.screen(reply)).disposition is Disposition.ALLOW


class TestMissingScores:
    async def test_a_degraded_parent_takes_no_part(self, desk: Desk) -> None:
        desk.says[INSULT] = None
        assert (await answered(desk, INSULT, "you too")).disposition is Disposition.ALLOW
        assert desk.asked == [INSULT, "you too"]

    async def test_a_degraded_reply_takes_up_nothing(self, desk: Desk) -> None:
        desk.says["you too"] = None
        verdict = await answered(desk, INSULT, "you too")
        assert (verdict.disposition, verdict.degraded) == (Disposition.ALLOW, True)

    async def test_a_parent_from_before_the_start_is_read_once(self, desk: Desk) -> None:
        desk.screening.remember(message(1, INSULT))
        for n, who in ((2, "ann"), (3, "bob")):
            one = message(n, "no u", author=who, at=later(seconds=n), reply_to=MessageId("000001"))
            assert (await desk.screening.screen(one)).disposition is Disposition.REVIEW
        assert desk.asked == ["no u", INSULT, "no u"]

    async def test_an_engine_that_fails_then_is_not_asked_on(self, desk: Desk) -> None:
        desk.screening.remember(message(1, INSULT))
        desk.says[INSULT] = None
        for n, who in ((2, "ann"), (3, "bob")):
            one = message(n, "no u", author=who, at=later(seconds=n), reply_to=MessageId("000001"))
            assert (await desk.screening.screen(one)).disposition is Disposition.ALLOW
        assert desk.asked == ["no u", INSULT, "no u"]
