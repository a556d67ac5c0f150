"""Members report: one case a message, the newest words kept, nobody turned away."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from moderation.errors import StoreError
from moderation.types import (
    ActionKind,
    CaseState,
    Message,
    Owner,
    ReportCategory,
    Scores,
    Severity,
    UserId,
)
from tests.fakes.platform import FakePlatform
from tests.fakes.store import FakeStore
from tests.usecases.desk import NOON, Desk, TickingClock, click, message

ANN, BOB = UserId("ann"), UserId("bob")
KEY = "AKIA" + "QWERTYUIOPASDF23"


@pytest.fixture
def desk() -> Desk:
    return Desk(FakeStore(), FakePlatform(), TickingClock())


def edited(of: Message, text: str) -> Message:
    return replace(of, text=text, edited_at=NOON + timedelta(minutes=1))


async def test_a_report_opens_a_case_with_what_stood_around(desk: Desk) -> None:
    for n, text in enumerate(("before", "rude words", "after")):
        await desk.screening.screen(message(n, text, at=NOON + timedelta(seconds=n)))
    receipt = await desk.reporting.report(message(1, "rude words"), ANN, ReportCategory.RUDE)
    assert (receipt.again, receipt.decided) == (False, False)
    quotes = await desk.store.quotes(receipt.case.id)
    assert [(q.offset, q.text) for q in quotes] == [(-1, "before"), (0, "rude words"), (1, "after")]
    await desk.screening.screen(message(4, "later", at=NOON + timedelta(seconds=9)))
    assert [q.text for q in await desk.store.quotes(1) if q.offset == 2] == ["later"]


async def test_a_report_says_that_the_engine_does_not_know_the_language(desk: Desk) -> None:
    one = message(1, "wynoś się stąd")
    desk.scores = Scores(language="pl", unsure=True)
    await desk.screening.screen(one)
    assert await desk.cases() == []
    opened = await desk.reporting.report(one, ANN, ReportCategory.RUDE)
    joined = await desk.reporting.report(one, BOB, ReportCategory.SAFETY)
    for receipt in (opened, joined):
        assert dict(receipt.case.signals[-1].facts)["language"] == "pl"


async def test_one_report_for_each_person_and_message(desk: Desk) -> None:
    one = message(1, "rude words")
    first = await desk.reporting.report(one, ANN, ReportCategory.RUDE)
    again = await desk.reporting.report(one, ANN, ReportCategory.SAFETY)
    other = await desk.reporting.report(one, BOB, ReportCategory.RUDE)
    assert (again.again, again.case.id, other.case.reports) == (True, first.case.id, 2)
    assert len(await desk.cases()) == 1


async def test_a_graver_report_raises_the_case_and_its_owner(desk: Desk) -> None:
    one = message(1, "look at this")
    await desk.reporting.report(one, ANN, ReportCategory.OFF_TOPIC)
    await desk.reporting.report(one, BOB, ReportCategory.PRIVATE_DATA)
    [case] = await desk.cases()
    assert (case.severity, case.owner) == (Severity.HIGH, Owner.SECURITY)
    assert case.recommended is ActionKind.REMOVE
    await desk.reporting.report(one, UserId("cem"), ReportCategory.OTHER)
    assert (await desk.cases())[0].severity is Severity.HIGH


async def test_what_was_edited_since_a_verdict_is_looked_at_again(desk: Desk) -> None:
    one = message(1, "hello there")
    await desk.reporting.report(one, ANN, ReportCategory.OTHER)
    await desk.review.dismiss(click((await desk.cases())[0]))
    same = await desk.reporting.report(one, BOB, ReportCategory.SAFETY)
    assert same.decided
    assert await desk.cases() == []
    turned = edited(one, "Ann lives in Harbour Street 5")
    fresh = await desk.reporting.report(turned, UserId("cem"), ReportCategory.SAFETY)
    assert not fresh.decided
    [case] = await desk.cases()
    assert case.severity is Severity.CRITICAL
    assert [q.text for q in await desk.store.quotes(case.id)] == [turned.text]


async def test_a_join_keeps_the_words_that_stand_there_now(desk: Desk) -> None:
    one = message(1, "hello there")
    await desk.reporting.report(one, ANN, ReportCategory.OTHER)
    await desk.reporting.report(edited(one, "you fool"), BOB, ReportCategory.RUDE)
    assert [q.text for q in await desk.store.quotes(1)] == ["hello there", "you fool"]


async def test_a_report_and_a_detection_at_once_are_one_case(desk: Desk) -> None:
    one = message(1, "you are an idiot")
    await asyncio.gather(
        desk.screening.screen(one),
        *(desk.reporting.report(one, UserId(f"m{n}"), ReportCategory.RUDE) for n in range(50)),
    )
    [case] = await desk.cases()
    assert case.reports == 50
    assert {signal.kind for signal in case.signals} == {"toxicity.insult", "report.rude"}
    assert desk.platform.posts == 1


async def test_words_are_masked_like_every_copy(desk: Desk) -> None:
    await desk.reporting.report(message(1), ANN, ReportCategory.OTHER, f" she posted {KEY} ")
    [report] = await desk.store.reports(1)
    assert report.words == f"she posted {'•' * len(KEY)}"


async def test_a_report_during_an_action_does_not_get_in_its_way(desk: Desk) -> None:
    one = message(1, "you are an idiot")
    await desk.screening.screen(one)

    async def joins() -> None:
        await desk.reporting.report(one, ANN, ReportCategory.RUDE)

    pending: list[asyncio.Task[None]] = []

    def fault(phase: str, name: str) -> None:
        if (phase, name) == ("before", "apply"):
            pending.append(asyncio.create_task(joins()))

    desk.platform.fault = fault
    await desk.review.act(click((await desk.cases())[0]))
    await asyncio.gather(*pending)
    row = await desk.row((await desk.store.case_of(one.guild, one.id)).id)
    assert (row.state, row.reports) == (CaseState.RESOLVED, 1)


async def test_a_report_finds_its_case_however_often_it_is_overtaken(desk: Desk) -> None:
    one = message(1, "you are an idiot")
    await desk.screening.screen(one)
    save, lost = desk.store.save, []

    async def overtaken(*args: object, **kwargs: object) -> bool:
        if len(lost) < 5:
            lost.append(1)
            return False
        return await save(*args, **kwargs)

    desk.store.save = overtaken
    assert not (await desk.reporting.report(one, ANN, ReportCategory.RUDE)).again
    assert (await desk.cases())[0].reports == 1


async def test_a_report_that_cannot_be_written_is_an_error(desk: Desk) -> None:
    async def never(*_: object, **__: object) -> None:
        return None

    desk.store.open_case = never
    with pytest.raises(StoreError, match="000001"):
        await desk.reporting.report(message(1), ANN, ReportCategory.RUDE)
