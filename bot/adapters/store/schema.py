"""The tables, as migrations: each is applied once, in one transaction with its record.

Ids are text. Times are whole microseconds since 1970 in UTC: eight bytes, exact, and their order is
the order of time, whatever zone or precision a text would have had. Lists and facts are JSON.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from moderation.cases import UNDECIDED

MIGRATIONS = Migrations("tidekeeper")

UNDECIDED_STATES = ", ".join(f"'{state.value}'" for state in sorted(UNDECIDED))
"""For ``state IN (...)``. Spelt the same in index and query, so that SQLite uses the index."""

_MESSAGES = """
CREATE TABLE messages (
    guild TEXT NOT NULL,
    id TEXT NOT NULL,
    channel TEXT NOT NULL,
    parent TEXT,                       -- set in a thread or forum post: the channel it is in
    author TEXT NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    reply_to TEXT,
    mentions TEXT NOT NULL,            -- JSON, user ids
    mass_mention INTEGER NOT NULL,
    is_bot INTEGER NOT NULL,
    webhook INTEGER NOT NULL,
    staff_at INTEGER NOT NULL,         -- the author was staff at that moment
    roles_at TEXT NOT NULL,            -- JSON, the author's role ids at that moment
    joined_at INTEGER,
    length INTEGER NOT NULL,           -- code points of the text, which is not kept
    attachments INTEGER NOT NULL,
    embeds INTEGER NOT NULL,
    reactions INTEGER NOT NULL,
    late INTEGER NOT NULL,
    edited_at INTEGER,
    deleted_at INTEGER,
    delete_reason TEXT,
    PRIMARY KEY (guild, id)
) WITHOUT ROWID;
CREATE INDEX messages_channel ON messages (guild, channel, at);
CREATE INDEX messages_author ON messages (guild, author, at);
"""

_CASES = f"""
CREATE TABLE cases (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guild TEXT NOT NULL,
    channel TEXT NOT NULL,
    incident TEXT NOT NULL,
    subject TEXT NOT NULL,
    state TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    severity INTEGER NOT NULL,
    risk INTEGER NOT NULL,
    owner TEXT NOT NULL,
    score REAL NOT NULL,
    opened_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    messages TEXT NOT NULL,            -- JSON, the subject message first
    signals TEXT NOT NULL,
    reasons TEXT NOT NULL,
    recommended TEXT,
    reports INTEGER NOT NULL,
    late INTEGER NOT NULL,
    degraded INTEGER NOT NULL,
    policy_version TEXT NOT NULL,
    engine TEXT NOT NULL,
    claimed_by TEXT,
    claimed_until INTEGER,
    decided_by TEXT,
    decided_at INTEGER,
    action TEXT,
    failure TEXT NOT NULL,
    card_channel TEXT,
    card_message TEXT,
    card_version INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX cases_undecided ON cases (guild, incident) WHERE state IN ({UNDECIDED_STATES});
CREATE INDEX cases_queue ON cases (guild, severity DESC, opened_at, id)
    WHERE state IN ({UNDECIDED_STATES});
CREATE INDEX cases_subject ON cases (guild, subject);
CREATE INDEX cases_stale ON cases (updated_at) WHERE card_version < version;

CREATE TABLE case_messages (           -- which messages, and which contents, a case is about
    case_id INTEGER NOT NULL REFERENCES cases (id),
    message TEXT NOT NULL,
    digest TEXT NOT NULL,              -- empty: the message, whatever it says
    PRIMARY KEY (message, case_id, digest)
) WITHOUT ROWID;

CREATE TABLE quotes (                  -- the one table of message texts
    seq INTEGER PRIMARY KEY,
    case_id INTEGER NOT NULL REFERENCES cases (id),
    guild TEXT NOT NULL,
    message TEXT NOT NULL,
    digest TEXT NOT NULL,
    author TEXT NOT NULL,
    author_name TEXT NOT NULL,
    at INTEGER NOT NULL,
    text TEXT NOT NULL,
    "offset" INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    UNIQUE (case_id, message, digest)
);
CREATE INDEX quotes_message ON quotes (guild, message);
CREATE INDEX quotes_author ON quotes (guild, author);
"""

_DECISIONS = """
CREATE TABLE actions (
    id TEXT PRIMARY KEY,
    case_id INTEGER NOT NULL REFERENCES cases (id),
    guild TEXT NOT NULL,
    channel TEXT NOT NULL,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    message TEXT,
    state TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    requested_at INTEGER NOT NULL,
    until INTEGER,
    finished_at INTEGER,
    reverses TEXT,
    failure TEXT NOT NULL,
    simulated INTEGER NOT NULL,
    notice TEXT NOT NULL,
    redirect_to TEXT,
    rule TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX actions_target ON actions (guild, target);
CREATE INDEX actions_reverses ON actions (reverses) WHERE reverses IS NOT NULL;
CREATE INDEX actions_unfinished ON actions (requested_at)
    WHERE state = 'requested' OR (state = 'applied' AND notice = 'pending');

CREATE TABLE reports (                 -- sealed: the reporter never leaves this table
    guild TEXT NOT NULL,
    message TEXT NOT NULL,
    reporter TEXT NOT NULL,
    case_id INTEGER NOT NULL REFERENCES cases (id),
    category TEXT NOT NULL,
    at INTEGER NOT NULL,
    words TEXT NOT NULL,
    PRIMARY KEY (guild, message, reporter)
) WITHOUT ROWID;
CREATE INDEX reports_case ON reports (case_id, at);
"""

_AUDIT = """
CREATE TABLE audit (                   -- append-only, a hash chain (moderation.ledger)
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    guild TEXT NOT NULL,
    actor TEXT NOT NULL,
    event TEXT NOT NULL,
    subject TEXT NOT NULL,
    facts TEXT NOT NULL,
    previous TEXT NOT NULL,
    digest TEXT NOT NULL
);
CREATE INDEX audit_subject ON audit (subject);
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;

CREATE TABLE coverage (                -- when the bot listened
    guild TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (guild, since)
) WITHOUT ROWID;
"""

_INCIDENTS = f"""
ALTER TABLE cases ADD COLUMN active_at INTEGER NOT NULL DEFAULT 0;
UPDATE cases SET active_at = max(opened_at, updated_at);
ALTER TABLE quotes ADD COLUMN channel TEXT NOT NULL DEFAULT '';
ALTER TABLE actions ADD COLUMN also TEXT NOT NULL DEFAULT '[]';  -- JSON, channel and message ids
DROP INDEX cases_stale;
CREATE INDEX cases_stale ON cases (guild, id) WHERE card_version < version;
CREATE INDEX cases_claimed ON cases (claimed_until)
    WHERE claimed_until IS NOT NULL AND state IN ({UNDECIDED_STATES});
"""  # noqa: S608  # constants of the core


@MIGRATIONS()
def m001_messages(db: Database) -> None:
    """The metadata of every message."""
    db.executescript(_MESSAGES)


@MIGRATIONS()
def m002_cases(db: Database) -> None:
    """Cases, what they are about, and the texts that are kept around them."""
    db.executescript(_CASES)


@MIGRATIONS()
def m003_decisions(db: Database) -> None:
    """Actions and members' reports."""
    db.executescript(_DECISIONS)


@MIGRATIONS()
def m004_audit(db: Database) -> None:
    """The audit trail and the hours of listening."""
    db.executescript(_AUDIT)


@MIGRATIONS()
def m005_incidents(db: Database) -> None:
    """How long an incident lasts, and where each of its messages stands."""
    db.executescript(_INCIDENTS)


def known_names() -> frozenset[str]:
    """The migrations that this program knows."""
    empty = Database(memory=True)
    try:
        return frozenset(migration.name for migration in MIGRATIONS.pending(empty))
    finally:
        empty.close()
