"""What is recorded of edits and deletions, and that nothing said later falsifies it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from bot.adapters.store.rows import ticks
from bot.adapters.store.sqlite import SqliteStore
from moderation.types import ChannelId, Deleted, Edited, Fact
from tests.store.values import GUILD, after, message


def edited(minutes: int) -> Edited:
    at = after(minutes=minutes)
    return Edited(id=message(1).id, guild=GUILD, channel=ChannelId("c"), at=at)


def deleted(minutes: int, reason: str = "unknown") -> Deleted:
    at = after(minutes=minutes)
    return Deleted(id=message(1).id, guild=GUILD, channel=ChannelId("c"), at=at, reason=reason)


async def row_after(folder: Path, *facts: Fact) -> dict[str, Any]:
    store = await SqliteStore.open(folder / "a.db")
    for fact in facts:
        await store.record((fact,))
    await store.close()
    with Database(str(folder / "a.db")) as db:
        (row,) = db.query("SELECT * FROM messages")
    return dict(row)


@pytest.mark.parametrize(
    ("facts", "at"),
    [
        ((edited(5),), 5),
        ((edited(5), edited(2)), 5),
        ((edited(2), edited(5)), 5),
        ((edited(2), message(1)), 2),
        ((edited(2), message(1, edited_at=after(minutes=9), late=True)), 9),
    ],
)
async def test_the_newest_edit_stands(tmp_path: Path, facts: tuple[Fact, ...], at: int) -> None:
    row = await row_after(tmp_path, message(1), *facts)
    assert (row["edited_at"], row["late"]) == (ticks(after(minutes=at)), 0)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ((deleted(1),), "unknown"),
        ((deleted(1), deleted(2, "moderator")), "moderator"),
        ((deleted(1, "author"), deleted(2, "moderator")), "author"),
        ((deleted(1, "author"), deleted(2)), "author"),
    ],
)
async def test_the_first_deletion_stands_and_may_still_find_its_reason(
    tmp_path: Path, facts: tuple[Fact, ...], reason: str
) -> None:
    row = await row_after(tmp_path, message(1), *facts, message(1))
    assert (row["deleted_at"], row["delete_reason"]) == (ticks(after(minutes=1)), reason)
