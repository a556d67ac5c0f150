"""A disguised word counts as much as a plain one; harmless text that looks like one does not.

The first stage is asked alone, then the whole engine.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from bot.adapters.scorers.builtin import WEIGHTS, BuiltinScorer
from bot.adapters.scorers.first_stage import FirstStage
from moderation.text import fold
from tests.scorers.disguises import ALL

LARGEST_FALL = 0.1
READ = {
    "leet": 0.50,
    "light leet": 0.95,
    "stretched": 0.88,
    "stretched all": 0.68,
    "stretched and lookalike": 0.90,
    "keycaps": 0.80,
    "upside down": 0.95,
    "starred": 0.0,
    "starred out": 0.0,
    "swapped": 0.0,
    "leet and spaces": 0.93,
    "spoiler and leet": 0.95,
}
"""Least share of sentences that fold to exactly the plain one, where it is not 97 %.

Not everything can be undone: trailing digits may be numbers (``whor3``, ``mp3``), how often a
stretched letter was meant is a guess, a starred or swapped letter is left to the engine, and
``lul`` upside down has no letter that is not one the right way up, too.
"""
HELD = {
    "leet": 0.60,
    "light leet": 0.93,
    "stretched": 0.93,
    "stretched all": 0.78,
    "stretched and lookalike": 0.93,
    "keycaps": 0.80,
    "upside down": 0.95,
    "starred": 0.90,
    "starred out": 0.40,
    "swapped": 0.35,
    "leet and spaces": 0.93,
    "spoiler and leet": 0.93,
}
"""Least share of sentences whose score does not fall by more than 0.1, where it is not 97 %."""
ENGINE_HELD = {"leet": 0.85, "swapped": 0.90, "stretched all": 0.93, "starred out": 0.93}
"""The same for both stages with the spelling of rude words, where it is not 96 %."""


def sentences(kind: str) -> list[str]:
    """Those of one kind; the word that will be hidden stands in braces."""
    table = (Path(__file__).parent / "evasion.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t", 2) for line in table.split("\n") if line]
    return [text.replace("\\n", "\n") for what, _, text in rows if what == kind]


def hidden(name: str) -> list[tuple[str, str, int, int]]:
    """Every rude sentence in one disguise, plain, and where the disguised word is."""
    chance = random.Random(name)
    cases = []
    for text in sentences("rude") * 2:
        before, _, rest = text.partition("{")
        word, _, after = rest.partition("}")
        written = ALL[name](word, chance)
        cases.append(
            (
                f"{before}{written}{after}",
                f"{before}{word}{after}",
                len(before),
                len(before) + len(written),
            )
        )
    return cases


def folded(text: str) -> str:
    return " ".join(fold(text).text.split())


@pytest.fixture(scope="module")
def stage() -> FirstStage:
    return FirstStage(WEIGHTS)


@pytest.fixture(scope="module")
def engine() -> BuiltinScorer:
    return BuiltinScorer()


@pytest.mark.parametrize("name", ALL)
def test_folds_to_the_plain_sentence(name: str) -> None:
    same = [folded(written) == folded(plain) for written, plain, *_ in hidden(name)]
    assert sum(same) / len(same) >= READ.get(name, 0.97)


@pytest.mark.parametrize("name", ALL)
def test_a_disguise_does_not_lower_the_score(stage: FirstStage, name: str) -> None:
    written, plain, *_ = zip(*hidden(name), strict=True)
    falls = stage.toxicity([fold(text).text for text in plain]) - stage.toxicity(
        [fold(text).text for text in written]
    )
    assert (falls <= LARGEST_FALL).mean() >= HELD.get(name, 0.97)


@pytest.mark.parametrize("name", ALL)
def test_a_disguise_does_not_lower_what_the_whole_engine_says(
    engine: BuiltinScorer, name: str
) -> None:
    written, plain, *_ = zip(*hidden(name)[: len(sentences("rude"))], strict=True)
    pairs = zip(engine.score(plain), engine.score(written), strict=True)
    held = [before.toxicity - after.toxicity <= LARGEST_FALL for before, after in pairs]
    assert sum(held) / len(held) >= ENGINE_HELD.get(name, 0.96)


@pytest.mark.parametrize("name", [name for name in ALL if name not in READ])
def test_evidence_is_where_the_disguised_word_is(stage: FirstStage, name: str) -> None:
    """Wherever the plain word is what carries the plain sentence's score."""
    for written, plain, start, end in hidden(name):
        length = end - start + len(plain) - len(written)
        carried = any(s.start < start + length and s.end > start for s in stage.explain(plain))
        if carried and folded(written) == folded(plain):
            assert any(span.start < end and span.end > start for span in stage.explain(written))


@pytest.mark.parametrize("name", [name for name in ALL if name not in READ])
def test_the_map_to_the_original_covers_the_disguised_word(name: str) -> None:
    """First and last letter of the word, read in folded text, came from the disguise's place."""
    for written, plain, start, end in hidden(name):
        if folded(written) != folded(plain):
            continue
        read = fold(written)
        assert len(read.origin) == len(read.text)
        inside = [at for at, source in enumerate(read.origin) if start <= source < end]
        word = plain[start : start + end - start + len(plain) - len(written)]
        assert fold(word).text in read.text[inside[0] : inside[-1] + 1]


def test_harmless_text_that_looks_disguised_stays_below_the_queue(stage: FirstStage) -> None:
    texts = sentences("harmless")
    scores = stage.toxicity([fold(text).text for text in texts])
    raised = [
        text
        for text, score in zip(texts, scores, strict=True)
        if score >= stage.thresholds.queue
        and stage.toxicity([text.lower()])[0] < stage.thresholds.queue
    ]
    assert raised == []


def test_there_are_enough_sentences() -> None:
    assert len(sentences("rude")) >= 50
    assert len(sentences("harmless")) >= 40
