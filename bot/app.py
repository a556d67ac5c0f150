"""Everything is put together here, and only here: the one module that knows the adapters."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from bot.adapters.discord_platform import DiscordPlatform
from bot.adapters.shadow_platform import ShadowPlatform
from bot.batching import Batcher
from bot.client import TidekeeperClient
from bot.clock import SystemClock
from bot.connection import stay_connected
from bot.jobs import Jobs
from bot.log import LineLog, adopt_libraries
from bot.parts import bounds, make_scorer, open_store, refuse_uncertain
from bot.scoring import BatchedScoring
from cogs.cards import Style
from cogs.convert import Roles
from cogs.intake import Intake
from cogs.places import Places
from cogs.queue import QueueDesk, case_item
from cogs.report import Reports
from config.locale import load_locale
from config.policy import to_policy
from config.schema import Settings
from moderation.acting import Acting
from moderation.catchup import CatchUp, CatchUpLimits
from moderation.drawing import Cards
from moderation.housekeeping import Housekeeping
from moderation.ports import Clock, Log, Platform, Scorer, Store
from moderation.reporting import Reporting
from moderation.review import Review
from moderation.rules import Rules
from moderation.screening import Screening
from moderation.surroundings import Surroundings
from moderation.types import Fact, Policy
from moderation.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """A bot that is put together but not connected, and what it is made of.

    ``client.close()`` lets go of all of it.
    """

    client: TidekeeperClient
    store: Store
    platform: Platform
    policy: Policy
    screening: Screening
    review: Review
    reporting: Reporting
    catch_up: CatchUp
    housekeeping: Housekeeping


async def create_bot(
    settings: Settings, clock: Clock, *, log: Log | None = None
) -> TidekeeperClient:
    """The bot as discord.py's client, ready to connect. Raises as ``build`` does."""
    return (await build(settings, clock, log=log)).client


async def build(
    settings: Settings,
    clock: Clock,
    *,
    log: Log | None = None,
    store: Store | None = None,
    scorer: Scorer | None = None,
) -> App:
    """Put everything together; what is not handed in is made from the settings.

    Raises ``StoreError``, ``EngineUnavailable`` and ``SettingsError``.
    """
    log = log or line_log(settings, clock)
    scorer = scorer or make_scorer(settings.engine, budget=settings.engine.budget_ms / 1000)
    policy = to_policy(settings, engine=bounds(scorer))
    refuse_uncertain(policy.thresholds, scorer)
    store = store or await open_store(settings.store)
    client = TidekeeperClient(log)
    world = _World(settings=settings, clock=clock, log=log, policy=policy, store=store)
    return _assembled(world, client, scorer)


def line_log(settings: Settings, clock: Clock) -> LineLog:
    """The log of a process, on its standard error."""
    return LineLog(sys.stderr, clock, level=settings.log.level, style=settings.log.format)


def run(settings: Settings) -> int:
    """Watch until stopped; returns the exit code. Raises ``SettingsError`` for a refused token."""
    return asyncio.run(_run(settings))


async def _run(settings: Settings) -> int:
    clock = SystemClock()
    log = line_log(settings, clock)
    adopt_libraries(log)
    app = await build(settings, clock, log=log)
    return await stay_connected(app.client, settings.discord, log)


@dataclass(frozen=True, slots=True, kw_only=True)
class _World:
    """What every part is handed."""

    settings: Settings
    clock: Clock
    log: Log
    policy: Policy
    store: Store


def _assembled(world: _World, client: TidekeeperClient, scorer: Scorer) -> App:
    settings, policy, clock, log = world.settings, world.policy, world.clock, world.log
    store = world.store
    places = Places(settings, name_of=client.channel_name)
    platform = _platform(world, client, places)
    cards = Cards(store=store, platform=platform, clock=clock, log=log, mode=policy.mode)
    acting = Acting(
        store=store, platform=platform, cards=cards, clock=clock, log=log, mode=policy.mode
    )
    review = Review(store=store, acting=acting, cards=cards, clock=clock, policy=policy)
    window = Window()
    watch = _Watch(
        window=window,
        surroundings=Surroundings(store=store, window=window, cards=cards),
        scoring=_scoring(world, scorer),
        recorder=_recorder(store),
    )
    screening = _screening(world, watch, cards, review)
    catch_up = CatchUp(
        store=store,
        platform=platform,
        screening=screening,
        clock=clock,
        log=log,
        limits=CatchUpLimits(**settings.catch_up.model_dump(exclude={"pages_per_second"})),
        watched=places.watched,
    )
    app = App(
        client=client,
        store=store,
        platform=platform,
        policy=policy,
        screening=screening,
        review=review,
        reporting=_reporting(world, watch, cards),
        catch_up=catch_up,
        housekeeping=Housekeeping(
            store=store, acting=acting, cards=cards, catch_up=catch_up, clock=clock, log=log
        ),
    )
    _equip(app, world, places, watch)
    return app


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watch:
    """What reading and recording messages needs."""

    window: Window
    surroundings: Surroundings
    scoring: BatchedScoring
    recorder: Batcher[Fact, None]


def _scoring(world: _World, scorer: Scorer) -> BatchedScoring:
    engine = world.settings.engine
    budget = engine.budget_ms / 1000
    return BatchedScoring(scorer, budget=budget, log=world.log, most=engine.batch)


def _screening(world: _World, watch: _Watch, cards: Cards, review: Review) -> Screening:
    return Screening(
        store=world.store,
        scoring=watch.scoring,
        window=watch.window,
        rules=Rules.of(world.policy),
        policy=world.policy,
        cards=cards,
        surroundings=watch.surroundings,
        log=world.log,
        record=watch.recorder.submit,
        enforce=review.enforce,
    )


def _reporting(world: _World, watch: _Watch, cards: Cards) -> Reporting:
    return Reporting(
        store=world.store,
        cards=cards,
        surroundings=watch.surroundings,
        clock=world.clock,
        log=world.log,
        policy=world.policy,
    )


def _platform(world: _World, client: TidekeeperClient, places: Places) -> Platform:
    settings = world.settings
    platform = DiscordPlatform(
        client,
        places=places,
        style=Style(
            locale=load_locale(settings.locale),
            timeout_for=world.policy.timeout_for,
            bounds=world.policy.thresholds,
        ),
        staff=Roles.of(settings.staff.roles),
        moderators=Roles.of(settings.staff.moderators),
        clock=world.clock,
        log=world.log,
        pages_per_second=settings.catch_up.pages_per_second,
    )
    return ShadowPlatform(platform)


def _equip(app: App, world: _World, places: Places, watch: _Watch) -> None:
    settings, log, client = world.settings, world.log, app.client
    staff, moderators = Roles.of(settings.staff.roles), Roles.of(settings.staff.moderators)
    reports = Reports(reporting=app.reporting, staff=staff, log=log)
    desk = QueueDesk(review=app.review, moderators=moderators, log=log)
    jobs = Jobs(app.housekeeping, listening=client.listening, log=log)
    intake = Intake(
        screening=app.screening,
        catch_up=app.catch_up,
        housekeeping=app.housekeeping,
        places=places,
        staff=staff,
        clock=world.clock,
        guilds=client.listening,
    )

    async def let_go() -> None:
        await jobs.stop()
        watch.scoring.close()
        await watch.recorder.close()  # what was heard is on record before the database is let go
        await app.store.close()

    client.equip(
        cogs=(intake, reports),
        menus=(reports.menu,),
        items=(case_item(desk.press),),
        starts=(jobs.start,),
        ends=(let_go,),
    )


def _recorder(store: Store) -> Batcher[Fact, None]:
    """Facts of messages, written many at a time when many come."""

    async def write(facts: Sequence[Fact]) -> Sequence[None]:
        await store.record(facts)
        return [None] * len(facts)

    return Batcher(write, most=_FACTS)


_FACTS = 500
"""Facts in one transaction."""
