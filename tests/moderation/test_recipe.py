"""The recipe of CONTRIBUTING.md: a new detector is one file and one line, and it speaks."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
DETECTOR = '''"""Somebody says the word of the day."""

from __future__ import annotations

from moderation.risks import risk_of
from moderation.rules import Rules
from moderation.types import Context, Signal, Span

_KIND = "spam.heron"


def heron(context: Context, _rules: Rules) -> Signal | None:
    """``spam.heron`` where the text has the word."""
    at = context.message.text.find("heron")
    if at < 0:
        return None
    span = Span(start=at, end=at + len("heron"))
    return Signal(kind=_KIND, risk=risk_of(_KIND), score=0.9, spans=(span,))
'''

IMPORT = "from moderation.detectors.heron import heron"
SCORE = "import sys; sys.path.insert(0, '.'); from bot.cli import main; sys.exit(main(['score']))"


def test_a_detector_is_one_file_and_one_line(tmp_path: Path) -> None:
    for package in ("bot", "cogs", "config", "moderation"):
        shutil.copytree(ROOT / package, tmp_path / package)
    room = tmp_path / "moderation" / "detectors"
    (room / "heron.py").write_text(DETECTOR)
    registry = (room / "__init__.py").read_text()
    for line, added in (
        ("ALL: tuple[Detector, ...] = (\n", "    heron,\n"),
        ("from moderation.detectors.flood import flood\n", f"{IMPORT}\n"),
    ):
        assert registry.count(line) == 1
        registry = registry.replace(line, line + added)
    (room / "__init__.py").write_text(registry)
    done = subprocess.run(
        [sys.executable, "-P", "-c", SCORE],
        input=json.dumps({"text": "look, a heron"}).encode(),
        capture_output=True,
        cwd=tmp_path,
        check=True,
    )
    [signal] = json.loads(done.stdout)["signals"]
    assert (signal["kind"], signal["risk"], signal["spans"]) == ("spam.heron", 10, [[8, 13]])
