"""Logistic regression over the engine's hashed features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from bot.adapters.scorers.features import (
    BUCKETS,
    CHAR_SIZES,
    KINDS,
    LONGEST,
    Batch,
    pieces,
    read,
    within,
)
from moderation.text import fold

Matrix = Any
"""A SciPy CSR matrix (n texts, buckets) of float32; SciPy ships no types."""

_RARE = 3
_STRENGTH = 0.6
_ROUNDS = 60
_SMOOTH = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Weights of the buckets that count, and the line from margin to log-odds.

    ``margins`` are without the intercept, as the engine computes them; ``largest`` is the largest
    absolute weight; ``slope`` and ``offset`` turn a margin into calibrated log-odds.
    """

    buckets: NDArray[np.int64]
    weights: NDArray[np.float64]
    largest: float
    slope: float = 1.0
    offset: float = 0.0

    def margins(self, features: Matrix) -> NDArray[np.float64]:
        """The weighted sums (n,)."""
        return np.asarray(features[:, self.buckets] @ self.weights)


def matrix(texts: Sequence[str]) -> Matrix:
    """The features of the texts, each as a whole (n, ``BUCKETS``)."""
    parts = [_rows_of(batch, batch.size) for batch in _batches(texts)]
    return sparse.vstack(parts, format="csr")


def margins_by_clause(model: Model, texts: Sequence[str], discount: float) -> NDArray[np.float64]:
    """The margins (n,) of whole texts, or of their worst clause less ``discount`` if larger."""
    parts = [
        batch.worst(model.margins(_rows_of(batch, batch.first.shape[1])), discount)
        for batch in _batches(texts)
    ]
    return np.concatenate(parts) if parts else np.zeros(0)


def _batches(texts: Sequence[str]) -> Iterator[Batch]:
    folded = [fold(text[:LONGEST]).text for text in texts]
    return (read(folded[piece]) for piece in pieces(folded))


def coarser(features: Matrix, shift: int) -> Matrix:
    """The same features in ``2**shift`` times fewer buckets."""
    shape = (features.shape[0], features.shape[1] >> shift)
    coarse = sparse.csr_matrix((features.data, features.indices >> shift, features.indptr), shape)
    coarse.sum_duplicates()
    return coarse


def fit(
    features: Matrix, target: NDArray[np.bool_], sample_weights: NDArray[np.float64] | None = None
) -> Model:
    """A regularised model; features in fewer than three texts are left out."""
    seen = np.bincount(features.indices, minlength=features.shape[1])
    buckets = np.flatnonzero(seen >= _RARE)
    chosen = features[:, buckets]
    worth = np.log(features.shape[0] / seen[buckets]) / 4.0 * np.sqrt(_telling(chosen, target))
    scaled = (chosen @ sparse.diags(worth)).astype(np.float32)
    learner = LogisticRegression(C=_STRENGTH, max_iter=_ROUNDS, tol=1e-4)
    learner.fit(scaled, target, sample_weight=sample_weights)
    weights = learner.coef_[0].astype(np.float64) * worth
    return Model(
        buckets=buckets,
        weights=weights,
        largest=float(np.abs(weights).max()),
        offset=float(learner.intercept_[0]),
    )


def _telling(features: Matrix, target: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How far each feature's share among toxic texts is from that among others (log ratio).

    Features that tell little are penalised more (Wang and Manning 2012, "Baselines and bigrams").
    """
    yes = np.asarray(features.T @ target.astype(np.float64)) + _SMOOTH
    no = np.asarray(features.T @ (~target).astype(np.float64)) + _SMOOTH
    return np.asarray(np.abs(np.log(yes / yes.sum()) - np.log(no / no.sum())))


def _rows_of(batch: Batch, readings: int) -> Matrix:
    """The features of the first readings of a batch, which begin with its whole texts."""
    rows, columns, values = [], [], []
    chars, words = batch.shares()
    for kind in range(KINDS):
        first, last = batch.first[kind, :readings], batch.last[kind, :readings]
        row = np.repeat(np.arange(readings), last - first)
        rows.append(row)
        columns.append(batch.buckets[within(first, last)])
        values.append((chars if kind < len(CHAR_SIZES) else words)[row])
    places = np.concatenate(rows).astype(np.int32), np.concatenate(columns).astype(np.int32)
    entries = (np.concatenate(values).astype(np.float32), places)
    return sparse.csr_matrix(entries, shape=(readings, BUCKETS))
