"""One function for each business fact that is written, each one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from itertools import groupby
from typing import Any

from sqlite_utils import Database

from bot.adapters.store import reads, rows
from bot.adapters.store.rows import ticks
from bot.adapters.store.thread import fetch_one, transaction
from moderation.cases import OPEN_TO_MORE
from moderation.ledger import GENESIS, link
from moderation.types import (
    Action,
    Case,
    CaseId,
    Coverage,
    Deleted,
    Draft,
    Edited,
    Fact,
    Message,
    MessageRef,
    Quote,
    Report,
)


def _insert(table: str, columns: Iterable[str], tail: str = "") -> str:
    names = tuple(columns)
    listed = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(f":{name}" for name in names)
    return f"INSERT INTO {table} ({listed}) VALUES ({values}) {tail}"  # noqa: S608  # our names


def _run(db: Database, table: str, row: dict[str, Any], tail: str = "") -> int | None:
    return db.conn.execute(_insert(table, row, tail), row).lastrowid


_RECORD = (
    f"INSERT INTO messages ({rows.MESSAGE_COLUMNS})"  # noqa: S608  # our names
    f" VALUES ({', '.join('?' * len(rows.MESSAGE_COLUMNS.split(',')))})"
    " ON CONFLICT DO UPDATE SET edited_at = excluded.edited_at"
    " WHERE excluded.edited_at > coalesce(edited_at, 0)"
)
_EDIT = (
    "UPDATE messages SET edited_at = ?1"
    " WHERE guild = ?2 AND id = ?3 AND coalesce(edited_at, 0) < ?1"
)
_DELETE = (
    "UPDATE messages SET deleted_at = coalesce(deleted_at, ?), delete_reason = ?"
    " WHERE guild = ? AND id = ? AND coalesce(delete_reason, 'unknown') = 'unknown'"
)
_MARK_QUOTES = "UPDATE quotes SET deleted = 1 WHERE guild = ? AND message = ?"


def record(db: Database, facts: Sequence[Fact]) -> None:
    """Write facts in their order; runs of one kind go to SQLite in one call."""
    with transaction(db):
        for kind, run in groupby(facts, key=type):
            _record_run(db, kind, list(run))


def _record_run(db: Database, kind: type[Fact], run: list[Fact]) -> None:
    if kind is Message:
        db.conn.executemany(_RECORD, (rows.message_row(f) for f in run if isinstance(f, Message)))
    elif kind is Edited:
        db.conn.executemany(_EDIT, ((ticks(f.at), f.guild, f.id) for f in run))
    else:
        for fact in run:
            if isinstance(fact, Deleted):
                _record_deletion(db, fact)


def _record_deletion(db: Database, fact: Deleted) -> None:
    db.conn.execute(_DELETE, (ticks(fact.at), fact.reason, fact.guild, fact.id))
    db.conn.execute(_MARK_QUOTES, (fact.guild, fact.id))


_FILED = "SELECT 1 FROM reports WHERE guild = ? AND message = ? AND reporter = ?"


def open_case(
    db: Database,
    case: Case,
    quotes: Sequence[Quote],
    audit: Sequence[Draft],
    *,
    within: timedelta,
    report: Report | None,
) -> Case | None:
    """As ``Store.open_case``."""
    bare = replace(case, version=1, card_channel=None, card_message=None, card_version=0)
    with transaction(db):
        if _has_home(db, case, within) or _filed_before(db, report):
            return None
        opened = replace(bare, id=CaseId(_run(db, "cases", rows.case_row(bare)) or 0))
        _hold(db, opened, quotes)
        _file(db, opened.id, report)
        _chain(db, (replace(d, subject=d.subject or f"case:{opened.id}") for d in audit))
        return opened


def _has_home(db: Database, case: Case, within: timedelta) -> bool:
    """Whether there is a case to join: of the same incident, or with the same message."""
    if reads.joinable(db, case.guild, case.incident, case.active_at, within) is not None:
        return True
    holding = reads.case_of(db, case.guild, case.messages[0])
    return holding is not None and holding.state in OPEN_TO_MORE


def _filed_before(db: Database, report: Report | None) -> bool:
    if report is None:
        return False
    return fetch_one(db, _FILED, (report.guild, report.message, report.reporter)) is not None


def _file(db: Database, case: CaseId, report: Report | None) -> None:
    if report is not None:
        _run(db, "reports", rows.report_row(report, case))


_HOLD = (
    "INSERT INTO case_messages (case_id, message, digest) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
)
_GONE = "SELECT 1 FROM messages WHERE guild = ? AND id = ? AND deleted_at IS NOT NULL"


def _hold(db: Database, case: Case, quotes: Sequence[Quote]) -> None:
    """Which messages and contents the case is about, and the texts around them."""
    about = [(case.id, message, "") for message in case.messages]
    about += [(case.id, quote.message, quote.digest) for quote in quotes if quote.digest]
    db.conn.executemany(_HOLD, about)
    for quote in quotes:
        gone = fetch_one(db, _GONE, (case.guild, quote.message)) is not None
        kept = replace(quote, deleted=quote.deleted or gone)
        _run(db, "quotes", rows.quote_row(kept, case.id, case.guild), "ON CONFLICT DO NOTHING")


def _chain(db: Database, drafts: Iterable[Draft]) -> None:
    last = fetch_one(db, "SELECT seq, digest FROM audit ORDER BY seq DESC LIMIT 1")
    seq, previous = (last["seq"], last["digest"]) if last else (0, GENESIS)
    for draft in drafts:
        seq += 1
        # A time is stored without its zone, so the digest must not depend on one.
        entry = link(replace(draft, at=draft.at.astimezone(UTC)), seq, previous)
        _run(db, "audit", rows.audit_row(entry))
        previous = entry.digest


def save(
    db: Database,
    before: Case,
    after: Case,
    audit: Sequence[Draft],
    *,
    action: Action | None,
    quotes: Sequence[Quote],
    report: Report | None,
) -> bool:
    """As ``Store.save``."""
    with transaction(db):
        if _filed_before(db, report) or not _swap(db, before, after):
            return False
        if action is not None:
            _put_action(db, action)
        new = tuple(m for m in after.messages if m not in before.messages)
        _hold(db, replace(after, id=before.id, messages=new), quotes)
        _file(db, before.id, report)
        _chain(db, audit)
        return True


def _swap(db: Database, before: Case, after: Case) -> bool:
    row = rows.case_row(after)
    columns = ", ".join(f"{name} = :{name}" for name in row)
    values = {**row, "_id": before.id, "_version": before.version}
    done = db.conn.execute(
        f"UPDATE cases SET {columns} WHERE id = :_id AND version = :_version",  # noqa: S608  # ours
        values,
    )
    return done.rowcount == 1


def _put_action(db: Database, action: Action) -> None:
    row = rows.action_row(action)
    columns = ", ".join(f"{name} = excluded.{name}" for name in row if name != "id")
    _run(db, "actions", row, f"ON CONFLICT DO UPDATE SET {columns}")


_CARD_SHOWN = (
    "UPDATE cases SET card_channel = ?1, card_message = ?2, card_version = ?3"
    " WHERE id = ?4 AND card_version <= ?3"
)


def card_shown(db: Database, case: CaseId, card: MessageRef, version: int) -> None:
    """As ``Store.card_shown``."""
    with transaction(db):
        db.conn.execute(_CARD_SHOWN, (card.channel, card.message, version, case))


_EXTEND = (
    "UPDATE coverage SET until = max(until, ?3) WHERE guild = ?1 AND until >= ?2"
    " AND since = (SELECT max(since) FROM coverage WHERE guild = ?1) AND since <= ?2"
)
_COVER = (
    "INSERT INTO coverage (guild, since, until) VALUES (?, ?, ?)"
    " ON CONFLICT DO UPDATE SET until = max(until, excluded.until)"
)


def cover(db: Database, coverage: Coverage) -> None:
    """As ``Store.cover``."""
    values = (coverage.guild, ticks(coverage.since), ticks(coverage.until))
    with transaction(db):
        if db.conn.execute(_EXTEND, values).rowcount == 0:
            db.conn.execute(_COVER, values)


def note(db: Database, draft: Draft) -> None:
    """As ``Store.note``."""
    with transaction(db):
        _chain(db, (draft,))
