"""The engine ``onnx:FOLDER``: an exported detoxify model without torch, as a cascade.

What a cheap first engine (optional) finds clearly harmless is done. Of the rest the int8 model
clears what it finds clearly harmless; what it does not clear is scored again in fp32, and only
that score counts. The bounds lie in the folder's manifest: they were measured when it was made.

One message a run, on two threads: int8 scores depend on what else is in the batch (one scale for
all inputs), and a scorer's must not. 64 tokens in one run take 42 ms with int8 (16 take 14), so a
batch could gain a quarter at most; with the small judge they take 165 ms (16 take 78), so a batch
of four can gain half. So the judge, whose scores
stay the same to the sixth digit, gets batches when several texts wait for it, of like lengths.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from bot.adapters.scorers.detoxify import encodable, scores_of, telling_words
from bot.adapters.scorers.onnx_folder import Exported, open_folder
from bot.adapters.scorers.onnx_lanes import Job, Lanes
from bot.adapters.scorers.onnx_models import (
    Feed,
    Model,
    fast_judge,
    int8_model,
    small_judge,
    tokenizer_of,
)
from moderation.errors import EngineUnavailable
from moderation.ports import Scorer
from moderation.types import Scores, Span

KEPT = 4096
"""Texts whose scores are remembered: about 2 MB."""

LONG = 128
"""Tokens from which a text goes to the slow lane: it takes as long as eight chat messages."""

ROOM = 256
"""Padded tokens of a judge's batch."""

_READ = 20_000
"""Characters that are read: 512 tokens are rarely more than 3,000, Discord's most is 4,000."""

_Ids = NDArray[np.int64]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Task:
    key: bytes
    ids: _Ids


class OnnxScorer:
    """A ``Scorer`` over an exported folder; see ``moderation.ports.Scorer``.

    ``sha256`` is the digest in hex that the manifest must have (then all files are compared with
    it, too). ``first`` clears before the int8 model does, if the folder was measured with it.
    ``budget`` is the time in seconds that a call may take: whoever waits has given up by then, so
    the rest is left. ``judge`` is ``small`` (a layer's weights in memory at a time) or ``fast``
    (all of them, twice as fast). ``only`` lets one model speak alone, to measure it.

    Raises ``EngineUnavailable`` when a library or file is missing or damaged.
    """

    def __init__(
        self,
        folder: Path,
        *,
        sha256: str = "",
        first: Scorer | None = None,
        budget: float | None = None,
        judge: Literal["small", "fast"] = "small",
        only: Literal["int8", "judge"] | None = None,
    ) -> None:
        self._exported = exported = open_folder(folder, sha256)
        measured = exported.first if first else None
        self._first = first if measured and first and first.name == measured.engine else None
        self._first_clear = measured.clear if measured else 0.0
        self._budget = budget
        self._only = only
        self._tokenizer = tokenizer_of(exported)
        self._int8 = None if only == "judge" else int8_model(exported)
        self._judge = _Late(exported, small_judge if judge == "small" else fast_judge)
        self._lanes = Lanes("onnx")
        self._kept = _Kept(KEPT)
        self._name = f"onnx:{exported.model}@{exported.sha256[:8]}"

    @property
    def name(self) -> str:
        """``onnx:<model>@<start of the manifest's digest>``, and ``+`` the first engine's."""
        return f"{self._name}+{self._first.name}" if self._first else self._name

    @property
    def clears_below(self) -> float:
        """The lowest toxicity (0-1) at which a verdict may turn: below it nothing is judged."""
        return max(self._exported.clear, self._first_clear if self._first else 0.0)

    def score(self, texts: Sequence[str]) -> list[Scores]:
        """One ``Scores`` for each text, in order; the same in any batch but for the sixth digit.

        Texts of more than 512 tokens are judged by their beginning. Raises ``EngineUnavailable``
        when the budget runs out or a model answers with something that is no probability.
        """
        until = None if self._budget is None else time.monotonic() + self._budget
        keys = [_digest(text) for text in texts]
        found = self._kept.known(keys)
        fresh = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        if fresh:
            new = self._score(fresh, until)
            self._kept.keep(new)
            found.update(new)
        return [found[key] for key in keys]

    def explain(self, text: str) -> tuple[Span, ...]:
        """The words without which the toxicity would fall by a tenth or more of itself.

        By the int8 model alone, which is asked about each word, in the slow lane.
        """
        return telling_words(self._score_slowly, text)

    def _score(self, texts: Mapping[bytes, str], until: float | None) -> dict[bytes, Scores]:
        found = self._cleared_first(texts)
        tasks = [self._task(key, text) for key, text in texts.items() if key not in found]
        if self._int8 is not None:
            found.update(self._run(self._int8, [[task] for task in tasks], until))
        if self._only == "int8":
            return found
        clear = self._exported.clear
        rest = [t for t in tasks if t.key not in found or found[t.key].toxicity >= clear]
        if rest:
            found.update(self._run(self._judge, buckets(rest, lambda task: len(task.ids)), until))
        return found

    def _cleared_first(self, texts: Mapping[bytes, str]) -> dict[bytes, Scores]:
        if self._first is None:
            return {}
        scores = dict(zip(texts, self._first.score([*texts.values()]), strict=True))
        clear = self._first_clear
        return {k: one for k, one in scores.items() if one.toxicity < clear and not one.unsure}

    def _score_slowly(self, texts: Sequence[str]) -> list[Scores]:
        tasks = [self._task(str(at).encode(), text) for at, text in enumerate(texts)]
        batches = [[task] for task in tasks]
        return [*self._run(self._int8 or self._judge, batches, None, slow=True).values()]

    def _task(self, key: bytes, text: str) -> _Task:
        encoded = self._tokenizer.encode(encodable(text[:_READ]))
        return _Task(key, np.asarray(encoded.ids, np.int64))

    def _run(
        self,
        model: Model,
        batches: Sequence[Sequence[_Task]],
        until: float | None,
        *,
        slow: bool = False,
    ) -> dict[bytes, Scores]:
        jobs: list[Job[dict[bytes, Scores]]] = [
            Job(slow or len(batch[-1].ids) > LONG, partial(self._read, model, batch))
            for batch in batches
        ]
        try:
            answers = self._lanes.run(jobs, until)
        except TimeoutError as error:
            raise EngineUnavailable(
                f"{self._name}: did not end in {self._budget} s; raise engine.budget_ms, or give "
                "the bot more of a core"
            ) from error
        return {key: scores for answer in answers for key, scores in answer.items()}

    def _read(self, model: Model, batch: Sequence[_Task]) -> dict[bytes, Scores]:
        try:
            chances = model(_feed([task.ids for task in batch], self._exported.padding))
        except EngineUnavailable:
            raise
        except Exception as error:  # the library's exceptions have no common base
            raise EngineUnavailable(
                f"{self._name}: onnxruntime failed ({type(error).__name__}); export the folder again"
            ) from error
        labels = self._exported.labels
        return {
            task.key: scores_of(labels, row, self._name)
            for task, row in zip(batch, chances.tolist(), strict=True)
        }


def buckets(tasks: Sequence[T], length: Callable[[T], int], room: int = ROOM) -> list[list[T]]:
    """The tasks by length, in batches of at most ``room`` padded tokens, or of one task.

    Nothing is padded by more than an eighth.
    """
    found: list[list[T]] = []
    for task in sorted(tasks, key=length):
        last = found[-1] if found else []
        fits = (len(last) + 1) * length(task) <= room
        if last and fits and length(last[0]) * 9 >= length(task) * 8:
            last.append(task)
        else:
            found.append([task])
    return found


def _feed(rows: Sequence[_Ids], padding: int) -> Feed:
    ids = np.full((len(rows), max(map(len, rows))), padding, np.int64)
    mask = np.zeros_like(ids)
    for at, row in enumerate(rows):
        ids[at, : len(row)] = row
        mask[at, : len(row)] = 1
    return {"input_ids": ids, "attention_mask": mask}


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class _Late:
    """A model that is loaded when it is first asked: most messages never need the judge."""

    def __init__(self, exported: Exported, load: Callable[[Exported], Model]) -> None:
        self._exported = exported
        self._load = load
        self._model: Model | None = None
        self._loading = threading.Lock()

    def __call__(self, feed: Feed) -> NDArray[np.float32]:
        if self._model is None:
            with self._loading:
                self._model = self._model or self._load(self._exported)
        return self._model(feed)


class _Kept:
    """The scores of the texts that were seen last, by digest: no text is kept. Thread-safe."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._scores: OrderedDict[bytes, Scores] = OrderedDict()
        self._guard = threading.Lock()

    def known(self, keys: Sequence[bytes]) -> dict[bytes, Scores]:
        with self._guard:
            found = {key: self._scores[key] for key in keys if key in self._scores}
            for key in found:
                self._scores.move_to_end(key)
        return found

    def keep(self, found: Mapping[bytes, Scores]) -> None:
        with self._guard:
            self._scores.update(found)
            while len(self._scores) > self._most:
                self._scores.popitem(last=False)
