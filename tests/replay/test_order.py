"""Every order of messages and files gives the same stream: oldest first, each message once."""

from __future__ import annotations

import json
import random
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.archive import Archive
from bot.exports import staff
from moderation.errors import ExportError
from tests.replay.exporting import document, message, write

TEAM = staff(("Moderator",))


def ids(*paths: Path) -> list[int]:
    return [int(found.id) - 1_000_000 for found in Archive(paths, TEAM).messages()]


def lines(path: Path, numbers: list[int], channel: str = "help") -> Path:
    rows = [
        {
            "id": str(1_000_000 + n),
            "channel": channel,
            "author": "ann",
            "ts": message(n)["timestamp"],
            "text": "hello",
        }
        for n in numbers
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def export(path: Path, numbers: list[int]) -> Path:
    return write(path, [message(n) for n in numbers])


@pytest.mark.parametrize("make", [export, lines])
def test_newest_first_and_unordered_are_read_oldest_first(
    tmp_path: Path, make: Callable[[Path, list[int]], Path]
) -> None:
    ending = "json" if make is export else "jsonl"
    shuffled = list(range(300))
    random.Random(7).shuffle(shuffled)
    expected = list(range(300))
    assert ids(make(tmp_path / f"up.{ending}", expected)) == expected
    assert ids(make(tmp_path / f"down.{ending}", expected[::-1])) == expected
    assert ids(make(tmp_path / f"mixed.{ending}", shuffled)) == expected


def test_messages_of_one_moment_stand_in_the_order_of_their_ids(tmp_path: Path) -> None:
    at = message(1)["timestamp"]
    messages = [message(n, timestamp=at) for n in (9, 8, 10)]
    file = write(tmp_path / "a.json", [message(20), *messages])
    assert ids(file) == [8, 9, 10, 20]


def test_partitions_in_any_order_are_one_channel(tmp_path: Path) -> None:
    export(tmp_path / "a [part 1].json", [9, 8, 7])
    export(tmp_path / "a [part 2].json", [6, 5, 4])
    export(tmp_path / "a [part 10].json", [1, 2, 3])
    assert ids(tmp_path) == list(range(1, 10))


def test_overlap_of_unordered_files_is_read_once(tmp_path: Path) -> None:
    export(tmp_path / "a.json", [7, 1, 4])
    export(tmp_path / "b.json", [9, 7, 4, 1])
    lines(tmp_path / "c.jsonl", [3, 2])
    lines(tmp_path / "d.jsonl", [2, 3, 3])
    found = [(m.channel, int(m.id) - 1_000_000) for m in Archive([tmp_path], TEAM).messages()]
    expected = [("100", 1), ("help", 2), ("help", 3), ("100", 4), ("100", 7), ("100", 9)]
    assert found == expected


def test_overlap_is_read_once_when_two_exporters_write_other_times(tmp_path: Path) -> None:
    export(tmp_path / "a.json", [1, 2])
    finer = message(1)["timestamp"].replace("+", ".250+")
    write(tmp_path / "b.json", [message(1, timestamp=finer), message(3)])
    assert ids(tmp_path) == [1, 2, 3]


def test_a_file_is_read_once_however_it_is_reached(tmp_path: Path) -> None:
    folder = tmp_path / "dup"
    folder.mkdir()
    file = export(folder / "a.json", [1, 2])
    (tmp_path / "link.json").symlink_to(file)
    archive = Archive(
        [file, folder, tmp_path / "link.json", folder / ".." / "dup" / "a.json"], TEAM
    )
    assert archive.total == file.stat().st_size
    assert len(list(archive.messages())) == 2


def test_what_is_bad_in_an_unordered_file_is_named_once(tmp_path: Path) -> None:
    messages = [message(3), message(2, timestamp="yesterday"), message(1, type="8")]
    file = write(tmp_path / "a.json", [*messages, message(0)])
    archive = Archive([file], TEAM)
    assert [int(m.id) - 1_000_000 for m in archive.messages()] == [0, 3]
    assert [(s.message, s.field, s.type) for s in archive.skipped] == [
        (2, "timestamp", ""),
        (None, "", "8"),
    ]
    assert archive.taken == archive.total


def test_an_unordered_file_that_is_torn_gives_what_it_has(tmp_path: Path) -> None:
    file = export(tmp_path / "a.json", [5, 4, 3, 2, 1])
    text = file.read_text()
    file.write_text(text[: text.index("1000002")])
    archive = Archive([file], TEAM)
    assert [int(m.id) - 1_000_000 for m in archive.messages()] == [3, 4, 5]
    (skip,) = archive.skipped
    assert skip.error == "the file ends too early"


def test_sorting_needs_no_memory(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        numbers = range(count)[::-1]
        file = write(tmp_path / f"{count}.json", [message(n, "word " * 50) for n in numbers])
        archive = Archive([file], TEAM)
        tracemalloc.start()
        assert sum(1 for _ in archive.messages()) == count
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(500)
    assert peak(8000) < peak(1000) * 1.3


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(0, 30), max_size=12), min_size=1, max_size=4))
def test_files_of_any_order_and_overlap_are_one_stream(parts: list[list[int]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        for number, part in enumerate(parts):
            export(Path(name) / f"{number}.json", part)
        found = ids(Path(name))
    assert found == sorted({number for part in parts for number in part})


def test_a_header_behind_the_messages_counts(tmp_path: Path) -> None:
    whole: dict[str, Any] = document([message(n) for n in (1, 2)])
    turned = dict(reversed(whole.items()))
    assert list(turned)[1] == "messages"
    file = tmp_path / "a.json"
    file.write_text(json.dumps(turned))
    archive = Archive([file], TEAM)
    assert [head.name for head in archive.heads()] == ["support"]
    assert {(m.channel, m.channel_name, m.guild) for m in archive.messages()} == {
        ("100", "support", "1")
    }


def test_a_thread_names_its_channel(tmp_path: Path) -> None:
    write(tmp_path / "a.json", [message(1)], type="GuildPublicThread", category="lounge")
    archive = Archive([tmp_path], TEAM)
    assert [(head.id, head.name) for head in archive.heads()] == [
        ("100", "support"),
        ("50", "lounge"),
    ]


def test_what_lies_under_the_output_is_left_out(tmp_path: Path) -> None:
    export(tmp_path / "a.json", [1])
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.json").write_text("{}")
    export(out / "b.json", [2])
    archive = Archive([tmp_path], TEAM, out=out)
    assert len(list(archive.messages())) == 1
    assert [skip.file for skip in archive.skipped] == [str(out / "b.json")]
    assert len(list(Archive([out], TEAM, out=tmp_path).messages())) == 1
    (tmp_path / "a.json").unlink()
    with pytest.raises(ExportError, match="holds no"):
        Archive([tmp_path], TEAM, out=out)
