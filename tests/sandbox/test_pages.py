"""The demo while it is up: its two addresses, what stands there, how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def running() -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TIDEKEEPER_")}
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "demo", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=kept,
    ) as process:
        assert process.stdout is not None
        chat, desk = (process.stdout.readline().split() for _ in range(2))
        assert (chat[0], desk[0]) == ("chat", "console")
        yield process, chat[1], desk[1]
        if process.poll() is None:
            process.kill()


def get(address: str, **headers: str) -> tuple[int, str, dict[str, str]]:
    request = urllib.request.Request(address, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), dict(error.headers)


def test_the_demo_stays_up_and_ends_when_asked(
    running: tuple[subprocess.Popen[str], str, str],
) -> None:
    process, chat, desk = running
    status, page, headers = get(chat)
    assert status == 200
    assert "The story is playing" in page
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert get(chat + "channel/mod-queue")[0] == 200
    assert get(chat + "messages/tom")[0] == 200
    assert get(chat + "channel/nowhere")[0] == 404
    assert get(chat, Host="evil.example")[0] == 403
    assert get(desk, Host="evil.example")[0] == 403
    assert "idiot" not in _once_a_case_is_open(desk)
    assert '"status": "ok"' in get(desk + "health")[1]
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""


def _once_a_case_is_open(desk: str) -> str:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        page = get(desk)[1]
        if "case 1" in page:
            return page
        time.sleep(0.3)
    raise AssertionError("no case appeared on the console")
