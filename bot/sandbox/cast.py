"""The little company and its week as data: ``town.toml`` and ``week.toml`` read into values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
EVERYBODY = ("Owner", "Moderator", "Team", "Member", "Newcomer")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleData:
    """A role with the permissions it has, by Discord's names."""

    name: str
    color: int
    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelData:
    """A channel; ``readers`` and ``writers`` are role names, all of them where nobody is named."""

    name: str
    purpose: str
    readers: tuple[str, ...]
    writers: tuple[str, ...]
    social: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberData:
    """A member: the key used in the data, the name on the screen, the roles."""

    key: str
    name: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """The company's server."""

    name: str
    bot: str
    description: str
    bot_permissions: tuple[str, ...]
    roles: tuple[RoleData, ...]
    channels: tuple[ChannelData, ...]
    members: tuple[MemberData, ...]

    def may_read(self, member: MemberData, channel: ChannelData) -> bool:
        """Whether the member sees the channel."""
        return bool(set(member.roles) & set(channel.readers))


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One message of the week; ``answers`` is the position of the line it replies to."""

    day: int
    at: time
    channel: str
    who: str
    text: str
    answers: int | None = None


@cache
def town() -> Town:
    """The server as ``town.toml`` describes it."""
    written = _read("town.toml")
    return Town(
        name=written["name"],
        bot=written["bot"],
        description=written["description"],
        bot_permissions=tuple(written["bot_role"]["permissions"]),
        roles=tuple(_role(role) for role in written["roles"]),
        channels=tuple(_channel(name, found) for name, found in written["channels"].items()),
        members=tuple(
            MemberData(key=key, name=found["name"], roles=tuple(found["roles"]))
            for key, found in written["members"].items()
        ),
    )


@cache
def week() -> tuple[Line, ...]:
    """All messages of the week in the order in which they were written."""
    blocks = [_block(block) for block in _read("week.toml")["talk"]]
    flat = [(line, block, i) for block in blocks for i, (line, _) in enumerate(block)]
    flat.sort(key=lambda item: (-item[0].day, item[0].at))
    places = {(id(block), i): place for place, (_, block, i) in enumerate(flat)}
    return tuple(_linked(line, block, i, places) for line, block, i in flat)


_Block = list[tuple[Line, int | None]]


def _linked(line: Line, block: _Block, i: int, places: Mapping[tuple[int, int], int]) -> Line:
    answered = block[i][1]
    if answered is None:
        return line
    return Line(
        day=line.day,
        at=line.at,
        channel=line.channel,
        who=line.who,
        text=line.text,
        answers=places[id(block), answered],
    )


def _block(block: Mapping[str, Any]) -> _Block:
    times = [line[0] for line in block["lines"]]
    return [(_line(block, line), _answered(times, line)) for line in block["lines"]]


def _line(block: Mapping[str, Any], line: Sequence[str]) -> Line:
    at, who, text = line[:3]
    return Line(
        day=block["day"], at=time.fromisoformat(at), channel=block["channel"], who=who, text=text
    )


def _answered(times: Sequence[str], line: Sequence[str]) -> int | None:
    return times.index(line[3]) if len(line) > 3 else None


def _role(written: Mapping[str, Any]) -> RoleData:
    return RoleData(
        name=written["name"], color=written["color"], permissions=tuple(written["permissions"])
    )


def _channel(name: str, written: Mapping[str, Any]) -> ChannelData:
    return ChannelData(
        name=name,
        purpose=written["purpose"],
        readers=tuple(written.get("readers", EVERYBODY)),
        writers=tuple(written.get("writers", EVERYBODY)),
        social=written.get("social", False),
    )


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((HERE / name).read_text(encoding="utf-8"))
