"""Rude words that are still disguised in folded text: starred out, letters swapped, stretched.

Folding undoes what can be undone without knowing words. What is left is only known by the word that
comes out: ``f**k``, ``fcuk``, ``iiddiioott``, ``whor3``. A word of the list below that fits is put
in its place, so that both stages read what everybody reads.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby

from moderation.text import Folded

RUDE = tuple(
    # English
    "arse arsehole asshole bastard bitch bitches bollocks bullshit cock cocksucker coward creep cunt "  # noqa: SIM905
    "cunts damn dick dickhead dimwit dipshit douche douchebag dumb dumbass dumbest faggot fool fuck fucked "
    "fucker fuckers fucking idiot idiotic idiots imbecile jackass jerk loser losers moron moronic "
    "morons motherfucker motherfucking nazi nigga nigger pathetic pervert pisser prick pussy retard "
    "retarded retards scumbag scumbags scum shit shithead shitty shut slut stupid tranny trash tosser turd twat ugly wanker "
    "whore worthless "
    # Dutch
    "achterlijk achterlijke debiel debiele eikel etterbak flikker gestoorde godverdomme hoer "
    "hoeren hoerenjong hoerenzoon hufter idioot idioten kanker kankerhond kankerhoer kankerlijer klojo "
    "klootzak klootzakken klote kneus kreng kutwijf kuthoer lelijke loser malloot mafkees mislukkeling "
    "mongool nikker oetlul pannenkoek pleuris pleurislijer rotzak sloerie slet slettenbak smeerlap stom "
    "stomme randdebiel sukkel sukkels tering teringlijer teringwijf trut tuig tyfus tyfuslijer varken vuile wijf zakkenwasser "
    # German, French, Spanish
    "arschloch depp dummkopf fotze hurensohn hure miststueck scheisse scheiss schlampe schwuchtel wichser "
    "connard connards connasse encule salope salaud merde putain abruti cretin batard "
    "cabron gilipollas hijoputa imbecil mierda pendejo puta puto zorra estupido maricon".split()
)
"""Written for this purpose; words that a slip of the pen rarely makes of another."""
_SIGNS = r"a-z0-9*#%@$!|+"
_WORD = re.compile(rf"(?<![{_SIGNS}])[{_SIGNS}]{{3,23}}[a-z0-9*#%@$|+](?![a-z0-9*#%@$|+])")
_MASK = re.compile(r"[*#%@$]")
_PLAIN = re.compile("[a-z]+")
_LEET = str.maketrans("013456789@$!|+", "oleasgtbgasllt")
_LEAST_SHOWN = 2
"""Letters of a starred word that must show."""


def _squeezed(word: str) -> str:
    return "".join(letter for letter, _ in groupby(word))


def _jumbled(word: str) -> str:
    """The same for words that differ in the order of their inner letters."""
    return word[0] + "".join(sorted(word[1:-1])) + word[-1]


def _slim(word: str) -> str:
    """The same for words that differ in ``i`` and ``l``, for which ``1``, ``!`` and ``|`` stand."""
    return word.translate(_LEET).replace("i", "l")


_KNOWN = frozenset(RUDE)
_BY_SLIM = {_slim(word): word for word in reversed(RUDE)}
_BY_SQUEEZED = {_squeezed(word): word for word in reversed(RUDE)}
_BY_JUMBLED = {_jumbled(word): word for word in reversed(RUDE) if len(set(word[1:-1])) > 1}
_BY_SHAPE = {
    (word[0], len(word)): [
        other for other in RUDE if (other[0], len(other)) == (word[0], len(word))
    ]
    for word in RUDE
}


def respelt(folded: Folded) -> Folded:
    """The folded text with its disguised rude words written out; each maps to its disguise."""
    found = [
        (match.start(), match.end(), meant)
        for match in _WORD.finditer(folded.text)
        if (meant := _meant(match[0])) is not None
    ]
    return _replaced(folded, found) if found else folded


@lru_cache(maxsize=8192)  # chat is made of few words; a look costs less than a key
def _meant(word: str) -> str | None:
    """The rude word that a disguised one stands for; ``None`` for every other word."""
    if word in _KNOWN:
        return None
    if read := _BY_SLIM.get(_slim(word)):
        return read
    if _PLAIN.fullmatch(word):
        return _stretched(word) or _BY_JUMBLED.get(_jumbled(word))
    return _starred(word) if _MASK.search(word) else None


def _stretched(word: str) -> str | None:
    """Only what holds every letter of the word twice or more, or one of them three times."""
    runs = [len(list(run)) for _, run in groupby(word)]
    if min(runs) < 2 and max(runs) < 3:
        return None
    return _BY_SQUEEZED.get(_squeezed(word))


def _starred(word: str) -> str | None:
    if len(_MASK.sub("", word)) < _LEAST_SHOWN:
        return None
    shape = re.compile("".join("." if _MASK.match(sign) else re.escape(sign) for sign in word))
    return next(
        (one for one in _BY_SHAPE.get((word[0], len(word)), ()) if shape.fullmatch(one)), None
    )


def _replaced(folded: Folded, found: Sequence[tuple[int, int, str]]) -> Folded:
    texts, origin, done = [], [], 0
    for start, end, meant in found:
        texts += [folded.text[done:start], meant]
        origin += [*folded.origin[done:start], *_spread(folded.origin[start:end], len(meant))]
        done = end
    texts.append(folded.text[done:])
    origin += folded.origin[done:]
    return Folded(text="".join(texts), origin=tuple(origin), code=folded.code)


def _spread(origin: Sequence[int], length: int) -> list[int]:
    """As many places as the word has letters, from the disguise's first to its last."""
    last = len(origin) - 1
    return [origin[at * last // max(1, length - 1)] for at in range(length)]
