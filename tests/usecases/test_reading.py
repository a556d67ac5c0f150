"""What is read together is a matter of event time: live, in a replay and after a restart alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.replay import Replay
from moderation.types import Case, Message, MessageId, Mode, Policy, Scores, Span
from tests.fakes.platform import FakePlatform
from tests.fakes.store import FakeStore
from tests.usecases.desk import NOON, RUDE, Desk, TickingClock, message

POLICY = Policy(mode=Mode.QUEUE, words=("heron",))
TEXTS = (
    "you",
    "an id",
    "iot",
    "her",
    "hero",
    "n",
    "fool!",
    "so sharp",
    "you too",
    "exactly",
    "fine",
)
SHARP = Scores(toxicity=0.4, insult=0.4)


class Engine:
    """Insults and sharp words, the same in any company."""

    name = "fake@1"

    def score(self, texts: Sequence[str]) -> list[Scores]:
        return [
            RUDE if "idiot" in text or "fool" in text else SHARP if "sharp" in text else Scores()
            for text in texts
        ]

    def explain(self, text: str) -> tuple[Span, ...]:
        at = text.find("idiot")
        return (Span(start=at, end=at + 5),) if at >= 0 else ()


@st.composite
def talk(draw: st.DrawFn) -> list[Message]:
    found: list[Message] = []
    at = NOON
    for number in range(draw(st.integers(1, 25))):
        at += timedelta(seconds=draw(st.sampled_from((1, 5, 14, 40, 200))))
        answered = draw(st.none() | st.integers(0, number))
        found.append(
            message(
                number,
                draw(st.sampled_from(TEXTS)),
                at=at,
                author=draw(st.sampled_from(("tom", "ann", "bob"))),
                reply_to=MessageId(f"{answered:06}") if answered is not None else None,
            )
        )
    return found


def found(cases: Sequence[Case]) -> list[Case]:
    bare = (replace(c, card_channel=None, card_message=None, card_version=0) for c in cases)
    return sorted((replace(c, version=0) for c in bare), key=lambda c: c.id)


async def live(talk: Sequence[Message], restart: int | None = None) -> list[Case]:
    engine, store = Engine(), FakeStore()
    desk = a_desk(engine, store)
    for number, one in enumerate(talk):
        if number == restart:
            desk = a_desk(engine, store)
            for early in talk[:number]:
                desk.screening.remember(early)
        await desk.screening.screen(one)
    return found(await desk.cases())


def a_desk(engine: Engine, store: FakeStore) -> Desk:
    desk = Desk(store, FakePlatform(), TickingClock(), policy=POLICY)

    async def score(text: str) -> Scores:
        return engine.score([text])[0]

    async def explain(text: str) -> tuple[Span, ...]:
        return engine.explain(text)

    desk.score, desk.explain = score, explain  # type: ignore[method-assign]
    return desk


async def replayed(talk: Sequence[Message]) -> list[Case]:
    replay = Replay(store=FakeStore(), scorer=Engine(), policy=POLICY)
    await replay.run(talk, lambda: None)
    return found(await replay.cases())


@settings(deadline=None)
@given(talk())
async def test_a_replay_finds_what_was_found_live(talk: list[Message]) -> None:
    assert await live(talk) == await replayed(talk)


@settings(deadline=None)
@given(talk())
async def test_nobody_is_queued_for_the_words_of_others_alone(talk: list[Message]) -> None:
    """Whoever is queued said, in one message or in several, something that is in the lists."""
    for case in [c for c in await live(talk) if c.incident.startswith("toxicity")]:
        said = {one.text for one in talk if one.id in case.messages}
        assert said & {"fool!", "iot", "n", "you too", "exactly"}


@settings(deadline=None)
@given(talk(), st.integers(1, 20))
async def test_a_restart_loses_no_case(talk: list[Message], restart: int) -> None:
    """A split text that was complete just before it is the one thing that is read once more."""
    before = {m for case in await live(talk) for m in case.messages}
    after = {m for case in await live(talk, restart) for m in case.messages}
    assert before <= after
