"""Care for the database, behind ``tidekeeper db``: migrate, verify, backup."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlite_utils import Database

from bot.adapters.store.rows import EPOCH, Row, audit_from, moment
from bot.adapters.store.schema import MIGRATIONS
from bot.adapters.store.thread import (
    check_schema,
    connect,
    fetch,
    path_of,
    plain_connection,
    told_plainly,
)
from moderation.errors import StoreError
from moderation.ledger import GENESIS, first_broken
from moderation.types import AuditEntry, CaseId, GuildId

_COPY_PAGES = 1000
"""Pages copied at a time, so that the bot can write in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """What a look at the whole database found. ``messages`` are on record, without their text.

    ``entries`` audit lines were checked; ``first_broken`` is the number of the first one that does
    not fit the chain. ``head`` is the digest of the last line: kept elsewhere, it also shows
    whether lines were cut off the end, which the chain alone cannot. ``integrity`` is what SQLite
    says of the file (``ok``). ``unaudited`` are cases without any audit line.
    """

    messages: int
    entries: int
    first_broken: int | None
    head: str
    integrity: str
    unaudited: tuple[CaseId, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing at all is wrong."""
        return self.first_broken is None and self.integrity == "ok" and not self.unaudited


def migrate(url: str | os.PathLike[str]) -> tuple[str, ...]:
    """Bring the schema up to date; the names of the migrations applied now. Raises ``StoreError``."""
    path = path_of(url)
    with told_plainly(path):
        before = _applied(path)
        with closing(connect(path)) as db:
            return tuple(m.name for m in MIGRATIONS.applied(db) if m.name not in before)


def _applied(path: str) -> frozenset[str]:
    if not Path(path).is_file():
        return frozenset()
    with closing(plain_connection(path)) as db:
        return frozenset(migration.name for migration in MIGRATIONS.applied(db))


def verify(url: str | os.PathLike[str]) -> VerifyReport:
    """Check the file, the audit chain, and that every case is on record. Changes nothing.

    Raises ``StoreError`` when there is no such database or it cannot be read at all.
    """
    with _existing(path_of(url)) as db:
        last = fetch(db, "SELECT digest FROM audit ORDER BY seq DESC LIMIT 1")
        return VerifyReport(
            messages=fetch(db, "SELECT count(*) AS n FROM messages")[0]["n"],
            entries=fetch(db, "SELECT count(*) AS n FROM audit")[0]["n"],
            first_broken=first_broken(_trail(db)),
            head=last[0]["digest"] if last else GENESIS,
            integrity=_integrity(db),
            unaudited=_unaudited(db),
        )


@contextmanager
def _existing(path: str) -> Iterator[Database]:
    """One unchanging view of a database that is there and of this program's schema."""
    if not Path(path).is_file():
        raise StoreError(f"database {path}: there is no such file, check store.url")
    with told_plainly(path), closing(plain_connection(path)) as db:
        check_schema(db, path)
        if MIGRATIONS.pending(db):
            raise StoreError(f"database {path}: run 'tidekeeper db migrate' first")
        db.begin()
        yield db


def heartbeat(url: str | os.PathLike[str]) -> datetime | None:
    """Until when a bot on this database has listened, in any guild; ``None`` when none ever has.

    Raises ``StoreError`` when there is no such database.
    """
    with _existing(path_of(url)) as db:
        row = db.conn.execute("SELECT max(until) FROM coverage").fetchone()
    return None if row[0] is None else moment(row[0])


def _trail(db: Database) -> Iterator[AuditEntry]:
    cursor = db.conn.execute("SELECT * FROM audit ORDER BY seq")
    columns = [column[0] for column in cursor.description]
    return (_entry(dict(zip(columns, row, strict=True))) for row in cursor)


def _entry(row: Row) -> AuditEntry:
    """The line, or one that fits no chain where somebody made it unreadable."""
    try:
        return audit_from(row)
    except (ValueError, TypeError, OverflowError):
        return AuditEntry(
            seq=row["seq"], at=EPOCH, guild=GuildId(""), actor="", event="unreadable", subject=""
        )


def _integrity(db: Database) -> str:
    said = [row[0] for row in db.conn.execute("PRAGMA integrity_check(5)")]
    orphans = len(db.conn.execute("PRAGMA foreign_key_check").fetchall())
    if orphans and said == ["ok"]:
        return f"{orphans} rows refer to rows that are gone"
    return "; ".join(said)


def _unaudited(db: Database) -> tuple[CaseId, ...]:
    sql = (
        "SELECT id FROM cases"
        " WHERE NOT EXISTS (SELECT 1 FROM audit WHERE subject = 'case:' || cases.id) ORDER BY id"
    )
    return tuple(CaseId(row["id"]) for row in fetch(db, sql))


def backup(
    url: str | os.PathLike[str],
    to: str | os.PathLike[str],
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Copy the database to the new file ``to`` while it may be in use; returns its path.

    The copy is one moment of the database, and appears under its name only when it is complete.
    ``progress`` hears pages copied and pages in all. Raises ``StoreError``, also when ``to`` exists.
    """
    source, target = path_of(url), Path(to)
    part = target.with_name(f"{target.name}.part")
    if target.exists():
        raise StoreError(f"backup {target}: this file exists already, name a new one")
    if not Path(source).is_file():
        raise StoreError(f"database {source}: there is no such file, check store.url")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
        with told_plainly(source):
            _copy(source, part, progress)
        part.replace(target)
    except OSError as error:
        raise StoreError(f"backup {target}: {error.strerror}, name another place") from error
    finally:
        part.unlink(missing_ok=True)
    return target


def _copy(source: str, part: Path, progress: Callable[[int, int], None] | None) -> None:
    def tell(_status: int, remaining: int, total: int) -> None:
        if progress is not None:
            progress(total - remaining, total)

    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(part)) as copy:
        live.backup(copy, pages=_COPY_PAGES, progress=tell)
        copy.execute("PRAGMA journal_mode=DELETE")
