"""Row to value and back. Pure; a row is a dictionary from column to what SQLite holds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from moderation.types import (
    Action,
    ActionId,
    ActionKind,
    ActionState,
    AuditEntry,
    Case,
    CaseId,
    CaseState,
    ChannelId,
    Facts,
    GuildId,
    Message,
    MessageId,
    MessageRef,
    NoticeState,
    Owner,
    Quote,
    Reason,
    Report,
    ReportCategory,
    Risk,
    RoleId,
    Severity,
    Signal,
    Span,
    UserId,
)

Row = Mapping[str, Any]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def ticks(at: datetime) -> int:
    """Whole microseconds since 1970, UTC. Raises ``TypeError`` for a datetime without a zone."""
    return (at - EPOCH) // TICK


def moment(value: int) -> datetime:
    """The inverse of ``ticks``."""
    return EPOCH + timedelta(microseconds=value)


def _ticks_or_none(at: datetime | None) -> int | None:
    return None if at is None else ticks(at)


def _moment_or_none(value: int | None) -> datetime | None:
    return None if value is None else moment(value)


def _text(value: str) -> str:
    """Discord may send half a surrogate pair, which no database takes; it becomes ``?``."""
    return value.encode("utf-8", "replace").decode("utf-8")


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _ids(ids: Iterable[str]) -> str:
    found = list(ids)
    return _json(found) if found else "[]"


@lru_cache(maxsize=4096)
def _roles(roles: frozenset[RoleId]) -> str:
    return _ids(sorted(roles))


MESSAGE_COLUMNS = (
    "guild, id, channel, parent, author, at, kind, reply_to, mentions, mass_mention, is_bot,"
    " webhook, staff_at, roles_at, joined_at, length, attachments, embeds, reactions, late,"
    " edited_at"
)


def message_row(message: Message) -> tuple[str | int | None, ...]:
    """What is recorded of every message, in the order of ``MESSAGE_COLUMNS``: no text, no name."""
    author = message.author
    return (
        message.guild,
        message.id,
        message.channel,
        message.parent,
        author.id,
        ticks(message.at),
        message.kind.value,
        message.reply_to,
        _ids(message.mentions),
        message.mass_mention,
        author.is_bot,
        author.webhook,
        author.staff,
        _roles(author.roles),
        _ticks_or_none(author.joined_at),
        len(message.text),
        len(message.attachments),
        message.embeds,
        message.reactions,
        message.late,
        _ticks_or_none(message.edited_at),
    )


def _facts_list(facts: Facts) -> list[list[str | int | float]]:
    return [[name, value] for name, value in facts]


def _facts(found: Sequence[Sequence[Any]]) -> Facts:
    return tuple((name, value) for name, value in found)


def _signal_dict(signal: Signal) -> dict[str, Any]:
    return {
        "kind": signal.kind,
        "risk": signal.risk.value,
        "score": signal.score,
        "spans": [[span.start, span.end] for span in signal.spans],
        "facts": _facts_list(signal.facts),
        "related": list(signal.related),
        "message": signal.message,
    }


def _signal(found: Mapping[str, Any]) -> Signal:
    return Signal(
        kind=found["kind"],
        risk=Risk(found["risk"]),
        score=found["score"],
        spans=tuple(Span(start=start, end=end) for start, end in found["spans"]),
        facts=_facts(found["facts"]),
        related=tuple(MessageId(message) for message in found["related"]),
        message=found.get("message"),
    )


def _reasons(written: str) -> tuple[Reason, ...]:
    return tuple(Reason(code=code, facts=_facts(facts)) for code, facts in json.loads(written))


def case_row(case: Case) -> dict[str, Any]:
    """Every column but ``id`` and the card's, which have writers of their own."""
    return {
        "guild": case.guild,
        "channel": case.channel,
        "incident": case.incident,
        "subject": case.subject,
        "state": case.state.value,
        "version": case.version,
        "severity": case.severity.value,
        "risk": case.risk.value,
        "owner": case.owner.value,
        "score": case.score,
        "opened_at": ticks(case.opened_at),
        "active_at": ticks(case.active_at),
        "updated_at": ticks(case.updated_at),
        "messages": _ids(case.messages),
        "signals": _json([_signal_dict(signal) for signal in case.signals]),
        "reasons": _json([[reason.code, _facts_list(reason.facts)] for reason in case.reasons]),
        "recommended": case.recommended.value if case.recommended else None,
        "reports": case.reports,
        "late": case.late,
        "degraded": case.degraded,
        "policy_version": case.policy_version,
        "engine": case.engine,
        "claimed_by": case.claimed_by,
        "claimed_until": _ticks_or_none(case.claimed_until),
        "decided_by": case.decided_by,
        "decided_at": _ticks_or_none(case.decided_at),
        "action": case.action,
        "failure": case.failure,
    }


def case_from(row: Row) -> Case:
    """The inverse of ``case_row``, with id and card."""
    return Case(
        id=CaseId(row["id"]),
        guild=GuildId(row["guild"]),
        channel=ChannelId(row["channel"]),
        incident=row["incident"],
        subject=UserId(row["subject"]),
        state=CaseState(row["state"]),
        version=row["version"],
        severity=Severity(row["severity"]),
        risk=Risk(row["risk"]),
        owner=Owner(row["owner"]),
        score=row["score"],
        opened_at=moment(row["opened_at"]),
        active_at=moment(row["active_at"]),
        updated_at=moment(row["updated_at"]),
        messages=tuple(json.loads(row["messages"])),
        signals=tuple(_signal(found) for found in json.loads(row["signals"])),
        reasons=_reasons(row["reasons"]),
        recommended=ActionKind(row["recommended"]) if row["recommended"] else None,
        reports=row["reports"],
        late=bool(row["late"]),
        degraded=bool(row["degraded"]),
        policy_version=row["policy_version"],
        engine=row["engine"],
        claimed_by=row["claimed_by"],
        claimed_until=_moment_or_none(row["claimed_until"]),
        decided_by=row["decided_by"],
        decided_at=_moment_or_none(row["decided_at"]),
        action=row["action"],
        failure=row["failure"],
        card_channel=row["card_channel"],
        card_message=row["card_message"],
        card_version=row["card_version"],
    )


def quote_row(quote: Quote, case: CaseId, guild: GuildId) -> dict[str, Any]:
    """A kept text of ``case``."""
    return {
        "case_id": case,
        "guild": guild,
        "message": quote.message,
        "channel": quote.channel,
        "digest": quote.digest,
        "author": quote.author,
        "author_name": _text(quote.author_name),
        "at": ticks(quote.at),
        "text": _text(quote.text),
        "offset": quote.offset,
        "deleted": quote.deleted,
    }


def quote_from(row: Row) -> Quote:
    """The inverse of ``quote_row``."""
    return Quote(
        message=MessageId(row["message"]),
        channel=ChannelId(row["channel"]),
        author=UserId(row["author"]),
        author_name=row["author_name"],
        at=moment(row["at"]),
        text=row["text"],
        offset=row["offset"],
        digest=row["digest"],
        deleted=bool(row["deleted"]),
    )


def action_row(action: Action) -> dict[str, Any]:
    """Every column of an action."""
    return {
        "id": action.id,
        "case_id": action.case,
        "guild": action.guild,
        "channel": action.channel,
        "kind": action.kind.value,
        "target": action.target,
        "message": action.message,
        "also": _json([[where.channel, where.message] for where in action.also]),
        "state": action.state.value,
        "requested_by": action.requested_by,
        "requested_at": ticks(action.requested_at),
        "until": _ticks_or_none(action.until),
        "finished_at": _ticks_or_none(action.finished_at),
        "reverses": action.reverses,
        "failure": action.failure,
        "simulated": action.simulated,
        "notice": action.notice.value,
        "redirect_to": action.redirect_to,
        "rule": action.rule,
    }


def action_from(row: Row) -> Action:
    """The inverse of ``action_row``."""
    return Action(
        id=ActionId(row["id"]),
        case=CaseId(row["case_id"]),
        guild=GuildId(row["guild"]),
        channel=ChannelId(row["channel"]),
        kind=ActionKind(row["kind"]),
        target=UserId(row["target"]),
        message=row["message"],
        also=tuple(
            MessageRef(channel=channel, message=message)
            for channel, message in json.loads(row["also"])
        ),
        state=ActionState(row["state"]),
        requested_by=UserId(row["requested_by"]),
        requested_at=moment(row["requested_at"]),
        until=_moment_or_none(row["until"]),
        finished_at=_moment_or_none(row["finished_at"]),
        reverses=row["reverses"],
        failure=row["failure"],
        simulated=bool(row["simulated"]),
        notice=NoticeState(row["notice"]),
        redirect_to=row["redirect_to"],
        rule=row["rule"],
    )


def report_row(report: Report, case: CaseId) -> dict[str, Any]:
    """A member's report, in the case it joined."""
    return {
        "guild": report.guild,
        "message": report.message,
        "reporter": report.reporter,
        "case_id": case,
        "category": report.category.value,
        "at": ticks(report.at),
        "words": _text(report.words),
    }


def report_from(row: Row) -> Report:
    """The inverse of ``report_row``."""
    return Report(
        guild=GuildId(row["guild"]),
        message=MessageId(row["message"]),
        reporter=UserId(row["reporter"]),
        category=ReportCategory(row["category"]),
        at=moment(row["at"]),
        words=row["words"],
    )


def audit_row(entry: AuditEntry) -> dict[str, Any]:
    """Every column of an audit line."""
    return {
        "seq": entry.seq,
        "at": ticks(entry.at),
        "guild": entry.guild,
        "actor": entry.actor,
        "event": entry.event,
        "subject": entry.subject,
        "facts": _json(_facts_list(entry.facts)),
        "previous": entry.previous,
        "digest": entry.digest,
    }


def audit_from(row: Row) -> AuditEntry:
    """The inverse of ``audit_row``."""
    return AuditEntry(
        seq=row["seq"],
        at=moment(row["at"]),
        guild=GuildId(row["guild"]),
        actor=row["actor"],
        event=row["event"],
        subject=row["subject"],
        facts=_facts(json.loads(row["facts"])),
        previous=row["previous"],
        digest=row["digest"],
    )
