"""The rules of folding: what is taken out of a text or put in its place, piece by piece.

They work on text that ``moderation.letters`` has flattened: lower-case, look-alikes undone. Every
rule is linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from moderation.types import Span

Piece = tuple[int, int, str]
"""The characters ``[start, end)`` become this text, as long as they are or empty."""
Rule = Callable[[str, int, int], Iterator[Piece]]
"""The pieces of a text between two places."""
Alone = Callable[[str, bool], bool]
"""Whether the first of spaced letters is a word; the flag tells that a word stands before them."""

NOISE = frozenset("`|~*_0123456789@$!+\u20ac").union(
    chr(code) for code in range(32) if chr(code) != "\n"
)
_LEET = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "9": "g"} | {
    "@": "a",
    "$": "s",
    "!": "i",
    "|": "i",
    "+": "t",
    "\u20ac": "e",
}
_WORD = "a-z0-9@$!|+\u20ac"
_MARKUP = re.compile(r"[`|~*_]+")
CODE = re.compile(r"```(?:(?!```).)+```|`[^`\n]+`", re.DOTALL)
_LINK = re.compile(r"https?://[^\s<>]+|<(?:a?:\w{1,64}:|[@#][!&]?)\d{1,20}>")
_BETWEEN = r"(?:_|[^\w@$!\u20ac]){1,4}"
APART_HINT = re.compile(rf"[\W_][{_WORD}](?={_BETWEEN}[{_WORD}](?![a-z]))")
_APART = re.compile(rf"(?<![{_WORD}])[{_WORD}]({_BETWEEN})[{_WORD}](?:\1[{_WORD}])+(?![a-z0-9])")
_TOKEN = re.compile(rf"[{_WORD}]+")
_ONES = "1|!"
"""Signs that stand for an ``i`` or for an ``l``."""
_VOWELS = frozenset("aeiou")
_SWAPS = re.compile(r"[0-9@$!|+\u20ac]+")
REPEAT = re.compile(r"([a-z])\1\1+")
_LETTERS = re.compile(r"[a-z]+")
_RUN = re.compile(r"([a-z])\1*")
_READ = str.maketrans(_LEET)
_STYLES = ("*", "**", "***", "__")
INNER = re.compile(r"(?<=[a-z0-9])(?:\*{2,3}|__)(?=[a-z0-9])")
_LONGEST_LEET = 20


def apply(text: str, origin: Sequence[int], pieces: Iterator[Piece]) -> tuple[str, Sequence[int]]:
    """The text with the pieces replaced, which come in order and do not overlap."""
    parts: list[str] = []
    sources: list[int] = []
    done = 0
    for start, end, new in pieces:
        parts += (text[done:start], new)
        sources.extend(origin[done:start])
        sources.extend(origin[start : start + len(new)])
        done = end
    if not parts:
        return text, origin
    parts.append(text[done:])
    sources.extend(origin[done:])
    return "".join(parts), sources


def code_spans(text: str, origin: Sequence[int]) -> tuple[Span, ...]:
    """Where the original was written as code."""
    if "`" not in text:
        return ()
    return tuple(
        Span(start=origin[found.start()], end=origin[found.end() - 1] + 1)
        for found in CODE.finditer(text)
    )


def markup(text: str, start: int, end: int) -> Iterator[Piece]:
    """Signs of markup go, except where they stand inside a word (``f**k``, ``snake_case``).

    A fence takes the end of a line with it, so that a word in a fence stays in its sentence.
    """
    runs = list(_MARKUP.finditer(text, start, end))
    done = start
    for before, found, after in zip((None, *runs), runs, (*runs[1:], None), strict=False):
        run = found[0]
        sign = _inside(text, found) and not run.strip(run[0]) and run[0] in "*_"
        pair = sign and (_pair(text, before, found) or _pair(text, found, after))
        if run not in "|~" and (pair or not sign):
            first, last = _fence(text, found, end) if "```" in run else found.span()
            yield max(first, done), last, ""
            done = last


def _fence(text: str, found: re.Match[str], end: int) -> tuple[int, int]:
    """The fence with the end of its line, or else the one before it; never joining two words."""
    first, last = found.span()
    before, behind = text[max(0, first - 1) : first], text[last : min(last + 1, end)]
    if behind == "\n" and not before.isalnum():
        return first, last + 1
    return (first - 1, last) if before == "\n" and not behind.isalnum() else (first, last)


def _inside(text: str, found: re.Match[str]) -> bool:
    first, last = found.span()
    return text[first - 1 : first].isalnum() and text[last : last + 1].isalnum()


def _pair(text: str, one: re.Match[str] | None, other: re.Match[str] | None) -> bool:
    """Whether two runs style a part of a word (``**mo**ron``, ``mo**ro**n``).

    In the middle of a word single signs stay, and all signs around digits (``2**3**4``).
    """
    if one is None or other is None or one[0] != other[0] or one[0] not in _STYLES:
        return False
    part = text[one.end() : other.start()]
    if _inside(text, one) and _inside(text, other):
        return len(one[0]) > 1 and part.isalpha()
    return (len(part) > 1 or len(one[0]) > 1) and part.isalnum()


def unmarked(text: str, start: int, end: int) -> Iterator[Piece]:
    """Marks of bold and underlined text inside a word, which ``fold`` keeps as signs."""
    for found in INNER.finditer(text, start, end):
        yield *found.span(), ""


def outside_links(text: str, rule: Rule) -> Iterator[Piece]:
    """The rule's pieces, except in addresses, mentions and custom emoji."""
    if "://" not in text and "<" not in text:
        yield from rule(text, 0, len(text))
        return
    done = 0
    for found in _LINK.finditer(text):
        yield from rule(text, done, found.start())
        done = found.end()
    yield from rule(text, done, len(text))


def apart(text: str, start: int, end: int, alone: Alone) -> Iterator[Piece]:
    """Three and more single letters kept apart by one kind of separator lose the separators.

    A first letter that is a word of its own stays alone: ``what a w h o r e``.
    """
    for found in _APART.finditer(text, start, end):
        step = 1 + len(found[1])
        letters = found[0][::step]
        before = text[max(0, found.start() - 3) : found.start()].rstrip(" ")
        lone = found[1].isspace() and alone(letters.translate(_READ), before[-1:].isalnum())
        if not _spell(letters[lone:]):
            continue
        for at in range(found.start() + lone * step + 1, found.end(), step):
            yield at, at + step - 1, ""


def _spell(letters: str) -> bool:
    """Whether spaced signs are a word: three letters, or two with what stands for more."""
    known = sum(map(str.isalpha, letters))
    signs = set(letters) - set("013457@$")
    return known > 2 or (known == 2 < len(letters) < 6 and all(map(str.isalpha, signs)))


def stands_alone(letters: str, follows: bool) -> bool:
    """Whether spaced letters rather begin with the word ``a`` or ``i``.

    An ``a`` does after another word and before a consonant, unless it is what people space out
    most (``a s s``); an ``i`` does unless it may begin ``idiot``, ``ignorant``, ``imbecile`` or
    ``incel``.
    """
    if letters[0] == "a":
        return follows and letters[1] not in "aeiou" and letters[1:3] != "ss"
    return letters[0] == "i" and letters[1] not in "dgmn"


def never(_letters: str, _follows: bool) -> bool:
    """No first letter is a word of its own."""
    return False


def always(letters: str, _follows: bool) -> bool:
    """Every first ``a`` and ``i`` is."""
    return letters[0] in "ai"


def leet(text: str, start: int, end: int) -> Iterator[Piece]:
    """Digits and signs between the letters of a word become the letters they stand for.

    Those at its end do where others stand in it (``g0r3``, not ``mp3``).
    """
    for found in _TOKEN.finditer(text, start, end):
        token, at = found[0], found.start()
        if token.isalpha() or _is_long(token) or not any(map(str.isalpha, token)):
            continue
        body = len(token.rstrip("0123456789!|@+\u20ac"))
        swaps = [
            (swap, letters)
            for swap in _SWAPS.finditer(token, 0, body)
            if (letters := _letters_for(token, swap, body))
        ]
        swapped = any(
            swap.start() > 0 or _leads(swap[0], token[swap.end() : body]) for swap, _ in swaps
        )
        ending = _ending(token, body, swapped=swapped)
        for swap, letters in swaps:
            if swap.start() > 0 or _leads(swap[0], token[swap.end() : body] + ending):
                yield at + swap.start(), at + swap.end(), letters
        if ending:
            yield at + body, at + body + len(ending), ending


def _is_long(token: str) -> bool:
    """Whether it is rather a key or a hash; letters repeated for effect do not make it one."""
    return len(token) > _LONGEST_LEET and len(REPEAT.sub(r"\1", token)) > _LONGEST_LEET


def _letters_for(token: str, swap: re.Match[str], body: int) -> str:
    """The letters that a run inside a word stands for; "" when it is rather a number."""
    run = swap[0]
    if len(run) > 3 and len(set(run)) > 1:
        return ""
    if len(run) == 3 and len(set(run)) == 2:
        return ""
    before, behind = token[: swap.start()], token[swap.end() : body]
    if not run.strip(_ONES):
        return _ones(len(run), before, behind)
    if "8" in run and (run != "8" or behind[:1] not in _VOWELS):
        return ""
    letters = "".join(_LEET.get(char, "") for char in run)
    return letters if len(letters) == len(run) else ""


def _ones(count: int, before: str, behind: str) -> str:
    """What ``1``, ``|`` and ``!`` stand for between these letters: ``i``, or ``l``."""
    last, vowel = before[-1:], behind[:1] in _VOWELS
    if count > 1:
        pair = "ll" if last in _VOWELS else "il" if vowel else "li"
        return pair if count == 2 else "i" * count
    opens = len(before) == 1 and last in "bcfgkps"  # clown, slut: a word's first two letters
    between = last in _VOWELS and behind[:1] == "l"  # all, well
    return "l" if last == "i" or between or (vowel and (opens or last in _VOWELS)) else "i"


def _ending(token: str, body: int, *, swapped: bool) -> str:
    """What the signs at a word's end stand for, "" if for themselves."""
    tail = token[body:]
    if tail == "11" and token[body - 1 : body] in _VOWELS:
        return "ll"
    letters = "".join(_LEET.get(char, "") for char in tail)
    spelt = len(letters) == len(tail) < 3 and "8" not in tail and "!" not in tail
    return letters if swapped and spelt else ""


def _leads(run: str, rest: str) -> bool:
    """Whether a run at a word's start is a letter: ``5hit``, ``@ss``; not ``3d``, ``9gag``."""
    if len(run) > 1 or len(rest) < 3 or run == "9":
        return False
    return run != "@" or rest[:2].translate(_READ) == "ss"


def repeats(text: str, start: int, end: int) -> Iterator[Piece]:
    """Three and more of a letter become one, or two where words rather have double letters.

    A run that is a word of its own keeps two, so that no single letter comes into being.
    """
    for word in _LETTERS.finditer(text, start, end):
        if not REPEAT.search(word[0]):
            continue
        runs = list(_RUN.finditer(text, *word.span()))
        letters = "".join(run[1] for run in runs)
        for at, run in enumerate(runs):
            if len(run[0]) > 2:
                double = len(runs) == 1 or _is_double(letters, at, runs[at + 1 :])
                yield _shortened(run, double=double, opens=at == 0)


def _shortened(run: re.Match[str], *, double: bool, opens: bool) -> Piece:
    """What goes: the inner letters, or those behind the one that opens a word."""
    first, last = run.span()
    if double:
        return first + 1, last - 1, ""
    return (first + 1, last, "") if opens else (first, last - 1, "")


def _is_double(letters: str, at: int, behind: Sequence[re.Match[str]]) -> bool:
    """Whether a letter of a word (without its repetitions) is likelier to be a double one.

    English and Dutch spelling: no word begins with one; ``ee`` and ``oo`` stand in the first
    syllable if a single consonant closes it (``fool``, not ``mo-ron``); ``ss``, ``ll`` and ``gg``
    stand behind a single vowel.
    """
    letter, before, after = letters[at], letters[:at], letters[at + 1 :]
    if letter not in "eglos" or not before:
        return False
    if letter in "eo":
        return _is_long_vowel(letter, before, after, behind)
    if before[-1] not in _VOWELS or before[-2:-1] in _VOWELS:
        return False
    if not after:
        return letter != "g" and (before[-1] != "e" or _VOWELS.isdisjoint(before[:-1]))
    if letter == "s" and before[-1] == "a" and after.startswith("ho"):
        return True
    return after[0] in "aeiouy" and after != "e" and letters[at - 1 : at + 1] != "os"


def _is_long_vowel(letter: str, before: str, after: str, behind: Sequence[re.Match[str]]) -> bool:
    if not _VOWELS.isdisjoint(before) or after[:1] in frozenset("aeiouwy"):
        return False
    if len(after) < 2:
        return (after != "" and len(behind[0][0]) != 2) or (after == "" and letter == "e")
    return letter == "o" and after[:2] in ("st", "tz")
