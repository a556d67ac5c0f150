"""The story as a whole: played once and checked, or live beside people who play along."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from simcord.backend.errors import BackendError, SetupError

from bot.sandbox.scenes import SCENES, NotAsWritten, Play
from bot.sandbox.windows import Windows
from bot.sandbox.world import World

PAUSE = 4.0
"""Seconds between two scenes of the live story, so that a person can watch."""

BETWEEN = 40.0
"""Seconds of the world's time between two scenes where nobody watches."""

OVERTAKEN = (NotAsWritten, BackendError, SetupError, LookupError, TimeoutError)
"""How a scene ends that the world does not allow: a button gone, a member banned, no rest."""


@dataclass(slots=True)
class Progress:
    """What the start page shows of the story: how many scenes are over, which went otherwise."""

    over: int = 0
    otherwise: set[int] = field(default_factory=set)

    @property
    def playing(self) -> bool:
        """Whether there is more to come."""
        return self.over < len(SCENES)

    def scenes(self) -> list[tuple[str, str]]:
        """Each scene with ``done``, ``otherwise``, ``now`` or ``next``."""
        return [(self._state(number), words) for number, (_, words) in enumerate(SCENES)]

    def _state(self, number: int) -> str:
        if number in self.otherwise:
            return "otherwise"
        if number < self.over:
            return "done"
        return "now" if number == self.over else "next"


async def play_once(world: World, windows: Windows) -> tuple[Play, str]:
    """Play all scenes; what was proved, and what went wrong first (empty when nothing did)."""
    play = Play(world)
    for scene, words in SCENES:
        try:
            async with windows.turn():
                await scene(play)
        except OVERTAKEN as error:
            return play, f"{words}: {error}"
        await windows.tick(BETWEEN)
    return play, ""


async def play_live(world: World, windows: Windows, progress: Progress) -> None:
    """Play the scenes with pauses. A scene that a person has overtaken is left as it is."""
    play = Play(world)
    for number, (scene, _) in enumerate(SCENES):
        await asyncio.sleep(PAUSE)
        try:
            async with windows.turn():
                await scene(play)
        except OVERTAKEN:
            progress.otherwise.add(number)
        progress.over = number + 1
