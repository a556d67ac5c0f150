"""Several windows on one simulated Discord, kept fresh, with everybody taking turns.

simcord shows one channel of one world at a time and lets one thing happen at a time. This module
is the only one that reaches behind its public interface, to show the members' side and the
moderators' side together (``tests/sandbox/test_windows.py`` fails when simcord changes):

* ``Env._preview`` is the guard "one preview for each Env"; it also tells a running action's
  preview that something was dispatched. It is set to the preview that acts, and to nothing
  between actions, so that several previews can be open.
* ``Preview._action`` carries out what a person does in the browser. It is wrapped so that it
  waits for its turn, where simcord would refuse it. The revision of the page that the person saw
  is brought up to date when the page was drawn again meanwhile; but a press only counts when the
  same button still stands in the same place, else simcord says that the page has changed.
* ``Env._work.callbacks`` are the timers of the bot. Their second, real alarm is switched off
  between two turns: the world's time moves in ``Windows.tick`` alone, so that a timer never goes
  off in the middle of what somebody does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import simcord

REMEMBERED = 20
"""Earlier drawings of a page from which somebody may still act."""


class Windows:
    """The open previews of a world, one for each channel, and the turns that everybody takes."""

    def __init__(self, env: simcord.Env) -> None:
        self._env = env
        self._turn = asyncio.Lock()
        self._open: dict[int, Any] = {}
        self._drawn: dict[str, dict[Any, Mapping[str, str]]] = {}
        self._shown = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Hold the world alone; afterwards all windows show what has changed."""
        async with self._turn:
            try:
                yield
            finally:
                await self._refresh()
                self._silence_alarms()

    async def tick(self, seconds: float) -> None:
        """Let the world's time pass, with everything the bot wants to do in it."""
        async with self.turn():
            await self._env.advance_time(seconds)

    async def address(self, channel: Any, viewers: Sequence[Any]) -> str:
        """The address of the window on a channel; opened when nobody has asked for it before.

        The first viewer is the one the window starts as. The address lets its holder act.
        """
        async with self._turn:
            preview = self._open.get(channel.id)
            if preview is None or preview._closed:  # noqa: SLF001 - no public way to ask
                preview = self._open[channel.id] = await self._opened(channel, viewers)
            return str(preview.url)

    async def close(self) -> None:
        """Close all windows."""
        async with self._turn:
            for preview in self._open.values():
                await preview.close()
            self._open.clear()

    async def _opened(self, channel: Any, viewers: Sequence[Any]) -> Any:
        self._env._preview = None  # noqa: SLF001 - see the module
        preview: Any = self._env.preview(channel, viewers=viewers, layout="channel")
        await preview.__aenter__()
        self._env._preview = None  # noqa: SLF001 - see the module
        carry_out = preview._action  # noqa: SLF001 - see the module

        async def in_turn(context_id: str | None, body: Mapping[str, Any]) -> dict[str, Any]:
            async with self._turn:
                self._remember(preview)
                self._env._preview = preview  # noqa: SLF001 - see the module
                try:
                    done: dict[str, Any] = await carry_out(
                        context_id, self._as_seen(preview, context_id, body)
                    )
                    return done
                finally:
                    self._env._preview = None  # noqa: SLF001 - see the module
                    await self._refresh(acted=preview)
                    self._silence_alarms()

        preview._action = in_turn  # noqa: SLF001 - see the module
        return preview

    def _as_seen(
        self, preview: Any, context_id: str | None, body: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """The request with the page's present revision, if it still means what it meant."""
        page = preview._pages.get(context_id)  # noqa: SLF001 - see the module
        if page is None or not isinstance(body, Mapping):
            return body
        seen = self._drawn.get(page.id, {}).get(body.get("published_revision"))
        if seen is None or body.get("sequence") != page.last_sequence + 1:
            return body
        key = body.get("control_key")
        if key is not None and seen.get(key) != _controls(page.snapshot).get(key):
            return body
        return {**body, "published_revision": page.revision}

    def _remember(self, preview: Any) -> None:
        """Which button stands where on each page, before the page is drawn again."""
        for page in preview._pages.values():  # noqa: SLF001 - see the module
            drawn = self._drawn.setdefault(page.id, {})
            drawn[page.revision] = _controls(page.snapshot)
            while len(drawn) > REMEMBERED:
                del drawn[next(iter(drawn))]

    async def _refresh(self, acted: Any = None) -> None:
        """Draw again what is open, but only when something has happened since."""
        happened = len(self._env.backend.transcript)
        if happened == self._shown:
            return
        self._shown = happened
        for number, preview in tuple(self._open.items()):
            if preview._closed:  # noqa: SLF001 - no public way to ask
                del self._open[number]
            elif preview is not acted:
                self._remember(preview)
                await preview.refresh()

    def _silence_alarms(self) -> None:
        for timer in self._env._work.callbacks:  # noqa: SLF001 - see the module
            if timer.real_handle is not None:
                timer.real_handle.cancel()


def _controls(part: Any) -> Mapping[str, str]:
    """The place of each button and menu in a drawing, and what stands there."""
    found: dict[str, str] = {}
    if isinstance(part, Mapping):
        if "control_key" in part:
            found[str(part["control_key"])] = str(part.get("custom_id", ""))
        part = list(part.values())
    if isinstance(part, Sequence) and not isinstance(part, str | bytes):
        for inner in part:
            found |= _controls(inner)
    return found
