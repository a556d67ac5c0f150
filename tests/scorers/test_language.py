"""The language of a text: what lies outside is found, ordinary chat never is.

The sentences were written for this test and were not used to set any bound.
"""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.scorers.language import KNOWN, Guess, language_of, marked
from moderation.types import LABELS, Scores

HERE = Path(__file__).parent


def lines(name: str) -> list[tuple[str, str]]:
    rows = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [(code, text) for code, _, text in (row.partition("\t") for row in rows)]


FOREIGN = lines("languages.tsv")
ORDINARY = lines("languages.known.tsv")


def test_sentences_of_other_languages_are_outside() -> None:
    found = [code for code, text in FOREIGN if not language_of(text).known]
    assert len(found) >= 0.92 * len(FOREIGN)
    assert set(found) == {code for code, _ in FOREIGN}


def test_the_language_that_is_named_is_mostly_right() -> None:
    right = sum(language_of(text).code == code for code, text in FOREIGN)
    assert right >= 0.88 * len(FOREIGN)


@pytest.mark.parametrize("text", [text for _, text in ORDINARY])
def test_ordinary_chat_is_never_outside(text: str) -> None:
    assert language_of(text).known


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("почему это опять не работает", "ru"),
        ("чому це знову не працює", "uk"),
        ("зашто ово опет не ради љубави", "sr"),
        ("لماذا لا يعمل هذا بعد الآن", "ar"),
        ("چرا این دیگر کار نمی‌کند", "fa"),
        ("你是个白痴", "zh"),
        ("お前は馬鹿か", "ja"),
        ("너 진짜 바보다", "ko"),
        ("तुम बेवकूफ हो", "hi"),
        ("είσαι τελείως ηλίθιος", "el"),
        ("lol 这个怎么又不能用了", "zh"),
        ("@tom 这个怎么又不能用了 https://example.com", "zh"),
    ],
)
def test_other_scripts_tell_by_themselves(text: str, code: str) -> None:
    assert language_of(text) == Guess(code=code, known=False, confident=True)


@pytest.mark.parametrize(
    "text",
    [
        "уоu аrе а fucking idiоt",  # Cyrillic look-alikes
        "уоu аге ап idiоt аnd уоu knоw it",
        "yøu åre ån idiøt and ýou knöw it",
        "ýõů ářē śũčĥ ą lõšēř, ģõ áwáý ánd nėvėr ćómė báčk",
        "ｙｏｕ ａｒｅ ａｎ ｉｄｉｏｔ",
        "𝔂𝓸𝓾 𝓪𝓻𝓮 𝓪𝓷 𝓲𝓭𝓲𝓸𝓽",
    ],
)
def test_a_disguise_is_no_foreign_language(text: str) -> None:
    assert language_of(text).known


@pytest.mark.parametrize("text", ["", "?", "lol ok", "mdr", "😀😀", "да ok", "12345", "\ud800"])
def test_too_little_to_tell_is_known_and_not_confident(text: str) -> None:
    guess = language_of(text)
    assert guess.known
    assert not guess.confident


def test_an_ordinary_sentence_is_known_for_sure() -> None:
    for text, code in (
        ("this is why we cannot have nice things", "en"),
        ("hoe kan ik dit dan weer aanzetten", "nl"),
        ("ich habe das schon gestern gemacht", "de"),
        ("je ne comprends pas ce que tu veux dire", "fr"),
        ("no entiendo lo que quieres decir con eso", "es"),
    ):
        assert language_of(text) == Guess(code=code, known=True, confident=True)


def test_an_engine_may_know_other_languages() -> None:
    polish, german = "dlaczego to znowu nie działa", "ich habe das schon gestern gemacht"
    assert language_of(polish, KNOWN | {"pl"}).known
    assert language_of(german, frozenset({"en"})) == Guess(code="de", known=False, confident=True)
    assert language_of("почему это опять не работает", frozenset({"en", "ru"})).known


def test_a_long_message_in_code_is_not_read_as_a_language() -> None:
    assert language_of("```\nfn glowny() { drukuj(dlaczego, nie, dziala) }\n``` see above").known


def test_scores_are_marked_and_not_changed() -> None:
    scores = Scores(toxicity=0.7, insult=0.6)
    unsure = marked(scores, "dlaczego to znowu nie działa")
    assert (unsure.language, unsure.unsure) == ("pl", True)
    assert [getattr(unsure, label) for label in LABELS] == [
        getattr(scores, label) for label in LABELS
    ]
    assert marked(scores, "why does this not work again") is scores
    assert marked(scores, "dlaczego to znowu nie działa", {"en", "pl"}) is scores


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_guessed(text: str) -> None:
    guess = language_of(text)
    assert guess.known or (guess.confident and guess.code not in KNOWN)
    assert marked(Scores(), text).unsure is not guess.known


@pytest.mark.parametrize("piece", ["x", "<@", "`", "@/", "ţ", "a dlaczego ", "почему это ", "1 "])
@pytest.mark.timeout(5)
def test_long_texts_take_no_time(piece: str) -> None:
    for _ in range(10):
        language_of(piece * 100_000)


def test_threads_share_the_model() -> None:
    expected = [language_of(text) for _, text in FOREIGN]
    answers: list[list[Guess]] = []
    threads = [
        threading.Thread(target=lambda: answers.append([language_of(t) for _, t in FOREIGN]))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [expected] * 4
