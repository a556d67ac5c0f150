"""A text split over several messages is read as one; the evidence lies in each of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.adapters.scorers.builtin import BuiltinScorer
from bot.replay import Replay
from cogs.cards import Style, embed
from config.locale import LANGUAGES, load_locale
from config.policy import to_policy
from config.schema import Settings
from moderation.splitting import PIECES
from moderation.types import (
    ActionKind,
    Case,
    Disposition,
    Message,
    Mode,
    Policy,
    Scores,
    Span,
    Verdict,
)
from tests.fakes.platform import FakePlatform
from tests.fakes.store import FakeStore
from tests.usecases.desk import NOON, RUDE, Desk, TickingClock, click, message

LIKELY = Scores(toxicity=0.9, insult=0.9)


def later(**passed: float) -> datetime:
    return NOON + timedelta(**passed)


@pytest.fixture
def desk() -> Desk:
    return Desk(FakeStore(), FakePlatform(), TickingClock())


def lines(*texts: str, every: float = 3, first: int = 1, **fields: object) -> list[Message]:
    """Messages one after another, their numbers from ``first`` on."""
    return [
        message(n, text, at=later(seconds=every * n), **fields)
        for n, text in enumerate(texts, first)
    ]


async def said(desk: Desk, *messages: Message) -> list[Verdict]:
    return [await desk.screening.screen(one) for one in messages]


async def marked(desk: Desk, case: Case) -> dict[str, list[str]]:
    """What is marked in each message of a case."""
    texts = {quote.message: quote.text for quote in await desk.store.quotes(case.id)}
    return {
        signal.message: [texts[signal.message][s.start : s.end] for s in signal.spans]
        for signal in case.signals
        if signal.message
    }


class TestFound:
    async def test_all_pieces_are_evidence_and_each_is_marked(self, desk: Desk) -> None:
        verdicts = await said(desk, *lines("you", "are an", "  id", "iot  "))
        assert [v.disposition for v in verdicts[:3]] == [Disposition.ALLOW] * 3
        assert verdicts[3].disposition is Disposition.REVIEW
        assert dict(verdicts[3].reasons[-1].facts) == {"pieces": 4, "glued": 1}
        [case] = await desk.cases()
        assert set(case.messages) == {"000001", "000002", "000003", "000004"}
        assert case.messages[0] == "000004"
        assert await marked(desk, case) == {"000004": ["iot"], "000003": ["id"]}
        own = [q.text for q in await desk.store.quotes(case.id) if q.offset == 0]
        assert own == ["you", "are an", "  id", "iot  "]

    async def test_a_removal_takes_them_all(self, desk: Desk) -> None:
        await said(desk, *lines("you", "are an", "id", "iot"))
        await desk.review.act(click((await desk.cases())[0]), ActionKind.REMOVE)
        [action] = desk.platform.done
        assert {action.message, *(place.message for place in action.also)} == {
            f"{n:06}" for n in (1, 2, 3, 4)
        }

    async def test_others_between_change_nothing(self, desk: Desk) -> None:
        mine = lines("you are", "an id", "iot", every=4)
        other = [message(n, "hm", author="ann", at=later(seconds=n)) for n in (5, 9, 11)]
        elsewhere = message(30, "hello", channel="b", at=later(seconds=9))
        found = sorted((*mine, *other, elsewhere), key=lambda m: m.at)
        await said(desk, *found)
        [case] = await desk.cases()
        assert set(case.messages) == {m.id for m in mine}

    async def test_a_phrase_with_its_spaces(self, desk: Desk) -> None:
        desk.says["go and jump off something"] = Scores(toxicity=0.7, threat=0.7)
        await said(desk, *lines("go and", "jump off", "something"))
        [case] = await desk.cases()
        assert case.signals[0].kind == "toxicity.threat"
        assert [s.spans for s in case.signals] == [()]

    async def test_the_same_again_changes_nothing(self, desk: Desk) -> None:
        mine = lines("you", "are an", "id", "iot")
        await said(desk, *mine, *mine)
        [case] = await desk.cases()
        assert case.version == 1

    async def test_an_edit_may_be_the_last_piece(self, desk: Desk) -> None:
        mine = lines("you are an", "id", "ea")
        await said(desk, *mine)
        await desk.screening.edited(replace(mine[2], text="iot", edited_at=later(seconds=12)))
        assert len((await desk.cases())[0].messages) == 3

    async def test_two_in_one_case_keep_their_marks(self, desk: Desk) -> None:
        await said(desk, *lines("you", "id", "iot"))
        again = [
            message(n, t, at=later(minutes=2, seconds=n))
            for n, t in ((11, "an"), (12, "idi"), (13, "ot"))
        ]
        await said(desk, *again)
        [case] = await desk.cases()
        assert await marked(desk, case) == {
            "000003": ["iot"],
            "000002": ["id"],
            "000013": ["ot"],
            "000012": ["idi"],
        }

    async def test_people_decide(self) -> None:
        policy = Policy(
            mode=Mode.ACT,
            auto_remove=frozenset({"toxicity.insult", "toxicity.word"}),
            words=("heron",),
        )
        desk = Desk(FakeStore(), FakePlatform(), TickingClock(), policy=policy)
        await said(
            desk, *lines("you", "id", "iot"), *lines("you", "hero", "n", author="zed", first=11)
        )
        assert len(await desk.cases()) == 2
        assert desk.platform.done == []


class TestNotFound:
    async def test_a_harmless_sequence_is_judged_as_its_sentence(self, desk: Desk) -> None:
        desk.says |= {"kill": Scores(toxicity=0.5), "kill the process": Scores(toxicity=0.1)}
        await said(desk, *lines("kill", "the process"))
        assert await desk.cases() == []
        assert "kill the process" in desk.asked

    async def test_what_is_an_attack_by_itself_is_pinned_on_nothing_else(self, desk: Desk) -> None:
        await said(desk, *lines("idiot", "lol", "just kidding"))
        [case] = await desk.cases()
        assert case.messages == ("000001",)

    async def test_after_the_attack_is_complete_what_follows_is_not_part_of_it(
        self, desk: Desk
    ) -> None:
        desk.says |= {"go away forever": RUDE, "go away forever ok": RUDE}
        await said(desk, *lines("go away", "forever", "ok"))
        [case] = await desk.cases()
        assert set(case.messages) == {"000001", "000002"}

    async def test_a_glued_word_is_a_guess_and_has_to_be_likely(self, desk: Desk) -> None:
        desk.says["what a lon er"] = Scores()
        desk.says["what a loner"] = Scores(toxicity=0.84, insult=0.84)
        await said(desk, *lines("what a", "lon", "er"))
        assert await desk.cases() == []
        desk.says["what a loner"] = LIKELY
        await said(desk, *lines("what a", "lon", "er", author="zed", first=11))
        assert len(await desk.cases()) == 1

    @pytest.mark.parametrize(
        "pieces",
        [
            ("you are an id", "and now to something else entirely", "iot"),
            ("you are an id", "", "iot"),
            ("you are an id", "https://a.example", "iot"),
            ("one two three four five id", "iot"),
            ("id.", "iot"),
        ],
    )
    async def test_no_run_of_pieces(self, desk: Desk, pieces: tuple[str, ...]) -> None:
        await said(desk, *lines(*pieces))
        assert await desk.cases() == []

    async def test_pauses_channels_and_authors_part_them(self, desk: Desk) -> None:
        await said(desk, *lines("id", "iot", every=16))
        await said(desk, message(21, "id", channel="a"), message(22, "iot", channel="b"))
        await said(desk, message(31, "id", author="ann"), message(32, "iot", author="bob"))
        assert await desk.cases() == []

    async def test_staff_are_exempt_as_ever(self, desk: Desk) -> None:
        mine = [replace(m, author=replace(m.author, staff=True)) for m in lines("id", "iot")]
        await said(desk, *mine)
        assert await desk.cases() == []

    async def test_degraded_scores_take_no_part(self, desk: Desk) -> None:
        desk.says["id"] = None
        await said(desk, *lines("you", "id", "iot"))
        desk.says = {"iot": None}
        await said(desk, *lines("you", "id", "iot", author="zed", first=11))
        desk.says = {"you id iot": None, "you idiot": None}
        await said(desk, *lines("you", "id", "iot", author="bob", first=21))
        assert await desk.cases() == []

    async def test_the_same_moment_has_an_order(self, desk: Desk) -> None:
        one, two = message(1, "id"), message(2, "iot")
        await said(desk, two, one)
        assert await desk.cases() == []


class TestBounds:
    async def test_only_so_many_pieces_are_joined(self, desk: Desk) -> None:
        await said(desk, *lines(*("x" for _ in range(40)), every=1))
        longest = max(desk.asked, key=len)
        assert len(longest.replace(" ", "")) == PIECES

    async def test_a_long_message_costs_nothing_more(self, desk: Desk) -> None:
        texts = [f"this is a rather ordinary line number {n}" for n in range(20)]
        await said(desk, *lines(*texts))
        assert desk.asked == texts

    async def test_a_piece_has_at_most_four_readings(self, desk: Desk) -> None:
        await said(desk, *lines(*("abc", "def", "ghi", "lol") * 8))
        assert len(desk.asked) <= 5 * 32

    async def test_an_attack_by_itself_is_not_read_again(self, desk: Desk) -> None:
        await said(desk, *lines("hm", "you idiot"))
        assert desk.asked == ["hm", "you idiot"]

    async def test_pieces_from_before_the_start_are_read_once(self, desk: Desk) -> None:
        one, two, three = lines("you are", "id", "iot")
        for early in (one, two):
            desk.screening.remember(early)
        await said(desk, three)
        assert sorted(desk.asked[:3]) == ["id", "iot", "you are"]
        assert len(await desk.cases()) == 1


class TestListedWords:
    @pytest.fixture
    def desk(self) -> Desk:
        policy = Policy(mode=Mode.QUEUE, words=("heron",), phrases=("grey bird",))
        return Desk(FakeStore(), FakePlatform(), TickingClock(), policy=policy)

    async def test_a_word_cut_in_two(self, desk: Desk) -> None:
        await said(desk, *lines("a nice", "hero", "n"))
        [case] = await desk.cases()
        assert {signal.kind for signal in case.signals} == {"toxicity.word"}
        assert await marked(desk, case) == {"000003": ["n"], "000002": ["hero"]}
        assert len(case.messages) == 3

    async def test_a_phrase_over_a_seam_once(self, desk: Desk) -> None:
        await said(desk, *lines("the grey", "bird there", "lol", "ok"))
        [case] = await desk.cases()
        assert set(case.messages) == {"000001", "000002"}
        assert await marked(desk, case) == {"000002": ["bird"], "000001": ["grey"]}

    async def test_what_stands_in_one_piece_is_found_there(self, desk: Desk) -> None:
        await said(desk, *lines("a heron", "lol", "heron too"))
        [case] = await desk.cases()
        assert case.messages == ("000001", "000003")
        assert all("pieces" not in dict(signal.facts) for signal in case.signals)


class TestEndToEnd:
    """The engine that ships, live and in a replay, with the card as moderators see it."""

    TEXTS = ("you are", "a complete", "id", "iot")

    async def test_live(self) -> None:
        scorer = BuiltinScorer()
        policy = replace(to_policy(Settings(), engine=scorer.thresholds), mode=Mode.QUEUE)
        desk = Desk(FakeStore(), FakePlatform(), TickingClock(), policy=policy)

        async def score(text: str) -> Scores:
            return scorer.score([text])[0]

        async def explain(text: str) -> tuple[Span, ...]:
            return scorer.explain(text)

        desk.score, desk.explain = score, explain  # type: ignore[method-assign]
        await said(desk, *lines(*self.TEXTS))
        [case] = await desk.cases()
        assert len(case.messages) == 4
        assert (await marked(desk, case))["000004"] == ["iot"]
        await said(desk, *lines("restart the", "child", "process", author="ann", first=11))
        await said(desk, *lines("good", "after", "noon", author="bob", first=21))
        assert len(await desk.cases()) == 1
        for language in LANGUAGES:
            card = embed(desk.platform.cards[1][1], Style(locale=load_locale(language)))
            words = {"en": "split over 4 messages", "nl": "verdeeld over 4 berichten"}
            assert any(words[language] in (field.value or "") for field in card.fields)
            assert (card.description or "").count("|| ") == 4, "every piece is shown"

    async def test_a_replay_finds_the_same(self) -> None:
        scorer = BuiltinScorer()
        policy = to_policy(Settings(), engine=scorer.thresholds)
        replay = Replay(store=FakeStore(), scorer=scorer, policy=policy)
        await replay.run(lines(*self.TEXTS), lambda: None)
        [case] = await replay.cases()
        assert set(case.messages) == {f"{n:06}" for n in (1, 2, 3, 4)}
