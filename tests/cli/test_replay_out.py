"""What ``replay`` says of channels and policies, and what it writes where."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.process import objects, tidekeeper
from tests.replay.exporting import author, message, write

RUDE = "you are a complete idiot and a liar"


def replayed(*arguments: str | Path) -> dict[str, Any]:
    done = tidekeeper("replay", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return objects(done.stdout)[0]


def policy(folder: Path, text: str) -> Path:
    file = folder / "policy.toml"
    file.write_text(text)
    return file


def rude(number: int) -> dict[str, Any]:
    return message(number, RUDE, author=author("zed"))


def test_every_channel_of_a_name_is_unwatched(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        write(tmp_path / f"{number}.json", [rude(number)], id=str(number), name="lounge")
    (tmp_path / "4.jsonl").write_text(
        json.dumps(
            {"id": "4", "channel": "lounge", "author": "z", "ts": "2026-11-16T09:30:00Z"}
            | {"text": RUDE}
        )
    )
    unwatched = policy(tmp_path, "[channels.lounge]\nwatch = false\n")
    found = replayed(tmp_path, "--policy", unwatched)
    assert found["cases"] == []
    assert [channel["watched"] for channel in found["channels"]] == [False] * 4


@pytest.mark.parametrize("with_parent", [True, False])
def test_a_thread_is_what_its_channel_is(tmp_path: Path, with_parent: bool) -> None:
    if with_parent:
        write(tmp_path / "1.json", [rude(1)], id="60", name="lounge", topic="")
    thread = {"type": "GuildPublicThread", "categoryId": "60", "category": "lounge", "topic": ""}
    write(tmp_path / "2.json", [rude(2)], id="61", name="cats", **thread)
    text = '[channels.lounge]\nwatch = false\npurpose = "Anything"\n'
    found = replayed(tmp_path, "--policy", policy(tmp_path, text))
    channels = {channel["name"]: channel for channel in found["channels"]}
    assert channels["cats"]["watched"] is False
    assert channels["cats"]["purpose"] == "Anything"
    assert found["cases"] == []
    assert not any("does not hold" in note for note in found["notes"])


def test_a_topic_stays_where_the_policy_names_no_purpose(tmp_path: Path) -> None:
    write(tmp_path / "1.json", [message(1)])
    found = replayed(tmp_path, "--policy", policy(tmp_path, "[channels.support]\nwatch = false"))
    assert found["channels"][0]["purpose"] == "Questions about the product"


def test_a_policy_for_channels_that_are_not_there_is_noted(tmp_path: Path) -> None:
    write(tmp_path / "1.json", [message(1)])
    text = "[channels.lunge]\nwatch = false\n[channels.support]\nwatch = true\n"
    notes = " ".join(replayed(tmp_path, "--policy", policy(tmp_path, text))["notes"])
    assert "channels that the export does not hold: lunge" in notes
    assert "support" not in notes


def test_settings_of_the_environment_are_a_policy(tmp_path: Path) -> None:
    write(tmp_path / "1.json", [message(1)])
    chosen = policy(tmp_path, '[staff]\nroles = ["Crew"]\n')
    done = tidekeeper("replay", tmp_path, "--json", TIDEKEEPER_CONFIG=str(chosen))
    assert not any("No --policy" in note for note in objects(done.stdout)[0]["notes"])


def test_the_output_may_lie_in_the_folder_that_is_read(tmp_path: Path) -> None:
    write(tmp_path / "1.json", [rude(1)])
    first, second = (replayed(tmp_path, "--out", tmp_path / "out") for _ in range(2))
    assert first == second
    assert first["skipped"] == []


def test_the_output_may_not_be_the_input(tmp_path: Path) -> None:
    file = write(tmp_path / "report.json", [rude(1)])
    before = file.read_bytes()
    for paths, out in (
        ([tmp_path], tmp_path),
        ([file], tmp_path),
        ([tmp_path / "." / "report.json"], tmp_path / ".." / tmp_path.name),
    ):
        done = tidekeeper("replay", *paths, "--out", out)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
        assert "--out" in done.stderr
    assert file.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == [file]


def test_a_database_of_somebody_else_stays(tmp_path: Path) -> None:
    file = write(tmp_path / "1.json", [rude(1)])
    out = tmp_path / "out"
    out.mkdir()
    (out / "replay.db").write_text("precious")
    done = tidekeeper("replay", file, "--out", out)
    assert done.returncode == 2
    assert "replay.db" in done.stderr
    assert "name another --out" in done.stderr
    assert (out / "replay.db").read_text() == "precious"
    place = {"TIDEKEEPER_STORE_URL": f"sqlite:///{tmp_path / 'tide.db'}"}
    assert tidekeeper("db", "migrate", **place).returncode == 0
    shutil.move(tmp_path / "tide.db", out / "replay.db")
    assert tidekeeper("replay", file, "--out", out).returncode == 2


def test_an_output_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path / "1.json", [rude(1)])
    (tmp_path / "file").touch()
    done = tidekeeper("replay", file, "--out", tmp_path / "file")
    assert done.returncode == 2
    assert "--out" in done.stderr
    blocked = tmp_path / "out" / "report.html"
    blocked.mkdir(parents=True)
    done = tidekeeper("replay", file, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "report.html" in done.stderr


def test_the_output_holds_a_page_to_read(tmp_path: Path) -> None:
    canary = "zyzzyva"
    write(tmp_path / "1.json", [message(1, f"{RUDE} {canary}"), message(2, type="8")])
    write(tmp_path / "2.json", [message(3)], id="7", name="<script>alert(1)</script>")
    (tmp_path / "torn.json").write_text("{")
    found = replayed(tmp_path, "--out", tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    headings = re.findall(r"<h2[^>]*>([^<]*)</h2>", page)
    assert headings == [
        "What was read",
        "Cases by kind",
        "Cases by channel",
        "Cases",
        "What was left out",
        "Notes",
    ]
    assert "1000001" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script" not in page
    assert "http" not in page, "the page stands on its own"
    assert "torn.json" in page
    assert all(note[:30] in page for note in found["notes"])
    for file in (tmp_path / "out").glob("*.*"):
        if file.suffix != ".db":
            assert canary not in file.read_text()


def test_a_page_of_nothing_is_a_page(tmp_path: Path) -> None:
    write(tmp_path / "1.json", [])
    replayed(tmp_path, "--out", tmp_path / "out")
    assert "No case would have been opened." in (tmp_path / "out" / "report.html").read_text()


def test_cases_are_the_same_in_any_order_of_the_export(tmp_path: Path) -> None:
    at = message(1)["timestamp"]
    flood = [message(n, f"look {n}", timestamp=at.replace(":30+", f":{n:02}+")) for n in range(9)]
    parts = {
        "up": [flood],
        "down": [flood[::-1]],
        "parts": [flood[5:][::-1], flood[3:5], flood[:4]],
    }
    found = {}
    for name, files in parts.items():
        (tmp_path / name).mkdir()
        for number, messages in enumerate(files):
            write(tmp_path / name / f"{number}.json", messages)
        found[name] = replayed(tmp_path / name)
    assert [case["kind"] for case in found["up"]["cases"]] == ["spam.flood"]
    assert found["up"] == found["down"] == found["parts"]
