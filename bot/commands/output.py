"""Where the files of ``replay --out`` go: nothing that is somebody else's is lost there."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bot.archive import OUTPUTS
from moderation.errors import ExportError

DATABASE = "replay.db"
_OURS = 0x746B7270
"""SQLite's application id of a replay's database (``tkrp``): a bot's own never carries it."""
_ID_AT = 68


def check_out(out: Path | None, paths: Iterable[Path], files: Iterable[Path]) -> None:
    """Raise ``ExportError`` when writing to ``out`` would lose what is read, or a strange file."""
    if out is None:
        return
    place = out.resolve()
    if any(path.is_dir() and path.resolve() == place for path in paths):
        raise ExportError(f"--out {out}: is the folder that is read; name another")
    written = {place / name for name in OUTPUTS}
    for file in files:
        if file.resolve() in written:
            raise ExportError(f"--out {out}: {file.name} is one of the exports; name another")
    for name in OUTPUTS:
        if (out / name).is_dir():
            raise ExportError(f"--out {out}: {name} is a folder; name another --out")
    if not _is_ours(out / DATABASE):
        said = "is not the database of an earlier replay"
        raise ExportError(f"{out / DATABASE}: {said}; move it away or name another --out")


@contextmanager
def output(out: Path | None) -> Iterator[Path]:
    """The folder of the database: ``out`` without an earlier run's, or a place that goes away."""
    if out is None:
        with tempfile.TemporaryDirectory(prefix="tidekeeper-") as temporary:
            yield Path(temporary)
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
        for ending in ("", "-wal", "-shm"):
            (out / (DATABASE + ending)).unlink(missing_ok=True)
        _mark(out / DATABASE)
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or "cannot be used"
        raise ExportError(f"{out}: cannot be written to as --out ({reason.lower()})") from None
    yield out


def _mark(database: Path) -> None:
    database.touch(mode=0o600)
    with closing(sqlite3.connect(database)) as db:
        db.execute(f"PRAGMA application_id = {_OURS}")


def _is_ours(database: Path) -> bool:
    """Whether it is not there, or bears the mark."""
    try:
        with database.open("rb") as file:
            file.seek(_ID_AT)
            return file.read(4) == _OURS.to_bytes(4, "big")
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
