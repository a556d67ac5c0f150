"""``tidekeeper doctor``: every check, its outcome, and how to mend it."""

from __future__ import annotations

import asyncio
import json
from argparse import Namespace
from collections.abc import Mapping
from datetime import datetime

from bot import doctor as local
from bot.clock import SystemClock
from bot.commands.settings import settings_of
from bot.findings import Finding, Level, fail
from bot.render.plain import plain
from config.schema import Settings
from moderation.errors import SettingsError


def doctor(options: Namespace, environ: Mapping[str, str]) -> int:
    """0 when nothing fails, 1 when something does, 2 when the settings are invalid."""
    now = SystemClock().now()
    try:
        settings = settings_of(options, environ)
    except SettingsError as error:
        if options.json:
            mend = "see config/default.toml for every key"
            _tell([fail("settings", problem, mend) for problem in error.problems], as_json=True)
        raise
    if options.health:
        finding = local.health(settings, now)
        _tell([finding], as_json=options.json)
        return 0 if finding.level is Level.OK else 1
    findings = asyncio.run(_all(settings, now))
    _tell(findings, as_json=options.json)
    return 1 if any(finding.level is Level.FAIL for finding in findings) else 0


async def _all(settings: Settings, now: datetime) -> list[Finding]:
    from bot.doctor_online import discord_checks

    findings = await local.store(settings, now)
    findings = [*local.machine(settings, now), *findings]
    return findings + [finding async for finding in discord_checks(settings, now)]


def _tell(findings: list[Finding], *, as_json: bool) -> None:
    if not as_json:
        print("\n".join(plain(line) for f in findings for line in str(f).splitlines()))
        return
    rows = [
        {"level": f.level.value, "check": f.check, "what": f.what, "mend": f.mend} for f in findings
    ]
    print(json.dumps({"ok": not any(f.level is Level.FAIL for f in findings), "findings": rows}))
