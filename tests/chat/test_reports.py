"""Members report a message and hear that it arrived."""

from __future__ import annotations

from typing import Any

import pytest

from moderation.types import CaseState
from tests.chat.conftest import INSULT, Town

ADVERT = "buy cheap watches from my cousin"


async def _report(town: Town, member: Any, message: Any, category: str, words: str = "") -> str:
    shown = await member.context_menu(town.general, "Report message", message)
    assert shown.modal is not None
    values = {"category": [category]} | ({"words": words} if words else {})
    done = await member.submit_modal(shown, values)
    assert done.ephemeral
    return done.response.content


async def test_a_report_opens_a_case_and_gives_a_receipt(town: Town) -> None:
    message = await town.tom.send(town.general, "buy cheap watches from my cousin")
    receipt = await _report(town, town.mia, message, "spam", "he does this every day")
    assert "The moderators will look at it" in receipt
    assert "one member reported it: spam" in town.text
    assert "buy cheap watches" in town.text
    assert "he does this every day" not in town.text
    assert str(town.mia.id) not in town.text
    assert "Mia" not in town.text


async def test_a_second_report_by_the_same_member_changes_nothing(town: Town) -> None:
    message = await town.tom.send(town.general, "buy cheap watches from my cousin")
    await _report(town, town.mia, message, "spam")
    assert "reported this message before" in await _report(town, town.mia, message, "rude")
    assert (await town.case()).reports == 1


async def test_a_report_joins_the_case_that_is_open(town: Town) -> None:
    message = await town.tom.send(town.general, INSULT)
    await _report(town, town.mia, message, "rude")
    await _report(town, town.eve, message, "safety")
    assert "2 members reported it" in town.text
    assert len(await town.cases()) == 1


async def test_a_report_of_what_was_decided_is_kept_with_it(town: Town) -> None:
    message = await town.tom.send(town.general, INSULT)
    await town.anna.click(town.card, label="Dismiss")
    assert "looked at this message already" in await _report(town, town.mia, message, "rude")
    case = await town.case()
    assert (case.state, case.reports) == (CaseState.DISMISSED, 1)


async def test_a_message_from_before_the_bot_came_can_be_reported(town: Town) -> None:
    message = await town.tom.send(town.general, "buy cheap watches from my cousin")
    await town.restart()
    await _report(town, town.mia, message, "off_topic")
    shown = await town.anna.click(town.card, custom_id="tk:1:do")
    assert "Which channel" in shown.followups[0].content


async def test_the_bots_own_messages_cannot_be_reported(town: Town) -> None:
    await town.tom.send(town.general, INSULT)
    shown = await town.anna.select(town.card, ["redirect"], custom_id="tk:1:pick")
    await town.anna.select(shown.followups[0], [town.support], custom_id="tk:1:to")
    refused = await town.mia.context_menu(town.general, "Report message", town.general.last_message)
    assert refused.modal is None
    assert "message of the bot" in refused.response.content


async def test_a_fault_of_ours_is_answered_with_a_code(town: Town) -> None:
    message = await town.tom.send(town.general, "buy cheap watches from my cousin")
    shown = await town.mia.context_menu(town.general, "Report message", message)
    await town.app.store.close()
    done = await town.mia.submit_modal(shown, {"category": ["spam"]})
    assert "Nothing was lost" in done.response.content


async def test_the_menu_is_translated(town: Town) -> None:
    [published] = [r.json for r in town.env.http_requests if r.path.endswith("/commands")]
    [command] = published
    assert command["name"] == "Report message"
    assert command["name_localizations"]["nl"] == "Bericht melden"


async def test_a_form_from_before_a_restart_is_filed(town: Town) -> None:
    message = await town.tom.send(town.general, ADVERT)
    shown = await town.mia.context_menu(town.general, "Report message", message)
    await town.restart()
    done = await town.mia.submit_modal(shown, {"category": ["spam"], "words": "every day"})
    assert "The moderators will look at it" in done.response.content
    assert ADVERT in town.text.replace("|", "")
    [report] = await town.app.store.reports((await town.case()).id)
    assert report.words == "every day"


async def test_a_form_that_lay_open_for_an_hour_is_filed(town: Town) -> None:
    message = await town.tom.send(town.general, ADVERT)
    shown = await town.mia.context_menu(town.general, "Report message", message)
    await town.env.advance_time(3600)
    done = await town.mia.submit_modal(shown, {"category": ["spam"]})
    assert "The moderators will look at it" in done.response.content


async def test_two_members_report_one_message_at_a_time(town: Town) -> None:
    message = await town.tom.send(town.general, ADVERT)
    forms = [
        (member, await member.context_menu(town.general, "Report message", message))
        for member in (town.mia, town.eve)
    ]
    for member, shown in forms:
        done = await member.submit_modal(shown, {"category": ["spam"]})
        assert "The moderators will look at it" in done.response.content
    assert (await town.case()).reports == 2


async def test_what_its_author_deletes_meanwhile_is_reported_all_the_same(town: Town) -> None:
    message = await town.tom.send(town.general, ADVERT)
    shown = await town.mia.context_menu(town.general, "Report message", message)
    await town.tom.delete(message)
    done = await town.mia.submit_modal(shown, {"category": ["spam"]})
    assert "The moderators will look at it" in done.response.content
    assert ADVERT in town.text.replace("|", "")


async def test_a_message_that_is_gone_is_said_to_be_gone(town: Town) -> None:
    message = await town.tom.send(town.general, ADVERT)
    shown = await town.mia.context_menu(town.general, "Report message", message)
    await town.restart()
    await town.tom.delete(message)
    done = await town.mia.submit_modal(shown, {"category": ["spam"]})
    assert "no longer there" in done.response.content
    assert await town.cases() == []


@pytest.mark.simcord(check_errors=False)  # the refusal is the point
async def test_a_menu_that_fails_is_answered_with_a_code(town: Town) -> None:
    message = await town.tom.send(town.general, ADVERT)
    town.env.inject_error("POST", "/interactions/*/callback", status=400, code=50035)
    shown = await town.mia.context_menu(town.general, "Report message", message)
    assert "the code c-" in shown.response.content
    assert "command_failed" in town.lines.getvalue()
