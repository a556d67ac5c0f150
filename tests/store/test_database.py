"""``tidekeeper db``: migrate, verify, backup, over real files."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.adapters.store.sqlite import SqliteStore
from bot.database import backup, migrate, verify
from moderation.errors import StoreError
from moderation.ledger import GENESIS
from tests.store.values import WITHIN, case, draft, message, quote


async def filled(folder: Path, cases: int = 3) -> Path:
    file = folder / "tidekeeper.db"
    store = await SqliteStore.open(file)
    for number in range(cases):
        text = (quote(message(number), digest="d"),)
        await store.open_case(case(str(number)), text, (draft(),), within=WITHIN)
    await store.close()
    return file


def tamper(file: Path, *statements: str) -> None:
    """Change the file behind the triggers, as somebody with access to it could."""
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("DROP TRIGGER audit_no_update")
        db.execute("DROP TRIGGER audit_no_delete")
        for statement in statements:
            db.execute(statement)


async def test_a_sound_database_is_said_to_be_sound(tmp_path: Path) -> None:
    file = await filled(tmp_path)
    report = verify(f"sqlite:///{file}")
    assert report.sound
    assert (report.entries, report.first_broken, report.integrity) == (3, None, "ok")
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("SELECT digest FROM audit WHERE seq = 3").fetchone() == (report.head,)


async def test_an_empty_database_is_sound(tmp_path: Path) -> None:
    report = verify(await filled(tmp_path, cases=0))
    assert (report.sound, report.entries, report.head) == (True, 0, GENESIS)


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE audit SET actor = 'somebody' WHERE seq = 2", 2),
        ("UPDATE audit SET facts = '[]' WHERE seq = 1", 1),
        ("UPDATE audit SET facts = 'no JSON' WHERE seq = 3", 3),
        ("UPDATE audit SET at = 'never' WHERE seq = 3", 3),
        ("UPDATE audit SET at = at + 1 WHERE seq = 2", 2),
        ("DELETE FROM audit WHERE seq = 2", 2),
        ("DELETE FROM audit WHERE seq = 1", 1),
    ],
)
async def test_tampering_is_found_where_it_was_done(
    tmp_path: Path, statement: str, broken: int
) -> None:
    file = await filled(tmp_path)
    tamper(file, statement)
    report = verify(file)
    assert (report.sound, report.first_broken) == (False, broken)


async def test_lines_cut_off_the_end_show_in_the_head_and_in_their_cases(tmp_path: Path) -> None:
    file = await filled(tmp_path)
    head = verify(file).head
    tamper(file, "DELETE FROM audit WHERE seq = 3")
    report = verify(file)
    assert (report.sound, report.unaudited, report.head == head) == (False, (3,), False)


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit"])
async def test_the_audit_trail_refuses_changes(tmp_path: Path, statement: str) -> None:
    file = await filled(tmp_path)
    with (
        closing(sqlite3.connect(file)) as db,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        db.execute(statement)


async def test_a_damaged_index_is_reported(tmp_path: Path) -> None:
    file = await filled(tmp_path)
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("PRAGMA writable_schema=ON")
        db.execute("UPDATE sqlite_schema SET rootpage = 3 WHERE name = 'cases_subject'")
    try:
        said = verify(file).integrity
    except StoreError as error:
        said = str(error)
    assert said != "ok"


async def test_rows_that_refer_to_nothing_are_reported(tmp_path: Path) -> None:
    file = await filled(tmp_path)
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("DELETE FROM cases WHERE id = 2")
    assert verify(file).integrity == "3 rows refer to rows that are gone"


async def test_a_file_of_noise_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    file.write_bytes(b"noise " * 4096)
    with pytest.raises(StoreError, match="not a database; restore a backup"):
        verify(file)


async def test_verify_needs_a_database_that_is_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no such file"):
        verify(tmp_path / "none.db")
    assert not (tmp_path / "none.db").exists()


async def test_migrations_are_applied_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    assert migrate(url)[0] == "m001_messages"
    assert migrate(url) == ()
    assert verify(url).sound


async def test_a_backup_is_a_whole_database_of_one_moment(tmp_path: Path) -> None:
    file = await filled(tmp_path)
    store = await SqliteStore.open(file)
    heard: list[tuple[int, int]] = []
    copy = backup(file, tmp_path / "copy.db", lambda done, of: heard.append((done, of)))
    await store.open_case(case("later"), (), (draft(),), within=WITHIN)
    report = verify(copy)
    assert (report.sound, report.entries) == (True, 3)
    assert heard[-1][0] == heard[-1][1] > 0
    assert copy.stat().st_mode & 0o077 == 0
    restored = await SqliteStore.open(copy)
    assert [q.text for q in await restored.quotes(1)] == [message(0).text]  # type: ignore[arg-type]
    for opened in (store, restored):
        await opened.close()


async def test_a_backup_overwrites_nothing(tmp_path: Path) -> None:
    file = await filled(tmp_path)
    before = file.read_bytes()
    with pytest.raises(StoreError, match="exists already"):
        backup(file, file)
    assert file.read_bytes() == before


async def test_a_backup_into_nowhere_is_one_line(tmp_path: Path) -> None:
    file = await filled(tmp_path)
    with pytest.raises(StoreError, match="name another place"):
        backup(file, tmp_path / "nowhere" / "copy.db")
    with pytest.raises(StoreError, match="no such file"):
        backup(tmp_path / "none.db", tmp_path / "copy.db")
