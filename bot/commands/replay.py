"""``tidekeeper replay``: what would have happened to last month's messages."""

from __future__ import annotations

import asyncio
import json
import sys
from argparse import Namespace
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from bot.archive import Archive
from bot.commands.output import DATABASE, check_out, output
from bot.commands.settings import settings_of
from bot.exports import staff
from bot.parts import bounds, make_scorer, open_store, refuse_uncertain
from bot.progress import Progress
from bot.replay import Replay
from bot.report import Run, lines, report, write
from config.policy import Ids, to_policy
from config.schema import Settings, StoreSettings
from moderation.errors import ExportError
from moderation.types import ChannelId


def replay(options: Namespace, environ: Mapping[str, str]) -> int:
    """Run, then print or write the report; 2 when nothing at all could be read."""
    settings = settings_of(options, environ)
    inferred = options.policy is None and not environ.get("TIDEKEEPER_CONFIG")
    archive = Archive(options.paths, staff(settings.staff.roles), out=options.out)
    check_out(options.out, options.paths, archive.files)
    with output(options.out) as folder:
        run = asyncio.run(_run(settings, archive, folder, inferred=inferred))
        found = report(run)
        if options.out:
            _write(found, folder, len(archive.files))
    if sys.stderr is not None:
        sys.stderr.writelines(f"tidekeeper: {skip}\n" for skip in archive.damage)
    if archive.damage and not run.tally.messages:
        return 2
    print(json.dumps(found) if options.json else "\n".join(lines(run)))
    return 0


def _write(found: dict[str, object], folder: Path, files: int) -> None:
    try:
        write(found, folder, files)
    except OSError as error:
        reason = (error.strerror or "cannot be used").lower()
        raise ExportError(f"{error.filename or folder}: cannot be written ({reason})") from None


async def _run(settings: Settings, archive: Archive, folder: Path, *, inferred: bool) -> Run:
    scorer = make_scorer(settings.engine)
    with Progress("look", archive.total) as bar:
        archive.look(lambda: bar.reach(archive.taken))
    policy = to_policy(settings, _ids(archive), bounds(scorer))
    refuse_uncertain(policy.thresholds, scorer)
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


def _ids(archive: Archive) -> Ids:
    """All ids behind each name; in JSONL a channel's name is its id."""
    found: defaultdict[str, set[ChannelId]] = defaultdict(set)
    for channel in archive.heads():
        found[channel.name] |= {channel.id, ChannelId(channel.name)}
    return found
