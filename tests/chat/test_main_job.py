"""The main job, once through: an insult, a card, a button, an effect, a message to the member."""

from __future__ import annotations

from datetime import timedelta

import discord
import pytest

from moderation.types import ActionKind, ActionState, CaseState, NoticeState
from tests.chat.conftest import INSULT, Town


async def _insulted(town: Town) -> None:
    await town.mia.send(town.general, "does anybody know how to reset the device")
    await town.tom.send(town.general, INSULT)


async def test_an_insult_becomes_a_card(town: Town) -> None:
    await _insulted(town)
    assert "insult" in town.text
    assert "idiot__** and everybody here" in town.text
    assert "Mia" in town.text
    assert "does anybody know how to reset the device" in town.text
    assert town.buttons() == ["Warn", "Dismiss", "Claim", "Open", "Something else"]
    assert town.card.mentions == []


async def test_doing_what_is_recommended_warns_and_tells(town: Town) -> None:
    await _insulted(town)
    await town.anna.click(town.card, custom_id="tk:1:do")
    assert "Done by Anna: warned." in town.text
    assert "The member was told." in town.text
    assert town.buttons() == ["Undo", "Open"]
    [told] = town.dms(town.tom)
    assert "hurtful or hostile" in told
    assert "Anna" not in told
    assert str(town.anna.id) not in told


async def test_a_timeout_from_the_menu(town: Town) -> None:
    await _insulted(town)
    await town.anna.select(town.card, ["timeout"], custom_id="tk:1:pick")
    member = await town.env.bot.get_guild(town.guild.id).fetch_member(town.tom.id)
    until = town.env.now() + timedelta(hours=1)
    assert member.timed_out_until == until
    assert f"<t:{int(until.timestamp())}:f>" in town.text
    [told] = town.dms(town.tom)
    assert f"<t:{int(until.timestamp())}:R>" in told
    case = await town.case()
    action = await town.app.store.action(case.action)
    assert (case.state, action.state) == (CaseState.RESOLVED, ActionState.APPLIED)
    assert action.notice is NoticeState.SENT


async def test_what_follows_the_message_is_quoted_too(town: Town) -> None:
    await _insulted(town)
    for text in ("please stay calm", "that was not nice", "let us talk about the device", "fourth"):
        await town.mia.send(town.general, text)
    for text in ("please stay calm", "that was not nice", "let us talk about the device"):
        assert text in town.text
    assert "fourth" not in town.text


async def test_remove_deletes_the_message_and_keeps_the_evidence(town: Town) -> None:
    await _insulted(town)
    await town.anna.select(town.card, ["remove"], custom_id="tk:1:pick")
    assert [m.content for m in town.general.history()] == [
        "does anybody know how to reset the device"
    ]
    assert "everybody here" in town.text
    assert "Deleted by now" in town.text


async def test_kick_and_ban_tell_the_member_first(town: Town) -> None:
    await _insulted(town)
    await town.anna.select(town.card, ["ban"], custom_id="tk:1:pick")
    assert town.guild.get_ban(town.tom) is not None
    ban, dm = (
        next(i for i, r in enumerate(town.env.http_requests) if fits(r))
        for fits in (
            lambda r: r.method == "PUT" and "/bans/" in r.path,
            lambda r: r.method == "POST" and r.path.endswith(f"/{_dm(town)}/messages"),
        )
    )
    assert dm < ban
    assert "banned" in town.dms(town.tom)[0]


def _dm(town: Town) -> int:
    return town.tom.user.dm_channel.id


@pytest.mark.parametrize("kind", list(ActionKind))
async def test_every_action_ends_on_the_card_and_can_be_undone(
    town: Town, kind: ActionKind
) -> None:
    await _insulted(town)
    if kind is ActionKind.WARN:
        await town.anna.click(town.card, custom_id="tk:1:do")
    else:
        shown = await town.anna.select(town.card, [kind.value], custom_id="tk:1:pick")
    if kind is ActionKind.REDIRECT:
        [menu] = shown.followups
        await town.anna.select(menu, [town.support], custom_id="tk:1:to")
        assert f"<#{town.support.id}>" in town.general.last_message.content
        assert menu.content == "Done. The pointer stands under the message."
    assert (await town.case()).state is CaseState.RESOLVED
    await town.bob.click(town.card, custom_id="tk:1:undo")
    assert (await town.case()).state is CaseState.OPEN
    assert "Taken back by Bob" in town.text
    assert "Dismiss" in town.buttons()


async def test_undo_takes_the_effect_back(town: Town) -> None:
    await _insulted(town)
    await town.anna.select(town.card, ["ban"], custom_id="tk:1:pick")
    await town.anna.click(town.card, custom_id="tk:1:undo")
    assert town.guild.get_ban(town.tom) is None
    assert "lifted your ban" in town.dms(town.tom)[1]


async def test_undoing_a_pointer_removes_it(town: Town) -> None:
    await _insulted(town)
    shown = await town.anna.select(town.card, ["redirect"], custom_id="tk:1:pick")
    await town.anna.select(shown.followups[0], [town.support], custom_id="tk:1:to")
    await town.anna.click(town.card, custom_id="tk:1:undo")
    assert town.general.last_message.content == INSULT


async def test_buttons_survive_a_restart(town: Town) -> None:
    await _insulted(town)
    await town.restart()
    await town.anna.click(town.card, custom_id="tk:1:do")
    assert (await town.case()).state is CaseState.RESOLVED
    assert len(town.dms(town.tom)) == 1


async def test_one_incident_is_one_card(town: Town) -> None:
    await _insulted(town)
    await town.tom.send(town.general, "shut up, you stupid loser")
    case = await town.case()
    assert len(case.messages) == 2
    assert "stupid" in town.text
    assert len(await town.cases()) == 1


async def test_the_card_speaks_the_servers_own_language(town: Town) -> None:
    await _insulted(town)
    assert town.card.embeds[0].title == "Medium: insult"


class TestShadow:
    @pytest.fixture
    def options(self) -> dict:
        return {"policy": {"mode": "shadow"}, "locale": "nl"}

    async def test_members_are_not_touched(self, town: Town) -> None:
        await _insulted(town)
        before = len(town.env.http_requests)
        assert "schaduwmodus" in town.text
        await town.anna.select(town.card, ["ban"], custom_id="tk:1:pick")
        assert town.guild.get_ban(town.tom) is None
        assert town.dms(town.tom) == []
        assert "Alleen genoteerd" in town.text
        touched = [
            r
            for r in town.env.http_requests[before:]
            if r.method != "GET" and f"/channels/{town.queue.id}/" not in r.path
        ]
        assert [r.path for r in touched if "/interactions/" not in r.path] == []
        assert isinstance(town.card, discord.Message)
