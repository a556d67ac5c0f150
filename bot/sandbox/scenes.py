"""What happens live, scene by scene, each looked at in the world and in the database afterwards.

A scene plays through actors, as people would act. What it proves it writes into ``steps`` by the
names of ``STEPS``; it raises ``NotAsWritten`` when the world is not as the story says.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import discord

from bot.sandbox.world import World, press_together
from moderation.types import Case, CaseId, CaseState, GuildId, MessageId, NoticeState

STEPS = (
    "scored",
    "queued",
    "decided",
    "acted",
    "member_told",
    "reported",
    "undone",
    "second_moderator_told",
    "restart_survived",
    "audit_verified",
)
"""What a whole story proves, as ``demo --check`` prints it."""

INSULT = "shut up Ann, you are a complete idiot and everybody here is sick of your stupid advice"
SPAM = (
    "FREE bike lights for the first 50 riders, only today, join now: https://discord.gg/brightdeals"
)
IMPOSTOR = (
    "Hello, Saskia from Vonkel here. Your warranty ends today, send me your order number"
    " and the code from your e-mail and I will extend it."
)
HARMLESS = "Olu, your bracket photo is a bit blurry, can you post another one?"
TURNED = "Olu, you are too stupid to hold a camera, get lost, nobody wants you here"
DUTCH = "hou toch je bek Kees, achterlijke idioot, niemand hier wil jou horen"


class NotAsWritten(Exception):
    """The world is not as the story says; in the live demo a person may have been faster."""


@dataclass(slots=True)
class Play:
    """A story while it plays: the world, the cases it made by name, what it has proved."""

    world: World
    cases: dict[str, CaseId] = field(default_factory=dict)
    steps: dict[str, bool] = field(default_factory=dict)

    async def say(self, who: str, where: str, text: str) -> discord.Message:
        """Somebody writes a message."""
        sent: discord.Message = await self._actor(who).send(self.world.channels[where], text)
        return sent

    async def wait(self, seconds: float) -> None:
        """Time passes between two messages, as it does between people."""
        await self.world.env.advance_time(seconds)

    async def press(self, who: str, case: CaseId, verb: str) -> None:
        """A moderator presses a button of a card."""
        await self._actor(who).click(self.world.card(case), custom_id=f"tk:{case}:{verb}")

    async def pick(self, who: str, case: CaseId, action: str) -> None:
        """A moderator chooses from the menu of a card."""
        await self._actor(who).select(self.world.card(case), [action], custom_id=f"tk:{case}:pick")

    async def row(self, case: CaseId) -> Case:
        """The case as the database has it."""
        found = await self.world.app.store.case(case)
        if found is None:
            raise NotAsWritten(f"case {case} is not in the database")
        return found

    async def opened(self, message: discord.Message, name: str) -> Case:
        """The case that holds a message and has a card."""
        guild = GuildId(str(self.world.guild.id))
        found = await self.world.app.store.case_of(guild, MessageId(str(message.id)))
        if found is None:
            raise NotAsWritten(f"no case was opened for {name}")
        self.world.card(found.id)
        self.cases[name] = found.id
        return found

    def prove(self, step: str, holds: bool) -> None:
        """Note that a step happened. Raises ``NotAsWritten`` when it did not."""
        self.steps[step] = self.steps.get(step, True) and holds
        if not holds:
            raise NotAsWritten(step)

    def _actor(self, who: str) -> Any:
        return self.world.members[who]


async def insult(play: Play) -> None:
    """Tom insults Ann; the message is scored and a card appears."""
    await play.say("ann", "general", "Tom, shall I bring a bit of inner tube to the ride for you?")
    await play.wait(35)
    case = await play.opened(await play.say("tom", "general", INSULT), "insult")
    await play.wait(20)
    await play.say("bas", "general", "easy, Tom. she was only trying to help")
    hostile = [s for s in case.signals if s.kind.startswith("toxicity.")]
    play.prove("scored", bool(case.engine) and any(s.score > 0.5 for s in hostile))
    play.prove("queued", "everybody here is sick" in _said(play.world.card(case.id)))


async def timeout(play: Play) -> None:
    """Mia gives Tom a pause; he reads why, and not from whom."""
    case = play.cases["insult"]
    await play.pick("mia", case, "timeout")
    row = await play.row(case)
    mia = play.world.members["mia"]
    play.prove("decided", row.state is CaseState.RESOLVED and row.decided_by == str(mia.id))
    play.prove("acted", _paused(play, "tom"))
    action = await play.world.app.store.action(row.action) if row.action else None
    told = play.world.dms("tom")
    heard = len(told) == 1 and "Mia" not in _said(told[0]) and "hostile" in _said(told[0])
    play.prove("member_told", heard and action is not None and action.notice is NoticeState.SENT)


async def key(play: Play) -> None:
    """Emre posts a log with a key in it; the moderators remove it."""
    leaked = await play.say("emre", "support", f"The example works, but I get a 403: {_fake_key()}")
    case = await play.opened(leaked, "key")
    shown = _said(play.world.card(case.id))
    if _fake_key() in shown:
        raise NotAsWritten("the key stands on the card")
    await play.press("mia", case.id, "do")
    if leaked.id in {m.id for m in play.world.channels["support"].history()}:
        raise NotAsWritten("the key was not removed")


async def spam(play: Play) -> None:
    """One advert over four channels is one case."""
    for where in ("general", "support", "showcase", "koffiehoek"):
        await play.wait(2)
        last = await play.say("brightdeals", where, SPAM)
    case = await play.opened(last, "spam")
    if len(case.messages) < 3:
        raise NotAsWritten("the advert in several channels is not one case")


async def both(play: Play) -> None:
    """Mia and Joris press at the same moment: one outcome, the other is told by whom."""
    case = play.cases["spam"]
    card = play.world.card(case)
    answers = await press_together(play.world, card, f"tk:{case}:do", ("mia", "joris"))
    row = await play.row(case)
    late = [f.content for answer in answers for f in answer.followups if f.ephemeral]
    named = [text for text in late if f"<@{row.decided_by}>" in text]
    play.prove("second_moderator_told", row.state is CaseState.RESOLVED and len(named) == 1)


async def report(play: Play) -> None:
    """Somebody poses as Saskia; Ann reports it and gets a receipt that only she sees."""
    posed = await play.say("saskla", "support", IMPOSTOR)
    ann, where = play.world.members["ann"], play.world.channels["support"]
    form = await ann.context_menu(where, "Report message", posed)
    values = {"category": ["impersonation"], "words": "Saskia would never ask for a code"}
    receipt = await ann.submit_modal(form, values)
    case = await play.opened(posed, "impostor")
    sealed = "Ann" not in _said(play.world.card(case.id))
    play.prove("reported", bool(receipt.ephemeral) and case.reports == 1 and sealed)


async def restart(play: Play) -> None:
    """The bot's process ends and starts again; the buttons of the old card still work."""
    case = play.cases["impostor"]
    card, count = play.world.card(case), len(play.world.cards())
    await play.world.restart()
    await play.pick("joris", case, "ban")
    row = await play.row(case)
    banned = play.world.guild.get_ban(play.world.members["saskla"]) is not None
    same = play.world.card(case).id == card.id and len(play.world.cards()) == count
    play.prove("restart_survived", banned and same and row.state is CaseState.RESOLVED)


async def undo(play: Play) -> None:
    """Ann speaks for Tom; Joris takes the pause back, and Tom hears it."""
    await play.say("ann", "general", "Tom wrote to me and said sorry, all good between us.")
    case, before = play.cases["insult"], len(play.world.dms("tom"))
    await play.press("joris", case, "undo")
    row = await play.row(case)
    free = not _paused(play, "tom") and len(play.world.dms("tom")) == before + 1
    play.prove("undone", row.state is CaseState.OPEN and free)
    await play.press("joris", case, "do")


async def edit(play: Play) -> None:
    """A harmless message is edited into an insult: it is looked at again. Left for the visitor."""
    message = await play.say("greg", "showcase", HARMLESS)
    await play.wait(30)
    await play.world.members["greg"].edit(message, TURNED)
    await play.opened(message, "edit")


async def dutch(play: Play) -> None:
    """An insult in Dutch. Left for the visitor to decide."""
    await play.say(
        "kees", "nederlands", "Wie heeft er nog een oude beugel liggen die ik mag lenen?"
    )
    await play.opened(await play.say("rik", "nederlands", DUTCH), "dutch")


Scene = Callable[[Play], Awaitable[None]]

SCENES: tuple[tuple[Scene, str], ...] = (
    (insult, "Tom insults Ann in #general: the message is scored and a card appears"),
    (timeout, "Mia gives Tom a pause of an hour; he is told why, but not by whom"),
    (key, "Emre posts a log with a secret key; Mia removes it"),
    (spam, "BrightDeals advertises in four channels: one case"),
    (both, "Mia and Joris press at the same moment: one outcome"),
    (report, "Somebody poses as Saskia; Ann reports it"),
    (restart, "The bot is restarted; Joris bans the impostor with the old button"),
    (undo, "Joris takes Tom's pause back and leaves it at a warning"),
    (edit, "Greg turns a harmless message into an insult: its card waits for you"),
    (dutch, "Rik insults Kees in Dutch: its card waits for you"),
)
"""The story in its order, with what the start page says of each scene."""


def _paused(play: Play, who: str) -> bool:
    member = play.world.env.backend.get_member(play.world.guild.id, play.world.members[who].id)
    return member.timed_out_until is not None


def _said(message: discord.Message) -> str:
    parts = [message.content]
    for card in message.embeds:
        parts += [card.title or "", card.description or "", card.footer.text or ""]
        parts += [f"{part.name}\n{part.value}" for part in card.fields]
    return "\n".join(parts)


def _fake_key() -> str:
    """Shaped like a key of a cloud provider and put together here, so that no scanner trips."""
    return "AK" + "IA" + "VONKELDEMO" + "234567"
