"""Every value and enum of the core.

All values are frozen, slotted and keyword-only. Ids are strings (Discord's snowflakes travel as
strings, and chat exports bring ids of their own). Datetimes are aware and UTC, durations are
``timedelta``, scores are calibrated probabilities in 0-1, spans count code points of the original
text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import NewType

GuildId = NewType("GuildId", str)
ChannelId = NewType("ChannelId", str)
MessageId = NewType("MessageId", str)
UserId = NewType("UserId", str)
RoleId = NewType("RoleId", str)
CaseId = NewType("CaseId", int)
ActionId = NewType("ActionId", str)

Facts = tuple[tuple[str, str | int | float], ...]
"""Codes and numbers that explain something; never message text, never a found value."""


class Risk(IntEnum):
    """The ten risks a company takes on with a forum, by their number in the mission."""

    DATA = 1
    COMPLIANCE = 2
    REPUTATION = 3
    DISCLOSURE = 4
    PEOPLE = 5
    GENERATION = 6
    SAFETY = 7
    COMPETITOR = 8
    BRAND = 9
    FORUM = 10


class Owner(StrEnum):
    """Who decides a case."""

    MODERATORS = "moderators"
    SECURITY = "security"
    LEGAL = "legal"
    HR = "hr"
    INVESTOR_RELATIONS = "investor_relations"
    PR = "pr"


class Severity(IntEnum):
    """How urgent a case is; the queue is ordered by it, then by age."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class Band(StrEnum):
    """A score in words. The bounds are set by false alarms on ordinary chat."""

    LIKELY = "likely"
    MAYBE = "maybe"
    UNLIKELY = "unlikely"


class Disposition(StrEnum):
    """What is done with a message."""

    ALLOW = "allow"
    LOG = "log"
    REVIEW = "review"
    ENFORCE = "enforce"


class ActionKind(StrEnum):
    """What a moderator can do about a case."""

    WARN = "warn"
    REMOVE = "remove"
    TIMEOUT = "timeout"
    KICK = "kick"
    BAN = "ban"
    REDIRECT = "redirect"


class CaseState(StrEnum):
    """Where a case stands; the legal transitions are in ``moderation.cases``."""

    OPEN = "open"
    ACTING = "acting"
    FAILED = "failed"
    RESOLVED = "resolved"
    DISMISSED = "dismissed"
    UNDOING = "undoing"


class ActionState(StrEnum):
    """Where an action stands: requested (committed), then applied or failed."""

    REQUESTED = "requested"
    APPLIED = "applied"
    FAILED = "failed"


class NoticeState(StrEnum):
    """Whether the member was told."""

    NONE = "none"
    PENDING = "pending"
    SENT = "sent"
    CLOSED = "closed"
    FAILED = "failed"


class Mode(StrEnum):
    """shadow: nothing reaches members; queue: people decide; act: narrow classes act alone."""

    SHADOW = "shadow"
    QUEUE = "queue"
    ACT = "act"


class MessageKind(StrEnum):
    """The kinds of message that a person writes, and the rest."""

    DEFAULT = "default"
    REPLY = "reply"
    THREAD_STARTER = "thread_starter"
    SYSTEM = "system"


class ReportCategory(StrEnum):
    """What a member may say is wrong, in plain words on the screen."""

    RUDE = "rude"
    SPAM = "spam"
    SAFETY = "safety"
    PRIVATE_DATA = "private_data"
    IMPERSONATION = "impersonation"
    ILLEGAL = "illegal"
    OFF_TOPIC = "off_topic"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """``[start, end)`` in code points of the original text; ``start < end``."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Calibrated probabilities (0-1) of one text, one for each label."""

    toxicity: float = 0.0
    severe_toxicity: float = 0.0
    insult: float = 0.0
    threat: float = 0.0
    identity_attack: float = 0.0
    obscene: float = 0.0


LABELS = (
    "toxicity",
    "severe_toxicity",
    "insult",
    "threat",
    "identity_attack",
    "obscene",
)
"""The fields of ``Scores``, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A place where people write. ``parent`` is the channel of a thread or forum post."""

    id: ChannelId
    guild: GuildId
    name: str = ""
    parent: ChannelId | None = None
    purpose: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who wrote a message, as known at that moment (``staff`` cannot be back-filled)."""

    id: UserId
    name: str = ""
    is_bot: bool = False
    webhook: bool = False
    staff: bool = False
    roles: frozenset[RoleId] = frozenset()
    joined_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file on a message. ``size`` in bytes; ``url`` expires on Discord."""

    name: str
    size: int = 0
    content_type: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message as the core sees it.

    ``text`` is everything that the message says: first what was typed, unchanged, so that spans
    into it hold; then a poll, a forwarded message and the like (``cogs.texts``).
    ``late`` is true when it was fetched after downtime instead of heard live. ``embeds`` counts
    them. ``mentions`` are users; ``mass_mention`` is true for @everyone, @here and role mentions.
    """

    id: MessageId
    guild: GuildId
    channel: ChannelId
    author: Author
    at: datetime
    text: str
    channel_name: str = ""
    parent: ChannelId | None = None
    kind: MessageKind = MessageKind.DEFAULT
    reply_to: MessageId | None = None
    mentions: tuple[UserId, ...] = ()
    mass_mention: bool = False
    attachments: tuple[Attachment, ...] = ()
    embeds: int = 0
    reactions: int = 0
    edited_at: datetime | None = None
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One thing a detector or scorer noticed; it never repeats the value it found.

    ``kind`` is dotted, the family first (``toxicity.insult``, ``spam.flood``, ``link.invite``).
    ``related`` names other messages of the same incident (a flood, duplicates). ``message`` is the
    one whose text the spans count, set when the signal joins a case.
    """

    kind: str
    risk: Risk
    score: float
    spans: tuple[Span, ...] = ()
    facts: Facts = ()
    related: tuple[MessageId, ...] = ()
    message: MessageId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why something was decided or refused: a code with its numbers, worded by the locale."""

    code: str
    facts: Facts = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer of ``decide``: what to do with a message, and why.

    ``signals`` has the leading one first. ``degraded`` is true when a scorer failed or ran out of time; such a verdict never enforces.
    ``recommended`` is what the card's first button does; ``None`` recommends nothing.
    """

    disposition: Disposition
    reasons: tuple[Reason, ...]
    signals: tuple[Signal, ...] = ()
    severity: Severity = Severity.LOW
    risk: Risk = Risk.FORUM
    owner: Owner = Owner.MODERATORS
    score: float = 0.0
    band: Band = Band.UNLIKELY
    recommended: ActionKind | None = None
    degraded: bool = False
    policy_version: str = ""
    engine: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A kept message text around a case (0 = the message itself, negative before, positive after).

    Kept in the one table of texts, so that erasure is one statement; secrets in it are masked,
    character by character, so that spans still fit. ``digest`` is the original's content digest
    (``moderation.text.digest``) of a case's own message (offset 0), empty for its context.
    """

    message: MessageId
    channel: ChannelId = ChannelId("")
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
class MessageRef:
    """Where a message stands; a case's card is one, too."""

    channel: ChannelId
    message: MessageId


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
class Edited:
    """A message was edited; recorded as a fact."""

    id: MessageId
    guild: GuildId
    channel: ChannelId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """A message was deleted; ``reason`` is ``author``, ``moderator``, ``bulk`` or ``unknown``."""

    id: MessageId
    guild: GuildId
    channel: ChannelId
    at: datetime
    reason: str = "unknown"


Fact = Message | Edited | Deleted
"""What is recorded of every message, without its text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardView:
    """Everything a card shows: a projection of the row, drawn the same by every front-end."""

    case: Case
    quotes: tuple[Quote, ...] = ()
    history: History = field(default_factory=History)
    action: Action | None = None
    mode: Mode = Mode.SHADOW
    now: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSeen:
    """The newest message recorded in a channel."""

    channel: ChannelId
    message: MessageId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """A stretch of time in which the bot listened to a guild (``until`` grows while it does)."""

    guild: GuildId
    since: datetime
    until: datetime


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
class Context:
    """What a detector sees: the message, its folded text, and recent history on event time.

    ``channel`` are earlier messages of the channel, oldest first; ``author`` the author's earlier
    messages over all channels of the guild; ``same_text`` earlier messages of anybody with the same
    text, however disguised. None of them holds the message itself.
    """

    message: Message
    folded: str
    digest: str
    channel: tuple[Message, ...] = ()
    author: tuple[Message, ...] = ()
    same_text: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Bounds of the toxicity bands; ``queue`` is where a case opens (all 0-1)."""

    likely: float = 0.85
    maybe: float = 0.60
    queue: float = 0.60
    severe: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Everything ``decide`` may depend on besides the message; its version is a digest of it."""

    version: str = "default"
    mode: Mode = Mode.SHADOW
    thresholds: Thresholds = field(default_factory=Thresholds)
    words: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    allowed_invites: frozenset[str] = frozenset()
    blocked_domains: frozenset[str] = frozenset()
    allowed_domains: frozenset[str] = frozenset()
    flood_messages: int = 6
    flood_within: timedelta = timedelta(seconds=8)
    duplicate_messages: int = 3
    duplicate_within: timedelta = timedelta(minutes=10)
    mention_limit: int = 6
    mention_within: timedelta = timedelta(seconds=60)
    auto_remove: frozenset[str] = frozenset()
    exempt_staff: bool = True
    exempt_channels: frozenset[ChannelId] = frozenset()
    timeout_for: timedelta = timedelta(hours=1)
    claim_for: timedelta = timedelta(minutes=15)
    join_within: timedelta = timedelta(minutes=10)
