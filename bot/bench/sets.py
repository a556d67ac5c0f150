"""What engines are tested on: the public test sets, harmless chat, our functional sentences.

Nothing of it is learned from. Of the technical chat the bounds of the builtin engine's bands were
chosen with the same rows; of the rest nothing was chosen.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bot.training.corpus import Row, read_rows, set_aside
from moderation.errors import ExportError

FUNCTIONAL = Path(__file__).parents[2] / "tests" / "scorers"
"""Where a checkout has the functional sentences; an installed package has none."""
_TECHNICAL = "irc_ubuntu_presumed0"
_SEED = 3
_FRIENDLY = "goemotions_neg.en"


class Kind(StrEnum):
    """What a set is for."""

    PUBLIC = "public"
    CHAT = "chat"
    FUNCTIONAL = "functional"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestSet:
    """Rows under one name. Of a functional set each row's ``fine`` is its functionality."""

    __test__ = False  # for pytest, which takes the name for its own

    name: str
    kind: Kind
    rows: Sequence[Row]

    @property
    def lang(self) -> str:
        """The language in the set's name, ``davidson.en``; English where there is none."""
        return self.name.partition(".")[2] or "en"


def read_sets(data: Path, seed: int, functional: Path = FUNCTIONAL) -> list[TestSet]:
    """All of them: public sets, ``friendly`` and ``technical``, functional ones by language.

    ``seed`` is the training's, which set the technical chat aside. Raises ``ExportError``.
    """
    folder = data / "data" / "toxicity"
    public = [_public(path) for path in sorted((folder / "test").glob("*.csv"))]
    if not public:
        raise ExportError(f"{folder / 'test'}: no test sets here; --data names the folder of data/")
    friendly = [row for one in public if one.name == _FRIENDLY for row in one.rows]
    chat = {"friendly": friendly, "technical": _technical(folder, seed)}
    found = [TestSet(name=name, kind=Kind.CHAT, rows=rows) for name, rows in chat.items()]
    return [one for one in (*public, *found, *read_functional(functional)) if one.rows]


def _public(path: Path) -> TestSet:
    return TestSet(name=path.stem, kind=Kind.PUBLIC, rows=read_rows(path))


def _technical(folder: Path, seed: int) -> list[Row]:
    """Of the development set, and of the training set what was set aside."""
    train, dev = folder / "train.csv.gz", folder / "dev.csv.gz"
    aside = set_aside(read_rows(train), seed)[1] if train.exists() else []
    held = read_rows(dev) if dev.exists() else []
    return [row for row in (*held, *aside) if row.source == _TECHNICAL and not row.toxic]


def read_functional(folder: Path) -> list[TestSet]:
    """One set for each ``functional.<language>.tsv``: functionality, toxic or harmless, text."""
    return [
        TestSet(
            name=f"functional.{path.suffixes[0][1:]}",
            kind=Kind.FUNCTIONAL,
            rows=[_functional(line, path) for line in path.read_text("utf-8").splitlines()],
        )
        for path in sorted(folder.glob("functional.*.tsv"))
    ]


def _functional(line: str, path: Path) -> Row:
    what, label, text = line.split("\t")
    return Row(text=text, toxic=label == "toxic", source=path.name, lang="", fine=what)


def sampled(sets: Iterable[TestSet], most: int) -> list[TestSet]:
    """Every k-th row where a set has more than ``most``; functional sets stay whole.

    Of chat there are four times as many: false alarms are rare.
    """
    return [
        TestSet(name=one.name, kind=one.kind, rows=one.rows[:: _step(one, most)]) for one in sets
    ]


def _step(one: TestSet, most: int) -> int:
    if one.kind is Kind.FUNCTIONAL:
        return 1
    return -(-len(one.rows) // (most * 4 if one.kind is Kind.CHAT else most))


def fairly(sets: Sequence[TestSet]) -> list[tuple[int, int]]:
    """All rows as (set, row), ordered so that any beginning is a fair sample of every set."""
    chance = random.Random(_SEED)
    places = []
    for at, one in enumerate(sets):
        order = chance.sample(range(len(one.rows)), len(one.rows))
        places += [((turn + 0.5) / len(order), at, row) for turn, row in enumerate(order)]
    return [(at, row) for _, at, row in sorted(places)]
