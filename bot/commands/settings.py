"""The settings of one command: its file, the environment, then its own options."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path

from config.load import load
from config.schema import Settings

_KEYS = {"api": "discord.api", "gateway": "discord.gateway", "engine": "engine.name"}
"""Options that are settings."""


def settings_of(options: Namespace, environ: Mapping[str, str]) -> Settings:
    """Raises ``SettingsError`` with a line for each problem."""
    given = vars(options)
    path: Path | None = given.get("policy") or given.get("config")
    chosen = {f"--{name}": (key, given[name]) for name, key in _KEYS.items() if given.get(name)}
    return load(path, environ, chosen)
