"""Chat exports in: files and folders become one stream of messages in time order, in flat memory.

What cannot be read is named (file, line or offset, field) and skipped; the rest goes on. A
message that several files hold is read once.
"""

from __future__ import annotations

import heapq
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.exports import BadField, NotWritten, Staff, exported, header, lined
from bot.jsonstream import PIECE, Damaged, JsonStream, Pieces
from moderation.errors import ExportError
from moderation.types import Channel, ChannelId, Message, MessageId

LINES = (".jsonl", ".ndjson")
_NAMED_A_FILE = 50
"""Bad messages of one file that are named one by one; more are counted."""
_MEMORY = 32 * 1024 * 1024
"""Bytes that the pieces of all files together may take."""
_LONGEST_LINE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """Something that was not read. ``line`` counts from 1; ``offset`` counts characters."""

    file: str
    error: str
    line: int | None = None
    offset: int | None = None
    message: int | None = None
    field: str = ""
    type: str = ""
    count: int = 1

    def as_json(self) -> dict[str, str | int]:
        """Only what is known."""
        known = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in known.items() if value not in (None, "")}

    def __str__(self) -> str:
        places = (("line", self.line), ("offset", self.offset), ("message", self.message))
        where = "".join(f", {name} {value}" for name, value in places if value is not None)
        subject = f"{self.field} " if self.field else ""
        return f"{self.file}{where}: {subject}{self.error}"


class Archive:
    """The messages of chat exports; read ``skipped`` and ``channels`` after them."""

    def __init__(self, paths: Iterable[Path], who: Staff) -> None:
        """Raises ``ExportError`` for a path that is not there or holds no export."""
        self._who = who
        self._files = tuple(dict.fromkeys(file for path in paths for file in _files(path)))
        self._read = [0] * len(self._files)
        self._skips: list[Skip] = []
        self._system: Counter[tuple[str, str]] = Counter()
        self._bad: Counter[str] = Counter()
        self.channels: dict[ChannelId, Channel] = {}
        self.total = sum(_size(file) for file in self._files)

    @property
    def taken(self) -> int:
        """Bytes read so far, of ``total``."""
        return sum(self._read)

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

    def heads(self) -> Iterator[Channel]:
        """The channels that the files' headers name, without reading their messages."""
        for file in self._files:
            if file.suffix.lower() not in LINES:
                yield from _head(file)

    def messages(self) -> Iterator[Message]:
        """All messages, oldest first as far as each file is in order."""
        streams = [self._stream(number) for number in range(len(self._files))]
        return _once(heapq.merge(*streams, key=lambda message: message.at))

    def _stream(self, number: int) -> Iterator[Message]:
        file = self._files[number]
        size = max(4096, min(PIECE, _MEMORY // len(self._files)))
        pieces = Pieces(file, size)
        read = self._lines if file.suffix.lower() in LINES else self._document
        try:
            for message in read(file, pieces):
                self._read[number] = pieces.taken
                self._meet(message)
                yield message
        except Damaged as damage:
            self._skips.append(Skip(file=str(file), error=damage.why, offset=damage.offset))
        self._read[number] = _size(file)

    def _meet(self, message: Message) -> None:
        if message.channel not in self.channels:
            self.channels[message.channel] = Channel(
                id=message.channel, guild=message.guild, name=message.channel_name
            )

    def _document(self, file: Path, pieces: Pieces) -> Iterator[Message]:
        stream = JsonStream(pieces)
        head: dict[str, Any] = {}
        found = False
        for key in stream.members():
            if key == "messages" and stream.peek() == "[":
                found = True
                channel = header(head.get("guild"), head.get("channel"), file.stem)
                if "channel" in head:
                    self.channels[channel.id] = channel
                yield from self._items(file, stream, channel)
            else:
                head[key] = stream.value()
        if not found:
            raise Damaged(0, "no list of messages; not an export of DiscordChatExporter")
        if stream.peek():
            raise Damaged(stream.offset, "something follows the end of the export")

    def _items(self, file: Path, stream: JsonStream, channel: Channel) -> Iterator[Message]:
        for number, record in enumerate(stream.items(), 1):
            place = Skip(file=str(file), error="", message=number)
            message = self._checked(lambda: exported(record, channel, self._who), place)  # noqa: B023
            if message is not None:
                yield message

    def _lines(self, file: Path, pieces: Pieces) -> Iterator[Message]:
        for number, line in enumerate(_split(pieces), 1):
            if not line.strip():
                continue
            place = Skip(file=str(file), error="", line=number)
            message = self._checked(lambda: lined(_parsed(line), self._who), place)  # noqa: B023
            if message is not None:
                yield message

    def _checked(self, convert: Callable[[], Message], place: Skip) -> Message | None:
        try:
            return convert()
        except NotWritten as system:
            self._system[place.file, system.kind] += 1
        except BadField as bad:
            self._name(place, bad)
        return None

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


def _head(file: Path) -> Iterator[Channel]:
    head: dict[str, Any] = {}
    stream = JsonStream(Pieces(file, 8192))
    try:
        for key in stream.members():
            if key == "messages":
                break
            head[key] = stream.value()
    except Damaged:
        return  # it is named when the messages are read
    yield header(head.get("guild"), head.get("channel"), file.stem)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = [p for p in path.rglob("*") if p.suffix.lower() in (".json", *LINES)]
        if not found:
            raise ExportError(f"{path}: the folder holds no .json or .jsonl export")
        return sorted(file for file in found if file.is_file())
    if not path.exists():
        raise ExportError(f"{path}: there is no such file or folder")
    return [path]


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0  # it is named as damaged when it is read


def _once(messages: Iterator[Message]) -> Iterator[Message]:
    """Drop what overlapping exports hold twice: equal ids stand at equal times."""
    now: datetime | None = None
    seen: set[tuple[ChannelId, MessageId]] = set()
    for message in messages:
        if message.at != now:
            now, seen = message.at, set()
        key = (message.channel, message.id)
        if key not in seen:
            seen.add(key)
            yield message


def _split(pieces: Pieces) -> Iterator[str]:
    """Lines of a file; one that is far too long comes cut off, so that it cannot fill memory."""
    rest = ""
    while piece := pieces.next():
        *lines, rest = (rest + piece).split("\n")
        yield from lines
        rest = rest[:_LONGEST_LINE]
    if rest:
        yield rest


def _parsed(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise BadField("line", "is not JSON") from None
