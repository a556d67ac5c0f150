"""Whether a text is in a language that an engine knows. Offline, a few microseconds for most texts.

Other alphabets tell by themselves. Among the Latin ones, a text with enough common words of a known
language is known at once; for the rest a model of letters is asked (CLD3, Google's small network as
``cld3-py`` packs it: 2 MB), and it is believed only as far as the common words of the language that
it names agree. So short lines, slang, names and code stay what they are: nothing to go by, and known.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol, cast

from bot.adapters.scorers.language_words import COMMON
from moderation.text import fold
from moderation.types import Scores

KNOWN = frozenset({"en", "nl", "de", "fr", "es"})
"""What the builtin engine was trained on (ISO 639-1)."""

_READ = 1000
"""Characters that are looked at: more would not change the answer."""

_FEWEST_WORDS = 4
_FEWEST_LETTERS = 12
"""Less than that is in no language in particular ("lol ok", "mdr", a name)."""

_PLAIN = 0.5
_LIKELY = 0.25
"""Shares of common words: enough by themselves; enough where no word speaks for another language."""

_SURE = 0.95
"""The model's probability that decides a draw of common words."""
_CERTAIN = 0.99
"""The same where no word speaks for either side."""

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_CUT = re.compile(r"```.*?```|`[^`\n]*`|https?://\S+|<a?[:@#][^>\s]{1,60}>", re.DOTALL)
_SIGN = re.compile(r"[@/\\_=(){}\[\]\d]|\w\.\w")
"""Code, links, mentions; signs of paths, calls, names of files: no words of a language."""

_FOREIGN = re.compile(
    "[ąćęłńśźżășțşţğıřěůčšžďťňľĺŕőűåøãõơưđāēīūģķļņėįųòìýðþạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]"
)
"""Letters that none of the five languages of ``KNOWN`` has: a word with one speaks for another."""

_SAME = {"nb": "no", "nn": "no", "bs": "hr", "sr": "hr", "fil": "tl", "ms": "id", "gl": "pt"}
"""Languages too near to each other to be told apart in a line; the card names the first of them."""
_SISTERS = frozenset({"pt", "ca", "af"})
"""So near to a known language that a draw means nothing."""

_SCRIPTS = (
    (0x0370, 0x03FF, "el"),
    (0x0400, 0x052F, "ru"),
    (0x0531, 0x058F, "hy"),
    (0x0590, 0x05FF, "he"),
    (0x0600, 0x06FF, "ar"),
    (0x0750, 0x077F, "ar"),
    (0x0900, 0x097F, "hi"),
    (0x0980, 0x09FF, "bn"),
    (0x0A00, 0x0A7F, "pa"),
    (0x0A80, 0x0AFF, "gu"),
    (0x0B80, 0x0BFF, "ta"),
    (0x0C00, 0x0C7F, "te"),
    (0x0C80, 0x0CFF, "kn"),
    (0x0D00, 0x0D7F, "ml"),
    (0x0D80, 0x0DFF, "si"),
    (0x0E00, 0x0E7F, "th"),
    (0x0E80, 0x0EFF, "lo"),
    (0x1000, 0x109F, "my"),
    (0x10A0, 0x10FF, "ka"),
    (0x1200, 0x137F, "am"),
    (0x1780, 0x17FF, "km"),
    (0x3041, 0x30FF, "ja"),
    (0x3400, 0x4DBF, "zh"),
    (0x4E00, 0x9FFF, "zh"),
    (0xAC00, 0xD7A3, "ko"),
)
"""Blocks of Unicode and the language most written in each; laughing jamo are none."""
_STARTS = [first for first, _, _ in _SCRIPTS]
_OTHER_SCRIPT = re.compile(f"[{''.join(f'{chr(a)}-{chr(b)}' for a, b, _ in _SCRIPTS)}]+")
_DENSE = frozenset({"zh", "ja", "ko"})
"""Written with few signs: each counts as two letters."""
_FEWEST_SIGNS = 6
"""Letters of another script that make a text: fewer are a face, a symbol, a name."""
_DIALECTS = (
    ("ru", "uk", re.compile("[іїєґ]", re.IGNORECASE)),
    ("ru", "sr", re.compile("[ђћџљњј]", re.IGNORECASE)),
    ("ru", "bg", re.compile("ъ(?!.*[ыэё])|^(?!.*[ыэё]).*(?:щ|\\bзащо\\b)", re.IGNORECASE)),
    ("ar", "ur", re.compile("[ٹڈڑںے]")),
    ("ar", "fa", re.compile("[پچژگک]")),
    ("zh", "ja", re.compile("[\u3041-\u30ff]")),
)
"""Languages that share a script, by letters that only one of them has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """The language of a text. ``code`` (ISO 639-1) is the likeliest, ``None`` without any sign.

    ``known``: the engine knows it, or nothing says that it does not; ``confident`` tells which.
    """

    code: str | None = None
    known: bool = True
    confident: bool = False


class _Answer(Protocol):
    language: str
    probability: float


class _Model(Protocol):
    def FindLanguage(self, text: str) -> _Answer: ...  # noqa: N802  # the library's name


def marked(scores: Scores, text: str, known: AbstractSet[str] = KNOWN) -> Scores:
    """``scores`` of ``text``, marked as unsure when its language is outside the ``known`` ones."""
    guess = language_of(text, known)
    return scores if guess.known else replace(scores, language=guess.code, unsure=True)


def language_of(text: str, known: AbstractSet[str] = KNOWN) -> Guess:
    """The language of ``text``; ``known`` are the engine's (ISO 639-1). Never raises."""
    text = text[:_READ]
    if not text.isascii() and (script := _script(text)) is not None:
        return _unless_disguised(
            text, Guess(code=script, known=script in known, confident=True), known
        )
    words = frozenset(_WORD.findall(text.lower()))
    code, hits = _commonest(words, known)
    if hits >= _LIKELY * len(words) and _speaks_for_itself(words, hits, frozenset(known)):
        return Guess(code=code, confident=len(words) >= _FEWEST_WORDS)
    return _by_letters(text, known)


def _speaks_for_itself(words: frozenset[str], hits: int, known: frozenset[str]) -> bool:
    """Whether words that only known languages have are among the ``hits``, and few others."""
    here, elsewhere = _only(known)
    if words.isdisjoint(here):
        return False
    return hits >= _PLAIN * len(words) or words.isdisjoint(elsewhere)


def _by_letters(text: str, known: AbstractSet[str]) -> Guess:
    """What the model says, weighed against the common words of both sides."""
    plain = (token for token in _CUT.sub(" ", text).split() if not _SIGN.search(token))
    listed = _WORD.findall(" ".join(plain).lower())
    words = frozenset(listed)
    long = [word for word in words if len(word) > 1]
    if len(long) < _FEWEST_WORDS or sum(map(len, long)) < _FEWEST_LETTERS:
        return Guess()
    answer = _model().FindLanguage(text=" ".join(listed))
    return _weighed(words, _code(answer.language), answer.probability, text, known)


def _weighed(
    words: frozenset[str], code: str, chance: float, text: str, known: AbstractSet[str]
) -> Guess:
    """The model's ``code`` with its ``chance`` (0-1) against the words of both sides."""
    home, hits = _commonest(words, known)
    away, foreign = _agreeing(words, code, known)
    if foreign > hits + _least_lead(code, chance, foreign, known):
        return _unless_disguised(text, Guess(code=away, known=False, confident=True), known)
    if code in known:
        return Guess(code=code, confident=chance >= _SURE)
    return Guess(code=home)


def _least_lead(code: str, chance: float, foreign: int, known: AbstractSet[str]) -> int:
    """By how many words more than a known language another one has to lead at least, less one."""
    if code in known or code not in COMMON:
        return 1
    if code in _SISTERS or chance < (_SURE if foreign else _CERTAIN):
        return 0
    return -1


def _unless_disguised(text: str, guess: Guess, known: AbstractSet[str]) -> Guess:
    """The guess, but for a text that without its strange letters is in a known language."""
    if guess.known:
        return guess
    words = frozenset(_WORD.findall(fold(text).text))
    code, hits = _commonest(words, known)
    if code is None or hits < _PLAIN * len(words):
        return guess
    strange = (words & COMMON[code]).difference(_WORD.findall(text.lower()))
    return Guess(code=code) if strange else guess


def _commonest(words: frozenset[str], known: AbstractSet[str]) -> tuple[str | None, int]:
    """The known language with the most of its common words among ``words``, and how many."""
    best: tuple[str | None, int] = (None, 0)
    for code in known:
        found = len(words & COMMON.get(code, frozenset()))
        if found > best[1]:
            best = (code, found)
    return best


def _agreeing(words: frozenset[str], code: str, known: AbstractSet[str]) -> tuple[str, int]:
    """The other language that most words speak for, and how many; ``code`` where it is a draw."""
    found = {one: len(words & common) for one, common in COMMON.items() if one not in known}
    best = max(found, key=lambda one: (found[one], one == code))
    letters = sum(1 for word in words - COMMON[best] if _FOREIGN.search(word))
    return best, found[best] + letters


@lru_cache(maxsize=8)
def _only(known: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Common words that only known languages have, and those that only others have."""
    here: set[str] = set()
    elsewhere: set[str] = set()
    for code, words in COMMON.items():
        (here if code in known else elsewhere).update(words)
    return frozenset(here - elsewhere), frozenset(elsewhere - here)


def _script(text: str) -> str | None:
    """The language of the other script that most of the text is written in, if it is one."""
    runs = _OTHER_SCRIPT.findall(text)
    if not runs:
        return None
    signs: Counter[str] = Counter()
    for run in runs:
        code = _block(run[0])
        if len(run) > 1 or code in _DENSE:
            signs["zh" if code == "ja" else code] += len(run) * (1 + (code in _DENSE))
    code, count = max(signs.items(), key=lambda item: item[1], default=("", 0))
    letters = sum(map(str.isalpha, text)) - sum(map(len, runs))
    return None if count < _FEWEST_SIGNS or count < letters else _dialect(code, text)


def _block(sign: str) -> str:
    return _SCRIPTS[bisect_right(_STARTS, ord(sign)) - 1][2]


def _dialect(code: str, text: str) -> str:
    for script, language, telling in _DIALECTS:
        if script == code and telling.search(text):
            return language
    return code


def _code(language: str) -> str:
    """The model's code as ours; Hindi and Russian are also known in Latin letters."""
    plain, _, script = language.partition("-")
    return _SAME.get(plain, plain) if not script or plain in {"hi", "ru"} else ""


@lru_cache(maxsize=1)
def _model() -> _Model:
    import gcld3

    return cast("_Model", gcld3.NNetLanguageIdentifier(min_num_bytes=0, max_num_bytes=4 * _READ))
