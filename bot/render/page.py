"""The report of a replay as one page: no script, nothing from elsewhere, never message text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from bot.render.plain import plain
from config.locale import Locale, load_locale

TEMPLATES = Path(__file__).parent / "templates"
_PLACES = ("line", "offset", "message")


def page(found: Mapping[str, Any], files: int) -> str:
    """The page of a report (the object of ``replay --json``) over so many files."""
    pages = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    pages.filters["plain"] = plain
    pages.filters["count"] = "{:,}".format
    words = load_locale("en")
    metrics = found["metrics"]
    return pages.get_template("report.html").render(
        found=found,
        files=files,
        metrics=metrics,
        period=_period(metrics["first"], metrics["last"]),
        cases=[_case(case, words) for case in found["cases"]],
        kinds=_kinds(metrics["cases_by_kind"], words),
        channels=_channels(found),
        skipped=[_skip(skip) for skip in found["skipped"]],
    )


def _period(first: str | None, last: str | None) -> tuple[str, str] | None:
    return (_moment(first), _moment(last)) if first and last else None


def _moment(written: str) -> str:
    return f"{datetime.fromisoformat(written):%Y-%m-%d %H:%M}"


def _words(kind: str, words: Locale) -> str:
    keys = (f"signal.{kind}", f"signal.{kind.partition('.')[0]}.any", "signal.any")
    return words.text(next(key for key in keys if words.has(key)))


def _case(case: Mapping[str, Any], words: Locale) -> dict[str, Any]:
    return {**case, "words": _words(case["kind"], words), "at": _moment(case["opened_at"])}


def _kinds(counts: Mapping[str, int], words: Locale) -> list[dict[str, Any]]:
    """The most frequent first; ``share`` is of the most frequent, in percent."""
    most = max(counts.values(), default=1)
    return [
        {"kind": kind, "words": _words(kind, words), "count": n, "share": 100 * n // most}
        for kind, n in Counter(counts).most_common()
    ]


def _channels(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Those with the most cases first, then those with the most messages."""
    counts = Counter(case["channel"] for case in found["cases"])
    most = max(counts.values(), default=1)
    rows = [
        {**channel, "count": counts[channel["id"]], "share": 100 * counts[channel["id"]] // most}
        for channel in found["channels"]
    ]
    return sorted(rows, key=lambda row: (-row["count"], -row["messages"], row["name"]))


def _skip(skip: Mapping[str, Any]) -> dict[str, Any]:
    where = ", ".join(f"{name} {skip[name]}" for name in _PLACES if name in skip)
    why = f"{skip.get('field', '')} {skip['error']}".strip()
    kind = skip.get("type")
    return {
        "file": Path(skip["file"]).name,
        "where": where,
        "why": f"{why} ({kind})" if kind else why,
        "count": skip["count"],
    }
