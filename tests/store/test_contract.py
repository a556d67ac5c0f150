"""The store's contract (``moderation.ports.Store``), over SQLite and over the fake."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from moderation import cases
from moderation.cases import DECIDED, advance
from moderation.ledger import GENESIS, first_broken
from moderation.ports import Store
from moderation.types import (
    ActionKind,
    ActionState,
    Case,
    CaseId,
    CaseState,
    ChannelId,
    Coverage,
    Deleted,
    Draft,
    Edited,
    History,
    LastSeen,
    MessageId,
    MessageRef,
    NoticeState,
    Quote,
    Report,
    Severity,
    UserId,
)
from tests.store.values import (
    ELSEWHERE,
    GUILD,
    MIA,
    NOON,
    TOM,
    WITHIN,
    action,
    after,
    case,
    draft,
    full_case,
    message,
    quote,
    report,
)

CARD = MessageRef(channel=ChannelId("mods"), message=MessageId("5000"))


async def opened(
    store: Store,
    new: Case | None = None,
    quotes: Sequence[Quote] = (),
    report: Report | None = None,
) -> Case:
    row = await store.open_case(
        new or case(), quotes, (draft("case.opened"),), within=WITHIN, report=report
    )
    assert row is not None
    return row


async def moved(store: Store, row: Case, event: cases.Event, **extra: object) -> Case:
    changed = advance(row, event)
    assert await store.save(row, changed, (draft(subject=f"case:{row.id}"),), **extra)  # type: ignore[arg-type]
    return changed


async def dismissed(store: Store, row: Case) -> Case:
    return await moved(store, row, cases.Dismissed(at=NOON, by=MIA))


async def test_a_case_comes_back_as_it_was_written(store: Store) -> None:
    row = await opened(store, full_case())
    assert row == replace(full_case(), id=row.id, version=1)
    assert await store.case(row.id) == row
    assert await store.case(CaseId(row.id + 1)) is None


async def test_opening_ignores_the_id_version_and_card_it_is_handed(store: Store) -> None:
    first = await opened(store, case("a"))
    row = await opened(
        store,
        case("b", id=first.id, version=9, card_version=9, card_message=MessageId("1")),
    )
    assert row.id != first.id
    assert (row.version, row.card_version, row.card_message) == (1, 0, None)
    assert await store.case(row.id) == row


@pytest.mark.parametrize(
    ("moment", "joins"),
    [
        (NOON, True),
        (NOON + WITHIN, True),
        (NOON - WITHIN, True),
        (NOON + WITHIN + timedelta(microseconds=1), False),
        (NOON - WITHIN - timedelta(microseconds=1), False),
    ],
)
async def test_one_undecided_case_an_incident_within_its_time(
    store: Store, moment: object, joins: bool
) -> None:
    first = await opened(store)
    new = case(opened_at=moment, active_at=moment, messages=(message(2).id,))
    again = await store.open_case(new, (quote(message(2)),), (draft(),), within=WITHIN)
    assert (again is None) is joins
    assert (await store.joinable(GUILD, "toxicity:11", new.active_at, WITHIN)) == (again or first)
    assert len(await store.audit()) == (1 if joins else 2)


async def test_an_incident_lasts_as_long_as_it_goes_on(store: Store) -> None:
    row = await opened(store, case(active_at=after(hours=3)))
    for minutes, belongs in ((-11, False), (-10, True), (90, True), (190, True), (191, False)):
        found = await store.joinable(GUILD, "toxicity:11", after(minutes=minutes), WITHIN)
        assert (found == row) is belongs, minutes


async def test_one_undecided_case_a_message(store: Store) -> None:
    first = await opened(store)
    reported = case("report:1001", messages=first.messages)
    assert await store.open_case(reported, (), (), within=WITHIN) is None
    await dismissed(store, first)
    assert await store.open_case(reported, (), (), within=WITHIN) is not None


async def test_another_incident_guild_or_a_decided_case_does_not_hinder(store: Store) -> None:
    first = await opened(store)
    await opened(store, case("spam:11"))
    await opened(store, case(guild=ELSEWHERE))
    await dismissed(store, first)
    newest = await opened(store)
    assert await store.joinable(GUILD, "toxicity:11", NOON, WITHIN) == newest


async def test_the_newest_of_several_is_joined(store: Store) -> None:
    assert await store.joinable(GUILD, "toxicity:11", NOON, WITHIN) is None
    later = after(minutes=15)
    await opened(store, case(opened_at=later, active_at=later))
    newest = await opened(store, case(messages=(message(2).id,)))
    assert await store.joinable(GUILD, "toxicity:11", after(minutes=7), WITHIN) == newest


async def test_only_the_version_that_was_read_can_be_replaced(store: Store) -> None:
    row = await opened(store)
    won = advance(row, cases.Claimed(at=NOON, by=MIA, until=after(minutes=5)))
    lost = advance(row, cases.Dismissed(at=NOON, by=TOM))
    assert await store.save(row, won, (draft("won"),))
    kept = action(row)
    assert not await store.save(
        row,
        lost,
        (draft("lost"),),
        action=kept,
        quotes=(quote(message(1), digest="d"),),
        report=report(),
    )
    assert await store.case(row.id) == won
    assert [entry.event for entry in await store.audit()] == ["case.opened", "won"]
    assert await store.action(kept.id) is None
    assert (await store.quotes(row.id), await store.reports(row.id)) == ([], [])


async def test_saving_what_does_not_exist_is_refused(store: Store) -> None:
    ghost = case(id=CaseId(99))
    assert not await store.save(ghost, replace(ghost, version=2), (draft(),))
    assert await store.audit() == []


async def test_every_field_of_a_change_is_kept(store: Store) -> None:
    row = await opened(store)
    changed = replace(full_case(), id=row.id, version=2, severity=Severity.CRITICAL)
    assert await store.save(row, changed, ())
    assert await store.case(row.id) == changed


async def test_cards_and_changes_do_not_touch_one_another(store: Store) -> None:
    row = await opened(store)
    await store.card_shown(row.id, CARD, 1)
    await moved(store, row, cases.Grown(at=NOON))
    shown = await store.case(row.id)
    assert shown is not None
    assert (shown.card_message, shown.card_version, shown.version) == (CARD.message, 1, 2)


async def test_a_card_never_goes_back(store: Store) -> None:
    row = await opened(store)
    await store.card_shown(row.id, CARD, 3)
    await store.card_shown(row.id, MessageRef(channel=CARD.channel, message=MessageId("1")), 2)
    shown = await store.case(row.id)
    assert shown is not None
    assert (shown.card_message, shown.card_version) == (CARD.message, 3)
    assert (shown.version, shown.state) == (row.version, row.state)


async def test_stale_cards_are_those_behind_their_row(store: Store) -> None:
    first = await opened(store, case("first"))
    second = await opened(store, case("second"))
    current = await opened(store, case("current"))
    await store.card_shown(current.id, CARD, 1)
    none = CaseId(0)
    assert [c.id for c in await store.stale_cards(GUILD, none)] == [first.id, second.id]
    assert [c.id for c in await store.stale_cards(GUILD, none, limit=1)] == [first.id]
    assert [c.id for c in await store.stale_cards(GUILD, first.id)] == [second.id]
    assert await store.stale_cards(ELSEWHERE, none) == []
    assert await store.stale() == [GUILD]
    await dismissed(store, current)
    assert current.id in [c.id for c in await store.stale_cards(GUILD, none)]


async def test_claims_that_have_ended_are_found(store: Store) -> None:
    until = after(minutes=5)
    held = await opened(store, case("held", claimed_by=MIA, claimed_until=until))
    await opened(store, case("free"))
    assert await store.lapsed(after(minutes=4)) == []
    assert await store.lapsed(until) == [held]
    await dismissed(store, held)
    assert await store.lapsed(until) == []


async def test_every_case_that_quotes_a_message_is_found(store: Store) -> None:
    own = await opened(store, quotes=(quote(message(1), 0, "d1"),))
    around = await opened(store, case("around"), quotes=(quote(message(1), -1),))
    await opened(store, case("other"), quotes=(quote(message(2), 0, "d2"),))
    assert await store.quoting(GUILD, message(1).id) == [own.id, around.id]
    assert await store.quoting(ELSEWHERE, message(1).id) == []


async def test_the_queue_is_ordered_by_severity_then_age(store: Store) -> None:
    low = await opened(store, case("1", severity=Severity.LOW, opened_at=after(hours=-9)))
    young = await opened(store, case("2", severity=Severity.HIGH, opened_at=after(hours=2)))
    old = await opened(store, case("3", severity=Severity.HIGH, opened_at=after(hours=1)))
    await dismissed(store, await opened(store, case("4", severity=Severity.CRITICAL)))
    await opened(store, case("5", guild=ELSEWHERE))
    assert [c.id for c in await store.queue(GUILD)] == [old.id, young.id, low.id]


async def test_case_of_is_the_newest_that_holds_the_message(store: Store) -> None:
    assert await store.case_of(GUILD, message(1).id) is None
    first = await opened(store)
    second = await opened(store, case("spam:11"))
    second = await moved(store, second, cases.Joined(at=NOON, messages=(message(1).id,)))
    joined = await moved(store, first, cases.Joined(at=NOON, messages=(message(7).id,)))
    assert await store.case_of(GUILD, message(1).id) == second
    assert await store.case_of(GUILD, message(7).id) == joined
    assert await store.case_of(ELSEWHERE, message(1).id) is None


async def test_context_quotes_do_not_make_a_case_of_their_messages(store: Store) -> None:
    await opened(store, quotes=(quote(message(0), -1), quote(message(1), 0, "d1")))
    assert await store.case_of(GUILD, message(0).id) is None


async def test_quotes_are_kept_once_in_time_order(store: Store) -> None:
    own, before, later = quote(message(1), 0, "d1"), quote(message(0), -1), quote(message(2), 1)
    row = await opened(store, quotes=(own, before))
    edited = replace(own, digest="d2", text="another text")
    again = replace(own, text="not kept")
    await moved(store, row, cases.Grown(at=NOON), quotes=(again, later, edited))
    assert await store.quotes(row.id) == [before, own, edited, later]
    assert await store.quotes(CaseId(row.id + 1)) == []


async def test_half_a_surrogate_pair_does_not_stop_a_case(store: Store) -> None:
    row = await opened(store, quotes=(quote(message(1), text="broken \ud83d\x00 text"),))
    (kept,) = await store.quotes(row.id)
    assert kept.text.startswith("broken ")


async def test_a_deletion_marks_the_quotes_of_its_message(store: Store) -> None:
    row = await opened(store, quotes=(quote(message(0), -1), quote(message(1), 0, "d1")))
    other = await opened(store, case(guild=ELSEWHERE), quotes=(quote(message(1), 0, "d1"),))
    gone = Deleted(id=message(1).id, guild=GUILD, channel=ChannelId("c"), at=NOON)
    await store.record((gone,))
    assert [q.deleted for q in await store.quotes(row.id)] == [False, True]
    assert [q.deleted for q in await store.quotes(other.id)] == [False]


async def test_a_quote_of_what_is_already_deleted_says_so(store: Store) -> None:
    gone = Deleted(id=message(1).id, guild=GUILD, channel=ChannelId("c"), at=NOON)
    await store.record((message(1), gone))
    row = await opened(store, quotes=(quote(message(1), 0, "d1"),))
    assert [q.deleted for q in await store.quotes(row.id)] == [True]


@pytest.mark.parametrize("state", list(CaseState))
async def test_a_verdict_stands_while_its_case_is_decided(store: Store, state: CaseState) -> None:
    row = await opened(store, quotes=(quote(message(0), -1), quote(message(1), 0, "d1")))
    assert not await store.settled(GUILD, message(1).id, "d1")
    assert await store.save(row, replace(row, state=state, version=2), ())
    assert await store.settled(GUILD, message(1).id, "d1") is (state in DECIDED)
    assert not await store.settled(GUILD, message(1).id, "d2")
    assert not await store.settled(GUILD, message(1).id, "")
    assert not await store.settled(GUILD, message(0).id, "")
    assert not await store.settled(ELSEWHERE, message(1).id, "d1")


async def test_one_report_for_each_message_and_reporter(store: Store) -> None:
    row = await opened(store, case(reports=1), report=report())
    assert await store.reported(GUILD, message(1).id, MIA) == row
    assert await store.reported(GUILD, message(1).id, TOM) is None
    assert await store.reported(ELSEWHERE, message(1).id, MIA) is None
    joined = advance(row, cases.Joined(at=NOON, reports=1))
    assert not await store.save(row, joined, (draft(),), report=report(words="again"))
    assert await store.save(row, joined, (), report=report(by=TOM, at=after(hours=-1)))
    assert await store.reports(row.id) == [report(by=TOM, at=after(hours=-1)), report()]
    assert await store.open_case(case("x"), (), (), within=WITHIN, report=report()) is None
    assert len(await store.audit()) == 1


async def test_a_reported_case_is_the_one_the_report_joined(store: Store) -> None:
    row = await opened(store, report=report())
    changed = await dismissed(store, row)
    await opened(store)
    assert await store.reported(GUILD, message(1).id, MIA) == changed


async def test_an_action_is_written_with_the_change_and_updated_by_its_id(store: Store) -> None:
    row = await opened(store)
    full = action(
        row,
        kind=ActionKind.TIMEOUT,
        until=after(hours=1),
        redirect_to=ChannelId("help"),
        rule="spam.flood",
        failure="x",
    )
    acting = await moved(
        store, row, cases.ActRequested(at=NOON, by=MIA, action=full.id), action=full
    )
    assert await store.action(full.id) == full
    done = replace(full, state=ActionState.APPLIED, finished_at=after(seconds=1), simulated=True)
    await moved(store, acting, cases.ActionApplied(at=NOON), action=done)
    assert await store.action(full.id) == done
    assert await store.action(action(acting).id) is None


async def test_what_is_unfinished_is_found_after_a_crash(store: Store) -> None:
    found = []
    states = [
        (ActionState.REQUESTED, NoticeState.NONE, True),
        (ActionState.REQUESTED, NoticeState.SENT, True),
        (ActionState.APPLIED, NoticeState.PENDING, True),
        (ActionState.APPLIED, NoticeState.SENT, False),
        (ActionState.APPLIED, NoticeState.CLOSED, False),
        (ActionState.FAILED, NoticeState.NONE, False),
    ]
    for number, (state, notice, unfinished) in enumerate(states):
        row = await opened(store, case(str(number)))
        at = after(seconds=-number)
        made = action(row, state=state, notice=notice, requested_at=at)
        await moved(store, row, cases.ActRequested(at=NOON, by=MIA, action=made.id), action=made)
        if unfinished:
            found.append(made)
    assert await store.unfinished() == found[::-1]


async def test_history_of_a_stranger_is_zeros(store: Store) -> None:
    assert await store.history(GUILD, UserId("nobody")) == History()


async def test_history_counts_what_stands(store: Store) -> None:
    newest = message(3)
    newest = replace(newest, author=replace(newest.author, joined_at=after(days=-2)))
    await store.record((message(1), message(2), newest, message(4, by=MIA)))
    await store.record((replace(message(5), guild=ELSEWHERE),))
    await opened(store, case("spam:11"))
    await opened(store, case("x", subject=MIA))
    await dismissed(store, await opened(store, case("y")))
    await self_made(store, "1", finished_at=after(hours=1))
    taken_back = await self_made(store, "2", kind=ActionKind.BAN, finished_at=after(hours=3))
    await self_made(store, "3", kind=ActionKind.BAN, reverses=taken_back)
    await self_made(store, "4", kind=ActionKind.KICK, simulated=True, finished_at=after(hours=4))
    await self_made(store, "5", kind=ActionKind.KICK, state=ActionState.FAILED)
    mute = await self_made(store, "6", kind=ActionKind.TIMEOUT, finished_at=after(hours=2))
    await self_made(store, "7", kind=ActionKind.TIMEOUT, reverses=mute, state=ActionState.FAILED)
    await self_made(store, "8", kind=ActionKind.TIMEOUT, reverses=mute, simulated=True)
    assert await store.history(GUILD, TOM) == History(
        messages=3,
        cases=9,
        actions=2,
        joined_at=after(days=-2),
        last_action=ActionKind.TIMEOUT,
        last_action_at=after(hours=2),
    )


async def self_made(store: Store, incident: str, **fields: object) -> str:
    """An applied action in a case of its own; its id."""
    row = await opened(store, case(incident))
    made = action(row, **{"state": ActionState.APPLIED, "notice": NoticeState.SENT, **fields})
    await moved(store, row, cases.ActRequested(at=NOON, by=MIA, action=made.id), action=made)
    return made.id


async def test_last_seen_is_the_newest_of_each_channel(store: Store) -> None:
    assert await store.last_seen(GUILD) == {}
    await store.record(
        (message(5), message(9, channel="b"), message(3), replace(message(99), guild=ELSEWHERE))
    )
    assert await store.last_seen(GUILD) == {
        ChannelId("b"): LastSeen(channel=ChannelId("b"), message=message(9).id, at=message(9).at),
        ChannelId("c"): LastSeen(channel=ChannelId("c"), message=message(5).id, at=message(5).at),
    }


async def test_facts_can_come_twice_and_in_any_mixture(store: Store) -> None:
    place = {"guild": GUILD, "channel": ChannelId("c"), "at": NOON}
    facts = (
        message(1),
        Edited(id=message(1).id, **place),  # type: ignore[arg-type]
        Deleted(id=message(1).id, reason="author", **place),  # type: ignore[arg-type]
        message(2),
        Edited(id=MessageId("unknown"), **place),  # type: ignore[arg-type]
        Deleted(id=MessageId("unknown"), **place),  # type: ignore[arg-type]
        message(1),
    )
    await store.record(facts)
    await store.record(facts)
    await store.record(())
    assert (await store.history(GUILD, TOM)).messages == 2


async def test_coverage_grows_or_begins_anew(store: Store) -> None:
    assert await store.covered(GUILD) is None
    first = Coverage(guild=GUILD, since=NOON, until=after(minutes=1))
    await store.cover(first)
    await store.cover(replace(first, until=after(minutes=5)))
    await store.cover(replace(first, until=after(minutes=2)))
    inside = replace(first, since=after(minutes=5), until=after(minutes=6))
    await store.cover(inside)
    assert await store.covered(GUILD) == replace(first, until=after(minutes=6))
    apart = Coverage(guild=GUILD, since=after(minutes=7), until=after(minutes=7))
    await store.cover(apart)
    assert await store.covered(GUILD) == apart
    await store.cover(replace(first, since=after(hours=-2), until=after(hours=-1)))
    assert await store.covered(GUILD) == apart
    assert await store.covered(ELSEWHERE) is None


async def test_the_audit_trail_is_a_chain_with_subjects(store: Store) -> None:
    row = await opened(store)
    zoned = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    await store.note(draft("note.zoned", at=zoned))
    await moved(store, row, cases.Grown(at=NOON))
    trail = await store.audit()
    assert [(e.seq, e.event, e.subject) for e in trail] == [
        (1, "case.opened", f"case:{row.id}"),
        (2, "note.zoned", ""),
        (3, "case.changed", f"case:{row.id}"),
    ]
    assert trail[0].previous == GENESIS
    assert trail[0].facts == draft().facts
    assert first_broken(trail) is None
    assert await store.audit(after=1, limit=1) == trail[1:2]


async def test_a_change_that_fails_half_way_leaves_nothing(store: Store) -> None:
    row = await opened(store)
    unspeakable = Draft(at=NOON, guild=GUILD, actor="system", event="x", facts=(("k", object()),))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        await store.save(
            row,
            advance(row, cases.Grown(at=NOON)),
            (draft(), unspeakable),
            action=action(row),
            quotes=(quote(message(1)),),
            report=report(),
        )
    assert await store.case(row.id) == row
    assert len(await store.audit()) == 1
    assert await store.quotes(row.id) == []
    assert await store.reported(GUILD, message(1).id, MIA) is None


async def test_closing_twice_is_no_error(store: Store) -> None:
    await store.close()
    await store.close()
