"""What Discord's answers mean to the core: refused (with a code), or no answer at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
import discord

from moderation.errors import PlatformFailure, PlatformUnreachable

_TOO_MANY = 429
_SERVER = 500
_MEANINGS = {
    10003: "gone",  # unknown channel
    10004: "gone",  # unknown guild
    10007: "gone",  # unknown member
    10008: "gone",  # unknown message
    10013: "gone",  # unknown user
    10026: "gone",  # unknown ban
    50001: "permission",  # missing access
    50083: "archived",  # the thread is archived
    50007: "closed_dms",  # the person takes no messages from us
    50013: "permission",  # missing permissions
    50278: "closed_dms",  # no server in common any more
    30035: "limit",  # bans of people who are no members
    340002: "limit",
    40003: "limit",  # direct messages opened too fast
}
"""Discord's JSON error codes (developer documentation, "Opcodes and Status Codes")."""

_NO_ANSWER = (
    aiohttp.ClientError,
    TimeoutError,
    OSError,
    discord.DiscordException,
    KeyError,
    TypeError,
    ValueError,
)
"""Silence, and answers that discord.py cannot make anything of."""


@contextmanager
def answered() -> Iterator[None]:
    """Turn discord.py's errors into ``PlatformFailure`` and ``PlatformUnreachable``.

    An answer that discord.py cannot read says neither yes nor no, so it is none.
    """
    try:
        yield
    except discord.HTTPException as error:
        raise meaning(error) from error
    except _NO_ANSWER as error:
        raise PlatformUnreachable(type(error).__name__) from error


def meaning(error: discord.HTTPException) -> PlatformFailure | PlatformUnreachable:
    """A server in trouble or a rate limit is no answer; everything else is a no."""
    if error.status >= _SERVER or error.status == _TOO_MANY:
        return PlatformUnreachable(str(error.status))
    number = error.code or error.status
    return PlatformFailure(f"{_MEANINGS.get(error.code, 'unknown')}:{number}")
