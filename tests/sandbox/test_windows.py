"""Several windows on one Discord, driven over HTTP as a browser drives them.

A failure here after an update of simcord means that what ``bot.sandbox.windows`` reaches behind
has changed; its first lines say what that is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
import simcord
from simcord.preview import Preview

from bot.sandbox.scenes import INSULT, Play, insult
from bot.sandbox.stage import staged, stored
from bot.sandbox.windows import Windows, _controls
from bot.sandbox.world import World
from config.schema import Settings
from moderation.types import CaseState


@asynccontextmanager
async def on_stage(settings: Settings) -> AsyncIterator[tuple[World, Windows]]:
    """No fixture: simcord's clock belongs to the task that opened it."""
    with stored(settings) as ready:
        async with staged(ready) as made:
            yield made


@asynccontextmanager
async def as_ann(settings: Settings) -> AsyncIterator[tuple[World, Windows, Page]]:
    """Ann's window on #general."""
    async with on_stage(settings) as (world, windows):
        general = world.channels["general"]
        async with opened(windows, general, [world.members["ann"]]) as page:
            yield world, windows, page


class Page:
    """One browser tab on a window."""

    def __init__(self, session: aiohttp.ClientSession, base: str, state: dict[str, Any]) -> None:
        self._session = session
        self._base = base
        self.state = state
        self._sequence = 0

    async def look(self) -> str:
        async with self._session.get(self._base + "api/state", headers=self._who()) as answer:
            self.state = await answer.json()
        return str(self.state)

    async def act(self, kind: str, **values: Any) -> dict[str, Any]:
        self._sequence += 1
        body = {
            "protocol_version": 3,
            "sequence": self._sequence,
            "request_id": f"r{self._sequence}",
            "generation": self.state["context"]["generation"],
            "bot_generation": self.state["botGeneration"],
            "published_revision": self.state["publication"]["publishedRevision"],
            "kind": kind,
            **values,
        }
        address = self._base + "api/action"
        async with self._session.post(address, json=body, headers=self._who()) as answer:
            assert answer.status == 200
            return await answer.json()

    def _who(self) -> dict[str, str]:
        return {"X-Simcord-Context": self.state["context"]["id"]}


@asynccontextmanager
async def opened(windows: Windows, channel: Any, viewers: list[Any]) -> AsyncIterator[Page]:
    base, _, capability = (await windows.address(channel, viewers)).partition("#")
    async with aiohttp.ClientSession(headers={"X-Simcord-Capability": capability}) as session:
        async with session.post(base + "api/pages", json={}) as answer:
            page = Page(session, base, await answer.json())
        yield page


def test_what_the_windows_reach_behind_is_there() -> None:
    env = simcord.Env(discord.Client(intents=discord.Intents.none()))
    assert env._preview is None
    assert env._work.callbacks == []
    for name in ("_action", "__aenter__", "refresh", "close", "_publish"):
        assert hasattr(Preview, name), name


async def test_both_sides_are_open_at_once_and_both_can_act(settings: Settings) -> None:
    async with on_stage(settings) as (world, windows):
        general, queue = world.channels["general"], world.channels["mod-queue"]
        async with (
            opened(windows, general, [world.members["tom"]]) as members,
            opened(windows, queue, [world.members["mia"]]) as moderators,
        ):
            assert "idiot" not in await members.look()
            done = await members.act("send_message", content=INSULT)
            assert done["rejected"] is False, done
            assert "complete idiot" in await members.look()
            assert "Medium: insult" in await moderators.look()
            card = world.card(1)
            pressed = await moderators.act(
                "click", target_id=str(card.id), control_key=_button(moderators.state, "tk:1:do")
            )
            assert pressed["rejected"] is False, pressed
            assert "Done by Mia" in await moderators.look()
            assert len(world.dms("tom")) == 1


async def test_a_page_that_we_drew_again_meanwhile_can_still_be_acted_on(
    settings: Settings,
) -> None:
    async with as_ann(settings) as (world, windows, page):
        async with windows.turn():
            await world.members["bas"].send(world.channels["general"], "hello from elsewhere")
        done = await page.act("send_message", content="hello from my old page")
        assert done["rejected"] is False, done


async def test_a_press_never_lands_on_another_button(settings: Settings) -> None:
    async with on_stage(settings) as (world, windows):
        play, queue = Play(world), world.channels["mod-queue"]
        async with windows.turn():
            await insult(play)
        case = play.cases["insult"]
        async with opened(windows, queue, [world.members["joris"]]) as page:
            warn = _button(page.state, f"tk:{case}:do")
            async with windows.turn():
                await play.press("mia", case, "do")
            late = await page.act("click", target_id=str(world.card(case).id), control_key=warn)
            assert late["rejected"] is True
            assert (await play.row(case)).state is CaseState.RESOLVED


async def test_what_people_do_waits_for_its_turn(settings: Settings) -> None:
    async with as_ann(settings) as (world, windows, page):

        async def story() -> None:
            async with windows.turn():
                await insult(Play(world))

        _, done, _ = await asyncio.gather(
            story(), page.act("send_message", content="me too"), windows.tick(40)
        )
        assert done["rejected"] is False, done
        assert "me too" in await page.look()


async def test_nothing_is_drawn_again_when_nothing_happened(settings: Settings) -> None:
    async with as_ann(settings) as (_, windows, page):
        await windows.tick(1)
        await page.look()
        before = page.state["publication"]["publishedRevision"]
        await windows.tick(1)
        await page.look()
        assert page.state["publication"]["publishedRevision"] == before


async def test_a_window_that_somebody_ended_opens_again(settings: Settings) -> None:
    async with on_stage(settings) as (world, windows):
        channel, viewers = world.channels["general"], [world.members["ann"]]
        async with opened(windows, channel, viewers) as page:
            await page.act("close")
        await asyncio.sleep(0.1)
        async with opened(windows, channel, viewers) as page:
            assert "general" in await page.look()


async def test_what_the_bot_wrote_to_a_member_has_a_window(settings: Settings) -> None:
    async with on_stage(settings) as (world, windows):
        play = Play(world)
        async with windows.turn():
            await insult(play)
            await play.press("mia", play.cases["insult"], "do")
        user = world.members["tom"].user
        async with opened(windows, user.dm_channel, [user]) as page:
            assert "This is a warning" in await page.look()


def _button(state: dict[str, Any], custom_id: str) -> str:
    """The key under which the page knows a button."""
    return next(key for key, name in _controls(state).items() if name == custom_id)
