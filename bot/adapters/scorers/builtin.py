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

from bot.adapters.scorers.features import LONGEST, Batch, read, read_texts
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
            self.thresholds = Thresholds(**meta["thresholds"])
        except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
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
        chances = self.probabilities(read_texts(texts))
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

    def probabilities(self, batch: Batch) -> _Floats:
        """Calibrated probabilities (n, 6), columns as ``HEADS``.

        The finer labels but the last are the probability of toxicity times that of the label in a
        toxic text, so none exceeds the toxicity.
        """
        chances = _sigmoid(self.margins(batch) * self._slopes + self._offsets)
        chances[:, 1:5] *= chances[:, :1]
        return chances

    def margins(self, batch: Batch) -> _Floats:
        """The models' raw outputs (n, 6), before calibration."""
        sums = np.zeros((batch.size, len(HEADS)))
        for group, share in batch.shares():
            sums[:, 0] += share * _segments(self._toxic[group.buckets], group.first, group.last)
            fine = self._fine[group.buckets >> self._shift]
            sums[:, 1:] += share[:, None] * _segments(fine, group.first, group.last)
        return np.asarray(sums * self._scales)

    def explain(self, text: str) -> tuple[Span, ...]:
        """The words that carry the toxicity score, neighbours joined, in the original text."""
        folded = fold(text[:LONGEST])
        batch = read([folded])
        weight = self._by_place(batch)
        words = batch.words[0]
        shares = np.array(
            [weight[start:end].sum() for start, end in zip(words.starts, words.ends, strict=True)]
        )
        spans = []
        for first, last in _runs(_chosen(shares)):
            start, end = words.starts[first], words.ends[last] - 1
            spans.append(folded.span(int(batch.source[start]), int(batch.source[end]) + 1))
        return tuple(spans)

    def _by_place(self, batch: Batch) -> _Floats:
        """What each character read adds to the toxicity, each feature spread over its reach."""
        steps = np.zeros(len(batch.codes) + 1)
        for group, share in batch.shares():
            each = share[0] * self._toxic[group.buckets] / (group.ends - group.starts)
            np.add.at(steps, group.starts, each)
            np.add.at(steps, group.ends, -each)
        return np.cumsum(steps)[:-1]


def _sigmoid(margins: _Floats) -> _Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(margins, -30.0, 30.0))))


def _segments(
    values: NDArray[np.int16], first: NDArray[np.int64], last: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Sums of ``values[first:last]`` for each text, in whole numbers: exact in any order."""
    running = np.zeros((len(values) + 1, *values.shape[1:]), dtype=np.int64)
    np.cumsum(values, axis=0, out=running[1:])
    return np.asarray(running[last] - running[first])


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
