"""The engines ``detoxify:original``, ``detoxify:unbiased`` and ``detoxify:multilingual``.

They run through the detoxify library (extra ``detoxify``), which is imported when the engine is
made and not before. A checkpoint is a pickle, and a pickle can run anything, so it is loaded only
when its SHA-256 is the one in the settings.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from moderation.errors import EngineUnavailable
from moderation.types import LABELS, Scores, Span

MODELS = ("original", "unbiased", "multilingual")
_AT_ONCE = 32
_LONGEST = 512
"""Tokens; what these models were trained with."""
_DIGITS = 6
_EXPLAINED_WORDS = 48
_LEAST_FALL = 0.1
_COMPUTED = ("position_ids", "token_type_ids")
"""Buffers that models compute themselves and older checkpoints may lack."""


class DetoxifyScorer:
    """A ``Scorer`` over a detoxify checkpoint; see ``moderation.ports.Scorer``.

    ``checkpoint`` is the model's file and ``sha256`` its expected digest in hex. ``folder`` holds
    ``config.json`` and the tokenizer, so that nothing is fetched; the checkpoint's own folder is
    taken when it has them, else the library asks the model hub. ``threads`` is the number of
    threads torch uses in this process: one message is fastest on one.

    Raises ``EngineUnavailable`` when the library or file is missing, the digest differs, or the
    file leaves weights unset (which the library would fill with random numbers).
    """

    def __init__(
        self,
        model: str,
        checkpoint: Path | None,
        *,
        sha256: str = "",
        folder: Path | None = None,
        threads: int = 1,
    ) -> None:
        if model not in MODELS:
            raise EngineUnavailable(f"detoxify:{model}: no such model; known: {', '.join(MODELS)}")
        if checkpoint is None or not sha256:
            raise EngineUnavailable(
                f"detoxify:{model}: set engine.checkpoint to the model's file and engine.sha256 to "
                "its SHA-256; a checkpoint can run code, so an unknown one is not loaded"
            )
        content = _verified(checkpoint, sha256.lower())
        library, torch = _library(model)
        torch.set_num_threads(threads)
        loaded, stored = _load(library, torch, content, checkpoint, folder or _beside(checkpoint))
        _all_weights(loaded.model.state_dict(), stored, torch, checkpoint)
        _bound_length(loaded)
        loaded.model.eval()
        self._labels = _labels(loaded.class_names, model)
        self._loaded = loaded
        self._name = f"detoxify:{model}@{sha256[:8].lower()}"

    @property
    def name(self) -> str:
        """``detoxify:<model>@<start of the checkpoint's digest>``."""
        return self._name

    def score(self, texts: Sequence[str]) -> list[Scores]:
        """One ``Scores`` for each text, in order, rounded to six digits.

        Texts of more than 512 tokens are judged by their beginning.
        """
        scores: list[Scores] = []
        for at in range(0, len(texts), _AT_ONCE):
            scores += self._predict([_encodable(text) for text in texts[at : at + _AT_ONCE]])
        return scores

    def explain(self, text: str) -> tuple[Span, ...]:
        """The words without which the toxicity would fall by a tenth or more of itself."""
        words = list(re.finditer(r"\S+", text))[:_EXPLAINED_WORDS]
        without = [text[: word.start()] + text[word.end() :] for word in words]
        whole, *rest = [one.toxicity for one in self.score([text, *without])]
        return tuple(
            Span(start=word.start(), end=word.end())
            for word, score in zip(words, rest, strict=True)
            if whole - score >= _LEAST_FALL * whole > 0
        )

    def _predict(self, texts: list[str]) -> list[Scores]:
        found: Mapping[str, Any] = self._loaded.predict(texts)
        columns = {
            label: values if isinstance(values, list) else [values]
            for label, values in found.items()
            if label in self._labels
        }
        return [
            Scores(**{label: _chance(column[row]) for label, column in columns.items()})
            for row in range(len(texts))
        ]


def _encodable(text: str) -> str:
    """The text without lone surrogates, which no tokenizer takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _chance(value: float) -> float:
    if not math.isfinite(value):
        raise EngineUnavailable("detoxify: the model answered with something that is no number")
    return round(float(value), _DIGITS)


def _verified(checkpoint: Path, expected: str) -> bytes:
    """The file's content, which is what will be loaded, once its digest is the expected one."""
    try:
        content = checkpoint.read_bytes()
    except OSError as error:
        raise EngineUnavailable(f"{checkpoint}: cannot be read: {error.strerror}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise EngineUnavailable(
            f"{checkpoint}: its SHA-256 is {found}, not the one in engine.sha256; "
            "fetch the file again, or correct the setting if you trust this file"
        )
    return content


def _library(model: str) -> tuple[Any, Any]:
    try:
        return importlib.import_module("detoxify"), importlib.import_module("torch")
    except ImportError as error:
        raise EngineUnavailable(
            f"detoxify:{model}: {error.name or 'the library'} is not installed; "
            "install the extra: pip install 'tidekeeper[detoxify]'"
        ) from error


def _beside(checkpoint: Path) -> Path | None:
    return checkpoint.parent if (checkpoint.parent / "config.json").is_file() else None


def _load(
    library: Any, torch: Any, content: bytes, checkpoint: Path, folder: Path | None
) -> tuple[Any, Mapping[str, Any]]:
    """The library's model, and the weights that are in the file.

    The library asks the hub for the configuration and tokenizer of the base model that the
    checkpoint names; with a ``folder`` that name becomes the folder, and nothing is fetched.
    """
    try:
        stored = torch.load(io.BytesIO(content), map_location="cpu", weights_only=False)
        source = io.BytesIO(content)
        if folder:
            stored["config"]["arch"]["args"]["model_type"] = str(folder)
            source = io.BytesIO()
            torch.save(stored, source)
            source.seek(0)
        return library.Detoxify(checkpoint=source), stored["state_dict"]
    except Exception as error:  # foreign loading code: whatever it raises, the engine is not there
        raise EngineUnavailable(
            f"{checkpoint}: the detoxify library cannot load it ({type(error).__name__}); "
            "it needs a detoxify checkpoint with config.json and tokenizer of its base model beside"
        ) from error


def _all_weights(
    model: Mapping[str, Any], stored: Mapping[str, Any], torch: Any, checkpoint: Path
) -> None:
    """Refuse a model some of whose weights are not those of the file."""
    unset = [
        name
        for name, values in model.items()
        if not name.endswith(_COMPUTED)
        and not (name in stored and torch.equal(stored[name].to(values.dtype), values))
    ]
    if unset:
        raise EngineUnavailable(
            f"{checkpoint}: {len(unset)} weights are missing or of another shape, the first is "
            f"{unset[0]}; the model would answer at random"
        )


def _bound_length(loaded: Any) -> None:
    """Make the tokenizer cut long texts, which would otherwise be more than the model can take."""
    config = loaded.model.config
    places = config.max_position_embeddings
    if "roberta" in config.model_type:  # counts places from the padding's number on
        places -= config.pad_token_id + 1
    tokenizer = loaded.tokenizer
    tokenizer.model_max_length = min(tokenizer.model_max_length, places, _LONGEST)


def _labels(found: Sequence[str], model: str) -> frozenset[str]:
    known = frozenset(found) & frozenset(LABELS)
    if "toxicity" not in known:
        raise EngineUnavailable(f"detoxify:{model}: the checkpoint has no label for toxicity")
    return known
