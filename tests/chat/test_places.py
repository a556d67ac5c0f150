"""Which channel is for what: names are those of real channels, for any member may name a thread."""

from __future__ import annotations

from typing import Any

import pytest

from cogs.places import Places
from config.schema import Settings
from moderation.types import Channel, ChannelId, GuildId
from tests.chat.conftest import INSULT, Town

NAMES = {"1": "lounge", "2": "general", "3": "mod-queue"}


def _thread(town: Town, channel: Any, name: str) -> Any:
    town.env.backend.create_thread(channel.id, name, town.mia.id)
    return next(thread for thread in channel.threads if thread.name == name)


class TestInChat:
    @pytest.fixture
    def options(self) -> dict[str, Any]:
        return {"channels": {"support": {"watch": False}}}

    @pytest.mark.parametrize("name", ["mod-queue", "support"])
    async def test_a_thread_named_like_a_channel_that_is_not_read_is_read(
        self, town: Town, name: str
    ) -> None:
        thread = _thread(town, town.general, name)
        await town.env.settle()
        message = await town.tom.send(thread, INSULT)
        assert (await town.case()).channel == str(thread.id)
        await town.tom.delete(message)
        assert "Deleted by now" in town.text

    async def test_a_thread_of_a_channel_that_is_not_read_is_not(self, town: Town) -> None:
        thread = _thread(town, town.support, "general")
        await town.env.settle()
        await town.tom.send(thread, INSULT)
        assert await town.cases() == []


def _places(**settings: Any) -> Places:
    return Places(Settings.model_validate(settings), name_of=lambda ident: NAMES.get(ident, ""))


def _channel(ident: str, name: str = "", parent: str | None = None) -> Channel:
    above = ChannelId(parent) if parent else None
    return Channel(id=ChannelId(ident), guild=GuildId("9"), name=name, parent=above)


def test_a_thread_is_known_by_its_id_or_through_its_channel() -> None:
    places = _places(
        channels={"lounge": {"watch": False, "purpose": "Talk"}, "77": {"watch": False}}
    )
    assert not places.watched(_channel("1"))
    assert not places.watched(_channel("5", "anything", "1"))
    assert not places.watched(_channel("77", "anything", "2"))
    assert places.watched(_channel("6", "lounge", "2"))
    assert places.purpose(_channel("5", "anything", "1")) == "Talk"
    assert places.purpose(_channel("6", "lounge", "2")) == ""


class TestOwners:
    @pytest.fixture
    def options(self) -> dict[str, Any]:
        return {"queue": {"owners": {"moderators": "a-desk-nobody-made"}}}

    async def test_a_queue_that_does_not_exist_is_the_common_one(self, town: Town) -> None:
        await town.tom.send(town.general, INSULT)
        assert "insult" in town.text
        await town.anna.click(town.card, custom_id="tk:1:do")
        assert "Done by Anna" in town.text
