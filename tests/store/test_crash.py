"""SIGKILL at any moment: what was answered is there, and no case without its audit line."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.adapters.store.sqlite import SqliteStore
from bot.database import verify
from moderation.types import CaseId

WRITER = """
import asyncio, sys
from moderation.cases import Grown, advance
from bot.adapters.store.sqlite import SqliteStore
from tests.store.values import NOON, WITHIN, case, draft, message, quote, report

async def write(path: str) -> None:
    store = await SqliteStore.open(path)
    number = 0
    while True:
        number += 1
        row = await store.open_case(
            case(str(number)), (quote(message(number), digest="d"),), (draft(),),
            within=WITHIN, report=report(number),
        )
        await store.record([message(number * 100 + n) for n in range(20)])
        after = advance(row, Grown(at=NOON))
        assert await store.save(row, after, (draft(subject=f"case:{row.id}"),))
        print(number, flush=True)

asyncio.run(write(sys.argv[1]))
"""


@pytest.mark.parametrize("moment", [0.01, 0.05, 0.1, 0.2])
async def test_a_killed_writer_leaves_nothing_half_done(tmp_path: Path, moment: float) -> None:
    file = tmp_path / "a.db"
    answered = _kill_writer(file, moment)
    report = verify(file)
    assert report.sound
    assert answered > 0
    store = await SqliteStore.open(file)
    for number in range(1, answered + 1):
        row = await store.case(CaseId(number))
        assert row is not None
        assert row.version == 2
        assert len(await store.quotes(row.id)) == len(await store.reports(row.id)) == 1
    await store.close()


def _kill_writer(file: Path, moment: float) -> int:
    """Kill a writing process ``moment`` seconds after its first answer; the last it gave."""
    command = [sys.executable, "-c", WRITER, str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(moment)
        writer.kill()
        lines = [first, *writer.stdout.readlines()]
    return int([line for line in lines if line.endswith("\n")][-1])
