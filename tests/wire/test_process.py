"""``tidekeeper run`` as the process that it is: a day and a night."""

from __future__ import annotations

import signal

import pytest

from tests.wire.bots import Process
from tests.wire.people import CANARY, GENERAL, INSULT, KIND, QUEUE, SUPPORT, THREAD, Town
from tests.wire.server import Trouble


async def test_a_day(town: Town, process: Process) -> None:
    """Everything once, with the canary in all that people say: at its loudest, the process says
    nothing of it (the fixture looks). It ends when it is told to.
    """
    tom, mia, anna = town.join("tom"), town.join("mia"), town.join("anna", crew=True)
    await process.start("--gateway", f"{town.ws}/elsewhere")
    await process.until(process.listens)  # what is said before that counts as found late
    message = await town.say(GENERAL, tom, KIND)
    await town.edit(message, {"content": INSULT})
    card = await process.card()
    form = await town.menu("Report message", mia, message)
    await process.until(lambda: form.reply)
    sent = await town.submit(form, category=["rude"], words=f"he is rude {CANARY}")
    await process.until(lambda: sent.told)
    await town.dispatch("MESSAGE_CREATE", {"id": "1", "content": CANARY})
    await town.send({"op": 0, "t": "HOLOGRAM_CREATE", "d": {"content": CANARY}})
    await town.press(card, "tk:1:pick", anna, "timeout")
    await process.told()
    assert process.states() == [(1, "resolved", 0)]
    assert await process.stop() == 0
    assert town.effects == [("timeout", tom)]
    assert town.connects[0][0] == "/ws/elsewhere"
    assert "gateway_malformed type=MESSAGE_CREATE" in process.log()
    assert process.log().splitlines()[-1].endswith("stopped")


async def test_told_to_stop_while_discord_does_not_answer(town: Town, process: Process) -> None:
    town.troubles += [Trouble("GET", "/users/@me", 503)] * 9
    await process.launch()
    await process.until(lambda: "sign_in_failed" in process.log())
    assert await process.stop() == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=str)
async def test_a_night(town: Town, process: Process, how: signal.Signals) -> None:
    """What was written while the process was away, in every watched channel, is found and marked
    late; the start after that finds nothing new.
    """
    people = [town.join(name) for name in ("tom", "kim", "joe", "max")]
    await process.start()
    await process.until(process.listens)
    await process.stop(how)
    for channel, person in zip((GENERAL, SUPPORT, THREAD, QUEUE), people, strict=True):
        await town.say(channel, person, INSULT)
    await process.start()
    await process.until(lambda: "caught_up" in process.log())
    for number in (1, 2, 3):
        await process.card(number)
    assert process.states() == [(number, "open", 1) for number in (1, 2, 3)]
    await process.stop()
    await process.start()
    await process.until(lambda: process.log().count("caught_up") == 2)
    assert len(process.states()) == 3
    assert len(town.messages[QUEUE]) == 1 + 3
