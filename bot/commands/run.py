"""``tidekeeper run`` and ``tidekeeper demo``."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping

from bot.commands.settings import settings_of
from config.schema import Settings
from moderation.errors import SettingsError


def run(options: Namespace, environ: Mapping[str, str]) -> int:
    """Connect to Discord and watch until stopped."""
    settings = settings_of(options, environ)
    require_token(settings)
    from bot.app import run as run_app

    return run_app(settings)


def demo(options: Namespace, environ: Mapping[str, str]) -> int:
    """The local Discord with the bot in it."""
    settings = settings_of(options, environ)
    from bot.sandbox import demo as run_demo

    return run_demo(options.port, options.check, settings)


def require_token(settings: Settings) -> None:
    """Raises ``SettingsError`` when there is no token, or it cannot be one."""
    token = settings.discord.token.get_secret_value()
    if not token:
        raise SettingsError(
            ("environment DISCORD_TOKEN: discord.token is needed; set it to the bot's token",)
        )
    if not token.isascii() or any(letter.isspace() for letter in token):
        raise SettingsError(
            ("discord.token cannot be a token: it holds spaces or unusual letters; copy it again",)
        )
