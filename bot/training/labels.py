"""What the sources' own fine labels say about five of the six labels.

No source has the six labels, so each is derived, as the model card says: a row is a yes, a no, or
says nothing (``None``). ``obscene`` is marked by word lists alone, for every row.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from bot.training.corpus import Row
from moderation.text import fold

_HATE = {"hatemoji_build", "gahd", "guest_misogyny", "ken20_mhs", "edos"}
_PERSONAL = {
    ("germeval2018", "INSULT"),
    ("incivility_github", "Insulting"),
    ("incivility_github", "Mocking"),
    ("edos", "2. derogation"),
    ("offendes", "OFP"),
    ("jigsaw_templates", "verb_adj"),
    ("hatexplain", "1"),
    ("own", "insult"),
    ("own_templates", "insult"),
    ("own_templates", "obscene"),
}
_NOT_PERSONAL = {
    ("germeval2018", "PROFANITY"),
    ("incivility_github", "Vulgarity"),
    ("edos", "4. prejudiced discussions"),
    ("own", "threat"),
    ("own_templates", "threat"),
    ("own_templates", "identity"),
    ("own", "identity"),
}
_THREATS = {
    ("hatemoji_build", "threateninglanguage"),
    ("edos", "1. threats, plans to harm and incitement"),
    ("incivility_github", "Threat"),
    ("own", "threat"),
    ("own_templates", "threat"),
}
_SAYS_THREAT = {"hatemoji_build", "edos", "incivility_github", "own", "own_templates"}
_NOT_IDENTITY = {"offendes", "incivility_github"}
_IDENTITY = {
    ("davidson", "hate"),
    ("hatexplain", "2"),
    ("germeval2018", "ABUSE"),
    ("jigsaw_templates", "hate_identity"),
    ("own", "identity"),
    ("own_templates", "identity"),
}
_SAYS_IDENTITY = {"davidson", "hatexplain", "germeval2018", "own", "own_templates"}
_SEVERE = {
    ("davidson", "hate"),
    ("hatexplain", "2"),
    ("hatemoji_build", "dehumanizinglanguage"),
    ("own", "threat"),
    ("own_templates", "threat"),
    ("own", "identity"),
    ("own_templates", "identity"),
} | _THREATS
_SAYS_SEVERE = {
    "davidson",
    "hatexplain",
    "hatemoji_build",
    "edos",
    "incivility_github",
    "germeval2018",
    "offendes",
    "jigsaw_templates",
    "own",
    "own_templates",
}
_RUDE_SEVERITY = 1.6
"""Of 3; from it on the list's words are rude in any company."""


def _severe(row: Row) -> bool | None:
    if row.source == "convabuse":
        return float(row.fine) <= -1.5
    return _among(row, _SEVERE, _SAYS_SEVERE)


def _insult(row: Row) -> bool | None:
    if (row.source, row.fine) in _PERSONAL:
        return True
    return False if (row.source, row.fine) in _NOT_PERSONAL else None


def _threat(row: Row) -> bool | None:
    return _among(row, _THREATS, _SAYS_THREAT)


def _identity(row: Row) -> bool | None:
    if row.source in _HATE:
        return True
    if row.source in _NOT_IDENTITY:
        return row.fine.lower().startswith("identity")
    return _among(row, _IDENTITY, _SAYS_IDENTITY)


def _among(row: Row, yes: set[tuple[str, str]], speaking: set[str]) -> bool | None:
    return (row.source, row.fine) in yes if row.source in speaking else None


CONDITIONAL: tuple[tuple[str, Callable[[Row], bool | None]], ...] = (
    ("severe_toxicity", _severe),
    ("insult", _insult),
    ("threat", _threat),
    ("identity_attack", _identity),
)
"""Labels learned on toxic rows only, with what a toxic row says about each."""


def rude_words(data: Path) -> frozenset[str]:
    """Rude single words of the lists under ``data`` (English by severity; Dutch and German)."""
    folder = data / "data" / "toxicity" / "words"
    with (folder / "profanity_en.csv").open(encoding="utf-8", newline="") as lines:
        graded = [
            record["text"]
            for record in csv.DictReader(lines)
            if float(record["severity_rating"]) >= _RUDE_SEVERITY
            and not record["category_1"].startswith(("racial", "mental", "physical", "religious"))
        ]
    listed = [
        word
        for name in ("en", "de")
        for word in (folder / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    ]
    folded = (fold(word).text.strip() for word in graded + listed)
    return frozenset(word for word in folded if len(word) > 2 and re.fullmatch(r"[a-z]+", word))


def obscene(texts: Sequence[str], words: frozenset[str]) -> list[bool]:
    """Whether each text has a word of the list, compared in folded form."""
    return [not words.isdisjoint(re.findall(r"[a-z]+", fold(text).text)) for text in texts]
