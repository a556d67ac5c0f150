"""The engines that are measured side by side, each with how it is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.bench import others
from bot.parts import make_scorer
from bot.training.evaluate import first_stage, onnx_fp32, onnx_int8, reaching_second
from config.schema import EngineSettings
from moderation.ports import Scorer

BUILTIN, FIRST_STAGE, DETOXIFY = "builtin", "first_stage", "detoxify"
LISTS = "alt-profanity-check"
"""The baseline of quality: what a team would take that has no model of its own."""

Reached = Mapping[str, tuple[float, int]]
"""By the name of the texts: the share that the second stage reads, and of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One engine. It is made in a process of its own, so ``make`` is a function of a module.

    ``name`` is part of the names of its figures. ``batch`` texts are one call when speed in
    batches is measured. ``folded`` engines read folded texts. ``judged`` is ``False`` where the
    weights are random, so that only the speed means something. ``bound`` is the score from which
    a text counts as found; ``None`` for the bound of the queue.
    """

    name: str
    make: Callable[[EngineSettings], Scorer]
    settings: EngineSettings
    batch: int
    folded: bool = False
    judged: bool = True
    lag: bool = False
    bound: float | None = None


def own(settings: EngineSettings) -> list[Engine]:
    """The builtin engine, as the settings have it, and its first stage alone."""
    chosen = settings if settings.name == BUILTIN else EngineSettings()
    return [
        Engine(name=BUILTIN, make=make_scorer, settings=chosen, batch=512, lag=True),
        Engine(
            name=FIRST_STAGE,
            make=first_stage,
            settings=chosen,
            batch=512,
            folded=True,
        ),
    ]


def lists() -> list[Engine]:
    """The two libraries; what they call profane is found."""
    none = EngineSettings()
    alt, better = others.AltProfanityCheck, others.BetterProfanity
    return [
        Engine(name=LISTS, make=alt, settings=none, batch=512, bound=0.5),
        Engine(name=better.name, make=better, settings=none, batch=32, bound=0.5),
    ]


def detoxify(settings: EngineSettings) -> Engine:
    """The library's own ``predict``: the baseline of speed."""
    return Engine(name=DETOXIFY, make=others.Detoxify, settings=settings, batch=32)


def onnx(settings: EngineSettings, *, parts: bool) -> list[Engine]:
    """The exported model as the bot runs it, and with ``parts`` its two forms alone."""
    whole = Engine(name="onnx", make=make_scorer, settings=settings, batch=256, lag=True)
    if not parts:
        return [whole]
    int8 = Engine(name="onnx_int8", make=onnx_int8, settings=settings, batch=64)
    return [whole, int8, Engine(name="onnx_fp32", make=onnx_fp32, settings=settings, batch=32)]


def reached(asked: tuple[EngineSettings, Mapping[str, Sequence[str]]]) -> Reached:
    """Runs in a process of its own; see ``Reached``."""
    settings, texts = asked
    return {
        name: (reaching_second(settings, each), len(each)) for name, each in texts.items() if each
    }
