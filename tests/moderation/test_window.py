"""Recent history: in the order of event time, each message once, bounded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from moderation.types import ChannelId
from moderation.window import Window
from tests.moderation.people import message

GENERAL = ChannelId("general")


def test_a_context_holds_what_came_before_by_place_person_and_text() -> None:
    window = Window()
    hello = message("hello there", "ann", after=0)
    other = message("elsewhere", "tom", after=1, channel="help")
    same = message("Hello  THERE", "tom", after=2)
    window.see(hello)
    window.see(other)
    context = window.see(same)
    assert context.channel == (hello,)
    assert context.author == (other,)
    assert context.same_text == (hello,)


def test_the_same_message_twice_is_remembered_once() -> None:
    window = Window()
    first = message("hello")
    window.see(first)
    window.see(first)
    assert window.see(message("next", after=1)).channel == (first,)


def test_a_late_message_finds_its_place_and_sees_no_future() -> None:
    window = Window()
    early, late, last = message("a"), message("b", after=5), message("c", after=9)
    window.see(early)
    window.see(last)
    assert window.see(late).channel == (early,)
    assert window.see(message("d", after=10)).channel == (early, late, last)


def test_edits_in_substance_are_told_from_cosmetic_ones() -> None:
    window = Window()
    window.see(message("you are nice", ident="m"))
    assert window.replace(message("You  are nice", ident="m")) is None
    context = window.replace(message("you are awful", ident="m"))
    assert context is not None
    assert context.channel == ()
    assert window.see(message("next", after=1)).channel[0].text == "you are awful"


def test_a_deleted_message_is_forgotten() -> None:
    window = Window()
    gone = message("gone")
    window.see(gone)
    window.forget(gone.id)
    window.forget(gone.id)
    assert window.see(message("next", after=1)).channel == ()


def test_neighbours_for_a_card() -> None:
    window = Window()
    talk = [message(str(n), after=n) for n in range(9)]
    for one in talk:
        window.see(one)
    window.forget(talk[4].id)
    assert window.before(talk[4], 3) == tuple(talk[1:4])
    assert window.after(talk[4], 3) == tuple(talk[5:8])
    assert window.before(message("elsewhere", channel="help"), 3) == ()


def test_yesterday_is_no_context() -> None:
    window = Window()
    window.see(message("old"))
    assert window.see(message("new", after=86_400)).channel == ()


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=80))
def test_whatever_the_order_a_context_is_sorted_earlier_and_bounded(
    events: list[tuple[int, bool]],
) -> None:
    window = Window(keys=2, length=5, known=20)
    for number, forget in events:
        place, after = "abc"[number % 3], number * 7919 % 20_000
        one = message("hi", after=after, channel=place, ident=f"e{number}")
        context = window.see(one)
        for seen in (context.channel, context.author, context.same_text):
            assert list(seen) == sorted(seen, key=lambda m: m.at)
            assert all(m.at <= one.at and m.id != one.id for m in seen)
            assert len({m.id for m in seen}) == len(seen) <= 5
        if forget:
            window.forget(one.id)


def test_what_is_forgotten_is_forgotten_everywhere() -> None:
    window = Window(known=3)
    messages = [message("the same text", after=n) for n in range(5)]
    for one in messages:
        window.see(one)
    context = window.context(message("the same text", after=9))
    assert context.author == context.channel == context.same_text == tuple(messages[2:])
    for _ in range(2):
        window.see(messages[0])
    known = window.context(message("next", after=9)).channel
    assert [m.id for m in known] == [m.id for m in (messages[0], *messages[3:])]


def test_a_deletion_finds_nothing_where_the_place_was_forgotten_before() -> None:
    window = Window(keys=1)
    first = message("hello", "ann", channel="help")
    window.see(first)
    window.see(message("goodbye", "tom", after=1, channel="general"))
    window.forget(first.id)
    assert window.context(message("again", "ann", after=2, channel="help")).channel == ()
