"""What the second stage learns from: a seeded choice of the rows, cut into pieces, with targets."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence

from tokenizers import Tokenizer

from bot.training import labels
from bot.training.corpus import Row, telling
from bot.training.encoder import Example
from moderation.text import fold

LONGEST = 1200
"""Characters of a text that are looked at."""
_MOST = {
    "paradetox": 7_000,
    "ken20_mhs": 7_000,
    "hatexplain": 6_000,
    "offendes": 5_000,
    "davidson": 5_000,
    "edos": 4_500,
    "gahd": 5_000,
    "germeval2018": 4_000,
    "goemotions_neg": 8_000,
    "cat_large_wiki": 2_000,
    "toxic_spans_civil": 2_000,
    "incivility_github": 2_000,
    "jigsaw_templates": 1_500,
    "guest_misogyny": 1_200,
    "own_templates": 2_500,
    "disguised": 2_500,
}
"""Large sets are thinned: a hundredth reading of the like teaches less than it takes."""
_AT_LAST = {
    "own": 100_000,
    "goemotions_neg": 6_000,
    "irc_ubuntu_presumed0": 3_000,
    "joined": 2_000,
    "own_templates": 500,
}
_LAST = 400
"""What each last round reads: our own lines and ordinary chat, and a little of the rest."""
_WORTH = {
    "own": 2.0,
    "irc_ubuntu_presumed0": 1.5,
    "goemotions_neg": 1.5,
    "incivility_github": 1.5,
    "sib200": 1.5,
    "edos": 0.6,
    "guest_misogyny": 0.6,
    "toxic_spans_civil": 0.6,
}
_TWICE = frozenset({"own"})
"""Read twice a round."""
_OURS = frozenset(
    {"own", "own_templates", "irc_ubuntu_presumed0", "goemotions_neg", "sib200", "joined"}
)
"""Sources that say "toxic" as we mean it; of every other, its habit is learned beside."""
_UNKNOWN = float("nan")


def thinned(rows: Sequence[Row], seed: int) -> list[Row]:
    """The rows to read, in a fixed order."""
    chance = random.Random(seed)
    kept: list[Row] = []
    for source, found in _by_source(rows):
        kept += chance.sample(found, min(len(found), _MOST.get(source, len(found))))
        kept += found if source in _TWICE else []
    return kept


def last(rows: Sequence[Row], seed: int) -> list[Row]:
    """The rows of one of the last rounds, in a fixed order."""
    chance = random.Random(seed)
    return [
        row
        for source, found in _by_source([row for row in rows if telling(row)])
        for row in chance.sample(found, min(len(found), _AT_LAST.get(source, _LAST)))
    ]


def _by_source(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.source].append(row)
    return sorted(found.items())


def habits(rows: Sequence[Row]) -> list[str]:
    """The sources whose idea of "toxic" is not ours."""
    return sorted({row.source for row in rows} - _OURS)


def examples(
    rows: Sequence[Row], cutter: Tokenizer, words: frozenset[str], others: Sequence[str]
) -> list[Example]:
    """An example for each row; ``others`` are the sources whose idea of "toxic" is told apart."""
    number = {source: at for at, source in enumerate(others, 1)}
    rude = labels.obscene([row.text for row in rows], words)
    return [
        Example(
            ids=ids,
            targets=(float(row.toxic), *_finer(row), float(obscene)),
            worth=_WORTH.get(row.source, 1.0),
            source=number.get(row.source, 0),
        )
        for row, ids, obscene in zip(rows, cut(cutter, rows), rude, strict=True)
    ]


def cut(cutter: Tokenizer, rows: Sequence[Row]) -> list[tuple[int, ...]]:
    """The piece ids of each folded text, without ends."""
    folded = [readable(fold(row.text[:LONGEST]).text) for row in rows]
    found: list[tuple[int, ...]] = []
    for at in range(0, len(folded), 4096):
        found += [tuple(one.ids) for one in cutter.encode_batch(folded[at : at + 4096])]
    return found


def readable(folded: str) -> str:
    """Single blanks, as the pieces expect."""
    return " ".join(folded.split())


def _finer(row: Row) -> list[float]:
    if not row.toxic:
        return [0.0] * len(labels.CONDITIONAL)
    verdicts = [says(row) for _, says in labels.CONDITIONAL]
    return [_UNKNOWN if verdict is None else float(verdict) for verdict in verdicts]
