"""The model card's tables, from a folder of tiny sets."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from bot.training import evaluate

HEAD = "source,licence,lang,part,label,fine,text\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "toxicity"
    (folder / "test").mkdir(parents=True)
    for name in ("one.en", "two.de", "goemotions_neg.en"):
        toxic = "" if name.startswith("goemotions") else "1,,you fucking idiot\n"
        (folder / "test" / f"{name}.csv").write_text(f"label,fine,text\n{toxic}0,,all is well\n")
    irc = "irc_ubuntu_presumed0,CC,en,base,0,,try apt update\n"
    with gzip.open(folder / "dev.csv.gz", "wt") as file:
        file.write(HEAD + irc)
    with gzip.open(folder / "train.csv.gz", "wt") as file:
        file.write(HEAD + irc * 70)
    (tmp_path / "functional.en.tsv").write_text(
        "insult\ttoxic\tyou idiot\ntechnical\tharmless\tab\n"
    )
    (tmp_path / "functional.nl.tsv").write_text("insult\tharmless\tfijne dag\n")
    return tmp_path


def test_the_card_s_tables(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate.main(["--data", str(data), "--functional", str(data)]) == 0
    said = capsys.readouterr().out
    for start in ("| one.en | 2 | 1 | ", "| friendly | 1 | 0 | - | - | ", "| de | 1 | 2 | "):
        assert start in said
    assert "| Functionality | en | nl |" in said
    assert "| insult | " in said
    assert "of 2 | 100.0 % (20.7-100.0) of 1 |" in said


def test_technical_chat_was_set_aside_by_the_training_s_seed(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluate.main(["--data", str(data), "--functional", str(data)])
    [line] = [one for one in capsys.readouterr().out.splitlines() if "technical | " in one][:1]
    texts = int(line.split("|")[2])
    assert 1 < texts < 40


def test_a_folder_without_data_is_one_line_and_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate.main(["--data", str(tmp_path)]) == 2
    assert "no test sets here" in capsys.readouterr().err
