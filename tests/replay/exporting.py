"""Exports as DiscordChatExporter writes them, made of our own words."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

START = datetime.fromisoformat("2026-11-16T10:00:00+01:00")


def message(number: int, text: str = "hello there", **changed: Any) -> dict[str, Any]:
    return {
        "id": str(1_000_000 + number),
        "type": "Default",
        "timestamp": (START + timedelta(seconds=30 * number)).isoformat(),
        "timestampEdited": None,
        "callEndedTimestamp": None,
        "isPinned": False,
        "content": text,
        "author": author("ann"),
        "attachments": [],
        "embeds": [],
        "stickers": [],
        "reactions": [],
        "mentions": [],
        "inlineEmojis": [],
        **changed,
    }


def author(name: str, *roles: str, **changed: Any) -> dict[str, Any]:
    return {
        "id": str(sum(name.encode()) + 5000),
        "name": name,
        "discriminator": "0000",
        "nickname": name.title(),
        "color": None,
        "isBot": False,
        "roles": [
            {"id": str(900 + n), "name": role, "color": None, "position": n}
            for n, role in enumerate(roles)
        ],
        "avatarUrl": "https://cdn.discordapp.com/embed/avatars/0.png",
        **changed,
    }


def document(messages: list[dict[str, Any]], **changed: Any) -> dict[str, Any]:
    return {
        "guild": {"id": "1", "name": "Harbour", "iconUrl": ""},
        "channel": {
            "id": "100",
            "type": "GuildTextChat",
            "categoryId": "50",
            "category": "Help",
            "name": "support",
            "topic": "Questions about the product",
            **changed,
        },
        "dateRange": {"after": None, "before": None},
        "exportedAt": "2026-11-20T10:00:00+01:00",
        "messages": messages,
        "messageCount": len(messages),
    }


def write(path: Path, messages: list[dict[str, Any]], **changed: Any) -> Path:
    text = json.dumps(document(messages, **changed), indent=2, ensure_ascii=False)
    path.write_text(text, "utf-8")
    return path
