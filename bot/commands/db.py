"""``tidekeeper db``: migrate, verify, backup."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Mapping

from bot.clock import SystemClock
from bot.commands.settings import settings_of
from bot.database import backup, migrate, verify
from bot.doctor import BACKUP_EVENT
from bot.parts import check_store, named_store, open_store
from bot.progress import Progress
from bot.render.plain import plain
from config.schema import StoreSettings
from moderation.errors import UserError
from moderation.types import Draft, GuildId

_MEMORY = "sqlite:///:memory:"


def db(options: Namespace, environ: Mapping[str, str]) -> int:
    """One verb on ``store.url``."""
    store = settings_of(options, environ).store
    if store.url == _MEMORY:
        raise UserError("store.url is in memory and ends with its process; name a file to care for")
    with named_store(store):
        return _do(options, store)


def _do(options: Namespace, store: StoreSettings) -> int:
    url = store.url
    match options.verb:
        case "migrate":
            applied = migrate(url)
            print(f"{len(applied)} migrations applied" if applied else "the schema is up to date")
            return 0
        case "backup":
            check_store(store)
            with Progress("backup", 1) as bar:
                backup(url, options.to, bar.reach_of)
            asyncio.run(_note_backup(url))
            print(f"copied to {plain(options.to)}")
            return 0
        case _:
            return _verify(url)


async def _note_backup(url: str) -> None:
    """The audit trail remembers when, so that the doctor can ask for the next one."""
    store = await open_store(StoreSettings(url=url))
    try:
        at = SystemClock().now()
        draft = Draft(at=at, guild=GuildId(""), actor="system", event=BACKUP_EVENT)
        await store.note(draft)
    finally:
        await store.close()


def _verify(url: str) -> int:
    """0 when nothing is wrong with the database, 1 when something is."""
    found = verify(url)
    if found.sound:
        print(f"sound: {found.entries} audit lines, last digest {found.head}")
        return 0
    if found.integrity != "ok":
        print("not sound: the database file is damaged; restore a backup")
    if found.first_broken is not None:
        print(f"not sound: audit line {found.first_broken} was changed, removed or inserted")
    for case in found.unaudited:
        print(f"not sound: case {case} has no audit line")
    return 1
