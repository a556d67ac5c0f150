"""The settings: one frozen value, validated as a whole.

``config/default.toml`` explains every key; a test keeps the two identical. Unknown keys are
errors. Secrets are ``SecretStr`` and show as asterisks wherever they are printed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from config.values import (
    Bind,
    BusAddress,
    ChannelName,
    ClockTime,
    Disagreement,
    Duration,
    EngineName,
    Holidays,
    Openings,
    Patterns,
    Sha256,
    SocketAddress,
    StoreAddress,
    Strings,
    Timeout,
    WebAddress,
    Zone,
)
from moderation.types import Mode, Owner

DISCORD_API = "https://discord.com/api/v10"

EngineBound = Annotated[
    Annotated[float, Field(ge=0, le=1)] | None,
    BeforeValidator(lambda written: None if written == "engine" else written),
]
"""A bound from 0 to 1; ``None``, written "engine", is the one that comes with the engine."""
Judge = Literal["small", "fast"]
AtLeastTwo = Annotated[int, Field(ge=2, le=1000)]
Days = Annotated[int, Field(ge=1, le=3650)]


class Section(BaseModel):
    """A frozen table of settings that refuses unknown keys."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False
    )


class DiscordSettings(Section):
    """Where Discord is and how the bot signs in; an empty gateway is asked from the API."""

    token: SecretStr = SecretStr("")
    api: WebAddress = DISCORD_API
    gateway: SocketAddress = ""


class StoreSettings(Section):
    """Where everything is remembered."""

    url: StoreAddress = "sqlite:///tidekeeper.db"

    @property
    def path(self) -> Path:
        """The database file."""
        return Path(self.url.removeprefix("sqlite:///"))


class BusSettings(Section):
    """How several processes would talk to one another."""

    url: BusAddress = "memory:"


class EngineSettings(Section):
    """What reads the texts. ``budget_ms`` is the time one message may wait for its scores.

    ``first_stage`` and ``judge`` are for ``onnx:``, see ``bot.adapters.scorers.onnx``.
    """

    name: EngineName = "builtin"
    checkpoint: str = ""
    sha256: Sha256 = ""
    first_stage: bool = True
    judge: Judge = "small"
    budget_ms: Annotated[int, Field(ge=10, le=60_000)] = 500
    batch: Annotated[int, Field(ge=1, le=1024)] = 32


class ThresholdSettings(Section):
    """Bounds of the toxicity bands, see ``moderation.types.Thresholds``."""

    likely: EngineBound = None
    maybe: EngineBound = None
    queue: EngineBound = None
    severe: EngineBound = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        bounds = [b for b in (self.maybe, self.likely, self.severe) if b is not None]
        if bounds != sorted(bounds):
            said = "must rise: maybe <= likely <= severe"
            raise Disagreement(said, "maybe", "likely", "severe")
        return self


class PolicySettings(Section):
    """What is wrong here and what is done about it, see ``moderation.types.Policy``."""

    mode: Mode = Mode.SHADOW
    thresholds: ThresholdSettings = ThresholdSettings()
    words: Strings = ()
    phrases: Strings = ()
    patterns: Patterns = ()
    allowed_invites: Strings = ()
    blocked_domains: Strings = ()
    allowed_domains: Strings = ()
    flood_messages: AtLeastTwo = 6
    flood_within: Duration = timedelta(seconds=8)
    duplicate_messages: AtLeastTwo = 3
    duplicate_within: Duration = timedelta(minutes=10)
    mention_limit: AtLeastTwo = 6
    mention_within: Duration = timedelta(seconds=60)
    auto_remove: Strings = ()
    exempt_staff: bool = True
    timeout_for: Timeout = timedelta(hours=1)
    claim_for: Duration = timedelta(minutes=15)
    join_within: Duration = timedelta(minutes=10)


class QueueSettings(Section):
    """Where cards are posted: a channel's name or id; ``owners`` have queues of their own."""

    channel: ChannelName = "mod-queue"
    owners: Mapping[Owner, ChannelName] = {}


class ChannelSettings(Section):
    """What a channel is for, and whether the bot reads it."""

    purpose: str = ""
    watch: bool = True
    social: bool = False


class StaffSettings(Section):
    """Role names or ids: who counts as staff, and who may moderate."""

    roles: Strings = ("Admin", "Moderator", "Staff", "Team")
    moderators: Strings = ("Admin", "Moderator")


class HoursSettings(Section):
    """When somebody answers. No opening windows: business time is not shown."""

    zone: Zone = "UTC"
    open: Openings = ()
    holidays: Holidays = ()


class RetentionSettings(Section):
    """How many days each class of data is kept."""

    texts_days: Days = 90
    messages_days: Days = 400
    cases_days: Days = 730
    audit_days: Days = 1825


class ConsoleSettings(Section):
    """Where the page in the browser listens."""

    bind: Bind = "127.0.0.1:8710"


class DigestSettings(Section):
    """When the weekly digest is due, in ``hours.zone``."""

    day: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = (
        "monday"
    )
    time: ClockTime = time(8, 30)


class CatchUpSettings(Section):
    """How much history is fetched after downtime."""

    first_look: Duration = timedelta(days=1)
    max_age: Duration = timedelta(days=7)
    max_messages: Annotated[int, Field(ge=0, le=1_000_000)] = 10_000
    pages_per_second: Annotated[float, Field(gt=0, le=50)] = 2.0


class LogSettings(Section):
    """How the log reads; it never holds message text."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["plain", "json"] = "plain"


class Settings(Section):
    """Everything a person can set. ``Settings()`` is what an empty file means."""

    locale: Literal["en", "nl"] = "en"
    discord: DiscordSettings = DiscordSettings()
    store: StoreSettings = StoreSettings()
    bus: BusSettings = BusSettings()
    engine: EngineSettings = EngineSettings()
    policy: PolicySettings = PolicySettings()
    queue: QueueSettings = QueueSettings()
    channels: Mapping[ChannelName, ChannelSettings] = {}
    staff: StaffSettings = StaffSettings()
    hours: HoursSettings = HoursSettings()
    retention: RetentionSettings = RetentionSettings()
    console: ConsoleSettings = ConsoleSettings()
    digest: DigestSettings = DigestSettings()
    catch_up: CatchUpSettings = CatchUpSettings()
    log: LogSettings = LogSettings()
