"""The audit chain: any change to what was written is seen, at the first place it touches."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from moderation.ledger import GENESIS, first_broken, link
from moderation.types import AuditEntry, Draft, GuildId


def chain(length: int) -> list[AuditEntry]:
    entries: list[AuditEntry] = []
    previous = GENESIS
    for seq in range(1, length + 1):
        draft = Draft(
            at=datetime(2026, 11, 16, 12, seq, tzinfo=UTC),
            guild=GuildId("g"),
            actor="system",
            event="case.opened",
            subject=f"case:{seq}",
            facts=(("version", seq),),
        )
        entries.append(link(draft, seq, previous))
        previous = entries[-1].digest
    return entries


def test_an_untouched_chain_holds() -> None:
    assert first_broken(chain(5)) is None
    assert first_broken([]) is None


@pytest.mark.parametrize(
    "change",
    [
        {"actor": "mia"},
        {"event": "case.dismissed"},
        {"subject": "case:9"},
        {"facts": (("version", 9),)},
        {"at": datetime(2026, 1, 1, tzinfo=UTC)},
        {"guild": GuildId("other")},
        {"digest": "0" * 64},
    ],
)
def test_a_changed_entry_is_found(change: dict[str, object]) -> None:
    entries = chain(5)
    entries[2] = replace(entries[2], **change)  # type: ignore[arg-type]
    assert first_broken(entries) == 3


def test_a_removed_or_swapped_entry_is_found() -> None:
    entries = chain(5)
    assert first_broken([*entries[:1], *entries[2:]]) == 2
    assert first_broken([entries[1], entries[0], *entries[2:]]) == 1
