"""Listed words and phrases in disguise: found where they are meant, and nowhere else."""

from __future__ import annotations

import time

import pytest

from moderation.detectors.words import words
from moderation.rules import Rules
from moderation.text import fold
from moderation.types import Context, Policy, Signal
from tests.moderation.people import message

RULES = Rules.of(
    Policy(
        words=("moron", "loser", "bitch", "whore", "asshole", "ass", "titties", "nigel", "88"),
        phrases=("kill yourself", "go away forever"),
    )
)


def found(text: str, rules: Rules = RULES) -> Signal | None:
    return words(Context(message=message(text), folded=fold(text).text, digest=""), rules)


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        ("kill yourself", "kill yourself"),
        ("just kill  yourself now", "kill  yourself"),
        ("just kill\nyourself", "kill\nyourself"),
        ("KILL \t yourself", "KILL \t yourself"),
        ("kill \u00a0 yourself", "kill \u00a0 yourself"),
        ("kiiill  yourseeelf", "kiiill  yourseeelf"),
        ("go  away\n\nforever", "go  away\n\nforever"),
        ("what a w h o r e", "w h o r e"),
        ("you w h o r e", "w h o r e"),
        ("you a s s h o l e", "a s s h o l e"),
        ("such a a s s h o l e", "a s s h o l e"),
        ("mooooron", "mooooron"),
        ("what a loooser", "loooser"),
        ("lossser", "lossser"),
        ("LOOOSSSEEER!", "LOOOSSSEEER"),
        ("asssshoooole", "asssshoooole"),
        ("aaaassss", "aaaassss"),
        ("tiiittttties", "tiiittttties"),
        ("m000000ron", "m000000ron"),
        ("you b1tchhhhhhhhhhhhhhhhhhhh", "b1tchhhhhhhhhhhhhhhhhhhh"),
        ("n19el", "n19el"),
        ("you ni9el", "ni9el"),
        ("**mo**ron", "mo**ron"),
        ("mo**ro**n", "mo**ro**n"),
        ("mo__ron__", "mo__ron"),
        ("||mo||ron", "mo||ron"),
        ("moron5", "moron"),
        ("hey moron2026!", "moron"),
        ("88", "88"),
    ],
)
def test_a_listed_word_is_found_in_disguise(text: str, evidence: str) -> None:
    signal = found(text)
    assert signal is not None
    span = signal.spans[0]
    assert text[span.start : span.end] == evidence


@pytest.mark.parametrize(
    "text",
    [
        "looser trousers and a closer look",
        "the mooring, oxymoron and moronic",
        "as soon as the assessment passes",
        "aaaaas if",
        "class a b c d",
        "kill it yourself",
        "skill yourselves",
        "going away, forever",
        "tities",
        "885 and 1888 and moron12345678",
        "plan a, plan b, a w f u l",
        "base64: bW9yb25sb3Nlcg==",
        "",
    ],
)
def test_other_words_are_left_alone(text: str) -> None:
    assert found(text) is None


def test_a_long_list_stays_fast() -> None:
    listed = tuple(f"zq{n * 7919:x}w" for n in range(4000))
    rules = Rules.of(Policy(words=listed))
    context = Context(message=message("x " * 2000), folded="x " * 2000, digest="")
    words(context, rules)
    start = time.perf_counter()
    words(context, rules)
    assert time.perf_counter() - start < 0.05
