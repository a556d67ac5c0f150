"""What needs a person becomes a case, or joins the open case of the same incident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from moderation.cases import OPEN_TO_MORE, UNDECIDED, Joined, advance, incident_key
from moderation.errors import StoreError
from moderation.heat import heat_of, without_heat
from moderation.policy import family
from moderation.ports import Store
from moderation.reading import Prepared
from moderation.surroundings import AROUND, Surroundings, own, quote, related
from moderation.types import (
    Case,
    CaseId,
    CaseState,
    Draft,
    Message,
    Policy,
    Quote,
    Signal,
    Verdict,
)

_TRIES = 20
"""Compare-and-swap tries before giving up; each lost try means that somebody else made progress."""


class Filing:
    """Opens and joins cases: one transaction each, with its audit row."""

    def __init__(self, *, store: Store, surroundings: Surroundings, policy: Policy) -> None:
        self._store = store
        self._surroundings = surroundings
        self._policy = policy

    async def is_settled(self, prepared: Prepared, verdict: Verdict) -> bool:
        """Whether a person's verdict stands on this content, or has cleared what it takes up."""
        message, parent = prepared.message, prepared.parent
        if await self._store.settled(message.guild, message.id, prepared.context.digest):
            return True
        if parent is None or not _takes_up(verdict):
            return False
        above = await self._store.case_of(parent.guild, parent.id)
        return above is not None and above.state is CaseState.DISMISSED

    async def file(self, prepared: Prepared, verdict: Verdict) -> Case | None:
        """The case after it took the message; ``None`` when it has all of it already."""
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
        around = self._surroundings.known(message)
        opened_case = await self._store.open_case(
            opening,
            (*around, *map(own, before), *_answered(prepared, verdict, around)),
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
            severity=without_heat(verdict.severity, verdict.reasons),
            score=verdict.score,
            risk=verdict.risk,
            owner=verdict.owner,
            recommended=verdict.recommended,
            heat=heat_of(verdict.reasons),
        )
        after = advance(case, event)
        quotes = (*map(own, (*before, message)), *_answered(prepared, verdict, ()))
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
    kinds = ",".join(dict.fromkeys(signal.kind for signal in case.signals))
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
    return tuple(replace(signal, message=signal.message or message.id) for signal in signals)


def _takes_up(verdict: Verdict) -> bool:
    """Whether nothing but the message that it answers speaks against a reply."""
    return all(dict(signal.facts).get("answers") for signal in verdict.signals)


def _answered(prepared: Prepared, verdict: Verdict, around: Sequence[Quote]) -> tuple[Quote, ...]:
    """The message that a reply was read with, where the quotes around it do not have it."""
    parent = prepared.parent
    read = any(dict(signal.facts).get("answers") for signal in verdict.signals)
    if parent is None or not read or any(kept.message == parent.id for kept in around):
        return ()
    return (quote(parent, -AROUND - 1),)
