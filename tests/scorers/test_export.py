"""``engine export`` as people call it, on tiny models: what is written, measured and refused."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from bot.cli import main
from bot.training.export_parity import Parity
from bot.training.export_texts import MOST, OWN, texts_of
from moderation.errors import UserError
from moderation.types import LABELS
from tests.scorers.checkpoints import ORIGINAL, UNBIASED, needs_detoxify, tiny

pytestmark = pytest.mark.timeout(300)


def export(path: Path, digest: str, out: Path, *more: str) -> int:
    return main(
        [
            "engine",
            "export",
            "--checkpoint",
            str(path),
            "--sha256",
            digest,
            "--out",
            str(out),
            *more,
        ],
        {},
    )


@needs_detoxify
@pytest.mark.parametrize(
    ("kind", "classes", "name"), [("bert", ORIGINAL, "original"), ("roberta", UNBIASED, "unbiased")]
)
def test_writes_a_folder_under_one_manifest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, classes: list[str], name: str
) -> None:
    path, digest = tiny(tmp_path, classes, kind=kind)
    out = tmp_path / "out"
    assert export(path, digest, out) == 0
    assert capsys.readouterr().out.startswith(f"wrote {out}: verdicts equal on ")
    manifest = json.loads((out / "manifest.json").read_text())
    assert (manifest["model"], manifest["checkpoint_sha256"]) == (name, digest)
    assert sorted(manifest["labels"]) == sorted(LABELS)
    assert manifest["longest"] == 64
    assert manifest["bounds"]["first"] is None
    for file, about in manifest["files"].items():
        content = (out / file).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == tuple(about.values())
    rest = {each.name for each in out.iterdir()} - set(manifest["files"])
    assert rest == {"manifest.json", "parity.json", "parity.md"}
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


@needs_detoxify
def test_reports_how_far_each_form_is_from_the_original(tmp_path: Path) -> None:
    path, digest = tiny(tmp_path, ORIGINAL)
    texts = tmp_path / "texts.jsonl"
    lines = [json.dumps({"text": text}) for text in ("you are nice", "you idiot", "the the")]
    texts.write_text("\n".join(lines), encoding="utf-8")
    assert export(path, digest, tmp_path / "out", "--texts", str(texts), "--queue", "0.5") == 0
    report = json.loads((tmp_path / "out" / "parity.json").read_text())
    assert (report["texts"], report["source"], report["queue"]) == (3, "texts.jsonl", 0.5)
    differences = {form: each["toxicity"]["max"] for form, each in report["differences"].items()}
    assert list(differences) == ["fp32", "judge", "int8", "cascade"]
    assert differences["fp32"] < 1e-4
    assert differences["judge"] < 0.01
    assert all(each["equal"] == 1 for form, each in report["verdicts"].items() if form != "int8")
    assert set(report["load_s"]) == {"torch", *differences}
    readable = (tmp_path / "out" / "parity.md").read_text(encoding="utf-8")
    assert "| cascade | 100.000% | 0 | 0 |" in readable


@needs_detoxify
def test_no_graph_names_the_place_it_was_made_at(tmp_path: Path) -> None:
    path, digest = tiny(tmp_path, ORIGINAL)
    assert export(path, digest, tmp_path / "out") == 0
    home = str(Path(__file__).parents[2]).encode()
    assert not [f.name for f in (tmp_path / "out").iterdir() if home in f.read_bytes()]


@needs_detoxify
def test_weights_that_are_missing_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, digest = tiny(tmp_path, ORIGINAL, leave_out="classifier.weight")
    assert export(path, digest, tmp_path / "out") == 2
    assert "classifier.weight" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@needs_detoxify
def test_an_unknown_file_is_never_opened_as_a_pickle(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "model.ckpt"
    path.write_bytes(b"anything")
    assert export(path, "0" * 64, tmp_path / "out") == 2
    said = capsys.readouterr().err
    assert "its SHA-256 is" in said
    assert said.count("\n") == 1


@needs_detoxify
def test_what_is_there_is_not_written_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, digest = tiny(tmp_path, ORIGINAL)
    assert export(path, digest, tmp_path) == 2
    assert "there is something already" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong", [("--sha256", "12"), ("--queue", "0"), ("--queue", "nan"), ("--queue", "x")]
)
def test_wrong_options_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: tuple[str, str]
) -> None:
    assert export(tmp_path / "no", "0" * 64, tmp_path / "out", *wrong) == 2
    assert f"argument {wrong[0]}: must be" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "id,words\n1,x\n", "line 1: there is no column text"),
        ("a.jsonl", '{"text": "x"}\n{"text": 3}\n', "line 2: is no JSON object with a text"),
        ("a.jsonl", "[" * 100_000, "line 1: is no JSON object"),
        ("a.jsonl", "\n", "there is no text in it"),
    ],
)
def test_texts_that_cannot_be_read_are_named_by_line(
    tmp_path: Path, name: str, content: str, said: str
) -> None:
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=said):
        texts_of(file)


def test_texts_are_read_from_csv_and_jsonl_and_spread_evenly(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('id,text\n1,"a, b"\n2,\n3,c\n', encoding="utf-8")
    assert texts_of(tmp_path / "a.csv") == ["a, b", "c"]
    many = [json.dumps({"text": str(number)}) for number in range(MOST * 3)]
    (tmp_path / "b.jsonl").write_text("\n".join(many), encoding="utf-8")
    found = texts_of(tmp_path / "b.jsonl")
    assert len(found) == MOST
    assert found[:3] == ["0", "3", "6"]
    assert len(set(OWN)) == len(OWN) == len(texts_of(None))


def parity(torch: list[float], int8: list[float], queue: float = 0.6) -> Parity:
    forms = {"torch": np.array([torch]).T, "int8": np.array([int8]).T}
    return Parity(len(torch), "test", queue, ("toxicity",), scores=forms)


@pytest.mark.parametrize(
    ("torch", "int8", "bound"),
    [
        ([0.9, 0.1], [0.9, 0.1], 0.3),  # half the queue's
        ([0.9, 0.1], [0.7, 0.1], 0.199),  # twice 0.2 below it, rounded down
        ([0.9, 0.1], [0.5, 0.1], 0.0),  # too far off to clear anything
        ([0.5, 0.1], [0.9, 0.4], 0.3),  # above the original is no danger
    ],
)
def test_int8_clears_as_far_below_the_queue_as_it_errs(
    torch: list[float], int8: list[float], bound: float
) -> None:
    assert parity(torch, int8).int8_bound() == pytest.approx(bound, abs=0.0011)


def test_a_first_engine_clears_only_where_enough_was_seen_and_hardly_any_is_missed() -> None:
    torch = [0.9] * 1000 + [0.1] * 9000
    first = np.array([0.001, 0.002, 0.2, *[0.8] * 997, *[0.01] * 9000])
    assert parity(torch, torch).first_bound(first) == (0.2, pytest.approx(0.9002))
    assert parity(torch[500:], torch[500:]).first_bound(first[500:]) is None
    useless = np.array([0.001] * 10 + [0.8] * 990 + [0.01] * 9000)
    assert parity(torch, torch).first_bound(useless) is None
