"""What people do on the small Discord: join, write, press, report."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.wire.gateway import Json
from tests.wire.server import Discord

GENERAL, SUPPORT, QUEUE, THREAD = "20", "21", "22", "23"
CANARY = "zanzibarcanary"
INSULT = f"you are a complete idiot and everybody here hates you {CANARY}"
KIND = f"you are a great help and everybody here likes you {CANARY}"
_CREW = "2"


@dataclass
class Asked:
    """An interaction: how the bot acknowledged it, and what it said to that person."""

    by: str
    channel: str
    reply: Json | None = None
    told: list[str] = field(default_factory=list)


class Town(Discord):
    """The server with its people; everything they write holds the canary."""

    def join(self, name: str, *, crew: bool = False) -> str:
        """Somebody becomes a member; their id."""
        number = str(1000 + len(self.users))
        user = {"id": number, "username": name, "discriminator": "0", "avatar": None}
        self.users[number] = user
        member = {"user": user, "roles": [_CREW] * crew, "flags": 0}
        self.members[number] = member | {"joined_at": datetime.now(UTC).isoformat()}
        return number

    async def say(self, channel: str, author: str, text: str) -> Json:
        """A member writes."""
        return await self.post(channel, author, {"content": text})

    async def press(self, card: Json, custom_id: str, by: str, *values: str) -> Asked:
        """A button, or with ``values`` a menu."""
        kind = 3 if values else 2
        data = {"custom_id": custom_id, "component_type": kind, "values": [*values]}
        return await self._act(3, card["channel_id"], by, data, message=card)

    async def menu(self, name: str, by: str, message: Json) -> Asked:
        """A context menu of a message."""
        command = next(command for command in self.commands if command["name"] == name)
        data = {**command, "target_id": message["id"]}
        data["resolved"] = {"messages": {message["id"]: message}}
        return await self._act(2, message["channel_id"], by, data)

    async def submit(self, form: Asked, **values: Any) -> Asked:
        """Fill in the form that answered a menu."""
        data = _filled((form.reply or {})["data"], values)
        return await self._act(5, form.channel, form.by, data)

    async def _act(self, kind: int, channel: str, by: str, data: Json, **more: Any) -> Asked:
        number, member = self.snowflake(), self.members[by]
        roles = {role["id"]: role["permissions"] for role in self.world["shown"]["roles"]}
        event = self.world["interaction"] | {"id": number, "token": f"token-{number}", **more}
        event |= {"type": kind, "data": data, "channel": {"id": channel, "type": 0}}
        event["channel_id"] = channel
        event["member"] = member | {"permissions": roles[(*member["roles"], "1")[0]]}
        made = self.asked[event["token"]] = Asked(by, channel)
        await self.dispatch("INTERACTION_CREATE", event)
        return made


def _filled(part: Json, values: dict[str, Any]) -> Json:
    """A form's part as it comes back: containers keep their shape, fields get values."""
    made = {key: part[key] for key in ("type", "id", "custom_id") if key in part}
    if "component" in part:
        return made | {"component": _filled(part["component"], values)}
    if "components" in part:
        return made | {"components": [_filled(inner, values) for inner in part["components"]]}
    return made | {"value" if part["type"] == 4 else "values": values[part["custom_id"]]}
