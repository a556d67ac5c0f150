"""The one thread that owns the connection, and what it takes to open a database.

SQLite has one writer at a time; one thread is the queue for it, and an event loop that waits for a
thread pool is at rest as far as tests are concerned. Reads use the same thread, so that what was
written before is always seen: a case is read in 0.07 ms, behind a batch of 500 messages in 30 ms.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlite_utils import Database

from bot.adapters.store.rows import Row
from bot.adapters.store.schema import MIGRATIONS, known_names
from moderation.errors import StoreError

T = TypeVar("T")

MEMORY = ":memory:"

BUSY_SECONDS = 10.0
"""How long a write waits for another process that holds the lock."""

_AGAIN = 0.02
"""Seconds until a start that found the file locked looks again."""

_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=NORMAL",  # a killed process loses nothing; a power cut may lose the last moments
    "foreign_keys=ON",
    "cache_size=-16000",  # 16 MB; with the default 2 MB the indexes of many authors do not fit
    "wal_autocheckpoint=4000",  # 16 MB; fewer, larger copies into the file: a quarter faster
)


class DatabaseThread:
    """Runs functions over the one connection, in the order in which they were asked for."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._db: Database | None = None

    async def open(self) -> None:
        """Connect and bring the schema up to date. Raises ``StoreError``."""
        try:
            self._db = await self._submit(lambda: connect(self._path))
        except StoreError:
            self._executor.shutdown(wait=False)
            raise

    async def run(self, work: Callable[[Database], T]) -> T:
        """What ``work`` returns. Raises ``StoreError`` for everything SQLite complains about."""
        db = self._db
        if db is None:
            raise StoreError(f"database {self._path}: it is closed")
        return await self._submit(lambda: work(db))

    async def close(self) -> None:
        """Finish what was asked for before, then let go; may be called twice."""
        db, self._db = self._db, None
        if db is not None:
            await self._submit(db.close)
            self._executor.shutdown(wait=False)

    async def _submit(self, work: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._guarded, work)

    def _guarded(self, work: Callable[[], T]) -> T:
        with told_plainly(self._path):
            return work()


@contextmanager
def told_plainly(path: str) -> Iterator[None]:
    """Turn what SQLite says into one line that names the database."""
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(f"database {path}: {error}; {_advice(error)}") from error


def _advice(error: sqlite3.Error) -> str:
    said = str(error)
    if "locked" in said:
        return "another process is writing to it, end that one or try again"
    if "not a database" in said or "malformed" in said:
        return "restore a backup, or set store.url to another file"
    if "full" in said:
        return "free some disk space"
    return "check the file and its folder with 'tidekeeper doctor'"


def path_of(url: str | os.PathLike[str]) -> str:
    """The path in ``sqlite:///path`` (four slashes for an absolute one), or the path itself."""
    written = os.fspath(url)
    if written.startswith("sqlite:///"):
        written = written.removeprefix("sqlite:///")
    elif "://" in written:
        raise StoreError(f"database {written.partition('://')[0]}://: only sqlite:///path is known")
    if not written:
        raise StoreError("the database has no path: write store.url as sqlite:///path")
    return written if written == MEMORY else str(Path(written).expanduser())


def connect(path: str) -> Database:
    """A connection for this thread only, its schema up to date.

    Raises ``StoreError`` (before anything is written) when the folder is missing or not writable,
    when the file is not Tidekeeper's, or when a newer program has written it.
    """
    _check_place(path)
    patience = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            return _connected(path)
        except sqlite3.OperationalError as error:
            # Switching a new file to WAL does not wait for others who do the same: SQLite says
            # "locked" at once, whatever the time-out.
            if "locked" not in str(error) or time.monotonic() > patience:
                raise
        time.sleep(_AGAIN)


def _connected(path: str) -> Database:
    db = plain_connection(path)
    try:
        check_schema(db, path)
        for pragma in _PRAGMAS:
            db.execute(f"PRAGMA {pragma}").fetchall()
        _migrate(db)
    except BaseException:
        db.close()
        raise
    return db


def plain_connection(path: str) -> Database:
    """A connection with nothing checked or changed."""
    return Database(sqlite3.connect(path, timeout=BUSY_SECONDS))


def _check_place(path: str) -> None:
    """The file exists, readable and writable for its owner alone, or the reason why it cannot."""
    if path == MEMORY:
        return
    folder = Path(path).absolute().parent
    if not folder.is_dir():
        raise StoreError(f"database {path}: the folder {folder} does not exist, create it first")
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        usable = os.access(folder, os.W_OK)
    except OSError as error:
        raise StoreError(f"database {path}: {error.strerror}, name another place") from error
    if not usable:
        raise StoreError(f"database {path}: the folder {folder} is not writable for this user")


def check_schema(db: Database, path: str) -> None:
    """Raise ``StoreError`` when the schema is a stranger's or a newer program's."""
    applied = {migration.name for migration in MIGRATIONS.applied(db)}
    if unknown := sorted(applied - known_names()):
        raise StoreError(
            f"database {path}: a newer version of Tidekeeper has changed it ({unknown[-1]}),"
            " install that version or restore an older backup"
        )
    if not applied and db.table_names():
        raise StoreError(f"database {path}: it belongs to another program, name another file")


def _migrate(db: Database) -> None:
    """Apply what is pending; of two processes that start together, one waits for the other."""
    if MIGRATIONS.pending(db):
        with transaction(db):
            MIGRATIONS.apply(db)


@contextmanager
def transaction(db: Database) -> Iterator[None]:
    """All or nothing. The write lock is taken first, so that what is read inside stays true."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.commit()
    except BaseException:
        db.rollback()
        raise


def fetch(db: Database, sql: str, values: tuple[Any, ...] | Row = ()) -> list[Row]:
    """All rows that ``sql`` finds.

    ``Database.query`` does the same inside a savepoint, which costs more than the query itself.
    """
    cursor = db.conn.execute(sql, values)
    columns = [column[0] for column in cursor.description]
    return [dict(zip(columns, row, strict=True)) for row in cursor]


def fetch_one(db: Database, sql: str, values: tuple[Any, ...] | Row = ()) -> Row | None:
    """The first row that ``sql`` finds."""
    found = fetch(db, sql, values)
    return found[0] if found else None
