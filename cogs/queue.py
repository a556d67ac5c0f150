"""The queue in chat: what a moderator presses on a card, and what they are told.

A press is answered within three seconds by deferring; then the case is decided by ``Review``, which
re-reads the row and checks guild, card and rights. Whatever happens, the moderator gets an answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Any, Self

import discord

from cogs.convert import Roles, to_moderator
from cogs.presses import card_of, channel_of, must_see, picked, refusal, suggested
from config.locale import Locale, load_locale
from moderation.errors import NotAllowed, Refused
from moderation.ports import Log
from moderation.review import Click, Review
from moderation.types import (
    ActionKind,
    CaseId,
    CaseState,
    ChannelId,
    Moderator,
)

TEMPLATE = re.compile(r"tk:(?P<case>[0-9]{1,18}):(?P<verb>[a-z]+)")

_CHANNELS = [discord.ChannelType.text, discord.ChannelType.forum, discord.ChannelType.news]

Press = Callable[[discord.Interaction, CaseId, str], Coroutine[Any, Any, None]]


def case_item(press: Press) -> type[discord.ui.DynamicItem[Any]]:
    """The class discord.py makes an item of for every press on a card, handing it to ``press``.

    It holds nothing, so it works for cards that an earlier process posted.
    """

    class CaseItem(discord.ui.DynamicItem[Any], template=TEMPLATE):
        def __init__(self, item: discord.ui.Item[Any], case: CaseId, verb: str) -> None:
            super().__init__(item)
            self._case = case
            self._verb = verb

        @classmethod
        async def from_custom_id(
            cls, _: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
        ) -> Self:
            return cls(item, CaseId(int(match["case"])), match["verb"])

        async def callback(self, interaction: discord.Interaction) -> None:
            await press(interaction, self._case, self._verb)

    return CaseItem


class QueueDesk:
    """Turns presses into decisions and answers."""

    def __init__(self, *, review: Review, moderators: Roles, log: Log) -> None:
        self._review = review
        self._moderators = moderators
        self._log = log

    async def press(self, interaction: discord.Interaction, case: CaseId, verb: str) -> None:
        """Carry out one press; never raises."""
        locale = load_locale(interaction.locale.value)
        try:
            await interaction.response.defer()
            await self._answer(interaction, case, verb, locale)
        except Refused as refused:
            self._log.event("press_refused", case=case, verb=verb, code=refused.code)
            await self._say(interaction, refusal(refused, locale))
        except Exception as error:  # the person must get an answer, whatever it is
            code = f"{case}-{interaction.id % 1_000_000:06d}"
            kind = type(error).__name__
            self._log.event("press_failed", case=case, verb=verb, code=code, error=kind)
            await self._say(interaction, locale.text("refused.broken", code=code))

    async def _answer(
        self, interaction: discord.Interaction, case: CaseId, verb: str, locale: Locale
    ) -> None:
        click = Click(case=case, by=self._moderator(interaction), card=card_of(interaction, verb))
        match verb:
            case "do":
                await self._act(interaction, click, None, locale)
            case "pick":
                await self._act(interaction, click, picked(interaction), locale)
            case "to":
                await self._redirect(interaction, click, locale)
            case "dismiss":
                await self._review.dismiss(click)
            case "claim":
                await self._review.claim(click)
            case "release":
                await self._review.release(click)
            case "undo":
                await self._review.undo(click)
            case "retry":
                await self._review.retry(click)
            case _:
                raise NotAllowed("not_this_card")

    async def _act(
        self,
        interaction: discord.Interaction,
        click: Click,
        kind: ActionKind | None,
        locale: Locale,
    ) -> None:
        case, choices = await self._review.choices(click)
        wanted = kind or case.recommended
        if wanted is not ActionKind.REDIRECT or wanted not in choices.actions:
            await self._review.act(click, kind)
            return
        target = suggested(case) if kind is None else None
        if target is not None:
            await self._review.act(click, kind, target)
            return
        await self._ask_channel(interaction, case.id, locale)

    async def _ask_channel(
        self, interaction: discord.Interaction, case: CaseId, locale: Locale
    ) -> None:
        """A menu of channels that only this moderator sees; choosing one decides the case."""
        menu = discord.ui.View(timeout=None)
        menu.add_item(
            discord.ui.ChannelSelect(
                custom_id=f"tk:{case}:to",
                channel_types=_CHANNELS,
                placeholder=locale.text("redirect.placeholder"),
            )
        )
        menu.stop()  # answered by its id, so discord.py need not keep it
        await interaction.followup.send(locale.text("redirect.choose"), view=menu, ephemeral=True)

    async def _redirect(
        self, interaction: discord.Interaction, click: Click, locale: Locale
    ) -> None:
        chosen = channel_of(interaction)
        known, _ = await self._review.choices(click)
        await must_see(chosen, known.subject)
        case = await self._review.act(click, ActionKind.REDIRECT, ChannelId(str(chosen.id)))
        done = "chosen" if case.state is CaseState.RESOLVED else "unchanged"
        await interaction.edit_original_response(content=locale.text(f"redirect.{done}"), view=None)

    def _moderator(self, interaction: discord.Interaction) -> Moderator:
        member = interaction.user
        if not isinstance(member, discord.Member):
            raise NotAllowed("not_this_card")
        return to_moderator(
            member, interaction.permissions, self._moderators, interaction.locale.value
        )

    async def _say(self, interaction: discord.Interaction, text: str) -> None:
        """Answer so that only this person sees it; where even that fails, it is on record."""
        try:
            if interaction.response.is_done():
                await interaction.followup.send(text, ephemeral=True)
            else:
                await interaction.response.send_message(text, ephemeral=True)
        except discord.HTTPException as error:
            self._log.event("answer_failed", code=f"{error.status}:{error.code}")
