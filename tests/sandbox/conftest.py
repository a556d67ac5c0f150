"""The demo's world with the real bot in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.schema import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate({"store": {"url": f"sqlite:///{tmp_path}/demo.db"}})
