"""The REST half of the wire server: what each route of Discord's does to the world."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.wire.gateway import Gateway
from tests.wire.world import DM, EPHEMERAL, LOADING, Json, World, now


@dataclass
class Call:
    """One request; ``path`` below the API's root, headers without the token, files by size."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    ids: dict[str, str]
    body: Any = None
    files: dict[str, int] = field(default_factory=dict)
    status: int = 0

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass
class Interaction:
    """Something a person did that the bot must answer."""

    id: str
    token: str
    by: str
    channel: str
    source: Json | None
    reply: Json | None = None
    original: Json | None = None
    messages: dict[str, Json] = field(default_factory=dict)
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def told(self) -> list[str]:
        """What was said in answer and still stands."""
        return [m["content"] for m in self.messages.values() if not m["flags"] & LOADING]


class Refusal(Exception):
    def __init__(self, status: int, code: int, words: str) -> None:
        self.status, self.body = status, {"message": words, "code": code}


class Rest:
    """``effects`` is what really changed for people: a repeated effect stands there once."""

    def __init__(self, world: World, gateway: Gateway) -> None:
        self.world = world
        self.gateway = gateway
        self.effects: list[tuple[str, str, Any]] = []
        self.interactions: dict[str, Interaction] = {}
        self._nonces: dict[tuple[str, str], Json] = {}

    def routes(self) -> dict[str, Callable[[Call], Any]]:
        """Method and path of each route, and what answers it (with None: 204)."""
        world, one = self.world, "/channels/{channel}/messages/{message}"
        guild, app = f"/guilds/{world.guild}", f"/applications/{world.application}"
        hook = f"/webhooks/{world.application}/{{token}}"
        return {
            "GET /gateway": lambda _: {"url": self.gateway.url},
            "GET /gateway/bot": lambda _: world.start | {"url": self.gateway.url},
            "GET /users/@me": lambda _: world.users[world.bot],
            "GET /oauth2/applications/@me": lambda _: world.app,
            "GET /applications/@me": lambda _: world.app,
            f"PUT {app}/commands": self._commands,
            "GET /users/{user}": lambda call: _of(world.users, call, "user", 10013),
            "POST /users/@me/channels": self._dm,
            f"GET {guild}": lambda _: world.shown(),
            f"GET {guild}/channels": lambda _: world.shown()["channels"],
            f"GET {guild}/roles": lambda _: world.roles,
            f"GET {guild}/threads/active": lambda _: {"threads": [], "members": []},
            f"GET {guild}/audit-logs": lambda _: {"audit_log_entries": [], "users": []},
            f"GET {guild}/members/{{member}}": self._member,
            f"PATCH {guild}/members/{{member}}": self._change_member,
            f"DELETE {guild}/members/{{member}}": self._kick,
            f"GET {guild}/bans/{{ban}}": lambda call: _of(world.bans, call, "ban", 10026),
            f"PUT {guild}/bans/{{user}}": self._ban,
            f"DELETE {guild}/bans/{{ban}}": self._unban,
            "GET /channels/{channel}": self._channel,
            "GET /channels/{channel}/messages": self._history,
            "POST /channels/{channel}/messages": self._create,
            f"GET {one}": self._message,
            f"PATCH {one}": lambda call: self.edit(self._message(call), call.body),
            f"DELETE {one}": self._remove,
            "POST /interactions/{interaction}/{token}/callback": self._callback,
            f"POST {hook}": self._follow,
            f"GET {hook}/messages/{{message}}": lambda call: self._answer(call)[1],
            f"PATCH {hook}/messages/{{message}}": self._change_answer,
            f"DELETE {hook}/messages/{{message}}": self._drop_answer,
        }

    async def post(self, channel: str, author: str, body: Json) -> Json:
        """A message by anybody, kept and told to the bot."""
        made = self.world.message(channel, author, body)
        self.world.messages[channel][made["id"]] = made
        await self.gateway.dispatch("MESSAGE_CREATE", self.world.live(made))
        return made

    async def edit(self, message: Json, body: Json) -> Json:
        self.world.change(message, body)["edited_timestamp"] = now()
        if not message["flags"] & EPHEMERAL:
            await self.gateway.dispatch("MESSAGE_UPDATE", self.world.live(message))
        return message

    async def delete(self, message: Json) -> None:
        self.world.messages[message["channel_id"]].pop(message["id"], None)
        gone = {"id": message["id"], "channel_id": message["channel_id"]}
        await self.gateway.dispatch("MESSAGE_DELETE", gone | {"guild_id": self.world.guild})

    def _channel(self, call: Call) -> Json:
        return _of(self.world.channels, call, "channel", 10003)

    def _message(self, call: Call) -> Json:
        return _of(self.world.messages[self._channel(call)["id"]], call, "message", 10008)

    def _member(self, call: Call) -> Json:
        return _of(self.world.members, call, "member", 10007)

    def _commands(self, call: Call) -> list[Json]:
        own = {"application_id": self.world.application, "version": "1", "description": ""}
        own |= {"default_member_permissions": None, "type": 1}
        made = [own | command | {"id": self.world.snowflake()} for command in call.body]
        self.world.commands = made
        return made

    def _dm(self, call: Call) -> Json:
        return self.world.channels[self.world.dm(str(call.body["recipient_id"]))]

    def _history(self, call: Call) -> list[Json]:
        """The newest first; with ``after`` those that follow it, as Discord has it."""
        query, kept = call.query, self.world.messages[self._channel(call)["id"]].values()
        after, before = int(query.get("after", 0)), int(query.get("before", 1 << 63))
        found = [message for message in kept if after < int(message["id"]) < before]
        limit = int(query.get("limit", 50))
        return (found[:limit] if "after" in query else found[-limit:])[::-1]

    async def _create(self, call: Call) -> Json:
        channel, body = self._channel(call), call.body
        if channel["type"] == DM and channel["recipients"][0]["id"] in self.world.closed_dms:
            raise Refusal(403, 50007, "Cannot send messages to this user")
        if not any(body.get(part) for part in ("content", "embeds", "attachments")):
            raise Refusal(400, 50006, "Cannot send an empty message")
        key = (channel["id"], str(body.get("nonce")))
        if body.get("enforce_nonce") and key in self._nonces:
            return self._nonces[key]
        made = self._nonces[key] = await self.post(channel["id"], self.world.bot, body)
        return made

    async def _remove(self, call: Call) -> None:
        message = self._message(call)
        self.effects.append(("remove", message["id"], None))
        await self.delete(message)

    def _change_member(self, call: Call) -> Json:
        member, body = self._member(call), call.body
        if any(member[key] != value for key, value in body.items()):
            self.effects.append(("member", call.ids["member"], body))
        member.update(body)
        return member

    def _kick(self, call: Call) -> None:
        self._member(call)
        del self.world.members[call.ids["member"]]
        self.effects.append(("kick", call.ids["member"], None))

    def _ban(self, call: Call) -> None:
        user = _of(self.world.users, call, "user", 10013)
        self.world.members.pop(user["id"], None)
        if user["id"] not in self.world.bans:
            self.effects.append(("ban", user["id"], None))
        self.world.bans[user["id"]] = {"user": user, "reason": None}

    def _unban(self, call: Call) -> None:
        _of(self.world.bans, call, "ban", 10026)
        del self.world.bans[call.ids["ban"]]
        self.effects.append(("unban", call.ids["ban"], None))

    async def _callback(self, call: Call) -> Json | None:
        asked, kind, data = self._asked(call), call.body["type"], call.body.get("data") or {}
        if asked.reply is not None:
            raise Refusal(400, 40060, "Interaction has already been acknowledged.")
        asked.reply = call.body
        if kind in {4, 5}:
            waiting = {"flags": data.get("flags", 0) | LOADING} if kind == 5 else {}
            asked.original = await self._said(asked, data | waiting)
        elif kind in {6, 7}:
            asked.original = asked.source
        if kind == 7 and asked.source:
            await self.edit(asked.source, data)
        asked.answered.set()
        resource = {"type": kind} | ({"message": asked.original} if kind in {4, 7} else {})
        answer = {"interaction": {"id": asked.id, "type": 3}, "resource": resource}
        return answer if "with_response" in call.query else None

    def _asked(self, call: Call) -> Interaction:
        asked = self.interactions.get(call.ids["token"])
        if asked is None:
            raise Refusal(404, 10062, "Unknown interaction")
        return asked

    async def _said(self, asked: Interaction, body: Json) -> Json:
        hidden = body.get("flags", 0) & EPHEMERAL
        making = self.world.message(asked.channel, self.world.bot, body)
        made = making if hidden else await self.post(asked.channel, self.world.bot, body)
        asked.messages[made["id"]] = made
        return made

    async def _follow(self, call: Call) -> Json:
        """A first follow-up takes the place of an answer that was only promised."""
        asked = self._asked(call)
        if asked.reply is None:
            raise Refusal(404, 10015, "Unknown Webhook")
        return await self._said(asked, call.body)

    def _answer(self, call: Call) -> tuple[Interaction, Json]:
        asked, wanted = self._asked(call), call.ids["message"]
        found = asked.original if wanted == "@original" else asked.messages.get(wanted)
        if found is None:
            raise Refusal(404, 10008, "Unknown Message")
        return asked, found

    async def _change_answer(self, call: Call) -> Json:
        _, message = self._answer(call)
        return await self.edit(message, {"flags": message["flags"] & ~LOADING} | call.body)

    async def _drop_answer(self, call: Call) -> None:
        asked, message = self._answer(call)
        asked.messages.pop(message["id"], None)
        await self.delete(message)


def _of(known: dict[str, Json], call: Call, name: str, code: int) -> Json:
    if call.ids[name] not in known:
        raise Refusal(404, code, f"Unknown {name.title()}")
    return known[call.ids[name]]
