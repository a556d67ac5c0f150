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
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from moderation.errors import EngineUnavailable
from moderation.types import LABELS, Scores, Span

MODELS = ("original", "unbiased", "multilingual")
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
        loaded, torch = open_checkpoint(f"detoxify:{model}", checkpoint, sha256, folder)
        torch.set_num_threads(threads)
        if "toxicity" not in loaded.class_names:
            raise EngineUnavailable(f"detoxify:{model}: the checkpoint has no label for toxicity")
        self._loaded = loaded
        self._torch = torch
        self._tokenizing = threading.Lock()
        self._name = f"detoxify:{model}@{sha256[:8].lower()}"

    @property
    def name(self) -> str:
        """``detoxify:<model>@<start of the checkpoint's digest>``."""
        return self._name

    def score(self, texts: Sequence[str]) -> list[Scores]:
        """One ``Scores`` for each text, in order, rounded to six digits.

        Texts of more than 512 tokens are judged by their beginning. One text a run: a batch
        in the order of arrival is padded to its longest text (``tests/scorers/timing.py``).
        """
        return [self._predict(encodable(text)) for text in texts]

    def explain(self, text: str) -> tuple[Span, ...]:
        """The words without which the toxicity would fall by a tenth or more of itself."""
        return telling_words(self.score, text)

    def _predict(self, text: str) -> Scores:
        """What the library's ``predict`` does, but for any number of threads.

        Its tokenizer keeps settings in itself and fails when two threads set them at once.
        """
        with self._tokenizing:
            inputs = self._loaded.tokenizer(text, return_tensors="pt", truncation=True)
        with self._torch.inference_mode():
            chances = self._torch.sigmoid(self._loaded.model(**inputs)[0])[0].tolist()
        return scores_of(self._loaded.class_names, chances, self._name)


def telling_words(
    score: Callable[[Sequence[str]], Sequence[Scores]], text: str
) -> tuple[Span, ...]:
    """The words without which the toxicity would fall by a tenth or more of itself.

    Of a long text the first 48 words are tried.
    """
    words = list(re.finditer(r"\S+", text))[:_EXPLAINED_WORDS]
    without = [text[: word.start()] + text[word.end() :] for word in words]
    whole, *rest = [one.toxicity for one in score([text, *without])]
    return tuple(
        Span(start=word.start(), end=word.end())
        for word, each in zip(words, rest, strict=True)
        if whole - each >= _LEAST_FALL * whole > 0
    )


def encodable(text: str) -> str:
    """The text without lone surrogates, which no tokenizer takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def scores_of(labels: Sequence[str], chances: Sequence[float], engine: str) -> Scores:
    """The scores of a model's outputs, of which those with a label that is not ours are left out.

    Raises ``EngineUnavailable`` when one of ours is no probability.
    """
    known = {label: value for label, value in zip(labels, chances, strict=True) if label in LABELS}
    if not all(math.isfinite(value) and 0 <= value <= 1 for value in known.values()):
        raise EngineUnavailable(
            f"{engine}: the model answered with something that is no probability; "
            "fetch or export its files again"
        )
    rounded: dict[str, Any] = {label: round(value, _DIGITS) for label, value in known.items()}
    return Scores(**rounded)


def open_checkpoint(
    engine: str,
    checkpoint: Path,
    sha256: str,
    folder: Path | None = None,
    *,
    extra: str = "detoxify",
) -> tuple[Any, Any]:
    """The library's loaded model (with ``model``, ``tokenizer`` and ``class_names``), and torch.

    ``sha256`` is the digest in hex that the file must have before anything in it is run;
    ``folder`` is where ``config.json`` and the tokenizer are, by default the checkpoint's own.
    Raises ``EngineUnavailable`` as ``DetoxifyScorer`` does, and names the ``extra`` to install.
    """
    content = _verified(checkpoint, sha256.lower())
    library, torch = _library(engine, extra)
    loaded, stored = _load(library, torch, content, checkpoint, folder or _beside(checkpoint))
    _all_weights(loaded.model.state_dict(), stored, torch, checkpoint)
    _bound_length(loaded)
    loaded.model.eval()
    return loaded, torch


def _verified(checkpoint: Path, expected: str) -> bytes:
    """The file's content, which is what will be loaded, once its digest is the expected one."""
    try:
        content = checkpoint.read_bytes()
    except OSError as error:
        raise EngineUnavailable(f"{checkpoint}: cannot be read: {error.strerror}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise EngineUnavailable(
            f"{checkpoint}: its SHA-256 is {found}, not the expected one; "
            "fetch the file again, or correct engine.sha256 (--sha256) if you trust this file"
        )
    return content


def _library(engine: str, extra: str) -> tuple[Any, Any]:
    try:
        library, torch = (importlib.import_module(name) for name in ("detoxify", "torch"))
        importlib.import_module("transformers.utils.logging").disable_progress_bar()
        return library, torch
    except ImportError as error:
        raise EngineUnavailable(
            f"{engine}: {error.name or 'the library'} is not installed; "
            f"install the extra: pip install 'tidekeeper[{extra}]'"
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
