"""Values for the store's tests: short words for what they have in common."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from moderation.types import (
    Action,
    ActionKind,
    ActionState,
    Attachment,
    Author,
    Case,
    CaseId,
    CaseState,
    ChannelId,
    Draft,
    GuildId,
    Message,
    MessageId,
    MessageKind,
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

NOON = datetime(2026, 11, 16, 12, 0, 0, 123456, tzinfo=UTC)
GUILD = GuildId("1")
ELSEWHERE = GuildId("2")
TOM, MIA = UserId("11"), UserId("12")
WITHIN = timedelta(minutes=10)


def after(**duration: float) -> datetime:
    return NOON + timedelta(**duration)


def message(number: int, *, by: UserId = TOM, channel: str = "c", **fields: object) -> Message:
    """Message ``number``, written that many seconds after noon."""
    bare = Message(
        id=MessageId(f"{1000 + number}"),
        guild=GUILD,
        channel=ChannelId(channel),
        author=Author(id=by, name="Tom", roles=frozenset({RoleId("7"), RoleId("5")}), staff=True),
        at=after(seconds=number),
        text="a canary sings here",
    )
    return replace(bare, **fields)  # type: ignore[arg-type]


def full_message(number: int) -> Message:
    """A message in which no field is left at its default."""
    return message(
        number,
        parent=ChannelId("p"),
        kind=MessageKind.REPLY,
        reply_to=MessageId("900"),
        mentions=(MIA, UserId("13")),
        mass_mention=True,
        attachments=(Attachment(name="a.png", size=3),),
        embeds=2,
        reactions=4,
        edited_at=after(hours=1),
        late=True,
        author=Author(
            id=TOM,
            is_bot=True,
            webhook=True,
            staff=True,
            roles=frozenset({RoleId("7"), RoleId("5")}),
            joined_at=after(days=-3),
        ),
    )


def case(incident: str = "toxicity:11", **fields: object) -> Case:
    bare = Case(
        id=CaseId(0),
        guild=GUILD,
        channel=ChannelId("c"),
        incident=incident,
        subject=TOM,
        state=CaseState.OPEN,
        version=1,
        severity=Severity.MEDIUM,
        risk=Risk.FORUM,
        owner=Owner.MODERATORS,
        score=0.5,
        opened_at=NOON,
        active_at=NOON,
        updated_at=NOON,
        messages=(MessageId("1001" if incident == "toxicity:11" else f"1001-{incident}"),),
    )
    return replace(bare, **fields)  # type: ignore[arg-type]


def full_case() -> Case:
    """A case in which no field is left at its default, but those that ``card_shown`` writes."""
    facts = (("count", 3), ("ratio", 0.1), ("rule", "words.1"))
    return case(
        messages=(MessageId("1002"), MessageId("1001")),
        signals=(
            Signal(
                kind="spam.flood",
                risk=Risk.FORUM,
                score=0.1 + 0.2,
                spans=(Span(start=1, end=4), Span(start=9, end=12)),
                facts=facts,
                related=(MessageId("1000"),),
                message=MessageId("1002"),
            ),
        ),
        reasons=(Reason(code="spam.flood", facts=facts),),
        recommended=ActionKind.TIMEOUT,
        reports=2,
        late=True,
        degraded=True,
        policy_version="p1",
        engine="builtin@1",
        claimed_by=MIA,
        claimed_until=after(minutes=15),
        decided_by=MIA,
        decided_at=after(minutes=1),
        action=None,
        failure="permission:50013",
    )


def quote(of: Message, offset: int = 0, digest: str = "", text: str = "") -> Quote:
    return Quote(
        message=of.id,
        channel=of.channel,
        author=of.author.id,
        author_name=of.author.name,
        at=of.at,
        text=text or of.text,
        offset=offset,
        digest=digest,
    )


def draft(event: str = "case.changed", subject: str = "", **fields: object) -> Draft:
    bare = Draft(
        at=NOON,
        guild=GUILD,
        actor="system",
        event=event,
        subject=subject,
        facts=(("message", "1001"), ("share", 0.1), ("count", 3)),
    )
    return replace(bare, **fields)  # type: ignore[arg-type]


def action(of: Case, **fields: object) -> Action:
    """The action that the next version of ``of`` requests."""
    bare = Action(
        id=f"{of.id}.{of.version + 1}",  # type: ignore[arg-type]
        case=of.id,
        guild=of.guild,
        channel=of.channel,
        kind=ActionKind.WARN,
        target=of.subject,
        message=of.messages[0],
        state=ActionState.REQUESTED,
        requested_by=MIA,
        requested_at=NOON,
        also=(MessageRef(channel=ChannelId("d"), message=MessageId("1009")),),
        notice=NoticeState.PENDING,
    )
    return replace(bare, **fields)  # type: ignore[arg-type]


def report(number: int = 1, by: UserId = MIA, **fields: object) -> Report:
    bare = Report(
        guild=GUILD,
        message=MessageId(f"{1000 + number}"),
        reporter=by,
        category=ReportCategory.RUDE,
        at=NOON,
        words="not nice",
    )
    return replace(bare, **fields)  # type: ignore[arg-type]
