"""``tidekeeper score``: JSONL in, JSONL out, one line for each line, in flat memory.

What has arrived is answered at once, so that another program can talk to it through pipes; lines
that arrive together are scored together.
"""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, TextIO

from bot.assess import Assessor, Text
from bot.commands.settings import settings_of

BATCH = 512
_PIECE = 65_536
_LONGEST = 1024 * 1024
"""Bytes of a line; Discord's longest message has 4,000 characters."""

Answer = dict[str, object]


def score(options: Namespace, environ: Mapping[str, str]) -> int:
    """Score standard input; 2 when a line could not be read."""
    from bot.parts import bounds, make_scorer

    settings = settings_of(options, environ)
    scorer = make_scorer(settings.engine)
    return score_lines(sys.stdin.buffer, sys.stdout, Assessor(scorer, settings, bounds(scorer)))


def score_lines(source: BinaryIO, out: TextIO, assessor: Assessor) -> int:
    """Answer every line of ``source``; returns the exit code."""
    number = bad = 0
    for lines in arrived(source):
        for start in range(0, len(lines), BATCH):
            batch = lines[start : start + BATCH]
            answers = _answers(batch, number + 1, assessor)
            number += len(batch)
            bad += sum("error" in answer for answer in answers)
            out.write("".join(json.dumps(answer) + "\n" for answer in answers))
        out.flush()
    return 2 if bad else 0


def arrived(source: BinaryIO) -> Iterator[list[bytes | None]]:
    """The whole lines of ``source`` as they arrive; ``None`` for one that is far too long."""
    rest = b""
    cut = False
    read = getattr(source, "read1", source.read)
    while piece := read(_PIECE):
        parts = (rest + piece).split(b"\n")
        rest = parts.pop()
        if parts:
            yield [None if cut or len(parts[0]) > _LONGEST else parts[0], *parts[1:]]
            cut = False
        if len(rest) > _LONGEST:
            rest, cut = b"", True
    if rest or cut:
        yield [None if cut else rest]


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
    if not isinstance(identity, str | int | None):
        return "field id is neither a string nor a whole number"
    return Text(id=identity, text=text, channel=channel if isinstance(channel, str) else "")
