"""Holds recorded requests against Discord's own description of its API."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from tests.wire.server import Call

ALLOWED = {
    ("POST", "/users/@me/channels", r"body at \$\.recipient_id: \d+ is not valid .*"): (
        "discord.py sends this id as a number; Discord reads both"
    ),
    ("PUT", "/guilds/{guild_id}/bans/{user_id}", "query delete_message_seconds is unknown"): (
        "discord.py asks in the query for what the description has in the body"
    ),
}
"""Method, path and problem of what discord.py itself does otherwise, and what to think of it."""


def description() -> Path:
    """Where Discord's description is, if this machine has it."""
    root = Path(__file__).parents[2]
    return (
        root / os.environ.get("TIDEKEEPER_DATA", "../shared") / "discord/openapi.json"
    ).resolve()


@cache
def _document() -> dict[str, Any]:
    return json.loads(description().read_text())


@cache
def _templates() -> list[tuple[re.Pattern[str], str]]:
    """The paths as patterns, those with the fewest blanks first."""
    paths = sorted(_document()["paths"], key=lambda path: path.count("{"))
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), path) for path in paths]


@cache
def _validator(path: str, method: str) -> Draft202012Validator | None:
    accepted = _document()["paths"][path][method].get("requestBody", {}).get("content", {})
    if "application/json" not in accepted:
        return None
    schema = accepted["application/json"]["schema"]
    return Draft202012Validator({**schema, "components": _document()["components"]})


def problems(call: Call) -> Iterator[str]:
    """What the description has against a request; allowed deviations are left out."""
    path = next((path for form, path in _templates() if form.fullmatch(call.path)), None)
    if path is None or call.method.lower() not in _document()["paths"][path]:
        yield f"{call}: not in the description"
        return
    for problem in (*_unknown_query(call, path), *_bad_body(call, path)):
        if not _allowed(call.method, path, problem):
            yield f"{call}: {problem}"


def _allowed(method: str, path: str, problem: str) -> bool:
    return any((method, path) == known[:2] and re.fullmatch(known[2], problem) for known in ALLOWED)


def _unknown_query(call: Call, path: str) -> Iterator[str]:
    described = _document()["paths"][path]
    known = [
        *described.get("parameters", []),
        *described[call.method.lower()].get("parameters", []),
    ]
    names = {parameter["name"] for parameter in known if parameter["in"] == "query"}
    for name in sorted(set(call.query) - names):
        yield f"query {name} is unknown"


def _bad_body(call: Call, path: str) -> Iterator[str]:
    if call.body is None:
        return
    validator = _validator(path, call.method.lower())
    if validator is None:
        yield "takes no such body"
        return
    for error in validator.iter_errors(call.body):
        yield f"body at {error.json_path}: {error.message[:200]}"
