"""Engines that are not ours, as their users call them: what ours are measured against."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from config.schema import EngineSettings
from moderation.errors import EngineUnavailable
from moderation.types import Scores, Span


class Library:
    """A ``Scorer`` over a library that knows toxicity only, and cannot explain itself."""

    name = ""

    def explain(self, text: str) -> tuple[Span, ...]:  # noqa: ARG002 - the port's signature
        return ()


class AltProfanityCheck(Library):
    """alt-profanity-check: a linear model over words; all texts in one call."""

    name = "alt-profanity-check"

    def __init__(self, _: EngineSettings) -> None:
        self._library = _library("profanity_check", "bench")

    def score(self, texts: Sequence[str]) -> list[Scores]:
        chances = self._library.predict_prob(list(texts)) if texts else ()
        return [Scores(toxicity=float(chance)) for chance in chances]


class BetterProfanity(Library):
    """better-profanity: a list of words and of their spellings, 0 or 1; one text a call."""

    name = "better-profanity"

    def __init__(self, _: EngineSettings) -> None:
        self._library = _library("better_profanity", "bench").profanity
        self._library.load_censor_words()

    def score(self, texts: Sequence[str]) -> list[Scores]:
        return [Scores(toxicity=float(self._library.contains_profanity(one))) for one in texts]


class Detoxify(Library):
    """The detoxify library's own ``predict``, on one thread: more threads make it slower.

    All texts of a call are one batch, padded to the longest. Loads the checkpoint only when its
    SHA-256 is the one in the settings: it can run code.
    """

    name = "detoxify"

    def __init__(self, settings: EngineSettings) -> None:
        checkpoint = Path(settings.checkpoint)
        _check(checkpoint, settings.sha256)
        library = _library("detoxify", "detoxify")
        torch = _library("torch", "detoxify")
        torch.set_num_threads(1)
        said = _library("transformers.utils.logging", "detoxify")
        said.set_verbosity_error()
        said.disable_progress_bar()
        with tempfile.TemporaryDirectory(prefix="tidekeeper-") as folder:
            place = _offline(torch, checkpoint, Path(folder))
            self._loaded = library.Detoxify(checkpoint=str(place))

    def score(self, texts: Sequence[str]) -> list[Scores]:
        if not texts:
            return []
        found: Any = self._loaded.predict(list(texts))["toxicity"]
        chances = found if isinstance(found, list) else [found]
        return [Scores(toxicity=chance) for chance in chances]


def is_there(module: str) -> bool:
    """Whether a library is installed, without importing it."""
    return importlib.util.find_spec(module) is not None


def _library(module: str, extra: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(module)
    except ImportError as error:
        raise EngineUnavailable(
            f"{module} is not installed: pip install 'tidekeeper[{extra}]'"
        ) from error


def _check(checkpoint: Path, sha256: str) -> None:
    try:
        with checkpoint.open("rb") as content:
            found = hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        said = (error.strerror or "cannot be read").lower()
        raise EngineUnavailable(f"engine.checkpoint {checkpoint}: {said}") from error
    if found != sha256:
        raise EngineUnavailable(f"engine.sha256 is not that of {checkpoint} ({found})")


def _offline(torch: Any, checkpoint: Path, folder: Path) -> Path:
    """The checkpoint, or where its configuration lies beside it a copy that points there.

    Otherwise the library would ask the model hub.
    """
    beside = checkpoint.parent
    if not (beside / "config.json").is_file():
        return checkpoint
    stored = torch.load(checkpoint, map_location="cpu", weights_only=False, mmap=True)
    if stored["config"]["arch"]["args"]["model_type"] == str(beside):
        return checkpoint
    stored["config"]["arch"]["args"]["model_type"] = str(beside)
    torch.save(stored, folder / checkpoint.name)
    return folder / checkpoint.name
