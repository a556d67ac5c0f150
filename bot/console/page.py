"""The open cases on one page, and ``GET /health``. Reads only; message text is never shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from aiohttp import web
from jinja2 import Environment, FileSystemLoader

from config.locale import Locale
from moderation.errors import StoreError
from moderation.ports import Clock, Store
from moderation.types import Case, ChannelId, GuildId

HERE = Path(__file__).parent
STATIC = HERE / "static"
HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self';"
            " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
)
"""Nothing from elsewhere, nothing inline, no frame, nothing kept."""

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_console(
    store: Store,
    guild: GuildId,
    *,
    clock: Clock,
    locale: Locale,
    channels: Mapping[ChannelId, str],
) -> web.Application:
    """The console of one guild as a web application; ``channels`` are the names by id.

    It answers only requests that name the loopback interface as their host, so that a page
    elsewhere cannot reach it through a name of its own.
    """
    pages = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True)
    page = pages.get_template("cases.html")

    async def cases(_: web.Request) -> web.Response:
        rows = [_row(case, locale, channels, clock) for case in await store.queue(guild)]
        return web.Response(text=page.render(rows=rows), content_type="text/html")

    async def health(_: web.Request) -> web.Response:
        try:
            waiting = len(await store.queue(guild))
        except StoreError:
            return web.json_response({"status": "failing", "store": "unavailable"}, status=503)
        return web.json_response({"status": "ok", "open_cases": waiting})

    app = web.Application(middlewares=[guarded])
    app.router.add_get("/", cases)
    app.router.add_get("/health", health)
    app.router.add_static("/static", STATIC)
    return app


@web.middleware
async def guarded(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Refuse foreign host names; put the protective headers on every answer."""
    if request.host.partition(":")[0] not in ("127.0.0.1", "localhost"):
        raise web.HTTPForbidden(text="This page is only for this machine.\n")
    answer = await handler(request)
    answer.headers.update(HEADERS)
    return answer


def _row(
    case: Case, locale: Locale, channels: Mapping[ChannelId, str], clock: Clock
) -> dict[str, str]:
    minutes = int((clock.now() - case.opened_at).total_seconds() // 60)
    return {
        "number": str(case.id),
        "severity": locale.text(f"severity.{case.severity.value}"),
        "level": str(case.severity.value),
        "what": _what(case, locale),
        "where": channels.get(case.channel, "?"),
        "waiting": _waiting(minutes),
        "state": locale.text(f"state.{case.state.value}"),
        "reports": str(case.reports),
    }


def _what(case: Case, locale: Locale) -> str:
    kinds: Iterable[str] = dict.fromkeys(signal.kind for signal in case.signals)
    return ", ".join(_words(kind, locale) for kind in kinds)


def _words(kind: str, locale: Locale) -> str:
    for key in (f"signal.{kind}", f"signal.{kind.partition('.')[0]}.any"):
        if locale.has(key):
            return locale.text(key)
    return locale.text("signal.any")


def _waiting(minutes: int) -> str:
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
