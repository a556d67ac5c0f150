"""``tidekeeper score``: JSONL in, JSONL out, one line for each line, in flat memory.

What has arrived is answered at once, so that another program can talk to it through pipes; lines
that arrive together are scored together.
"""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import BinaryIO, TextIO

from bot.assess import Assessor, Text
from bot.commands.settings import settings_of
from bot.jsonstream import whole_lines
from moderation.errors import UserError

BATCH = 512
_PIECE = 65_536
_LONGEST = 1024 * 1024
"""Bytes of a line; Discord's longest message has 4,000 characters."""

Answer = dict[str, object]


def score(options: Namespace, environ: Mapping[str, str]) -> int:
    """Score standard input; 2 when a line could not be read."""
    from bot.parts import WrongEngine, bounds, make_scorer

    settings = settings_of(options, environ)
    if sys.stdin is None:
        raise UserError("standard input is closed; there is nothing to score")
    try:
        scorer = make_scorer(settings.engine)
    except WrongEngine as wrong:
        raise (wrong.by("--engine") if options.engine else wrong) from None
    return score_lines(sys.stdin.buffer, sys.stdout, Assessor(scorer, settings, bounds(scorer)))


def score_lines(source: BinaryIO, out: TextIO, assessor: Assessor) -> int:
    """Answer every line of ``source``; returns the exit code."""
    number = bad = 0
    read = getattr(source, "read1", source.read)
    for lines in whole_lines(lambda: read(_PIECE), _LONGEST):
        for start in range(0, len(lines), BATCH):
            batch = lines[start : start + BATCH]
            answers = _answers(batch, number + 1, assessor)
            number += len(batch)
            bad += sum("error" in answer for answer in answers)
            out.write("".join(json.dumps(answer) + "\n" for answer in answers))
        out.flush()
    return 2 if bad else 0


def _answers(lines: Sequence[bytes | None], first: int, assessor: Assessor) -> list[Answer]:
    read = [_text(line) for line in lines]
    assessed = iter(assessor.assess([text for text in read if isinstance(text, Text)]))
    return [
        next(assessed) if isinstance(text, Text) else {"line": number, "error": text}
        for number, text in enumerate(read, first)
    ]


def _text(line: bytes | None) -> Text | str:
    """The text of a line, or what is wrong with it."""
    if line is None:
        return f"the line is longer than {_LONGEST} bytes"
    try:
        fields = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return "the line is not UTF-8 text"
    except (ValueError, RecursionError):
        return "the line is not JSON"
    if not isinstance(fields, dict):
        return "the line is not a JSON object"
    text = fields.get("text")
    if not isinstance(text, str):
        return "field text is missing" if text is None else "field text is not a string"
    channel, identity = fields.get("channel"), fields.get("id")
    if isinstance(identity, bool) or not isinstance(identity, str | int | None):
        return "field id is neither a string nor a whole number"
    return Text(id=identity, text=text, channel=channel if isinstance(channel, str) else "")
