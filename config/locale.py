"""Words for people, one TOML file a language.

Texts hold ``{name}`` places and nothing else: they are filled by plain replacement and never
evaluated. A key with the sub-keys ``one`` and ``other`` is chosen by the fact ``count``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("en", "nl")
"""What ``config/locales`` holds; the first is used for languages we do not have."""

_PLACE = re.compile(r"\{([a-z_][a-z0-9_]*)\}")

Fact = str | int | float


@dataclass(frozen=True, slots=True, kw_only=True)
class Locale:
    """One language: dotted keys to texts."""

    language: str
    texts: Mapping[str, str]

    def text(self, key: str, **facts: Fact) -> str:
        """The text of ``key`` with its places filled.

        Raises ``LookupError`` naming the key, or the place no fact was handed for: a mistake of
        the program, which the tests find.
        """
        chosen = self._plural(key, facts.get("count"))
        wording = self.texts.get(chosen)
        if wording is None:
            raise LookupError(f"no text {key} in language {self.language}")
        return _PLACE.sub(lambda place: _fill(key, place[1], facts), wording)

    def has(self, key: str) -> bool:
        """Whether there is a text, for codes that come from outside."""
        return key in self.texts or f"{key}.other" in self.texts

    def _plural(self, key: str, count: Fact | None) -> str:
        if f"{key}.other" not in self.texts:
            return key
        return f"{key}.one" if count == 1 else f"{key}.other"


def _fill(key: str, name: str, facts: Mapping[str, Fact]) -> str:
    if name not in facts:
        raise LookupError(f"text {key} needs the fact {name}")
    return str(facts[name])


def places(text: str) -> frozenset[str]:
    """The names of a text's places."""
    return frozenset(_PLACE.findall(text))


@cache
def load_locale(language: str) -> Locale:
    """The words of a language (``nl``, ``en-GB``); English when we do not have it."""
    short = language.partition("-")[0].lower()
    known = short if short in LANGUAGES else LANGUAGES[0]
    source = files("config").joinpath("locales", f"{known}.toml").read_text("utf-8")
    return Locale(language=known, texts=dict(_flat(tomllib.loads(source))))


def _flat(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", str(value)
