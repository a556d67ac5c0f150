"""The models of an exported folder on onnxruntime: whole, or in pieces with their weights mapped.

Measured on two cores of an EPYC with AVX-512 VNNI, for a model of bert-base's size (110 M
parameters), one text of 16 tokens on one thread; peak of the process after chat and 512 tokens:

=============================================  ======  ==========  ========
form                                            a text  peak        load
=============================================  ======  ==========  ========
fp32 as one graph, weights packed                39 ms  534 MB      0.37 s
fp32 as one graph, mapped and not packed         77 ms  526 MB      0.01 s
fp16 weights widened on use, one graph           78 ms  400 MB      0.03 s
int16 weights with a scale for each column      181 ms  401 MB      0.02 s
8-bit blocks of 32, inputs in fp32              199 ms  381 MB      0.03 s
8-bit blocks of 32, inputs in int8               27 ms  370 MB      0.15 s
fp16 in one piece a layer, pages given back      78 ms  see below   0.03 s
int8 (weights signed, by column)                 14 ms  345 MB      0.10 s
int8 unsigned                                    23 ms  345 MB      0.11 s
=============================================  ======  ==========  ========

int8 and the judge in 12 pieces together: 239 MB after chat, 296 MB after 512 tokens (in 6 pieces
267 and 312, in 4 pieces 296 and 327, in 4 whose pages are kept 422 and 451). Packing for fp32 doubles its speed and costs all its size.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import math
import mmap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bot.adapters.scorers.onnx_folder import FP32, INT8, TOKENIZER, Exported, MappedWeight
from moderation.errors import EngineUnavailable

Feed = Mapping[str, NDArray[np.int64]]
"""``input_ids`` and ``attention_mask``, each texts by tokens."""
Chances = NDArray[np.float32]
"""Texts by labels, 0-1."""


class Model(Protocol):
    """Something that answers a feed. Thread-safe."""

    def __call__(self, feed: Feed) -> Chances: ...


def needed(name: str) -> Any:
    """A library that this engine needs and the package installs."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise EngineUnavailable(
            f"onnx: {error.name or name} is not installed; install Tidekeeper again: "
            "pip install tidekeeper"
        ) from error


def tokenizer_of(exported: Exported) -> Any:
    """The model's tokenizer, which cuts what is too long. Read-only from then on."""
    tokenizers = needed("tokenizers")
    file = exported.folder / TOKENIZER
    try:
        tokenizer = tokenizers.Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises bare exceptions
        raise EngineUnavailable(f"{file}: is no tokenizer ({type(error).__name__})") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(exported.longest)
    return tokenizer


def int8_model(exported: Exported) -> Model:
    """Fast, and off by some hundredths: good for clearing."""
    weights = _Weights(exported, INT8)
    session = _session(exported.folder / INT8, weights, keep_narrow=False)
    return _Whole(session, [weights])


def small_judge(exported: Exported) -> Model:
    """fp32 over weights in fp16, with one layer's weights in memory at a time."""
    return _Pieces(exported)


def fast_judge(exported: Exported) -> Model:
    """fp32 as torch computes it: twice as fast as the small judge and ten times its memory."""
    return _Whole(_session(exported.folder / FP32, None, keep_narrow=False), [])


class _Whole:
    def __init__(self, session: Any, kept: Sequence[_Weights]) -> None:
        self._session = session
        self._kept = kept  # the session reads them as long as it lives

    def __call__(self, feed: Feed) -> Chances:
        [scores] = self._session.run(["scores"], dict(feed))
        return np.asarray(scores)


class _Pieces:
    """Runs one piece after the other and gives each one's pages back to the system."""

    def __init__(self, exported: Exported) -> None:
        self._pieces = [self._piece(exported, name) for name in exported.judge]

    def __call__(self, feed: Feed) -> Chances:
        known: dict[str, Any] = dict(feed)
        for session, weights in self._pieces:
            outputs = [each.name for each in session.get_outputs()]
            inputs = {each.name: known[each.name] for each in session.get_inputs()}
            known.update(zip(outputs, session.run(outputs, inputs), strict=True))
            weights.give_back()
        return np.asarray(known["scores"])

    @staticmethod
    def _piece(exported: Exported, name: str) -> tuple[Any, _Weights]:
        weights = _Weights(exported, name)
        return _session(exported.folder / name, weights, keep_narrow=True), weights


class _Weights:
    """Weights in fp16, mapped from their files: read when touched, and shared with the cache."""

    def __init__(self, exported: Exported, graph: str) -> None:
        places = exported.mapped.get(graph, ())
        self._maps = {file: _map(exported.folder / file) for file in {w.file for w in places}}
        value = needed("onnxruntime").OrtValue.ortvalue_from_numpy
        try:
            self.values = {w.name: value(_array(self._maps[w.file], w)) for w in places}
        except ValueError as error:
            raise EngineUnavailable(
                f"{exported.folder}: the weights of {graph} do not fit their file; "
                "export it again with: tidekeeper engine export"
            ) from error

    def give_back(self) -> None:
        """Let the system have the pages; the next use reads them again, most often from cache."""
        for each in self._maps.values():
            if hasattr(mmap, "MADV_DONTNEED"):  # not on Windows: there the pages stay
                each.madvise(mmap.MADV_DONTNEED)


def _map(file: Path) -> mmap.mmap:
    try:
        with file.open("rb") as content:
            return mmap.mmap(content.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        raise EngineUnavailable(f"{file}: cannot be mapped ({type(error).__name__})") from error


def _array(content: mmap.mmap, weight: MappedWeight) -> NDArray[np.float16]:
    count = math.prod(weight.shape)
    flat = np.frombuffer(content, np.float16, count=count, offset=weight.offset)
    return flat.reshape(weight.shape)


def _session(graph: Path, weights: _Weights | None, *, keep_narrow: bool) -> Any:
    """A session on the calling thread alone.

    ``keep_narrow`` keeps onnxruntime from widening fp16 weights once and for all. Memory comes
    from one arena for all sessions that takes what is asked for and plans nothing by shape:
    lengths differ with every text, and plans would pile up.
    """
    runtime = needed("onnxruntime")
    _common_arena()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_mem_pattern = False
    options.log_severity_level = 4
    options.add_session_config_entry("session.use_env_allocators", "1")
    for name, value in (weights.values if weights else {}).items():
        options.add_initializer(name, value)
    without: Iterable[str] = ()
    if keep_narrow:
        without = ["ConstantFolding"]
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    try:
        return runtime.InferenceSession(
            str(graph),
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=[*without],
        )
    except Exception as error:  # the library's exceptions have no common base
        raise EngineUnavailable(
            f"{graph}: onnxruntime cannot load it ({type(error).__name__}); "
            "export it again with: tidekeeper engine export"
        ) from error


@functools.cache
def _common_arena() -> None:
    runtime = needed("onnxruntime")
    kind, use = runtime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, runtime.OrtMemType.DEFAULT
    place = runtime.OrtMemoryInfo("Cpu", kind, 0, use)
    as_asked = runtime.OrtArenaCfg(0, 1, -1, -1)
    with contextlib.suppress(RuntimeError):  # somebody else in this process has made one
        runtime.create_and_register_allocator(place, as_asked)
