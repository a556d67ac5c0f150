"""Chat exports in: files and folders become one stream of messages in time order, in flat memory.

What cannot be read is named (file, line or offset, field) and skipped; the rest goes on. A
message that several files hold is read once. Every file gets a first look, which finds its
channel and its order; a file that is not oldest first is sorted on disk.
"""

from __future__ import annotations

import heapq
import json
import stat
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.exports import (
    CURE,
    LONGEST_LINE,
    BadField,
    NotWritten,
    Skip,
    Staff,
    WrongFile,
    above,
    exported,
    glimpse,
    header,
    is_lines,
    lined,
    parsed,
)
from bot.jsonstream import PIECE, Damaged, JsonStream, Pieces, Row, Spool, whole_lines
from moderation.errors import ExportError
from moderation.types import Channel, ChannelId, Message, MessageId

LINES = (".jsonl", ".ndjson")
OUTPUTS = (
    "report.html",
    "report.json",
    *(f"{n}.jsonl" for n in ("skipped", "channels", "cases", "drift", "questions", "digests")),
    "metrics.json",
    "replay.db",
)
"""The files of ``replay --out``, which are never taken for exports."""

_NAMED_A_FILE = 50
"""Bad messages of one file that are named one by one; more are counted."""
_MEMORY = 32 * 1024 * 1024
"""Bytes that the pieces of all files together may take."""


@dataclass(slots=True)
class _Source:
    """One file, as the first look found it; ``damage`` when it is the wrong file altogether."""

    path: Path
    channel: Channel
    lines: bool = False
    head: dict[str, Any] = field(default_factory=dict)
    listed: bool = False
    ascending: bool = True
    channels: set[ChannelId] = field(default_factory=set)
    damage: Damaged | None = None
    read: int = 0

    @property
    def named(self) -> bool:
        """Whether the header names a channel."""
        return "channel" in self.head and not self.lines


_Pair = tuple[object, Message]


class Archive:
    """The messages of chat exports; read ``skipped`` and ``channels`` after them."""

    def __init__(self, paths: Iterable[Path], who: Staff, *, out: Path | None = None) -> None:
        """``out`` is where the report goes: a folder's files in it are not read.

        Raises ``ExportError`` for a path that is not there or holds no export.
        """
        self._who = who
        self._skips: list[Skip] = []
        self._system: Counter[tuple[str, str]] = Counter()
        self._bad: Counter[str] = Counter()
        files: dict[Path, Path] = {}
        for file in (file for path in paths for file in self._files(path, out)):
            files.setdefault(file.resolve(), file)
        self._sources = tuple(
            _Source(path=file, channel=header(None, None, file.stem)) for file in files.values()
        )
        self._spool: Spool | None = None
        self._looked = False
        self.channels: dict[ChannelId, Channel] = {}
        self.parents: dict[ChannelId, Channel] = {}
        self.total = sum(map(_size, files))

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that is read."""
        return tuple(source.path for source in self._sources)

    @property
    def taken(self) -> int:
        """Bytes read so far, of ``total``; the first look and the reading count apart."""
        return sum(source.read for source in self._sources)

    @property
    def damage(self) -> tuple[Skip, ...]:
        """What could not be read, in the order it was met."""
        more = (
            Skip(file=file, error="more cannot be read", count=count - _NAMED_A_FILE)
            for file, count in self._bad.items()
            if count > _NAMED_A_FILE
        )
        return (*self._skips, *more)

    @property
    def skipped(self) -> tuple[Skip, ...]:
        """Everything left out: damage, then system messages by file and type."""
        system = (
            Skip(file=file, error="system message", type=kind, count=count)
            for (file, kind), count in sorted(self._system.items())
        )
        return (*self.damage, *system)

    def look(self, reached: Callable[[], None] = lambda: None) -> None:
        """Look over all files, and sort those that need it; once. ``reached`` hears of each."""
        if self._looked:
            return
        self._looked = True
        for source in self._sources:
            _look(source)
            self._announce(source)
            source.read = _size(source.path)
            reached()
        unordered = [s for s in self._sources if not s.ascending]
        if unordered:
            self._spool = Spool()
        for source in unordered:
            self._sort(source)
        for source in self._sources:
            source.read = 0 if source.ascending else source.read

    def heads(self) -> Iterator[Channel]:
        """The channels that the files' headers name, threads' own channels among them."""
        self.look()
        yield from (source.channel for source in self._sources if source.named)
        yield from self.parents.values()

    def messages(self) -> Iterator[Message]:
        """All messages, oldest first."""
        self.look()
        times = Counter(channel for source in self._sources for channel in source.channels)
        shared = frozenset(channel for channel, count in times.items() if count > 1)
        straight = (source for source in self._sources if source.ascending)
        streams = [*map(self._stream, straight), *([self._sorted()] if self._spool else [])]
        merged = heapq.merge(*streams, key=_place) if len(streams) > 1 else streams[0]
        return _once(merged, shared)

    def _files(self, path: Path, out: Path | None) -> list[Path]:
        mode = _mode(path)
        if not stat.S_ISDIR(mode):
            if not stat.S_ISREG(mode):
                raise ExportError(f"{path}: cannot be read from a pipe; save it as a file")
            return [path]
        found = sorted(p for p in path.rglob("*") if p.suffix.lower() in (".json", *LINES))
        kept = [file for file in found if file.is_file() and not _lies_in(out, file, path)]
        if not kept:
            raise ExportError(f"{path}: the folder holds no .json or .jsonl export")
        for file in sorted(set(found) - set(kept)):
            if file.is_file() and file.name not in OUTPUTS:
                why = "lies under --out and was not read"
                self._skips.append(Skip(file=str(file), error=why))
        return kept

    def _announce(self, source: _Source) -> None:
        if not source.named:
            return
        parent = above(source.head.get("guild"), source.head.get("channel"))
        if parent is not None:
            self.parents[parent.id] = parent
        if source.listed:
            self.channels[source.channel.id] = source.channel

    def _sort(self, source: _Source) -> None:
        assert self._spool is not None
        number = self._sources.index(source)
        self._spool.add(_row(number, record, found) for record, found in self._pairs(source))

    def _sorted(self) -> Iterator[Message]:
        if self._spool is None:
            return
        for number, body in self._spool.drain():
            message = self._message(self._sources[number], json.loads(body))
            self._meet(message)
            yield message

    def _stream(self, source: _Source) -> Iterator[Message]:
        for _, message in self._pairs(source):
            self._meet(message)
            yield message

    def _pairs(self, source: _Source) -> Iterator[_Pair]:
        """The good records of a file with their messages; the bad ones are named."""
        size = max(4096, min(PIECE, _MEMORY // len(self._sources)))
        pieces = Pieces(source.path, size)
        try:
            if source.damage is not None:
                raise source.damage
            for place, raw in _records(source, pieces):
                source.read = pieces.taken
                pair = self._checked(source, raw, place)
                if pair is not None:
                    yield pair
        except Damaged as damage:
            file = str(source.path)
            self._skips.append(Skip(file=file, error=damage.why, offset=damage.offset))
        source.read = _size(source.path)

    def _checked(self, source: _Source, raw: object, place: Skip) -> _Pair | None:
        try:
            record = parsed(raw) if source.lines else raw
            return record, self._message(source, record)
        except NotWritten as system:
            self._system[place.file, system.kind] += 1
        except BadField as bad:
            self._name(place, bad)
        return None

    def _message(self, source: _Source, record: object) -> Message:
        if source.lines:
            return lined(record, self._who)
        return exported(record, source.channel, self._who)

    def _meet(self, message: Message) -> None:
        if message.channel not in self.channels:
            self.channels[message.channel] = Channel(
                id=message.channel, guild=message.guild, name=message.channel_name
            )

    def _name(self, place: Skip, bad: BadField) -> None:
        self._bad[place.file] += 1
        if self._bad[place.file] > _NAMED_A_FILE:
            return
        skip = Skip(
            file=place.file,
            error=bad.why,
            field=bad.field,
            line=place.line,
            message=place.message,
        )
        self._skips.append(skip)


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        raise ExportError(f"{path}: there is no such file or folder") from None
    except OSError as error:
        raise ExportError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from None


def _lies_in(out: Path | None, file: Path, folder: Path) -> bool:
    """Whether a file is the report's; only an ``out`` inside the folder hides a part of it."""
    if out is None or folder.resolve() not in out.resolve().parents:
        return False
    return file.resolve().is_relative_to(out.resolve())


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0  # it is named as damaged when it is read


def _look(source: _Source) -> None:
    """Find out a file's kind, channels and order. What is damaged is named when it is read."""
    latest: datetime | None = None
    file = source.path
    try:
        named = file.suffix.lower() in LINES
        source.lines = is_lines(Pieces(file).raw(), named=named)
        for at, channel in _glimpses(source):
            source.channels.update(() if channel is None else (channel,))
            source.ascending = source.ascending and (at is None or latest is None or at >= latest)
            latest = at or latest
    except WrongFile as wrong:
        source.damage = Damaged(None, wrong.why)
    except Damaged:
        pass  # it is met again, and named, when the file is read
    source.channel = header(source.head.get("guild"), source.head.get("channel"), file.stem)
    if source.listed:
        source.channels.add(source.channel.id)


def _glimpses(source: _Source) -> Iterator[tuple[datetime | None, ChannelId | None]]:
    pieces = Pieces(source.path)
    if source.lines:
        for lines in whole_lines(pieces.raw, LONGEST_LINE):
            for line in lines:
                try:
                    yield glimpse(parsed(line), line=True)
                except BadField:
                    continue
        return
    stream = JsonStream(pieces)
    for key in stream.members():
        if key == "messages" and stream.peek() == "[":
            source.listed = True
            yield from (glimpse(record, line=False) for record in stream.items())
        else:
            source.head[key] = stream.value()


def _records(source: _Source, pieces: Pieces) -> Iterator[tuple[Skip, object]]:
    """Each record with its place: the value of a document's message, or the bytes of a line."""
    file = str(source.path)
    if source.lines:
        number = 0
        for lines in whole_lines(pieces.raw, LONGEST_LINE):
            for number, line in enumerate(lines, number + 1):  # noqa: B020 - counts on
                if line is None or line.strip():
                    yield Skip(file=file, error="", line=number), line
        return
    for number, record in enumerate(_listed(pieces), 1):
        yield Skip(file=file, error="", message=number), record


def _listed(pieces: Pieces) -> Iterator[object]:
    stream = JsonStream(pieces)
    found = False
    if stream.peek() not in ("{", ""):
        raise Damaged(0, f"is not an export in the format JSON; {CURE}")
    for key in stream.members():
        if key == "messages" and stream.peek() == "[":
            found = True
            yield from stream.items()
        else:
            stream.value()
    if not found:
        raise Damaged(0, "no list of messages; not an export of DiscordChatExporter")
    if stream.peek():
        raise Damaged(stream.offset, "something follows the end of the export")


def _row(number: int, record: object, message: Message) -> Row:
    at = message.at.isoformat(timespec="microseconds")
    return at, message.id, number, json.dumps(record)


def _place(message: Message) -> tuple[datetime, int, str]:
    return message.at, len(message.id), message.id


def _once(messages: Iterator[Message], shared: frozenset[ChannelId]) -> Iterator[Message]:
    """Drop what overlapping exports hold twice.

    In channels that only one file holds, equal ids stand at equal times; of the others all ids
    are remembered, since two exporters may write a time in different ways.
    """
    now: datetime | None = None
    seen: set[tuple[ChannelId, MessageId]] = set()
    ids: defaultdict[ChannelId, set[int | str]] = defaultdict(set)
    for message in messages:
        if message.channel in shared:
            known, key = ids[message.channel], _short(message.id)
            if key not in known:
                known.add(key)
                yield message
            continue
        if message.at != now:
            now, seen = message.at, set()
        if (message.channel, message.id) not in seen:
            seen.add((message.channel, message.id))
            yield message


def _short(ident: MessageId) -> int | str:
    """A snowflake as the number that it is: half the memory."""
    number = ident.isascii() and ident.isdecimal() and not ident.startswith("0")
    return int(ident) if number else str(ident)
