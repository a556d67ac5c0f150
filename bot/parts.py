"""The parts that need no Discord: engines and the store, made from the settings.

Apart from ``bot.app`` so that ``score``, ``replay`` and ``db`` start without loading a chat client.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bot.adapters.store.sqlite import SqliteStore
from bot.adapters.store.thread import check_schema, path_of, plain_connection, told_plainly
from config.policy import GENERIC
from config.schema import EngineSettings, StoreSettings
from moderation.errors import EngineUnavailable, StoreError, UserError
from moderation.ports import Scorer, Store
from moderation.types import Thresholds


class WrongEngine(UserError, EngineUnavailable):
    """The engine cannot be had because a setting is wrong: bad input, not a failure of ours."""

    def by(self, option: str) -> WrongEngine:
        """The same where an option of the command line asked for it."""
        return WrongEngine(f"option {option}: {self}")


class WrongStore(UserError, StoreError):
    """The database cannot be had because its place is wrong: bad input, not a failure of ours."""


def make_scorer(engine: EngineSettings, *, budget: float | None = None) -> Scorer:
    """The engine that the settings name. Raises ``EngineUnavailable``, or ``WrongEngine``.

    ``budget`` is the time in seconds that one call may take, for engines that can break off.
    Engines are imported only when they are named: one of them needs torch.
    """
    family, _, model = engine.name.partition(":")
    if family == "onnx":
        return _onnx(Path(model), engine, budget)
    checkpoint = _checkpoint(engine)
    if family == "detoxify":
        return _detoxify(model, checkpoint, engine.sha256)
    return _builtin(checkpoint, engine.sha256)


def _builtin(checkpoint: Path | None, sha256: str) -> Scorer:
    from bot.adapters.scorers.builtin import WEIGHTS, BuiltinScorer

    if sha256:
        named = "the weights that ship" if checkpoint is None else f"engine.checkpoint {checkpoint}"
        _check(checkpoint or WEIGHTS, sha256, named)
    try:
        return BuiltinScorer(checkpoint or WEIGHTS)
    except EngineUnavailable as error:
        if checkpoint is None:
            raise
        said = f"engine.checkpoint {checkpoint}: holds no weights of the builtin engine"
        raise WrongEngine(f"{said}; leave it empty to use those that ship") from error


def _detoxify(model: str, checkpoint: Path | None, sha256: str) -> Scorer:
    if checkpoint is None or not sha256:
        raise WrongEngine(
            f"detoxify:{model} needs engine.checkpoint (the model's file) and engine.sha256 (its"
            " SHA-256): a checkpoint can run code, so an unknown one is not loaded"
        )
    _check(checkpoint, sha256, f"engine.checkpoint {checkpoint}")
    from bot.adapters.scorers.detoxify import DetoxifyScorer

    try:
        return DetoxifyScorer(model, checkpoint, sha256=sha256)
    except EngineUnavailable as error:
        if isinstance(error.__cause__, ImportError):
            raise  # nothing is wrong with the setting: the extra is not installed
        raise WrongEngine(f"engine.checkpoint {error}") from error


def _onnx(folder: Path, engine: EngineSettings, budget: float | None) -> Scorer:
    if engine.checkpoint:
        raise WrongEngine("engine.checkpoint is not for onnx: its folder stands in engine.name")
    from bot.adapters.scorers.onnx import OnnxScorer
    from bot.adapters.scorers.onnx_folder import measured_first

    try:
        place = folder.expanduser()
        with_first = engine.first_stage and measured_first(place)
        return OnnxScorer(
            place,
            sha256=engine.sha256,
            first=_builtin(None, "") if with_first else None,
            budget=budget,
            judge=engine.judge,
        )
    except EngineUnavailable as error:
        if isinstance(error, UserError) or isinstance(error.__cause__, ImportError):
            raise  # nothing is wrong with the setting
        raise WrongEngine(f"engine.name onnx:{folder}: {error}") from error
    except (RuntimeError, ValueError) as error:
        raise WrongEngine(f"engine.name onnx:{folder}: is no path of a folder") from error


def bounds(scorer: Scorer) -> Thresholds:
    """The bounds of the bands that were measured with an engine, or generic ones."""
    measured = getattr(scorer, "thresholds", GENERIC)
    return measured if isinstance(measured, Thresholds) else GENERIC


def refuse_uncertain(chosen: Thresholds, scorer: Scorer) -> None:
    """Raise ``WrongEngine`` when a bound lies where an engine only clears and its scores are rough."""
    least = float(getattr(scorer, "clears_below", 0.0))
    if min(chosen.maybe, chosen.queue) < least:
        raise WrongEngine(
            f"policy.thresholds: {scorer.name} scores exactly from {least:.2f} on only; choose"
            " maybe and queue above, or export the model again with --queue"
        )


def _checkpoint(engine: EngineSettings) -> Path | None:
    """The file that the settings name, which can be opened; ``None`` when they name none."""
    if not engine.checkpoint:
        return None
    place = f"engine.checkpoint {engine.checkpoint}"
    try:
        file = Path(engine.checkpoint).expanduser()
        with file.open("rb"):
            return file
    except OSError as error:
        raise WrongEngine(f"{place}: {(error.strerror or 'cannot be read').lower()}") from error
    except (RuntimeError, ValueError) as error:
        raise WrongEngine(f"{place}: is no path of a file") from error


def _check(file: Path, sha256: str, named: str) -> None:
    with file.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if found != sha256:
        raise WrongEngine(
            f"engine.sha256 is not that of {named} ({found}); fetch the file again, or correct"
            " the setting if you trust this file"
        )


async def open_store(store: StoreSettings) -> Store:
    """The store that the settings name, migrated. Raises ``StoreError``, or ``WrongStore``."""
    with named_store(store):
        return await SqliteStore.open(store.url)


@contextmanager
def named_store(store: StoreSettings) -> Iterator[None]:
    """Around work on the database that the settings name: a wrong place is a wrong setting.

    What SQLite itself complains of (a lock, a full disk, damage) stays a failure.
    """
    _check_home(store.path)
    try:
        yield
    except StoreError as error:
        cause = error.__cause__
        failed = isinstance(cause, sqlite3.Error) and not _is_no_database(cause)
        if failed or isinstance(error, UserError):
            raise
        said = str(error)
        named = "store.url" in said or said.startswith("backup ")
        raise WrongStore(said if named else f"store.url: {said}") from error


def _check_home(path: Path) -> None:
    try:
        path.expanduser()
    except RuntimeError:
        raise WrongStore(f"store.url: {path}: there is no such home folder") from None


def check_store(store: StoreSettings) -> None:
    """Raise ``StoreError`` when the file there is not Tidekeeper's. Changes nothing."""
    path = path_of(store.url)
    if not Path(path).is_file():
        raise WrongStore(f"database {path}: there is no such file, check store.url")
    with told_plainly(path), closing(plain_connection(path)) as db:
        check_schema(db, path)


def _is_no_database(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB
