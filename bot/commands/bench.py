"""``tidekeeper bench``: measure this machine with this version."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Mapping

from bot.bench.result import Report, Result, machine
from bot.commands.engine import data_folder
from bot.commands.settings import settings_of


def bench(options: Namespace, environ: Mapping[str, str]) -> int:
    """Run one benchmark and print its figures."""
    results = _measured(options, environ)
    if options.json:
        print(json.dumps({"machine": machine(), "results": [r.as_json() for r in results]}))
        return 0
    print("machine: " + ", ".join(f"{key} {value}" for key, value in machine().items()))
    print(results.text if isinstance(results, Report) else Report(results).text)
    return 0


def _measured(options: Namespace, environ: Mapping[str, str]) -> list[Result]:
    settings = settings_of(options, environ)
    match options.name:
        case "pipeline":
            from bot.bench.pipeline import pipeline

            return pipeline(settings, full=options.full)
        case "toxicity":
            from bot.bench.toxicity import toxicity

            return toxicity(settings, data_folder(None, environ), full=options.full)
        case _:
            from bot.bench.latency import latency

            return latency(settings, full=options.full)
