"""What each rule notices, and the ordinary talk that it leaves alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.detectors import ALL, Rules
from moderation.detectors.patterns import patterns
from moderation.errors import SettingsError
from moderation.types import Message, MessageId, Policy, Signal, UserId
from moderation.window import Window
from tests.moderation.people import message

POLICY = Policy(
    words=("dimwit", "sukkel", "ass"),
    phrases=("go away forever",),
    patterns=(r"code name \w+", r"\bORD-\d{6}\b"),
    allowed_invites=frozenset({"ourshop"}),
    blocked_domains=frozenset({"evil.example"}),
    allowed_domains=frozenset({"discord-community.example"}),
)


def found(*messages: Message, policy: Policy = POLICY) -> list[Signal]:
    """The signals on the last of the messages."""
    window, rules = Window(), Rules.of(policy)
    contexts = [window.see(one) for one in messages]
    signals = (detector(contexts[-1], rules) for detector in ALL)
    return [signal for signal in signals if signal is not None]


def kinds(*messages: Message) -> set[str]:
    return {signal.kind for signal in found(*messages)}


AWS = "AKIA" + "QWERTYUIOPASDFGH"
GITHUB = "ghp_" + "a1B2c3D4e5F6" * 3

CAUGHT = [
    ("you dimwit", "toxicity.word", "dimwit"),
    ("You D.I.M.W.I.T", "toxicity.word", "D.I.M.W.I.T"),
    ("wat een sukkel ben jij", "toxicity.word", "sukkel"),
    ("please GO AWAY forever", "toxicity.phrase", "GO AWAY forever"),
    ("the code name halibut leaked", "toxicity.pattern", "code name halibut"),
    ("my order is ORD-123456", "toxicity.pattern", "ORD-123456"),
    ("join https://discord.gg/freestuff now", "link.invite", "discord.gg/freestuff"),
    ("discordapp.com/invite/abc", "link.invite", "discordapp.com/invite/abc"),
    ("see http://shop.evil.example/x", "link.blocked", "http://shop.evil.example"),
    ("free https://dlscord.com/nitro", "link.lookalike", "https://dlscord.com"),
    ("https://discord-nitro.gift/claim", "link.lookalike", "https://discord-nitro.gift"),
    ("https://stearncommunity.com/x", "link.lookalike", "https://stearncommunity.com"),
    (
        "[https://paypal.com](https://pay.attacker.example/login)",
        "link.masked",
        "[https://paypal.com](https://pay.attacker.example/login)",
    ),
    (f"my key is {AWS} oops", "secret.aws_access_key", AWS),
    (
        "-----BEGIN RSA PRIVATE KEY-----\nabc",
        "secret.private_key",
        "-----BEGIN RSA PRIVATE KEY-----",
    ),
    (f"token {GITHUB}", "secret.github_token", GITHUB),
]

LEFT_ALONE = [
    "good morning everyone, the class starts at nine",
    "the assistant passed the assessment",
    "see https://github.com/owner/repo/issues/12 and https://docs.python.org/3/",
    "our invite is https://discord.gg/ourshop",
    "welcome to https://discord-community.example/start",
    "[the manual](https://docs.example.org/manual) explains it",
    "[github.com/owner](https://www.github.com/owner)",
    "kill the child process and restart",
    "AKIA is how those keys begin",
    "https://discord.com/channels/1/2/3",
    "https://canva.com https://notion.so https://figma.com",
    "",
]


@pytest.mark.parametrize(("text", "kind", "evidence"), CAUGHT)
def test_it_is_noticed_and_pointed_at(text: str, kind: str, evidence: str) -> None:
    signal = next(signal for signal in found(message(text)) if signal.kind == kind)
    span = signal.spans[0]
    assert text[span.start : span.end] == evidence
    assert all(evidence not in str(value) for _, value in signal.facts)


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_ordinary_talk_is_left_alone(text: str) -> None:
    assert found(message(text)) == []


def test_a_flood_counts_over_channels_and_names_its_messages() -> None:
    burst = [message(f"look {n}", after=n, channel=f"c{n}") for n in range(6)]
    signal = found(*burst)[0]
    assert signal.kind == "spam.flood"
    assert signal.related == tuple(m.id for m in burst[:5])
    assert dict(signal.facts)["channels"] == 6


def test_talking_fast_with_others_is_no_flood() -> None:
    talk = [message(f"line {n}", ("ann", "tom")[n % 2], after=n) for n in range(8)]
    assert found(*talk) == []


def test_the_same_advert_in_three_channels_is_one_finding() -> None:
    advert = "cheap watches at my shop"
    posts = [message(advert, after=40 * n, channel=f"c{n}") for n in range(3)]
    assert kinds(*posts) == {"spam.duplicate"}


def test_several_accounts_with_one_long_text_are_found() -> None:
    advert = "Earn a thousand a week from home, write to me in private for how it works"
    posts = [message(advert, f"new{n}", after=40 * n) for n in range(3)]
    assert dict(found(*posts)[0].facts)["accounts"] == 3


@pytest.mark.parametrize(
    "text",
    [
        "https://tenor.com/view/party-parrot-dance-gif-1234567890",
        "https://github.com/owner/project/releases/tag/v2.0.0",
        "look https://github.com/owner/project/releases/tag/v2.0.0",
        "<https://docs.example.org/manual/install/linux.html>",
    ],
)
def test_several_people_posting_one_bare_link_is_no_spam(text: str) -> None:
    posts = [message(text, f"p{n}", after=40 * n) for n in range(4)]
    assert kinds(*posts) == set()


def test_one_person_posting_a_bare_link_in_three_channels_is_a_finding() -> None:
    link = "https://shop.example.org/sale"
    posts = [message(link, after=40 * n, channel=f"c{n}") for n in range(3)]
    assert kinds(*posts) == {"spam.duplicate"}


def test_several_accounts_with_one_text_around_a_link_are_found() -> None:
    advert = "three months of premium for free, take it here https://shop.example.org/x"
    posts = [message(advert, f"new{n}", after=40 * n) for n in range(3)]
    assert kinds(*posts) == {"spam.duplicate"}


def test_saying_thanks_or_good_morning_together_is_no_spam() -> None:
    for words in ("thanks", "good morning everyone"):
        assert found(*[message(words, f"p{n}", after=n) for n in range(6)]) == []


def test_repeating_oneself_much_later_is_no_spam() -> None:
    posts = [message("weekly call starts at three", after=86_400 * n) for n in range(4)]
    assert found(*posts) == []


def calls(text: str, *people: str, **fields: object) -> Message:
    return replace(message(text, **fields), mentions=tuple(map(UserId, people)))  # type: ignore[arg-type]


def test_calling_many_people_is_noticed_in_one_or_several_messages() -> None:
    assert kinds(message("hey", mentions=6)) == {"spam.mentions"}
    posts = [calls(f"hey {n}", f"a{n}", f"b{n}", after=5 * n) for n in range(3)]
    signal = found(*posts)[0]
    assert signal.kind == "spam.mentions"
    assert dict(signal.facts)["mentions"] == 6
    assert signal.related == tuple(m.id for m in posts[:2])
    assert kinds(message("thanks all", mentions=3)) == set()


def test_calling_the_same_person_again_counts_once() -> None:
    posts = [calls(f"and number {n}", "ann", after=8 * n) for n in range(7)]
    assert kinds(*posts) == set()


def test_whom_a_reply_answers_is_not_called() -> None:
    questions = [message(f"question {n}", f"p{n}", after=n, ident=f"q{n}") for n in range(7)]
    answers = [
        calls(f"answer {n}", f"p{n}", after=10 + 7 * n, ident=f"r{n}", reply_to=MessageId(f"q{n}"))
        for n in range(7)
    ]
    assert kinds(*questions, *answers) == set()
    assert kinds(*answers) == set()


def test_a_reply_that_calls_others_counts_them() -> None:
    question = message("who knows", "ann", ident="q")
    people = ("ann", "b1", "b2", "b3", "b4", "b5")
    answer = calls("ask them", *people, after=5, reply_to=MessageId("q"))
    assert kinds(question, answer) == set()
    wider = calls("ask them", *people, "b6", after=5, reply_to=MessageId("q"))
    assert kinds(question, wider) == {"spam.mentions"}


def test_two_calls_to_a_role_are_ordinary_and_three_are_many() -> None:
    posts = [message(f"team {n}", after=20 * n, mass_mention=True) for n in range(3)]
    assert kinds(*posts[:2]) == set()
    assert kinds(*posts) == {"spam.mentions"}


def test_a_pattern_that_is_none_is_named_by_its_number() -> None:
    with pytest.raises(SettingsError) as refused:
        Rules.of(Policy(patterns=("fine", "(broken", "[also")))
    assert [problem.split(":")[0] for problem in refused.value.problems] == [
        "policy.patterns, number 2",
        "policy.patterns, number 3",
    ]


def test_a_pattern_is_tried_on_the_text_as_it_stands_and_undisguised() -> None:
    rules = Rules.of(Policy(patterns=("idi.t", "^x*$")))
    for text, spans in (("you IDIOT", [(4, 9)]), ("you 1d\u200bi0t", [(4, 10)]), ("fine", None)):
        window = Window()
        signal = patterns(window.see(message(text)), rules)
        assert (signal and [(s.start, s.end) for s in signal.spans]) == spans


def test_a_pattern_made_to_hang_does_not_hang() -> None:
    policy = Policy(patterns=(r"(a+)+$",))
    assert found(message("a" * 4000 + "!"), policy=policy) == []


@given(st.text(max_size=300))
def test_no_text_breaks_a_detector_and_spans_stay_inside(text: str) -> None:
    for signal in found(message(text)):
        assert all(0 <= span.start < span.end <= len(text) for span in signal.spans)
        assert 0 <= signal.score <= 1
