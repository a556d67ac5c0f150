"""Texts on their own: each is judged as if it were the only message there is.

The same detectors, engine and ``decide`` as in chat, in mode ``queue``, without a window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bot.exports import clean
from config.policy import to_policy
from config.schema import Settings
from moderation.detectors import ALL
from moderation.policy import decide
from moderation.ports import Scorer
from moderation.rules import Rules
from moderation.types import (
    LABELS,
    Author,
    ChannelId,
    Context,
    GuildId,
    Message,
    MessageId,
    Mode,
    Scores,
    Signal,
    Thresholds,
    UserId,
)
from moderation.window import Window

_NO_TIME = datetime.fromtimestamp(0, UTC)

Answer = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text to judge; ``id`` is handed back as it came."""

    id: str | int | None
    text: str
    channel: str = ""


class Assessor:
    """Judges texts in batches."""

    def __init__(self, scorer: Scorer, settings: Settings, engine: Thresholds) -> None:
        policy = to_policy(settings, engine=engine)
        self._policy = replace(policy, mode=Mode.QUEUE)
        self._rules = Rules.of(self._policy)
        self._scorer = scorer
        self._alone = Window()

    def assess(self, texts: Sequence[Text]) -> list[Answer]:
        """One answer for each text, in order, in the words of the contract."""
        contexts = [self._alone.context(_message(text)) for text in texts]
        scores = self._scores([context.message.text for context in contexts])
        return [
            self._answer(text, context, scored)
            for text, context, scored in zip(texts, contexts, scores, strict=True)
        ]

    def _scores(self, texts: Sequence[str]) -> Sequence[Scores | None]:
        """``None`` for each when the engine fails: foreign code must not end the work."""
        try:
            return self._scorer.score(texts)
        except Exception:  # whatever it is, the answers say so: they are degraded
            return [None] * len(texts)

    def _answer(self, text: Text, context: Context, scores: Scores | None) -> Answer:
        noticed = (detector(context, self._rules) for detector in ALL)
        signals = tuple(signal for signal in noticed if signal is not None)
        verdict = decide(
            signals,
            scores,
            context,
            self._policy,
            engine=self._scorer.name,
            failed=scores is None,
        )
        found = scores or Scores()
        return {
            "id": text.id,
            "scores": {label: round(float(getattr(found, label)), 4) for label in LABELS},
            "unsure": found.unsure,
            "language": found.language,
            "signals": [_signal(signal) for signal in verdict.signals],
            "disposition": verdict.disposition.value,
            "engine": self._scorer.name,
            "degraded": verdict.degraded,
        }


def _signal(signal: Signal) -> Answer:
    return {
        "kind": signal.kind,
        "risk": int(signal.risk),
        "score": round(float(signal.score), 4),
        "spans": [[span.start, span.end] for span in signal.spans],
    }


def _message(text: Text) -> Message:
    wording = clean(text.text)
    channel = clean(text.channel)
    return Message(
        id=MessageId(""),
        guild=GuildId(""),
        channel=ChannelId(channel),
        channel_name=channel,
        author=Author(id=UserId("")),
        at=_NO_TIME,
        text=wording,
    )
