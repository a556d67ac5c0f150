"""Who may press what, who was first, and what people are told when it did not work."""

from __future__ import annotations

import re

import discord
import pytest
import simcord
from simcord.backend import serializers
from simcord.interactions import base_payload

from moderation.types import CaseState
from tests.chat.conftest import INSULT, Town, press_together, told, words


@pytest.fixture(autouse=True)
async def insulted(town: Town) -> None:
    await town.tom.send(town.general, INSULT)


async def test_of_two_at_once_one_wins_and_the_other_is_told_by_whom(town: Town) -> None:
    first, second = await press_together(town, [(town.anna, "tk:1:do"), (town.bob, "tk:1:dismiss")])
    case = await town.case()
    winner, answer = (town.anna, second) if case.state is CaseState.RESOLVED else (town.bob, first)
    assert case.decided_by == str(winner.id)
    assert f"Too late: <@{winner.id}> has decided this already" in told(answer)
    assert len(town.dms(town.tom)) == (1 if winner is town.anna else 0)
    assert f"by {winner.user.global_name}" in town.text


async def test_a_double_tap_is_one_decision(town: Town) -> None:
    await press_together(town, [(town.anna, "tk:1:do"), (town.anna, "tk:1:do")])
    assert len(town.dms(town.tom)) == 1


async def test_a_claim_keeps_others_off(town: Town) -> None:
    await town.anna.click(town.card, label="Claim")
    assert "Anna is on it until" in town.text
    refused = await town.bob.click(town.card, label="Dismiss")
    assert told(refused) == f"<@{town.anna.id}> is on this one. Nothing was done."
    assert (await town.case()).state is CaseState.OPEN
    await town.anna.click(town.card, label="Release")
    await town.bob.click(town.card, label="Dismiss")
    assert "Dismissed by Bob" in town.text


async def test_a_claim_ends_by_itself(town: Town) -> None:
    await town.anna.click(town.card, label="Claim")
    await town.env.advance_time(16 * 60)
    await town.bob.click(town.card, label="Dismiss")
    assert (await town.case()).state is CaseState.DISMISSED


async def test_a_member_who_sees_the_card_may_not_press_it(town: Town) -> None:
    refused = await town.eve.click(town.card, custom_id="tk:1:do")
    assert told(refused) == "Only moderators can decide here. Nothing was done."
    assert (await town.case()).state is CaseState.OPEN
    assert town.dms(town.tom) == []


async def test_a_copy_of_the_card_does_nothing(town: Town) -> None:
    queue = town.env.bot.get_channel(town.queue.id)
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label="Ban", custom_id="tk:1:do"))
    view.stop()
    copy = await queue.send(embed=town.card.embeds[0], view=view)
    refused = await town.anna.click(copy, custom_id="tk:1:do")
    assert "not the card of a case" in told(refused)
    assert (await town.case()).state is CaseState.OPEN


async def test_a_card_forged_by_another_bot_does_nothing(town: Town) -> None:
    rival = town.guild.add_member(
        town.env.create_user("rival", bot=True), roles=[town.guild.roles["Moderator"]]
    )
    forged = town.env.backend.create_message(
        town.queue.id,
        rival.id,
        "Case 1",
        components=[
            {
                "type": 1,
                "components": [{"type": 2, "style": 1, "label": "Go", "custom_id": "tk:1:do"}],
            }
        ],
    )
    await town.env.settle()
    message = next(m for m in town.queue.history() if m.id == forged.id)
    [refused] = await press_together(town, [(town.anna, "tk:1:do")], message)
    assert "not the card of a case" in told(refused)
    assert (await town.case()).state is CaseState.OPEN


@pytest.mark.parametrize("custom_id", ["tk:999:do", "tk:1:nonsense", "tk:1:pick", "tk:1:to"])
async def test_a_forged_button_id_does_nothing(town: Town, custom_id: str) -> None:
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label="Go", custom_id=custom_id))
    view.stop()
    queue = town.env.bot.get_channel(town.queue.id)
    sent = await queue.send(view=view)
    refused = await town.anna.click(sent, custom_id=custom_id)
    assert "Nothing was done" in told(refused)
    assert (await town.case()).state is CaseState.OPEN


async def test_closed_messages_are_shown_and_not_fatal(town: Town) -> None:
    town.env.inject_error(
        "POST",
        f"/channels/{town.tom.user.dm_channel.id}/messages",
        status=403,
        code=50007,
        times=None,
    )
    await town.anna.click(town.card, custom_id="tk:1:do")
    assert "direct messages are closed" in town.text
    assert (await town.case()).state is CaseState.RESOLVED


async def test_a_refusal_is_shown_in_words_and_retried(town: Town) -> None:
    path = f"/guilds/{town.guild.id}/members/{town.tom.id}"
    town.env.inject_error("PATCH", path, status=403, code=50013)
    await town.anna.select(town.card, ["timeout"], custom_id="tk:1:pick")
    assert "Discord refused" in town.text
    assert "I lack the permission" in town.text
    assert town.dms(town.tom) == []
    await town.anna.click(town.card, label="Retry")
    assert (await town.case()).state is CaseState.RESOLVED
    assert len(town.dms(town.tom)) == 1


async def test_a_role_above_the_bots_is_named_beforehand(town: Town) -> None:
    boss = town.guild.create_role("Boss")
    town.env.backend.reorder_roles(town.guild.id, [{"id": str(boss.id), "position": 9}])
    rex = town.guild.add_member(town.env.create_user("rex"), roles=[boss])
    await rex.send(town.support, INSULT)
    card = town.queue.last_message
    before = len(town.env.http_requests)
    await town.anna.select(card, ["kick"], custom_id="tk:2:pick")
    assert "Move my role up, then press Retry" in words(town.queue.last_message.embeds[0])
    assert not [r for r in town.env.http_requests[before:] if r.method == "DELETE"]
    assert town.dms(rex) == []


async def test_a_silent_discord_is_asked_again(town: Town) -> None:
    path = f"/guilds/{town.guild.id}/members/{town.tom.id}"
    town.env.inject_error("PATCH", path, status=500, times=3)
    await town.anna.select(town.card, ["timeout"], custom_id="tk:1:pick")
    assert (await town.case()).state is CaseState.ACTING
    assert "Being carried out" in town.text
    await town.env.advance_time(100)
    assert (await town.case()).state is CaseState.RESOLVED
    assert len(town.dms(town.tom)) == 1


async def test_a_notice_without_an_answer_is_sent_once(town: Town) -> None:
    path = f"/channels/{town.tom.user.dm_channel.id}/messages"
    town.env.inject_error("POST", path, status=502)
    await town.anna.click(town.card, custom_id="tk:1:do")
    assert "The member is being told." in town.text
    await town.env.advance_time(35)
    assert len(town.dms(town.tom)) == 1
    assert "The member was told." in town.text


async def test_a_card_that_could_not_be_posted_is_posted_later(town: Town) -> None:
    town.env.inject_error("POST", f"/channels/{town.queue.id}/messages", status=500)
    await town.mia.send(town.support, INSULT)
    assert len(town.queue.history()) == 1
    await town.env.advance_time(35)
    assert len(town.queue.history()) == 2
    assert (await town.case(2)).card_message is not None


async def test_a_deleted_card_is_posted_again(town: Town) -> None:
    old = town.card
    town.env.backend.delete_message(town.queue.id, old.id)
    await town.mia.send(town.general, "one more message")
    await town.tom.send(town.general, "you pathetic moron")
    assert town.card.id != old.id
    await town.anna.click(town.card, custom_id="tk:1:do")
    assert (await town.case()).state is CaseState.RESOLVED


async def test_a_fault_of_ours_is_answered_with_a_code(town: Town) -> None:
    await town.app.store.close()
    answer = await town.anna.click(town.card, custom_id="tk:1:do")
    found = re.search(r"the code (\S+)\.$", told(answer))
    assert found is not None
    assert "Nothing was lost" in told(answer)
    assert f"code={found[1]}" in town.lines.getvalue()


async def test_a_press_that_cannot_be_answered_ends_on_record(town: Town) -> None:
    town.env.inject_error("POST", "/interactions/*/callback", status=404, code=10062, times=None)
    town.env.inject_error("POST", "/webhooks/*", status=404, code=10015, times=None)
    await town.anna.click(town.card, custom_id="tk:1:do")
    assert "press_failed" in town.lines.getvalue()
    assert (await town.case()).state is CaseState.OPEN


async def _point(town: Town, value: str) -> str:
    """Hand in the menu of channels with a value of one's own making."""
    shown = await town.anna.select(town.card, ["redirect"], custom_id="tk:1:pick")
    backend, menu = town.env.backend, shown.followups[0]
    stored = backend.get_message(menu._message.channel_id, menu.id)
    data = {"custom_id": "tk:1:to", "component_type": 8, "values": [value]}
    record, payload = base_payload(
        backend,
        type=3,
        channel_id=stored.channel_id,
        guild_id=town.guild.id,
        user_id=town.anna.id,
        data=data,
    )
    payload["message"] = dict(serializers.message_payload(backend, stored))
    record.source_message_id = stored.id
    backend.emit("INTERACTION_CREATE", payload)
    await town.env.settle()
    return told(simcord.InteractionResult(town.env, record))


@pytest.mark.parametrize("value", ["general", "\u0663", "-1", "1" * 30, "12345", ""])
async def test_a_forged_channel_is_refused_before_anything_is_decided(
    town: Town, value: str
) -> None:
    assert "Nothing was done" in await _point(town, value)
    assert (await town.case()).state is CaseState.OPEN


async def test_a_pointer_leads_where_the_author_can_go(town: Town) -> None:
    assert "cannot see that channel" in await _point(town, str(town.queue.id))
    assert (await town.case()).state is CaseState.OPEN
    assert await _point(town, str(town.support.id)) == ""
    assert (await town.case()).state is CaseState.RESOLVED
