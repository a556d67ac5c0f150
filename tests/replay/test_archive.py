"""Chat exports in: every field that matters, any size, any damage."""

from __future__ import annotations

import json
import tempfile
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.archive import Archive
from bot.exports import staff
from bot.jsonstream import Damaged, JsonStream, Pieces
from moderation.errors import ExportError
from moderation.types import Attachment, Message, MessageKind
from tests.replay.exporting import author, document, message, write

TEAM = staff(("Moderator", "Team"))


def read(*paths: Path) -> tuple[list[Message], Archive]:
    archive = Archive(paths, TEAM)
    return list(archive.messages()), archive


def test_everything_that_matters_is_read(tmp_path: Path) -> None:
    full = message(
        1,
        "see @Bob and @everyone",
        type="Reply",
        timestampEdited="2026-11-16T11:30:00+01:00",
        author=author("mia", "moderator"),
        attachments=[
            {"id": "9", "url": "https://x/y.png", "fileName": "y.png", "fileSizeBytes": 12}
        ],
        embeds=[{"title": "one"}, {"title": "two"}],
        reactions=[{"emoji": {"name": "+"}, "count": 2}, {"emoji": {"name": "-"}, "count": 3}],
        mentions=[author("bob")],
        reference={"messageId": "77", "channelId": "100", "guildId": "1"},
    )
    (found,), archive = read(write(tmp_path / "a.json", [full]))
    assert found.at == datetime(2026, 11, 16, 9, 0, 30, tzinfo=UTC)
    assert found.edited_at == datetime(2026, 11, 16, 10, 30, tzinfo=UTC)
    assert found.kind is MessageKind.REPLY
    assert found.reply_to == "77"
    assert (found.guild, found.channel, found.channel_name) == ("1", "100", "support")
    assert found.parent is None
    assert found.author.staff
    assert found.author.roles == {"900"}
    assert found.mentions == (author("bob")["id"],)
    assert found.mass_mention
    assert found.attachments == (Attachment(name="y.png", size=12, url="https://x/y.png"),)
    assert (found.embeds, found.reactions) == (2, 5)
    assert archive.skipped == ()
    assert archive.channels[found.channel].purpose == "Questions about the product"


def test_a_thread_knows_its_channel(tmp_path: Path) -> None:
    file = write(tmp_path / "a.json", [message(1)], type="GuildPublicThread", categoryId="60")
    (found,), _ = read(file)
    assert found.parent == "60"


def test_bots_and_webhooks_are_marked(tmp_path: Path) -> None:
    bot = author("helper", isBot=True, discriminator="1234")
    hook = author("news", isBot=True)
    messages = [message(1), message(2, author=bot), message(3, author=hook)]
    found, _ = read(write(tmp_path / "a.json", messages))
    assert [(m.author.is_bot, m.author.webhook) for m in found] == [
        (False, False),
        (True, False),
        (True, True),
    ]


def test_system_messages_are_counted_by_type(tmp_path: Path) -> None:
    messages = [
        message(1, type="GuildMemberJoin"),
        message(2, type="GuildMemberJoin"),
        message(3, type="8"),
        message(4, type="19"),
        message(5, type="21"),
    ]
    found, archive = read(write(tmp_path / "a.json", messages))
    assert [m.kind for m in found] == [MessageKind.REPLY, MessageKind.THREAD_STARTER]
    assert [(skip.type, skip.count) for skip in archive.skipped] == [
        ("8", 1),
        ("GuildMemberJoin", 2),
    ]


def test_jsonl_is_read(tmp_path: Path) -> None:
    line = {
        "id": 7,
        "channel": "help",
        "author": "ann",
        "author_roles": ["Team"],
        "ts": "2026-11-16T09:30:00Z",
        "text": "h\u00e9llo \ud800",
        "reply_to": "5",
        "mentions": ["bob"],
        "attachments": ["plan.pdf"],
        "unknown": 1,
    }
    file = tmp_path / "a.jsonl"
    file.write_text(json.dumps(line) + "\n\n", "utf-8")
    (found,), archive = read(file)
    assert (found.id, found.channel, found.author.id, found.reply_to) == ("7", "help", "ann", "5")
    assert found.author.staff
    assert found.text == "h\u00e9llo \ufffd"
    assert found.mentions == ("bob",)
    assert found.attachments[0].name == "plan.pdf"
    assert archive.skipped == ()


def test_files_are_merged_in_time_order_and_overlap_is_read_once(tmp_path: Path) -> None:
    write(tmp_path / "a.json", [message(n) for n in (1, 4, 7)])
    write(tmp_path / "b.json", [message(n) for n in (2, 5, 8)], id="200")
    write(tmp_path / "a2.json", [message(n) for n in (4, 7, 9)])
    found, _ = read(tmp_path)
    assert [int(m.id) - 1_000_000 for m in found] == [1, 2, 4, 5, 7, 8, 9]


def test_a_truncated_file_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.json", [message(n) for n in range(5)], id="200")
    cut = write(tmp_path / "cut.json", [message(n) for n in range(5)])
    text = cut.read_text("utf-8")
    cut.write_text(text[: text.index("1000003") + 30], "utf-8")
    found, archive = read(cut, whole)
    assert sum(m.channel == "100" for m in found) == 3
    assert sum(m.channel == "200" for m in found) == 5
    (skip,) = archive.skipped
    assert skip.file == str(cut)
    assert skip.error == "the file ends too early"
    assert skip.offset
    assert skip.offset > 1000


def test_a_bad_message_is_named_with_its_field(tmp_path: Path) -> None:
    messages = [
        message(1, timestamp="yesterday"),
        message(2, author={"name": "nobody"}),
        message(3, content=None),
        message(4, mentions="all"),
        message(5),
    ]
    found, archive = read(write(tmp_path / "a.json", messages))
    assert len(found) == 1
    assert [(s.message, s.field, s.error) for s in archive.skipped] == [
        (1, "timestamp", "is not a time"),
        (2, "author.id", "is missing"),
        (3, "content", "is missing"),
        (4, "mentions", "is not a list"),
    ]


def test_a_bad_line_is_named_with_its_number(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    good = '{"id": 1, "channel": "c", "author": "ann", "ts": "2026-11-16T09:30:00Z", "text": "hi"}'
    file.write_text(f'{good}\nnope\n{{"id": 2}}\n{"[" * 100_000}\n[1]\n', "utf-8")
    found, archive = read(file)
    assert len(found) == 1
    assert [(s.line, s.field) for s in archive.skipped] == [
        (2, "line"),
        (3, "text"),
        (4, "line"),
        (5, "message"),
    ]


def test_many_bad_messages_are_counted_not_listed(tmp_path: Path) -> None:
    messages = [message(n, timestamp="") for n in range(200)]
    _, archive = read(write(tmp_path / "a.json", messages))
    assert len(archive.skipped) == 51
    assert archive.skipped[-1].count == 150


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"12",
        b"[1, 2]",
        b"{}",
        b'{"messages": 5}',
        b'{"messages": [',
        b'{"messages": [1, null, "x", []]}',
        b'{"messages": [{"id": "1"}] "x"}',
        b'{"messages": []} trailing',
        b"\xff\xfe\x00",
        b"[" * 200_000,
        b'{"a": ' + b"[" * 200_000,
        b'{"messages": [{"content": "' + b"x" * 100_000,
        b'{"messages": [tru',
        b'{"messages": [' + b"9" * 10_000 + b"]}",
        b"\x00" * 5000,
    ],
)
def test_what_is_no_export_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    write(tmp_path / "b.json", [message(1)])
    found, archive = read(tmp_path)
    assert len(found) == 1
    assert archive.skipped
    assert all(skip.file.endswith("a.json") and skip.error for skip in archive.skipped)


def test_a_path_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no such file"):
        Archive([tmp_path / "none.json"], TEAM)
    with pytest.raises(ExportError, match="holds no"):
        Archive([tmp_path], TEAM)


def test_memory_stays_flat(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        file = write(tmp_path / f"{count}.json", [message(n, "word " * 50) for n in range(count)])
        archive = Archive([file], TEAM)
        tracemalloc.start()
        assert sum(1 for _ in archive.messages()) == count
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(500)
    assert peak(8000) < peak(1000) * 1.3


def test_heads_name_the_channels_without_reading_messages(tmp_path: Path) -> None:
    write(tmp_path / "a.json", [message(1)])
    (tmp_path / "b.json").write_text("garbage")
    assert [head.name for head in Archive([tmp_path], TEAM).heads()] == ["support"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(json_values, st.integers(min_value=4, max_value=40))
def test_a_document_in_small_pieces_is_the_same_document(value: Any, size: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.json"
        file.write_text(json.dumps([value, value], ensure_ascii=False), "utf-8", "surrogatepass")
        try:
            assert list(JsonStream(Pieces(file, size)).items()) == [value, value]
        except Damaged as damage:
            assert damage.why == "not UTF-8 text"  # noqa: PT017 - lone surrogates are not UTF-8


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_export_never_raises(data: st.DataObject) -> None:
    raw = json.dumps(document([message(n) for n in range(3)])).encode()
    at = data.draw(st.integers(0, len(raw)))
    gone = data.draw(st.integers(0, 40))
    junk = data.draw(st.binary(max_size=12))
    with tempfile.TemporaryDirectory() as folder:
        for ending in (".json", ".jsonl"):
            file = Path(folder) / f"a{ending}"
            file.write_bytes(raw[:at] + junk + raw[at + gone :])
        found, archive = read(Path(folder))
        assert len(found) == 3 or archive.skipped


@given(
    st.dictionaries(
        st.sampled_from(sorted(message(1))) | st.sampled_from(["reference", "forwardedMessage"]),
        json_values,
    )
)
def test_a_message_of_any_shape_is_read_or_named(changed: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.json"
        file.write_text(json.dumps(document([message(1, **changed)])))
        found, archive = read(file)
        assert len(found) + len(archive.skipped) == 1
