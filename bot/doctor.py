"""Looks at everything that a bot needs on this machine, and says how to mend what is wrong.

What concerns Discord itself is in ``doctor_online``.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from bot.database import heartbeat, verify
from bot.findings import Finding, fail, ok, warn
from bot.parts import make_scorer, open_store
from config.schema import EngineSettings, Settings, StoreSettings
from moderation.errors import EngineUnavailable, StoreError
from moderation.ports import Store

FRESH = timedelta(minutes=5)
"""Coverage stays two minutes behind the clock and is written every tick; more is silence."""

BACKUP_EVENT = "database.backed_up"
_BACKUP_AGE = timedelta(days=7)
_PROBE = "good morning, who can help me with an invoice"


def machine(settings: Settings, now: datetime) -> Iterator[Finding]:
    """The checks that need no network, except the store's."""
    yield ok("settings", f"valid, mode {settings.policy.mode.value}")
    yield _engine(settings.engine)
    yield _audit(settings.store)
    yield listening(settings.store, now)


async def store(settings: Settings, now: datetime) -> list[Finding]:
    """Whether the database can be used, and when it was last copied. It is not made or changed."""
    path = settings.store.path.expanduser()
    if not path.exists():
        return [_new(path)]
    try:
        heartbeat(settings.store.url)  # refuses an older schema, which opening would change
        database = await open_store(settings.store)
    except StoreError as error:
        return [fail("store", str(error), "mend the file, or name another in store.url")]
    try:
        backup = await _backup(database, now)
    finally:
        await database.close()
    return [ok("store", f"{settings.store.path} is writable and migrated"), backup]


def _new(path: Path) -> Finding:
    if os.access(path.absolute().parent, os.W_OK):
        return ok("store", f"{path} will be made at the first start")
    said = f"{path} cannot be made there"
    return fail("store", said, "set store.url to a place this user can write to")


def health(settings: Settings, now: datetime) -> Finding:
    """For the container: whether a bot that shares this database listens now."""
    return listening(settings.store, now)


def listening(settings: StoreSettings, now: datetime) -> Finding:
    """Whether the newest coverage row is fresh."""
    try:
        last = heartbeat(settings.url)
    except (StoreError, sqlite3.Error):
        last = None
    if last is None:
        return warn("bot", "none has listened with this database yet", "start tidekeeper run")
    if now - last > FRESH:
        said = f"it last listened at {last:%Y-%m-%d %H:%M} UTC"
        return warn("bot", said, "start tidekeeper run, or look at its log")
    return ok("bot", "it listens now")


def _engine(settings: EngineSettings) -> Finding:
    try:
        scorer = make_scorer(settings)
        (scores,) = scorer.score([_PROBE])
    except EngineUnavailable as error:
        return fail(
            "engine", str(error), "correct the engine settings, or set engine.name to builtin"
        )
    except Exception as error:  # foreign code: whatever it is, the bot would run on rules alone
        said = f"{settings.name} fails when it scores ({type(error).__name__})"
        return fail("engine", said, "correct the engine settings, or set engine.name to builtin")
    if not 0 <= scores.toxicity < 0.5:
        said = f"{scorer.name} finds a friendly text toxic ({scores.toxicity:.2f})"
        return warn("engine", said, "install the package again or check engine.checkpoint")
    return ok("engine", f"{scorer.name} loads and scores")


def _audit(settings: StoreSettings) -> Finding:
    if not Path(settings.path).expanduser().exists():
        return ok("audit", "there is no database yet")
    try:
        found = verify(settings.url)
    except StoreError as error:
        return fail("audit", str(error), "run tidekeeper db migrate, or restore a backup")
    if found.sound:
        return ok("audit", f"{found.entries} lines, the chain is whole")
    return fail("audit", "the audit trail or the file is damaged", "run tidekeeper db verify")


async def _backup(database: Store, now: datetime) -> Finding:
    last: datetime | None = None
    after = 0
    while page := await database.audit(after):
        after = page[-1].seq
        last = max((line.at for line in page if line.event == BACKUP_EVENT), default=last)
    if last is None:
        return warn("backup", "none was made yet", "run tidekeeper db backup FILE every day")
    if now - last > _BACKUP_AGE:
        return warn(
            "backup", f"the last one is of {last:%Y-%m-%d}", "run tidekeeper db backup FILE"
        )
    return ok("backup", f"the last one is of {last:%Y-%m-%d %H:%M} UTC")
