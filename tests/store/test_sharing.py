"""Two processes, one file: nobody's change is lost."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

from bot.adapters.store.sqlite import SqliteStore
from bot.database import verify
from moderation.types import CaseId
from tests.store.values import WITHIN, case, draft

TIMES = 60

COUNTER = """
import asyncio, sys
from dataclasses import replace
from bot.adapters.store.sqlite import SqliteStore
from moderation.types import CaseId
from tests.store.values import draft

async def count(path: str, times: int) -> None:
    store = await SqliteStore.open(path)
    while times:
        row = await store.case(CaseId(1))
        more = replace(row, version=row.version + 1, reports=row.reports + 1)
        if await store.save(row, more, (draft(subject="case:1"),)):
            times -= 1
    await store.close()

asyncio.run(count(sys.argv[1], int(sys.argv[2])))
"""


async def test_processes_that_count_together_lose_no_count(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    store = await SqliteStore.open(file)
    await store.open_case(case(), (), (draft(),), within=WITHIN)
    command = [sys.executable, "-c", COUNTER, str(file), str(TIMES)]
    processes = [await asyncio.create_subprocess_exec(*command) for _ in range(2)]
    assert [await process.wait() for process in processes] == [0, 0]
    row = await store.case(CaseId(1))
    await store.close()
    assert row is not None
    assert (row.reports, row.version) == (2 * TIMES, 2 * TIMES + 1)
    report = verify(file)
    assert (report.sound, report.entries) == (True, 2 * TIMES + 1)


async def test_two_stores_on_a_new_file_migrate_it_once_and_elect_one_winner(
    tmp_path: Path,
) -> None:
    file = tmp_path / "a.db"
    stores = await asyncio.gather(*(SqliteStore.open(file) for _ in range(4)))
    rows = await asyncio.gather(
        *(s.open_case(case(), (), (draft(),), within=WITHIN) for s in stores)
    )
    (row,) = [row for row in rows if row is not None]
    after = replace(row, version=2)
    saved = await asyncio.gather(*(s.save(row, after, (draft(),)) for s in stores))
    assert sorted(saved) == [False, False, False, True]
    assert len(await stores[0].audit()) == 2
    for store in stores:
        await store.close()
