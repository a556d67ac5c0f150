"""A server in trouble: rate limits, errors, slow answers, broken lines. Nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path
from typing import Any

import pytest

from tests.wire.bots import Inside
from tests.wire.people import GENERAL, INSULT, SUPPORT, Town
from tests.wire.server import Call, Trouble

CARD, NOTICE = "/channels/22/messages", r"/channels/7\d+/messages"
TROUBLES: dict[str, dict[str, Any]] = {
    "429": {"status": 429, "pause": 0.2},
    "500": {"status": 500},
    "502 after the effect": {"status": 502, "after": True},
    "503": {"status": 503},
    "503 after the effect": {"status": 503, "after": True},
    "slow": {"status": 200, "pause": 0.2},
    "broken before the effect": {"status": 0},
    "broken after the effect": {"status": 0, "after": True},
    "an answer that cannot be read": {"status": 201, "after": True},
}
REPEATED = frozenset({"429", "500", "502 after the effect", "slow"})
"""Through these discord.py comes by itself; after the others the bot's next tick has to."""
_SLOWLY = frozenset({"500", "502 after the effect"})
"""It waits a second first: that is shown with cards and notices, and not for every effect."""


def _forgetful(town: Town) -> None:
    """Discord refuses a second message with the same nonce only for some minutes."""
    town.nonces.clear()


def _nonces(town: Town, path: str) -> set[str]:
    """How the nonces begin by which Discord refuses a second copy."""
    sent = [c.body for c in town.requests if c.method == "POST" and re.fullmatch(path, c.path)]
    assert all(body["enforce_nonce"] for body in sent)
    return {"-".join(body["nonce"].split("-")[:2]) for body in sent}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_one_card_whatever_happens(town: Town, inside: Inside, trouble: str) -> None:
    town.troubles.append(Trouble("POST", CARD, **TROUBLES[trouble]))
    await town.say(GENERAL, town.join("tom"), INSULT)
    if trouble not in REPEATED:
        await inside.until(lambda: "card_failed" in inside.log())
        _forgetful(town)
        await inside.tick()
    await inside.card()
    assert town.troubles == []
    assert len(inside.cards()) == 1
    assert _nonces(town, CARD) == {"tk-card"}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_one_notice_whatever_happens(town: Town, inside: Inside, trouble: str) -> None:
    tom, anna = town.join("tom"), town.join("anna", crew=True)
    await town.say(GENERAL, tom, INSULT)
    card = await inside.card()
    town.troubles.append(Trouble("POST", NOTICE, **TROUBLES[trouble]))
    await town.press(card, "tk:1:do", anna)
    if trouble not in REPEATED:
        await inside.until(lambda: "action_waits" in inside.log())
        _forgetful(town)
        await inside.tick()
    await inside.told()
    assert town.troubles == []
    assert len(inside.notices(tom)) == 1
    assert _nonces(town, NOTICE) == {"tk-dm"}
    assert inside.states() == [(1, "resolved", 0)]


@pytest.mark.parametrize("trouble", [name for name in TROUBLES if name not in _SLOWLY])
@pytest.mark.parametrize(
    ("kind", "method", "path"),
    [
        ("timeout", "PATCH", r"/guilds/1/members/\d+"),
        ("remove", "DELETE", r"/channels/20/messages/\d+"),
        ("ban", "PUT", r"/guilds/1/bans/\d+"),
    ],
)
async def test_one_effect_whatever_happens(
    town: Town, inside: Inside, kind: str, method: str, path: str, trouble: str
) -> None:
    tom, anna = town.join("tom"), town.join("anna", crew=True)
    await town.say(GENERAL, tom, INSULT)
    card = await inside.card()
    town.troubles.append(Trouble(method, path, **TROUBLES[trouble]))
    await town.press(card, "tk:1:pick", anna, kind)
    await inside.until(lambda: town.troubles == [])
    await inside.until(lambda: "action_waits" in inside.log() or inside.states()[0][1] != "acting")
    _forgetful(town)
    await inside.tick()
    await inside.until(lambda: inside.states() == [(1, "resolved", 0)])
    await inside.told()
    assert town.effects == [(kind, tom)]
    assert len(inside.notices(tom)) == 1


async def test_a_rate_limit_is_waited_for(town: Town, inside: Inside) -> None:
    asked: list[float] = []

    async def gate(phase: str, call: Call) -> None:
        if phase == "before" and (call.method, call.path) == ("POST", CARD):
            asked.append(time.monotonic())

    town.gate = gate
    town.troubles.append(Trouble("POST", CARD, 429, pause=0.5))
    await town.say(GENERAL, town.join("tom"), INSULT)
    await inside.card()
    first, second = asked
    assert second - first >= 0.5


async def test_one_slow_answer_holds_up_nobody_else(town: Town, inside: Inside) -> None:
    await town.say(SUPPORT, town.join("kim"), INSULT)
    await inside.card(1)
    held, slow = asyncio.Event(), [True]

    async def gate(phase: str, call: Call) -> None:
        if slow and (phase, call.method, call.path) == ("before", "POST", CARD):
            slow.pop()
            await held.wait()

    town.gate = gate
    await town.say(GENERAL, town.join("tom"), INSULT)
    await inside.until(lambda: not slow)
    await town.say(SUPPORT, town.join("mia"), INSULT)
    await inside.card(3)
    assert inside.cards(2) == []
    held.set()
    await inside.card(2)


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble("GET", "/users/@me", 503),
        Trouble("GET", "/users/@me", 0),
        Trouble("GET", "/oauth2/applications/@me", 429, pause=0.1),
        Trouble("GET", "/gateway/bot", 503),
        Trouble("PUT", "/applications/8/commands", 0),
    ],
    ids=str,
)
async def test_signing_in_through_trouble(town: Town, tmp_path: Path, trouble: Trouble) -> None:
    town.troubles.append(trouble)
    bot = Inside(town, tmp_path)
    await bot.start()
    assert town.troubles == []
    await town.say(GENERAL, town.join("tom"), INSULT)
    await bot.card()
    await bot.stop()


@pytest.mark.parametrize("status", [0, 503])
async def test_catching_up_through_trouble(town: Town, inside: Inside, status: int) -> None:
    """A page that does not come leaves everything open: the next tick looks again."""
    town.troubles += [Trouble("GET", "/channels/21/messages", status)] * 2  # aiohttp asks twice
    town.cut(forget=True)
    await town.say(SUPPORT, town.join("tom"), INSULT)
    await inside.until(lambda: "catch_up_waits" in inside.log() or inside.states())
    town.troubles.clear()
    await inside.until(inside.app.client.listening)
    await inside.tick()
    await inside.card()
    assert inside.states() == [(1, "open", 1)]
