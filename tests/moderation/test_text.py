"""Folding: what it undoes, and what holds for any text whatever."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.text import digest, digest_of, fold, readings
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
        ("baddddd looooser", "bad loser"),
        ("stra\u00dfe caf\u00e9", "strasse cafe"),
        ("what a w h o r e", "what a whore"),
        ("what  a  w  h  o  r  e", "what  a  whore"),
        ("i h a t e you", "i hate you"),
        ("you i d i o t", "you idiot"),
        ("you a s s h o l e", "you asshole"),
        ("an a s s", "an ass"),
        ("you a.b.c.d", "you abcd"),
        ("ni99le", "niggle"),
        ("b1tch" + "h" * 40, "bitch"),
        ("**mo**ron *stu*pid id__iot__", "moron stupid idiot"),
        ("mo**ro**n **i****d****i****o****t**", "moron idiot"),
        ("i~d~i~o~t i|d|i|o|t i\\d\\i\\o\\t i : d : i : o : t", "idiot idiot idiot idiot"),
        ("i\U0001f44fd\U0001f44fi\U0001f44fo\U0001f44ft", "idiot"),
        ("i\nd\ni\no\nt", "idiot"),
        ("i-@-i-0-t g-0-r-3", "iaiot gore"),
        ("you ```\nidiot\n```, go", "you idiot, go"),
        ("you \u202etoidi\u202c there", "you idiot there"),
        ("you \u0287o\u1d09p\u1d09 there", "you idiot there"),
        ("idio\u0287 d\u0250m", "idiot dam"),
        ("\u026a\u1d05\u026a\u1d0f\u1d1b \u1d0d\u1d0f\u0280\u1d0f\u0274", "idiot moron"),
        ("\u24a4\u249f\u24a4\u24aa\u24af", "idiot"),
        ("g0r3 sh1t5 r374rd", "gore shits retard"),
        ("assho1e c1own k1ll ki11 fi1thy l1ar 8itch", "asshole clown kill kill filthy liar bitch"),
        ("fooool gooood sssshit assssshole", "fool good shit asshole"),
        ("killll pleaseee bullshiiit retardsss", "kill please bullshit retards"),
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
        "the 9th of 9gag at 9am, win95 and mp3",
        "x*y and a**b",
        "plan a b and c",
        "you & me @ann",
        "python3, mp3 and web3 on port 80 at 4",
        "x = 2**3**4 and b + c",
        "c:/users/anna and a snake_case_name2",
        "1 a, 2 b and 3 c",
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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("You  IDIOT", "you idiot"),
        ("you idiot", " you\n\tidiot "),
        ("you idiot", "you **idiot**"),
        ("you idiot", "*you* __idiot__"),
        ("you idiot", "***you idiot***"),
        ("you idiot", "||you idiot||"),
        ("you idiot", "you id\u200bio\u2060t\ufeff"),
        ("so (very) nice.", "so (*very*) _nice_."),
    ],
)
def test_a_cosmetic_edit_keeps_the_digest(one: str, other: str) -> None:
    assert digest(one) == digest(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("rm -rf", "rm -rf *"),
        ("rm -rf /tmp", "rm -rf / tmp"),
        ("rm a b", "rm a* b*"),
        ("you idiot", "you genius"),
        ("you cat", "you c4t"),
        ("you moron", "you m0r0n"),
        ("you idiot", "you i d i o t"),
        ("so god", "so goood"),
        ("so good", "so gooooood"),
        ("2*3*4", "234"),
        ("a_b_c", "abc"),
        ("pay 10", "pay 1o"),
        ("x = a ** b ** c", "x = a b c"),
        ("`*x*`", "`x`"),
        ("you are ~~not~~ wrong", "you are not wrong"),
        ("nowhere", "now here"),
        ("caf\u00e9", "cafe"),
        ("\u0440ay", "pay"),
        ("stra\u00dfe", "strasse"),
        ("\U0001f468\u200d\U0001f469", "\U0001f468\U0001f469"),
        ("\u202eabc", "abc"),
        ("\\*x\\*", "\\x\\"),
        ("* one\n* two", "one\ntwo"),
        ("https://x.example/_a_", "https://x.example/a"),
        ("why?", "why"),
    ],
)
def test_an_edit_of_substance_changes_the_digest(one: str, other: str) -> None:
    assert digest(one) != digest(other)


def test_a_digest_has_64_places_and_a_plain_text_its_own() -> None:
    assert len(digest("")) == 64
    assert digest("hello there") == digest_of("hello there")


@given(st.one_of(st.text(max_size=60), TRICKY))
def test_texts_of_one_digest_have_the_same_letters(text: str) -> None:
    """Nothing but white space, case, invisible characters and marks of markup is let go."""
    bare = "".join(char for char in text if char.isalnum())
    assert digest(text) == digest(f" {text.swapcase().swapcase()} ") or not text.isascii()
    assert digest(f"{bare}x") != digest(bare)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("mooooron", "mooooron"),
        ("mo__ron", "moron"),
        ("see a b u s e r", "see abuser"),
        ("see i d i o t", "see i diot"),
        ("hey a n u s", "hey anus"),
    ],
)
def test_a_disguised_text_has_other_readings(written: str, read: str) -> None:
    found = {reading.text: reading for reading in readings(written)}
    assert read in found
    assert fold(written).text not in found
    assert found[read].span(0, len(read)) == Span(start=0, end=len(written))


def test_a_plain_text_has_no_other_reading() -> None:
    assert list(readings("just some plain text, 3 of 4 agree")) == []


@settings(max_examples=400, deadline=None)
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
    for reading in readings(text):
        assert len(reading.text) == len(reading.origin)
        assert list(reading.origin) == sorted(reading.origin)


@pytest.mark.parametrize(
    "unit",
    ["a ", "`", "```a", "|*", "a1", "<:", "aa", "https://", "\u0336", "$", "**a", "*a ", " _b"],
)
def test_time_grows_with_length_only(unit: str) -> None:
    """Sixteen times the text takes far less than the 256 times of a quadratic pass."""
    small, large = unit * 2_000, unit * 32_000
    assert _seconds(large) < 60 * max(_seconds(small), 0.0005)


def _seconds(text: str) -> float:
    """The processor's time of the quickest run, without the cache: other work does not count."""
    runs = []
    for _ in range(3):
        fold.cache_clear()
        start = time.thread_time()
        fold(text)
        digest(text)
        list(readings(text))
        runs.append(time.thread_time() - start)
    return min(runs)
