"""Settings that name a wrong place end with 2 and the name of the setting, whatever the verb."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.parts import make_scorer
from config.schema import EngineSettings
from moderation.errors import EngineUnavailable, UserError
from tests.cli.process import tidekeeper

SHA = "0" * 64
VERBS = (("migrate",), ("verify",), ("backup", "copy.db"))


def foreign(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE shopping (item TEXT)")
    return path


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_a_wrong_place_for_the_database_ends_with_2(tmp_path: Path, verb: tuple[str, ...]) -> None:
    (tmp_path / "text.db").write_text("this is a letter, not a database\n" * 40)
    for place, word in (
        (tmp_path / "none" / "tide.db", "folder"),
        (tmp_path, "is a "),
        (tmp_path / "text.db" / "tide.db", "folder"),
        (tmp_path / "text.db", "not a database"),
        (foreign(tmp_path / "shopping.db"), "another program"),
    ):
        url = f"sqlite:///{place}"
        done = tidekeeper("db", *verb, cwd=tmp_path, TIDEKEEPER_STORE_URL=url)
        assert done.returncode == 2, (place, done.stderr)
        (line,) = done.stderr.splitlines()
        assert str(place) in line
        if verb == ("migrate",):
            assert word in line.lower()
        assert "doctor" not in line
    assert not (tmp_path / "copy.db").exists()


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_memory_is_no_place_to_care_for(tmp_path: Path, verb: tuple[str, ...]) -> None:
    done = tidekeeper("db", *verb, cwd=tmp_path, TIDEKEEPER_STORE_URL="sqlite:///:memory:")
    assert done.returncode == 2
    assert "store.url is in memory" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_home_of_nobody_is_no_internal_error(tmp_path: Path) -> None:
    url = "sqlite:///~nobody-of-this-name/tide.db"
    for verb in VERBS:
        assert tidekeeper("db", *verb, cwd=tmp_path, TIDEKEEPER_STORE_URL=url).returncode == 2
    checkpoint = {"TIDEKEEPER_ENGINE_CHECKPOINT": "~nobody-of-this-name/x.npz"}
    assert tidekeeper("score", **checkpoint).returncode == 2


def test_run_and_demo_name_the_wrong_place_of_their_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/none/tide.db"
    done = tidekeeper("run", DISCORD_TOKEN="a.b.c", TIDEKEEPER_STORE_URL=url)
    assert done.returncode == 2
    assert "store.url" in done.stderr


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (EngineSettings(checkpoint="/nowhere/x.npz"), "engine.checkpoint /nowhere/x.npz: no such"),
        (EngineSettings(checkpoint="/"), "engine.checkpoint /: is a directory"),
        (EngineSettings(checkpoint=__file__), "engine.checkpoint .*: holds no weights"),
        (EngineSettings(checkpoint=__file__, sha256=SHA), "engine.sha256 is not that of engine.ch"),
        (EngineSettings(sha256=SHA), "engine.sha256 is not that of the weights that ship"),
        (EngineSettings(name="detoxify:original"), "engine.checkpoint .* engine.sha256"),
        (
            EngineSettings(name="detoxify:original", checkpoint=__file__, sha256=SHA),
            "engine.sha256 is not that of engine.checkpoint",
        ),
        (
            EngineSettings(name="detoxify:original", checkpoint="/nowhere/x", sha256=SHA),
            "engine.checkpoint /nowhere/x: no such file",
        ),
    ],
)
def test_a_wrong_engine_names_its_setting(settings: EngineSettings, said: str) -> None:
    with pytest.raises(UserError, match=said) as wrong:
        make_scorer(settings)
    assert isinstance(wrong.value, EngineUnavailable), "the doctor tells it too"
    assert "install the package again" not in str(wrong.value)


def test_an_engine_of_the_command_line_names_its_option() -> None:
    done = tidekeeper("score", "--engine", "detoxify:original")
    assert done.returncode == 2
    assert done.stderr.startswith("tidekeeper: option --engine: ")
    done = tidekeeper("score", TIDEKEEPER_ENGINE_NAME="detoxify:original")
    assert done.returncode == 2
    assert "--engine" not in done.stderr
