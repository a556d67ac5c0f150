"""The command line as a person or script meets it: a process, its output and its exit code."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import tomllib
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.process import ROOT, objects, tidekeeper
from tests.replay.exporting import author, message, write

COMMANDS = ("run", "demo", "replay", "score", "doctor", "engine", "db", "bench")


def test_a_process_that_is_started_from_a_command_does_not_run_it_again() -> None:
    """``bench`` measures in processes of its own, which read the main file first."""
    reading = [sys.executable, "-c", "import bot.__main__; print('read')"]
    done = subprocess.run(
        reading, capture_output=True, text=True, cwd=ROOT, timeout=30, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "read\n", "")


@pytest.mark.parametrize("command", [(), *((c,) for c in COMMANDS), ("db", "verify")])
def test_every_command_explains_itself(command: tuple[str, ...]) -> None:
    done = tidekeeper(*command, "--help")
    assert done.returncode == 0
    assert "usage: tidekeeper" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nope",),
        ("attribute",),
        ("digest",),
        ("db", "erase"),
        ("bench", "drift"),
        ("score", "--nope"),
        ("score", "--engine", "nope"),
        ("replay",),
        ("replay", "/nowhere/at/all.json"),
        ("demo", "--port", "99999"),
        ("db", "verify", "--config", "/nowhere.toml"),
        ("run",),
    ],
)
def test_bad_usage_is_one_line_and_code_2(arguments: tuple[str, ...]) -> None:
    done = tidekeeper(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("tidekeeper: ")


def test_run_names_the_missing_or_broken_token() -> None:
    assert "DISCORD_TOKEN" in tidekeeper("run").stderr
    done = tidekeeper("run", DISCORD_TOKEN="two words")
    assert done.returncode == 2
    assert "words" not in done.stderr


def test_run_names_a_bad_api_option() -> None:
    done = tidekeeper("run", "--api", "ftp://x", DISCORD_TOKEN="a.b.c")
    assert done.returncode == 2
    assert "option --api: discord.api must be an address" in done.stderr


def test_every_invalid_setting_is_a_line(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[policy]\nmode = "quue"\nflod = 1\n')
    done = tidekeeper("doctor", "--config", file)
    assert done.returncode == 2
    assert [line.split(":")[1].strip() for line in done.stderr.splitlines()] == [
        f"{file}, line 2",
        f"{file}, line 3",
    ]


def test_score_answers_every_line_in_order() -> None:
    lines = (
        '{"id": "1", "text": "good morning, can somebody help me", "channel": "support", "x": 1}',
        "not json",
        '{"id": 2, "text": "you are a complete idiot"}',
        '{"id": "3"}',
        '{"text": "join https://discord.gg/abcd1234"}',
        '{"id": [1], "text": "x"}',
        '{"text": ""}',
        "[" * 100_000,
        '{"text": "\\ud800"}',
    )
    done = tidekeeper("score", stdin="\n".join(lines))
    assert done.returncode == 2
    answers = objects(done.stdout)
    assert len(answers) == len(lines)
    assert answers[0]["id"] == "1"
    assert answers[0]["disposition"] == "allow"
    assert answers[0]["engine"].startswith("builtin@")
    assert answers[0]["degraded"] is False
    assert (answers[0]["unsure"], answers[0]["language"]) == (False, None)
    assert set(answers[0]["scores"]) == {
        "toxicity",
        "severe_toxicity",
        "insult",
        "threat",
        "identity_attack",
        "obscene",
    }
    assert answers[2]["id"] == 2
    assert answers[2]["disposition"] == "review"
    assert answers[2]["signals"][0]["kind"].startswith("toxicity.")
    (invite,) = answers[4]["signals"]
    assert invite["kind"] == "link.invite"
    start, end = invite["spans"][0]
    assert "discord.gg" in "join https://discord.gg/abcd1234"[start:end]
    assert answers[4]["id"] is None
    assert [(a["line"], "error" in a) for a in answers if "line" in a] == [
        (2, True),
        (4, True),
        (6, True),
        (8, True),
    ]


def test_score_without_errors_ends_with_0_and_nothing_with_nothing() -> None:
    assert tidekeeper("score", stdin='{"text": "hi"}\n').returncode == 0
    done = tidekeeper("score")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_score_answers_while_the_pipe_stays_open() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "score"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    ) as process:
        assert process.stdin
        assert process.stdout
        for number in range(3):
            process.stdin.write(b'{"id": %d, "text": "hello"}\n' % number)
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == number
        process.stdin.close()
        assert process.wait(timeout=20) == 0


def test_score_survives_lines_of_any_length_and_bytes_of_any_kind() -> None:
    long = b'{"text": "' + b"x" * 3_000_000 + b'"}'
    done = tidekeeper("score", stdin=long + b"\n\xff\xfe\n" + b'{"text": "hi"}\n' + long)
    answers = objects(done.stdout)
    assert [answer.get("line") for answer in answers] == [1, 2, None, 4]
    assert "longer than" in answers[0]["error"]


def test_score_ends_quietly_when_its_reader_goes_away() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "score"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        process.stdin.write(b'{"text": "hello"}\n' * 10)
        process.stdin.close()
        assert process.wait(timeout=20) == 1
        assert process.stderr.read() == b""


def test_score_loads_neither_torch_nor_discord() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "bot", "score"],
        input=b"",
        capture_output=True,
        cwd=ROOT,
        check=True,
    )
    loaded = {line.split("|")[-1].strip() for line in done.stderr.decode().splitlines()}
    assert loaded.isdisjoint({"discord", "torch", "aiohttp", "sklearn", "simcord"})
    assert "bot.assess" in loaded


def conversation(folder: Path) -> Path:
    rude = message(3, "you are a complete idiot and a liar", author=author("zed"))
    staff = message(4, "I will look into it", author=author("mia", "Moderator"))
    joined = message(5, type="GuildMemberJoin")
    write(folder / "support.json", [message(1), message(2), rude, staff, joined])
    return folder


def test_replay_prints_one_object_in_the_words_of_the_contract(tmp_path: Path) -> None:
    conversation(tmp_path)
    (tmp_path / "torn.json").write_text('{"messages": [{"id"')
    done = tidekeeper("replay", tmp_path, "--json")
    assert done.returncode == 0
    (found,) = objects(done.stdout)
    assert found["messages"] == 4
    (case,) = found["cases"]
    assert case["message_ids"] == ["1000003"]
    assert case["kind"].startswith("toxicity.")
    assert (case["channel"], case["disposition"]) == ("100", "review")
    assert case["risk"] == 10
    assert 0.5 < case["score"] <= 1
    assert case["reasons"]
    (channel,) = found["channels"]
    assert (channel["id"], channel["name"], channel["messages"]) == ("100", "support", 4)
    assert channel["purpose"] == "Questions about the product"
    assert {skip["file"].rpartition("/")[2] for skip in found["skipped"]} == {
        "torn.json",
        "support.json",
    }
    for empty in ("drift", "questions", "digests"):
        assert found[empty] == []
    assert found["metrics"]["messages_by_writer"] == {"community": 3, "staff": 1}
    assert any("No --policy was given" in note for note in found["notes"])
    assert len(done.stderr.splitlines()) == 1
    assert "torn.json, offset" in done.stderr


def test_replay_is_the_same_every_time_and_leaves_nothing_behind(tmp_path: Path) -> None:
    conversation(tmp_path)
    before = sorted(tmp_path.iterdir())
    first, second = (tidekeeper("replay", tmp_path, "--json") for _ in range(2))
    assert first.stdout == second.stdout
    assert sorted(tmp_path.iterdir()) == before


def test_replay_writes_the_same_as_files(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    conversation(tmp_path / "in")
    out = tmp_path / "out"
    for _ in range(2):
        done = tidekeeper("replay", tmp_path / "in", "--out", out, "--json")
        assert done.returncode == 0
    (found,) = objects(done.stdout)
    assert json.loads((out / "report.json").read_text()) == found
    assert objects((out / "cases.jsonl").read_text()) == found["cases"]
    assert (out / "replay.db").exists()


def test_replay_obeys_its_policy(tmp_path: Path) -> None:
    conversation(tmp_path)
    policy = tmp_path / "policy.toml"
    policy.write_text(
        '[policy]\nwords = ["hello"]\n[staff]\nroles = ["Nobody"]\n'
        '[channels.support]\npurpose = "Ours"\n'
    )
    done = tidekeeper("replay", tmp_path / "support.json", "--policy", policy, "--json")
    (found,) = objects(done.stdout)
    assert len(found["cases"]) == 2
    assert found["channels"][0]["purpose"] == "Ours"
    assert found["metrics"]["messages_by_writer"] == {"community": 4}
    assert not any("No --policy" in note for note in found["notes"])
    policy.write_text("[channels.support]\nwatch = false\n")
    done = tidekeeper("replay", tmp_path / "support.json", "--policy", policy, "--json")
    (found,) = objects(done.stdout)
    assert found["cases"] == []
    assert found["channels"][0]["watched"] is False


def test_replay_reads_jsonl_and_speaks_to_people_without_json(tmp_path: Path) -> None:
    file = tmp_path / "chat.jsonl"
    rows = [
        {
            "id": str(n),
            "channel": "help",
            "author": "ann",
            "ts": f"2026-11-16T09:3{n}:00Z",
            "text": t,
        }
        for n, t in enumerate(("hello", "you complete idiot, shut up", "ok"))
    ]
    file.write_text("\n".join(map(json.dumps, rows)))
    done = tidekeeper("replay", file)
    assert done.returncode == 0
    assert "3 messages in 1 channels, 2026-11-16 09:30 to 2026-11-16 09:32 UTC" in done.stdout
    assert "1 cases would have been queued" in done.stdout
    assert "idiot" not in done.stdout


def test_replay_of_garbage_alone_ends_with_2(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(b"\x00\xff" * 100)
    done = tidekeeper("replay", file, "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "a.json, offset 0: is not an export in the format JSON" in done.stderr


def test_the_database_is_migrated_verified_and_copied(tmp_path: Path) -> None:
    place = {"TIDEKEEPER_STORE_URL": f"sqlite:///{tmp_path / 'tide.db'}"}
    assert tidekeeper("db", "verify", **place).returncode == 2
    assert tidekeeper("db", "migrate", **place).returncode == 0
    assert "up to date" in tidekeeper("db", "migrate", **place).stdout
    assert tidekeeper("db", "backup", tmp_path / "copy.db", **place).returncode == 0
    assert tidekeeper("db", "backup", tmp_path / "copy.db", **place).returncode == 2
    done = tidekeeper("db", "verify", **place)
    assert done.returncode == 0
    assert "sound: 1 audit lines" in done.stdout


def test_a_database_that_was_tampered_with_is_not_sound(tmp_path: Path) -> None:
    place = {"TIDEKEEPER_STORE_URL": f"sqlite:///{tmp_path / 'tide.db'}"}
    tidekeeper("db", "migrate", **place)
    tidekeeper("db", "backup", tmp_path / "copy.db", **place)
    with closing(sqlite3.connect(tmp_path / "tide.db")) as db, db:
        db.execute("DROP TRIGGER audit_no_update")
        db.execute("UPDATE audit SET actor = 'someone else'")
    done = tidekeeper("db", "verify", **place)
    assert done.returncode == 1
    assert "not sound: audit line 1" in done.stdout


def test_the_entry_point_is_this_command_line() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts["tidekeeper"] == "bot.__main__:main"
