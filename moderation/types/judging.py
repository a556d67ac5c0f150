"""How a message is judged: scores, signals, the policy, the verdict."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from moderation.types.content import Message
from moderation.types.kinds import (
    ActionKind,
    Band,
    ChannelId,
    Disposition,
    Facts,
    MessageId,
    Mode,
    Owner,
    Risk,
    Severity,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """``[start, end)`` in code points of the original text; ``start < end``."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Calibrated probabilities (0-1) of one text, one for each label.

    ``unsure``: the engine does not know the text's language, so that a low score says nothing;
    ``language`` is then its ISO 639-1 code, as far as it is known. Raises ``ValueError`` for a
    language that is no such code, or one that the engine knows.
    """

    toxicity: float = 0.0
    severe_toxicity: float = 0.0
    insult: float = 0.0
    threat: float = 0.0
    identity_attack: float = 0.0
    obscene: float = 0.0
    language: str | None = None
    unsure: bool = False

    def __post_init__(self) -> None:
        if self.language is not None:
            _check_language(self.language, unsure=self.unsure)


def _check_language(code: str, *, unsure: bool) -> None:
    if not (len(code) == 2 and code.isascii() and code.isalpha() and code.islower()):
        raise ValueError(f"{code!r} is no ISO 639-1 code")
    if not unsure:
        raise ValueError("a language is named only where the engine is unsure of it")


LABELS = (
    "toxicity",
    "severe_toxicity",
    "insult",
    "threat",
    "identity_attack",
    "obscene",
)
"""The probabilities in ``Scores``, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One thing a detector or scorer noticed; it never repeats the value it found.

    ``kind`` is dotted, the family first (``toxicity.insult``, ``spam.flood``, ``link.invite``).
    ``related`` names other messages of the same incident (a flood, duplicates, the other pieces of
    a split text). ``message`` is the one whose text the spans count; empty until the signal joins a
    case, where it is the screened one.
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
class Joint:
    """The scores of a message read together with others, where that is worse than by itself.

    ``reason`` says with which; its facts go to the signal. ``related`` are earlier messages of the
    same author that are part of what was said.
    """

    scores: Scores
    reason: Reason
    related: tuple[MessageId, ...] = ()


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
