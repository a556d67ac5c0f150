"""The doors of the core: what it asks of the world. Each docstring is a contract.

One suite of contract tests runs over every adapter of a port, fakes included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from moderation.types import (
    Action,
    ActionId,
    AuditEntry,
    CardView,
    Case,
    CaseId,
    Channel,
    ChannelId,
    Coverage,
    Draft,
    Fact,
    GuildId,
    History,
    LastSeen,
    Message,
    MessageId,
    MessageRef,
    Moderator,
    NoticeState,
    Quote,
    Report,
    Scores,
    Span,
    UserId,
)


class Clock(Protocol):
    """The only source of the present."""

    def now(self) -> datetime:
        """The present moment, aware, UTC; never goes backwards."""
        ...


class Log(Protocol):
    """One line for each thing that happened: codes and ids, never text."""

    def event(self, name: str, **fields: str | float | None) -> None:
        """Write the line; never raises."""
        ...


class Scorer(Protocol):
    """A model that reads texts. Pure computing; called off the event loop, in micro-batches."""

    @property
    def name(self) -> str:
        """The engine and its version, e.g. ``builtin@1``; written to every verdict."""
        ...

    def score(self, texts: Sequence[str]) -> Sequence[Scores]:
        """One ``Scores`` for each text, in order; ``[]`` for none.

        A text's scores do not depend on the other texts of the call. Thread-safe.
        """
        ...

    def explain(self, text: str) -> tuple[Span, ...]:
        """The spans of the original text that carry the score; empty when there are none."""
        ...


class Scoring(Protocol):
    """A scorer behind micro-batches and a time budget, as use cases see it."""

    @property
    def name(self) -> str:
        """The engine's name."""
        ...

    async def score(self, text: str) -> Scores | None:
        """The text's scores, or ``None`` when the engine failed or ran out of time (degraded)."""
        ...

    async def explain(self, text: str) -> tuple[Span, ...]:
        """As ``Scorer.explain``; empty when the engine failed or ran out of time."""
        ...


class Platform(Protocol):
    """The one seam for effects on the chat platform, and the questions asked of it.

    Every effect is idempotent: repeating it after a crash leaves one effect. It raises
    ``PlatformFailure`` when the platform refused (nothing happened) and ``PlatformUnreachable``
    when no answer came (try again later).
    """

    async def check(self, action: Action) -> None:
        """Raise ``PlatformFailure`` when it is plain beforehand that ``apply`` would be refused, or
        when whoever requested it does not stand above the member (``outranked``).
        """
        ...

    async def apply(self, action: Action) -> None:
        """Do what ``action`` says, or take back what ``action.reverses`` did when that is set.

        What is already so (banned, gone) counts as done. A ``simulated`` action touches nobody.
        """
        ...

    async def notify(self, action: Action, case: Case) -> NoticeState:
        """Tell the member why, in plain words; ``SENT``, or ``CLOSED`` when their DMs are shut.

        An action with ``reverses`` tells that the decision was taken back.
        """
        ...

    async def show(self, view: CardView) -> MessageRef:
        """Post the case's card, or redraw the one that exists; one card for each case, always."""
        ...

    async def moderator(self, guild: GuildId, user: UserId) -> Moderator:
        """The rights of a person at this moment; ``may_moderate`` false for strangers."""
        ...

    async def channels(self, guild: GuildId, since: datetime) -> Sequence[Channel]:
        """The channels and threads whose history the bot may read; of the archived threads only
        those in which something may have happened at or after ``since``.
        """
        ...

    async def history(self, channel: Channel, start: datetime, limit: int) -> Sequence[Message]:
        """The first ``limit`` messages at or after ``start``, oldest first, marked late.

        Fewer than ``limit`` means that there are no more. Waits as long as the platform's rate
        limits ask for.
        """
        ...

    async def alert(self, guild: GuildId, code: str) -> None:
        """Tell whoever keeps the community that the bot cannot work there; ``code`` is a failure's.

        Best effort: where nobody can be told, that is all.
        """
        ...


class Store(Protocol):
    """What is remembered. One method is one transaction is one business fact.

    Raises ``StoreError`` when the database cannot be used. Audit drafts handed to a method are
    chained (``moderation.ledger``) and written in the same transaction, or not at all.
    """

    async def record(self, facts: Sequence[Fact]) -> None:
        """Write the metadata of messages, edits and deletions; repeated ids change nothing twice.

        No text is written. A ``Deleted`` marks the message's kept quotes as deleted, too.
        """
        ...

    async def open_case(
        self,
        case: Case,
        quotes: Sequence[Quote],
        audit: Sequence[Draft],
        *,
        within: timedelta,
        report: Report | None = None,
    ) -> Case | None:
        """Insert ``case`` (its id is ignored) and return it with its id and version 1.

        ``None`` when there is a case to join (``joinable`` at this one's ``active_at``, or a
        case that holds its message and takes more), or when the report's message and reporter were
        recorded before: nothing is written, the caller joins instead.
        Audit drafts with an empty subject get ``case:<id>``.
        """
        ...

    async def save(
        self,
        before: Case,
        after: Case,
        audit: Sequence[Draft],
        *,
        action: Action | None = None,
        quotes: Sequence[Quote] = (),
        report: Report | None = None,
    ) -> bool:
        """Replace ``before`` by ``after`` where the stored version is still ``before.version``.

        Inserts or updates ``action`` by its id, adds quotes (known pairs of message and digest are
        left alone) and the report in the same transaction. The card fields are not touched: they
        belong to ``card_shown``. ``False`` when the version moved on or the report's message and
        reporter were recorded before: nothing written.
        """
        ...

    async def card_shown(self, case: CaseId, card: MessageRef, version: int) -> None:
        """The card shows ``version``; never lowers it, never changes the case's version."""
        ...

    async def case(self, case: CaseId) -> Case | None:
        """The row."""
        ...

    async def joinable(
        self, guild: GuildId, incident: str, at: datetime, within: timedelta
    ) -> Case | None:
        """The newest case of an incident, taking more (``cases.OPEN_TO_MORE``), to which something at ``at`` (event time)
        belongs: from ``within`` before its ``opened_at`` to ``within`` after its ``active_at``.
        """
        ...

    async def case_of(self, guild: GuildId, message: MessageId) -> Case | None:
        """The newest case that holds the message."""
        ...

    async def queue(self, guild: GuildId) -> Sequence[Case]:
        """All undecided cases, the most severe first, then the oldest."""
        ...

    async def quoting(self, guild: GuildId, message: MessageId) -> Sequence[CaseId]:
        """The cases that keep the message's text, as their own or around it."""
        ...

    async def lapsed(self, now: datetime) -> Sequence[Case]:
        """Undecided cases whose claim has ended by ``now`` but still stands in the row."""
        ...

    async def stale(self) -> Sequence[GuildId]:
        """The guilds that have cases whose card does not show their version."""
        ...

    async def stale_cards(self, guild: GuildId, after: CaseId, limit: int = 100) -> Sequence[Case]:
        """A guild's cases with an id above ``after`` whose card does not show their version, by id."""
        ...

    async def unfinished(self) -> Sequence[Action]:
        """Actions requested but neither applied nor failed, and notices still pending."""
        ...

    async def action(self, action: ActionId) -> Action | None:
        """The row."""
        ...

    async def quotes(self, case: CaseId) -> Sequence[Quote]:
        """The kept texts of a case in time order."""
        ...

    async def settled(self, guild: GuildId, message: MessageId, digest: str) -> bool:
        """Whether a person's verdict stands on this content of this message."""
        ...

    async def reported(self, guild: GuildId, message: MessageId, reporter: UserId) -> Case | None:
        """The case that this person's report of this message joined, if they made one."""
        ...

    async def reports(self, case: CaseId) -> Sequence[Report]:
        """A case's reports, the oldest first. Sealed: for counting categories, not for showing."""
        ...

    async def history(self, guild: GuildId, user: UserId) -> History:
        """What is known about a member; zeros for a stranger.

        ``actions`` counts those applied for real and not taken back; ``cases`` those not dismissed.
        """
        ...

    async def last_seen(self, guild: GuildId) -> Mapping[ChannelId, LastSeen]:
        """The newest recorded message of each channel."""
        ...

    async def covered(self, guild: GuildId) -> Coverage | None:
        """The newest stretch of time in which the bot listened."""
        ...

    async def cover(self, coverage: Coverage) -> None:
        """Record a stretch; one that starts inside or at the newest one's start extends it."""
        ...

    async def note(self, draft: Draft) -> None:
        """Write one audit line that belongs to no case."""
        ...

    async def audit(self, after: int = 0, limit: int = 1000) -> Sequence[AuditEntry]:
        """Audit lines with numbers above ``after``, in order."""
        ...

    async def close(self) -> None:
        """Write what is pending and let go; may be called twice."""
        ...
