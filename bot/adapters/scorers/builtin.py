"""The engine that ships with the package: no download, one core, under thirty megabytes.

A cascade: a first stage of a few microseconds clears most messages, a small encoder reads the rest.
``bot.training.builtin`` makes both; ``docs/model-card.md`` says from what and how good they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.adapters.scorers.features import LONGEST
from bot.adapters.scorers.first_stage import HEADS, FirstStage
from bot.adapters.scorers.language import marked
from bot.adapters.scorers.second_stage import SecondStage
from bot.adapters.scorers.spelling import respelt
from bot.adapters.scorers.telling import chosen, runs
from moderation.errors import EngineUnavailable
from moderation.text import Folded, fold
from moderation.types import Scores, Span, Thresholds

__all__ = ["HEADS", "WEIGHTS", "BuiltinScorer"]

WEIGHTS = Path(__file__).parent / "weights" / "builtin.npz"
DISCOUNT = 0.5
"""How much worse, in log-odds, a clause must be than the whole text."""
_GLARING = 0.75
"""First stage's probability from which the clause that it found is read by itself."""
_CLAUSE = 0.8
"""More than this share of a text is no clause but the text."""
_FEW = 6
"""Blanks; a text with fewer has no clauses to speak of."""
FARTHEST = 6.0
"""Log-odds of the first stage beyond which it is no surer."""
_EXPLAINED_WORDS = 32
_WORD = re.compile(r"\S+")
_Floats = NDArray[np.float64]


class BuiltinScorer:
    """A ``Scorer`` over the shipped weights; see ``moderation.ports.Scorer``.

    ``weights`` is the first stage's file; the second stage's, and ``judge.json`` that says how
    they are weighed, lie beside it. ``thresholds`` are the bands chosen with them, by false alarms
    on ordinary chat. Raises ``EngineUnavailable`` when a file is missing or damaged. Read-only
    after loading, so any number of threads may use one instance.
    """

    def __init__(self, weights: Path = WEIGHTS) -> None:
        self._first = FirstStage(weights)
        self._second = SecondStage(weights.parent)
        judge = weights.parent / "judge.json"
        try:
            meta = json.loads(judge.read_text(encoding="utf-8"))
            self._name = f"builtin@{meta['version']}"
            self._clear = float(meta["clear"])
            self._rare = float(meta["prevalence"]) / (1.0 - float(meta["prevalence"]))
            self._lines = np.array(meta["lines"]).reshape(len(HEADS), 3)
            self.thresholds = Thresholds(**meta["thresholds"])
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise EngineUnavailable(
                f"{judge}: the builtin engine's bounds cannot be read ({type(error).__name__}); "
                "install the package again or run the training command"
            ) from error

    @property
    def name(self) -> str:
        """``builtin@<version of the weights>``."""
        return self._name

    def score(self, texts: Sequence[str]) -> list[Scores]:
        """One ``Scores`` for each text, in order; exactly the same in any batch.

        The score of a language that the engine does not know is marked as unsure.
        """
        chances = self.probabilities([legible(text).text for text in texts]).tolist()
        return [
            marked(
                Scores(
                    toxicity=row[0],
                    severe_toxicity=row[1],
                    insult=row[2],
                    threat=row[3],
                    identity_attack=row[4],
                    obscene=row[5],
                ),
                text,
            )
            for row, text in zip(chances, texts, strict=True)
        ]

    def probabilities(self, folded: Sequence[str]) -> _Floats:
        """Calibrated probabilities (n, 6) of folded texts, columns as ``HEADS``.

        No finer label but the last exceeds the toxicity.
        """
        first = self._first.probabilities(folded)
        chances = self._cleared(first)
        for at in self.uncleared(first):
            chances[at] = self._judged(
                first[at], read(self._first, self._second, folded[at], float(first[at, 0]))
            )
        return chances

    def _cleared(self, first: _Floats) -> _Floats:
        """The first stage's word, which it gives as if half of all messages were toxic, as it is
        where few are.
        """
        odds = first[:, :5] / (1.0 - first[:, :5]) * self._rare
        return np.concatenate([odds / (1.0 + odds), first[:, 5:]], axis=1)

    def uncleared(self, chances: _Floats) -> NDArray[np.int64]:
        """Which rows of the first stage's probabilities (n, 6) the second stage reads."""
        return np.flatnonzero(chances[:, 0] >= self._clear)

    def _judged(self, first: _Floats, odds: NDArray[np.float32]) -> _Floats:
        """Both stages' word on each label, weighed as learned on the development set."""
        both = np.stack([log_odds(first), odds, np.ones(len(HEADS))], axis=1)
        chances = 1.0 / (1.0 + np.exp(-(both * self._lines).sum(axis=1)))
        chances[1:5] = np.minimum(chances[1:5], chances[0])
        return np.asarray(chances)

    def explain(self, text: str) -> tuple[Span, ...]:
        """The words that carry the toxicity score, neighbours joined, in the original text.

        What the first stage cleared is explained by it; else each word of the worst stretch by how
        far the score falls without it.
        """
        folded = legible(text)
        if self._first.toxicity([folded.text])[0] < self._clear:
            return self._first.explain(text)
        words = self._worst_words(folded)
        if not words:
            return ()
        start, end = words[0].start(), words[-1].end()
        whole = folded.text[start:end]
        without = [whole[: word.start() - start] + whole[word.end() - start :] for word in words]
        odds = log_odds(self.probabilities([whole, *without])[:, 0])
        return _spans(folded, words, odds[0] - odds[1:])

    def _worst_words(self, folded: Folded) -> list[re.Match[str]]:
        """The words of the stretch that the second stage finds worst; of all in a short text."""
        words = list(_WORD.finditer(folded.text))
        if len(words) <= _EXPLAINED_WORDS:
            return words
        last = len(words) - _EXPLAINED_WORDS // 2
        stretches = [
            words[at : at + _EXPLAINED_WORDS] for at in range(0, last, _EXPLAINED_WORDS // 2)
        ]
        return max(stretches, key=lambda stretch: self._odds_of(folded.text, stretch))

    def _odds_of(self, text: str, words: Sequence[re.Match[str]]) -> float:
        return float(self._second.odds(text[words[0].start() : words[-1].end()])[0])


def legible(text: str) -> Folded:
    """The text as both stages read it: folded, disguised rude words written out."""
    return respelt(fold(text[:LONGEST]))


def read(first: FirstStage, second: SecondStage, folded: str, chance: float) -> NDArray[np.float32]:
    """The second stage's log-odds (6,) of a text, or of a glaring clause in it if that is worse.

    ``chance`` is the first stage's probability. A rude clause in a long and otherwise kind message
    would drown in the whole; one that is not glaring says little without what stands around it.
    """
    whole = second.odds(folded)
    if chance < _GLARING or folded.count(" ") < _FEW:
        return whole
    worst = first.worst(folded)
    if len(worst) > _CLAUSE * len(folded):
        return whole
    part = second.odds(worst) - DISCOUNT
    return part if part[0] > whole[0] else whole


def log_odds(chances: _Floats) -> _Floats:
    """Log-odds of probabilities, at most ``FARTHEST`` from even."""
    bounded = np.clip(chances, 1e-9, 1.0 - 1e-9)
    return np.asarray(np.clip(np.log(bounded / (1.0 - bounded)), -FARTHEST, FARTHEST))


def _spans(folded: Folded, words: Sequence[re.Match[str]], falls: _Floats) -> tuple[Span, ...]:
    return tuple(
        folded.span(words[first].start(), words[last].end()) for first, last in runs(chosen(falls))
    )
