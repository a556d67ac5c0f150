"""A case and what belongs to it: quotes, actions, reports, the audit trail, the card."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from moderation.types.content import MessageRef
from moderation.types.judging import Reason, Signal
from moderation.types.kinds import (
    UNKNOWN,
    ActionId,
    ActionKind,
    ActionState,
    CaseId,
    CaseState,
    ChannelId,
    Facts,
    GuildId,
    MessageId,
    Mode,
    NoticeState,
    Owner,
    ReportCategory,
    Risk,
    RoleId,
    Severity,
    UserId,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A kept message text around a case (0 = the message itself, negative before, positive after).

    Kept in the one table of texts, so that erasure is one statement; secrets in it are masked,
    character by character, so that spans still fit. ``digest`` is the original's content digest
    (``moderation.text.digest``) of a case's own message (offset 0), empty for its context.
    """

    message: MessageId
    channel: ChannelId = UNKNOWN
    author: UserId
    author_name: str
    at: datetime
    text: str
    offset: int = 0
    digest: str = ""
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What is known about a member when a card is drawn. Counts, never a profile."""

    messages: int = 0
    cases: int = 0
    actions: int = 0
    joined_at: datetime | None = None
    last_action: ActionKind | None = None
    last_action_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One incident, one row; cards, console and digest are drawn from it.

    ``version`` grows by one with every change and is compared on every write. ``incident`` is
    what later detections and reports join by while the case is undecided (see
    ``moderation.cases.incident_key``). ``opened_at`` and ``active_at`` are the event times of its
    oldest and newest content (or of the report that opened it), ``updated_at`` that of its last
    change. ``messages`` has the subject
    message first, which stands in ``channel``. ``card_version`` is the version the card in chat shows; smaller than ``version`` means it must be drawn again.
    """

    id: CaseId
    guild: GuildId
    channel: ChannelId
    incident: str
    subject: UserId
    state: CaseState
    version: int
    severity: Severity
    risk: Risk
    owner: Owner
    score: float
    opened_at: datetime
    active_at: datetime
    updated_at: datetime
    messages: tuple[MessageId, ...]
    signals: tuple[Signal, ...] = ()
    reasons: tuple[Reason, ...] = ()
    recommended: ActionKind | None = None
    reports: int = 0
    late: bool = False
    degraded: bool = False
    policy_version: str = ""
    engine: str = ""
    claimed_by: UserId | None = None
    claimed_until: datetime | None = None
    decided_by: UserId | None = None
    decided_at: datetime | None = None
    action: ActionId | None = None
    failure: str = ""
    card_channel: ChannelId | None = None
    card_message: MessageId | None = None
    card_version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One effect on a member or message, done in two steps and safe to repeat.

    ``id`` is ``<case>.<version>`` of the request that made it, so compare-and-swap makes it unique.

    ``also`` are further messages of the incident that a removal takes away, too. ``until`` is
    absolute so that a repeated timeout ends at the same moment. ``reverses`` names the action this
    one undoes. A ``simulated`` one was decided in shadow mode and never reaches members, whatever
    the mode is later. ``failure`` is a code (see ``moderation.errors.PlatformFailure``).
    """

    id: ActionId
    case: CaseId
    guild: GuildId
    channel: ChannelId
    kind: ActionKind
    target: UserId
    message: MessageId | None
    state: ActionState
    requested_by: UserId
    requested_at: datetime
    also: tuple[MessageRef, ...] = ()
    until: datetime | None = None
    finished_at: datetime | None = None
    reverses: ActionId | None = None
    failure: str = ""
    simulated: bool = False
    notice: NoticeState = NoticeState.NONE
    redirect_to: ChannelId | None = None
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A member's report of a message. The reporter is sealed: never on a card, never outward.

    One for each message and reporter; a second one changes nothing.
    """

    guild: GuildId
    message: MessageId
    reporter: UserId
    category: ReportCategory
    at: datetime
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One line of the append-only trail: who did what to which row. Codes and ids only.

    ``seq`` counts from 1 without gaps; ``digest`` chains over the previous entry's digest (see
    ``moderation.ledger``). ``actor`` is a user id or ``system``.
    """

    seq: int
    at: datetime
    guild: GuildId
    actor: str
    event: str
    subject: str
    facts: Facts = ()
    previous: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An audit line before it has its place in the chain."""

    at: datetime
    guild: GuildId
    actor: str
    event: str
    subject: str = ""
    facts: Facts = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Moderator:
    """Who clicks: re-read from the platform at every interaction, never trusted from a button.

    ``may_moderate``: may decide cases at all; ``may``: the actions that this person's own rights
    on the platform cover, so that nobody gains rights through the bot.
    """

    id: UserId
    guild: GuildId
    name: str = ""
    roles: frozenset[RoleId] = frozenset()
    may_moderate: bool = False
    may: frozenset[ActionKind] = frozenset(ActionKind)
    locale: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardView:
    """Everything a card shows: a projection of the row, drawn the same by every front-end.

    ``flagged`` are those of the messages around the case that belong to a case of their own.
    """

    case: Case
    quotes: tuple[Quote, ...] = ()
    history: History = field(default_factory=History)
    action: Action | None = None
    mode: Mode = Mode.SHADOW
    now: datetime | None = None
    flagged: frozenset[MessageId] = frozenset()
