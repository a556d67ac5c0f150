"""How every command ends: its code, its one line, whatever terminal and streams it was given."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.process import ROOT, environment, in_shell, objects, tidekeeper
from tests.replay.exporting import message, write

ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
RUDE = "you are a complete idiot and a liar"


@pytest.mark.parametrize("place", [ASCII, {"PYTHONIOENCODING": "ascii"}])
def test_an_ascii_terminal_is_no_trouble(tmp_path: Path, place: dict[str, str]) -> None:
    for command in ((), ("score",), ("replay",), ("bench",)):
        done = tidekeeper(*command, "--help", **place)
        assert (done.returncode, done.stderr) == (0, "")
    file = write(tmp_path / "gr\u00fc\u00df.json", [message(1), message(2, type="8")])
    assert tidekeeper("replay", file, **place).returncode == 0
    assert tidekeeper("replay", file, "--out", tmp_path / "\u00fct", **place).returncode == 0
    assert tidekeeper("nop\u00e9", **place).returncode == 2


def test_json_is_utf8_on_any_terminal(tmp_path: Path) -> None:
    file = write(tmp_path / "a.json", [message(1)], name="gr\u00fc\u00df")
    done = tidekeeper("replay", file, "--json", PYTHONIOENCODING="utf-16")
    assert objects(done.stdout)[0]["channels"][0]["name"] == "gr\u00fc\u00df"


@pytest.mark.parametrize("streams", ["<&-", ">&-", "<&- >&-", "<&- >&- 2>&-"])
def test_score_without_streams_ends_in_a_line(tmp_path: Path, streams: str) -> None:
    done = in_shell(f"tk score {streams}", tmp_path)
    assert done.returncode in (1, 2)
    assert "internal" not in done.stderr
    assert len(done.stderr.splitlines()) == (0 if "2>" in streams else 1)


def test_commands_that_answer_need_somewhere_to_answer(tmp_path: Path) -> None:
    write(tmp_path / "a.json", [message(1)])
    done = in_shell("tk replay a.json --json >&-", tmp_path)
    assert done.returncode == 1
    assert done.stderr == "tidekeeper: standard output is closed; there is nowhere to answer\n"


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    write(tmp_path / "a.json", [message(1)])
    done = in_shell("tk replay a.json --json > /dev/full", tmp_path)
    assert done.returncode == 1
    assert done.stderr == "tidekeeper: system: no space left on device\n"


def test_replay_ends_quietly_when_its_reader_goes_away(tmp_path: Path) -> None:
    write(tmp_path / "a.json", [message(1)])
    done = in_shell("tk replay a.json --json | true; exit ${PIPESTATUS[0]}", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")


def started(*arguments: str | Path, tmp: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "bot", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=environment(TMPDIR=str(tmp)),
    )


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
)
def test_a_signal_ends_a_replay_and_leaves_nothing(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    file = write(tmp_path / "a.json", [message(n, RUDE) for n in range(20_000)])
    tmp = tmp_path / "tmp"
    tmp.mkdir()
    with started("replay", file, tmp=tmp) as process:
        until = time.monotonic() + 30
        while not list(tmp.glob("tidekeeper-*/replay.db")) and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.3)
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (code, b"", b"")
    assert list(tmp.iterdir()) == []


def test_progress_is_drawn_on_a_terminal_and_wiped(tmp_path: Path) -> None:
    file = write(tmp_path / "a.json", [message(n) for n in range(5)])
    reader, terminal = pty.openpty()
    command = [sys.executable, "-m", "bot", "replay", str(file), "--json"]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=terminal, cwd=ROOT, env=environment(), check=True
    )
    os.close(terminal)
    drawn = os.read(reader, 65536).decode()
    os.close(reader)
    assert json.loads(done.stdout)["messages"] == 5
    assert "replay [##" in drawn
    assert drawn.endswith("\r\x1b[K")


def test_a_name_cannot_write_on_the_terminal(tmp_path: Path) -> None:
    name = "a\x1b[31mred\x1b]0;title\x07\u202e.json"
    (tmp_path / name).write_text("[")
    write(tmp_path / f"good-{name}", [message(1), message(2, type="8")], name="b\x1b[2J")
    for arguments in (
        ("replay", tmp_path),
        ("replay", tmp_path / f"none-{name}"),
        ("score", "--config", tmp_path / f"none-{name}"),
        ("db", "verify", "--config", tmp_path / f"none-{name}"),
        (f"nope{name}",),
    ):
        done = tidekeeper(*arguments)
        said = done.stdout + done.stderr
        assert "\\x1b[31mred" in said
        assert all(letter.isprintable() or letter == "\n" for letter in said)


@pytest.mark.parametrize(
    "arguments",
    [("replay", ""), ("score", "--config", ""), ("replay", "x", "--out", ""), ("db", "backup", "")],
)
def test_an_empty_path_is_no_path(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = tidekeeper(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert "must not be empty" in done.stderr


def test_score_takes_no_truth_for_an_id() -> None:
    done = tidekeeper("score", stdin='{"id": true, "text": "hi"}\n{"id": 1.5, "text": "hi"}\n')
    assert done.returncode == 2
    error = "field id is neither a string nor a whole number"
    assert objects(done.stdout) == [{"line": 1, "error": error}, {"line": 2, "error": error}]


def test_bench_says_what_it_can_measure() -> None:
    said = tidekeeper("bench", "--help").stdout
    for word in ("pipeline", "latency", "toxicity", "TIDEKEEPER_DATA"):
        assert word in said
