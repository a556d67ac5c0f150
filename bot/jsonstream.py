"""Reads and sorts JSON of any size in flat memory: documents, lines, records.

The standard library's scanner does the parsing; this file only decides how much text it is
given. No file stays open between two pieces.
"""

from __future__ import annotations

import codecs
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from json import JSONDecodeError, JSONDecoder
from pathlib import Path
from typing import Any

PIECE = 65_536
LONGEST_VALUE = 16 * 1024 * 1024
"""Characters that one value (a message, a header) may take; far above what Discord allows."""

_SPACE = re.compile(r"[ \t\n\r]*")
_NEARLY = 12
"""An error this close to the end of what was read may only mean that more must be read."""

_MARGIN = 3
"""A number may go on behind so few characters: ``1e+`` of ``1e+5``."""


class Damaged(Exception):
    """The file cannot be read on from ``offset``.

    Characters from its start, or bytes where it is not UTF-8; ``None`` when all of it is wrong.
    """

    def __init__(self, offset: int | None, why: str) -> None:
        super().__init__(why)
        self.offset = offset
        self.why = why


class Pieces:
    """A file in pieces, as bytes or as the text of UTF-8; ``taken`` counts the bytes read so far."""

    def __init__(self, path: Path, size: int = PIECE) -> None:
        self._path = path
        self._size = size
        self._decode = codecs.getincrementaldecoder("utf-8-sig")()
        self._damage: Damaged | None = None
        self.taken = 0

    def next(self) -> str:
        """The next piece of text; empty at the end.

        Raises ``Damaged``, at a bad byte only after all that stands before it was handed out.
        """
        while True:
            if self._damage is not None:
                raise self._damage
            raw = self.raw()
            text = self._decoded(raw)
            if text or not raw:
                return text

    def raw(self) -> bytes:
        """The next bytes; empty at the end. Raises ``Damaged``."""
        try:
            with self._path.open("rb") as file:
                file.seek(self.taken)
                raw = file.read(self._size)
        except OSError as error:
            why = (error.strerror or "cannot be read").lower()
            raise Damaged(self.taken, why) from None
        self.taken += len(raw)
        return raw

    def _decoded(self, raw: bytes) -> str:
        try:
            return self._decode.decode(raw, final=not raw)
        except UnicodeDecodeError as error:
            good, rest = error.object[: error.start], len(error.object) - error.start
            self._damage = Damaged(self.taken - rest, "not UTF-8 text")
            return good.decode("utf-8")


def whole_lines(read: Callable[[], bytes], longest: int) -> Iterator[list[bytes | None]]:
    """The lines behind ``read`` as they arrive; ``None`` for one of more than ``longest`` bytes."""
    rest = b""
    cut = False
    while piece := read():
        parts = (rest + piece).split(b"\n")
        rest = parts.pop()
        if parts:
            yield [None if cut or len(parts[0]) > longest else parts[0], *parts[1:]]
            cut = False
        if len(rest) > longest:
            rest, cut = b"", True
    if rest or cut:
        yield [None if cut else rest]


Row = tuple[str, str, int, str]
"""When, which, from which file, and the record as JSON."""


class Spool:
    """Records in order of time, then of id, sorted on disk.

    They lie in SQLite's own temporary file: it has no name, so nothing can stay behind, however
    the program ends.
    """

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA journal_mode=OFF")
        self._db.execute("CREATE TABLE record (at TEXT, id TEXT, file INTEGER, body TEXT)")

    def add(self, rows: Iterable[Row]) -> None:
        """Keep the rows."""
        self._db.execute("BEGIN")
        self._db.executemany("INSERT INTO record VALUES (?, ?, ?, ?)", rows)
        self._db.execute("COMMIT")

    def drain(self) -> Iterator[tuple[int, str]]:
        """File and record of each row; then all of them are gone."""
        with closing(self._db) as db:
            order = "ORDER BY at, length(id), id, rowid"
            yield from db.execute(f"SELECT file, body FROM record {order}")  # noqa: S608


class JsonStream:
    """A cursor over a document. Every method raises ``Damaged`` when the text is not JSON."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self._decoder = JSONDecoder()
        self._text = ""
        self._at = 0
        self._before = 0
        self._ended = False

    @property
    def offset(self) -> int:
        """Characters read from the start of the document."""
        return self._before + self._at

    def peek(self) -> str:
        """The next character that is no white space; empty at the end."""
        while True:
            match = _SPACE.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def expect(self, wanted: str) -> str:
        """Step over the next character, which must be one of ``wanted``; returns it."""
        found = self.peek()
        if not found:
            raise Damaged(self.offset, "the file ends too early")
        if found not in wanted:
            raise Damaged(self.offset, f"expected {' or '.join(wanted)}")
        self._at += 1
        return found

    def value(self) -> Any:
        """The next value, whole."""
        self.peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except JSONDecodeError as error:
                self._grow(error)
                continue
            except (RecursionError, ValueError):
                raise Damaged(self.offset, "a value is nested too deeply or too large") from None
            length = end - self._at
            closed = self._text[end - 1] in '"]}'
            if closed or len(self._text) - end >= _MARGIN or not self._more():
                self._at += length
                return value

    def members(self) -> Iterator[str]:
        """The keys of an object; the caller reads each key's value before asking for the next."""
        self.expect("{")
        if self.peek() == "}":
            self.expect("}")
            return
        while True:
            if self.peek() not in ('"', ""):
                raise Damaged(self.offset, "expected a key in quotes")
            key = str(self.value())
            self.expect(":")
            yield key
            if self.expect(",}") == "}":
                return

    def items(self) -> Iterator[Any]:
        """The values of a list, one by one."""
        self.expect("[")
        if self.peek() == "]":
            self.expect("]")
            return
        while True:
            yield self.value()
            if self.expect(",]") == "]":
                return

    def _grow(self, error: JSONDecodeError) -> None:
        """Read on if the error may come from the end of what was read; else it is damage."""
        unfinished = error.msg.startswith("Unterminated") or error.pos >= len(self._text) - _NEARLY
        if len(self._text) - self._at > LONGEST_VALUE:
            raise Damaged(self.offset, "a value is too large") from None
        if not unfinished:
            raise Damaged(self._before + error.pos, "not valid JSON") from None
        if not self._more(len(self._text) - self._at):
            why = "the file ends too early" if self._ended and unfinished else "not valid JSON"
            raise Damaged(self.offset, why) from None

    def _more(self, least: int = 1) -> bool:
        """Read at least ``least`` characters on, dropping what is used; whether there were any."""
        self._before += self._at
        self._text = self._text[self._at :]
        self._at = 0
        pieces = []
        gained = 0
        while gained < least and not self._ended:
            try:
                piece = self._pieces.next()
            except Damaged:
                if not gained:
                    raise
                break  # what stands before the damage comes first
            self._ended = not piece
            gained += len(piece)
            pieces.append(piece)
        self._text = "".join((self._text, *pieces))
        return gained > 0
