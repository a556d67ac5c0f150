"""TOML, then environment, into one ``Settings``; every problem is reported at once.

A problem is one line: where it was written (file and line, or environment variable), the dotted
key, what is wrong, and a hint. What was written is never repeated: it may be a secret.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from config.schema import Settings
from config.values import Disagreement
from moderation.errors import SettingsError

PREFIX = "TIDEKEEPER_"
TOKEN = "DISCORD_TOKEN"  # noqa: S105 - the name of a variable, not a secret
NOT_SETTINGS = frozenset({"TIDEKEEPER_DATA", "TIDEKEEPER_CONFIG"})
"""Variables of ours that are no settings: where test data and the settings file are."""

NO_OPTIONS: Mapping[str, tuple[str, str]] = MappingProxyType({})

Path_ = tuple[str, ...]
Tree = dict[str, Any]

_WORDING = {
    "missing": "is needed",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "string_type": "must be text in quotes",
    "string_too_short": "must not be empty",
    "tuple_type": 'must be a list such as ["a", "b"]',
    "dict_type": "must be a table",
    "mapping_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be one of {expected}",
    "enum": "must be one of {expected}",
    "value_error": "{error}",
}


def load(
    path: Path | None,
    environ: Mapping[str, str],
    options: Mapping[str, tuple[str, str]] = NO_OPTIONS,
) -> Settings:
    """The settings of ``path`` (none: ``TIDEKEEPER_CONFIG``, else the defaults) and ``environ``.

    ``options`` come from the command line and go before all else: option to dotted key and value.
    Raises ``SettingsError`` with a line for each problem.
    """
    named = environ.get("TIDEKEEPER_CONFIG")
    path = path or (Path(named) if named else None)
    text = _read(path) if path else ""
    tree = _parse(text, str(path))
    places, problems = _overlay(tree, environ)
    for option, (key, value) in options.items():
        if _put(tree, tuple(key.split(".")), value):
            places[tuple(key.split("."))] = f"option {option}"
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as error:
        sources = _Sources(str(path or "the settings"), text, places)
        problems += [_problem(detail, sources) for detail in error.errors(include_url=False)]
        raise SettingsError(tuple(dict.fromkeys(problems))) from None
    if problems:
        raise SettingsError(tuple(problems))
    return settings


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise SettingsError((f"{path}: the settings file cannot be read ({reason})",)) from None
    except UnicodeDecodeError:
        raise SettingsError((f"{path}: the settings file is not UTF-8 text",)) from None


def _parse(text: str, name: str) -> Tree:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"\(at ([^)]*)\)", str(error))
        place = f", {where[1]}" if where else ""
        raise SettingsError(
            (f"{name}{place}: not valid TOML; check quotes and brackets",)
        ) from None
    except RecursionError:
        raise SettingsError((f"{name}: not valid TOML; nested too deeply",)) from None


def variables() -> Mapping[str, Path_]:
    """Every environment variable that is a setting, with its dotted key."""
    return {PREFIX + "_".join(key).upper(): key for key in leaves(Settings)}


def leaves(model: type[BaseModel], above: Path_ = ()) -> Iterator[Path_]:
    """The dotted keys of a settings table that hold one value, not a table with free names."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from leaves(kind, (*above, name))
        elif not _is_free_table(kind):
            yield (*above, name)


def _is_free_table(kind: object) -> bool:
    return getattr(kind, "__origin__", None) is Mapping


def _overlay(tree: Tree, environ: Mapping[str, str]) -> tuple[dict[Path_, str], list[str]]:
    """Put the environment's values into ``tree``; returns who set what, and the problems."""
    known = {TOKEN: ("discord", "token"), **variables()}
    places: dict[Path_, str] = {}
    for name, key in known.items():
        if name in environ and _put(tree, key, environ[name]):
            places[key] = f"environment {name}"
    problems = [
        f"environment {name}: unknown setting{_meant(name, list(known))}"
        for name in sorted(environ)
        if name.startswith(PREFIX) and name not in known and name not in NOT_SETTINGS
    ]
    return places, problems


def _put(tree: Tree, key: Path_, value: str) -> bool:
    """Whether the value found its place; what stands in the way is reported by the schema."""
    for part in key[:-1]:
        tree = tree.setdefault(part, {})
        if not isinstance(tree, dict):
            return False
    tree[key[-1]] = value
    return True


class _Sources:
    """Where a key was written: the environment, or a line of the file."""

    def __init__(self, name: str, text: str, places: Mapping[Path_, str]) -> None:
        self._name = name
        self._lines = dict(_lines(text))
        self._places = places

    def known(self, key: Path_) -> bool:
        """Whether somebody wrote this very key down."""
        return key in self._places or key in self._lines

    def of(self, key: Path_) -> str:
        for end in range(len(key), 0, -1):
            if key[:end] in self._places:
                return self._places[key[:end]]
            if key[:end] in self._lines:
                return f"{self._name}, line {self._lines[key[:end]]}"
        return self._name


_HEADER = re.compile(r"\s*\[+\s*(.+?)\s*\]+\s*(#.*)?")
_ENTRY = re.compile(
    r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*="""
)
_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")


def _lines(text: str) -> Iterator[tuple[Path_, int]]:
    """Each key of a TOML text with the line it starts on; tomllib keeps no positions."""
    table: Path_ = ()
    for number, line in enumerate(text.splitlines(), 1):
        if entry := _ENTRY.match(line):
            yield (*table, *_parts(entry[1])), number
        elif header := _HEADER.fullmatch(line):
            table = _parts(header[1])
            yield table, number


def _parts(dotted: str) -> Path_:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def _problem(detail: ErrorDetails, sources: _Sources) -> str:
    key = tuple(str(part) for part in detail["loc"] if part != "[key]")
    keys = _together(detail, key, sources) or [key]
    where = ", ".join(dict.fromkeys(map(sources.of, keys)))
    text = f"{where}: {', '.join(map(_dotted, keys))} {_what(detail, key)}"
    return " ".join(text.split())


def _together(detail: ErrorDetails, table: Path_, sources: _Sources) -> list[Path_]:
    """The keys that are wrong only beside one another, as far as somebody wrote them down."""
    error = detail.get("ctx", {}).get("error")
    names = error.keys if isinstance(error, Disagreement) else ()
    return [(*table, name) for name in names if sources.known((*table, name))]


def _dotted(key: Path_) -> str:
    return ".".join(part if re.fullmatch(r"[\w-]+", part) else f'"{part}"' for part in key)


def _what(detail: ErrorDetails, key: Path_) -> str:
    if detail["type"] == "extra_forbidden":
        return "is not a setting" + _meant(key[-1], _siblings(key))
    wording = _WORDING.get(detail["type"], "is not valid")
    said = wording.format(**detail.get("ctx", {}))
    if detail["type"] in ("enum", "literal_error"):
        said += _meant(str(detail["input"]), re.findall(r"'(\w+)'", said), or_list=False)
        said = said.replace("'", "")
    return said


def _siblings(key: Path_) -> list[str]:
    table: Any = Settings
    for part in key[:-1]:
        fields = getattr(table, "model_fields", {})
        if part in fields:
            table = fields[part].annotation
        elif _is_free_table(table):
            table = table.__args__[1]
        if _is_free_table(table) and part not in fields:
            table = table.__args__[1]
    return list(getattr(table, "model_fields", {}))


def _meant(written: str, known: list[str], *, or_list: bool = True) -> str:
    close = get_close_matches(written, known, n=1)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; known are {', '.join(known)}" if or_list and len(known) <= 20 else ""
