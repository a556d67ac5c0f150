"""Texts on their own, with an engine that says what the test wants."""

from __future__ import annotations

from collections.abc import Sequence

from bot.assess import Assessor, Text
from config.schema import Settings
from moderation.types import LABELS, Scores, Span, Thresholds


class _Says:
    """A scorer of one answer, or of none."""

    name = "fake@1"

    def __init__(self, scores: Scores | None) -> None:
        self._scores = scores

    def score(self, texts: Sequence[str]) -> Sequence[Scores]:
        if self._scores is None:
            raise ArithmeticError
        return [self._scores] * len(texts)

    def explain(self, text: str) -> tuple[Span, ...]:
        return ()


def assess(scores: Scores | None) -> dict[str, object]:
    assessor = Assessor(_Says(scores), Settings(), Thresholds())
    [answer] = assessor.assess([Text(id="1", text="tutaj nic nie ma")])
    return answer


def test_an_answer_says_when_the_engine_does_not_know_the_language() -> None:
    answer = assess(Scores(toxicity=0.02, language="pl", unsure=True))
    assert (answer["unsure"], answer["language"]) == (True, "pl")
    assert answer["scores"] == {**dict.fromkeys(LABELS, 0.0), "toxicity": 0.02}
    assert answer["disposition"] == "allow"


def test_an_unsure_engine_may_not_know_which_language_it_is() -> None:
    assert assess(Scores(unsure=True))["language"] is None


def test_known_languages_and_failures_are_not_unsure() -> None:
    for answer in (assess(Scores(toxicity=0.02)), assess(None)):
        assert (answer["unsure"], answer["language"]) == (False, None)
