"""The little company on simcord: its server, its people, its week, and the bot that joins it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import discord
import simcord

from bot.app import App, build
from bot.log import LineLog
from bot.sandbox.cast import ChannelData, Town, town, week
from config.schema import Settings

SETTLE = 15.0
"""Seconds simcord waits for the bot to come to rest. Longer sleeps (the jobs) count as rest."""


class VirtualClock:
    """The world's time as a ``Clock``; before there is a world, the moment it was made."""

    def __init__(self) -> None:
        self._env: simcord.Env | None = None
        self._made = datetime.now(UTC)

    def follow(self, env: simcord.Env) -> None:
        """Read the time of ``env`` from now on."""
        self._env = env

    def now(self) -> datetime:
        """The present of the simulated Discord."""
        return self._env.now() if self._env else self._made


@dataclass(slots=True, kw_only=True)
class World:
    """The server as actors see it, and the bot that is connected to it."""

    env: simcord.Env
    clock: VirtualClock
    settings: Settings
    guild: Any
    channels: Mapping[str, Any]
    members: Mapping[str, Any]
    app: App

    def dms(self, key: str) -> list[discord.Message]:
        """What the bot has written to a member, the oldest first."""
        return list(self.members[key].user.dm_channel.history())

    def cards(self) -> list[discord.Message]:
        """The cards in the moderators' channel, the oldest first."""
        bot = self.env.bot.user
        history = self.channels["mod-queue"].history()
        return [m for m in history if bot is not None and m.author.id == bot.id]

    def card(self, case: int) -> discord.Message:
        """The card of a case. Raises ``LookupError`` when it has none."""
        for message in self.cards():
            for row in message.components:
                for child in getattr(row, "children", ()):
                    if (getattr(child, "custom_id", None) or "").startswith(f"tk:{case}:"):
                        return message
        raise LookupError(f"case {case} has no card")

    async def restart(self) -> None:
        """End the bot's process and start another one on the same database."""
        await self.app.store.close()
        self.app = await connectable(self.settings, self.clock)
        await self.env.restart_bot(self.app.client)
        await self.env.settle()


def silent_bot() -> discord.Client:
    """The client that is connected while the week passes; it hears and does nothing."""
    return discord.Client(intents=discord.Intents(guilds=True))


async def connectable(settings: Settings, clock: VirtualClock) -> App:
    """The real bot, put together on the world's time; only what goes wrong is logged."""
    return await build(settings, clock, log=LineLog(sys.stderr, clock, level="error"))


def demo_settings(settings: Settings) -> Settings:
    """The person's settings with the company's channels and roles, in mode ``queue``."""
    described = {
        channel.name: {"purpose": channel.purpose, "social": channel.social}
        for channel in town().channels
    }
    return Settings.model_validate(
        {
            **{name: getattr(settings, name) for name in settings.model_fields_set},
            "policy": settings.policy.model_copy(update={"mode": "queue"}),
            "engine": settings.engine.model_copy(update={"budget_ms": 30_000}),
            "queue": {"channel": "mod-queue"},
            "catch_up": settings.catch_up.model_copy(update={"first_look": timedelta(days=9)}),
            "staff": {
                "roles": ["Owner", "Moderator", "Team"],
                "moderators": ["Owner", "Moderator"],
            },
            "channels": described,
        }
    )


async def raise_world(env: simcord.Env, settings: Settings) -> World:
    """Build the server, let the week pass, and connect the real bot at the present moment."""
    clock = VirtualClock()
    clock.follow(env)
    now = datetime.now(UTC)
    await _reach(env, (now - timedelta(days=8)))
    data = town()
    guild = _guild(env, data)
    members = {m.key: _member(env, guild, m.key, m.name, m.roles) for m in data.members}
    channels = {c.name: _channel(guild, data, c) for c in data.channels}
    await _pass_week(env, members, channels, now)
    await _reach(env, now)
    app = await connectable(settings, clock)
    await env.restart_bot(app.client)
    await env.settle()
    return World(
        env=env,
        clock=clock,
        settings=settings,
        guild=guild,
        channels=channels,
        members=members,
        app=app,
    )


async def _reach(env: simcord.Env, moment: datetime) -> None:
    ahead = (moment - env.now()).total_seconds()
    if ahead > 0:
        await env.advance_time(ahead)


def _guild(env: simcord.Env, data: Town) -> Any:
    env.backend.edit_bot_profile(data.bot)
    guild = env.create_guild(data.name, description=data.description)
    for role in data.roles:
        permissions = _permissions(role.permissions)
        guild.create_role(role.name, permissions=permissions, color=role.color, hoist=True)
    own = guild.roles[data.bot]
    least = {"permissions": _permissions(data.bot_permissions).value, "hoist": True}
    env.backend.edit_role(guild.id, own.id, least)
    return guild


def _permissions(names: Sequence[str]) -> discord.Permissions:
    return discord.Permissions(**dict.fromkeys(names, True))


def _member(env: simcord.Env, guild: Any, key: str, name: str, roles: Sequence[str]) -> Any:
    user = env.create_user(key, global_name=name)
    return guild.add_member(user, roles=[guild.roles[role] for role in roles])


def _channel(guild: Any, data: Town, channel: ChannelData) -> Any:
    overwrites = {}
    hidden = {role.name for role in data.roles} - set(channel.readers)
    silent = {role.name for role in data.roles} - set(channel.writers)
    if hidden:
        overwrites[guild.roles["@everyone"]] = discord.PermissionOverwrite(view_channel=False)
        for name in (*channel.readers, data.bot):
            overwrites[guild.roles[name]] = discord.PermissionOverwrite(view_channel=True)
    elif silent:
        overwrites[guild.roles["@everyone"]] = discord.PermissionOverwrite(send_messages=False)
        for name in (*channel.writers, data.bot):
            overwrites[guild.roles[name]] = discord.PermissionOverwrite(send_messages=True)
    return guild.create_text_channel(channel.name, topic=channel.purpose, overwrites=overwrites)


async def _pass_week(
    env: simcord.Env, members: Mapping[str, Any], channels: Mapping[str, Any], now: datetime
) -> None:
    sent: list[discord.Message] = []
    for line in week():
        day = (now - timedelta(days=line.day)).date()
        await _reach(env, datetime.combine(day, line.at, UTC))
        answered = None if line.answers is None else sent[line.answers]
        actor, channel = members[line.who], channels[line.channel]
        sent.append(await actor.send(channel, line.text, reply_to=answered))


async def press_together(
    world: World, message: discord.Message, custom_id: str, who: Sequence[str]
) -> list[simcord.InteractionResult]:
    """Several people press one button before the bot has answered any of them."""
    from simcord.backend import serializers
    from simcord.interactions import base_payload

    backend = world.env.backend
    stored = backend.get_message(message.channel.id, message.id)
    presses = []
    for key in who:
        press, payload = base_payload(
            backend,
            type=3,
            channel_id=stored.channel_id,
            guild_id=world.guild.id,
            user_id=world.members[key].id,
            data={"custom_id": custom_id, "component_type": 2},
        )
        payload["message"] = dict(serializers.message_payload(backend, stored))
        press.source_message_id = stored.id
        backend.emit("INTERACTION_CREATE", payload)
        presses.append(press)
    await world.env.settle()
    return [simcord.InteractionResult(world.env, press) for press in presses]
