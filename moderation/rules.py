"""A policy made ready for the detectors: lists and patterns compiled once.

Everything that people write runs on RE2, whose time is linear in the text whatever the pattern.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import re2

from moderation.errors import SettingsError
from moderation.text import fold
from moderation.types import Policy

_MOST_MEMORY = 8 << 20
"""Bytes one compiled pattern may take; a larger one is refused (RE2's own default is 8 MiB)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What detectors need of a policy. ``words`` and ``phrases`` match folded text.

    ``patterns`` are tried on the original and on the folded text; their number in the policy is
    what a moderator sees, never their text.
    """

    policy: Policy
    words: Any = None
    phrases: Any = None
    patterns: tuple[Any, ...] = ()

    @classmethod
    def of(cls, policy: Policy) -> Rules:
        """Compile; raises ``SettingsError`` naming every pattern that is no regular expression."""
        return cls(
            policy=policy,
            words=_any_of(policy.words),
            phrases=_any_of(policy.phrases),
            patterns=_patterns(policy.patterns),
        )


def _options() -> Any:
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False
    options.max_mem = _MOST_MEMORY
    return options


def _any_of(listed: Iterable[str]) -> Any:
    """One pattern for whole words: ``ass`` is found in ``you ass``, not in ``class``."""
    folded = sorted({fold(entry).text.strip() for entry in listed} - {""})
    if not folded:
        return None
    bodies = "|".join(re2.escape(entry) for entry in folded)
    return re2.compile(rf"(?:^|[^\pL\pN])({bodies})(?:$|[^\pL\pN])", _options())


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
