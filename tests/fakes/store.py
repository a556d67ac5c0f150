"""A store in memory that keeps the port's promises, in the plainest way to say them.

It runs under the same contract tests as SQLite (``tests/store``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from moderation.cases import DECIDED, OPEN_TO_MORE, UNDECIDED, belongs
from moderation.ledger import GENESIS, link
from moderation.types import (
    Action,
    ActionId,
    ActionState,
    AuditEntry,
    Case,
    CaseId,
    CaseState,
    ChannelId,
    Coverage,
    Deleted,
    Draft,
    Edited,
    Fact,
    GuildId,
    History,
    LastSeen,
    Message,
    MessageId,
    MessageRef,
    NoticeState,
    Quote,
    Report,
    UserId,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A recorded message, without its text."""

    message: Message
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    delete_reason: str = ""


class FakeStore:
    """Dictionaries and lists; nothing survives the object."""

    def __init__(self) -> None:
        self.messages: dict[tuple[GuildId, MessageId], Kept] = {}
        self.cases: dict[CaseId, Case] = {}
        self.kept: dict[CaseId, list[Quote]] = {}
        self.actions: dict[ActionId, Action] = {}
        self.filed: list[tuple[CaseId, Report]] = []
        self.trail: list[AuditEntry] = []
        self.coverage: list[Coverage] = []

    async def record(self, facts: Sequence[Fact]) -> None:
        for fact in facts:
            match fact:
                case Message():
                    self._record_message(fact)
                case Edited():
                    self._record_edit(fact.guild, fact.id, fact.at)
                case Deleted():
                    self._record_deletion(fact)

    def _record_message(self, message: Message) -> None:
        key = (message.guild, message.id)
        if key not in self.messages:
            bare = replace(message, text="")
            self.messages[key] = Kept(message=bare, edited_at=message.edited_at)
        elif message.edited_at is not None:
            self._record_edit(message.guild, message.id, message.edited_at)

    def _record_edit(self, guild: GuildId, message: MessageId, at: datetime) -> None:
        kept = self.messages.get((guild, message))
        if kept is not None and (kept.edited_at is None or kept.edited_at < at):
            self.messages[guild, message] = replace(kept, edited_at=at)

    def _record_deletion(self, deleted: Deleted) -> None:
        key = (deleted.guild, deleted.id)
        kept = self.messages.get(key)
        if kept is not None and kept.delete_reason in {"", "unknown"}:
            self.messages[key] = replace(
                kept, deleted_at=kept.deleted_at or deleted.at, delete_reason=deleted.reason
            )
        for case, quotes in self.kept.items():
            if self.cases[case].guild == deleted.guild:
                self.kept[case] = [
                    replace(q, deleted=True) if q.message == deleted.id else q for q in quotes
                ]

    async def open_case(
        self,
        case: Case,
        quotes: Sequence[Quote],
        audit: Sequence[Draft],
        *,
        within: timedelta,
        report: Report | None = None,
    ) -> Case | None:
        if await self._has_home(case, within) or self._filed_before(report):
            return None
        opened = replace(
            case,
            id=CaseId(len(self.cases) + 1),
            version=1,
            card_channel=None,
            card_message=None,
            card_version=0,
        )
        self.trail += self._linked(
            replace(d, subject=d.subject or f"case:{opened.id}") for d in audit
        )
        self.cases[opened.id] = opened
        self._keep(opened, quotes)
        self._file(opened.id, report)
        return opened

    async def _has_home(self, case: Case, within: timedelta) -> bool:
        if await self.joinable(case.guild, case.incident, case.active_at, within) is not None:
            return True
        holding = await self.case_of(case.guild, case.messages[0])
        return holding is not None and holding.state in OPEN_TO_MORE

    def _filed_before(self, report: Report | None) -> bool:
        return report is not None and any(
            (r.guild, r.message, r.reporter) == (report.guild, report.message, report.reporter)
            for _, r in self.filed
        )

    def _file(self, case: CaseId, report: Report | None) -> None:
        if report is not None:
            self.filed.append((case, report))

    def _keep(self, case: Case, quotes: Iterable[Quote]) -> None:
        kept = self.kept.setdefault(case.id, [])
        for quote in quotes:
            if all((q.message, q.digest) != (quote.message, quote.digest) for q in kept):
                gone = self.messages.get((case.guild, quote.message))
                deleted = quote.deleted or (gone is not None and gone.deleted_at is not None)
                kept.append(replace(quote, deleted=deleted))

    def _linked(self, drafts: Iterable[Draft]) -> list[AuditEntry]:
        """The drafts in their places; fails before anything is written, or not at all."""
        trail = self.trail[-1:]
        for draft in drafts:
            previous = trail[-1].digest if trail else GENESIS
            trail.append(link(draft, (trail[-1].seq if trail else 0) + 1, previous))
        return trail[len(self.trail[-1:]) :]

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
        stored = self.cases.get(before.id)
        if stored is None or stored.version != before.version or self._filed_before(report):
            return False
        self.trail += self._linked(audit)
        self.cases[before.id] = replace(
            after,
            id=before.id,
            card_channel=stored.card_channel,
            card_message=stored.card_message,
            card_version=stored.card_version,
        )
        if action is not None:
            self.actions[action.id] = action
        self._keep(stored, quotes)
        self._file(before.id, report)
        return True

    async def card_shown(self, case: CaseId, card: MessageRef, version: int) -> None:
        stored = self.cases.get(case)
        if stored is not None and stored.card_version <= version:
            self.cases[case] = replace(
                stored,
                card_channel=card.channel,
                card_message=card.message,
                card_version=version,
            )

    async def case(self, case: CaseId) -> Case | None:
        return self.cases.get(case)

    async def joinable(
        self, guild: GuildId, incident: str, at: datetime, within: timedelta
    ) -> Case | None:
        fitting = (
            c
            for c in self.cases.values()
            if (c.guild, c.incident) == (guild, incident) and belongs(c, at, within)
        )
        return max(fitting, key=lambda c: c.id, default=None)

    async def case_of(self, guild: GuildId, message: MessageId) -> Case | None:
        holding = (c for c in self.cases.values() if c.guild == guild and message in c.messages)
        return max(holding, key=lambda c: c.id, default=None)

    async def queue(self, guild: GuildId) -> Sequence[Case]:
        waiting = (c for c in self.cases.values() if c.guild == guild and c.state in UNDECIDED)
        return sorted(waiting, key=lambda c: (-c.severity, c.opened_at, c.id))

    async def quoting(self, guild: GuildId, message: MessageId) -> Sequence[CaseId]:
        return sorted(
            case
            for case, quotes in self.kept.items()
            if self.cases[case].guild == guild and any(q.message == message for q in quotes)
        )

    async def lapsed(self, now: datetime) -> Sequence[Case]:
        return [
            c
            for c in self.cases.values()
            if c.claimed_until is not None and c.claimed_until <= now and c.state in UNDECIDED
        ]

    async def stale(self) -> Sequence[GuildId]:
        return sorted({c.guild for c in self.cases.values() if c.card_version < c.version})

    async def stale_cards(self, guild: GuildId, after: CaseId, limit: int = 100) -> Sequence[Case]:
        stale = (
            c
            for c in self.cases.values()
            if c.card_version < c.version and c.guild == guild and c.id > after
        )
        return sorted(stale, key=lambda c: c.id)[:limit]

    async def unfinished(self) -> Sequence[Action]:
        open_ends = (a for a in self.actions.values() if _unfinished(a))
        return sorted(open_ends, key=lambda a: (a.requested_at, a.id))

    async def action(self, action: ActionId) -> Action | None:
        return self.actions.get(action)

    async def quotes(self, case: CaseId) -> Sequence[Quote]:
        return sorted(self.kept.get(case, []), key=lambda q: (q.at, q.offset))

    async def settled(self, guild: GuildId, message: MessageId, digest: str) -> bool:
        return digest != "" and any(
            (q.message, q.digest) == (message, digest)
            for case, quotes in self.kept.items()
            for q in quotes
            if self.cases[case].guild == guild and self.cases[case].state in DECIDED
        )

    async def reported(self, guild: GuildId, message: MessageId, reporter: UserId) -> Case | None:
        for case, report in self.filed:
            if (report.guild, report.message, report.reporter) == (guild, message, reporter):
                return self.cases[case]
        return None

    async def reports(self, case: CaseId) -> Sequence[Report]:
        filed = (r for c, r in self.filed if c == case)
        return sorted(filed, key=lambda r: (r.at, r.message, r.reporter))

    async def history(self, guild: GuildId, user: UserId) -> History:
        written = [
            k.message
            for k in self.messages.values()
            if (k.message.guild, k.message.author.id) == (guild, user)
        ]
        newest = max(written, key=lambda m: (m.at, m.id), default=None)
        done = self._standing_actions(guild, user)
        return History(
            messages=len(written),
            cases=sum(
                (c.guild, c.subject) == (guild, user) and c.state is not CaseState.DISMISSED
                for c in self.cases.values()
            ),
            actions=len(done),
            joined_at=newest.author.joined_at if newest else None,
            last_action=done[-1].kind if done else None,
            last_action_at=(done[-1].finished_at or done[-1].requested_at) if done else None,
        )

    def _standing_actions(self, guild: GuildId, user: UserId) -> list[Action]:
        real = [a for a in self.actions.values() if a.state is ActionState.APPLIED]
        real = [a for a in real if not a.simulated and (a.guild, a.target) == (guild, user)]
        taken_back = {a.reverses for a in real}
        standing = [a for a in real if a.reverses is None and a.id not in taken_back]
        return sorted(standing, key=lambda a: (a.finished_at or a.requested_at, a.id))

    async def last_seen(self, guild: GuildId) -> Mapping[ChannelId, LastSeen]:
        newest: dict[ChannelId, LastSeen] = {}
        for kept in self.messages.values():
            m = kept.message
            if m.guild != guild:
                continue
            known = newest.get(m.channel)
            if known is None or (known.at, known.message) < (m.at, m.id):
                newest[m.channel] = LastSeen(channel=m.channel, message=m.id, at=m.at)
        return newest

    async def covered(self, guild: GuildId) -> Coverage | None:
        return max(
            (c for c in self.coverage if c.guild == guild), key=lambda c: c.since, default=None
        )

    async def cover(self, coverage: Coverage) -> None:
        newest = await self.covered(coverage.guild)
        if newest is not None and newest.since <= coverage.since <= newest.until:
            self.coverage.remove(newest)
            coverage = replace(newest, until=max(newest.until, coverage.until))
        self.coverage.append(coverage)

    async def note(self, draft: Draft) -> None:
        self.trail += self._linked((draft,))

    async def audit(self, after: int = 0, limit: int = 1000) -> Sequence[AuditEntry]:
        return self.trail[after : after + limit]

    async def close(self) -> None:
        """Nothing to let go of."""


def _unfinished(action: Action) -> bool:
    told = action.notice is not NoticeState.PENDING
    return action.state is ActionState.REQUESTED or (
        action.state is ActionState.APPLIED and not told
    )
