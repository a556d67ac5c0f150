"""Sentences made from frames and fillers written for this project, English and Dutch.

Each harmful family has a harmless twin that uses the same words: the person against the thing,
the illness as an illness, a denial, a quotation, a group named without contempt.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from itertools import product
from pathlib import Path

_SOURCE = Path(__file__).parent / "own" / "templates.toml"


def sentences() -> Iterator[tuple[str, str, str]]:
    """Every ``(language, fine label, text)`` of the templates, in the file's order."""
    families = tomllib.loads(_SOURCE.read_text(encoding="utf-8"))["family"]
    for family in families:
        for frame, filler in product(family["frames"], family["fillers"]):
            yield family["lang"], family["fine"], frame.replace("{}", filler)
