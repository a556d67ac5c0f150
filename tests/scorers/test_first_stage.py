"""The first stage on weights made for the test: what is read, company, clauses, evidence, speed."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.scorers.builtin import WEIGHTS
from bot.adapters.scorers.features import BUCKETS, CHAR_SIZES, KINDS, places, read
from bot.adapters.scorers.first_stage import HEADS, FirstStage
from bot.bench.words import texts
from moderation.errors import EngineUnavailable
from moderation.text import fold

DISCOUNT = 0.5
TEXT = st.one_of(
    st.text(max_size=120),
    st.text(alphabet="ab *.,!?\n\0\t\u00e9\u0431\u20ac\U0001f602:/", max_size=60),
    st.lists(st.sampled_from(("you", "and", "en", "id*ot", "kind.", "\n", "http://a"))).map(
        " ".join
    ),
)


def weights(toxic: np.ndarray, fine: np.ndarray) -> bytes:
    meta = {
        "version": 0,
        "scales": [1e-4] * len(HEADS),
        "slopes": [1.0] * len(HEADS),
        "offsets": [-2.0] * len(HEADS),
        "clause_discount": DISCOUNT,
        "thresholds": {"maybe": 0.4, "queue": 0.5, "likely": 0.7, "severe": 0.9},
    }
    content = io.BytesIO()
    as_bytes = np.frombuffer(json.dumps(meta).encode(), dtype=np.uint8)
    np.savez(content, toxic=toxic, fine=fine, meta=as_bytes)
    return content.getvalue()


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> FirstStage:
    """Every bucket has a weight of its own, so any feature read wrongly shows."""
    chance = np.random.default_rng(5)
    toxic = chance.integers(-32767, 32768, BUCKETS).astype(np.int16)
    fine = chance.integers(-32767, 32768, (BUCKETS >> 3, 5)).astype(np.int16)
    path = tmp_path_factory.mktemp("drawn") / "builtin.npz"
    path.write_bytes(weights(toxic, fine))
    return FirstStage(path)


@pytest.fixture(scope="module")
def knowing(tmp_path_factory: pytest.TempPathFactory) -> FirstStage:
    """Knows one rude word, whatever stands around it."""
    toxic = np.zeros(BUCKETS, dtype=np.int16)
    batch = read(["idiot"])
    for kind in range(KINDS):
        toxic[batch.buckets[batch.first[kind, 0] : batch.last[kind, 0]]] = 20_000
    toxic[read([" "]).buckets] = 0
    path = tmp_path_factory.mktemp("knowing") / "builtin.npz"
    path.write_bytes(weights(toxic, np.zeros((BUCKETS >> 3, 5), dtype=np.int16)))
    return FirstStage(path)


def plain_features(text: str) -> list[list[bytes]]:
    """Words, pairs and n-grams of a text without clauses, the slow way."""
    data = f" {' '.join(text.split())} ".replace("  ", " ").encode()
    grams = [[data[at : at + n] for at in range(len(data) - n + 1)] for n in CHAR_SIZES]
    words = data.split()
    pairs = [b" ".join(pair) for pair in pairwise(words)]
    return [*grams, words, pairs]


@given(st.lists(st.text(alphabet="abcxyz \t\n'", max_size=20), min_size=1, max_size=5))
def test_reads_the_n_grams_words_and_pairs_of_each_text(several: list[str]) -> None:
    batch = read(several)
    for at, text in enumerate(several):
        read_of = [
            [
                batch.codes[a:b].tobytes()
                for a, b in zip(
                    *batch.reach(kind, np.arange(batch.first[kind, at], batch.last[kind, at])),
                    strict=True,
                )
            ]
            for kind in range(KINDS - 1)
        ]
        assert read_of == plain_features(text)


@given(st.lists(TEXT, min_size=1, max_size=6))
def test_a_feature_hashes_alike_wherever_it_stands(several: list[str]) -> None:
    batch = read(several)
    for at, text in enumerate(several):
        alone = read([text])
        for kind in range(KINDS):
            mine = batch.buckets[batch.first[kind, at] : batch.last[kind, at]]
            assert (
                mine.tolist() == alone.buckets[alone.first[kind, 0] : alone.last[kind, 0]].tolist()
            )


@settings(max_examples=200, deadline=None)
@given(several=st.lists(TEXT, max_size=8))
def test_numbers_do_not_depend_on_company(drawn: FirstStage, several: list[str]) -> None:
    folded = [fold(text).text for text in several]
    together = drawn.probabilities(folded)
    assert together.tolist() == [drawn.probabilities([one])[0].tolist() for one in folded]
    assert together[:, 0].tolist() == drawn.toxicity(folded).tolist()


def test_numbers_do_not_depend_on_where_a_long_batch_is_cut(drawn: FirstStage) -> None:
    many = [fold(text).text for text in texts(700)]
    assert drawn.toxicity(many).tolist() == [float(drawn.toxicity([one])[0]) for one in many]


def test_a_long_message_is_judged_by_its_worst_clause(knowing: FirstStage) -> None:
    kind = "thanks for the answer it works again"
    alone, whole, among = knowing.margins(
        ["you idiot", f"{kind} {kind} you idiot {kind}", f"{kind}. you idiot, {kind}"]
    )
    assert among > whole
    assert among <= alone


@pytest.mark.parametrize("cut", [". ", "! ", ", ", "\n", " \n ", " and ", " maar "])
def test_where_clauses_end(knowing: FirstStage, cut: str) -> None:
    kind = "thanks for the answer it works again"
    among, whole = knowing.margins([f"{kind}{cut}you idiot", f"{kind} x you idiot"])
    assert among > whole


def test_a_starred_letter_counts_as_what_it_may_stand_for(knowing: FirstStage) -> None:
    plain, starred, hashed, other = knowing.margins(["an idiot", "an id*ot", "an idi#t", "an id*t"])
    assert plain == starred == hashed
    assert other < plain


def test_neither_sums_nor_powers_are_taken_for_starred_words(knowing: FirstStage) -> None:
    text = "x*y and a**b and 2*3"
    assert knowing.margins([text]).tolist() == knowing.margins([text.replace("*", "+")]).tolist()


@pytest.mark.parametrize(
    ("text", "carries"),
    [
        ("please, you Idiot, thanks", "Idiot"),
        ("see https://example.org/a_b first, then   you  i.d.i.o.t !", "i.d.i.o.t"),
        ("\U0001f602\U0001f602 \u0436\u0436 you id\u200biot\U0001f602", "id\u200biot"),
        ("you id*ot there", "id*ot"),
        ("one\n\n two three four. you ||idi||ot and me", "idi||ot"),
        ("you \u0287o\u1d09p\u1d09 there", "\u0287o\u1d09p\u1d09"),
    ],
)
def test_evidence_points_into_the_original(knowing: FirstStage, text: str, carries: str) -> None:
    spans = knowing.explain(text)
    assert [text[span.start : span.end] for span in spans] == [carries]


@settings(max_examples=100, deadline=None)
@given(text=TEXT)
def test_evidence_lies_in_the_text_in_order(drawn: FirstStage, text: str) -> None:
    edges = [edge for span in drawn.explain(text) for edge in (span.start, span.end)]
    assert edges == sorted(edges)
    assert all(0 <= edge <= len(text) for edge in edges)


@given(TEXT)
def test_every_byte_that_was_read_has_its_place(text: str) -> None:
    folded = fold(text).text
    batch = read([folded])
    source = places(folded, batch)
    assert len(source) == len(batch.codes)
    assert source.tolist() == sorted(source.tolist())


def test_nothing_in_nothing_out(drawn: FirstStage) -> None:
    assert drawn.toxicity([]).shape == (0,)
    assert drawn.probabilities([]).shape == (0, len(HEADS))
    assert drawn.explain("") == ()


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r"none\.npz"):
        FirstStage(tmp_path / "none.npz")


def seconds(work: Callable[[], object], times: int) -> float:
    """The processor's time of the quickest of several runs: other work does not count."""
    spent = []
    for _ in range(times):
        begin = time.thread_time()
        work()
        spent.append(time.thread_time() - begin)
    return min(spent)


def judge(stage: FirstStage, written: Sequence[str]) -> Callable[[], object]:
    bare = fold.__wrapped__  # the cache would answer from the second run on
    return lambda: stage.toxicity([bare(text).text for text in written])


@pytest.mark.parametrize(
    "unit",
    ["a ", "*a", "ab*", ". a", " and", "\n", "a*b*c ", "i.", "1i", "```\n", "\u0287", "\U0001f602"],
)
def test_time_grows_with_length_only(drawn: FirstStage, unit: str) -> None:
    small, large = (unit * (size // len(unit)) for size in (250, 4_000))
    assert seconds(judge(drawn, [large]), 3) < 40 * max(seconds(judge(drawn, [small]), 5), 2e-4)


@pytest.mark.parametrize("text", ["**kwargs and *args", "you f**k off, idi*t. thanks", "a*b"])
def test_a_star_that_hides_nothing_is_explained_like_any_text(text: str) -> None:
    stage = FirstStage(WEIGHTS)
    assert all(0 <= span.start < span.end <= len(text) for span in stage.explain(text))
    assert stage.worst(fold(text).text)
