"""The rows the builtin engine learns from: public sets, the project's own sentences, disguises."""

from __future__ import annotations

import csv
import gzip
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bot.training.templates import sentences
from moderation.errors import ExportError

HARMLESS = frozenset({"irc_ubuntu_presumed0", "sib200", "goemotions_neg"})
"""Sources whose harmless rows stand for ordinary chat when thresholds are chosen."""
HATE_ONLY = frozenset(
    {"edos", "guest_misogyny", "gahd", "hatemoji_build", "ken20_mhs", "hatexplain"}
)
"""Sources whose label is about hatred of groups: what they call harmless may well be an insult."""
FINE_KINDS = ("insult", "threat", "identity", "obscene")
_OWN = Path(__file__).parent / "own"
_DISGUISED_SHARE = 0.16
_CHAT = HARMLESS | {"own"}
_VOWELS = frozenset("aeiou")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One text. ``toxic`` is its label, ``fine`` the source's own finer label ("" for none)."""

    text: str
    toxic: bool
    source: str
    lang: str
    fine: str = ""


def read_rows(path: Path) -> list[Row]:
    """Rows of a CSV (plain or gzip) with ``label`` and ``text``; other columns may be absent."""
    try:
        return [_row(record) for record in csv.DictReader(_lines_of(path))]
    except (OSError, KeyError, ValueError) as error:
        raise ExportError(f"{path}: cannot be read as rows of label and text: {error!r}") from error


def _lines_of(path: Path) -> list[str]:
    content = path.read_bytes()
    plain = gzip.decompress(content) if path.suffix == ".gz" else content
    return plain.decode("utf-8").splitlines(keepends=True)


def _row(record: dict[str, str]) -> Row:
    return Row(
        text=record["text"],
        toxic=bool(int(record["label"])),
        source=record.get("source", ""),
        lang=record.get("lang", ""),
        fine=record.get("fine", ""),
    )


def telling(row: Row) -> bool:
    """Whether a row's label says what ours would: no insult passes for harmless."""
    return row.toxic or row.source not in HATE_ONLY


def own_rows() -> list[Row]:
    """The sentences written for this project, and those made from its templates."""
    rows = [
        Row(text=text, toxic=fine != "none", source="own", lang=path.name[:2], fine=fine)
        for path in sorted(_OWN.glob("*.tsv"))
        for fine, text in _lines(path)
    ]
    made = [
        Row(
            text=text,
            toxic=fine != "none",
            source="own_templates",
            lang=lang,
            fine=fine,
        )
        for lang, fine, text in sentences()
    ]
    return rows + made


def _lines(path: Path) -> list[tuple[str, str]]:
    pairs = [line.split("\t", 1) for line in path.read_text(encoding="utf-8").splitlines()]
    return [(fine, text) for fine, text in pairs]


def set_aside(rows: Sequence[Row], seed: int) -> tuple[list[Row], list[Row]]:
    """The rows to learn from, and a seventh of the harmless chat for choosing thresholds.

    The development set has too little harmless chat to see a false alarm in a hundred.
    """
    chance = random.Random(seed)
    learn: list[Row] = []
    aside: list[Row] = []
    for row in rows:
        held = row.source in HARMLESS and not row.toxic and chance.random() < 1 / 7
        (aside if held else learn).append(row)
    return learn, aside


def disguised(rows: Sequence[Row], words: frozenset[str], seed: int) -> list[Row]:
    """Copies of some toxic rows with a letter of their rude words starred out or two swapped."""
    chance = random.Random(seed)
    copies = []
    for row in rows:
        if row.toxic and row.lang in ("en", "nl") and chance.random() < _DISGUISED_SHARE:
            parts = [_disguise(part, words, chance) for part in row.text.split(" ")]
            if (text := " ".join(parts)) != row.text:
                copies.append(replace(row, text=text, source="disguised"))
    return copies


def joined(rows: Sequence[Row], count: int, seed: int) -> list[Row]:
    """Messages of two or three: every other hides a hurtful one of ours among harmless ones.

    A rude clause in a long and otherwise kind message would drown in the whole.
    """
    chance = random.Random(seed)
    harmless = [
        row for row in rows if row.source in _CHAT and not row.toxic and len(row.text) < 160
    ]
    hurtful = [row for row in rows if row.source == "own" and row.toxic]
    return [_joined(harmless, hurtful if at % 2 else [], chance) for at in range(count)]


def _joined(harmless: Sequence[Row], hurtful: Sequence[Row], chance: random.Random) -> Row:
    parts = chance.sample(harmless, 2 if hurtful else chance.choice((2, 3)))
    if hurtful:
        worst = chance.choice(hurtful)
        alike = [row for row in chance.sample(harmless, 40) if row.lang == worst.lang]
        parts = [*(alike[:2] or parts), worst]
        chance.shuffle(parts)
    text = chance.choice((" ", ". ", "\n", ", ")).join(row.text.rstrip(".") for row in parts)
    told = worst if hurtful else parts[0]
    return replace(told, text=text, source="joined", toxic=bool(hurtful))


def _disguise(part: str, words: frozenset[str], chance: random.Random) -> str:
    if part.lower().strip(".,!?'\"") not in words or len(part) < 4:
        return part
    inner = list(part[1:-1])
    vowels = [at for at, letter in enumerate(inner) if letter.lower() in _VOWELS]
    if chance.random() < 0.75 or len(inner) < 2:
        inner[chance.choice(vowels or range(len(inner)))] = "*"
    else:
        at = chance.randrange(len(inner) - 1)
        inner[at], inner[at + 1] = inner[at + 1], inner[at]
    return part[0] + "".join(inner) + part[-1]
