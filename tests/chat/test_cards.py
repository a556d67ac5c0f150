"""Cards: whatever members write, the card stays within Discord's limits and the text inside its
spoiler."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogs.cards import DESCRIPTION, FIELD, FIELDS, TITLE, TOTAL, Style, controls, embed
from cogs.quoting import COVER, Marks, in_line, inert, spoilered
from config.locale import LANGUAGES, load_locale
from moderation.types import (
    Action,
    ActionId,
    ActionKind,
    ActionState,
    CardView,
    Case,
    CaseId,
    CaseState,
    ChannelId,
    GuildId,
    History,
    MessageId,
    Mode,
    NoticeState,
    Owner,
    Quote,
    Risk,
    Severity,
    Signal,
    Span,
    UserId,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
KINDS = (
    "toxicity.insult",
    "spam.flood",
    "secret.token",
    "link.invite",
    "report.rude",
    "something.new",
)

nasty = st.text(
    st.one_of(
        st.characters(codec="utf-8"), st.sampled_from(list("|*_`~<>@#[]()\\-:/. \n\u202e\u200b"))
    ),
    max_size=2200,
)
spans = st.builds(
    lambda start, length: Span(start=start, end=start + length),
    st.integers(0, 2500),
    st.integers(1, 300),
)
signals = st.builds(
    Signal,
    kind=st.sampled_from(KINDS),
    risk=st.sampled_from(Risk),
    score=st.floats(0, 1),
    spans=st.lists(spans, max_size=4).map(tuple),
    facts=st.sampled_from([(), (("language", "pl"),), (("language", "und"),)]),
)
quotes = st.lists(
    st.builds(
        Quote,
        message=st.integers(1, 9).map(lambda n: MessageId(str(n))),
        author=st.just(UserId("5")),
        author_name=nasty,
        at=st.just(NOON),
        text=nasty,
        offset=st.integers(-3, 3),
        deleted=st.booleans(),
    ),
    max_size=9,
).map(tuple)
moments = st.none() | st.just(NOON + timedelta(minutes=5))
people = st.none() | st.sampled_from([UserId("7"), UserId("system")])
cases = st.builds(
    Case,
    id=st.integers(1, 10**15).map(CaseId),
    guild=st.just(GuildId("1")),
    channel=st.just(ChannelId("2")),
    incident=st.just("toxicity:5"),
    subject=st.just(UserId("5")),
    state=st.sampled_from(CaseState),
    version=st.just(3),
    severity=st.sampled_from(Severity),
    risk=st.sampled_from(Risk),
    owner=st.just(Owner.MODERATORS),
    score=st.floats(0, 1),
    opened_at=st.just(NOON),
    active_at=st.just(NOON),
    updated_at=st.just(NOON),
    messages=st.just((MessageId("3"),)),
    signals=st.lists(signals, max_size=9).map(tuple),
    recommended=st.none() | st.sampled_from(ActionKind),
    reports=st.integers(0, 99),
    late=st.booleans(),
    degraded=st.booleans(),
    engine=st.sampled_from(["", "builtin@1"]),
    claimed_by=people,
    claimed_until=moments,
    decided_by=people,
    failure=st.sampled_from(["", "hierarchy", "permission:50013", "unknown:123", "gone:10008"]),
)
actions = st.builds(
    Action,
    id=st.just(ActionId("1.2")),
    case=st.just(CaseId(1)),
    guild=st.just(GuildId("1")),
    channel=st.just(ChannelId("2")),
    kind=st.sampled_from(ActionKind),
    target=st.just(UserId("5")),
    message=st.just(MessageId("3")),
    state=st.sampled_from(ActionState),
    requested_by=st.just(UserId("7")),
    requested_at=st.just(NOON),
    until=moments,
    reverses=st.none() | st.just(ActionId("1.1")),
    simulated=st.booleans(),
    notice=st.sampled_from(NoticeState),
)
histories = st.builds(
    History,
    messages=st.integers(0, 10**9),
    cases=st.integers(0, 10**6),
    joined_at=moments,
    last_action=st.none() | st.sampled_from(ActionKind),
    last_action_at=moments,
)
views = st.builds(
    CardView,
    case=cases,
    quotes=quotes,
    history=histories,
    action=st.none() | actions,
    mode=st.sampled_from(Mode),
    now=st.just(NOON),
)
styles = st.sampled_from([Style(locale=load_locale(language)) for language in LANGUAGES])


@given(view=views, style=styles)
def test_every_card_fits(view: CardView, style: Style) -> None:
    card = embed(view, style)
    assert len(card) <= TOTAL
    assert len(card.title or "") <= TITLE
    assert len(card.description or "") <= DESCRIPTION
    assert len(card.fields) <= FIELDS
    assert all(0 < len(field.value or "") <= FIELD for field in card.fields)
    assert card.description


@given(view=views, style=styles)
async def test_every_card_has_buttons_discord_takes(view: CardView, style: Style) -> None:
    rows = controls(view, style)
    assert rows.is_finished()
    for row in rows.to_components():
        assert 1 <= len(row["components"]) <= 5
        for part in row["components"]:
            assert len(part.get("custom_id", "")) <= 100
            assert len(part.get("label", "")) <= 80
            assert "custom_id" not in part or re.fullmatch(r"tk:\d+:[a-z]+", part["custom_id"])


A_CASE = Case(
    id=CaseId(4),
    guild=GuildId("1"),
    channel=ChannelId("2"),
    incident="toxicity:5",
    subject=UserId("5"),
    state=CaseState.OPEN,
    version=2,
    severity=Severity.HIGH,
    risk=Risk.SAFETY,
    owner=Owner.MODERATORS,
    score=0.9,
    opened_at=NOON,
    active_at=NOON,
    updated_at=NOON,
    messages=(MessageId("3"),),
    claimed_by=UserId("7"),
    claimed_until=NOON + timedelta(minutes=5),
    decided_by=UserId("8"),
)


def _offered(case: Case, failed: ActionKind | None) -> tuple[set[str], set[str]]:
    """The verbs of a card's buttons, and what its menu offers."""
    action = Action(
        id=ActionId("4.1"),
        case=case.id,
        guild=case.guild,
        channel=case.channel,
        kind=failed or ActionKind.WARN,
        target=case.subject,
        message=case.messages[0],
        state=ActionState.FAILED,
        requested_by=UserId("7"),
        requested_at=NOON,
    )
    view = CardView(case=case, action=action if failed else None, now=NOON)
    parts = controls(view, _ENGLISH).children
    verbs = {str(getattr(part, "custom_id", "")).rpartition(":")[2] for part in parts}
    [menu] = [part for part in parts if isinstance(part, discord.ui.Select)]
    return verbs, {option.value for option in menu.options}


_ENGLISH = Style(locale=load_locale("en"))


@pytest.mark.parametrize("failed", list(ActionKind))
@pytest.mark.parametrize("recommended", list(ActionKind))
async def test_whatever_has_no_button_is_in_the_menu(
    recommended: ActionKind, failed: ActionKind
) -> None:
    """A pointer that failed may need another channel, so it is always there."""
    case = replace(A_CASE, state=CaseState.FAILED, recommended=recommended)
    verbs, menu = _offered(case, failed)
    assert "retry" in verbs
    assert ("do" in verbs) == (failed is not recommended)
    missing = {recommended.value} if "do" in verbs else set()
    assert set(ActionKind) - menu == missing - {"redirect"}


@pytest.mark.parametrize("recommended", [None, *ActionKind])
async def test_what_is_recommended_is_a_button_and_not_in_the_menu(
    recommended: ActionKind | None,
) -> None:
    verbs, menu = _offered(replace(A_CASE, recommended=recommended), None)
    assert ("do" in verbs) == (recommended is not None)
    assert set(ActionKind) - menu == ({recommended.value} if recommended else set())


MARKUP = re.compile(r"\\(.)", re.DOTALL)


@given(text=nasty, shown=st.lists(spans, max_size=3), limit=st.integers(40, 900))
def test_a_quote_cannot_leave_its_spoiler(text: str, shown: list[Span], limit: int) -> None:
    said = spoilered(text, limit, Marks(shown=tuple(shown)))
    assert len(said) <= limit
    if not said:
        assert not text.strip()
        return
    inside = said.removeprefix("|| ").removesuffix(" ||")
    bare = MARKUP.sub("", inside).replace("**__", "").replace("__**", "")
    assert not set(bare) & set("|*_`~<>@#[]()\\-:/.\u202e")


@given(text=nasty, limit=st.integers(1, 300))
def test_inert_text_forms_nothing(text: str, limit: int) -> None:
    said = inert(text, limit)
    assert len(said) <= limit
    assert not set(MARKUP.sub("", said)) & set("|*_`~<>@#[]()\\-:/.")


@given(before=nasty, after=nasty, others=st.lists(spans, max_size=3))
def test_a_secret_is_never_shown(before: str, after: str, others: list[Span]) -> None:
    secret = "ZQXJKVZQXJKV"
    text = before + secret + after
    covered = Span(start=len(before), end=len(before) + len(secret))
    said = spoilered(text, 900, Marks(shown=tuple(others), covered=(covered,)))
    assert "ZQXJ" not in said


@pytest.mark.parametrize("limit", [60, 900])
def test_secrets_around_a_case_are_covered_too(limit: int) -> None:
    token = "ghp_" + "a1B2" * 9
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\ndef"
    for text in (f"use {token} please", key, f"{token} and {key}"):
        for said in (in_line(text, limit), spoilered(text, limit)):
            assert COVER in said
            assert not any(part in said for part in ("a1B2", "MIIE", "def"))


def test_numbers_are_said_in_words() -> None:
    facts = (("messages", 7), ("seconds", 8), ("channels", 2))
    flood = Signal(kind="spam.flood", risk=Risk.FORUM, score=0.9, facts=facts)
    word = Signal(kind="toxicity.word", risk=Risk.FORUM, score=0.95)
    case = replace(A_CASE, signals=(flood, word))
    why = embed(CardView(case=case, now=NOON), Style(locale=load_locale("en"))).fields[0].value
    assert "many messages in a short time: 7 in 8 s" in why
    assert "a word on your list\n" in why


def test_marked_words_are_bold_and_secrets_covered() -> None:
    marks = Marks(shown=(Span(start=8, end=13),), covered=(Span(start=18, end=24),))
    assert spoilered("you are idiot, my hunter, bye", 200, marks) == (
        f"|| you are **__idiot__**\\, my {COVER}\\, bye ||"
    )


def test_a_long_text_is_quoted_around_what_was_found() -> None:
    text = "word " * 200 + "idiot" + " word" * 200
    said = spoilered(text, 400, Marks(shown=(Span(start=1000, end=1005),)))
    assert "**__idiot__**" in said
    assert said.startswith("|| \u2026")
    assert said.endswith("\u2026 ||")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", list(CaseState))
def test_every_state_is_said_in_every_language(language: str, state: CaseState) -> None:
    case = replace(A_CASE, state=state)
    card = embed(CardView(case=case, now=NOON), Style(locale=load_locale(language)))
    first = (card.description or "").splitlines()[0]
    assert first.startswith("**")
    expected = {CaseState.OPEN: "<@7>", CaseState.RESOLVED: "<@8>", CaseState.DISMISSED: "<@8>"}
    assert expected.get(state, "") in first
    assert isinstance(card.colour, discord.Colour)


def _scored_in(code: str, language: str) -> discord.Embed:
    facts = (("label", "insult"), ("label_score", 0.7), ("language", code))
    signal = Signal(kind="toxicity.insult", risk=Risk.FORUM, score=0.7, facts=facts)
    style = Style(locale=load_locale(language))
    return embed(CardView(case=replace(A_CASE, signals=(signal, signal))), style)


@pytest.mark.parametrize(
    ("language", "code", "line"),
    [
        ("en", "pl", "Score unsure: this seems to be Polish, which the engine does not know."),
        ("nl", "pl", "Score onzeker: dit lijkt Pools, en die taal kent het scoremodel niet."),
        ("en", "km", "Score unsure: this seems to be km, which the engine does not know."),
        ("en", "und", "Score unsure: the engine does not know this language."),
        ("nl", "und", "Score onzeker: het scoremodel kent deze taal niet."),
    ],
)
def test_a_card_says_that_the_engine_does_not_know_the_language(
    language: str, code: str, line: str
) -> None:
    card = _scored_in(code, language)
    assert (card.description or "").split("\n").count(f"-# {line}") == 1


def test_an_unsure_score_is_in_no_band() -> None:
    why = str(_scored_in("pl", "en").fields[0].value)
    assert "insult: unsure, 70 %" in why
    known = Signal(
        kind="toxicity.insult", risk=Risk.FORUM, score=0.7, facts=(("label_score", 0.7),)
    )
    view = CardView(case=replace(A_CASE, signals=(known,)))
    assert "unsure" not in str(embed(view, Style(locale=load_locale("en"))).to_dict()).lower()
