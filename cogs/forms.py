"""The form with which a member says what is wrong with a message. Pure.

Its id names the message, so that it can be handed in to another process than the one that showed
it, and however late.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import discord

from cogs.wording import signal_words
from config.locale import Locale
from moderation.types import ReportCategory

WORDS = 500
"""Characters a member may add in their own words."""

_ID = re.compile(r"tk:report:(?P<channel>[0-9]{1,20}):(?P<message>[0-9]{1,20})")
_CATEGORY, _WORDS = "category", "words"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What was handed in; ``channel`` and ``message`` are 0 where the form is none of ours."""

    channel: int
    message: int
    category: ReportCategory
    words: str


def report_form(message: discord.Message, locale: Locale) -> discord.ui.Modal:
    """The form, finished from the start: it is answered by its id (``cogs.report``), so discord.py
    must not keep it. Needs a running event loop.
    """
    form = discord.ui.Modal(
        title=locale.text("report.title")[:45],
        timeout=None,
        custom_id=f"tk:report:{message.channel.id}:{message.id}",
    )
    category: discord.ui.Select[discord.ui.Modal] = discord.ui.Select(
        custom_id=_CATEGORY,
        placeholder=locale.text("report.choose"),
        options=[_option(category, locale) for category in ReportCategory],
    )
    words: discord.ui.TextInput[discord.ui.Modal] = discord.ui.TextInput(
        custom_id=_WORDS,
        style=discord.TextStyle.paragraph,
        required=False,
        max_length=WORDS,
    )
    hint = locale.text("report.category_hint")[:100]
    label = locale.text("report.category")[:45]
    form.add_item(discord.ui.Label(text=label, description=hint, component=category))
    form.add_item(discord.ui.Label(text=locale.text("report.words")[:45], component=words))
    form.stop()
    return form


def filled(interaction: discord.Interaction) -> Filled:
    """What a form that was handed in says. Raises ``ValueError`` for a category we do not have."""
    data: Mapping[str, Any] = dict(interaction.data or {})
    found = _ID.fullmatch(str(data.get("custom_id")))
    values = dict(_values(data.get("components") or ()))
    return Filled(
        channel=int(found["channel"]) if found else 0,
        message=int(found["message"]) if found else 0,
        category=ReportCategory(values.get(_CATEGORY, "")),
        words=values.get(_WORDS, "")[:WORDS],
    )


def _values(components: Any) -> Iterator[tuple[str, str]]:
    """Each field's id and its value, whatever it is wrapped in."""
    for component in components:
        chosen = component.get("values") or [component.get("value")]
        if chosen[0] is not None:
            yield str(component.get("custom_id")), str(chosen[0])
        within = component.get("component")
        yield from _values([within] if within else component.get("components") or ())


def _option(category: ReportCategory, locale: Locale) -> discord.SelectOption:
    return discord.SelectOption(
        label=signal_words(f"report.{category.value}", locale).capitalize()[:100],
        value=category.value,
        description=locale.text(f"report.means.{category.value}")[:100],
    )
