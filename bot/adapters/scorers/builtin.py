"""The engine that ships with the package: linear models over hashed features, no download.

``weights/builtin.npz`` is made by ``bot.training.builtin``; ``docs/model-card.md`` says from what
and how good it is.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.adapters.scorers.features import LONGEST, Batch, Group, clauses, read
from moderation.errors import EngineUnavailable
from moderation.text import fold
from moderation.types import Scores, Span, Thresholds

WEIGHTS = Path(__file__).parent / "weights" / "builtin.npz"
HEADS = (
    "toxicity",
    "severe_toxicity",
    "insult",
    "threat",
    "identity_attack",
    "obscene",
)
"""The order of the models' columns."""

_EXPLAINED = 0.6
_LEAST_SHARE = 0.1
_FINE_FROM = 0.1
_Floats = NDArray[np.float64]


class BuiltinScorer:
    """A ``Scorer`` over the shipped weights; see ``moderation.ports.Scorer``.

    ``thresholds`` are the bands chosen with these weights, by false alarms on ordinary chat.
    Raises ``EngineUnavailable`` when the weights are missing or damaged. Read-only after
    loading, so any number of threads may use one instance.
    """

    def __init__(self, weights: Path = WEIGHTS) -> None:
        try:
            with np.load(weights, allow_pickle=False) as stored:
                meta = json.loads(bytes(stored["meta"]).decode())
                self._toxic = stored["toxic"]
                self._fine = stored["fine"]
            self._name = f"builtin@{meta['version']}"
            self._scales = np.array(meta["scales"])
            self._slopes = np.array(meta["slopes"])
            self._offsets = np.array(meta["offsets"])
            self._discount = float(meta["clause_discount"])
            self.thresholds = Thresholds(**meta["thresholds"])
        except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
            raise EngineUnavailable(
                f"{weights}: the builtin engine's weights cannot be read ({type(error).__name__}); "
                "install the package again or run the training command"
            ) from error
        self._shift = int(np.log2(len(self._toxic) // len(self._fine)))

    @property
    def name(self) -> str:
        """``builtin@<version of the weights>``."""
        return self._name

    def score(self, texts: Sequence[str]) -> list[Scores]:
        """One ``Scores`` for each text, in order; exactly the same in any batch."""
        if not texts:
            return []
        chances = self.probabilities([fold(text[:LONGEST]).text for text in texts])
        return [
            Scores(
                toxicity=row[0],
                severe_toxicity=row[1],
                insult=row[2],
                threat=row[3],
                identity_attack=row[4],
                obscene=row[5],
            )
            for row in chances.tolist()
        ]

    def probabilities(self, folded: Sequence[str]) -> _Floats:
        """Calibrated probabilities (n, 6) of folded texts, columns as ``HEADS``.

        A text is judged by its worst clause, or as a whole where that is worse (see ``clauses``).
        The finer labels but the last are the probability of toxicity times that of the label in a
        toxic text, so none exceeds the toxicity. They are 0 where the toxicity is below 0.1.
        """
        places = [clauses(text) for text in folded]
        readings = [text[a:b] for text, at in zip(folded, places, strict=True) for a, b in at]
        toxic = self._toxic_margins(read(readings))
        worst = self._worst(toxic, np.array([len(at) for at in places]))
        chances = np.zeros((len(folded), len(HEADS)))
        chances[:, 0] = _sigmoid(toxic[worst] * self._slopes[0] + self._offsets[0])
        telling = np.flatnonzero(chances[:, 0] >= _FINE_FROM)
        if len(telling):
            finer = self._finer_margins(read([readings[at] for at in worst[telling]]))
            chances[telling, 1:] = _sigmoid(finer * self._slopes[1:] + self._offsets[1:])
            chances[:, 1:5] *= chances[:, :1]
        return chances

    def _worst(self, toxic: _Floats, counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """The place of each text's worst reading; a clause has to be worse by a discount."""
        wholes = np.cumsum(counts) - counts
        compared = toxic - self._discount
        compared[wholes] = toxic[wholes]
        best = np.repeat(np.maximum.reduceat(compared, wholes), counts)
        found = np.flatnonzero(compared == best)
        return np.asarray(found[np.searchsorted(found, wholes)])

    def _toxic_margins(self, batch: Batch) -> _Floats:
        """The first model's outputs (n,), before calibration."""
        sums = np.zeros(batch.size)
        for group in (batch.chars, batch.words):
            sums += group.share * _totals(self._toxic[group.buckets], group)
        return np.asarray(sums * self._scales[0])

    def _finer_margins(self, batch: Batch) -> _Floats:
        """The other models' outputs (n, 5), before calibration."""
        sums = np.zeros((batch.size, len(HEADS) - 1))
        for group in (batch.chars, batch.words):
            fine = self._fine[group.buckets >> self._shift]
            sums += group.share[:, None] * _totals(fine, group)
        return np.asarray(sums * self._scales[1:])

    def explain(self, text: str) -> tuple[Span, ...]:
        """The words that carry the toxicity score, neighbours joined, in the original text."""
        folded = fold(text[:LONGEST])
        places = clauses(folded.text)
        toxic = self._toxic_margins(read([folded.text[a:b] for a, b in places]))
        begin, end_of = places[self._worst(toxic, np.array([len(places)]))[0]]
        batch = read([folded.text[begin:end_of]])
        weight = self._by_place(batch)
        starts = batch.words.starts[: batch.single_words]
        ends = batch.words.ends[: batch.single_words]
        shares = np.array([weight[a:b].sum() for a, b in zip(starts, ends, strict=True)])
        spans = []
        for first, last in _runs(_chosen(shares)):
            start = begin + int(batch.source[starts[first]])
            end = begin + int(batch.source[ends[last] - 1]) + 1
            spans.append(folded.span(start, end))
        return tuple(spans)

    def _by_place(self, batch: Batch) -> _Floats:
        """What each character read adds to the toxicity, each feature spread over its reach."""
        steps = np.zeros(len(batch.codes) + 1)
        for group in (batch.chars, batch.words):
            each = group.share[0] * self._toxic[group.buckets] / (group.ends - group.starts)
            np.add.at(steps, group.starts, each)
            np.add.at(steps, group.ends, -each)
        return np.cumsum(steps)[:-1]


def _sigmoid(margins: _Floats) -> _Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(margins, -30.0, 30.0))))


def _totals(values: NDArray[np.int16], group: Group) -> NDArray[np.int64]:
    """Sums (n,) or (n, labels) of each text's values: whole numbers, so exact in any company."""
    running = np.zeros((len(values) + 1, *values.shape[1:]), dtype=np.int64)
    values.cumsum(axis=0, out=running[1:])
    return np.asarray((running[group.last] - running[group.first]).sum(axis=0))


def _chosen(shares: _Floats) -> list[int]:
    """The fewest words, in order, that carry most of what speaks for toxicity."""
    positive = np.maximum(shares, 0.0)
    total = positive.sum()
    if total <= 0:
        return []
    order = np.argsort(-positive, kind="stable")
    enough = int(np.searchsorted(np.cumsum(positive[order]), _EXPLAINED * total)) + 1
    return sorted(int(at) for at in order[:enough] if positive[at] >= _LEAST_SHARE * total)


def _runs(places: list[int]) -> list[tuple[int, int]]:
    """Neighbouring places as ``(first, last)``."""
    runs: list[tuple[int, int]] = []
    for place in places:
        if runs and runs[-1][1] == place - 1:
            runs[-1] = (runs[-1][0], place)
        else:
            runs.append((place, place))
    return runs
