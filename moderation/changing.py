"""Compare-and-swap on a case: read, advance, write where the version still holds, else again."""

from __future__ import annotations

from collections.abc import Sequence

from moderation.cases import Event, advance
from moderation.errors import StoreError
from moderation.ports import Store
from moderation.types import Action, Case, CaseId, Draft, Quote

_TRIES = 50
"""Each lost try means that somebody else made progress, so this many in a row is a fault."""


async def change(
    store: Store,
    case: CaseId,
    event: Event,
    *,
    audit: Sequence[Draft] = (),
    action: Action | None = None,
    quotes: Sequence[Quote] = (),
) -> Case:
    """The case after ``event``, whoever else changed it meanwhile.

    For facts that hold whatever the version (Discord answered, a message was deleted). A person's
    decision depends on what they saw, and is written once or refused: see ``review``.
    Raises ``IllegalMove`` when the case has moved to a state without this transition.
    """
    for _ in range(_TRIES):
        before = await store.case(case)
        if before is None:
            raise StoreError(f"case {case} is not in the database")
        after = advance(before, event)
        if await store.save(before, after, audit, action=action, quotes=quotes):
            return after
    raise StoreError(f"case {case} changed {_TRIES} times while it was being written")
