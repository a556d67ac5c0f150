"""``tidekeeper`` as a process: its output, its exit code, and never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def environment(**environ: str) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TIDEKEEPER_", "DISCORD_"))
    }
    return {**kept, "PYTHONPATH": str(ROOT), **environ}


def tidekeeper(
    *arguments: str | Path,
    stdin: str | bytes = "",
    cwd: Path = ROOT,
    **environ: str,
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "bot", *map(str, arguments)],
        input=stdin if isinstance(stdin, bytes) else stdin.encode(),
        capture_output=True,
        cwd=cwd,
        env=environment(**environ),
        timeout=50,
        check=False,
    )
    out, err = done.stdout.decode(), done.stderr.decode()
    assert "Traceback" not in err
    assert "internal error" not in err
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)


def in_shell(command: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """``tk`` in ``command`` is the program; bash knows how to close and join streams."""
    return subprocess.run(
        ["bash", "-c", f'tk() {{ "{sys.executable}" -m bot "$@"; }}; {command}'],
        capture_output=True,
        text=True,
        errors="replace",
        cwd=cwd,
        env=environment(**environ),
        timeout=50,
        check=False,
    )


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]
