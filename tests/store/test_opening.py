"""Opening a database: where it may be, whose it may be, and what is said when it may not."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlite_utils import Database

from bot.adapters.store.rows import case_row, quote_row
from bot.adapters.store.schema import MIGRATIONS
from bot.adapters.store.sqlite import SqliteStore
from moderation.errors import StoreError
from moderation.types import CaseId
from tests.store.values import GUILD, MIA, TOM, WITHIN, case, draft, full_message, message, quote


async def refusal(url: str) -> str:
    with pytest.raises(StoreError) as refused:
        await SqliteStore.open(url)
    said = str(refused.value)
    assert "\n" not in said
    return said


async def test_what_was_written_is_there_after_opening_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/tidekeeper.db"
    first = await SqliteStore.open(url)
    row = await first.open_case(case(), (), (draft(),), within=WITHIN)
    await first.close()
    again = await SqliteStore.open(url)
    assert row is not None
    assert await again.case(row.id) == row
    await again.close()


async def test_a_path_is_as_good_as_an_address(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "a.db")
    await store.close()
    assert (tmp_path / "a.db").is_file()


async def test_a_relative_address_is_relative(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = await SqliteStore.open("sqlite:///b.db")
    await store.close()
    assert (tmp_path / "b.db").is_file()


async def test_texts_of_members_are_for_the_owner_of_the_file_alone(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "a.db")
    assert (tmp_path / "a.db").stat().st_mode & 0o077 == 0
    await store.close()


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    said = await refusal(f"sqlite:///{tmp_path}/nowhere/a.db")
    assert f"the folder {tmp_path}/nowhere does not exist" in said


async def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "does not exist" in await refusal(f"sqlite:///{tmp_path}/file/a.db")


async def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    assert "name another place" in await refusal(f"sqlite:///{tmp_path}")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder nobody may write to")
async def test_a_folder_that_nobody_may_write_to_is_named() -> None:
    assert "/proc/tidekeeper.db" in await refusal("sqlite:////proc/tidekeeper.db")


@pytest.mark.parametrize("url", ["postgresql://somewhere/db", "sqlite:///", ""])
async def test_other_addresses_are_refused(url: str) -> None:
    assert "sqlite:///path" in await refusal(url)


async def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a database, but long enough to look like a header " * 20)
    before = file.read_bytes()
    assert "not a database" in await refusal(f"sqlite:///{file}")
    assert file.read_bytes() == before


async def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    other = sqlite3.connect(file)
    other.execute("CREATE TABLE messages (id)")
    other.close()
    before = file.read_bytes()
    assert "belongs to another program" in await refusal(f"sqlite:///{file}")
    assert file.read_bytes() == before


async def test_a_newer_schema_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    await (await SqliteStore.open(file)).close()
    newer = Database(str(file))
    newer.table("_sqlite_migrations").insert(
        {"migration_set": "tidekeeper", "name": "m999_future", "applied_at": "2030-01-01"}
    )
    newer.close()
    before = file.read_bytes()
    assert "newer version of Tidekeeper has changed it (m999_future)" in await refusal(str(file))
    assert file.read_bytes() == before


async def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "a.db")
    await store.close()
    with pytest.raises(StoreError, match="closed"):
        await store.queue(GUILD)


async def test_everything_about_a_message_is_recorded_but_its_text(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    store = await SqliteStore.open(file)
    await store.record((full_message(1),))
    await store.close()
    with Database(str(file)) as db:
        (row,) = db.query("SELECT * FROM messages")
    noon = 1_794_830_400_123_456
    assert row == {
        "guild": GUILD,
        "id": "1001",
        "channel": "c",
        "parent": "p",
        "author": TOM,
        "at": noon + 1_000_000,
        "kind": "reply",
        "reply_to": "900",
        "mentions": '["12","13"]',
        "mass_mention": 1,
        "is_bot": 1,
        "webhook": 1,
        "staff_at": 1,
        "roles_at": '["5","7"]',
        "joined_at": noon - 3 * 86_400_000_000,
        "length": len(full_message(1).text),
        "attachments": 1,
        "embeds": 2,
        "reactions": 4,
        "late": 1,
        "edited_at": noon + 3_600_000_000,
        "deleted_at": None,
        "delete_reason": None,
    }
    assert b"canary" not in file.read_bytes()


async def test_a_case_of_an_older_version_is_still_there_after_the_upgrade(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    with Database(str(file)) as old:
        MIGRATIONS.apply(old, stop_before="m005_incidents")
        row = case_row(case(claimed_by=MIA)) | {"id": 1}
        del row["active_at"]
        old.table("cases").insert(row)
        kept = quote_row(quote(message(1)), CaseId(1), GUILD)
        del kept["channel"]
        old.table("quotes").insert(kept)
    store = await SqliteStore.open(file)
    [found] = await store.queue(GUILD)
    assert (found.claimed_by, found.active_at) == (MIA, found.updated_at)
    assert [q.channel for q in await store.quotes(found.id)] == [""]
    await store.close()
