"""Folding: what it undoes, and what holds for any text whatever."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.text import digest, fold
from moderation.types import Span

TRICKY = st.text(
    alphabet="abcdeiost 0134579@$!|+_*~`./-<>:\n\u20ac\u00e9\u0130\u00df\ufb01\u200b\u0336"
    "\U0001f1e6\U0001f171\u0430\ud55c\ud800",
    max_size=60,
)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("IDIOT", "idiot"),
        ("i d i o t", "idiot"),
        ("you i.d.i.o.t.", "you idiot."),
        ("i-d-1-o-t", "idiot"),
        ("1d10t", "idiot"),
        ("5tupid c4t", "stupid cat"),
        ("a$$hat @sshat", "asshat asshat"),
        ("st\u200bup\u200did", "stupid"),
        ("\uff53\uff54\uff55\uff50\uff49\uff44", "stupid"),
        ("\u0455tup\u0456d", "stupid"),
        ("s\u0336t\u0337u\u0338p\u0336i\u0336d\u0336", "stupid"),
        ("\U0001f1ee \U0001f1e9 \U0001f1ee \U0001f1f4 \U0001f1f9", "idiot"),
        ("\U0001f178\U0001f173\U0001f178\U0001f17e\U0001f183", "idiot"),
        ("||stu||pid", "stupid"),
        ("**bold** _words_ ~~gone~~", "bold words gone"),
        ("stuuuupid", "stupid"),
        ("baddddd looooser", "bad looser"),
        ("stra\u00dfe caf\u00e9", "strasse cafe"),
    ],
)
def test_disguises_are_undone(written: str, meant: str) -> None:
    assert fold(written).text == meant


@pytest.mark.parametrize(
    "plain",
    [
        "1000 users at 10:30 on port 8080",
        "the 2nd build of v2.3 on x86 with utf8",
        "3d models, 4k video and 2fa",
        "see https://example.org/a1b_c4t?x=_1_ and <@123456> <:c4t_wave:99>",
        "a snake_case name and f*ck",
        "you & me @ann",
    ],
)
def test_ordinary_text_stays(plain: str) -> None:
    assert fold(plain).text == plain


def test_spans_lead_back_to_the_original() -> None:
    text = "well, you I.d.I.o.T!"
    folded = fold(text)
    start = folded.text.index("idiot")
    assert folded.span(start, start + 5) == Span(start=10, end=19)
    assert text[10:19] == "I.d.I.o.T"


def test_code_is_kept_and_marked() -> None:
    text = "try `kill -9` or\n```sh\nrm x\n```"
    folded = fold(text)
    assert "kill -9" in folded.text
    assert [text[span.start : span.end] for span in folded.code] == [
        "`kill -9`",
        text[17:],
    ]


def test_a_range_outside_the_text_is_refused() -> None:
    folded = fold("abc")
    for start, end in ((0, 0), (-1, 2), (2, 4)):
        with pytest.raises(ValueError, match="no folded text"):
            folded.span(start, end)


def test_digest_ignores_disguise_and_sees_substance() -> None:
    assert digest("You  IDIOT") == digest("you **i d i o t**")
    assert digest("you idiot") != digest("you genius")
    assert len(digest("")) == 64


@settings(max_examples=400)
@given(st.one_of(st.text(max_size=80), TRICKY))
def test_any_text_folds_once_and_for_all(text: str) -> None:
    folded = fold(text)
    assert len(folded.text) == len(folded.origin)
    assert list(folded.origin) == sorted(folded.origin)
    assert fold(folded.text).text == folded.text
    for at in range(len(folded.text)):
        span = folded.span(at, len(folded.text))
        assert 0 <= span.start < span.end <= len(text)
    assert all(0 <= span.start < span.end <= len(text) for span in folded.code)


@pytest.mark.parametrize(
    "unit", ["a ", "`", "```a", "|*", "a1", "<:", "aa", "https://", "\u0336", "$"]
)
def test_time_grows_with_length_only(unit: str) -> None:
    """Sixteen times the text takes far less than the 256 times of a quadratic pass."""
    small, large = unit * 2_000, unit * 32_000
    assert _seconds(large) < 60 * max(_seconds(small), 0.0005)


def _seconds(text: str) -> float:
    runs = []
    for _ in range(3):
        start = time.perf_counter()
        fold(text)
        runs.append(time.perf_counter() - start)
    return min(runs)
