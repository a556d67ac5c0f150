"""The kinds of value that settings are written in: durations, opening hours, addresses, patterns.

Each parser takes what a person wrote and returns the value, or raises ``ValueError`` with a
sentence that says what would be right. None repeats what was written: it may be a secret.
"""

from __future__ import annotations

import json
import re
from datetime import date, time, timedelta
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import re2
from pydantic import AfterValidator, BeforeValidator

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"(\d{1,9})\s*([smhd])")
_ENGINE = re.compile(r"builtin|detoxify:(original|unbiased|multilingual)")
_OPENING = re.compile(
    r"(?P<first>[a-z]{3})(-(?P<last>[a-z]{3}))? (?P<opens>\d\d:\d\d)-(?P<closes>\d\d:\d\d)"
)
_LONGEST = timedelta(days=3650)
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORT = tuple(day[:3] for day in DAYS)


class Disagreement(ValueError):
    """Values that are wrong together; ``keys`` are theirs, below the table that holds them."""

    def __init__(self, said: str, *keys: str) -> None:
        super().__init__(said)
        self.keys = keys


def _duration(written: Any) -> Any:
    if isinstance(written, timedelta):
        return written
    match = _DURATION.fullmatch(written.strip()) if isinstance(written, str) else None
    if match is None:
        raise ValueError('must be a duration such as "8s", "10m", "1h" or "28d"')
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _bounded(value: timedelta) -> timedelta:
    if value <= timedelta():
        raise ValueError("must be longer than zero")
    if value > _LONGEST:
        raise ValueError("must be at most 3650d")
    return value


def _timeout(value: timedelta) -> timedelta:
    if value > timedelta(days=28):
        raise ValueError("must be at most 28d, Discord's longest timeout")
    return value


def _channel(written: str) -> str:
    """A channel as people write it, with or without the sign before its name."""
    name = written.strip().removeprefix("#")
    if not name:
        raise ValueError("must be the name or the id of a channel")
    return name


def _listed(written: Any) -> Any:
    """A list from the environment: ``a, b`` or a JSON list (TOML brings real lists)."""
    if not isinstance(written, str):
        return written
    if not written.lstrip().startswith("["):
        return tuple(part.strip() for part in written.split(",") if part.strip())
    try:
        return json.loads(written)
    except ValueError:
        raise ValueError('must be a list such as a, b or ["a", "b"]') from None


def _clock_time(written: Any) -> Any:
    if isinstance(written, time):
        return written
    try:
        return time.fromisoformat(written if len(written) == len("08:30") else "")
    except (TypeError, ValueError):
        raise ValueError('must be a time such as "08:30"') from None


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        if name != "UTC":
            raise ValueError('must be a time zone such as "Europe/Amsterdam" or "UTC"') from None
    return name


def _opening(written: str) -> str:
    match = _OPENING.fullmatch(written)
    days = [match["first"], match["last"] or match["first"]] if match else []
    if match is None or any(day not in _SHORT for day in days):
        raise ValueError('must look like "mon-fri 09:00-17:30" or "sat 10:00-12:00"')
    if _clock_time(match["opens"]) >= _clock_time(match["closes"]):
        raise ValueError("must open before it closes; write two windows to pass midnight")
    return written


def _holiday(written: Any) -> Any:
    try:
        return written if isinstance(written, date) else date.fromisoformat(written)
    except (TypeError, ValueError):
        raise ValueError('must be a date such as "2026-12-25"') from None


def _pattern(written: str) -> str:
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(written, options)
    except re2.error:
        raise ValueError(
            "must be a pattern of RE2's syntax (no look-around, no back-references)"
        ) from None
    return written


def _web(written: str) -> str:
    return _address(written, ("http", "https"), "https://discord.com/api/v10")


def _socket(written: str) -> str:
    return _address(written, ("ws", "wss"), "wss://gateway.discord.gg")


def _address(written: str, schemes: tuple[str, ...], example: str) -> str:
    try:
        parts = urlsplit(written)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        raise ValueError(f"must be an address such as {example}") from None
    if parts.scheme not in schemes or not parts.hostname or not port_fits:
        raise ValueError(f"must be an address such as {example}")
    return written.rstrip("/")


def _bind(written: str) -> str:
    host, _, port = written.rpartition(":")
    try:
        if host != "localhost":
            ip_address(host.strip("[]"))
        if not 0 <= int(port) <= 65535:
            raise ValueError
    except ValueError:
        raise ValueError('must be host and port such as "127.0.0.1:8710"') from None
    return written


def _store(written: str) -> str:
    if written.startswith(("postgresql://", "postgres://")):
        raise ValueError("PostgreSQL is not available in this version; use sqlite:///path")
    if not written.startswith("sqlite:///") or written == "sqlite:///":
        raise ValueError("must be sqlite:///path (four slashes for an absolute path)")
    return written


def _bus(written: str) -> str:
    if written.startswith(("redis://", "rediss://")):
        raise ValueError("Redis is not available in this version; use memory:")
    if written != "memory:":
        raise ValueError("must be memory:")
    return written


def _engine(written: str) -> str:
    if written.startswith("onnx:") and written.removeprefix("onnx:").strip():
        return written
    if _ENGINE.fullmatch(written) is None:
        raise ValueError(
            "must be builtin, detoxify:original, :unbiased or :multilingual, or onnx:FOLDER"
        )
    return written


def _digest(written: str) -> str:
    if written and re.fullmatch(r"[0-9a-f]{64}", written) is None:
        raise ValueError("must be a SHA-256 of 64 characters 0-9 and a-f, or empty")
    return written


def _maybe_socket(written: str) -> str:
    return _socket(written) if written else written


Duration = Annotated[timedelta, BeforeValidator(_duration), AfterValidator(_bounded)]
Timeout = Annotated[Duration, AfterValidator(_timeout)]
ChannelName = Annotated[str, AfterValidator(_channel)]
Strings = Annotated[tuple[str, ...], BeforeValidator(_listed)]
ClockTime = Annotated[time, BeforeValidator(_clock_time)]
Zone = Annotated[str, AfterValidator(_zone)]
Openings = Annotated[tuple[Annotated[str, AfterValidator(_opening)], ...], BeforeValidator(_listed)]
Holidays = Annotated[
    tuple[Annotated[date, BeforeValidator(_holiday)], ...], BeforeValidator(_listed)
]
Patterns = Annotated[tuple[Annotated[str, AfterValidator(_pattern)], ...], BeforeValidator(_listed)]
WebAddress = Annotated[str, AfterValidator(_web)]
SocketAddress = Annotated[str, AfterValidator(_maybe_socket)]
StoreAddress = Annotated[str, AfterValidator(_store)]
BusAddress = Annotated[str, AfterValidator(_bus)]
EngineName = Annotated[str, AfterValidator(_engine)]
Sha256 = Annotated[str, AfterValidator(_digest)]
Bind = Annotated[str, AfterValidator(_bind)]
