"""Disguised rude words are written out, others are not touched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.scorers.spelling import respelt
from moderation.text import fold


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("f**k you", "fuck you"),
        ("you b*tch", "you bitch"),
        ("you fcuking idoit", "you fucking idiot"),
        ("what a mroon", "what a moron"),
        ("iiddiioott", "idiot"),
        ("you whor3", "you whore"),
        ("wat een s*kkel", "wat een sukkel"),
        ("k@nker op", "kanker op"),
        ("kl**tzak", "klootzak"),
        ("you 1d10t", "you idiot"),
        ("$hi+ on you", "shit on you"),
        ("k|007z@k", "klootzak"),
        ("what a 1o53r", "what a loser"),
    ],
)
def test_what_everybody_reads_is_read(written: str, read: str) -> None:
    assert respelt(fold(written)).text == read


@pytest.mark.parametrize(
    "text",
    [
        "the form comes from a trial",
        "f*** means four letters",
        "use *args and **kwargs",
        "3*4 = 12 and 5%",
        "mp3 or mp4",
        "see item #1234",
        "good look, cool book",
        "the fluke of the duck",
        "zaken, kanten, teksten",
        "version v1.2.3-rc4",
        "user@example.org",
        "passwort: s3cret$",
    ],
)
def test_everything_else_stays(text: str) -> None:
    kept = respelt(fold(text)).text
    assert kept == fold(text).text


def test_what_was_written_out_maps_to_the_disguise() -> None:
    text = "well, you f**k! or what"
    read = respelt(fold(text))
    start = read.text.index("fuck")
    span = read.span(start, start + 4)
    assert text[span.start : span.end] == "f**k"


@given(st.text(max_size=120))
def test_the_map_never_falls_and_stays_in_the_text(text: str) -> None:
    read = respelt(fold(text))
    assert len(read.origin) == len(read.text)
    assert list(read.origin) == sorted(read.origin)
    assert all(0 <= at < len(text) for at in read.origin)
