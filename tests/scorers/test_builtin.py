"""The engine that ships: its contract as a scorer, its quality on sentences it never saw."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.scorers.builtin import WEIGHTS, BuiltinScorer
from bot.adapters.scorers.first_stage import FirstStage
from bot.bench.words import texts
from moderation.errors import EngineUnavailable
from moderation.text import fold
from moderation.types import LABELS, Scores

FOLDER = Path(__file__).parent


@pytest.fixture(scope="module")
def scorer() -> BuiltinScorer:
    return BuiltinScorer()


def right(scorer: BuiltinScorer, language: str) -> dict[str, list[bool]]:
    """Whether each functional sentence falls on its side of the queue's bound, by functionality."""
    path = FOLDER / f"functional.{language}.tsv"
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    scores = scorer.score([text for _, _, text in rows])
    found: dict[str, list[bool]] = {}
    for (functionality, expected, _), one in zip(rows, scores, strict=True):
        queued = one.toxicity >= scorer.thresholds.queue
        found.setdefault(functionality, []).append(queued == (expected == "toxic"))
    return found


def share(verdicts: Iterable[bool]) -> float:
    known = list(verdicts)
    return sum(known) / len(known)


@pytest.mark.parametrize(("language", "least"), [("en", 0.76), ("nl", 0.85)])
def test_most_functional_sentences_are_judged_right(
    scorer: BuiltinScorer, language: str, least: float
) -> None:
    found = right(scorer, language)
    assert share(chain.from_iterable(found.values())) >= least


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize(
    "functionality", ["technical", "identity_neutral", "complaint", "banter", "everyday"]
)
def test_ordinary_talk_is_left_alone(
    scorer: BuiltinScorer, language: str, functionality: str
) -> None:
    assert share(right(scorer, language)[functionality]) >= 0.8


def queued(scorer: BuiltinScorer, texts: list[str]) -> float:
    return sum(one.toxicity >= scorer.thresholds.queue for one in scorer.score(texts)) / len(texts)


def test_an_insult_in_a_long_kind_message_is_found(scorer: BuiltinScorer) -> None:
    kind = "Thanks for the quick answer, the export works again and the team is happy with it"
    assert queued(scorer, [kind]) == 0
    assert (
        queued(scorer, [f"{kind}. You are a fucking idiot. See you at the meeting tomorrow"]) == 1
    )


def test_labels_tell_kinds_apart(scorer: BuiltinScorer) -> None:
    threat, insult, swearing = scorer.score(
        ["I will break your neck and kill you", "you are an idiot and a liar", "fucking hell"]
    )
    assert threat.threat > 0.3 > insult.threat
    assert insult.insult > 0.5 > threat.insult
    assert swearing.obscene > 0.5 > insult.obscene


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=200), max_size=6))
def test_any_text_has_scores_that_do_not_depend_on_company(texts: list[str]) -> None:
    scorer = _SHARED
    together = scorer.score(texts)
    assert together == [scorer.score([text])[0] for text in texts]
    for scores in together:
        values = [getattr(scores, label) for label in LABELS]
        assert all(0.0 <= value <= 1.0 for value in values)
        assert all(value <= scores.toxicity for value in values[1:5])


_SHARED = BuiltinScorer()


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300))
def test_explained_spans_lie_in_the_text_in_order(text: str) -> None:
    spans = _SHARED.explain(text)
    edges = [edge for span in spans for edge in (span.start, span.end)]
    assert edges == sorted(edges)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)


@pytest.mark.parametrize(
    ("text", "carries"),
    [
        ("please read this, you are an idiot, thanks", "idiot"),
        ("well, you I.d.I.o.T", "I.d.I.o.T"),
        ("wat een sukkel ben jij", "sukkel"),
    ],
)
def test_explains_with_the_words_that_carry_the_score(
    scorer: BuiltinScorer, text: str, carries: str
) -> None:
    found = [text[span.start : span.end] for span in scorer.explain(text)]
    assert any(carries in words for words in found)


def test_threads_share_one_engine(scorer: BuiltinScorer) -> None:
    texts = [f"message {number} you fool" for number in range(64)]
    expected = scorer.score(texts)
    answers: list[list[Scores]] = []
    threads = [threading.Thread(target=_ask(scorer, texts, answers)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [expected] * 4


def _ask(
    scorer: BuiltinScorer, texts: list[str], answers: list[list[Scores]]
) -> Callable[[], None]:
    return lambda: answers.append(scorer.score(texts))


def test_nothing_in_nothing_out(scorer: BuiltinScorer) -> None:
    assert scorer.score([]) == []
    assert scorer.explain("") == ()


def test_bounds_rise_and_the_name_has_a_version(scorer: BuiltinScorer) -> None:
    bounds = scorer.thresholds
    assert 0 < bounds.maybe <= bounds.queue <= bounds.likely <= bounds.severe < 1
    assert scorer.name.startswith("builtin@")


@pytest.mark.parametrize("content", [b"", b"not weights", b"{}", b"[]"])
@pytest.mark.parametrize(
    "name", ["builtin.npz", "encoder.onnx", "words.npz", "pieces.json", "judge.json"]
)
def test_damaged_files_are_named(tmp_path: Path, name: str, content: bytes) -> None:
    for path in WEIGHTS.parent.iterdir():
        shutil.copy(path, tmp_path / path.name)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(EngineUnavailable, match=str(tmp_path)):
        BuiltinScorer(tmp_path / "builtin.npz")


def test_weights_are_small_enough_to_ship() -> None:
    assert sum(path.stat().st_size for path in WEIGHTS.parent.iterdir()) < 30_000_000


def test_the_first_stage_clears_most_of_what_is_friendly(scorer: BuiltinScorer) -> None:
    friendly = [fold(text).text for text in texts(300, seed=5)]
    first = FirstStage(WEIGHTS)
    assert len(scorer.uncleared(first.probabilities(friendly))) < 0.5 * len(friendly)


def test_a_clause_at_the_end_of_a_very_long_message_is_read(scorer: BuiltinScorer) -> None:
    kind = "thanks for the update, the export of the report works for our team again. " * 12
    assert queued(scorer, [kind]) == 0
    assert queued(scorer, [kind + "you are a pathetic worthless idiot and nobody wants you"]) == 1
