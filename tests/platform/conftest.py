"""The same stage for every platform: a member, a moderator, a message, and what can be seen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import discord
import pytest
import pytest_asyncio
import simcord

from bot.adapters.discord_platform import DiscordPlatform
from bot.adapters.shadow_platform import ShadowPlatform
from bot.client import TidekeeperClient
from cogs.cards import Style
from cogs.convert import Roles
from cogs.places import Places
from config.locale import load_locale
from config.schema import Settings
from moderation.errors import PlatformFailure, PlatformUnreachable
from moderation.ports import Platform
from moderation.types import (
    Action,
    ActionId,
    ActionKind,
    ActionState,
    Author,
    Case,
    CaseId,
    CaseState,
    Channel,
    ChannelId,
    GuildId,
    Message,
    MessageId,
    Owner,
    Risk,
    Severity,
    Signal,
    UserId,
)
from tests.fakes.platform import FakePlatform

START = datetime(2026, 1, 1, tzinfo=UTC)


class Stage(Protocol):
    """What a test may do and see, whatever the platform."""

    platform: Platform
    guild: GuildId
    channel: ChannelId
    elsewhere: ChannelId
    member: UserId
    moderator: UserId
    message: MessageId
    shadow: bool

    def now(self) -> datetime: ...
    def restart(self) -> Platform: ...
    async def write(self, text: str) -> None: ...
    def close_messages(self) -> None: ...
    def refuse(self) -> None: ...
    def fall_silent(self) -> None: ...
    def effects(self) -> int: ...
    def notices(self) -> int: ...
    def cards(self) -> int: ...


def a_case(stage: Stage, **changes: Any) -> Case:
    values: dict[str, Any] = {
        "id": CaseId(1),
        "guild": stage.guild,
        "channel": stage.channel,
        "incident": f"toxicity:{stage.member}",
        "subject": stage.member,
        "state": CaseState.OPEN,
        "version": 1,
        "severity": Severity.MEDIUM,
        "risk": Risk.FORUM,
        "owner": Owner.MODERATORS,
        "score": 0.9,
        "opened_at": stage.now(),
        "active_at": stage.now(),
        "updated_at": stage.now(),
        "messages": (stage.message,),
        "signals": (Signal(kind="toxicity.insult", risk=Risk.FORUM, score=0.9),),
        "recommended": ActionKind.WARN,
    }
    return Case(**values | changes)


def an_action(stage: Stage, kind: ActionKind, **changes: Any) -> Action:
    values: dict[str, Any] = {
        "id": ActionId("1.2"),
        "case": CaseId(1),
        "guild": stage.guild,
        "channel": stage.channel,
        "kind": kind,
        "target": stage.member,
        "message": stage.message,
        "state": ActionState.REQUESTED,
        "requested_by": stage.moderator,
        "requested_at": stage.now(),
        "until": stage.now() + timedelta(hours=1),
        "redirect_to": stage.elsewhere,
        "simulated": stage.shadow,
    }
    return Action(**values | changes)


class FakeStage:
    """Over the platform in memory."""

    shadow = False

    def __init__(self) -> None:
        self.guild, self.channel = GuildId("1"), ChannelId("10")
        self.elsewhere, self.message = ChannelId("11"), MessageId("100")
        self.member, self.moderator = UserId("5"), UserId("6")
        self.fake = FakePlatform()
        self.fake.moderators.add(self.moderator)
        self.fake.places += [
            Channel(id=self.channel, guild=self.guild, name="general"),
            Channel(id=ChannelId("99"), guild=GuildId("2"), name="other guild"),
        ]
        self.platform: Platform = self.fake

    def now(self) -> datetime:
        return START + timedelta(seconds=len(self.fake.messages))

    def restart(self) -> Platform:
        return self.platform

    async def write(self, text: str) -> None:
        number = len(self.fake.messages) + 1
        self.fake.messages.append(
            Message(
                id=MessageId(str(number)),
                guild=self.guild,
                channel=self.channel,
                author=Author(id=self.member, name="Tom"),
                at=START + timedelta(seconds=number),
                text=text,
                late=True,
            )
        )

    def close_messages(self) -> None:
        self.fake.closed_dms.add(self.member)

    def refuse(self) -> None:
        self._fail(PlatformFailure("permission"))

    def fall_silent(self) -> None:
        self._fail(PlatformUnreachable("503"))

    def _fail(self, error: Exception) -> None:
        def fault(phase: str, name: str) -> None:
            if name != "check":
                raise error

        self.fake.fault = fault

    def effects(self) -> int:
        return len(self.fake.applied)

    def notices(self) -> int:
        return len(self.fake.notices)

    def cards(self) -> int:
        return self.fake.posts


class DiscordStage:
    """Over discord.py on simcord; with ``shadow`` what is done was decided in shadow mode."""

    def __init__(self, env: simcord.Env, client: discord.Client, *, shadow: bool) -> None:
        self.env, self.client, self.shadow = env, client, shadow
        self.place = env.create_guild("Harbour")
        self.general = self.place.create_text_channel("general")
        self.support = self.place.create_text_channel("support")
        self.queue = self.place.create_text_channel("mod-queue")
        crew = self.place.create_role("Moderator")
        self.tom = self.place.add_member(env.create_user("tom"))
        self.anna = self.place.add_member(env.create_user("anna"), roles=[crew])
        self.guild, self.channel = GuildId(str(self.place.id)), ChannelId(str(self.general.id))
        self.elsewhere = ChannelId(str(self.support.id))
        self.member, self.moderator = UserId(str(self.tom.id)), UserId(str(self.anna.id))
        self.message = MessageId("0")
        self.platform = self.restart()

    async def begin(self) -> None:
        await self.env.settle()
        sent = await self.tom.send(self.general, "you are an idiot")
        self.message = MessageId(str(sent.id))

    def now(self) -> datetime:
        return self.env.now()

    def restart(self) -> Platform:
        settings = Settings()
        self.platform = DiscordPlatform(
            self.client,
            places=Places(settings, name_of=lambda _: ""),
            style=Style(locale=load_locale("en")),
            staff=Roles.of(settings.staff.roles),
            moderators=Roles.of(settings.staff.moderators),
            clock=self,
            log=Quiet(),
        )
        self.platform = ShadowPlatform(self.platform)
        return self.platform

    async def write(self, text: str) -> None:
        await self.env.advance_time(1)
        await self.tom.send(self.general, text)

    def close_messages(self) -> None:
        path = f"/channels/{self.tom.user.dm_channel.id}/messages"
        self.env.inject_error("POST", path, status=403, code=50007, times=None)

    def refuse(self) -> None:
        self.env.inject_error("*", "*", status=403, code=50013, times=None)

    def fall_silent(self) -> None:
        self.env.inject_error("*", "*", status=503, times=None)

    def effects(self) -> int:
        member = self.env.backend.guilds[self.place.id].members.get(self.tom.id)
        gone = self.message not in {str(m.id) for m in self.general.history()}
        pointers = [m for m in self.general.history() if m.author.id != self.tom.id]
        timed_out = member is not None and member.timed_out_until is not None
        return gone + timed_out + (member is None) + len(pointers)

    def notices(self) -> int:
        return len(self.tom.user.dm_channel.history())

    def cards(self) -> int:
        return len(self.queue.history())


class Quiet:
    """A log for nobody."""

    def event(self, name: str, **fields: str | float | None) -> None:
        pass


@asynccontextmanager
async def on_discord(*, shadow: bool) -> AsyncIterator[DiscordStage]:
    client = TidekeeperClient(Quiet())
    client.equip(cogs=(), menus=(), items=())
    env = simcord.Env(client)
    await env.start()
    try:
        made = DiscordStage(env, client, shadow=shadow)
        await made.begin()
        yield made
    finally:
        await env.shutdown()


@pytest_asyncio.fixture(params=["fake", "discord", "shadow"])
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    if request.param == "fake":
        yield FakeStage()
        return
    async with on_discord(shadow=request.param == "shadow") as made:
        yield made


@pytest_asyncio.fixture
async def real() -> AsyncIterator[DiscordStage]:
    async with on_discord(shadow=False) as made:
        yield made
