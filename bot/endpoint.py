"""Where Discord is: REST and gateway of Discord itself or of any server that speaks its protocol.

discord.py keeps both addresses on its classes, so they are one per process.
"""

from __future__ import annotations

import json
import re
from typing import Any

import aiohttp
import discord
import discord.http
import discord.webhook.async_
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from moderation.errors import PlatformUnreachable

_VERSION = re.compile(r"/v\d+$")


def rest_base(api: str) -> str:
    """The base of all REST paths: ``api`` may be a server's root, its ``/api`` or ``/api/v10``."""
    base = api.rstrip("/")
    if _VERSION.search(base):
        return base
    return f"{base}/v10" if base.endswith("/api") else f"{base}/api/v10"


def point_rest(api: str) -> None:
    """Send every REST request to ``api``, interaction answers and webhooks included."""
    Route.BASE = rest_base(api)
    discord.http.json_or_text = json_or_text
    discord.webhook.async_.json_or_text = json_or_text  # type: ignore[attr-defined]  # imported there by name


async def json_or_text(response: aiohttp.ClientResponse) -> Any:
    """What a response says. discord.py itself takes JSON for text where a server names a charset
    beside the content type, as most servers but Discord do.
    """
    text = await response.text(encoding="utf-8")
    if response.content_type != "application/json":
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


async def point_gateway(client: discord.Client, gateway: str) -> None:
    """Connect to ``gateway``, or to the one that ``/gateway/bot`` of the REST server names.

    ``client`` must be logged in. Raises ``PlatformUnreachable`` when the server names none.
    """
    DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway or await named_gateway(client))


async def named_gateway(client: discord.Client) -> str:
    """The gateway that the API names to a bot. Raises ``PlatformUnreachable`` when it names none."""
    try:
        _, url, _ = await client.http.get_bot_gateway()
    except (discord.GatewayNotFound, KeyError, TypeError) as error:
        raise PlatformUnreachable("the API server names no gateway at /gateway/bot") from error
    return str(url)
