"""The community that the wire server serves, kept as the JSON that Discord itself would show."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]

TOKEN = "wire.token.of-no-use-elsewhere"
EPOCH_MS = 1_420_070_400_000
VIEW, SEND, EMBED, HISTORY = 1 << 10, 1 << 11, 1 << 14, 1 << 16
KICK, BAN, MANAGE_MESSAGES, MODERATE = 1 << 1, 1 << 2, 1 << 13, 1 << 40
PEOPLE = VIEW | SEND | EMBED | HISTORY
CREW = PEOPLE | KICK | BAN | MANAGE_MESSAGES | MODERATE
TEXT, DM = 0, 1
EPHEMERAL, LOADING = 1 << 6, 1 << 7
_SHOWN = ("content", "embeds", "components", "attachments", "flags")


def now() -> str:
    return datetime.now(UTC).isoformat()


class World:
    """One guild with three channels; everything is made with ids that grow."""

    def __init__(self) -> None:
        self._last = 0
        self.application = self.snowflake()
        self.guild = self.snowflake()
        self.users: dict[str, Json] = {}
        self.members: dict[str, Json] = {}
        self.bans: dict[str, Json] = {}
        self.closed_dms: set[str] = set()
        self.channels: dict[str, Json] = {}
        self.messages: dict[str, dict[str, Json]] = {}
        self.commands: list[Json] = []
        self.roles = [self._role("@everyone", PEOPLE, 0, self.guild)]
        self.roles += [self._role("Moderator", CREW, 1), self._role("Tidekeeper", CREW, 2)]
        self.bot = self.member("Tidekeeper", "Tidekeeper", bot=True)
        self.owner = self.member("Olga")
        self.app: Json = {"id": self.application, "name": "Tidekeeper", "description": ""}
        self.app |= {"bot_public": True, "bot_require_code_grant": False, "verify_key": "0" * 64}
        self.app |= {"owner": self.users[self.owner], "flags": 1 << 19, "icon": None, "team": None}
        limit = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
        self.start: Json = {"shards": 1, "session_start_limit": limit}
        hidden = [{"id": self.guild, "type": 0, "allow": "0", "deny": str(VIEW)}]
        seen = {"type": 0, "allow": str(VIEW), "deny": "0"}
        hidden += [{"id": role["id"], **seen} for role in self.roles[1:]]
        self.general = self.channel("general")
        self.support = self.channel("support")
        self.queue = self.channel("mod-queue", hidden)

    def snowflake(self) -> str:
        """An id of this moment, greater than all before."""
        self._last = max(self._last + 1, int(time.time() * 1000) - EPOCH_MS << 22)
        return str(self._last)

    def member(self, name: str, *roles: str, bot: bool = False) -> str:
        """Somebody joins; their user id."""
        user = {"id": self.snowflake(), "username": name.lower(), "global_name": name}
        user |= {"discriminator": "0", "avatar": None, "bot": bot, "public_flags": 0, "flags": 0}
        self.users[user["id"]] = user
        self.members[user["id"]] = {
            "user": user,
            "nick": None,
            "avatar": None,
            "roles": [role["id"] for role in self.roles if role["name"] in roles],
            "joined_at": now(),
            "deaf": False,
            "mute": False,
            "pending": False,
            "flags": 0,
            "communication_disabled_until": None,
        }
        return str(user["id"])

    def channel(self, name: str, overwrites: list[Json] | None = None) -> str:
        """A text channel; its id."""
        made: Json = {"id": self.snowflake(), "type": TEXT, "guild_id": self.guild, "name": name}
        made |= {"position": len(self.channels), "permission_overwrites": overwrites or []}
        made |= {"topic": None, "nsfw": False, "parent_id": None, "rate_limit_per_user": 0}
        return self._placed(made)

    def dm(self, user: str) -> str:
        """The channel of direct messages with somebody; its id."""
        known = (c["id"] for c in self.channels.values() if c["type"] == DM)
        for channel in known:
            if self.channels[channel]["recipients"][0]["id"] == user:
                return str(channel)
        made: Json = {"id": self.snowflake(), "type": DM, "recipients": [self.users[user]]}
        return self._placed(made)

    def message(self, channel: str, author: str, body: Json) -> Json:
        """A message as REST shows it; whoever makes it decides where it is kept."""
        text = body.get("content") or ""
        reply = (body.get("message_reference") or {}).get("message_id")
        made: Json = {"id": self.snowflake(), "channel_id": channel, "author": self.users[author]}
        made |= {"timestamp": now(), "edited_timestamp": None, "tts": False, "pinned": False}
        made |= {"mention_everyone": "@everyone" in text, "mention_roles": []}
        made["mentions"] = [self.users[u] for u in re.findall(r"<@!?(\d+)>", text)]
        made |= {"type": 19 if reply else 0, "content": "", "embeds": [], "components": []}
        made |= {"attachments": [], "flags": 0, "nonce": body.get("nonce")}
        if reply:
            made["message_reference"] = {"channel_id": channel, "message_id": reply}
            made["referenced_message"] = self.messages[channel].get(reply)
        return self.change(made, body)

    def change(self, message: Json, body: Json) -> Json:
        """What an edit leaves of a message."""
        message |= {key: body[key] or type(message[key])() for key in _SHOWN if key in body}
        message["attachments"] = [self._file(given) for given in message["attachments"]]
        return message

    def live(self, message: Json) -> Json:
        """A message as the gateway tells it: with its guild and its author's roles."""
        if self.channels[message["channel_id"]]["type"] == DM:
            return message
        member = self.members.get(message["author"]["id"], {})
        partial = {key: value for key, value in member.items() if key != "user"}
        return {**message, "guild_id": self.guild, "member": partial}

    def rights(self, user: str) -> str:
        """What the roles of a member allow, as Discord writes it."""
        held = {self.guild, *self.members[user]["roles"]}
        total = 0
        for role in self.roles:
            total |= int(role["permissions"]) if role["id"] in held else 0
        return str(total)

    def interaction(self, kind: int, channel: str, by: str) -> Json:
        """What every interaction tells, whatever was pressed."""
        made: Json = {"application_id": self.application, "type": kind, "version": 1}
        made |= {"guild_id": self.guild, "channel_id": channel, "channel": self.channels[channel]}
        made |= {"member": self.members[by] | {"permissions": self.rights(by)}, "context": 0}
        made |= {"locale": "en-US", "guild_locale": "en-US", "entitlements": []}
        made |= {"app_permissions": self.rights(self.bot), "authorizing_integration_owners": {}}
        return made | {"attachment_size_limit": 10_485_760}

    def shown(self) -> Json:
        """The guild as GUILD_CREATE tells it to a bot without the members intent."""
        made: Json = {"id": self.guild, "name": "Harbour", "owner_id": self.owner, "icon": None}
        made |= {"features": [], "emojis": [], "stickers": [], "roles": self.roles}
        made |= {"preferred_locale": "en-US", "member_count": len(self.members), "large": False}
        made |= {"verification_level": 0, "default_message_notifications": 0, "afk_timeout": 300}
        made |= {"explicit_content_filter": 0, "mfa_level": 0, "nsfw_level": 0, "premium_tier": 0}
        made |= {"system_channel_flags": 0, "unavailable": False, "joined_at": now()}
        made |= {"threads": [], "presences": [], "voice_states": [], "stage_instances": []}
        made |= {"guild_scheduled_events": [], "soundboard_sounds": []}
        made["members"] = [self.members[self.bot]]
        made["channels"] = [c for c in self.channels.values() if c["type"] == TEXT]
        return made

    def _role(self, name: str, rights: int, position: int, own: str = "") -> Json:
        made: Json = {"id": own or self.snowflake(), "name": name, "permissions": str(rights)}
        made |= {"position": position, "color": 0, "hoist": False, "managed": False}
        return made | {"mentionable": False, "flags": 0}

    def _file(self, given: Json) -> Json:
        kept = given if "url" in given else {"id": self.snowflake(), "filename": given["filename"]}
        url = f"https://cdn.example/{kept['id']}/{kept['filename']}"
        return {"size": 0, "content_type": "text/plain", "url": url, "proxy_url": url} | kept

    def _placed(self, channel: Json) -> str:
        self.channels[channel["id"]] = channel
        self.messages[channel["id"]] = {}
        return str(channel["id"])
