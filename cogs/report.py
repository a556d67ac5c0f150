"""Members report a message: a context menu, a short form, a receipt that only they see."""

from __future__ import annotations

from collections import OrderedDict

import discord
from discord import app_commands
from discord.ext import commands

from cogs.convert import Roles, to_message
from cogs.forms import Filled, filled, report_form
from config.locale import LANGUAGES, load_locale
from moderation.ports import Log
from moderation.reporting import Reporting
from moderation.types import UserId

_HELD = 200
"""How many messages are held for forms that are open: their authors may delete them meanwhile."""


class Reports(commands.Cog):
    """The context menu ``Report message``; its name is translated where the app is Dutch."""

    def __init__(self, *, reporting: Reporting, staff: Roles, log: Log) -> None:
        self._reporting = reporting
        self._staff = staff
        self._log = log
        self._open: OrderedDict[int, discord.Message] = OrderedDict()
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
            self._hold(message)
            await interaction.response.send_modal(report_form(message, locale))

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """A form is handed in, perhaps to another process than the one that showed it."""
        if interaction.type is discord.InteractionType.modal_submit:
            await self.file(interaction)

    async def file(self, interaction: discord.Interaction) -> None:
        """Record the report and give the receipt; never raises."""
        locale = load_locale(interaction.locale.value)
        try:
            await interaction.response.defer(ephemeral=True, thinking=True)
            receipt = await self._recorded(interaction)
            await _say(interaction, locale.text(receipt))
        except Exception as error:  # the member must get an answer, whatever it is
            code = f"r-{interaction.id % 1_000_000:06d}"
            self._log.event("report_failed", code=code, error=type(error).__name__)
            await self._apologise(interaction, locale.text("refused.broken", code=code))

    async def _recorded(self, interaction: discord.Interaction) -> str:
        form = filled(interaction)
        source = self._open.get(form.message)
        if source is None or source.guild != interaction.guild:
            source = await _fetched(interaction, form)
        if source is None or source.author == interaction.client.user:
            return "report.gone"
        message = to_message(source, self._staff)
        if message is None:
            return "report.nowhere"
        reporter = UserId(str(interaction.user.id))
        receipt = await self._reporting.report(message, reporter, form.category, form.words)
        if receipt.again:
            return "report.again"
        return "report.decided" if receipt.decided else "report.receipt"

    def _hold(self, message: discord.Message) -> None:
        self._open[message.id] = message
        self._open.move_to_end(message.id)
        if len(self._open) > _HELD:
            self._open.popitem(last=False)

    async def _apologise(self, interaction: discord.Interaction, text: str) -> None:
        try:
            await _say(interaction, text)
        except discord.HTTPException as error:
            self._log.event("answer_failed", code=f"{error.status}:{error.code}")


async def _fetched(interaction: discord.Interaction, form: Filled) -> discord.Message | None:
    """The message that the form is about, if it is still there and in this server."""
    guild = interaction.guild
    if guild is None or not form.message:
        return None
    try:
        known = guild.get_channel_or_thread(form.channel)
        channel = known or await guild.fetch_channel(form.channel)
        if not isinstance(channel, discord.abc.Messageable):
            return None
        return await channel.fetch_message(form.message)
    except (discord.NotFound, discord.Forbidden, discord.InvalidData):
        return None


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
