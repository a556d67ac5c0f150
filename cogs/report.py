"""Members report a message: a context menu, a short form, a receipt that only they see."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import discord
from discord import app_commands
from discord.ext import commands

from cogs.convert import Roles, to_message
from cogs.wording import signal_words
from config.locale import LANGUAGES, Locale, load_locale
from moderation.ports import Log
from moderation.reporting import Reporting
from moderation.types import ReportCategory, UserId

WORDS = 500
"""Characters a member may add in their own words."""

FORM_OPEN_FOR = 900.0
"""Seconds after which an abandoned form is forgotten."""

Filed = Callable[[discord.Interaction, ReportCategory, str], Awaitable[None]]


class Reports(commands.Cog):
    """The context menu ``Report message``; its name is translated where the app is Dutch."""

    def __init__(self, *, reporting: Reporting, staff: Roles, log: Log) -> None:
        self._reporting = reporting
        self._staff = staff
        self._log = log
        self.menu = app_commands.ContextMenu(
            name=app_commands.locale_str(load_locale("en").text("report.menu"), key="report.menu"),
            callback=self.open_form,
        )
        self.menu.guild_only = True

    async def open_form(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Show the form, or say in words why there is none."""
        locale = load_locale(interaction.locale.value)
        if interaction.guild is None:
            await _say(interaction, locale.text("report.nowhere"))
        elif message.author == interaction.client.user:
            await _say(interaction, locale.text("report.own"))
        else:
            await interaction.response.send_modal(ReportForm(locale, self._filing(message)))

    def _filing(self, source: discord.Message) -> Filed:
        async def filed(
            interaction: discord.Interaction, category: ReportCategory, words: str
        ) -> None:
            await self.file(interaction, source, category, words)

        return filed

    async def file(
        self,
        interaction: discord.Interaction,
        source: discord.Message,
        category: ReportCategory,
        words: str,
    ) -> None:
        """Record the report and give the receipt; never raises."""
        locale = load_locale(interaction.locale.value)
        try:
            await interaction.response.defer(ephemeral=True, thinking=True)
            receipt = await self._recorded(interaction, source, category, words)
            await _say(interaction, locale.text(receipt))
        except Exception as error:  # the member must get an answer, whatever it is
            code = f"r-{interaction.id % 1_000_000:06d}"
            self._log.event("report_failed", code=code, error=type(error).__name__)
            await self._apologise(interaction, locale.text("refused.broken", code=code))

    async def _recorded(
        self,
        interaction: discord.Interaction,
        source: discord.Message,
        category: ReportCategory,
        words: str,
    ) -> str:
        message = to_message(source, self._staff)
        if message is None:
            return "report.nowhere"
        reporter = UserId(str(interaction.user.id))
        receipt = await self._reporting.report(message, reporter, category, words)
        if receipt.again:
            return "report.again"
        return "report.decided" if receipt.decided else "report.receipt"

    async def _apologise(self, interaction: discord.Interaction, text: str) -> None:
        try:
            await _say(interaction, text)
        except discord.HTTPException as error:
            self._log.event("answer_failed", code=f"{error.status}:{error.code}")


class ReportForm(discord.ui.Modal):
    """What is wrong, and optional words."""

    def __init__(self, locale: Locale, filed: Filed) -> None:
        super().__init__(title=locale.text("report.title")[:45], timeout=FORM_OPEN_FOR)
        self._filed = filed
        self._category: discord.ui.Select[ReportForm] = discord.ui.Select(
            custom_id="category",
            placeholder=locale.text("report.choose"),
            options=[_option(category, locale) for category in ReportCategory],
        )
        self._words: discord.ui.TextInput[ReportForm] = discord.ui.TextInput(
            custom_id="words",
            style=discord.TextStyle.paragraph,
            required=False,
            max_length=WORDS,
        )
        self.add_item(
            discord.ui.Label(
                text=locale.text("report.category")[:45],
                description=locale.text("report.category_hint")[:100],
                component=self._category,
            )
        )
        self.add_item(
            discord.ui.Label(text=locale.text("report.words")[:45], component=self._words)
        )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        """Hand over what was filled in."""
        chosen = ReportCategory(self._category.values[0])
        await self._filed(interaction, chosen, self._words.value)


def _option(category: ReportCategory, locale: Locale) -> discord.SelectOption:
    return discord.SelectOption(
        label=signal_words(f"report.{category.value}", locale).capitalize()[:100],
        value=category.value,
        description=locale.text(f"report.means.{category.value}")[:100],
    )


async def _say(interaction: discord.Interaction, text: str) -> None:
    """Answer so that only this person sees it."""
    if interaction.response.is_done():
        await interaction.edit_original_response(content=text)
    else:
        await interaction.response.send_message(text, ephemeral=True)


class Translations(app_commands.Translator):
    """Names of commands in every language we have; the key is in the string's extras."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,  # noqa: ARG002 - the key says it all
    ) -> str | None:
        """The text in ``locale``; ``None`` leaves the English one."""
        key = string.extras.get("key")
        if key is None or locale.value.partition("-")[0] not in LANGUAGES:
            return None
        return load_locale(locale.value).text(key)
