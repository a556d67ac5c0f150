"""Chat that is made up and seeded: mostly friendly talk, some of everything that is watched."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

START = datetime(2026, 11, 2, 8, tzinfo=UTC)

_FRIENDLY = (
    "Good morning all, the new export works well for us, thank you",
    "Does anybody know where I find the invoice of last month?",
    "You find it under Settings, then Billing, at the bottom",
    "Since the update the page stays blank on my phone, is that known?",
    "We saw it too; clearing the cache helped here",
    "Kan iemand mij helpen met de koppeling? Hij vraagt steeds om een wachtwoord",
    "Dank je, dat was het. Fijne dag nog",
    "The webinar of tomorrow starts at three, see https://example.org/agenda",
    "That was a damn good release, congratulations to the team",
    "I tried `npm run build -- --force` and it ended with code 137",
)
_WORDS = tuple(
    "please thanks build ticket order page month team phone customer report market week coffee "  # noqa: SIM905
    "login error answer version price table number address window morning question".split()
)
_RUDE = (
    "You are a complete idiot and nobody wants you here",
    "Shut up, you stupid clown",
    "Wat ben jij een sukkel, hou je mond dicht",
)
_SPAM = "Free gift for everybody, join https://discord.gg/abcd1234 now"
_SHARES = ((0.985, "friendly"), (0.995, "rude"), (1.0, "spam"))


def texts(count: int, seed: int = 11) -> Iterator[str]:
    """``count`` texts, the same for the same seed."""
    chance = random.Random(seed)
    for _ in range(count):
        yield _text(chance)


def _text(chance: random.Random) -> str:
    drawn = chance.random()
    kind = next(name for bound, name in _SHARES if drawn <= bound)
    if kind == "rude":
        return f"{chance.choice(_RUDE)} {chance.choice(_WORDS)}"
    if kind == "spam":
        return _SPAM
    extra = " ".join(chance.choices(_WORDS, k=chance.randint(3, 14)))
    return f"{chance.choice(_FRIENDLY)} {extra}"


def export(path: Path, count: int, *, channel: str, seed: int) -> None:
    """Write ``count`` messages as DiscordChatExporter does, about seven a minute."""
    chance = random.Random(seed)
    at = START
    with path.open("w", encoding="utf-8") as file:
        head = {"guild": {"id": "1"}, "channel": {"id": channel, "type": "GuildTextChat"}}
        file.write(json.dumps(head)[:-1] + ', "messages": [')
        for number, text in enumerate(texts(count, seed)):
            at += timedelta(seconds=chance.expovariate(1 / 8))
            record = _record(chance, f"{channel}{number:09}", at, text)
            file.write((",\n" if number else "\n") + json.dumps(record))
        file.write("]}\n")


def _record(chance: random.Random, ident: str, at: datetime, text: str) -> dict[str, object]:
    author = str(1000 + int(chance.paretovariate(0.6)) % 900)
    return {
        "id": ident,
        "type": "Default",
        "timestamp": at.isoformat(),
        "timestampEdited": None,
        "isPinned": False,
        "content": text,
        "author": {"id": author, "name": f"member{author}", "isBot": False, "roles": []},
        "attachments": [],
        "embeds": [],
        "stickers": [],
        "reactions": [],
        "mentions": [],
    }
