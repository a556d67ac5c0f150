"""Ids and enums: the words in which the core speaks of the world."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NewType

GuildId = NewType("GuildId", str)
ChannelId = NewType("ChannelId", str)
MessageId = NewType("MessageId", str)
UserId = NewType("UserId", str)
RoleId = NewType("RoleId", str)
CaseId = NewType("CaseId", int)
ActionId = NewType("ActionId", str)

UNKNOWN = ChannelId("")
"""The channel of what an older version kept without one."""

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
