"""From a message to a case: joining, evidence, what acts alone, what a person has settled."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from moderation.errors import StoreError
from moderation.types import (
    ActionKind,
    CaseState,
    Deleted,
    Disposition,
    Message,
    Mode,
    Owner,
    Policy,
    ReportCategory,
    Scores,
    Severity,
    UserId,
)
from tests.fakes.platform import FakePlatform
from tests.fakes.store import FakeStore
from tests.usecases.desk import GUILD, NOON, Desk, TickingClock, click, message

INSULT = "you are an idiot"
ADVERT = "free bike lights for everybody at https://lights.example/now"
KEY = "AKIA" + "QWERTYUIOPASDF23"


def later(**passed: float) -> datetime:
    return NOON + timedelta(**passed)


def edit(of: Message, text: str, **passed: float) -> Message:
    return replace(of, text=text, edited_at=later(**passed))


@pytest.fixture
def desk() -> Desk:
    return Desk(FakeStore(), FakePlatform(), TickingClock())


def acting_alone(*kinds: str, **policy: object) -> Desk:
    chosen = Policy(
        mode=Mode.ACT,
        auto_remove=frozenset(kinds),
        blocked_domains=frozenset({"evil.example"}),
        **policy,  # type: ignore[arg-type]
    )
    return Desk(FakeStore(), FakePlatform(), TickingClock(), policy=chosen)


async def said(desk: Desk, *messages: Message) -> None:
    for one in messages:
        await desk.screening.screen(one)


async def quoted(desk: Desk, case: int = 1) -> dict[int, list[str]]:
    """The texts a case keeps, by their place around it."""
    found: dict[int, list[str]] = {}
    for quote in await desk.store.quotes(case):
        found.setdefault(quote.offset, []).append(quote.text)
    return found


class TestJoining:
    async def test_more_of_one_author_is_one_case(self, desk: Desk) -> None:
        await said(desk, message(1, INSULT), message(2, f"{INSULT} too", at=later(minutes=9)))
        [case] = await desk.cases()
        assert case.messages == ("000001", "000002")
        assert (case.opened_at, case.active_at) == (NOON, later(minutes=9))

    async def test_an_old_message_edited_into_an_insult_is_a_case_of_its_time(
        self, desk: Desk
    ) -> None:
        old = message(1, "hello", at=later(hours=-3))
        await said(desk, old, message(2, INSULT))
        await desk.screening.edited(edit(old, INSULT, minutes=1))
        [case] = await desk.cases()
        assert case.messages == ("000002", "000001")

    async def test_a_late_message_finds_the_case_of_its_own_time(self, desk: Desk) -> None:
        await said(
            desk,
            message(1, INSULT),
            message(2, INSULT, at=later(hours=2)),
            message(3, INSULT, at=later(minutes=5), channel="support", late=True),
        )
        assert [case.messages for case in await desk.cases()] == [("000001", "000003"), ("000002",)]

    async def test_a_claim_does_not_move_the_incident(self, desk: Desk) -> None:
        await said(desk, message(1, INSULT, late=True, at=later(hours=-2)))
        await desk.review.claim(click((await desk.cases())[0]))
        await said(desk, message(2, INSULT, late=True, at=later(hours=-2, seconds=1)))
        assert len(await desk.cases()) == 1

    async def test_the_same_message_again_changes_nothing(self, desk: Desk) -> None:
        one = edit(message(1, INSULT, late=True), INSULT, minutes=1)
        for _ in range(4):
            await desk.screening.screen(one)
        [case] = await desk.cases()
        assert case.version == 1
        assert len(await desk.store.audit()) == 1

    async def test_the_gravest_decides_who_looks_and_what_is_recommended(self, desk: Desk) -> None:
        one = message(1, "look at this")
        await said(desk, one)
        await desk.reporting.report(one, UserId("ann"), ReportCategory.OFF_TOPIC)
        await desk.screening.edited(edit(one, f"look at {KEY}", minutes=1))
        [case] = await desk.cases()
        assert (case.owner, case.severity) == (Owner.SECURITY, Severity.HIGH)
        assert case.recommended is ActionKind.REMOVE

    async def test_an_edit_replaces_what_was_marked(self, desk: Desk) -> None:
        one = message(1, INSULT)
        await said(desk, one)
        await desk.screening.edited(edit(one, f"I say it again: {INSULT}", minutes=1))
        [case] = await desk.cases()
        [signal] = case.signals
        start = f"I say it again: {INSULT}".index("idiot")
        assert [(s.start, s.end) for s in signal.spans] == [(start, start + 5)]
        assert signal.message == one.id

    async def test_a_store_that_moves_all_the_time_is_an_error_not_a_loss(self, desk: Desk) -> None:
        async def never(*_: object, **__: object) -> None:
            return None

        desk.store.open_case = never
        with pytest.raises(StoreError, match="000001"):
            await said(desk, message(1, INSULT))


class TestBursts:
    async def test_a_flood_is_one_signal_however_long(self, desk: Desk) -> None:
        await said(desk, *(message(n, f"buy {n} now", at=later(seconds=n)) for n in range(60)))
        [case] = await desk.cases()
        assert [signal.kind for signal in case.signals] == ["spam.flood"]
        assert len(case.messages) == 60

    async def test_what_came_before_the_flood_was_noticed_belongs_to_it(self, desk: Desk) -> None:
        rooms = ("general", "support", "ideas", "news")
        await said(
            desk,
            *(
                message(n, ADVERT, at=later(seconds=n), channel=room)
                for n, room in enumerate(rooms)
            ),
        )
        [case] = await desk.cases()
        assert set(case.messages) == {"000000", "000001", "000002", "000003"}
        done = await desk.review.act(click(case), ActionKind.REMOVE)
        assert done.state is CaseState.RESOLVED
        [action] = desk.platform.done
        places = {(action.channel, action.message)}
        places |= {(place.channel, place.message) for place in action.also}
        assert places == {(room, f"{n:06}") for n, room in enumerate(rooms)}

    async def test_a_burst_leaves_out_what_another_case_holds(self, desk: Desk) -> None:
        one = message(1, ADVERT, at=later(seconds=1))
        await said(desk, one)
        await desk.reporting.report(one, UserId("ann"), ReportCategory.OTHER)
        await said(desk, *(message(n, ADVERT, at=later(seconds=n)) for n in range(2, 5)))
        held = [set(case.messages) for case in await desk.cases()]
        assert sum(map(len, held)) == len(set.union(*held)) == 4

    async def test_only_a_removal_takes_the_others_along(self, desk: Desk) -> None:
        await said(desk, *(message(n, ADVERT, at=later(seconds=n)) for n in range(4)))
        await desk.review.act(click((await desk.cases())[0]), ActionKind.BAN)
        assert desk.platform.done[0].also == ()


class TestSettled:
    async def test_what_a_person_has_seen_is_not_flagged_again(self, desk: Desk) -> None:
        one = message(1, INSULT)
        await said(desk, one)
        await desk.review.dismiss(click((await desk.cases())[0]))
        await said(desk, one)
        await desk.screening.edited(edit(one, f"{INSULT} ", minutes=1))
        assert await desk.cases() == []
        await desk.screening.edited(edit(one, f"{INSULT} and a fool", minutes=2))
        assert len(await desk.cases()) == 1


class TestEvidence:
    async def test_secrets_are_masked_in_every_copy(self, desk: Desk) -> None:
        await said(
            desk,
            message(1, f"my key is {KEY}", author="ann"),
            message(2, INSULT, at=later(seconds=1)),
        )
        kept = [q.text for case in desk.store.cases for q in await desk.store.quotes(case)]
        assert f"my key is {'•' * len(KEY)}" in kept
        assert not any(KEY in text for text in kept)
        assert KEY not in str(desk.store.cases)

    async def test_what_comes_while_the_engine_thinks_is_quoted_too(self, desk: Desk) -> None:
        async def meanwhile() -> None:
            desk.while_scoring = Desk.while_scoring.__get__(desk)
            await said(desk, message(2, "first after", at=later(seconds=1), author="ann"))

        desk.while_scoring = meanwhile  # type: ignore[method-assign]
        await said(desk, message(1, INSULT))
        for n in (3, 4, 5):
            await said(desk, message(n, f"after {n}", at=later(seconds=n), author="ann"))
        after = {k: v for k, v in (await quoted(desk)).items() if k > 0}
        assert after == {1: ["first after"], 2: ["after 3"], 3: ["after 4"]}

    async def test_late_older_messages_are_not_after(self, desk: Desk) -> None:
        await said(desk, message(1, INSULT))
        await said(desk, message(2, "long ago", at=later(hours=-1), author="ann", late=True))
        assert not [place for place in await quoted(desk) if place > 0]
        [case] = await desk.cases()
        assert case.updated_at == NOON

    async def test_the_authors_own_next_insults_are_not_what_followed(self, desk: Desk) -> None:
        await said(desk, *(message(n, f"{INSULT} {n}", at=later(seconds=n)) for n in range(3)))
        await said(desk, message(9, "please stop", at=later(seconds=9), author="ann"))
        found = await quoted(desk)
        assert found[1] == ["please stop"]
        assert len(found[0]) == 3

    async def test_a_repeated_message_takes_no_place(self, desk: Desk) -> None:
        calm = message(2, "calm down", at=later(seconds=1), author="ann")
        await said(desk, message(1, INSULT), calm, calm, calm)
        assert {k: v for k, v in (await quoted(desk)).items() if k > 0} == {1: ["calm down"]}

    async def test_two_cases_of_one_room_each_hear_what_followed(self, desk: Desk) -> None:
        await said(desk, message(1, INSULT), message(2, INSULT, author="zed", at=later(seconds=1)))
        for n in range(3, 7):
            await said(desk, message(n, f"after {n}", at=later(seconds=n), author="ann"))
        for case in (1, 2):
            after = {k for k in await quoted(desk, case) if k > 0}
            assert after == {1, 2, 3}
        assert desk.surroundings._waiting == {}

    async def test_waiting_is_forgotten_in_quiet_rooms(self, desk: Desk) -> None:
        await said(
            desk,
            *(message(n, INSULT, channel=f"thread{n}", author=f"m{n}") for n in range(400)),
        )
        assert len(desk.surroundings._waiting) <= 256
        await said(desk, message(999, "much later", at=later(hours=7), channel="thread399"))
        assert "thread399" not in desk.surroundings._waiting

    @pytest.mark.parametrize("gone", [1, 2])
    async def test_a_card_says_what_was_deleted(self, desk: Desk, gone: int) -> None:
        await said(desk, message(1, "before", author="ann"), message(2, INSULT))
        where = message(gone)
        await desk.screening.deleted(
            Deleted(id=where.id, guild=GUILD, channel=where.channel, at=later(seconds=9))
        )
        view = desk.platform.cards[1][1]
        assert [q.message for q in view.quotes if q.deleted] == [where.id]


class TestActingAlone:
    async def test_only_removal_and_only_of_what_the_policy_names(self) -> None:
        desk = acting_alone("link.blocked")
        verdict = await desk.screening.screen(message(1, "see https://evil.example/x"))
        assert verdict.disposition is Disposition.ENFORCE
        [action] = desk.platform.done
        assert (action.kind, action.message) == (ActionKind.REMOVE, "000001")
        row = await desk.row(action.case)
        assert (row.state, row.decided_by) == (CaseState.RESOLVED, "system")

    async def test_a_case_that_holds_more_is_left_to_people(self) -> None:
        desk = acting_alone("link.blocked")
        one = message(1, "hello, Saskia from the company here")
        await said(desk, one)
        await desk.reporting.report(one, UserId("ann"), ReportCategory.IMPERSONATION)
        await desk.screening.edited(edit(one, "see https://evil.example/x", minutes=1))
        assert desk.platform.done == []
        assert [case.state for case in await desk.cases()] == [CaseState.OPEN]

    async def test_the_message_that_was_flagged_is_the_one_that_goes(self) -> None:
        desk = acting_alone("link.blocked", "link.invite")
        await said(desk, message(1, "join https://discord.gg/elsewhere"))
        await said(desk, message(2, "see https://evil.example/x", at=later(hours=1), channel="b"))
        assert [(a.channel, a.message) for a in desk.platform.done] == [
            ("general", "000001"),
            ("b", "000002"),
        ]

    async def test_chatter_meanwhile_does_not_stop_it(self) -> None:
        desk = acting_alone("link.blocked")
        inner = desk.store.save
        grown = []

        async def grows_first(before, after, *args, **kwargs):
            if not grown:
                grown.append(1)
                row = desk.store.cases[before.id]
                desk.store.cases[before.id] = replace(row, version=row.version + 1)
            return await inner(before, after, *args, **kwargs)

        desk.store.save = grows_first
        await said(desk, message(1, "see https://evil.example/x"))
        assert len(desk.platform.done) == 1

    async def test_a_degraded_verdict_does_not_act(self) -> None:
        desk = acting_alone("link.blocked")
        desk.scores = None  # type: ignore[assignment]
        await said(desk, message(1, "see https://evil.example/x"))
        assert desk.platform.done == []
        [case] = await desk.cases()
        assert case.degraded


class TestDecision:
    async def test_profanity_does_not_hide_a_flood(self, desk: Desk) -> None:
        desk.scores = Scores(toxicity=0.9, obscene=0.9)
        await said(desk, message(0, "damn"))
        assert await desk.cases() == []
        await said(desk, *(message(n, f"damn {n}", at=later(seconds=n)) for n in range(1, 8)))
        [case] = await desk.cases()
        assert [signal.kind for signal in case.signals] == ["spam.flood"]

    async def test_an_unknown_language_is_in_the_log_and_in_the_case(self, desk: Desk) -> None:
        desk.scores = Scores(language="pl", unsure=True)
        await said(desk, message(0, "tutaj nic nie ma"))
        assert await desk.cases() == []
        await said(desk, message(1, "tutaj https://discord.gg/abcd1234"))
        [case] = await desk.cases()
        assert [dict(signal.facts).get("language") for signal in case.signals] == ["pl"]
        desk.scores = Scores()
        await said(desk, message(2, "nothing here"))
        decided = [fields for name, fields in desk.log.lines if name == "decided"]
        assert [fields["language"] for fields in decided] == ["pl", "pl", None]
        assert "unsure" in decided[0]["reasons"]

    async def test_a_weak_threat_does_not_hide_a_listed_word(self) -> None:
        policy = Policy(mode=Mode.QUEUE, words=("heron",))
        desk = Desk(FakeStore(), FakePlatform(), TickingClock(), policy=policy)
        desk.scores = Scores(toxicity=0.61, threat=0.6)
        strict = replace(policy, thresholds=replace(policy.thresholds, queue=0.75))
        desk.screening._policy = strict
        await said(desk, message(1, "you heron"))
        [case] = await desk.cases()
        assert [signal.kind for signal in case.signals] == ["toxicity.word"]
        assert "below_queue" in [reason.code for reason in case.reasons]
