"""Where a case stands, in one or two lines at the top of its card. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from cogs.wording import Names, failure_words, moment
from config.locale import Locale
from moderation.cases import holder
from moderation.types import Action, ActionKind, CardView, CaseState, NoticeState

_LASTING = frozenset({ActionKind.REMOVE, ActionKind.KICK})
"""What cannot be undone on the platform: only the verdict can be taken back."""


def standing(view: CardView, locale: Locale, names: Names) -> Iterator[str]:
    """The state in words; nothing for a case that simply waits."""
    match view.case.state:
        case CaseState.OPEN:
            yield from _taken_back(view.action, locale, names)
            yield from _claimed(view, locale, names)
        case CaseState.ACTING:
            yield _bold(locale.text("standing.acting", what=_done(view.action, locale)))
        case CaseState.FAILED:
            yield _bold(locale.text("standing.failed"))
            yield failure_words(view.case.failure, locale)
            if view.action is not None and view.action.notice is NoticeState.SENT:
                yield locale.text("told.before_failure")
            yield from _claimed(view, locale, names)
        case CaseState.RESOLVED:
            yield from _resolved(view, locale, names)
        case CaseState.DISMISSED:
            yield _bold(
                locale.text("standing.dismissed", who=names.of(view.case.decided_by, locale))
            )
        case CaseState.UNDOING:
            yield _bold(locale.text("standing.undoing"))


def _resolved(view: CardView, locale: Locale, names: Names) -> Iterator[str]:
    if view.case.failure:
        yield _bold(locale.text("standing.undo_failed"))
        yield failure_words(view.case.failure, locale)
        return
    who = names.of(view.case.decided_by, locale)
    yield _bold(locale.text("standing.done", who=who, what=_done(view.action, locale)))
    if view.action is not None and view.action.simulated:
        yield locale.text("standing.simulated")
    elif view.action is not None and view.action.notice is not NoticeState.NONE:
        yield locale.text(f"notice_state.{view.action.notice.value}")


def _taken_back(action: Action | None, locale: Locale, names: Names) -> Iterator[str]:
    if action is None or action.reverses is None:
        return
    who = names.of(action.requested_by, locale)
    yield _bold(locale.text("standing.taken_back", who=who, what=_done(action, locale)))
    if action.kind in _LASTING and not action.simulated:
        yield locale.text(f"standing.lasting.{action.kind.value}")


def _claimed(view: CardView, locale: Locale, names: Names) -> Iterator[str]:
    case = view.case
    held = holder(case, view.now or case.updated_at)
    if held is not None and case.claimed_until is not None:
        until = moment(case.claimed_until, "t")
        yield _bold(locale.text("standing.claimed", who=names.of(held, locale), until=until))


def _done(action: Action | None, locale: Locale) -> str:
    if action is None:
        return ""
    if action.also:
        return locale.text("action.done.remove_all", count=len(action.also) + 1)
    until = moment(action.until, "f") if action.until else ""
    return locale.text(f"action.done.{action.kind.value}", until=until)


def _bold(text: str) -> str:
    return f"**{text}**"
