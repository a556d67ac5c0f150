"""Whatever happens in whatever order: SQLite and the fake agree, and the promises hold."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.store.sqlite import SqliteStore
from moderation.cases import OPEN_TO_MORE, belongs
from moderation.ledger import first_broken
from moderation.ports import Store
from moderation.types import Case, CaseId, CaseState, ChannelId, Deleted, MessageId, MessageRef
from tests.fakes.store import FakeStore
from tests.store.values import GUILD, TOM, WITHIN, after, case, draft, message, quote, report

Step = tuple[str, int, int, int]

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["open", "save", "stale", "shown", "record", "delete", "report"]),
        st.integers(0, 4),
        st.integers(0, 4),
        st.integers(0, 40),
    ),
    max_size=30,
)


@dataclass(slots=True)
class Walk:
    """One store on its way through the steps; ``seen`` is every row as it was once read."""

    store: Store
    seen: list[Case]
    saves: int = 0

    async def take(self, step: Step) -> object:
        name, which, choice, minutes = step
        match name:
            case "open":
                return await self._open(which, choice, minutes)
            case "save" | "stale" | "report":
                return await self._save(step)
            case "shown":
                card = MessageRef(channel=ChannelId("mods"), message=MessageId(str(choice)))
                await self.store.card_shown(CaseId(which), card, choice)
            case "record":
                await self.store.record([message(which), message(choice)])
            case _:
                channel, at = ChannelId("c"), after(minutes=minutes)
                gone = Deleted(id=message(which).id, guild=GUILD, channel=channel, at=at)
                await self.store.record([gone])
        return None

    async def _open(self, which: int, choice: int, minutes: int) -> Case | None:
        at = after(minutes=minutes)
        new = case(
            f"i{which % 2}",
            opened_at=at,
            active_at=at,
            updated_at=at,
            messages=(message(choice).id,),
        )
        about = (quote(message(choice), 0, f"d{which}"), quote(message(which), -1))
        row = await self.store.open_case(new, about, (draft("case.opened"),), within=WITHIN)
        self.seen += [row] if row else []
        return row

    async def _save(self, step: Step) -> bool | None:
        name, which, choice, minutes = step
        if not self.seen:
            return None
        known = self.seen[which % len(self.seen)]
        row = known if name == "stale" else await self.store.case(known.id)
        assert row is not None
        state = list(CaseState)[choice]
        at = max(row.active_at, after(minutes=minutes))
        moved = replace(row, state=state, version=row.version + 1, active_at=at, updated_at=at)
        filed = report(which) if name == "report" else None
        audit = (draft(subject=f"case:{row.id}"),)
        saved = await self.store.save(row, moved, audit, report=filed)
        self.saves += saved
        self.seen += [row]
        return saved


async def everything(store: Store) -> Sequence[object]:
    """All that can be asked, to compare two stores by."""
    answers: list[object] = [await store.queue(GUILD), await store.stale()]
    answers += [await store.stale_cards(GUILD, CaseId(2)), await store.lapsed(after(hours=9))]
    answers += [await store.audit(), await store.history(GUILD, TOM), await store.last_seen(GUILD)]
    for number in range(5):
        own = message(number).id
        answers += [await store.case_of(GUILD, own)]
        answers += [await store.settled(GUILD, own, f"d{n}") for n in range(5)]
        answers += [await store.quoting(GUILD, own)]
        at = after(minutes=number * 10)
        answers += [await store.joinable(GUILD, f"i{n}", at, WITHIN) for n in range(2)]
    for row in [await store.case(CaseId(n)) for n in range(31)]:
        if row is not None:
            answers += [row, await store.quotes(row.id), await store.reports(row.id)]
    return answers


async def walk(steps: Sequence[Step]) -> None:
    real, fake = Walk(await SqliteStore.open(":memory:"), []), Walk(FakeStore(), [])
    versions: dict[CaseId, int] = {}
    for step in steps:
        before = await real.store.queue(GUILD)
        answer = await real.take(step)
        assert answer == await fake.take(step)
        if isinstance(answer, Case):
            assert not [c for c in before if _one_incident(c, answer)]
        for row in await real.store.queue(GUILD):
            assert versions.get(row.id, 0) <= row.version
            versions[row.id] = row.version
    assert await everything(real.store) == await everything(fake.store)
    await check_trail(real)
    await real.store.close()


def _one_incident(one: Case, other: Case) -> bool:
    """Whether ``other`` should have joined ``one`` instead of opening a case of its own."""
    same = one.incident == other.incident and belongs(one, other.active_at, WITHIN)
    return same or (one.state in OPEN_TO_MORE and other.messages[0] in one.messages)


async def check_trail(taken: Walk) -> None:
    """One line for every opening and every save, in one whole chain."""
    trail = await taken.store.audit()
    opened = [entry for entry in trail if entry.event == "case.opened"]
    assert len(trail) == len(opened) + taken.saves
    assert first_broken(trail) is None
    assert all(one.seq + 1 == other.seq for one, other in pairwise(trail))


@given(STEPS)
@settings(max_examples=120, deadline=None)
def test_sqlite_and_the_fake_agree_and_the_promises_hold(steps: list[Step]) -> None:
    asyncio.run(walk(steps))
