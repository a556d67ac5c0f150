"""A policy made ready for the detectors: lists and patterns compiled once.

Everything that people write runs on RE2, whose time is linear in the text whatever the pattern.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import re2

from moderation.errors import SettingsError
from moderation.text import fold
from moderation.types import Policy

_SPACE = r"[\x00-\x20]+"
_RUN = re.compile(r"(.)\1*", re.DOTALL)
_MOST_MEMORY = 8 << 20
"""Bytes one compiled pattern may take; a larger one is refused (RE2's own default is 8 MiB)."""
_MOST_LISTED = 64 << 20
"""The same for a list of words, which is ours in form and may be long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Listed words or phrases as two patterns; a match's last group is what was listed.

    ``usual`` fits folded text, ``stretched`` its other readings (``moderation.text.readings``), in
    which letters stand as often as they were written. It is the larger and slower one.
    """

    usual: Any
    stretched: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What detectors need of a policy.

    ``patterns`` are tried on the original and on the folded text; their number in the policy is
    what a moderator sees, never their text.
    """

    policy: Policy
    words: Listed | None = None
    phrases: Listed | None = None
    patterns: tuple[Any, ...] = ()

    @classmethod
    def of(cls, policy: Policy) -> Rules:
        """Compile; raises ``SettingsError`` naming every pattern that is no regular expression."""
        return cls(
            policy=policy,
            words=_listed(policy.words),
            phrases=_listed(policy.phrases),
            patterns=_patterns(policy.patterns),
        )


def _options() -> Any:
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False
    options.max_mem = _MOST_MEMORY
    return options


def _listed(entries: Iterable[str]) -> Listed | None:
    folded = sorted({" ".join(fold(entry).text.split()) for entry in entries} - {""})
    if not folded:
        return None
    return Listed(usual=_any_of(folded, re2.escape), stretched=_any_of(folded, _stretched))


def _any_of(folded: Sequence[str], spelt: Callable[[str], str]) -> Any:
    """One pattern for whole words: ``ass`` is found in ``you ass``, not in ``class``.

    Any white space may stand between the words of a phrase, and a few digits behind (``moron5``).
    """
    lettered = "|".join(_pattern(entry, spelt) for entry in folded if entry[-1].isalpha())
    others = "|".join(_pattern(entry, spelt) for entry in folded if not entry[-1].isalpha())
    bodies = [rf"({lettered})\pN{{0,4}}"] * bool(lettered) + [f"({others})"] * bool(others)
    options = _options()
    options.max_mem = _MOST_LISTED
    return re2.compile(rf"(?:^|[^\pL\pN])(?:{'|'.join(bodies)})(?:$|[^\pL\pN])", options)


def _pattern(entry: str, spelt: Callable[[str], str]) -> str:
    return _SPACE.join("".join(map(spelt, _runs(word))) for word in entry.split(" "))


def _runs(word: str) -> Iterator[str]:
    return (run[0] for run in _RUN.finditer(word))


def _stretched(run: str) -> str:
    """A letter as often as listed, or three times and more: ``looser`` is not ``loser``."""
    letter, times = run[0], len(run)
    if not "a" <= letter <= "z":
        return str(re2.escape(run))
    return f"{letter}{{{times},}}" if times > 1 else f"{letter}(?:{letter}{{2,}})?"


def _patterns(written: Iterable[str]) -> tuple[Any, ...]:
    compiled, problems = [], []
    for number, pattern in enumerate(written, 1):
        try:
            compiled.append(re2.compile(pattern, _options()))
        except re2.error as error:
            reason = error.args[0]
            said = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
            problems.append(f"policy.patterns, number {number}: {said}")
    if problems:
        raise SettingsError(tuple(problems))
    return tuple(compiled)
