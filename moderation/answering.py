"""A short reply is read with the message that it answers.

Only what a moderator can follow: a closed list of replies that say nothing but "you too" (the
attack goes back), "exactly" (it is shared) or "do it" (a threat is urged on). Such a reply takes on
a part of what its parent was judged by. Everything else, also "please stop calling people idiots",
is judged by its own words: no model reads both texts as one, so the tone of a parent is never
pinned on who objects to it, quotes it or asks for help.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import StrEnum

from moderation.text import fold
from moderation.types import LABELS, Scores

FACTOR = 0.8
"""How much of the parent's scores a reply takes on.

Less than all, since it adds no words of its own: what is only just enough to queue the parent is
not enough to queue its echo, and a sure insult makes an echo that is called "maybe".
"""

LONGEST = 48
"""Characters (folded) of a reply that is looked at; the longest entry of the list has 28."""


class Turn(StrEnum):
    """What a short reply does with the message that it answers."""

    RETURN = "return"
    AGREE = "agree"
    URGE = "urge"


_SAID: Mapping[Turn, tuple[str, ...]] = {
    Turn.RETURN: (
        "you too, u too, u2, no u, no you, no you are, so are you, you are too, you're too",
        "right back at you, right back at ya, right back atcha, back at you, back at ya",
        "same to you, same to u, likewise, ditto, i know you are but what am i",
        "jij ook, u ook, jij zelf, jijzelf, zelf, zelf ook, nee jij, ben je zelf, dat ben je zelf",
        "dat ben jij zelf, insgelijks, van hetzelfde",
        "du auch, selber, selbst, du selber, du selbst, nein du, bist du selber, bist du selbst",
        "gleichfalls, ebenfalls, dito",
        "toi aussi, vous aussi, toi-même, non toi, pareil pour toi, c'est celui qui dit qui est",
        "tú también, tú más, y tú más, usted también, igualmente, lo mismo digo, lo serás tú",
        "tú lo serás, eso tú",
    ),
    Turn.AGREE: (
        "+1, +100, ^, ^^, ^^^, ^ this, \U0001f44d, \U0001f4af",
        "agreed, agree, i agree, totally agree, i totally agree, couldn't agree more, seconded",
        "this, so much this, exactly, exactly this, same, so true, true, facts, well said",
        "hear hear, absolutely, amen, preach, spot on, what he said, what she said, indeed",
        "mee eens, eens, helemaal mee eens, helemaal eens, ben ik het mee eens, precies, precies dit",
        "klopt, klopt helemaal, inderdaad, idd, zo is het, dit, zeker weten, goed gezegd",
        "genau, genau so, stimmt, so ist es, richtig, sehe ich auch so, gut gesagt, absolut",
        "tout à fait, exactement, exact, bien dit, c'est vrai, carrément, je suis d'accord",
        "exacto, exactamente, totalmente, totalmente de acuerdo, estoy de acuerdo, tal cual",
        "bien dicho, así es, es verdad, cierto",
    ),
    Turn.URGE: (
        "do it, go ahead, go for it, go on, please do, do it already, do it now, i dare you",
        "doe maar, doe het, doe het maar, gewoon doen, ga je gang, toe maar",
        "mach es, mach's, machs, mach doch, mach mal, tu es, nur zu",
        "fais-le, vas-y, allez-y",
        "hazlo, hazlo ya, adelante, dale, hágalo",
    ),
}
_FILLERS = frozenset(
    "yes yeah yep yup well and but then just please pls ok okay oh haha lol lmao bro dude man mate"  # noqa: SIM905
    " buddy pal though tbh really ja nou en dan gewoon hoor joh man toch maar und doch also na"
    " alter bitte oui et ben bah mec allez si y pues tio venga".split()
)
"""Words around it that change nothing."""
_MENTION = re.compile(r"<@!?\d+>")
_TOKEN = re.compile(r"\w+|[^\w\s,.;:!?()\"'-]+")


def turn(folded: str) -> Turn | None:
    """What a reply does, from its folded text; ``None`` when it has more or else to say."""
    if len(folded) > LONGEST:
        return None
    words = _words(folded)
    return next((_TURNS[said] for said in _readings(words) if said in _TURNS), None)


def echo(parent: Scores) -> Scores:
    """What a reply takes on of its parent's scores."""
    return replace(parent, **{label: FACTOR * getattr(parent, label) for label in LABELS})


def _readings(words: list[str]) -> Iterator[str]:
    """The reply as it stands, then without fillers behind, before, and on both sides."""
    first, last = 0, len(words)
    while first < last and words[first] in _FILLERS:
        first += 1
    while last > first and words[last - 1] in _FILLERS:
        last -= 1
    for part in (words, words[:last], words[first:], words[first:last]):
        yield " ".join(part)


def _words(folded: str) -> list[str]:
    if "<@" in folded:
        folded = _MENTION.sub(" ", folded)
    return _TOKEN.findall(folded)


_TURNS: Mapping[str, Turn] = {
    " ".join(_words(fold(entry).text)): kind
    for kind, lines in _SAID.items()
    for line in lines
    for entry in line.split(", ")
}
