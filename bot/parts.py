"""The parts that need no Discord: engines and the store, made from the settings.

Apart from ``bot.app`` so that ``score``, ``replay`` and ``db`` start without loading a chat client.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from bot.adapters.store.sqlite import SqliteStore
from config.policy import GENERIC
from config.schema import EngineSettings, StoreSettings
from moderation.errors import EngineUnavailable
from moderation.ports import Scorer, Store
from moderation.types import Thresholds


def make_scorer(engine: EngineSettings) -> Scorer:
    """The engine that the settings name. Raises ``EngineUnavailable``.

    Engines are imported only when they are named: one of them needs torch.
    """
    checkpoint = Path(engine.checkpoint).expanduser() if engine.checkpoint else None
    family, _, model = engine.name.partition(":")
    if family == "detoxify":
        from bot.adapters.scorers.detoxify import DetoxifyScorer

        return DetoxifyScorer(model, checkpoint, sha256=engine.sha256)
    from bot.adapters.scorers.builtin import WEIGHTS, BuiltinScorer

    weights = checkpoint or WEIGHTS
    if engine.sha256 and _sha256(weights) != engine.sha256:
        raise EngineUnavailable(f"{weights}: the file is not the one that engine.sha256 names")
    return BuiltinScorer(weights)


def bounds(scorer: Scorer) -> Thresholds:
    """The bounds of the bands that were measured with an engine, or generic ones."""
    measured = getattr(scorer, "thresholds", GENERIC)
    return measured if isinstance(measured, Thresholds) else GENERIC


def _sha256(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise EngineUnavailable(f"{file}: engine.checkpoint cannot be read") from error


async def open_store(store: StoreSettings) -> Store:
    """The store that the settings name, migrated. Raises ``StoreError``."""
    return await SqliteStore.open(store.url)
