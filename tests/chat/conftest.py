"""A small community on simcord with the real bot in it."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import discord
import pytest
import pytest_asyncio
import simcord
from simcord.backend import serializers
from simcord.interactions import base_payload

from bot.app import App, build
from bot.log import LineLog
from bot.parts import make_scorer
from config.schema import EngineSettings, Settings
from moderation.ports import Scorer
from moderation.types import Case, CaseId, GuildId

INSULT = "you are a complete idiot and everybody here hates you"
START = datetime(2026, 1, 1, tzinfo=UTC)


@cache
def builtin() -> Scorer:
    """The engine of the package, loaded once for all tests."""
    return make_scorer(EngineSettings())


class WorldClock:
    """The simulated Discord's time, once there is one."""

    def __init__(self) -> None:
        self.env: simcord.Env | None = None

    def now(self) -> datetime:
        return self.env.now() if self.env else START


@dataclass
class Town:
    """The community: its people, its channels, the bot's insides."""

    env: simcord.Env
    app: App
    clock: WorldClock
    lines: io.StringIO
    settings: Settings
    guild: Any
    general: Any
    support: Any
    queue: Any
    tom: Any
    mia: Any
    anna: Any
    bob: Any
    eve: Any
    apps: list[App] = field(default_factory=list)

    @property
    def card(self) -> discord.Message:
        cards = [m for m in self.queue.history() if m.author.id == self.env.bot.user.id]
        assert len(cards) == 1, f"{len(cards)} cards"
        return cards[0]

    @property
    def text(self) -> str:
        """Everything the only card says."""
        return words(self.card.embeds[0])

    def buttons(self) -> list[str]:
        return [
            child.label or child.placeholder if hasattr(child, "label") else child.placeholder
            for row in self.card.components
            for child in row.children
        ]

    def dms(self, member: Any) -> list[str]:
        return [words(m.embeds[0]) for m in member.user.dm_channel.history()]

    async def case(self, number: int = 1) -> Case:
        case = await self.app.store.case(CaseId(number))
        assert case is not None
        return case

    async def cases(self) -> list[Case]:
        return list(await self.app.store.queue(GuildId(str(self.guild.id))))

    async def restart(self) -> None:
        """End the process and start another one on the same database."""
        await self.app.store.close()
        self.app = await build(
            self.settings, self.clock, log=LineLog(self.lines, self.clock), scorer=builtin()
        )
        self.apps.append(self.app)
        await self.env.restart_bot(self.app.client)
        await self.env.settle()


def words(embed: discord.Embed) -> str:
    parts = [embed.title or "", embed.description or "", embed.footer.text or ""]
    return "\n".join(parts + [f"{f.name}: {f.value}" for f in embed.fields])


@pytest.fixture
def options() -> dict[str, Any]:
    """What a test module changes in the settings."""
    return {}


@pytest.fixture
def settings(tmp_path: Path, options: dict[str, Any]) -> Settings:
    return Settings.model_validate(
        {
            "store": {"url": f"sqlite:///{tmp_path}/town.db"},
            "policy": {"mode": "queue"},
            "engine": {"budget_ms": 30_000},
            **options,
        }
    )


@pytest.fixture
def clock() -> WorldClock:
    return WorldClock()


@pytest.fixture
def lines() -> io.StringIO:
    return io.StringIO()


@pytest_asyncio.fixture
async def app(settings: Settings, clock: WorldClock, lines: io.StringIO) -> App:
    return await build(settings, clock, log=LineLog(lines, clock), scorer=builtin())


@pytest.fixture
def simcord_bot(app: App) -> discord.Client:
    return app.client


@pytest_asyncio.fixture
async def town(
    simcord_env: simcord.Env,
    app: App,
    clock: WorldClock,
    lines: io.StringIO,
    settings: Settings,
) -> AsyncIterator[Town]:
    clock.env = env = simcord_env
    guild = env.create_guild("Harbour")
    general = guild.create_text_channel("general")
    support = guild.create_text_channel("support")
    crew = guild.create_role("Moderator")
    guests = guild.create_role("Guest")
    hidden = {
        guild.roles["@everyone"]: discord.PermissionOverwrite(view_channel=False),
        guests: discord.PermissionOverwrite(view_channel=True),
        crew: discord.PermissionOverwrite(view_channel=True),
        guild.roles["TestBot"]: discord.PermissionOverwrite(view_channel=True),
    }
    queue = guild.create_text_channel("mod-queue", overwrites=hidden)
    await env.settle()

    def member(name: str, *roles: Any) -> Any:
        return guild.add_member(env.create_user(name.lower(), global_name=name), roles=roles)

    made = Town(
        env=env,
        app=app,
        clock=clock,
        lines=lines,
        settings=settings,
        guild=guild,
        general=general,
        support=support,
        queue=queue,
        tom=member("Tom"),
        mia=member("Mia"),
        anna=member("Anna", crew),
        bob=member("Bob", crew),
        eve=member("Eve", guests),
        apps=[app],
    )
    await env.settle()
    yield made
    for each in made.apps:
        await each.store.close()


async def press_together(
    town: Town, presses: list[tuple[Any, str]], message: discord.Message | None = None
) -> list[simcord.InteractionResult]:
    """Several people press buttons of one message before the bot has answered any of them."""
    backend, message = town.env.backend, message or town.card
    stored = backend.get_message(message.channel.id, message.id)
    records = []
    for person, custom_id in presses:
        record, payload = base_payload(
            backend,
            type=3,
            channel_id=stored.channel_id,
            guild_id=town.guild.id,
            user_id=person.id,
            data={"custom_id": custom_id, "component_type": 2},
        )
        payload["message"] = dict(serializers.message_payload(backend, stored))
        record.source_message_id = stored.id
        backend.emit("INTERACTION_CREATE", payload)
        records.append(record)
    await town.env.settle()
    return [simcord.InteractionResult(town.env, record) for record in records]


def told(result: simcord.InteractionResult) -> str:
    """What only the person who pressed reads."""
    assert all(message.ephemeral for message in result.followups)
    return "\n".join(message.content for message in result.followups)
