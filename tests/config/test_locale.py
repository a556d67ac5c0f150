"""The words: complete in every language, with the same places, and never evaluated."""

from __future__ import annotations

import pytest

from config.locale import LANGUAGES, Locale, load_locale, places

ENGLISH = load_locale("en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_key_is_missing_and_none_is_too_many(language: str) -> None:
    assert set(load_locale(language).texts) == set(ENGLISH.texts)


@pytest.mark.parametrize("language", LANGUAGES)
def test_places_are_the_same_in_every_language(language: str) -> None:
    other = load_locale(language).texts
    for key, text in ENGLISH.texts.items():
        if not key.endswith(".one"):
            assert places(other[key]) == places(text), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_are_plain(language: str) -> None:
    for key, text in load_locale(language).texts.items():
        assert "!" not in text, key
        assert text == text.strip(), key
        assert text, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_singular_has_a_plural(language: str) -> None:
    texts = load_locale(language).texts
    for key in texts:
        if key.endswith(".one"):
            assert f"{key.removesuffix('.one')}.other" in texts


def test_a_text_is_filled_and_never_evaluated() -> None:
    locale = Locale(language="en", texts={"a": "{name} has {count.real} {0} {{x}}"})
    assert locale.text("a", name="{x}", x="no") == "{x} has {count.real} {0} {no}"


def test_a_text_is_chosen_by_count() -> None:
    locale = Locale(
        language="en", texts={"m.one": "{count} message", "m.other": "{count} messages"}
    )
    assert locale.text("m", count=1) == "1 message"
    assert locale.text("m", count=0) == "0 messages"
    assert locale.has("m")


def test_a_missing_key_or_fact_is_named() -> None:
    locale = Locale(language="en", texts={"a": "{name}"})
    with pytest.raises(LookupError, match="no text b"):
        locale.text("b")
    with pytest.raises(LookupError, match="needs the fact name"):
        locale.text("a")


@pytest.mark.parametrize(
    ("asked", "spoken"), [("nl", "nl"), ("nl-BE", "nl"), ("en-GB", "en"), ("xx", "en"), ("", "en")]
)
def test_a_language_we_do_not_have_is_english(asked: str, spoken: str) -> None:
    assert load_locale(asked).language == spoken
