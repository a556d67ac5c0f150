"""The export of a detoxify model that is measured as ``onnx``, made where there is none yet.

Of the stand-in with random weights the cascade's bounds mean nothing, so they are set by shares
that are assumed: the first stage clears nine of ten messages, fp32 judges 1.5 in a hundred.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from bot.bench.chat import chat
from bot.parts import bounds, make_scorer
from bot.training.corpus import read_rows
from bot.training.evaluate import onnx_int8
from bot.training.export import Export, export
from config.schema import EngineSettings
from moderation.ports import Scorer

ASSUMED = "first stage set to clear 90 % of the chat, int8 8.5 %, fp32 to judge 1.5 %"
_FIRST, _INT8 = 0.9, 0.85
"""Shares cleared, of what comes in."""
_CHAT, _REST = 2_000, 200
_COMPARED, _FEW = 500, 32
_SEED = 9
_MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The checkpoint's settings, the folder to make, and texts to compare on: none, a few."""

    settings: EngineSettings
    folder: Path
    texts: Path | None


def is_made(folder: Path) -> bool:
    """Whether an export lies there."""
    return (folder / _MANIFEST).is_file()


def make(job: Job) -> None:
    """Export: a minute or two for the few texts. Runs in a process of its own; it needs torch."""
    builtin = make_scorer(EngineSettings())
    asked = Export(
        checkpoint=Path(job.settings.checkpoint),
        sha256=job.settings.sha256,
        folder=None,
        texts=_texts(job.texts),
        source=job.texts.name if job.texts else "made-up chat",
        queue=bounds(builtin).queue,
        first=builtin,
    )
    export(asked, job.folder)


def _texts(file: Path | None) -> Sequence[str]:
    if file is None:
        return list(islice(chat(_SEED), _FEW))
    rows = read_rows(file)
    return [row.text for row in rows[:: -(-len(rows) // _COMPARED)]]


def assume(folder: Path) -> None:
    """Set the stand-in's bounds by the assumed shares, if they are not for this builtin engine."""
    place = folder / _MANIFEST
    manifest = json.loads(place.read_text("utf-8"))
    builtin = make_scorer(EngineSettings())
    if (manifest["bounds"]["first"] or {}).get("engine") == builtin.name:
        return
    texts = list(islice(chat(_SEED), _CHAT))
    found = _scores(builtin, texts)
    first = float(np.quantile(found, _FIRST))
    rest = [text for text, score in zip(texts, found, strict=True) if score >= first][:_REST]
    int8 = onnx_int8(EngineSettings(name=f"onnx:{folder}"))
    clear = float(np.quantile(_scores(int8, rest), _INT8))
    manifest["bounds"] |= {"clear": clear, "first": {"engine": builtin.name, "clear": first}}
    place.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def _scores(scorer: Scorer, texts: Sequence[str]) -> list[float]:
    return [one.toxicity for one in scorer.score(texts)]
