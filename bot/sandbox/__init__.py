"""The demo: a local Discord with a little company in it, the real bot, a story, a start page."""

from __future__ import annotations

from importlib.util import find_spec

from config.schema import Settings
from moderation.errors import UserError

_NEEDED = ("simcord", "markdown_it", "linkify_it", "regex", "PIL")


def demo(port: int | None, check: bool, settings: Settings) -> int:
    """Play the demo and return the exit code.

    Without ``check`` it serves the start page on ``port`` (0 or ``None``: any free one) and stays
    up until it is stopped. With ``check`` it plays the story once and prints a JSON summary.
    Raises ``UserError`` when the extra ``demo`` is not installed or a port is taken.
    """
    if any(find_spec(module) is None for module in _NEEDED):
        raise UserError(
            "the demo needs simcord, which is not installed:"
            " run make demo, or python -m pip install 'tidekeeper[demo]'"
        )
    from bot.sandbox.stage import check_story, serve

    return check_story(settings) if check else serve(port or 0, settings)
