"""``tidekeeper replay``: what would have happened to last month's messages."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bot.archive import Archive
from bot.commands.settings import settings_of
from bot.exports import staff
from bot.parts import bounds, make_scorer, open_store
from bot.progress import Progress
from bot.replay import Replay
from bot.report import Run, lines, report, write
from config.policy import to_policy
from config.schema import Settings, StoreSettings
from moderation.errors import ExportError

DATABASE = "replay.db"


def replay(options: Namespace, environ: Mapping[str, str]) -> int:
    """Run, then print or write the report; 2 when nothing at all could be read."""
    settings = settings_of(options, environ)
    archive = Archive(options.paths, staff(settings.staff.roles))
    with _folder(options.out) as folder:
        run = asyncio.run(_run(settings, archive, folder, inferred=options.policy is None))
        found = report(run)
        if options.out:
            write(found, folder)
    for skip in archive.damage:
        print(f"tidekeeper: {skip}", file=sys.stderr)
    if archive.damage and not run.tally.messages:
        return 2
    print(json.dumps(found) if options.json else "\n".join(lines(run)))
    return 0


async def _run(settings: Settings, archive: Archive, folder: Path, *, inferred: bool) -> Run:
    scorer = make_scorer(settings.engine)
    ids = {channel.name: channel.id for channel in archive.heads()}
    policy = to_policy(settings, ids, bounds(scorer))
    store = await open_store(StoreSettings(url=f"sqlite:///{folder.absolute() / DATABASE}"))
    try:
        work = Replay(store=store, scorer=scorer, policy=policy)
        with Progress("replay", archive.total) as bar:
            await work.run(archive.messages(), lambda: bar.reach(archive.taken))
        cases = await work.cases()
    finally:
        await store.close()
    return Run(
        archive=archive,
        tally=work.tally,
        cases=cases,
        settings=settings,
        policy=policy,
        engine=scorer.name,
        inferred=inferred,
    )


@contextmanager
def _folder(out: Path | None) -> Iterator[Path]:
    """Where the database goes: ``out``, without an earlier run's, or a place that goes away."""
    if out is None:
        with tempfile.TemporaryDirectory(prefix="tidekeeper-") as temporary:
            yield Path(temporary)
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
        for ending in ("", "-wal", "-shm"):
            (out / (DATABASE + ending)).unlink(missing_ok=True)
    except OSError as error:
        reason = (error.strerror or "cannot be used").lower()
        raise ExportError(f"{out}: cannot be written to as --out ({reason})") from None
    yield out
