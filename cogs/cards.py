"""A case as a card in chat: an embed and its buttons. Pure: a projection of the row.

Every limit of Discord's embeds is kept by construction (each part has a length of its own), so
that no text a member can write makes a card that Discord refuses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import discord

from cogs.quoting import Marks, in_line, spoilered
from cogs.standing import standing
from cogs.wording import Names, action_label, moment, signal_count, signal_words
from config.locale import Locale
from moderation.cases import Choices, actions_for
from moderation.heat import heat_of, minutes
from moderation.risks import severity_of
from moderation.splitting import LETTERS, PIECES
from moderation.types import (
    Action,
    ActionKind,
    ActionState,
    Band,
    CardView,
    Case,
    CaseState,
    Mode,
    Quote,
    Severity,
    Signal,
    Thresholds,
)

TITLE, DESCRIPTION, FIELD, FIELDS, FOOTER, TOTAL = 256, 4096, 1024, 25, 2048, 6000
"""Discord's limits on an embed, in characters (fields: how many)."""

_DOT = " \u00b7 "
_ANSWERED = "\u21a9 "
_QUOTED = 700
_OWN = 3
_CONTEXT = 110
_SIGNALS = 6
_COLOURS = {
    Severity.LOW: 0x4F8FBF,
    Severity.MEDIUM: 0xD9A13B,
    Severity.HIGH: 0xD9662B,
    Severity.CRITICAL: 0xB3261E,
}
_MUTED = 0x6B7280
_SECRET = ("secret.", "payment.", "personal.")
_DECIDED = frozenset({CaseState.RESOLVED, CaseState.DISMISSED})
_GRAVE = frozenset({ActionKind.KICK, ActionKind.BAN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How cards speak: the language, how long the timeout lasts, from where a score is likely."""

    locale: Locale
    timeout_for: timedelta = timedelta(hours=1)
    bounds: Thresholds = field(default_factory=Thresholds)


NO_NAMES = Names()


def embed(view: CardView, style: Style, names: Names = NO_NAMES) -> discord.Embed:
    """What the card says, the state first, then the text, then why."""
    case, locale = view.case, style.locale
    card = discord.Embed(
        title=_title(case, locale)[:TITLE],
        description=_within(_description(view, locale, names), DESCRIPTION),
        colour=_MUTED if case.state in _DECIDED else _COLOURS[case.severity],
    )
    for name, lines in _fields(view, style):
        value = _within(lines, FIELD)
        if value:
            card.add_field(name=name[:TITLE], value=value, inline=False)
    card.set_footer(text=_footer(view, locale)[:FOOTER])
    return card


def controls(view: CardView, style: Style) -> discord.ui.View:
    """The buttons that the case's state allows; they carry its id and survive a restart.

    The view is finished from the start: its buttons are answered by their ids (``cogs.queue``),
    so discord.py must not keep it. Needs a running event loop.
    """
    case = view.case
    choices = actions_for(case, None, view.now or case.updated_at)
    rows = discord.ui.View(timeout=None)
    for button in _buttons(view, choices, style):
        rows.add_item(button)
    if choices.actions:
        rows.add_item(_menu(view, choices, style))
    rows.stop()
    return rows


def custom_id(case: Case, verb: str) -> str:
    """What a button carries: the case's id and the verb, nothing else."""
    return f"tk:{case.id}:{verb}"


def link(case: Case) -> str:
    """Where the message stands."""
    return f"https://discord.com/channels/{case.guild}/{case.channel}/{case.messages[0]}"


def _title(case: Case, locale: Locale) -> str:
    severity = locale.text(f"severity.{case.severity.value}")
    gravest = max(case.signals, key=lambda s: severity_of(s.kind), default=None)
    what = signal_words(gravest.kind, locale) if gravest else ""
    return locale.text("card.title", severity=severity, what=what).strip(" :").capitalize()


def _description(view: CardView, locale: Locale, names: Names) -> Iterator[str]:
    state = [*standing(view, locale, names), *_marks(view, locale)]
    yield from state
    if state:
        yield ""
    own = [quote for quote in view.quotes if quote.offset == 0]
    author = in_line(own[0].author_name, 80) if own else ""
    yield locale.text(
        "card.said",
        author=author or names.of(view.case.subject, locale),
        where=f"[{names.channel or '#'}]({link(view.case)})",
        when=moment(view.case.opened_at, "R"),
    )
    yield from _own(view.case, own, locale)


def _own(case: Case, own: Sequence[Quote], locale: Locale) -> Iterator[str]:
    newest = {quote.message: quote for quote in own}
    split = any("pieces" in dict(signal.facts) for signal in case.signals)
    brief = all(len(quote.text) <= LETTERS for quote in own[-PIECES:])
    count = PIECES if split and brief else _OWN
    for quote in own[-count:]:
        marks = _marks_of(case, quote) if newest[quote.message] is quote else Marks()
        text = spoilered(quote.text, _QUOTED, marks)
        yield text or locale.text("card.no_text")
        if quote.deleted:
            yield f"-# {locale.text('card.deleted')}"
    if len(own) > count:
        yield locale.text("card.more", count=len(own) - count)


def _marks(view: CardView, locale: Locale) -> Iterator[str]:
    if view.case.late:
        yield f"-# {locale.text('card.late')}"
    if view.case.degraded:
        yield f"-# {locale.text('card.degraded')}"
    for code in dict.fromkeys(filter(None, map(_foreign, view.case.signals))):
        yield f"-# {_unsure(code, locale)}"


def _foreign(signal: Signal) -> str:
    """The language of the signal's text where the engine does not know it, else empty."""
    return str(dict(signal.facts).get("language", ""))


def _unsure(code: str, locale: Locale) -> str:
    if code == "und":
        return locale.text("card.unsure_which")
    named = f"language.{code}"
    return locale.text("card.unsure", language=locale.text(named) if locale.has(named) else code)


def _marks_of(case: Case, quote: Quote) -> Marks:
    """The spans of signals count the text of their own message, as it stands now."""
    here = [s for s in case.signals if (s.message or case.messages[0]) == quote.message]
    covered = tuple(span for s in here if s.kind.startswith(_SECRET) for span in s.spans)
    shown = tuple(span for s in here if not s.kind.startswith(_SECRET) for span in s.spans)
    return Marks(shown=shown, covered=covered)


def _fields(view: CardView, style: Style) -> Iterator[tuple[str, Iterator[str]]]:
    locale = style.locale
    yield locale.text("card.why"), _why(view.case, style)
    yield locale.text("card.before"), _context(view, -1)
    yield locale.text("card.after"), _context(view, 1)
    yield locale.text("card.history"), iter((_DOT.join(_history(view, locale)),))
    if view.case.recommended and view.case.state in {CaseState.OPEN, CaseState.FAILED}:
        label = _label(view.case, view.case.recommended, style)
        yield locale.text("card.recommended"), iter((label,))


def _why(case: Case, style: Style) -> Iterator[str]:
    locale = style.locale
    seen: dict[str, Signal] = {}
    for signal in case.signals:
        if not signal.kind.startswith("report."):
            best = seen.get(signal.kind)
            seen[signal.kind] = best if best and best.score > signal.score else signal
    for signal in list(seen.values())[:_SIGNALS]:
        yield _together(_because(signal, style), signal, locale)
    heat = heat_of(case.reasons)
    if heat is not None:
        yield locale.text("card.heated", count=minutes(heat))
    if case.reports:
        yield _reported(case, locale)
    yield locale.text("card.risk", risk=locale.text(f"risk.{case.risk.value}"))


def _because(signal: Signal, style: Style) -> str:
    locale = style.locale
    what = signal_words(signal.kind, locale)
    facts = dict(signal.facts)
    if signal.kind.startswith("toxicity.") and "label_score" in facts:
        said = "unsure" if _foreign(signal) else _band(signal.score, style.bounds)
        band = locale.text(f"band.{said}")
        percent = round(signal.score * 100)
        return locale.text("card.scored", what=what, band=band, percent=percent)
    count = signal_count(signal, locale)
    return locale.text("card.counted" if count else "card.because", what=what, count=count)


def _together(why: str, signal: Signal, locale: Locale) -> str:
    """A reason, with what the message was read together with."""
    facts = dict(signal.facts)
    if "answers" in facts:
        return locale.text("card.answering", why=why)
    if "pieces" in facts:
        return locale.text("card.split", why=why, count=facts["pieces"])
    return why


def _band(score: float, bounds: Thresholds) -> str:
    if score >= bounds.likely:
        return Band.LIKELY.value
    return Band.MAYBE.value if score >= bounds.maybe else Band.UNLIKELY.value


def _reported(case: Case, locale: Locale) -> str:
    kinds = dict.fromkeys(s.kind for s in case.signals if s.kind.startswith("report."))
    what = ", ".join(signal_words(kind, locale) for kind in kinds)
    return locale.text("card.reported", count=case.reports, what=what)


def _label(case: Case, kind: ActionKind, style: Style) -> str:
    return action_label(kind, style.timeout_for, style.locale, messages=len(case.messages))


def _context(view: CardView, side: int) -> Iterator[str]:
    """What others said around it; what has become part of the case stands above already."""
    answered = {dict(signal.facts).get("answers") for signal in view.case.signals}
    for quote in view.quotes:
        if quote.offset * side > 0 and quote.message not in view.case.messages:
            line = _context_line(quote, covered=quote.message in view.flagged)
            yield f"{_ANSWERED}{line}" if quote.message in answered else line


def _context_line(quote: Quote, *, covered: bool) -> str:
    """What belongs to another case stays covered here, too."""
    text = in_line(quote.text, _CONTEXT) or "\u2013"
    text = f"||{text}||" if covered else text
    return f"{moment(quote.at, 't')} **{in_line(quote.author_name, 40)}** {text}"


def _history(view: CardView, locale: Locale) -> Iterator[str]:
    known = view.history
    earlier = max(0, known.cases - 1)
    yield locale.text("card.messages", count=known.messages)
    yield locale.text("card.cases", count=earlier) if earlier else locale.text("card.no_cases")
    if known.last_action and known.last_action_at and not _of_this_case(view):
        what = locale.text(f"action.past.{known.last_action.value}")
        yield locale.text("card.last_action", what=what, when=moment(known.last_action_at, "R"))
    if known.joined_at:
        yield locale.text("card.joined", when=moment(known.joined_at, "D"))


def _of_this_case(view: CardView) -> bool:
    """Whether the newest action is the one that the card itself tells of."""
    action = view.action
    return action is not None and view.history.last_action_at == action.finished_at


def _footer(view: CardView, locale: Locale) -> str:
    parts = [
        locale.text("card.case", number=view.case.id),
        locale.text("card.member", number=view.case.subject),
    ]
    if view.case.engine:
        parts.append(view.case.engine)
    if view.mode is Mode.SHADOW:
        parts.append(locale.text("card.shadow"))
    return _DOT.join(parts)


def _within(lines: Iterator[str], limit: int) -> str:
    """The lines as far as they fit; a line is whole or not there."""
    kept: list[str] = []
    length = 0
    for line in lines:
        length += len(line) + 1
        if length > limit:
            break
        kept.append(line)
    return "\n".join(kept)


def _buttons(
    view: CardView, choices: Choices, style: Style
) -> Iterator[discord.ui.Button[discord.ui.View]]:
    case, locale = view.case, style.locale
    failed = _failed(view)
    if failed is not None:
        yield _button(case, "retry", locale.text("button.retry"), discord.ButtonStyle.primary)
    first = _first(view, choices)
    if first is not None:
        look = discord.ButtonStyle.danger if first in _GRAVE else discord.ButtonStyle.primary
        yield _button(case, "do", _label(case, first, style), look)
    for verb in ("dismiss", "claim", "release", "undo"):
        if getattr(choices, verb):
            yield _button(case, verb, locale.text(f"button.{verb}"))
    if not any(quote.deleted for quote in view.quotes if quote.offset == 0):
        yield discord.ui.Button(label=locale.text("button.open"), url=link(case))


def _first(view: CardView, choices: Choices) -> ActionKind | None:
    """What is recommended, if it has a button of its own: not where trying again is one."""
    failed = _failed(view)
    again = failed is not None and failed.kind is choices.recommended
    return None if again else choices.recommended


def _failed(view: CardView) -> Action | None:
    action = view.action
    if view.case.state is not CaseState.FAILED or action is None:
        return None
    return action if action.state is ActionState.FAILED else None


def _button(
    case: Case,
    verb: str,
    label: str,
    look: discord.ButtonStyle = discord.ButtonStyle.secondary,
) -> discord.ui.Button[discord.ui.View]:
    return discord.ui.Button(label=label[:80], style=look, custom_id=custom_id(case, verb))


def _menu(view: CardView, choices: Choices, style: Style) -> discord.ui.Select[discord.ui.View]:
    """Whatever has no button. A pointer that failed may need another channel, so it stays."""
    first = _first(view, choices)
    shown = None if first is ActionKind.REDIRECT and _failed(view) else first
    options = [
        discord.SelectOption(
            label=_label(view.case, kind, style)[:100],
            value=kind.value,
            description=style.locale.text(f"action.means.{kind.value}")[:100],
        )
        for kind in choices.actions
        if kind is not shown
    ]
    return discord.ui.Select(
        custom_id=custom_id(view.case, "pick"),
        placeholder=style.locale.text("button.other")[:150],
        options=options,
    )
