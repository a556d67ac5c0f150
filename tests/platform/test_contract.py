"""What ``moderation.ports.Platform`` promises, kept by every platform."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import discord
import pytest

from moderation.errors import PlatformFailure, PlatformUnreachable
from moderation.types import (
    ActionId,
    ActionKind,
    CardView,
    ChannelId,
    MessageId,
    MessageRef,
    NoticeState,
    UserId,
)
from tests.platform.conftest import DiscordStage, Stage, a_case, an_action

KINDS = pytest.mark.parametrize("kind", list(ActionKind))


@KINDS
async def test_an_effect_repeated_is_one_effect(stage: Stage, kind: ActionKind) -> None:
    action = an_action(stage, kind)
    await stage.platform.check(action)
    await stage.platform.apply(action)
    once = stage.effects()
    await stage.restart().apply(action)
    assert stage.effects() == once
    if stage.shadow:
        assert once == 0


@KINDS
async def test_taking_back_may_be_repeated(stage: Stage, kind: ActionKind) -> None:
    action = an_action(stage, kind)
    await stage.platform.apply(action)
    back = replace(action, id=ActionId("1.4"), reverses=action.id)
    await stage.platform.check(back)
    await stage.platform.apply(back)
    once = stage.effects()
    await stage.restart().apply(back)
    assert stage.effects() == once


async def test_a_timeout_that_is_over_when_it_comes_is_done(stage: Stage) -> None:
    late = an_action(stage, ActionKind.TIMEOUT, until=stage.now() - timedelta(minutes=1))
    await stage.platform.apply(late)
    if isinstance(stage, DiscordStage):
        assert stage.effects() == 0


@KINDS
async def test_the_member_is_told_once(stage: Stage, kind: ActionKind) -> None:
    action, case = an_action(stage, kind), a_case(stage)
    told = await stage.platform.notify(action, case)
    assert told is (NoticeState.NONE if stage.shadow else NoticeState.SENT)
    await stage.restart().notify(action, case)
    assert stage.notices() == (0 if stage.shadow else 1)


async def test_closed_messages_are_an_answer(stage: Stage) -> None:
    stage.close_messages()
    told = await stage.platform.notify(an_action(stage, ActionKind.WARN), a_case(stage))
    assert told is (NoticeState.NONE if stage.shadow else NoticeState.CLOSED)


async def test_a_case_has_one_card(stage: Stage) -> None:
    case = a_case(stage)
    card = await stage.platform.show(CardView(case=case, now=stage.now()))
    known = replace(case, card_channel=card.channel, card_message=card.message, version=2)
    assert await stage.platform.show(CardView(case=known, now=stage.now())) == card
    assert stage.cards() == 1


async def test_a_card_the_row_does_not_know_is_found_again(stage: Stage) -> None:
    view = CardView(case=a_case(stage), now=stage.now())
    card = await stage.platform.show(view)
    assert await stage.platform.show(view) == card
    assert await stage.restart().show(view) == card
    assert stage.cards() == 1


async def test_rights_are_those_of_this_moment(stage: Stage) -> None:
    assert (await stage.platform.moderator(stage.guild, stage.moderator)).may_moderate
    assert not (await stage.platform.moderator(stage.guild, stage.member)).may_moderate
    stranger = await stage.platform.moderator(stage.guild, UserId("4242"))
    assert not stranger.may_moderate


async def test_channels_are_those_of_the_guild(stage: Stage) -> None:
    channels = await stage.platform.channels(stage.guild, stage.now())
    assert stage.channel in {channel.id for channel in channels}
    assert {channel.guild for channel in channels} == {stage.guild}


async def test_history_is_bounded_late_and_in_order(stage: Stage) -> None:
    channel = next(
        c for c in await stage.platform.channels(stage.guild, stage.now()) if c.id == stage.channel
    )
    await stage.write("before")
    since = stage.now() + timedelta(milliseconds=1)
    for text in ("one", "two", "three"):
        await stage.write(text)
    found = await stage.platform.history(channel, since, 10)
    assert [message.text for message in found] == ["one", "two", "three"]
    assert all(message.late for message in found)
    rest = await stage.platform.history(channel, found[1].at, 10)
    assert [message.text for message in rest] == ["two", "three"]
    # Which two is Discord's to say: simcord gives the newest, Discord the oldest.
    assert len(await stage.platform.history(channel, since, 2)) == 2


async def test_a_removal_takes_the_whole_incident(stage: Stage) -> None:
    channel = next(
        c for c in await stage.platform.channels(stage.guild, stage.now()) if c.id == stage.channel
    )
    for text in ("one", "two"):
        await stage.write(text)
    found = await stage.platform.history(channel, stage.now() - timedelta(days=1), 10)
    more = tuple(MessageRef(channel=m.channel, message=m.id) for m in found if m.text != "one")
    action = an_action(stage, ActionKind.REMOVE, also=more)
    await stage.platform.check(action)
    await stage.platform.apply(action)
    await stage.restart().apply(action)
    if isinstance(stage, DiscordStage) and not stage.shadow:
        assert [m.content for m in stage.general.history()] == ["one"]


async def test_an_alert_reaches_somebody_or_nobody_but_never_fails(stage: Stage) -> None:
    await stage.platform.alert(stage.guild, "no_queue")
    if isinstance(stage, DiscordStage):
        [told] = stage.place.owner.dm_channel.history()
        assert "mod-queue" in told.content
        stage.fall_silent()
        await stage.platform.alert(stage.guild, "permission:50013")


async def test_a_refusal_has_a_code(stage: Stage) -> None:
    stage.refuse()
    if not stage.shadow:
        with pytest.raises(PlatformFailure) as refused:
            await stage.platform.apply(an_action(stage, ActionKind.TIMEOUT))
        assert refused.value.code.startswith("permission")
    with pytest.raises(PlatformFailure):
        await stage.platform.show(CardView(case=a_case(stage), now=stage.now()))


async def test_silence_is_no_refusal(stage: Stage) -> None:
    stage.fall_silent()
    action = an_action(stage, ActionKind.TIMEOUT)
    if not stage.shadow:
        with pytest.raises(PlatformUnreachable):
            await stage.platform.apply(action)
        with pytest.raises(PlatformUnreachable):
            await stage.platform.notify(action, a_case(stage))
    with pytest.raises(PlatformUnreachable):
        await stage.platform.show(CardView(case=a_case(stage), now=stage.now()))


class TestOnDiscord:
    """What only a real platform can refuse."""

    @pytest.mark.parametrize("kind", [ActionKind.TIMEOUT, ActionKind.KICK, ActionKind.BAN])
    async def test_the_owner_and_the_bot_are_never_acted_on(
        self, real: DiscordStage, kind: ActionKind
    ) -> None:
        for person in (real.place.owner.id, real.client.user.id):
            with pytest.raises(PlatformFailure, match="owner"):
                await real.platform.check(an_action(real, kind, target=UserId(str(person))))

    @pytest.mark.parametrize("kind", [ActionKind.TIMEOUT, ActionKind.KICK, ActionKind.BAN])
    async def test_nobody_acts_on_an_equal(self, real: DiscordStage, kind: ActionKind) -> None:
        crew = real.place.roles["Moderator"]
        real.env.backend.edit_role(real.place.id, real.place.roles["TestBot"].id, {"position": 9})
        bob = real.place.add_member(real.env.create_user("bob"), roles=[crew])
        await real.env.settle()
        target = UserId(str(bob.id))
        with pytest.raises(PlatformFailure, match="outranked"):
            await real.platform.check(an_action(real, kind, target=target))
        by_owner = UserId(str(real.place.owner.id))
        await real.platform.check(an_action(real, kind, target=target, requested_by=by_owner))
        alone = UserId("system")
        await real.platform.check(an_action(real, kind, target=target, requested_by=alone))

    async def test_a_timeout_of_somebody_who_left_is_refused(self, real: DiscordStage) -> None:
        real.place.remove_member(real.tom)
        await real.env.settle()
        with pytest.raises(PlatformFailure, match="gone"):
            await real.platform.check(an_action(real, ActionKind.TIMEOUT))
        await real.platform.apply(an_action(real, ActionKind.KICK))
        await real.platform.apply(an_action(real, ActionKind.BAN))
        assert real.place.get_ban(real.tom) is not None

    async def test_a_pointer_needs_a_channel(self, real: DiscordStage) -> None:
        for target in (None, ChannelId("12345")):
            with pytest.raises(PlatformFailure, match="target"):
                await real.platform.check(an_action(real, ActionKind.REDIRECT, redirect_to=target))

    async def test_a_deleted_card_is_posted_again(self, real: DiscordStage) -> None:
        gone = MessageRef(channel=ChannelId(str(real.queue.id)), message=MessageId("77"))
        case = a_case(real, card_channel=gone.channel, card_message=gone.message)
        card = await real.platform.show(CardView(case=case, now=real.now()))
        assert card != gone
        assert real.cards() == 1

    async def test_a_card_of_a_database_that_is_gone_is_left_alone(
        self, real: DiscordStage
    ) -> None:
        await real.platform.show(CardView(case=a_case(real), now=real.now()))
        await real.env.advance_time(3600)
        await real.restart().show(CardView(case=a_case(real), now=real.now()))
        assert real.cards() == 2

    async def test_no_name_of_a_moderator_goes_to_discords_audit_log(
        self, real: DiscordStage
    ) -> None:
        await real.platform.apply(an_action(real, ActionKind.TIMEOUT))
        [reason] = [r.reason for r in real.env.http_requests if r.reason]
        assert reason == "Tidekeeper, case 1"

    @pytest.mark.parametrize(
        ("language", "community", "word"), [("nl", True, "Reden"), ("nl", False, "Reason")]
    )
    async def test_a_community_is_spoken_to_in_its_language(
        self, real: DiscordStage, language: str, community: bool, word: str
    ) -> None:
        place = real.client.get_guild(real.place.id)
        place.preferred_locale = discord.Locale(language)
        place.features = ["COMMUNITY"] if community else []
        await real.platform.notify(an_action(real, ActionKind.WARN), a_case(real))
        [told] = real.tom.user.dm_channel.history()
        assert word in told.embeds[0].description
