"""The process is killed at every request it makes, from the message to the end of the action.

One SIGKILL is enough: many cases are under way, and the server holds each of them at a request of
its own, before its effect or after it, where the answer never arrives.
"""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from bot.database import verify
from tests.wire.bots import Process
from tests.wire.gateway import Json
from tests.wire.people import GENERAL, INSULT, KIND, QUEUE, Town
from tests.wire.server import Call, Refusal

KINDS = ("warn", "timeout", "remove", "ban")
POSTING = ("POST", f"/channels/{QUEUE}/messages")


@dataclass
class Fate:
    """One member's case: what the moderator decides, and where the process dies under it."""

    member: str
    moderator: str
    kind: str
    at: int = 0
    phase: str = ""
    message: Json = field(default_factory=dict)
    passed: list[str] = field(default_factory=list)


class Fates:
    """Recognises whose request it is, counts, and holds what has come to its end."""

    def __init__(self, town: Town, process: Process) -> None:
        self.town, self.process = town, process
        self.all: list[Fate] = []
        self.held: list[Fate] = []
        self._dead = asyncio.Event()
        town.gate = self._gate

    async def add(self, kind: str, at: int = 0, phase: str = "") -> Fate:
        """A member insults everybody; ``at`` 0 lets the case live."""
        name = f"{len(self.all)}"
        member, moderator = self.town.join(f"m{name}"), self.town.join(f"c{name}", crew=True)
        made = Fate(member, moderator, kind, at, phase)
        self.all.append(made)
        made.message = await self.town.say(GENERAL, member, INSULT)
        return made

    async def settle(self, fates: list[Fate]) -> None:
        """All cards are there, and no message that follows will be quoted on them any more."""
        shown = "SELECT 1 FROM cases WHERE subject = ? AND card_message IS NOT NULL"
        for fate in fates:
            await self.process.until(lambda f=fate: self.process.rows(shown, f.member))
        for number in range(4):  # when the fourth is judged, its author's third is done with
            said = await self.town.say(GENERAL, self.all[0].moderator, f"{KIND} {number}")
            await self.process.until(lambda m=said: f"message={m['id']}" in self.process.log())
        for fate in fates:
            fate.passed.clear()

    async def press(self, fate: Fate) -> None:
        [card] = self.cards(fate)
        [[case]] = self.process.rows("SELECT id FROM cases WHERE subject = ?", fate.member)
        await self.town.press(card, f"tk:{case}:pick", fate.moderator, fate.kind)

    def cards(self, fate: Fate) -> list[Json]:
        shown = [m for m in self.town.messages[QUEUE].values() if m["embeds"]]
        return [m for m in shown if fate.member in m["embeds"][0]["footer"]["text"].split()]

    def finished(self, fate: Fate) -> bool:
        """Decided, carried out, told, and shown on the card."""
        done = (
            "SELECT 1 FROM cases c JOIN actions a ON a.id = c.action WHERE c.subject = ? AND"
            " c.state = 'resolved' AND a.notice = 'sent' AND c.card_version = c.version"
        )
        return bool(self.process.rows(done, fate.member))

    def open_ones(self) -> list[Fate]:
        open_now = self.process.rows("SELECT subject FROM cases WHERE state = 'open'")
        return [fate for fate in self.all if (fate.member,) in open_now]

    async def kill(self) -> None:
        """End the process; what was held before its effect never gets one."""
        await self.process.stop(signal.SIGKILL)
        self._dead.set()
        self.town.gate = None
        self.town.nonces.clear()  # Discord remembers them for some minutes only

    async def _gate(self, phase: str, call: Call) -> None:
        fate = self._whose(call)
        if fate is None:
            return
        if phase == "before":
            fate.passed.append(f"{call.method} {call.path}")
        if (fate.at, fate.phase) == (len(fate.passed), phase) and fate not in self.held:
            self.held.append(fate)
            await self._dead.wait()
            raise Refusal(0, 0)

    def _whose(self, call: Call) -> Fate | None:
        named = {part.removeprefix("7") for part in call.path.split("/")}
        named |= {self.town.asked[part].by for part in named if part in self.town.asked}
        body: dict[str, Any] = call.body if isinstance(call.body, dict) else {}
        named.add(str(body.get("recipient_id")))
        for embed in body.get("embeds") or ():
            named |= set(embed["footer"]["text"].split())
        for fate in self.all:
            if named & {fate.member, fate.moderator, fate.message.get("id", "")}:
                return fate
        return None


async def test_killed_at_every_request(town: Town, process: Process) -> None:
    await process.start()
    fates = Fates(town, process)
    spared = [await fates.add(kind) for kind in KINDS]
    await fates.settle(spared)
    for fate in spared:
        await fates.press(fate)
        await process.until(lambda f=fate: fates.finished(f))
    ways = [(f.kind, step) for f in spared for step in range(1, len(f.passed) + 1)]
    assert len(ways) > 22, [fate.passed for fate in spared]

    doomed = {end: await fates.add(end[0][0]) for end in product(ways, ("before", "after"))}
    await fates.settle([*doomed.values()])
    for ((_, step), phase), fate in doomed.items():
        fate.at, fate.phase = step, phase
        await fates.press(fate)
    posting = [await fates.add("warn", 1, phase) for phase in ("before", "after")]
    await process.until(lambda: len(fates.held) == len(doomed) + len(posting))
    await fates.kill()

    await process.start()
    await process.until(
        lambda: sum(map(fates.finished, fates.all)) + len(fates.open_ones()) == len(fates.all)
    )
    died_before_deciding = [*posting, *(f for f in doomed.values() if f.at == 1)]
    assert fates.open_ones() == sorted(died_before_deciding, key=fates.all.index)
    for fate in died_before_deciding:
        await fates.press(fate)
    await process.until(lambda: all(map(fates.finished, fates.all)))
    for fate in fates.all:
        assert len(fates.cards(fate)) == 1, fate
        assert len(process.notices(fate.member)) == 1, fate
        wanted = [] if fate.kind == "warn" else [(fate.kind, fate.member)]
        assert [effect for effect in town.effects if effect[1] == fate.member] == wanted, fate
    assert len(process.states()) == len(fates.all)
    assert await process.stop() == 0
    assert verify(process.url).sound
