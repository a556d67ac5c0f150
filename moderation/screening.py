"""From a message to a case.

``prepare`` and ``conclude`` are pure but for the window; ``screen`` wires them to the store, the
scorer and the card. A replay calls the same three steps in batches.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from moderation.cases import OPEN_TO_MORE, UNDECIDED, Grown, Joined, advance, incident_key
from moderation.changing import change
from moderation.detectors import ALL, Rules
from moderation.drawing import Cards
from moderation.errors import StoreError
from moderation.policy import decide, family
from moderation.ports import Log, Scoring, Store
from moderation.surroundings import Surroundings, own, related
from moderation.types import (
    Case,
    CaseId,
    CaseState,
    Context,
    Deleted,
    Disposition,
    Draft,
    Edited,
    Fact,
    Message,
    MessageRef,
    Policy,
    Scores,
    Signal,
    Verdict,
)
from moderation.window import Window

_QUEUED = frozenset({Disposition.REVIEW, Disposition.ENFORCE})

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
        surroundings: Surroundings,
        log: Log,
        record: Callable[[Fact], Awaitable[None]],
        enforce: Callable[[CaseId, Sequence[MessageRef]], Awaitable[object]],
    ) -> None:
        """``record`` keeps a fact; ``enforce`` removes messages of an open case by itself."""
        self._store = store
        self._scoring = scoring
        self._window = window
        self._rules = rules
        self._policy = policy
        self._cards = cards
        self._surroundings = surroundings
        self._log = log
        self._record = record
        self._enforce = enforce

    async def screen(self, message: Message) -> Verdict:
        """Record, judge and, where a person is needed, queue one message.

        The same message twice is one case: a repeated event changes nothing. Raises ``StoreError``.
        """
        await self._record(message)
        verdict = await self._judged(self.prepare(message))
        await self._surroundings.heard(message)
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
        return await self._judged(Prepared(context=context, signals=self._detected(context)))

    async def deleted(self, deletion: Deleted) -> None:
        """Record a deletion; the cards that quote the message say so, the kept evidence stays."""
        await self._record(deletion)
        self._window.forget(deletion.id)
        for case in await self._store.quoting(deletion.guild, deletion.id):
            await change(self._store, case, Grown(at=deletion.at))
            await self._cards.draw(case)

    async def acquaint(self, message: Message) -> None:
        """Record and remember a message from before the bot came, without judging it."""
        await self._record(message)
        self.remember(message)

    def remember(self, message: Message) -> None:
        """Put a message that was judged before into the window: later ones follow on it."""
        self._window.see(message)

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
        filed = await self._file(prepared, await self._explained(message, verdict))
        if filed is None:
            return None
        if verdict.disposition is Disposition.ENFORCE and self._may_act_alone(filed):
            await self._enforce(filed.id, _places(prepared, filed))
        else:
            await self._cards.draw(filed.id)
        return filed

    async def _judged(self, prepared: Prepared) -> Verdict:
        text = prepared.message.text
        scores = await self._scoring.score(text) if text else Scores()
        verdict = self.conclude(prepared, scores)
        if verdict.disposition in _QUEUED:
            await self.queue(prepared, verdict)
        return verdict

    def _may_act_alone(self, case: Case) -> bool:
        """Only while nothing else is in the case that a person should look at."""
        named = all(signal.kind in self._policy.auto_remove for signal in case.signals)
        return named and case.state is CaseState.OPEN

    async def _file(self, prepared: Prepared, verdict: Verdict) -> Case | None:
        for _ in range(_TRIES):
            current = await self._current(prepared.message, verdict)
            if current is None:
                case = await self._open(prepared, verdict)
            elif await self._nothing_new(current, prepared, verdict):
                return None
            else:
                case = await self._join(current, prepared, verdict)
            if case is not None:
                return case
        raise StoreError(f"message {prepared.message.id} could not be filed in {_TRIES} tries")

    async def _current(self, message: Message, verdict: Verdict) -> Case | None:
        holding = await self._store.case_of(message.guild, message.id)
        if holding is not None and holding.state in OPEN_TO_MORE:
            return holding
        return await self._store.joinable(
            message.guild, _incident(message, verdict), happened(message), self._policy.join_within
        )

    async def _nothing_new(self, case: Case, prepared: Prepared, verdict: Verdict) -> bool:
        """Whether the case has this very content already, and every kind that was noticed in it."""
        message = prepared.message
        if message.id not in case.messages:
            return False
        known = {(signal.kind, signal.related) for signal in case.signals}
        if any((signal.kind, signal.related) not in known for signal in verdict.signals):
            return False
        return any(
            kept.message == message.id and kept.digest == prepared.context.digest
            for kept in await self._store.quotes(case.id)
        )

    async def _open(self, prepared: Prepared, verdict: Verdict) -> Case | None:
        message, before = prepared.message, await self._related(prepared, verdict, None)
        case = new_case(message, verdict, _incident(message, verdict))
        opening = replace(case, messages=(message.id, *(m.id for m in before)))
        opened_case = await self._store.open_case(
            opening,
            (*self._surroundings.known(message), *map(own, before)),
            (opened(case),),
            within=self._policy.join_within,
        )
        if opened_case is not None:
            self._surroundings.follow(opened_case, message)
        return opened_case

    async def _join(self, case: Case, prepared: Prepared, verdict: Verdict) -> Case | None:
        message, before = prepared.message, await self._related(prepared, verdict, case)
        event = Joined(
            at=happened(message),
            happened=happened(message),
            signals=_placed(verdict.signals, message),
            messages=(*(m.id for m in before), message.id),
            severity=verdict.severity,
            score=verdict.score,
            risk=verdict.risk,
            owner=verdict.owner,
            recommended=verdict.recommended,
        )
        after = advance(case, event)
        quotes = tuple(map(own, (*before, message)))
        audit = (_joined(after, message),)
        return after if await self._store.save(case, after, audit, quotes=quotes) else None

    async def _related(
        self, prepared: Prepared, verdict: Verdict, case: Case | None
    ) -> Sequence[Message]:
        """The author's other messages of the same incident, as far as they are remembered and in
        no other case that is still in the queue: a message is decided in one place.
        """
        known = related(prepared.context, (m for s in verdict.signals for m in s.related))
        holders = [await self._store.case_of(m.guild, m.id) for m in known]
        return [
            message
            for message, holder in zip(known, holders, strict=True)
            if holder is None or holder.state not in UNDECIDED or (case and holder.id == case.id)
        ]

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
        opened_at=happened(message),
        active_at=happened(message),
        updated_at=happened(message),
        messages=(message.id,),
        signals=_placed(verdict.signals, message),
        reasons=verdict.reasons,
        recommended=verdict.recommended,
        late=message.late,
        degraded=verdict.degraded,
        policy_version=verdict.policy_version,
        engine=verdict.engine,
    )


def happened(message: Message) -> datetime:
    """The event time of the content that stands there now."""
    return message.edited_at or message.at


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


def _placed(signals: Sequence[Signal], message: Message) -> tuple[Signal, ...]:
    """The signals with the message that their spans count."""
    return tuple(replace(signal, message=message.id) for signal in signals)


def _places(prepared: Prepared, case: Case) -> tuple[MessageRef, ...]:
    """Where the message and the others of its burst stand, the message first."""
    others = related(prepared.context, case.messages)
    return tuple(
        MessageRef(channel=m.channel, message=m.id)
        for m in (prepared.message, *(m for m in others if m.id != prepared.message.id))
    )
