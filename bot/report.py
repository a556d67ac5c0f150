"""What a replay found, in the words of the contract: one object, files, or lines to read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bot.archive import Archive
from bot.render.plain import plain
from bot.replay import Tally
from config.schema import Settings
from moderation.types import Case, Channel, Disposition, Policy

Object = dict[str, object]

NOT_YET = (
    "Not computed in this version: drift, questions and digests; their lists are empty.",
    "Metrics are plain counts; response times and rates are not computed in this version.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Everything that a report is drawn from."""

    archive: Archive
    tally: Tally
    cases: Sequence[Case]
    settings: Settings
    policy: Policy
    engine: str
    inferred: bool


def report(run: Run) -> Object:
    """The object of ``replay --json``."""
    return {
        "messages": run.tally.messages,
        "skipped": [skip.as_json() for skip in run.archive.skipped],
        "channels": [_channel(run, channel) for channel in _channels(run)],
        "cases": [_case(run, case) for case in run.cases],
        "drift": [],
        "questions": [],
        "metrics": _metrics(run),
        "digests": [],
        "policy": run.policy.version,
        "engine": run.engine,
        "notes": list(_notes(run)),
    }


def write(found: Object, folder: Path, files: int) -> None:
    """The same as files: a page to read, the whole as JSON, and each list as JSONL.

    ``files`` is the number of exports that were read.
    """
    from bot.render.page import page

    (folder / "report.html").write_text(page(found, files), "utf-8")
    (folder / "report.json").write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    for name in ("skipped", "channels", "cases", "drift", "questions", "digests"):
        rows = found[name]
        assert isinstance(rows, list)
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(lines, "utf-8")
    (folder / "metrics.json").write_text(json.dumps(found["metrics"], indent=2) + "\n", "utf-8")


def lines(run: Run) -> Iterable[str]:
    """The report in a few lines for a terminal."""
    tally = run.tally
    yield f"{tally.messages:,} messages in {len(tally.channels)} channels, {_period(tally)}"
    yield f"engine {run.engine}, policy {run.policy.version}"
    yield f"{len(run.cases):,} cases would have been queued"
    for kind, count in _by_kind(run.cases).most_common():
        yield f"  {count:6,}  {plain(kind)}"
    if tally.degraded:
        yield f"{tally.degraded:,} messages were judged by rules alone: the engine failed on them"
    for skip in run.archive.skipped:
        times = f" ({skip.count:,} x {plain(skip.type)})" if skip.type else ""
        yield f"left out: {skip}{times}"
    yield from map(plain, _notes(run))


def _period(tally: Tally) -> str:
    if tally.first is None or tally.last is None:
        return "no time at all"
    return f"{tally.first:%Y-%m-%d %H:%M} to {tally.last:%Y-%m-%d %H:%M} UTC"


def _channels(run: Run) -> list[Channel]:
    return sorted(run.archive.channels.values(), key=lambda channel: (channel.name, channel.id))


def _channel(run: Run, channel: Channel) -> Object:
    exempt = run.policy.exempt_channels
    return {
        "id": channel.id,
        "name": channel.name,
        "parent": channel.parent,
        "purpose": _purpose(run, channel),
        "watched": channel.id not in exempt and channel.parent not in exempt,
        "messages": run.tally.channels[channel.id],
    }


def _purpose(run: Run, channel: Channel) -> str:
    """What the settings say, else the topic; of a thread that has neither, its channel's."""
    set_up = run.settings.channels.get(channel.name) or run.settings.channels.get(channel.id)
    own = (set_up.purpose if set_up else "") or channel.purpose
    parent = _parent(run, channel)
    return own or (_purpose(run, parent) if parent else "")


def _parent(run: Run, channel: Channel) -> Channel | None:
    """A thread's channel: from its own export, else by the name that the thread's export gives."""
    if channel.parent is None or channel.parent == channel.id:
        return None
    bare = Channel(id=channel.parent, guild=channel.guild)
    exported = run.archive.channels.get(channel.parent)
    found = exported or run.archive.parents.get(channel.parent) or bare
    return replace(found, parent=None)


def _unknown(run: Run) -> list[str]:
    """The channels that the settings name and no export holds."""
    places = [*run.archive.channels.values(), *run.archive.parents.values()]
    known = {word for place in places for word in (place.id, place.name, place.parent)}
    return sorted(name for name in run.settings.channels if name not in known)


def _case(run: Run, case: Case) -> Object:
    channel = run.archive.channels.get(case.channel)
    return {
        "case_id": case.id,
        "channel": case.channel,
        "channel_name": channel.name if channel else case.channel,
        "message_ids": list(case.messages),
        "kind": _kind(case),
        "kinds": sorted({signal.kind for signal in case.signals}),
        "risk": int(case.risk),
        "severity": int(case.severity),
        "score": round(float(case.score), 4),
        "disposition": run.tally.decided.get(case.id, Disposition.REVIEW).value,
        "reasons": [reason.code for reason in case.reasons],
        "recommended": case.recommended.value if case.recommended else None,
        "opened_at": case.opened_at.isoformat(),
    }


def _kind(case: Case) -> str:
    return case.signals[0].kind if case.signals else "report"


def _by_kind(cases: Iterable[Case]) -> Counter[str]:
    return Counter(_kind(case) for case in cases)


def _metrics(run: Run) -> Object:
    """Counts only: what is not counted yet is absent, never 0."""
    tally = run.tally
    return {
        "messages": tally.messages,
        "authors": len(tally.authors),
        "channels": len(tally.channels),
        "messages_by_writer": _sorted(tally.writers),
        "messages_by_kind": _sorted(tally.kinds),
        "dispositions": _sorted(tally.dispositions),
        "degraded": tally.degraded,
        "cases": len(run.cases),
        "cases_by_kind": _sorted(_by_kind(run.cases)),
        "first": tally.first.isoformat() if tally.first else None,
        "last": tally.last.isoformat() if tally.last else None,
    }


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items()))


def _notes(run: Run) -> Iterable[str]:
    if run.inferred:
        roles = ", ".join(run.settings.staff.roles)
        with_topic = sum(bool(channel.purpose) for channel in run.archive.channels.values())
        yield (
            f"No --policy was given. Inferred: the purpose of {with_topic} of"
            f" {len(run.archive.channels)} channels from its topic; staff are authors with a role"
            f" named {roles} ({run.tally.writers['staff']:,} messages); opening hours are unknown."
        )
    if unknown := _unknown(run):
        yield f"The policy names channels that the export does not hold: {', '.join(unknown)}."
    yield from NOT_YET
