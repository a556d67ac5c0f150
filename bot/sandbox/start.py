"""The start page: where to look, whose eyes to look through, how far the story is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader

from bot.console.page import STATIC, guarded
from bot.sandbox.cast import ChannelData, town
from bot.sandbox.story import Progress
from bot.sandbox.windows import Windows
from bot.sandbox.world import World

HERE = Path(__file__).parent
FIRST = {"mod-queue": "mia", "announcements": "saskia", "nederlands": "kees", "support": "emre"}
"""Through whose eyes a channel is seen first; Ann's where nobody is named."""


class Directory:
    """Which windows there are: one for each channel, one for each member's own messages."""

    def __init__(self, world: World, windows: Windows) -> None:
        self._world = world
        self._windows = windows

    def channels(self) -> list[dict[str, str]]:
        """Each channel with its purpose and the name of the person who is seen first."""
        return [
            {"name": c.name, "purpose": c.purpose, "first": self._names(self._eyes(c))[0]}
            for c in town().channels
        ]

    def members(self) -> list[dict[str, str]]:
        """Each member with the number of messages the bot has sent them, the told ones first."""
        counted = [(m.key, m.name, len(self._world.dms(m.key))) for m in town().members]
        counted.sort(key=lambda found: found[2] == 0)
        return [{"key": k, "name": n, "count": str(c or "")} for k, n, c in counted]

    async def channel(self, name: str) -> str | None:
        """The address of a channel's window; ``None`` when there is no such channel."""
        found = next((c for c in town().channels if c.name == name), None)
        if found is None:
            return None
        viewers = [self._world.members[key] for key in self._eyes(found)]
        return await self._windows.address(self._world.channels[name], viewers)

    async def messages(self, key: str) -> str | None:
        """The address of the window on what the bot wrote to a member."""
        member = self._world.members.get(key)
        if member is None:
            return None
        return await self._windows.address(member.user.dm_channel, [member.user])

    def _eyes(self, channel: ChannelData) -> Sequence[str]:
        """Who can be looked through: all who are here and may read, the chosen one first."""
        here = self._world.env.backend.get_guild(self._world.guild.id).members
        first = FIRST.get(channel.name, "ann")
        keys = [
            m.key
            for m in town().members
            if town().may_read(m, channel) and self._world.members[m.key].id in here
        ]
        return sorted(keys, key=lambda key: key != first)

    def _names(self, keys: Sequence[str]) -> list[str]:
        names = {m.key: m.name for m in town().members}
        return [names[key] for key in keys]


def make_start(directory: Directory, progress: Progress, console: str) -> web.Application:
    """The start page as a web application; ``console`` is the console's address."""
    pages = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True)
    page = pages.get_template("start.html")

    async def start(_: web.Request) -> web.Response:
        shown: dict[str, Any] = {
            "town": town(),
            "channels": directory.channels(),
            "members": directory.members(),
            "scenes": progress.scenes(),
            "playing": progress.playing,
            "console": console,
        }
        return web.Response(text=page.render(**shown), content_type="text/html")

    async def channel(request: web.Request) -> web.Response:
        return _to(await directory.channel(request.match_info["name"]))

    async def messages(request: web.Request) -> web.Response:
        return _to(await directory.messages(request.match_info["name"]))

    app = web.Application(middlewares=[guarded])
    app.router.add_get("/", start)
    app.router.add_get("/channel/{name}", channel)
    app.router.add_get("/messages/{name}", messages)
    app.router.add_static("/static", HERE / "static")
    app.router.add_static("/shared", STATIC)
    return app


def _to(address: str | None) -> web.Response:
    if address is None:
        raise web.HTTPNotFound(text="There is no such place in this demo.\n")
    return web.Response(status=302, headers={"Location": address})
