"""The engine's first stage: linear models over hashed features, a few microseconds a message.

Read-only after loading, so any number of threads may use one instance.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.adapters.scorers.features import (
    CHAR_SIZES,
    KINDS,
    LONGEST,
    Batch,
    by_group,
    pieces,
    places,
    read,
    within,
)
from bot.adapters.scorers.telling import chosen, runs
from moderation.errors import EngineUnavailable
from moderation.text import fold
from moderation.types import Span, Thresholds

HEADS = (
    "toxicity",
    "severe_toxicity",
    "insult",
    "threat",
    "identity_attack",
    "obscene",
)
"""The order of the models' columns."""

_FINE_FROM = 0.1
_STARRED = re.compile(r"(?<=[a-z])[*#%](?=[a-z]{2})|(?<=[a-z]{2})[*#%](?=[a-z])")
"""One letter of a word that was replaced: ``f*ck``, not ``a*b`` or ``f**k``."""
_VOWELS = "aeiou"
_Floats = NDArray[np.float64]
_Places = NDArray[np.int64]
_NOBODY = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Found:
    """What the first model says of some texts and, behind them, of what was guessed for some.

    ``margins`` are those of every reading, ``each`` of every text and guess, ``worst`` of the texts
    (n,) with their guesses; ``owner`` says whose the guesses are.
    """

    batch: Batch
    margins: _Floats
    each: _Floats
    worst: _Floats
    owner: _Places

    def spelt(self, text: int) -> int:
        """The text itself or the worst of its guesses, by its place in the batch."""
        guesses = np.flatnonzero(self.owner == text) + len(self.worst)
        return int(max((text, *guesses), key=self.each.__getitem__))

    def choice(self, text: int, discount: float) -> int:
        """The reading that a text is judged by."""
        return self.batch.choice(self.spelt(text), self.margins, discount)


class FirstStage:
    """The linear models of one file of weights (``bot.training.builtin`` writes it).

    ``thresholds`` are the bands chosen with these weights, by false alarms on ordinary chat.
    Raises ``EngineUnavailable`` when the file is missing or damaged.
    """

    def __init__(self, weights: Path) -> None:
        try:
            with np.load(weights, allow_pickle=False) as stored:
                meta = json.loads(bytes(stored["meta"]).decode())
                self._toxic = stored["toxic"]
                self._fine = stored["fine"]
            self.version = str(meta["version"])
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

    def toxicity(self, folded: Sequence[str]) -> _Floats:
        """Calibrated probabilities (n,) that folded texts are toxic; the same in any company."""
        return self._chance(self.margins(folded))

    def margins(self, folded: Sequence[str]) -> _Floats:
        """The toxicity before calibration (n,): of the worst clause, or of the whole if worse."""
        parts = [self._read(folded[piece]).worst for piece in pieces(folded)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def probabilities(self, folded: Sequence[str]) -> _Floats:
        """Calibrated probabilities (n, 6) of folded texts, columns as ``HEADS``.

        A text is judged by its worst clause, or as a whole where that is worse; where a letter is
        starred out, by the worst of what may stand there. The finer labels but the last are the
        probability of toxicity times that of the label in a toxic text, so none exceeds the
        toxicity. They are 0 where the toxicity is below 0.1.
        """
        chances = np.zeros((len(folded), len(HEADS)))
        for piece in pieces(folded):
            found = self._read(folded[piece])
            chances[piece, 0] = self._chance(found.worst)
            telling = np.flatnonzero(chances[piece, 0] >= _FINE_FROM)
            if len(telling):
                readings = np.array([found.choice(int(at), self._discount) for at in telling])
                finer = self._finer_margins(found.batch, readings)
                rows = telling + piece.start
                chances[rows, 1:] = _sigmoid(finer * self._slopes[1:] + self._offsets[1:])
        chances[:, 1:5] *= chances[:, :1]
        return chances

    def _chance(self, margins: _Floats) -> _Floats:
        return _sigmoid(margins * self._slopes[0] + self._offsets[0])

    def _read(self, folded: Sequence[str]) -> _Found:
        guesses, owner = _guesses(folded)
        batch = read([*folded, *guesses])
        margins = self._toxic_margins(batch)
        each = batch.worst(margins, self._discount)
        worst = each[: len(folded)]
        if guesses:
            worst = worst.copy()
            np.maximum.at(worst, owner, each[len(folded) :])
        return _Found(batch, margins, each, worst, owner)

    def _toxic_margins(self, batch: Batch) -> _Floats:
        """The first model's outputs for every reading, before calibration.

        The sums are of whole numbers, so exact in any company. They may wrap around; a reading's
        own part of them does not.
        """
        running = np.zeros(len(batch.buckets) + 1, dtype=np.int32)
        self._toxic.take(batch.buckets).cumsum(dtype=np.int32, out=running[1:])
        sums = by_group(running[batch.last] - running[batch.first])
        chars, words = batch.shares()
        return np.asarray((chars * sums[0] + words * sums[1]) * self._scales[0])

    def _finer_margins(self, batch: Batch, readings: NDArray[np.int64]) -> _Floats:
        """The other models' outputs (n, 5) for some readings, before calibration."""
        first, last = batch.first[:, readings], batch.last[:, readings]
        fine = self._fine.take(batch.buckets[within(first.ravel(), last.ravel())] >> self._shift, 0)
        running = np.zeros((len(fine) + 1, len(HEADS) - 1), dtype=np.int32)
        fine.cumsum(axis=0, dtype=np.int32, out=running[1:])
        ends = (last - first).cumsum().reshape(first.shape)
        sums = by_group(running[ends] - running[ends - (last - first)])
        chars, words = (share[readings, None] for share in batch.shares())
        return np.asarray((chars * sums[0] + words * sums[1]) * self._scales[1:])

    def worst(self, folded: str) -> str:
        """What one folded text is judged by: it or its worst clause, starred letters filled in."""
        likeliest, batch, reading = self._worst_reading(folded)
        starts, ends = _words_of(batch, reading)
        if not len(starts):
            return folded
        source = places(likeliest, batch)
        return likeliest[int(source[starts[0]]) : int(source[ends[-1] - 1]) + 1]

    def explain(self, text: str) -> tuple[Span, ...]:
        """The words that carry the toxicity score, neighbours joined, in the original text."""
        folded = fold(text[:LONGEST])
        likeliest, batch, reading = self._worst_reading(folded.text)
        starts, ends = _words_of(batch, reading)
        weight = self._by_place(batch, reading)
        shares = np.array([weight[a:b].sum() for a, b in zip(starts, ends, strict=True)])
        source = places(likeliest, batch)
        return tuple(
            folded.span(int(source[starts[first]]), int(source[ends[last] - 1]) + 1)
            for first, last in runs(chosen(shares))
        )

    def _worst_reading(self, folded: str) -> tuple[str, Batch, int]:
        """The text as it is likeliest spelt (as long as before), and the reading that counts."""
        likeliest = folded
        if guesses := _guesses([folded])[0]:
            likeliest = [folded, *guesses][self._read([folded]).spelt(0)]
        batch = read([likeliest])
        return likeliest, batch, batch.choice(0, self._toxic_margins(batch), self._discount)

    def _by_place(self, batch: Batch, reading: int) -> _Floats:
        """What each byte read adds to the toxicity, each feature spread over its reach."""
        steps = np.zeros(len(batch.codes) + 1)
        chars, words = batch.shares()
        for kind in range(KINDS):
            share = (chars if kind < len(CHAR_SIZES) else words)[reading]
            at = np.arange(batch.first[kind, reading], batch.last[kind, reading])
            starts, ends = batch.reach(kind, at)
            each = share * self._toxic[batch.buckets[at]] / (ends - starts)
            np.add.at(steps, starts, each)
            np.add.at(steps, ends, -each)
        return np.cumsum(steps)[:-1]


def _words_of(batch: Batch, reading: int) -> tuple[_Places, _Places]:
    """Where the words of a reading start and end in the bytes read."""
    kind = len(CHAR_SIZES)
    begin, end = (
        int(at[kind, reading]) - kind * len(batch.codes) for at in (batch.first, batch.last)
    )
    return batch.starts[begin:end], batch.ends[begin:end]


def _guesses(folded: Sequence[str]) -> tuple[list[str], _Places]:
    """Texts with the vowels that may stand for starred letters, and whose they are.

    One vowel for all of a text's stars: words of which only one is rude still show it.
    """
    found = [at for at, text in enumerate(folded) if _STARRED.search(text)]
    if not found:
        return [], _NOBODY
    guesses = [_STARRED.sub(vowel, folded[at]) for at in found for vowel in _VOWELS]
    return guesses, np.repeat(np.array(found, dtype=np.int64), len(_VOWELS))


def _sigmoid(margins: _Floats) -> _Floats:
    return np.asarray(1.0 / (1.0 + np.exp(np.maximum(np.minimum(-margins, 30.0), -30.0))))
