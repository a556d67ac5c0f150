"""The main job, once through: an insult, a card, a button, a timeout, a message to the member."""

from __future__ import annotations

from tests.chat.conftest import INSULT, Town


async def test_an_insult_becomes_a_card_a_decision_and_a_notice(town: Town) -> None:
    await town.mia.send(town.general, "does anybody know how to reset the device")
    await town.tom.send(town.general, INSULT)
    print(town.text, town.buttons())
    await town.anna.click(town.card, custom_id="tk:1:do")
    print(town.text, town.buttons())
    print(town.dms(town.tom))
    print(town.lines.getvalue())
