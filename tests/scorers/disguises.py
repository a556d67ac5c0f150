"""Ways to hide a word from a filter that people and bots are known to use, drawn with a seed."""

from __future__ import annotations

import random
import string
import unicodedata
from collections.abc import Callable, Sequence

from moderation.confusables import LOOKALIKES

Disguise = Callable[[str, random.Random], str]
"""The word as it is written instead."""

INVISIBLE = "\u200b\u200c\u200d\u2060\u2062\ufeff\u00ad\u034f\u180e\u115f\u3164\ufe0f\u202c\u2066\u2069\U000e0061"
MARKS = "".join(map(chr, range(0x300, 0x370)))
LEET = {
    "a": "4@",
    "e": "3",
    "i": "1!",
    "o": "0",
    "s": "5$",
    "t": "7+",
    "l": "1|",
    "g": "9",
    "b": "8",
}
TURNED = dict(zip(string.ascii_lowercase, "ɐqɔpǝɟƃɥᴉɾʞlɯuodbɹsʇnʌʍxʎz", strict=True))
SMALL = {
    letter: unicodedata.lookup(f"LATIN LETTER SMALL CAPITAL {letter.upper()}")
    for letter in string.ascii_lowercase
    if letter not in "fqsx"
} | {"f": "\ua730", "s": "\ua731", "q": "q", "x": "x"}
STYLES = (0xFF41, 0x1D41A, 0x1D44E, 0x1D482, 0x1D4EA, 0x1D51E, 0x1D552, 0x1D5EE, 0x1D622, 0x1D68A)


def each(word: str, one: Callable[[str], str]) -> str:
    return "".join(map(one, word))


def some(word: str, chance: random.Random, table: dict[str, str]) -> str:
    """Some of the letters that can be, at least one."""
    able = [at for at, letter in enumerate(word) if letter in table]
    chosen = {at for at in able if chance.random() < 0.5} | set(able and [chance.choice(able)])
    return "".join(
        chance.choice(table[letter]) if at in chosen else letter for at, letter in enumerate(word)
    )


def invisible(word: str, chance: random.Random) -> str:
    return "".join(
        letter + "".join(chance.choices(INVISIBLE, k=chance.randint(0, 2))) for letter in word[:-1]
    ) + (chance.choice(INVISIBLE) + word[-1])


def lookalike(word: str, chance: random.Random) -> str:
    return some(word, chance, LOOKALIKES)


def leet(word: str, chance: random.Random) -> str:
    return some(word, chance, LEET)


def light_leet(word: str, chance: random.Random) -> str:
    """The digits that everybody reads, vowels only."""
    return some(word, chance, {"a": "4@", "e": "3", "i": "1", "o": "0"})


def parted_by(signs: Sequence[str]) -> Disguise:
    return lambda word, chance: chance.choice(signs).join(word)


def stretched(word: str, chance: random.Random) -> str:
    at = chance.randrange(len(word))
    return word[:at] + word[at] * chance.randint(3, 9) + word[at + 1 :]


def stretched_all(word: str, chance: random.Random) -> str:
    return each(word, lambda letter: letter * chance.randint(3, 5))


def flags(word: str, chance: random.Random) -> str:
    sign = chance.choice((" ", "\u200b", ""))
    return sign.join(chr(0x1F1E6 + ord(letter) - 97) for letter in word)


def boxes(word: str, chance: random.Random) -> str:
    """Squared, circled and bracketed letters, with the mark that makes an emoji of them."""
    base = chance.choice((0x1F130, 0x1F150, 0x1F170, 0x24D0, 0x24B6, 0x249C))
    mark = chance.choice(("", "\ufe0f"))
    return each(word, lambda letter: chr(base + ord(letter) - 97) + mark)


def keycaps(word: str, chance: random.Random) -> str:
    written = some(word, chance, {"a": "4", "e": "3", "i": "1", "o": "0", "s": "5", "t": "7"})
    return each(written, lambda sign: f"{sign}\ufe0f\u20e3" if sign.isdigit() else sign)


def zalgo(word: str, chance: random.Random) -> str:
    return each(
        word, lambda letter: letter + "".join(chance.choices(MARKS, k=chance.randint(1, 9)))
    )


def styled(word: str, chance: random.Random) -> str:
    base = chance.choice(STYLES)
    return each(word, lambda letter: chr(base + ord(letter) - 97)).replace("\U0001d455", "\u210e")


def small_caps(word: str, _chance: random.Random) -> str:
    return each(word, SMALL.__getitem__)


def upside_down(word: str, _chance: random.Random) -> str:
    return each(word[::-1], TURNED.__getitem__)


def turned_letters(word: str, chance: random.Random) -> str:
    """Letters turned where they stand, up to the last that exists turned: it tells which way."""
    able = [at for at, letter in enumerate(word) if letter in "acefhijkrtvy"]
    last = able[-1] if len(able) > 1 else len(word)
    table = {letter: TURNED[letter] for letter in "acefhijkrtvy"}
    return some(word[:last], chance, table) + word[last:]


def overridden(word: str, _chance: random.Random) -> str:
    """Written backwards and shown backwards again."""
    return f"\u202e{word[::-1]}\u202c"


def around(*marks: str) -> Disguise:
    def wrapped(word: str, chance: random.Random) -> str:
        mark = chance.choice(marks)
        return f"{mark}{word}{mark}"

    return wrapped


def inside(*marks: str) -> Disguise:
    """Marks of markup around a part of the word."""

    def wrapped(word: str, chance: random.Random) -> str:
        mark = chance.choice(marks)
        start = chance.randrange(len(word) - 1)
        end = chance.randint(start + 1, len(word) - (start == 0))
        return f"{word[:start]}{mark}{word[start:end]}{mark}{word[end:]}"

    return wrapped


def fenced(word: str, _chance: random.Random) -> str:
    return f"```\n{word}\n```"


def starred(word: str, chance: random.Random) -> str:
    vowels = [at for at, letter in enumerate(word[1:-1], 1) if letter in "aeiouy"]
    at = chance.choice(vowels or range(1, len(word) - 1))
    return f"{word[:at]}*{word[at + 1 :]}"


def starred_out(word: str, _chance: random.Random) -> str:
    """All but the ends."""
    return f"{word[0]}{'*' * (len(word) - 2)}{word[-1]}"


def swapped(word: str, chance: random.Random) -> str:
    pairs = [at for at in range(1, len(word) - 2) if word[at] != word[at + 1]]
    if not pairs:
        return word
    at = chance.choice(pairs)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def both(one: Disguise, other: Disguise) -> Disguise:
    return lambda word, chance: other(one(word, chance), chance)


ALL: dict[str, Disguise] = {
    "capitals": lambda word, _: word.upper(),
    "invisible": invisible,
    "lookalike": lookalike,
    "leet": leet,
    "light leet": light_leet,
    "spaces": parted_by((" ", "  ")),
    "dots and dashes": parted_by((".", "-", "_", "*", "/", ",", " - ", " . ", ". ")),
    "other signs": parted_by(("\u00b7", "\u2022", "~", "|", "+", ":", "\\", "=", "^", "'", "#")),
    "emoji between": parted_by(("\U0001f44f", " \U0001f44f ", "\u2764\ufe0f")),
    "lines": parted_by(("\n",)),
    "stretched": stretched,
    "stretched all": stretched_all,
    "flags": flags,
    "boxes": boxes,
    "keycaps": keycaps,
    "zalgo": zalgo,
    "styled": styled,
    "small capitals": small_caps,
    "upside down": upside_down,
    "turned letters": turned_letters,
    "right to left": overridden,
    "spoiler": around("||"),
    "spoiler inside": inside("||"),
    "code": around("`", "``"),
    "code inside": inside("`"),
    "fence": fenced,
    "markup": around("*", "**", "***", "_", "__", "~~"),
    "markup inside": inside("**", "__", "~~", "***"),
    "starred": starred,
    "starred out": starred_out,
    "swapped": swapped,
    "leet and spaces": both(light_leet, parted_by((" ", ".", "-"))),
    "lookalike and invisible": both(lookalike, invisible),
    "styled and zalgo": both(styled, zalgo),
    "styled and spaces": both(styled, parted_by((" ", "."))),
    "spoiler and leet": both(light_leet, around("||", "**", "`")),
    "stretched and lookalike": both(stretched, lookalike),
    "letters each marked": lambda word, _: each(word, lambda letter: f"**{letter}**"),
    "letters each hidden": lambda word, _: each(word, lambda letter: f"||{letter}||"),
}
