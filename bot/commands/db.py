"""``tidekeeper db``: migrate, verify, backup."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping

from bot.database import backup, migrate, verify
from bot.commands.settings import settings_of


def db(options: Namespace, environ: Mapping[str, str]) -> int:
    """One verb on ``store.url``."""
    url = settings_of(options, environ).store.url
    match options.verb:
        case "migrate":
            applied = migrate(url)
            print(f"{len(applied)} migrations applied" if applied else "the schema is up to date")
            return 0
        case "backup":
            backup(url, options.to)
            print(f"copied to {options.to}")
            return 0
        case _:
            return _verify(url)


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
