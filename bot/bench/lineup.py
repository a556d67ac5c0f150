"""Which engines are there to be measured, and what is said of those that are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bot.bench import exported, others, standin
from bot.bench.apart import Lost, apart
from bot.bench.engines import DETOXIFY, Engine, detoxify, lists, onnx, own
from config.schema import EngineSettings, Settings

_MODELS = "set engine.name, engine.checkpoint and engine.sha256 for the real model"

_PATIENCE = 20.0
"""Seconds that may go into making something where time is short."""
_EXPORT = "make one with: tidekeeper engine export, and set engine.name to onnx:FOLDER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineup:
    """The engines in the order of their measuring, and a line on each that is odd or absent."""

    engines: Sequence[Engine]
    notes: Sequence[str]


def lineup(settings: Settings, data: Path, *, full: bool) -> Lineup:
    """Ours, the two lists, detoxify's. With ``full`` what is missing is made, where it can be."""
    notes: list[str] = []
    models = _models(settings.engine, data, notes, full=full)
    queue = settings.policy.thresholds.queue
    chosen = [_bounded(engine, queue) for engine in (*own(settings.engine), *lists(), *models)]
    return Lineup(engines=chosen, notes=notes)


def _bounded(engine: Engine, queue: float | None) -> Engine:
    return engine if queue is None or engine.bound is not None else replace(engine, bound=queue)


def _models(settings: EngineSettings, data: Path, notes: list[str], *, full: bool) -> list[Engine]:
    """The detoxify library's model and its export: of the settings, or with random weights."""
    found: list[Engine] = []
    real = settings if settings.name.startswith("detoxify:") else None
    original = real or _random(notes, full=full)
    if original:
        found.append(replace(detoxify(original), judged=real is not None))
        if not real:
            notes.append(f"{DETOXIFY}: {standin.SAID}; {_MODELS}")
    given = settings if settings.name.startswith("onnx:") else None
    dev = data / "data" / "toxicity" / "dev.csv.gz" if real else None
    if chosen := given or _exported(original, dev, notes, full=full):
        judged = bool(real or given)
        found += [replace(engine, judged=judged) for engine in onnx(chosen, parts=full)]
    return found


def _exported(
    original: EngineSettings | None, dev: Path | None, notes: list[str], *, full: bool
) -> EngineSettings | None:
    """The export of that checkpoint in the cache; only ``full`` has the minutes to make it.

    ``dev`` has the texts that a real model is compared on; ``None`` for the stand-in.
    """
    if original is None:
        notes.append(f"onnx: there is no model to export; {_EXPORT}")
        return None
    folder = standin.home().parent / f"onnx-{original.sha256[:8]}"
    try:
        if full and not exported.is_made(folder):
            apart(exported.make, exported.Job(settings=original, folder=folder, texts=dev))
        if dev is None and exported.is_made(folder):
            notes.append(f"onnx: {standin.SAID}; {exported.ASSUMED}")
            apart(exported.assume, folder, None if full else _PATIENCE)
    except Lost as lost:
        notes.append(f"onnx: {lost}")
    if not exported.is_made(folder):
        notes.append(f"onnx: not exported here yet; --full does it, in minutes; or {_EXPORT}")
        return None
    return EngineSettings(name=f"onnx:{folder}")


def _random(notes: list[str], *, full: bool) -> EngineSettings | None:
    """The stand-in, made where it is missing and can be made."""
    folder = standin.home()
    if standin.settings(folder) is None and others.is_there("transformers"):
        try:
            standin.make(folder, None if full else _PATIENCE)
        except Lost as lost:
            notes.append(f"{DETOXIFY}: {lost}")
            return None
    if not others.is_there("detoxify"):
        notes.append(f"{DETOXIFY}: is not installed: pip install 'tidekeeper[detoxify]'")
        return None
    return standin.settings(folder)
