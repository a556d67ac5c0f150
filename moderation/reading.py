"""A message as it is understood: by itself, with what it answers, with what it goes on.

``Reader`` puts together what ``answering``, ``splitting`` and ``heat`` say, from the window and the
scores that stand in it. Nothing is scored twice for it: only a joined text is new to the engine.
A message whose scores are not known, since the engine failed on it, takes no part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from moderation import heat
from moderation.answering import Turn, echo, turn
from moderation.detectors import ALL
from moderation.detectors.words import words
from moderation.policy import attack
from moderation.rules import Rules
from moderation.splitting import Reading, pieces, readings, shared
from moderation.text import fold
from moderation.types import Context, Joint, Message, Reason, Scores, Signal
from moderation.window import AGE, Window

_THREATS = frozenset({"toxicity.threat", "toxicity.severe_toxicity"})
"""What can be urged on: "do it" says nothing bad after an insult."""

_LOOK_BACK = 3
"""Messages before an attack among which its target is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A message in its context, with what the rules noticed; the scorer has not spoken yet.

    ``readings`` are joined texts that the scorer is asked about, too. ``parent`` is the message
    that this one answers in so few words that it is read with it (``turn`` says how).
    """

    context: Context
    signals: tuple[Signal, ...] = ()
    readings: tuple[Reading, ...] = ()
    parent: Message | None = None
    turn: Turn | None = None

    @property
    def message(self) -> Message:
        """The message itself."""
        return self.context.message

    @property
    def texts(self) -> tuple[str, ...]:
        """What the scorer is asked about: the message's own text first."""
        return (self.message.text, *(reading.text for reading in self.readings))

    def read(self, glued: int) -> Reading | None:
        """The reading with so many glued seams."""
        return next((reading for reading in self.readings if reading.glued == glued), None)


class Reader:
    """Reads messages together; pure but for the window that it looks into."""

    def __init__(self, *, window: Window, rules: Rules) -> None:
        self._window = window
        self._rules = rules
        self._policy = rules.policy

    def prepare(self, context: Context) -> Prepared:
        """What the rules say, and what the scorer is to be asked."""
        read = readings(pieces(context))
        found = (detector(context, self._rules) for detector in ALL)
        signals = tuple(signal for signal in found if signal is not None)
        if read and (self._rules.words or self._rules.phrases):
            signals += self._split_words(context, signals, read)
        prepared = Prepared(context=context, signals=signals, readings=read)
        return self._answering(prepared) if context.message.reply_to is not None else prepared

    def unread(self, prepared: Prepared, scores: Scores | None) -> Iterator[Message]:
        """Messages from before this process (or not judged yet) whose scores matter now."""
        if scores is None:
            return iter(())
        needed = list(prepared.readings[0].pieces[:-1]) if prepared.readings else []
        if prepared.parent is not None:
            needed.append(prepared.parent)
        if needed or scores.toxicity >= self._policy.thresholds.queue:
            needed += (m for m in _earlier(prepared) if prepared.message.at - m.at <= heat.SPAN)
        return (m for m in dict.fromkeys(needed) if not self._window.is_judged(m.id))

    def asked(self, prepared: Prepared, scores: Scores | None) -> tuple[Reading, ...]:
        """The readings that the engine is still to be asked about, now that it spoke."""
        if scores is None or self._is_attack(prepared.message, scores):
            return ()
        return prepared.readings

    def joint(
        self, prepared: Prepared, scores: Scores | None, read: Sequence[Scores | None]
    ) -> Joint | None:
        """What the message says together with others, if that is worse than what it says alone.

        ``read`` are the scores of ``prepared.readings``, as far as they were asked for.
        """
        if scores is None or not (prepared.readings or prepared.parent):
            return None
        found = (self._answered(prepared), self._split(prepared, scores, read))
        worse = [one for one in found if one and one.scores.toxicity > scores.toxicity]
        return max(worse, key=lambda one: one.scores.toxicity, default=None)

    def heated(self, prepared: Prepared, scores: Scores | None) -> Reason | None:
        """Why the exchange is heated in which the message stands that was judged by ``scores``."""
        if scores is None:
            return None
        known = ((m, self._judged(m)) for m in _earlier(prepared))
        said = [self._said(m, judged) for m, judged in known if judged is not None]
        return heat.heat((*said, self._said(prepared.message, scores)))

    def _said(self, message: Message, scores: Scores) -> heat.Said:
        warmth = min(1.0, scores.toxicity / max(self._policy.thresholds.queue, 0.01))
        return heat.Said(message=message, warmth=warmth)

    def _judged(self, message: Message) -> Scores | None:
        """The scores in the window, or the echo of the parent's where that is worse."""
        own = self._window.scores(message.id)
        if own is None or message.reply_to is None:
            return own
        answered = self._answered(self._answering(Prepared(context=self._window.context(message))))
        return answered.scores if answered and answered.scores.toxicity > own.toxicity else own

    def _answering(self, prepared: Prepared) -> Prepared:
        message = prepared.message
        kind = turn(prepared.context.folded)
        parent = self._window.find(message.reply_to) if kind and message.reply_to else None
        if kind is None or parent is None or not _is_answered_by(message, parent):
            return prepared
        if kind is not Turn.RETURN and message.author.id in self._targets(parent):
            return prepared
        return replace(prepared, parent=parent, turn=kind)

    def _targets(self, parent: Message) -> set[str]:
        """Whom a message is aimed at: nobody agrees with an attack on themselves in earnest."""
        answered = self._window.find(parent.reply_to) if parent.reply_to else None
        named = {*parent.mentions, *((answered.author.id,) if answered else ())}
        if named:
            return named
        before = self._window.before(parent, _LOOK_BACK)
        others = [m.author.id for m in before if m.author.id != parent.author.id]
        return set(others[-1:])

    def _answered(self, prepared: Prepared) -> Joint | None:
        """The parent's attack, as far as it goes over to a reply that takes it up."""
        parent = prepared.parent
        scores = self._window.scores(parent.id) if parent else None
        found = attack(parent, scores, self._policy) if parent and scores else None
        if parent is None or scores is None or found is None:
            return None
        if prepared.turn is Turn.URGE and found.kind not in _THREATS:
            return None
        return Joint(
            scores=echo(scores), reason=Reason(code="answering", facts=(("answers", parent.id),))
        )

    def _split(
        self, prepared: Prepared, scores: Scores, read: Sequence[Scores | None]
    ) -> Joint | None:
        """An attack in the joined text where none of the pieces is one by itself.

        A glued word is a guess, so it has to be likely.
        """
        if not read or self._is_attack(prepared.message, scores):
            return None
        *earlier, _ = prepared.readings[0].pieces
        if not all(self._is_harmless(piece) for piece in earlier):
            return None
        for reading, joined in zip(prepared.readings, read, strict=False):
            least = self._policy.thresholds.likely if reading.glued else 0.0
            worse = joined is not None and joined.toxicity >= least
            if worse and joined and self._is_attack(prepared.message, joined):
                return _together(reading, joined)
        return None

    def _is_attack(self, message: Message, scores: Scores) -> bool:
        return attack(message, scores, self._policy) is not None

    def _is_harmless(self, piece: Message) -> bool:
        scores = self._window.scores(piece.id)
        return scores is not None and not self._is_attack(piece, scores)

    def _split_words(
        self, context: Context, own: Sequence[Signal], read: Sequence[Reading]
    ) -> tuple[Signal, ...]:
        """Listed words that only stand in the joined text, reaching into the newest message."""
        kinds = {signal.kind for signal in own}
        for reading in read:
            message = replace(context.message, text=reading.text)
            joined = replace(context, message=message, folded=fold(reading.text).text)
            found = words(joined, self._rules)
            spans = reading.straddling(found.spans) if found else ()
            if found and spans and found.kind not in kinds:
                facts = (*_facts(reading), ("found", len(spans)))
                return shared(replace(found, facts=facts), reading, spans)
        return ()


def _earlier(prepared: Prepared) -> Iterator[Message]:
    """The channel's messages before this one, those of bots left out."""
    message = prepared.message
    for earlier in prepared.context.channel:
        if (earlier.at, earlier.id) < (message.at, message.id) and not earlier.author.is_bot:
            yield earlier


def _is_answered_by(message: Message, parent: Message) -> bool:
    """Whether a reply is near enough, and to somebody else."""
    near = parent.guild == message.guild and parent.at <= message.at <= parent.at + AGE
    return near and parent.author.id != message.author.id


def _together(reading: Reading, scores: Scores) -> Joint:
    *earlier, _ = reading.pieces
    reason = Reason(code="split", facts=_facts(reading))
    return Joint(scores=scores, reason=reason, related=tuple(piece.id for piece in earlier))


def _facts(reading: Reading) -> tuple[tuple[str, int], ...]:
    return ("pieces", len(reading.pieces)), ("glued", reading.glued)
