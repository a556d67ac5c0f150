"""``tidekeeper demo --check`` as a script meets it: a process, its last line, its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.database import verify
from bot.sandbox.scenes import STEPS

ROOT = Path(__file__).parents[2]


def demo(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TIDEKEEPER_")}
    return subprocess.run(
        [sys.executable, "-m", "bot", "demo", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**kept, **environ},
        timeout=40,
        check=False,
    )


def test_every_step_of_the_main_job_happens() -> None:
    done = demo("--check")
    assert done.stderr == ""
    assert done.returncode == 0
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["ok"] is True
    assert said["steps"] == dict.fromkeys(STEPS, True)
    assert said["messages"] >= 120
    assert said["cases"] == 6
    assert said["seconds"] < 40


def test_the_database_is_kept_where_the_settings_say_and_can_be_used_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/kept.db"
    assert demo("--check", TIDEKEEPER_STORE_URL=url).returncode == 0
    first = verify(url)
    assert demo("--check", TIDEKEEPER_STORE_URL=url).returncode == 0
    second = verify(url)
    assert first.sound
    assert second.sound
    assert second.entries > first.entries > 20


def test_a_step_that_does_not_happen_is_a_failure() -> None:
    done = demo("--check", TIDEKEEPER_POLICY_THRESHOLDS_QUEUE="1.0")
    assert done.returncode == 1
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["ok"] is False
    assert said["steps"]["queued"] is False
    assert "no case was opened" in said["failed"]


def test_a_taken_port_is_said_in_one_line() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = demo("--port", str(port), TIDEKEEPER_CONSOLE_BIND="127.0.0.1:0")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"tidekeeper: port {port} is taken; choose another one with --port"
    ]


@pytest.mark.parametrize("missing", ["simcord", "markdown_it"])
def test_a_missing_extra_is_said_in_one_line(tmp_path: Path, missing: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as u\nreal = u.find_spec\n"
        f"u.find_spec = lambda name, *a: None if name == {missing!r} else real(name, *a)\n"
    )
    done = demo("--check", PYTHONPATH=str(tmp_path))
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "tidekeeper[demo]" in done.stderr
