"""Trains the builtin engine's second stage: an encoder that reads what the first did not clear.

It starts from a published multilingual encoder (``bot.training.base``) and reads a seeded choice
of the training rows twice, then our own lines again. Never reads a test set.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from bot.training import encoder, graph, labels, pieces, reading
from bot.training.archive import archived
from bot.training.base import Base, read_base
from bot.training.corpus import Row
from moderation.text import fold

ROUNDS = 2
THREADS = 2
LAST_ROUNDS = 2
POLISH_RATE = 1e-4


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


def polish(data: Path, rows: Sequence[Row], out: Path, seed: int) -> None:
    """Read what matters most again, more slowly, from the 8-bit weights in ``out`` on.

    Public sets outnumber our own lines twenty to one; these rounds set that right.
    """
    cutter = Tokenizer.from_file(str(out / "pieces.json"))
    with np.load(out / "words.npz", allow_pickle=False) as stored:
        start = _shipped(out, dict(stored), cutter)
    kept = range(len(start.pieces))
    others = reading.habits(rows)
    words = labels.rude_words(data)
    rounds = [
        reading.examples(reading.last(rows, seed + at), cutter, words, others)
        for at in range(LAST_ROUNDS)
    ]
    torch.manual_seed(seed)
    model = encoder.Encoder(start, kept, len(others) + 1)
    model.head.weight.data = torch.from_numpy(start.tensors["head.w"])
    model.head.bias.data = torch.from_numpy(start.tensors["head.b"].copy())
    encoder.train(model, rounds, seed=seed, threads=THREADS, rate=POLISH_RATE)
    write(out, model, start, kept, cutter)


def _shipped(out: Path, stored: Mapping[str, NDArray[Any]], cutter: Tokenizer) -> Base:
    """The written encoder as something to start from."""
    places = stored["places"].astype(np.float32)
    vocabulary = json.loads(cutter.to_str())["model"]["vocab"]
    return Base(
        pieces=[piece for piece, _ in vocabulary],
        chances=[chance for _, chance in vocabulary],
        scales=stored["scales"],
        nibbles=stored["nibbles"],
        tensors={
            **graph.read(out / "encoder.onnx"),
            "emb.pos": places,
            "emb.type": np.zeros((2, places.shape[1]), dtype=np.float32),
        },
    )


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
        "scales": base.scales[list(kept)],
        "nibbles": base.nibbles[list(kept)],
        "places": model.places.detach().numpy().astype(np.float16),
    }
    (out / "words.npz").write_bytes(archived(words))
    (out / "pieces.json").write_text(cutter.to_str(), encoding="utf-8")
