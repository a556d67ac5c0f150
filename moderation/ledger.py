"""The hash chain of the audit trail: what was written cannot be changed unseen.

Each entry's digest covers the digest before it, so that changing, removing or inserting a line
breaks every later one (the construction of RFC 6962's predecessor, a plain hash chain).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace

from moderation.types import AuditEntry, Draft

GENESIS = "0" * 64
"""What the first entry chains to."""


def link(draft: Draft, seq: int, previous: str) -> AuditEntry:
    """``draft`` in its place: number ``seq`` (from 1), after the entry with digest ``previous``."""
    entry = AuditEntry(
        seq=seq,
        at=draft.at,
        guild=draft.guild,
        actor=draft.actor,
        event=draft.event,
        subject=draft.subject,
        facts=draft.facts,
        previous=previous,
    )
    return replace(entry, digest=digest(entry))


def digest(entry: AuditEntry) -> str:
    """SHA-256 (hex) over the canonical JSON of everything but the digest itself."""
    body = json.dumps(
        [
            entry.seq,
            entry.at.isoformat(),
            entry.guild,
            entry.actor,
            entry.event,
            entry.subject,
            [list(fact) for fact in entry.facts],
            entry.previous,
        ],
        ensure_ascii=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(body.encode()).hexdigest()


def first_broken(entries: Iterable[AuditEntry]) -> int | None:
    """The number of the first entry that does not fit the chain; ``None`` when all do."""
    previous, expected = GENESIS, 1
    for entry in entries:
        if entry.seq != expected or entry.previous != previous or entry.digest != digest(entry):
            return expected
        previous, expected = entry.digest, expected + 1
    return None
