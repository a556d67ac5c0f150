"""The whole pipeline as ``replay`` runs it, against the engine alone on the same texts."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from bot.archive import Archive
from bot.bench.result import Result
from bot.bench.words import export
from bot.exports import staff
from bot.parts import bounds, make_scorer, open_store
from bot.replay import BATCH, Replay
from config.policy import to_policy
from config.schema import Settings, StoreSettings
from moderation.ports import Scorer

_CHANNELS = ("100", "200", "300", "400")
_ROUNDS = 5
_SHORT, _FULL = 5_000, 50_000
"""Messages in each channel."""
_SECONDS = 40.0


def pipeline(settings: Settings, *, full: bool) -> list[Result]:
    """Messages a second: reading, window, rules, engine, decision, cases, database."""
    scorer = make_scorer(settings.engine)
    each = _FULL if full else _SHORT
    with tempfile.TemporaryDirectory(prefix="tidekeeper-") as folder:
        exports = Path(folder) / "exports"
        exports.mkdir()
        for seed, channel in enumerate(_CHANNELS):
            export(exports / f"{channel}.json", each, channel=channel, seed=seed)
        return _rounds(settings, scorer, Path(folder), each * len(_CHANNELS))


def _rounds(settings: Settings, scorer: Scorer, folder: Path, count: int) -> list[Result]:
    texts = [m.text for m in Archive([folder / "exports"], staff(())).messages()]
    alone, whole, core = [], [], []
    began = time.perf_counter()
    for number in range(_ROUNDS):
        alone.append(count / _timed(lambda: _score(scorer, texts))[0])
        wall, used = _timed(lambda: _replay(settings, scorer, folder, f"{number}.db"))  # noqa: B023
        whole.append(count / wall)
        core.append(count / used)
        if time.perf_counter() - began > _SECONDS * (number + 1) / (number + 2):
            break
    name = f"{scorer.name} alone"
    rate = median(alone)
    return [
        Result(
            name="pipeline.replay",
            value=median(whole),
            unit="messages/s",
            n=count * len(whole),
            baseline=name,
            baseline_value=rate,
        ),
        Result(
            name="pipeline.replay.cpu",
            value=median(core),
            unit="messages/s of CPU time",
            n=count * len(core),
            baseline=name,
            baseline_value=rate,
        ),
        Result(name="pipeline.engine", value=rate, unit="messages/s", n=count * len(alone)),
    ]


def _timed(work: Callable[[], None]) -> tuple[float, float]:
    """Seconds on the clock, and seconds of all the processor's cores together."""
    wall, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - used


def _score(scorer: Scorer, texts: list[str]) -> None:
    for start in range(0, len(texts), BATCH):
        scorer.score(texts[start : start + BATCH])


def _replay(settings: Settings, scorer: Scorer, folder: Path, database: str) -> None:
    asyncio.run(_run(settings, scorer, folder, database))


async def _run(settings: Settings, scorer: Scorer, folder: Path, database: str) -> None:
    store = await open_store(StoreSettings(url=f"sqlite:///{folder / database}"))
    try:
        policy = to_policy(settings, engine=bounds(scorer))
        work = Replay(store=store, scorer=scorer, policy=policy)
        archive = Archive([folder / "exports"], staff(settings.staff.roles))
        await work.run(archive.messages(), lambda: None)
    finally:
        await store.close()
