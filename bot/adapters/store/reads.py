"""One function for each question; none of them writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlite_utils import Database

from bot.adapters.store import rows
from bot.adapters.store.rows import TICK, moment, ticks
from bot.adapters.store.schema import UNDECIDED_STATES
from bot.adapters.store.thread import fetch, fetch_one
from moderation.cases import DECIDED
from moderation.types import (
    Action,
    ActionId,
    ActionKind,
    AuditEntry,
    Case,
    CaseId,
    CaseState,
    ChannelId,
    Coverage,
    GuildId,
    History,
    LastSeen,
    MessageId,
    Quote,
    Report,
    UserId,
)

_DECIDED_STATES = ", ".join(f"'{state.value}'" for state in sorted(DECIDED))

_CASES = "SELECT * FROM cases "


def case(db: Database, case: CaseId) -> Case | None:
    """As ``Store.case``."""
    return _one_case(db, "WHERE id = ?", (case,))


_JOINABLE = (
    f"WHERE guild = ?1 AND incident = ?2 AND state IN ({UNDECIDED_STATES})"
    f" AND state <> '{CaseState.ACTING.value}'"  # beside the list, which is what the index knows
    " AND opened_at - ?3 <= ?4 AND active_at + ?3 >= ?4 ORDER BY id DESC LIMIT 1"
)


def joinable(
    db: Database, guild: GuildId, incident: str, at: datetime, within: timedelta
) -> Case | None:
    """As ``Store.joinable``."""
    return _one_case(db, _JOINABLE, (guild, incident, within // TICK, ticks(at)))


def case_of(db: Database, guild: GuildId, message: MessageId) -> Case | None:
    """As ``Store.case_of``."""
    where = (
        "WHERE guild = ? AND id IN (SELECT case_id FROM case_messages WHERE message = ?)"
        " ORDER BY id DESC LIMIT 1"
    )
    return _one_case(db, where, (guild, message))


def queue(db: Database, guild: GuildId) -> Sequence[Case]:
    """As ``Store.queue``."""
    where = (
        f"WHERE guild = ? AND state IN ({UNDECIDED_STATES}) ORDER BY severity DESC, opened_at, id"
    )
    return _cases(db, where, (guild,))


def quoting(db: Database, guild: GuildId, message: MessageId) -> Sequence[CaseId]:
    """As ``Store.quoting``."""
    sql = "SELECT DISTINCT case_id FROM quotes WHERE guild = ? AND message = ? ORDER BY case_id"
    return [CaseId(row["case_id"]) for row in fetch(db, sql, (guild, message))]


def lapsed(db: Database, now: datetime) -> Sequence[Case]:
    """As ``Store.lapsed``."""
    where = f"WHERE claimed_until <= ? AND state IN ({UNDECIDED_STATES}) ORDER BY id"
    return _cases(db, where, (ticks(now),))


def stale(db: Database) -> Sequence[GuildId]:
    """As ``Store.stale``."""
    sql = "SELECT DISTINCT guild FROM cases WHERE card_version < version ORDER BY guild"
    return [GuildId(row["guild"]) for row in fetch(db, sql)]


def stale_cards(db: Database, guild: GuildId, after: CaseId, limit: int) -> Sequence[Case]:
    """As ``Store.stale_cards``."""
    where = "WHERE card_version < version AND guild = ? AND id > ? ORDER BY id LIMIT ?"
    return _cases(db, where, (guild, after, limit))


def _cases(db: Database, where: str, values: tuple[str | int, ...]) -> list[Case]:
    return [rows.case_from(row) for row in fetch(db, _CASES + where, values)]


def _one_case(db: Database, where: str, values: tuple[str | int, ...]) -> Case | None:
    found = _cases(db, where, values)
    return found[0] if found else None


def unfinished(db: Database) -> Sequence[Action]:
    """As ``Store.unfinished``."""
    sql = (
        "SELECT * FROM actions"
        " WHERE state = 'requested' OR (state = 'applied' AND notice = 'pending')"
        " ORDER BY requested_at, id"
    )
    return [rows.action_from(row) for row in fetch(db, sql)]


def action(db: Database, action: ActionId) -> Action | None:
    """As ``Store.action``."""
    row = fetch_one(db, "SELECT * FROM actions WHERE id = ?", (action,))
    return rows.action_from(row) if row else None


def quotes(db: Database, case: CaseId) -> Sequence[Quote]:
    """As ``Store.quotes``."""
    sql = 'SELECT * FROM quotes WHERE case_id = ? ORDER BY at, "offset", seq'
    return [rows.quote_from(row) for row in fetch(db, sql, (case,))]


_SETTLED = (
    "SELECT 1 FROM case_messages JOIN cases ON cases.id = case_id"  # noqa: S608  # our constants
    " WHERE message = ? AND digest = ? AND digest <> '' AND guild = ?"
    f" AND state IN ({_DECIDED_STATES}) LIMIT 1"
)


def settled(db: Database, guild: GuildId, message: MessageId, digest: str) -> bool:
    """As ``Store.settled``; an empty digest stands for no content and is never settled."""
    return fetch_one(db, _SETTLED, (message, digest, guild)) is not None


def reported(db: Database, guild: GuildId, message: MessageId, reporter: UserId) -> Case | None:
    """As ``Store.reported``."""
    where = (
        "WHERE id = (SELECT case_id FROM reports WHERE guild = ? AND message = ? AND reporter = ?)"
    )
    return _one_case(db, where, (guild, message, reporter))


def reports(db: Database, case: CaseId) -> Sequence[Report]:
    """As ``Store.reports``."""
    sql = "SELECT * FROM reports WHERE case_id = ? ORDER BY at, message, reporter"
    return [rows.report_from(row) for row in fetch(db, sql, (case,))]


_COUNTS = """
SELECT (SELECT count(*) FROM messages WHERE guild = :guild AND author = :user) AS messages,
       (SELECT count(*) FROM cases
         WHERE guild = :guild AND subject = :user AND state <> 'dismissed') AS cases,
       (SELECT joined_at FROM messages WHERE guild = :guild AND author = :user
         ORDER BY at DESC, id DESC LIMIT 1) AS joined_at
"""

_STANDING_ACTIONS = """
SELECT kind, coalesce(finished_at, requested_at) AS at FROM actions AS done
 WHERE guild = :guild AND target = :user AND state = 'applied' AND simulated = 0
   AND reverses IS NULL
   AND NOT EXISTS (SELECT 1 FROM actions AS undone WHERE undone.reverses = done.id
                      AND undone.state = 'applied' AND undone.simulated = 0)
 ORDER BY at DESC, id DESC
"""


def history(db: Database, guild: GuildId, user: UserId) -> History:
    """As ``Store.history``."""
    who = {"guild": guild, "user": user}
    counts = fetch(db, _COUNTS, who)[0]
    standing = fetch(db, _STANDING_ACTIONS, who)
    joined = counts["joined_at"]
    return History(
        messages=counts["messages"],
        cases=counts["cases"],
        actions=len(standing),
        joined_at=None if joined is None else moment(joined),
        last_action=ActionKind(standing[0]["kind"]) if standing else None,
        last_action_at=moment(standing[0]["at"]) if standing else None,
    )


_LAST_SEEN = """
WITH RECURSIVE places (channel) AS (
    SELECT min(channel) FROM messages WHERE guild = :guild
    UNION ALL
    SELECT (SELECT min(channel) FROM messages
             WHERE guild = :guild AND channel > places.channel)
      FROM places WHERE places.channel IS NOT NULL
)
SELECT newest.channel, newest.id, newest.at
  FROM places CROSS JOIN messages AS newest
    ON newest.guild = :guild
   AND newest.id = (SELECT id FROM messages WHERE guild = :guild AND channel = places.channel
                     ORDER BY at DESC, id DESC LIMIT 1)
"""
"""Jumps from channel to channel in the index: a few steps for each channel, not a look at every
message."""


def last_seen(db: Database, guild: GuildId) -> Mapping[ChannelId, LastSeen]:
    """As ``Store.last_seen``."""
    return {
        ChannelId(row["channel"]): LastSeen(
            channel=ChannelId(row["channel"]), message=MessageId(row["id"]), at=moment(row["at"])
        )
        for row in fetch(db, _LAST_SEEN, {"guild": guild})
    }


def covered(db: Database, guild: GuildId) -> Coverage | None:
    """As ``Store.covered``."""
    sql = "SELECT since, until FROM coverage WHERE guild = ? ORDER BY since DESC LIMIT 1"
    row = fetch_one(db, sql, (guild,))
    if row is None:
        return None
    return Coverage(guild=guild, since=moment(row["since"]), until=moment(row["until"]))


def audit(db: Database, after: int, limit: int) -> Sequence[AuditEntry]:
    """As ``Store.audit``."""
    sql = "SELECT * FROM audit WHERE seq > ? ORDER BY seq LIMIT ?"
    return [rows.audit_from(row) for row in fetch(db, sql, (after, limit))]
