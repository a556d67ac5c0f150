"""The main job over real sockets: a message, a card, a press, a notice; a report; an edit."""

from __future__ import annotations

import pytest

from bot.database import verify
from config.locale import load_locale
from tests.wire.bots import Inside
from tests.wire.people import CANARY, GENERAL, INSULT, KIND, Town

WORDS = load_locale("en")


@pytest.mark.parametrize("kind", ["warn", "timeout", "remove", "ban"])
async def test_a_message_becomes_a_card_and_a_press_an_action(
    town: Town, inside: Inside, kind: str
) -> None:
    tom, anna = town.join("tom"), town.join("anna", crew=True)
    await town.say(GENERAL, tom, INSULT)
    card = await inside.card()
    if kind == "warn":  # what is recommended here has a button, the rest is in the menu
        pressed = await town.press(card, "tk:1:do", anna)
    else:
        pressed = await town.press(card, "tk:1:pick", anna, kind)
    await inside.told()
    assert inside.states() == [(1, "resolved", 0)]
    assert pressed.reply == {"type": 6}
    assert town.effects == ([] if kind == "warn" else [(kind, tom)])
    assert len(inside.notices(tom)) == 1
    if kind == "ban":  # afterwards nothing would reach them any more
        assert [c.method for c in town.requests if tom in c.path] == ["GET", "POST", "PUT"]
    assert "anna" not in str(inside.notices(tom))
    assert verify(inside.url).sound


async def test_a_press_by_somebody_else_is_refused_in_words(town: Town, inside: Inside) -> None:
    tom, mia = town.join("tom"), town.join("mia")
    await town.say(GENERAL, tom, INSULT)
    pressed = await town.press(await inside.card(), "tk:1:do", mia)
    await inside.until(lambda: pressed.told)
    assert pressed.told == [WORDS.text("refused.not_a_moderator")]
    assert inside.states() == [(1, "open", 0)]


async def test_a_member_reports_a_message(town: Town, inside: Inside) -> None:
    tom, mia = town.join("tom"), town.join("mia")
    message = await town.say(GENERAL, tom, KIND)
    asked = await town.menu("Report message", mia, message)
    await inside.until(lambda: asked.reply)
    sent = await town.submit(asked, category=["rude"], words=f"he is rude {CANARY}")
    await inside.until(lambda: sent.told)
    assert sent.told == [WORDS.text("report.receipt")]
    card = await inside.card()
    assert WORDS.text("signal.report.rude") in str(card["embeds"])


async def test_an_edit_is_screened_again(town: Town, inside: Inside) -> None:
    message = await town.say(GENERAL, town.join("tom"), KIND)
    await inside.until(lambda: message["id"] in inside.log())
    assert inside.states() == []
    await town.edit(message, {"content": INSULT})
    await inside.card()
