"""``bench toxicity`` on tiny sets made here: it ends, says what is absent, keeps its names."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bot.bench import exported, lineup, others, quality, standin, told
from bot.bench.engines import Engine, lists, own
from bot.bench.lineup import Lineup
from bot.bench.quality import Scored
from bot.bench.result import Report
from bot.bench.sets import Kind, TestSet, fairly, read_sets, sampled
from bot.bench.toxicity import Plan, Watch, side_by_side
from bot.training.corpus import Row
from config.schema import EngineSettings, Settings
from moderation.errors import ExportError

PLAN = Plan(full=True, speed=0.02, lag=0.05, rows=100, speeds=None, quality=None)
INSULTS = [f"you are a fucking idiot, number {n}" for n in range(12)]
TALK = [f"the build of branch {n} is green again" for n in range(12)]


def rows(toxic: Sequence[str], harmless: Sequence[str], fine: str = "") -> list[Row]:
    pairs = [(text, True) for text in toxic] + [(text, False) for text in harmless]
    return [Row(text=text, toxic=flag, source="", lang="", fine=fine) for text, flag in pairs]


def sets() -> list[TestSet]:
    return [
        TestSet(name="tiny.en", kind=Kind.PUBLIC, rows=rows(INSULTS, TALK)),
        TestSet(name="friendly", kind=Kind.CHAT, rows=rows((), TALK)),
        TestSet(name="technical", kind=Kind.CHAT, rows=rows((), TALK)),
        TestSet(name="functional.en", kind=Kind.FUNCTIONAL, rows=rows(INSULTS, TALK, "insult")),
    ]


def engines(*names: str) -> list[Engine]:
    known = {engine.name: engine for engine in (*own(EngineSettings()), *lists())}
    return [replace(known[name], batch=8) for name in names]


def run(*names: str) -> Report:
    return side_by_side(
        Lineup(engines=engines(*names), notes=["said first"]), sets(), PLAN, Watch()
    )


@pytest.fixture(scope="module")
def report() -> Report:
    return run("builtin", "alt-profanity-check")


FIGURES = (
    "auc.tiny.en auc.macro f1.tiny.en f1.macro false_alarms.friendly false_alarms.technical"
    " functional.en functional.en.insult texts speed.single speed.batch p50 p99 memory load"
)


def test_every_figure_of_an_engine_has_its_name(report: Report) -> None:
    found = {result.name: result for result in report}
    for engine in ("builtin", "alt-profanity-check"):
        for figure in FIGURES.split():
            result = found[f"toxicity.{engine}.{figure}"]
            assert result.n > 0
            assert result.value >= 0


def test_results_are_the_contract_s_json(report: Report) -> None:
    for told_ in json.loads(json.dumps([result.as_json() for result in report])):
        assert set(told_) == {"name", "value", "unit", "n", "baseline", "ratio"}
        assert told_["baseline"] is None or set(told_["baseline"]) == {"name", "value"}


def test_names_are_told_once(report: Report) -> None:
    names = [result.name for result in report]
    assert len(names) == len(set(names))


def test_quality_stands_beside_the_word_model_s(report: Report) -> None:
    found = next(r for r in report if r.name == "toxicity.builtin.auc.macro")
    assert found.baseline == "alt-profanity-check"
    assert found.ratio == pytest.approx(found.value / (found.baseline_value or 0))


def test_the_loop_s_lag_stands_beside_the_naive_way(report: Report) -> None:
    found = next(r for r in report if r.name == "toxicity.builtin.lag.p99")
    assert found.baseline == "predict inside the coroutine"


def test_a_person_reads_two_tables_and_the_notes(report: Report) -> None:
    assert "1 of 1" in report.text or "0 of 1" in report.text
    assert "single/s" in report.text
    assert "- said first" in report.text
    assert max(map(len, report.text.splitlines())) < 140


def test_an_absent_library_is_named_with_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "profanity_check.py").write_text("raise ImportError(name='profanity_check')")
    monkeypatch.syspath_prepend(tmp_path)
    report = run("alt-profanity-check")
    assert list(report) == []
    [line] = [line for line in report.text.splitlines() if "alt-profanity-check:" in line]
    assert "pip install 'tidekeeper[bench]'" in line


def test_an_engine_that_fails_is_named_and_nothing_else_suffers() -> None:
    broken = replace(engines("builtin")[0], settings=EngineSettings(checkpoint="/nowhere/at.all"))
    report = side_by_side(Lineup(engines=[broken], notes=[]), sets(), PLAN, Watch())
    assert "- builtin: engine.checkpoint /nowhere/at.all" in report.text


def test_what_there_is_no_time_for_is_said() -> None:
    hurry = replace(PLAN, speeds=0.0, quality=0.0)
    report = side_by_side(Lineup(engines=engines("builtin"), notes=[]), sets(), hurry, Watch())
    assert "- builtin: there was no time left for it; --full" in report.text


def test_no_model_and_no_library_is_said_in_a_line_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDEKEEPER_CACHE", str(tmp_path))
    monkeypatch.setattr(others, "is_there", lambda _: False)
    line = lineup.lineup(Settings(), tmp_path, full=False)
    assert [note.partition(":")[0] for note in line.notes] == ["detoxify", "onnx"]
    assert "pip install 'tidekeeper[detoxify]'" in line.notes[0]
    assert "tidekeeper engine export" in line.notes[1]
    names = [engine.name for engine in line.engines]
    assert names == ["builtin", "first_stage", "alt-profanity-check", "better-profanity"]


def test_a_stand_in_is_measured_for_speed_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDEKEEPER_CACHE", str(tmp_path))
    monkeypatch.setattr(others, "is_there", lambda _: True)
    standin.home().mkdir()
    (standin.home() / "random.sha256").write_text("ab" * 32)
    line = lineup.lineup(Settings(), tmp_path, full=False)
    [engine] = [one for one in line.engines if one.name == "detoxify"]
    assert not engine.judged
    assert any("random weights, speed only" in note for note in line.notes)
    assert any(note.startswith("onnx: not exported here yet; --full") for note in line.notes)
    assert not exported.is_made(tmp_path)


def test_the_settings_model_is_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = EngineSettings(name="onnx:/some/folder")
    monkeypatch.setenv("TIDEKEEPER_CACHE", str(tmp_path))
    monkeypatch.setattr(others, "is_there", lambda _: False)
    line = lineup.lineup(Settings(engine=chosen), tmp_path, full=True)
    onnx = [one for one in line.engines if one.name.startswith("onnx")]
    assert [one.name for one in onnx] == ["onnx", "onnx_int8", "onnx_fp32"]
    assert all(one.judged and one.settings == chosen for one in onnx)


def test_a_bound_of_the_settings_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEKEEPER_CACHE", str(tmp_path))
    monkeypatch.setattr(others, "is_there", lambda _: False)
    settings = Settings.model_validate(
        {"policy": {"thresholds": {"queue": 0.9}}, "engine": {"name": "onnx:/some/folder"}}
    )
    line = lineup.lineup(settings, tmp_path, full=False)
    bounds = {engine.name: engine.bound for engine in line.engines}
    assert bounds["builtin"] == 0.9
    assert bounds["alt-profanity-check"] == 0.5


def test_a_beginning_of_the_texts_is_a_fair_sample() -> None:
    chosen = sets()
    begun = fairly(chosen)[:24]
    by_set = [sum(at == number for at, _ in begun) for number in range(len(chosen))]
    assert by_set == [8, 4, 4, 8]
    toxic = sum(chosen[at].rows[row].toxic for at, row in begun if at == 0)
    assert 0 < toxic < 8


def test_an_engine_that_was_too_slow_has_no_average_and_wins_nothing() -> None:
    chosen = [*sets(), TestSet(name="more.de", kind=Kind.PUBLIC, rows=rows(INSULTS, TALK))]
    places = [(at, row) for at, one in enumerate(chosen[:1]) for row in range(len(one.rows))]
    scored = Scored(scores=[1.0] * 12 + [0.0] * 12, bound=0.5)
    figures = quality.figures(chosen, places, scored, full=False)
    assert figures["auc.tiny.en"] == (1.0, 24)
    assert figures["f1.tiny.en"] == (1.0, 24)
    assert "auc.macro" not in figures
    results = told.quality_results({"slow": figures, "alt-profanity-check": figures})
    assert not any(result.name.endswith(".won") for result in results)


def test_samples_are_spread_and_functional_sets_whole() -> None:
    public, friendly, _, functional = sampled(sets(), 6)
    assert [row.text for row in public.rows] == [*INSULTS[::4], *TALK[::4]]
    assert len(friendly.rows) == 12
    assert len(functional.rows) == 24


def test_a_folder_without_sets_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no test sets"):
        read_sets(tmp_path, 1)
