"""The builtin engine's second stage: a small encoder that reads what the first did not clear.

Six layers of a multilingual encoder with 8-bit matrices, run by onnxruntime on one thread, one
message a run: 2 ms for a line of chat. ``bot.training.second`` makes its files.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from moderation.errors import EngineUnavailable

_WIDTH = 384
_START, _END = 0, 2
_BLANK = re.compile("[\ufffd\ue000-\uf8ff]+")
"""Signs that mean nothing; an unknown pictograph stays, since it stands for a word."""
_STEP = 96
"""Pieces from one part of a long text to the next; parts overlap, so no clause is cut in all."""
_MOST = 12
"""Parts of a long text that are read; Discord's longest message has seldom more."""
_Floats = NDArray[np.float32]


class SecondStage:
    """Log-odds of the six labels for folded texts.

    ``folder`` holds ``encoder.onnx``, ``words.npz`` and ``pieces.json``. Raises
    ``EngineUnavailable`` when one is missing or damaged. Any number of threads may use one.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self._cutter = Tokenizer.from_str((folder / "pieces.json").read_text(encoding="utf-8"))
            with np.load(folder / "words.npz", allow_pickle=False) as stored:
                self._scales = stored["scales"]
                self._nibbles = stored["nibbles"]
                self._places = stored["places"].astype(np.float32)
            self._session = onnxruntime.InferenceSession(
                (folder / "encoder.onnx").read_bytes(), _options(), ["CPUExecutionProvider"]
            )
        except Exception as error:  # foreign loading code: whatever it raises, the files are bad
            raise EngineUnavailable(
                f"{folder}: the builtin engine's encoder cannot be read ({type(error).__name__}); "
                "install the package again or run the training command"
            ) from error

    def odds(self, folded: str) -> _Floats:
        """Log-odds (6,) of the worst part of one folded text, in the order of ``HEADS``."""
        encodable = folded.encode("utf-8", "replace").decode("utf-8")  # no lone surrogates
        ids = self._cutter.encode(" ".join(_BLANK.sub(" ", encodable).split())).ids
        room = len(self._places) - 2
        if len(ids) <= room:
            return self._read(ids)
        starts = range(0, min(len(ids) - room + _STEP, _MOST * _STEP), _STEP)
        parts = [self._read(ids[start : start + room]) for start in starts]
        return max(parts, key=lambda part: float(part[0]))

    def _read(self, ids: list[int]) -> _Floats:
        chosen = [_START, *ids, _END]
        vectors = self._vectors(chosen) + self._places[: len(chosen)]
        (found,) = self._session.run(None, {"vectors": vectors[None]})
        return np.asarray(found[0])

    def _vectors(self, ids: list[int]) -> _Floats:
        """Word vectors (tokens, 384) from blocks of 32 nibbles less 8, times a scale."""
        nibbles = self._nibbles[ids]
        whole = np.concatenate([nibbles & 15, nibbles >> 4], axis=-1).astype(np.float32) - 8.0
        return np.asarray((whole * self._scales[ids][..., None]).reshape(len(ids), _WIDTH))


def _options() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return options
