"""The process dies at every step between a press and its end; after the restart Discord and the
member have seen the effect of one action, one card and one notice."""

from __future__ import annotations

import io
from dataclasses import dataclass
from itertools import count
from typing import Any

import discord
import pytest

from bot.app import build
from bot.log import LineLog
from moderation.errors import StoreError
from moderation.types import ActionKind, ActionState, CaseState, NoticeState
from tests.chat.conftest import INSULT, Town, builtin

STRIDE = 9
"""Worlds that share the steps of an action: what a world remembers makes every restart longer."""


@dataclass
class Life:
    """Counts the places passed and ends the process at one of them: from then on nothing that it
    does reaches the database or Discord."""

    ends_at: int
    passed: int = 0

    @property
    def over(self) -> bool:
        return self.passed >= self.ends_at

    def step(self, error: Exception) -> None:
        self.passed += 1
        if self.over:
            raise error


class MortalStore:
    """The store as a process sees it that may die before or after every call."""

    def __init__(self, store: Any, life: Life) -> None:
        self._store = store
        self._life = life

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            self._life.step(StoreError("dead"))
            result = await method(*args, **kwargs)
            self._life.step(StoreError("dead"))
            return result

        return call


def mortal_wire(town: Town, life: Life) -> None:
    """The same for every request to Discord: it may die before it, or before the answer comes."""
    http = town.env.bot.http
    send = http.request

    async def request(*args: Any, **kwargs: Any) -> Any:
        life.step(ConnectionResetError("dead"))
        result = await send(*args, **kwargs)
        life.step(ConnectionResetError("dead"))
        return result

    http.request = request


async def _die_at(town: Town, number: int, kind: ActionKind, step: int) -> bool:
    """Decide in a process that ends at ``step``; whether it got to its end before that."""
    life = Life(10**9)
    dying = await build(
        town.settings,
        town.clock,
        log=LineLog(io.StringIO(), town.clock),
        scorer=builtin(),
        store=MortalStore(town.app.store, life),  # type: ignore[arg-type]
    )
    await town.env.restart_bot(dying.client)
    await town.env.settle()
    mortal_wire(town, life)
    life.passed, life.ends_at = 0, step
    [card] = _cards(town, number)
    if kind is (await town.case(number)).recommended:  # a button then, and not in the menu
        await town.anna.click(card, custom_id=f"tk:{number}:do")
    else:
        await town.anna.select(card, [kind.value], custom_id=f"tk:{number}:pick")
    return not life.over


@pytest.mark.slow
@pytest.mark.simcord(check_errors=False)  # a dead process complains, and nobody hears it
@pytest.mark.parametrize(
    "kind",
    [ActionKind.WARN, ActionKind.TIMEOUT, ActionKind.REMOVE, ActionKind.KICK, ActionKind.BAN],
)
@pytest.mark.parametrize("first", range(1, STRIDE + 1))
async def test_killed_at_any_step(town: Town, kind: ActionKind, first: int) -> None:
    survived = False
    for number, step in enumerate(count(first, STRIDE), 1):
        if survived:
            break
        member = town.guild.add_member(town.env.create_user(f"member{step}"))
        await member.send(town.general, INSULT)
        survived = await _die_at(town, number, kind, step)
        await town.restart()
        case = await town.case(number)
        assert len(_cards(town, number)) == 1, step
        if case.state is CaseState.OPEN:  # died before the decision was written
            assert town.dms(member) == [], step
            continue
        action = await town.app.store.action(case.action)
        assert (case.state, action.state) == (CaseState.RESOLVED, ActionState.APPLIED), step
        assert action.notice is NoticeState.SENT, step
        assert len(town.dms(member)) == 1, step
        assert case.card_version == case.version, step
    assert step > 12


def _cards(town: Town, number: int) -> list[discord.Message]:
    shown = (m for m in town.queue.history() if m.embeds)
    return [m for m in shown if m.embeds[0].footer.text.startswith(f"Case {number} ")]
