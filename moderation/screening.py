"""From a message to a case.

``prepare`` and ``conclude`` are pure but for the window; ``screen`` wires them to the store, the
scorer and the card. A replay calls the same three steps in batches. ``Filing`` makes the case.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from moderation import heat
from moderation.cases import Grown
from moderation.changing import change
from moderation.drawing import Cards
from moderation.filing import Filing, happened
from moderation.policy import decide
from moderation.ports import Log, Scoring, Store
from moderation.reading import Prepared, Reader
from moderation.rules import Rules
from moderation.splitting import shared
from moderation.surroundings import Surroundings, related
from moderation.types import (
    Case,
    CaseId,
    CaseState,
    Deleted,
    Disposition,
    Edited,
    Fact,
    Message,
    MessageRef,
    Policy,
    Scores,
    Verdict,
)
from moderation.window import Window

_QUEUED = frozenset({Disposition.REVIEW, Disposition.ENFORCE})


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
        self._policy = policy
        self._reader = Reader(window=window, rules=rules)
        self._filing = Filing(store=store, surroundings=surroundings, policy=policy)
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
        at = happened(message)
        await self._record(
            Edited(id=message.id, guild=message.guild, channel=message.channel, at=at)
        )
        context = self._window.replace(message)
        if context is None:
            return None
        return await self._judged(self._reader.prepare(context))

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
        return self._reader.prepare(self._window.see(message))

    def conclude(
        self, prepared: Prepared, scores: Scores | None, read: Sequence[Scores | None] = ()
    ) -> Verdict:
        """Decide, and log the decision by codes and ids; ``None`` for scores means degraded.

        ``read`` are the scores of ``prepared.readings``, as far as the engine was asked.
        """
        joint = self._reader.joint(prepared, scores, read)
        verdict = decide(
            prepared.signals,
            scores,
            prepared.context,
            self._policy,
            engine=self._scoring.name,
            failed=scores is None,
            joint=joint,
        )
        self._window.note(prepared.context, joint.scores if joint and joint.related else scores)
        if verdict.disposition in _QUEUED:
            verdict = self._urgent(prepared, joint.scores if joint else scores, verdict)
        self._log_decision(prepared.message, verdict)
        return verdict

    async def queue(self, prepared: Prepared, verdict: Verdict) -> Case | None:
        """Open the incident's case or join the one that is open; ``None`` when a person's verdict
        on this very content stands already, or nothing is new.
        """
        message = prepared.message
        if await self._filing.is_settled(prepared, verdict):
            self._log.event("settled", guild=message.guild, message=message.id)
            return None
        filed = await self._filing.file(prepared, await self._explained(prepared, verdict))
        if filed is None:
            return None
        if verdict.disposition is Disposition.ENFORCE and self._may_act_alone(filed):
            await self._enforce(filed.id, _places(prepared, filed))
        else:
            await self._cards.draw(filed.id)
        return filed

    async def _judged(self, prepared: Prepared) -> Verdict:
        scores = await self._score(prepared.message.text)
        verdict = self.conclude(prepared, scores, await self._read(prepared, scores))
        if verdict.disposition in _QUEUED:
            await self.queue(prepared, verdict)
        return verdict

    async def _score(self, text: str) -> Scores | None:
        return await self._scoring.score(text) if text else Scores()

    async def _read(self, prepared: Prepared, scores: Scores | None) -> list[Scores | None]:
        """The scores of the readings; first those of earlier messages that are still missing."""
        for message in self._reader.unread(prepared, scores):
            missing = await self._score(message.text)
            self._window.note(self._window.context(message), missing)
            if missing is None:
                return []
        asked = self._reader.asked(prepared, scores)
        return [await self._score(reading.text) for reading in asked]

    def _urgent(self, prepared: Prepared, scores: Scores | None, verdict: Verdict) -> Verdict:
        """The verdict, more urgent where the exchange around the message is heated."""
        why = self._reader.heated(prepared, scores)
        return heat.heated(verdict, why) if why else verdict

    def _may_act_alone(self, case: Case) -> bool:
        """Only while nothing else is in the case that a person should look at."""
        named = all(signal.kind in self._policy.auto_remove for signal in case.signals)
        return named and case.state is CaseState.OPEN

    async def _explained(self, prepared: Prepared, verdict: Verdict) -> Verdict:
        """The verdict with the words that carry the engine's score, in the texts they stand in."""
        first, *others = verdict.signals or (None,)
        facts = dict(first.facts) if first else {}
        if first is None or first.spans or "label_score" not in facts or "answers" in facts:
            return verdict
        reading = prepared.read(int(facts["glued"])) if "glued" in facts else None
        spans = await self._scoring.explain(reading.text if reading else prepared.message.text)
        told = shared(first, reading, spans) if reading else (replace(first, spans=spans),)
        return replace(verdict, signals=(*told, *others))

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
            language=_language(verdict),
        )


def _language(verdict: Verdict) -> str | None:
    """The language that the engine does not know (ISO 639-1 or ``und``); ``None`` where it does."""
    unsure = next((reason for reason in verdict.reasons if reason.code == "unsure"), None)
    return str(dict(unsure.facts)["language"]) if unsure else None


def _places(prepared: Prepared, case: Case) -> tuple[MessageRef, ...]:
    """Where the message and the others of its burst stand, the message first."""
    others = related(prepared.context, case.messages)
    return tuple(
        MessageRef(channel=m.channel, message=m.id)
        for m in (prepared.message, *(m for m in others if m.id != prepared.message.id))
    )
