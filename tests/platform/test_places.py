"""Places that are not plain text channels: stages, threads, threads that were archived."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import discord
import pytest

from bot.adapters.discord_answers import answered
from moderation.errors import PlatformFailure, PlatformUnreachable
from moderation.types import ActionKind, Channel, ChannelId, MessageId
from tests.platform.conftest import DiscordStage, an_action


async def _thread(real: DiscordStage) -> tuple[Any, dict[str, Any]]:
    """A thread with a message in it, and where an action on that message would be."""
    real.env.backend.create_thread(real.general.id, "device", real.tom.id)
    await real.env.settle()
    [thread] = real.general.threads
    sent = await real.tom.send(thread, "you are an idiot")
    return thread, {"channel": ChannelId(str(thread.id)), "message": MessageId(str(sent.id))}


async def _archive(real: DiscordStage, thread: Any) -> None:
    real.env.backend.edit_channel(thread.id, {}, thread_metadata={"archived": True})
    await real.env.settle()
    assert real.client.get_guild(real.place.id).get_thread(thread.id) is None


async def test_a_stage_is_a_place_like_others(real: DiscordStage) -> None:
    stage = real.place.create_stage_channel("talks")
    await real.env.settle()
    sent = await real.tom.send(stage, "you are an idiot")
    here = {"channel": ChannelId(str(stage.id)), "message": MessageId(str(sent.id))}
    channels = await real.platform.channels(real.guild, real.now())
    place = next(channel for channel in channels if channel.id == here["channel"])
    found = await real.platform.history(place, real.now() - timedelta(hours=1), 10)
    assert [message.text for message in found] == ["you are an idiot"]
    for kind in (ActionKind.REDIRECT, ActionKind.REMOVE):
        action = an_action(real, kind, **here)
        await real.platform.check(action)
        await real.platform.apply(action)
    assert [m.author.id for m in stage.history()] == [real.client.user.id]


async def test_what_was_said_in_an_archived_thread_can_be_removed(real: DiscordStage) -> None:
    thread, here = await _thread(real)
    await _archive(real, thread)
    action = an_action(real, ActionKind.REMOVE, **here)
    await real.platform.check(action)
    await real.platform.apply(action)
    assert thread.history() == []


async def test_the_history_of_an_archived_thread_can_be_read(real: DiscordStage) -> None:
    thread, here = await _thread(real)
    await _archive(real, thread)
    place = Channel(id=here["channel"], guild=real.guild)
    found = await real.platform.history(place, real.now() - timedelta(hours=1), 10)
    assert [message.text for message in found] == ["you are an idiot"]


async def test_a_channel_that_is_gone_is_gone(real: DiscordStage) -> None:
    for kind in (ActionKind.REMOVE, ActionKind.REDIRECT):
        with pytest.raises(PlatformFailure, match="gone"):
            await real.platform.check(an_action(real, kind, channel=ChannelId("12345")))


async def test_a_thread_that_must_be_opened_first_is_said_to_be(real: DiscordStage) -> None:
    thread, here = await _thread(real)
    path = f"/channels/{thread.id}/messages/{here['message']}"
    real.env.inject_error("DELETE", path, status=400, code=50083)
    with pytest.raises(PlatformFailure, match="archived:50083"):
        await real.platform.apply(an_action(real, ActionKind.REMOVE, **here))


@pytest.mark.parametrize("right", ["send_messages", "send_messages_in_threads"])
async def test_a_pointer_in_a_thread_needs_the_right_for_threads(
    real: DiscordStage, right: str
) -> None:
    _, here = await _thread(real)
    guild = real.client.get_guild(real.place.id)
    denied = discord.PermissionOverwrite(**{right: False})
    await guild.get_channel(real.general.id).set_permissions(guild.me, overwrite=denied)
    await real.env.settle()
    action = an_action(real, ActionKind.REDIRECT, **here)
    if right == "send_messages":
        await real.platform.check(action)
    else:
        with pytest.raises(PlatformFailure, match="permission"):
            await real.platform.check(action)


@pytest.mark.parametrize(
    "error",
    [
        discord.InvalidData("x"),
        discord.ClientException("x"),
        KeyError("id"),
        TypeError(),
        ValueError(),
    ],
)
def test_an_answer_nobody_can_read_is_no_answer(error: Exception) -> None:
    with pytest.raises(PlatformUnreachable), answered():
        raise error
