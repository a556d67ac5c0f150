"""The second stage: what is trained is what is shipped, on a base of random weights."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from bot.training.corpus import Row, joined, own_rows
from moderation.errors import ExportError

torch = pytest.importorskip("torch", reason="training the encoder needs torch")

from bot.adapters.scorers.second_stage import SecondStage  # noqa: E402
from bot.training import encoder, pieces, reading, second  # noqa: E402
from bot.training.base import BLOCK, WIDTH, Base, read_base, unpacked  # noqa: E402

WORDS = ["you", "are", "a", "fool", "friend", "clown", "kind", "and", "the", "build", "works"]
PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", *(f"▁{word}" for word in WORDS), *"abcdefgh"]
BLOCKS = WIDTH // BLOCK


@pytest.fixture(scope="module")
def base() -> Base:
    chance = np.random.default_rng(3)

    def matrix(outputs: int, inputs: int) -> np.ndarray:
        return chance.normal(0, 0.05, (outputs, inputs)).astype(np.float32)

    tensors = {"emb.pos": matrix(512, WIDTH), "emb.type": matrix(2, WIDTH)}
    norms = [
        "emb.ln",
        *(f"l{at}.{name}" for at in range(encoder.LAYERS) for name in ("aln", "oln")),
    ]
    for name in norms:
        tensors |= {f"{name}.w": np.ones(WIDTH, "f4"), f"{name}.b": np.zeros(WIDTH, "f4")}
    for at in range(encoder.LAYERS):
        for name in ("q", "k", "v", "ao", "fi", "fo"):
            outputs = 4 * WIDTH if name == "fi" else WIDTH
            inputs = 4 * WIDTH if name == "fo" else WIDTH
            tensors[f"l{at}.{name}.w"] = matrix(outputs, inputs)
            tensors[f"l{at}.{name}.b"] = np.zeros(outputs, "f4")
    return Base(
        pieces=PIECES,
        chances=[-1.0 - at / 10 for at in range(len(PIECES))],
        scales=np.full((len(PIECES), BLOCKS), 0.05, dtype=np.float16),
        nibbles=chance.integers(0, 256, (len(PIECES), BLOCKS, BLOCK // 2)).astype(np.uint8),
        tensors=tensors,
    )


@pytest.fixture(scope="module")
def trained(base: Base, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, encoder.Encoder]:
    cutter = pieces.tokenizer(base.pieces, base.chances)
    chance = random.Random(5)
    rows = [
        Row(text=f"you are a {last}", toxic=last in {"fool", "clown"}, source="own", lang="en")
        for last in chance.choices(["fool", "clown", "friend", "kind"], k=640)
    ]
    read = reading.examples(rows, cutter, frozenset(), [])
    torch.manual_seed(1)
    model = encoder.Encoder(base, range(len(PIECES)), 1)
    encoder.train(model, [read, read], seed=1, threads=1)
    out = tmp_path_factory.mktemp("second")
    second.write(out, model, base, range(len(PIECES)), cutter)
    return out, model


def test_it_learns_what_it_was_shown(trained: tuple[Path, encoder.Encoder]) -> None:
    stage = SecondStage(trained[0])
    assert stage.odds("you are a fool")[0] > 0 > stage.odds("you are a friend")[0]


def test_what_ships_computes_what_was_trained(
    base: Base, trained: tuple[Path, encoder.Encoder]
) -> None:
    out, model = trained
    texts = ["you are a fool", "the build works and you are kind", "a clown and a friend", "f"]
    cutter = pieces.tokenizer(base.pieces, base.chances)
    whole = encoder.logits(model, [one.ids for one in cutter.encode_batch(texts)])
    stage = SecondStage(out)
    small = np.array([stage.odds(text) for text in texts])
    assert np.abs(small - whole).max() < 0.25  # what eight bits cost
    assert np.array_equal(small, [stage.odds(text) for text in texts])


def test_a_long_text_is_as_bad_as_its_worst_part(trained: tuple[Path, encoder.Encoder]) -> None:
    stage = SecondStage(trained[0])
    kind = "you are a friend " * 200
    assert stage.odds(kind)[0] < 0
    assert stage.odds(kind + "you are a fool " * 40)[0] > 0


@pytest.mark.parametrize("text", ["", " ", "\n", "日本語", "\ud800", "a" * 4000])
def test_any_text_has_odds(trained: tuple[Path, encoder.Encoder], text: str) -> None:
    odds = SecondStage(trained[0]).odds(text)
    assert odds.shape == (6,)
    assert np.isfinite(odds).all()


def test_pieces_that_folded_text_needs_stay(base: Base) -> None:
    kept = pieces.chosen(base, ["you fool", "you fool"])
    assert kept[: pieces.SPECIAL] == [0, 1, 2, 3]
    assert PIECES.index("▁fool") in kept


def test_blocks_are_unpacked_as_they_were_packed() -> None:
    nibbles = np.arange(BLOCK // 2, dtype=np.uint8) | np.uint8(0x10)
    found = unpacked(np.array(0.5, dtype=np.float16), nibbles)
    assert found[0] == -4.0  # nibble 0, less 8, times the scale
    assert found[16] == -3.5


@pytest.mark.parametrize("name", ["missing.whl", "other.bin"])
def test_another_base_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "other.bin").write_bytes(b"E5S1 but not the one")
    with pytest.raises(ExportError, match=name):
        read_base(tmp_path / name)


def test_joined_messages_hide_one_hurtful_among_harmless() -> None:
    made = joined(own_rows(), 40, seed=9)
    assert [row.toxic for row in made] == [False, True] * 20
    assert all(row.source == "joined" for row in made)


def test_large_sets_are_thinned_the_same_way_for_a_seed() -> None:
    rows = [Row(text=str(at), toxic=False, source="edos", lang="en") for at in range(6000)]
    kept = reading.thinned(rows, seed=4)
    assert kept == reading.thinned(rows, seed=4) != reading.thinned(rows, seed=5)
    assert len(kept) < len(rows)
