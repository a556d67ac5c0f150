"""Everything is put together here, and only here: the one module that knows the adapters."""

from __future__ import annotations

import hashlib
from pathlib import Path

from bot.adapters.store.sqlite import SqliteStore
from config.policy import GENERIC
from config.schema import EngineSettings, StoreSettings
from moderation.errors import EngineUnavailable
from moderation.ports import Scorer, Store
from moderation.types import Thresholds

_PIECE = 1024 * 1024


def make_scorer(engine: EngineSettings) -> Scorer:
    """The engine that the settings name. Raises ``EngineUnavailable``.

    Engines are imported only when they are named: one of them needs torch.
    """
    checkpoint = _checked(engine)
    family, _, model = engine.name.partition(":")
    if family == "builtin":
        from bot.adapters.scorers.builtin import BuiltinScorer

        return BuiltinScorer(checkpoint) if checkpoint else BuiltinScorer()
    raise EngineUnavailable(f"engine {family}:{model} is not part of this version; use builtin")


def bounds(scorer: Scorer) -> Thresholds:
    """The bounds of the bands that were measured with an engine, or generic ones."""
    measured = getattr(scorer, "thresholds", GENERIC)
    return measured if isinstance(measured, Thresholds) else GENERIC


def _checked(engine: EngineSettings) -> Path | None:
    """The checkpoint file, if one is named and it is the one that was meant."""
    if not engine.checkpoint:
        return None
    path = Path(engine.checkpoint).expanduser()
    if not path.is_file():
        raise EngineUnavailable(f"{path}: engine.checkpoint is not a file")
    if engine.sha256 and _sha256(path) != engine.sha256:
        raise EngineUnavailable(f"{path}: the file is not the one that engine.sha256 names")
    return path


def _sha256(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            found.update(piece)
    return found.hexdigest()


async def open_store(store: StoreSettings) -> Store:
    """The store that the settings name, migrated. Raises ``StoreError``."""
    return await SqliteStore.open(store.url)
