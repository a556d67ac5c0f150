"""The texts on which an exported model is compared with the original."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from bot.render.plain import plain
from moderation.errors import UserError

MOST = 5000
"""Texts; of a longer file as many, evenly spread. Torch reads about 15 a second."""

OWN = (
    "the build is green again, thanks for the quick fix",
    "does anybody know where the logs of the worker end up?",
    "you have to kill the child process before you start it again",
    "I moved the meeting to three, hope that suits everyone",
    "lol that release note is pure gold",
    "this damn printer eats every second page",
    "Kan iemand even meekijken met mijn pull request?",
    "Het werkt weer, dank je wel voor de hulp!",
    "de server ligt er alweer uit, wat een ramp",
    "my daughter asked whether the moon is a big cookie",
    "we are a gay couple from Utrecht and new in this server",
    "could you please read the rules before posting here",
    "honestly your last update broke everything for us",
    "that is the worst answer I have read all week",
    "stop spamming the channel",
    "you are an idiot",
    "nobody wants you here, get lost",
    "what a stupid idea, did you even think?",
    "shut up already",
    "hou toch je mond man",
    "ok",
    "?",
    "https://example.com/docs/getting-started",
    "`rm -rf node_modules` and then install again",
    "I will be away until Monday, ask Noor instead",
    "the price went up by 12 % since last year",
    "good morning all, coffee is ready",
    "why is my invoice in German?",
    "he said that the refund takes five days, it has been nine now and nobody answers my mails",
    (
        "the documentation says one thing, the program does another and support says a third, so "
        "which of the three am I supposed to believe before I pay for another year of this?"
    ),
)
"""Written for this purpose: chat at a software company, a little of it rude."""


def texts_of(file: Path | None) -> Sequence[str]:
    """The texts of a file (JSONL or CSV with a field ``text``), or our own.

    Raises ``UserError`` naming file and line.
    """
    if file is None:
        return OWN
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            read = _csv if file.suffix.lower() == ".csv" else _jsonl
            found = [text for text in read(file, lines) if text.strip()]
    except OSError as error:
        raise UserError(f"{file}: {(error.strerror or 'cannot be read').lower()}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{file}: is not UTF-8 text") from error
    if not found:
        raise UserError(f"{file}: there is no text in it")
    step = max(1.0, len(found) / MOST)
    return [found[int(at * step)] for at in range(min(len(found), MOST))]


def _csv(file: Path, lines: Iterator[str]) -> Iterator[str]:
    rows = csv.DictReader(lines)
    try:
        if "text" not in (rows.fieldnames or ()):
            raise UserError(f"{plain(file)}: line 1: there is no column text")
        for row in rows:
            yield row["text"] or ""
    except csv.Error as error:
        raise UserError(f"{plain(file)}: line {rows.line_num}: {error}") from error


def _jsonl(file: Path, lines: Iterator[str]) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            text = json.loads(line)["text"]
        except (ValueError, KeyError, TypeError, RecursionError):
            text = None
        if not isinstance(text, str):
            raise UserError(f"{plain(file)}: line {number}: is no JSON object with a text")
        yield text
