"""A member says that something is wrong; the report joins the open case or opens one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from moderation.cases import OPEN_TO_MORE, UNDECIDED, Joined, advance
from moderation.drawing import Cards
from moderation.errors import StoreError
from moderation.filing import new_case, opened
from moderation.ports import Clock, Log, Store
from moderation.risks import owner_of
from moderation.surroundings import Surroundings, masked, own
from moderation.text import digest
from moderation.types import (
    ActionKind,
    Case,
    Disposition,
    Draft,
    Facts,
    Message,
    Policy,
    Reason,
    Report,
    ReportCategory,
    Risk,
    Severity,
    Signal,
    UserId,
    Verdict,
)

_TRIES = 500

_MEANING: dict[ReportCategory, tuple[Risk, Severity, ActionKind | None]] = {
    ReportCategory.RUDE: (Risk.FORUM, Severity.MEDIUM, ActionKind.WARN),
    ReportCategory.SPAM: (Risk.FORUM, Severity.MEDIUM, ActionKind.REMOVE),
    ReportCategory.SAFETY: (Risk.SAFETY, Severity.CRITICAL, ActionKind.REMOVE),
    ReportCategory.PRIVATE_DATA: (Risk.DATA, Severity.HIGH, ActionKind.REMOVE),
    ReportCategory.IMPERSONATION: (Risk.BRAND, Severity.HIGH, ActionKind.KICK),
    ReportCategory.ILLEGAL: (Risk.COMPLIANCE, Severity.HIGH, ActionKind.REMOVE),
    ReportCategory.OFF_TOPIC: (Risk.FORUM, Severity.LOW, ActionKind.REDIRECT),
    ReportCategory.OTHER: (Risk.FORUM, Severity.LOW, None),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the reporter is told at once. ``again``: they had reported this message before.

    ``decided``: a person has looked at this content already; the report is kept with that case.
    """

    case: Case
    again: bool = False
    decided: bool = False


class Reporting:
    """Members' reports."""

    def __init__(
        self,
        *,
        store: Store,
        cards: Cards,
        surroundings: Surroundings,
        clock: Clock,
        log: Log,
        policy: Policy,
    ) -> None:
        self._store = store
        self._cards = cards
        self._surroundings = surroundings
        self._clock = clock
        self._log = log
        self._policy = policy

    async def report(
        self,
        message: Message,
        reporter: UserId,
        category: ReportCategory,
        words: str = "",
    ) -> Receipt:
        """Record the report once for each message and reporter, and queue it.

        The message need not be known. Nothing about the reporter leaves the store.
        """
        report = Report(
            guild=message.guild,
            message=message.id,
            reporter=reporter,
            category=category,
            at=self._clock.now(),
            words=masked(words.strip()),
        )
        receipt = await self._filed(message, report)
        self._log.event("reported", case=receipt.case.id, again=int(receipt.again))
        await self._cards.draw(receipt.case.id)
        return receipt

    async def _filed(self, message: Message, report: Report) -> Receipt:
        for _ in range(_TRIES):
            earlier = await self._store.reported(report.guild, report.message, report.reporter)
            if earlier is not None:
                return Receipt(case=earlier, again=True)
            current = await self._current(message)
            case = await (
                self._open(message, report)
                if current is None
                else self._join(current, message, report)
            )
            if case is not None:
                return Receipt(case=case, decided=case.state not in UNDECIDED)
        raise StoreError(f"the report of message {message.id} could not be written")

    async def _current(self, message: Message) -> Case | None:
        """The case to join: one that takes more, or one in which a person has judged this content."""
        case = await self._store.case_of(message.guild, message.id)
        if case is None or case.state in OPEN_TO_MORE:
            return case
        judged = await self._store.settled(message.guild, message.id, digest(message.text))
        return case if judged else None

    async def _open(self, message: Message, report: Report) -> Case | None:
        verdict = self._verdict(report, self._surroundings.foreign(message))
        case = new_case(message, verdict, f"report:{message.id}")
        opened_case = await self._store.open_case(
            _reported_first(case, report),
            self._surroundings.known(message),
            (opened(case), _audit(case, report)),
            within=self._policy.join_within,
            report=report,
        )
        if opened_case is not None:
            self._surroundings.follow(opened_case, message)
        return opened_case

    async def _join(self, case: Case, message: Message, report: Report) -> Case | None:
        risk, severity, recommended = _MEANING[report.category]
        event = Joined(
            at=report.at,
            signals=(_signal(report, risk, self._surroundings.foreign(message)),),
            severity=severity,
            reports=1,
            risk=risk,
            owner=owner_of(risk),
            recommended=recommended,
        )
        after = advance(case, event)
        saved = await self._store.save(
            case, after, (_audit(after, report),), quotes=(own(message),), report=report
        )
        return after if saved else None

    def _verdict(self, report: Report, facts: Facts) -> Verdict:
        risk, severity, recommended = _MEANING[report.category]
        return Verdict(
            disposition=Disposition.REVIEW,
            reasons=(Reason(code=f"reported.{report.category.value}"),),
            signals=(_signal(report, risk, facts),),
            severity=severity,
            risk=risk,
            owner=owner_of(risk),
            recommended=recommended,
            policy_version=self._policy.version,
        )


def _reported_first(case: Case, report: Report) -> Case:
    """A reported case waits since the report, however old the message is."""
    return replace(case, reports=1, opened_at=report.at, active_at=report.at, updated_at=report.at)


def _signal(report: Report, risk: Risk, facts: Facts) -> Signal:
    return Signal(kind=f"report.{report.category.value}", risk=risk, score=1.0, facts=facts)


def _audit(case: Case, report: Report) -> Draft:
    return Draft(
        at=report.at,
        guild=report.guild,
        actor="member",
        event="case.reported",
        subject=f"case:{case.id}" if case.id else "",
        facts=(("message", report.message), ("category", report.category.value)),
    )
