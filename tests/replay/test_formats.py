"""What people hand in by mistake: it is read where it can be, else the line names the cure."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from bot.archive import Archive
from bot.exports import BadField, Skip, exported, header, staff
from bot.jsonstream import Damaged, Pieces
from moderation.errors import ExportError
from tests.replay.exporting import document, message, write

TEAM = staff(("Moderator",))
LINE = '{"id": %d, "channel": "c", "author": "ann", "ts": "2026-11-16T09:30:00Z", "text": "hi"}\n'


def read(file: Path) -> tuple[int, tuple[Skip, ...]]:
    archive = Archive([file], TEAM)
    return len(list(archive.messages())), archive.skipped


def test_lines_in_a_file_that_ends_in_json_are_read(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(LINE % 1 + LINE % 2)
    assert read(file) == (2, ())


@pytest.mark.parametrize("indent", [2, None])
def test_an_export_in_a_file_that_ends_in_jsonl_is_read(tmp_path: Path, indent: int | None) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(json.dumps(document([message(1), message(2)]), indent=indent))
    assert read(file) == (2, ())


def test_messages_cut_out_of_an_export_are_named_once(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text("".join(json.dumps(message(n)) + "\n" for n in range(60)))
    count, (skip,) = read(file)
    assert count == 0
    assert "the .json file that DiscordChatExporter wrote" in str(skip)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_other_encodings_are_named_with_the_cure(tmp_path: Path, encoding: str, name: str) -> None:
    file = tmp_path / name
    file.write_text(json.dumps(document([message(1)])), encoding)
    count, (skip,) = read(file)
    assert count == 0
    assert str(skip) == f"{file}: is not UTF-8 text but UTF-16 or UTF-32; save it as UTF-8"


def test_a_pipe_is_refused_with_the_cure(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(ExportError, match="cannot be read from a pipe; save it as a file"):
        Archive([tmp_path / "pipe.json"], TEAM)


def test_a_name_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="too long"):
        Archive([tmp_path / ("x" * 300)], TEAM)


def test_good_messages_before_a_bad_byte_are_read(tmp_path: Path) -> None:
    file = write(tmp_path / "a.json", [message(n) for n in range(100)])
    raw = file.read_bytes()
    place = raw.index(b"hello there", raw.index(b"1000080"))
    file.write_bytes(raw[:place] + b"\xff" + raw[place:])
    count, (skip,) = read(file)
    assert count == 80
    assert (skip.error, skip.offset) == ("not UTF-8 text", place)


@pytest.mark.parametrize("size", [4, 64, 4096])
def test_a_bad_byte_takes_nothing_before_it(tmp_path: Path, size: int) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(b"\xef\xbb\xbf" + "gr\u00fc\u00df".encode() + b"\xff more")
    pieces = Pieces(file, size)
    text = "".join(pieces.next() for _ in range(-(-9 // size)))
    assert text == "gr\u00fc\u00df"
    with pytest.raises(Damaged) as damage:
        pieces.next()
    assert damage.value.offset == 9
    with pytest.raises(Damaged):
        pieces.next()


def test_a_line_with_a_bad_byte_is_the_only_one_left_out(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    bad = (LINE % 3).encode().replace(b"hi", b"h\xff")
    file.write_bytes(b"\xef\xbb\xbf" + (LINE % 1 + LINE % 2).encode() + bad + (LINE % 4).encode())
    count, (skip,) = read(file)
    assert count == 3
    assert (skip.line, skip.field, skip.error) == (3, "line", "is not UTF-8 text")


def test_a_line_that_is_far_too_long_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(LINE % 1 + LINE.replace("hi", "x" * 3_000_000) % 2 + LINE % 3)
    count, (skip,) = read(file)
    assert count == 2
    assert skip.line == 2
    assert "longer than" in skip.error


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"author": {"name": "nobody"}}, "author.id"),
        ({"author": {"id": "1", "roles": 5}}, "author.roles"),
        ({"content": "", "forwardedMessage": {"content": 7}}, "forwardedMessage.content"),
        ({"author": None}, "author"),
    ],
)
def test_fields_are_named_by_their_whole_path(changed: dict[str, object], field: str) -> None:
    with pytest.raises(BadField) as bad:
        exported(message(1, **changed), header({}, {}, "a"), TEAM)
    assert bad.value.field == field


def test_a_file_name_cannot_write_on_the_terminal() -> None:
    skip = Skip(file="a\x1b[31m\n\u202eb.json", error="is torn")
    assert str(skip) == "a\\x1b[31m\\n\\u202eb.json: is torn"
