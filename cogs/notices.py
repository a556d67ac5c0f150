"""What a member reads in a direct message about a decision. Pure; it names no moderator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import discord

from cogs.quoting import in_line
from cogs.wording import moment
from config.locale import Locale
from moderation.types import Action, Case

_COLOUR = 0x4F8FBF


def notice(
    action: Action,
    case: Case,
    guild: discord.Guild,
    locale: Locale,
    sent_at: Callable[[int], datetime],
) -> discord.Embed:
    """The notice of an action, or of its being taken back when ``action.reverses`` is set.

    The footer carries the action's id: by it a second copy is recognised after a crash.
    """
    card = discord.Embed(
        title=locale.text("notice.title", guild=guild.name)[:256],
        description="\n".join(_lines(action, case, guild, locale, sent_at)),
        colour=_COLOUR,
    )
    card.set_footer(text=locale.text("notice.reference", action=action.id))
    return card


def _lines(
    action: Action,
    case: Case,
    guild: discord.Guild,
    locale: Locale,
    sent_at: Callable[[int], datetime],
) -> Iterator[str]:
    outcome = "done" if action.reverses is None else "undone"
    until = moment(action.until, "R") if action.until else ""
    if action.also and action.reverses is None:
        yield locale.text("notice.done.remove_all", count=len(action.also) + 1)
    else:
        yield locale.text(f"notice.{outcome}.{action.kind.value}", until=until)
    if action.reverses is None:
        yield locale.text("notice.why", what=_reason(case, locale))
    channel = guild.get_channel_or_thread(int(action.channel))
    if channel is not None and action.message is not None:
        where = f"#{in_line(channel.name, 200)}"
        when = moment(sent_at(int(action.message)), "f")
        yield locale.text("notice.where", where=where, when=when)


def _reason(case: Case, locale: Locale) -> str:
    """The reason in plain words; it says what kind of thing was wrong, never how it was found."""
    families = (signal.kind.partition(".")[0] for signal in case.signals)
    key = next((k for f in families if locale.has(k := f"notice.reason.{f}")), "notice.reason.any")
    return locale.text(key)
