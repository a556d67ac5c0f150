"""From a message to a case.

``prepare`` and ``conclude`` are pure but for the window; ``screen`` wires them to the store, the
scorer and the card. A replay calls the same three steps in batches.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from moderation.cases import (
    UNDECIDED,
    Grown,
    Joined,
    advance,
    incident_key,
    same_incident,
)
from moderation.changing import change
from moderation.detectors import ALL, Rules
from moderation.drawing import Cards
from moderation.policy import decide, family
from moderation.ports import Log, Scoring, Store
from moderation.types import (
    Case,
    CaseId,
    CaseState,
    ChannelId,
    Context,
    Deleted,
    Disposition,
    Draft,
    Edited,
    Fact,
    Message,
    Policy,
    Quote,
    Scores,
    Signal,
    Verdict,
)
from moderation.window import Window

AROUND = 3
"""How many messages a card quotes before and after the one it is about."""

_TRIES = 20
"""Compare-and-swap tries before giving up; each lost try means that somebody else made progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A message in its context, with what the rules noticed; the scorer has not spoken yet."""

    context: Context
    signals: tuple[Signal, ...]

    @property
    def message(self) -> Message:
        """The message itself."""
        return self.context.message


class Screening:
    """Watches messages: window, detectors, scorer, decision, case, card."""

    def __init__(
        self,
        *,
        store: Store,
        scoring: Scoring,
        window: Window,
        rules: Rules,
        policy: Policy,
        cards: Cards,
        log: Log,
        record: Callable[[Fact], Awaitable[None]],
        enforce: Callable[[Case], Awaitable[Case]],
    ) -> None:
        self._store = store
        self._scoring = scoring
        self._window = window
        self._rules = rules
        self._policy = policy
        self._cards = cards
        self._log = log
        self._record = record
        self._enforce = enforce
        self._trailing: dict[ChannelId, dict[CaseId, int]] = {}

    async def screen(self, message: Message) -> Verdict:
        """Record, judge and, where a person is needed, queue one message.

        The same message twice is one case: a repeated event changes nothing.
        """
        await self._record(message)
        prepared = self.prepare(message)
        await self._quote_after(message)
        scores = await self._scoring.score(message.text) if message.text else Scores()
        verdict = self.conclude(prepared, scores)
        if verdict.disposition in {Disposition.REVIEW, Disposition.ENFORCE}:
            verdict = await self._explained(message, verdict)
            await self.queue(prepared, verdict)
        return verdict

    async def edited(self, message: Message) -> Verdict | None:
        """Screen an edit again when its substance changed; ``None`` when it did not."""
        at = message.edited_at or message.at
        await self._record(
            Edited(id=message.id, guild=message.guild, channel=message.channel, at=at)
        )
        context = self._window.replace(message)
        if context is None:
            return None
        prepared = Prepared(context=context, signals=self._detected(context))
        scores = await self._scoring.score(message.text) if message.text else Scores()
        verdict = self.conclude(prepared, scores)
        if verdict.disposition in {Disposition.REVIEW, Disposition.ENFORCE}:
            await self.queue(prepared, await self._explained(message, verdict))
        return verdict

    async def deleted(self, deletion: Deleted) -> None:
        """Record a deletion; the card of its case says so, the kept evidence stays."""
        await self._record(deletion)
        self._window.forget(deletion.id)
        case = await self._store.case_of(deletion.guild, deletion.id)
        if case is not None:
            await change(self._store, case.id, Grown(at=max(deletion.at, case.updated_at)))
            await self._cards.draw(case.id)

    def prepare(self, message: Message) -> Prepared:
        """Put the message into the window and run the rules over its context."""
        context = self._window.see(message)
        return Prepared(context=context, signals=self._detected(context))

    def conclude(self, prepared: Prepared, scores: Scores | None) -> Verdict:
        """Decide, and log the decision by codes and ids; ``None`` for scores means degraded."""
        verdict = decide(
            prepared.signals,
            scores,
            prepared.context,
            self._policy,
            engine=self._scoring.name,
            failed=scores is None,
        )
        self._log_decision(prepared.message, verdict)
        return verdict

    async def queue(self, prepared: Prepared, verdict: Verdict) -> Case | None:
        """Open the incident's case or join the one that is open; ``None`` when a person's verdict
        on this very content stands already, or nothing is new.
        """
        message = prepared.message
        if await self._store.settled(message.guild, message.id, prepared.context.digest):
            self._log.event("settled", guild=message.guild, message=message.id)
            return None
        case = await self._file(prepared, verdict)
        if case is not None:
            self._trailing.setdefault(message.channel, {})[case.id] = 0
            await self._cards.draw(case.id)
            if verdict.disposition is Disposition.ENFORCE:
                return await self._enforce(case)
        return case

    async def _file(self, prepared: Prepared, verdict: Verdict) -> Case | None:
        for _ in range(_TRIES):
            current = await self._current(prepared.message, verdict)
            if current is None:
                case = await self._open(prepared, verdict)
            else:
                case = await self._join(current, prepared, verdict)
                if case is current:
                    return None
            if case is not None:
                return case
        return None

    async def _current(self, message: Message, verdict: Verdict) -> Case | None:
        holding = await self._store.case_of(message.guild, message.id)
        if holding is not None and holding.state in UNDECIDED:
            return holding
        case = await self._store.undecided(message.guild, _incident(message, verdict))
        if case is None or not same_incident(case, message.at, self._policy.join_within):
            return None
        return case

    async def _open(self, prepared: Prepared, verdict: Verdict) -> Case | None:
        case = new_case(prepared.message, verdict, _incident(prepared.message, verdict))
        return await self._store.open_case(
            case,
            self.quotes(prepared.context),
            (opened(case),),
            within=self._policy.join_within,
        )

    async def _join(self, case: Case, prepared: Prepared, verdict: Verdict) -> Case | None:
        message = prepared.message
        known = message.id in case.messages
        if known and not _fresh(case, verdict) and message.edited_at is None:
            return case
        event = Joined(
            at=max(message.edited_at or message.at, case.updated_at),
            signals=verdict.signals,
            messages=(message.id,),
            severity=verdict.severity,
            score=verdict.score,
        )
        after = advance(case, event)
        quotes = (quote(message, 0, prepared.context.digest),)
        audit = (_joined(after, message),)
        return after if await self._store.save(case, after, audit, quotes=quotes) else None

    def quotes(self, context: Context) -> tuple[Quote, ...]:
        """The message and up to ``AROUND`` before it, as a card quotes them."""
        before = context.channel[-AROUND:]
        earlier = tuple(quote(m, n - len(before)) for n, m in enumerate(before))
        return (*earlier, quote(context.message, 0, context.digest))

    async def _quote_after(self, message: Message) -> None:
        waiting = self._trailing.get(message.channel)
        if not waiting:
            return
        places = {case_id: seen + 1 for case_id, seen in waiting.items()}
        for case_id, place in places.items():  # taken before anything waits: others come, too
            waiting[case_id] = place
            if place >= AROUND:
                del waiting[case_id]
        for case_id, place in places.items():
            await self._add_after(case_id, message, place)
            if place >= AROUND:
                await self._cards.draw(case_id)

    async def _add_after(self, case_id: CaseId, message: Message, offset: int) -> None:
        case = await self._store.case(case_id)
        if case is None or message.id in case.messages:
            return
        grown = Grown(at=case.updated_at)
        await change(self._store, case_id, grown, quotes=(quote(message, offset),))

    async def _explained(self, message: Message, verdict: Verdict) -> Verdict:
        leading = verdict.signals[:1]
        if not leading or leading[0].spans or not leading[0].kind.startswith("toxicity."):
            return verdict
        spans = await self._scoring.explain(message.text)
        return replace(verdict, signals=(replace(leading[0], spans=spans), *verdict.signals[1:]))

    def _detected(self, context: Context) -> tuple[Signal, ...]:
        found = (detector(context, self._rules) for detector in ALL)
        return tuple(signal for signal in found if signal is not None)

    def _log_decision(self, message: Message, verdict: Verdict) -> None:
        self._log.event(
            "decided",
            guild=message.guild,
            channel=message.channel,
            message=message.id,
            disposition=verdict.disposition.value,
            reasons=",".join(reason.code for reason in verdict.reasons),
            policy=verdict.policy_version,
            degraded=int(verdict.degraded),
        )


def new_case(message: Message, verdict: Verdict, incident: str) -> Case:
    """The row of a case that opens with ``message``; the store gives it its id."""
    return Case(
        id=CaseId(0),
        guild=message.guild,
        channel=message.channel,
        incident=incident,
        subject=message.author.id,
        state=CaseState.OPEN,
        version=1,
        severity=verdict.severity,
        risk=verdict.risk,
        owner=verdict.owner,
        score=verdict.score,
        opened_at=message.at,
        updated_at=message.edited_at or message.at,
        messages=(message.id,),
        signals=verdict.signals,
        reasons=verdict.reasons,
        recommended=verdict.recommended,
        late=message.late,
        degraded=verdict.degraded,
        policy_version=verdict.policy_version,
        engine=verdict.engine,
    )


def quote(message: Message, offset: int, digest: str = "") -> Quote:
    """A message as a card keeps it; ``digest`` only for a case's own message (offset 0)."""
    return Quote(
        message=message.id,
        author=message.author.id,
        author_name=message.author.name,
        at=message.at,
        text=message.text,
        offset=offset,
        digest=digest,
    )


def opened(case: Case, actor: str = "system") -> Draft:
    """The audit line of an opening; the store fills in the subject."""
    kinds = ",".join(signal.kind for signal in case.signals)
    return Draft(
        at=case.updated_at,
        guild=case.guild,
        actor=actor,
        event="case.opened",
        facts=(
            ("message", case.messages[0]),
            ("kinds", kinds),
            ("policy", case.policy_version),
        ),
    )


def _joined(case: Case, message: Message) -> Draft:
    return Draft(
        at=case.updated_at,
        guild=case.guild,
        actor="system",
        event="case.joined",
        subject=f"case:{case.id}",
        facts=(("message", message.id), ("version", case.version)),
    )


def _incident(message: Message, verdict: Verdict) -> str:
    return incident_key(message, family(verdict.signals[0].kind))


def _fresh(case: Case, verdict: Verdict) -> Sequence[Signal]:
    known = {(signal.kind, signal.related) for signal in case.signals}
    return [s for s in verdict.signals if (s.kind, s.related) not in known]
