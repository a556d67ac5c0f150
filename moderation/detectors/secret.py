"""Keys and tokens that open something: found by their issuer's published form.

The forms are those the issuers document for secret scanning (AWS, GitHub, GitLab, Slack, Stripe,
Discord, Google, npm, PyPI, OpenAI, Anthropic, SendGrid), RFC 7519 for JWT, RFC 7468 and RFC 4880 for
private keys, RFC 3986 for a password in an address. What a manual prints as an example, a
placeholder, or a value of a few characters over and over opens nothing and is no signal. The value
is never repeated, only where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import re2

from moderation.risks import risk_of
from moderation.rules import Rules
from moderation.types import Context, Signal, Span

_PEM = "secret.private_key"
_PGP = "secret.pgp_private_key"
_DATABASE = "secret.database_password"

_FORMS: Mapping[str, Any] = {
    kind: re2.compile(form)
    for kind, form in {
        "secret.aws_access_key": r"\b(?:AKIA|ASIA)(?P<value>[A-Z2-7]{16})\b",
        "secret.aws_secret_key": (
            r"(?i)(?:aws.?secret.?(?:access.?)?key|secret.?access.?key)[\"'`\s:=>]{1,8}"
            r"(?P<value>[a-z0-9/+]{40})(?:[^a-z0-9/+=]|$)"
        ),
        "secret.github_token": (
            r"\b(?:gh[pousr]_(?P<value>[A-Za-z0-9]{36,255})"
            r"|github_pat_(?P<other>[A-Za-z0-9_]{60,255}))\b"
        ),
        "secret.gitlab_token": r"\bglpat-(?P<value>[A-Za-z0-9_-]{20,255})",
        "secret.slack_token": r"\bxox[abeoprs]-(?P<value>[A-Za-z0-9-]{10,250})",
        "secret.slack_app_token": r"\bxapp-(?P<value>\d-[A-Z0-9]{6,20}-\d{6,20}-[a-f0-9]{32,128})",
        "secret.slack_webhook": (
            r"\bhttps://hooks\.slack\.com/(?:services|workflows|triggers)/[A-Z0-9]{8,14}/"
            r"(?:[A-Z0-9]{8,14}|\d{8,20})/(?P<value>[A-Za-z0-9]{20,64}(?:/[A-Za-z0-9]{8,64})?)"
        ),
        "secret.discord_webhook": (
            r"\bhttps://(?:[a-z]{2,8}\.)?discord(?:app)?\.com/api/(?:v\d{1,2}/)?"
            r"webhooks/\d{17,20}/(?P<value>[A-Za-z0-9_-]{60,80})"
        ),
        "secret.stripe_key": r"\b(?:sk|rk)_live_(?P<value>[A-Za-z0-9]{16,250})\b",
        "secret.discord_token": (
            r"\b(?P<value>[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40})\b"
        ),
        "secret.google_api_key": r"\bAIza(?P<value>[A-Za-z0-9_-]{35})",
        "secret.npm_token": r"\bnpm_(?P<value>[A-Za-z0-9]{36})\b",
        "secret.pypi_token": r"\bpypi-AgE[A-Za-z0-9]{15,17}(?P<value>[A-Za-z0-9_-]{50,250})",
        "secret.anthropic_key": r"\bsk-ant-[a-z]{3,6}\d\d-(?P<value>[A-Za-z0-9_-]{80,120})",
        "secret.openai_key": (
            r"\bsk-(?:(?P<value>[A-Za-z0-9]{48})\b"
            r"|(?:proj|svcacct|admin)-(?P<other>[A-Za-z0-9_-]{40,200}))"
        ),
        "secret.sendgrid_key": r"\bSG\.(?P<value>[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43})",
        "secret.jwt_token": (
            r"\beyJ[A-Za-z0-9_-]{10,}\.(?P<value>eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,})"
        ),
        _DATABASE: (
            r"(?i)\b(?:postgres(?:ql)?|mysql|mariadb|mongodb|rediss?|amqps?|mssql|sqlserver"
            r"|clickhouse)(?:\+[a-z0-9]{1,20})?://(?P<user>[^\s:/@]{0,100}):"
            r"(?P<value>[^\s/]{1,200})@(?P<host>[^\s/:@?#,\"']+)"
        ),
        _PEM: r"-----BEGIN (?:[A-Z0-9]+ )*(?P<value>PRIVATE KEY)-----",
        _PGP: r"-----BEGIN PGP (?P<value>PRIVATE KEY BLOCK)-----",
    }.items()
}
"""Each form's ``value`` (``other`` in a second spelling) is the part that is secret."""

_HINT = re2.compile(
    r"AKIA|ASIA|(?i:secret.?(?:access.?)?key)|gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|xapp-"
    r"|hooks\.slack\.com|/webhooks/|k_live_|AIza|npm_|pypi-AgE|sk-|SG\.|eyJ|://[^\s/]*:[^\s/]*@"
    r"|PRIVATE KEY|[MNO][A-Za-z0-9_-]{23,27}\."
)
_END = re2.compile(r"-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----")
_KEY_FOLLOWS = re2.compile(
    r"^(?:[ \t]*(?:\\r)?(?:\\n|\r?\n)(?:\s|\\n)*[A-Za-z0-9+/=-]{3,}(?::|\s*(?:\\n|\n|$|-----END))"
    r"|\s*[A-Za-z0-9+/]{20,})"
)
"""What stands behind the opening line of a real key: headers or base64, perhaps as ``\\n``."""

_PLACEHOLDER = re2.compile(
    r"(?i)example|your|place.?holder|change.?me|dummy|sample|redacted|replace|insert|goes.?here"
    r"|xxxx|\*\*\*|\.\.\.|[<>${}%]|0123456789|1234567890|abcdefgh|fake"
    r"|eyJzdWIiOiIxMjM0NTY3ODkwI"  # {"sub":"1234567890": the token on the front page of jwt.io
)
_WEAK = frozenset(
    ["admin", "guest", "pass", "passwd", "password", "postgres", "pwd", "root", "secret", "test"]
)
"""Passwords that stand in every manual."""

_NOWHERE = re2.compile(
    r"(?i)^(?:localhost|127\.[\d.]+|0\.0\.0\.0|host|hostname|host\.docker\.internal"
    r"|(?:.+\.)?(?:example|example\.(?:com|net|org)|test|invalid|localhost))$"
)
"""Hosts that nobody else can reach or that do not exist (RFC 2606, RFC 6761)."""

_LONG_RUN = re.compile(r"[A-Za-z0-9_+/=-]{14}|://|PRIVATE|(?i:secret)")
"""In every form above there is one of these; most messages have none, and this asks quickest."""

_FEW, _SHARE = 4, 6
"""A value needs more different characters than ``_FEW``, and than a ``_SHARE``-th of its length."""
_MOST_NEEDED = 10


def secret(context: Context, _rules: Rules) -> Signal | None:
    """The first form found with a value that is none of an example, and the spans of all such."""
    text = context.message.text
    if not _may_hold(text):
        return None
    for kind, form in _FORMS.items():
        matches = [m for m in form.finditer(text) if _opens(kind, m, text)]
        if matches:
            spans = tuple(_span(match) for match in matches)
            facts = (("found", len(spans)),)
            return Signal(kind=kind, risk=risk_of(kind), score=0.99, spans=spans, facts=facts)
    return None


def covers(text: str) -> tuple[Span, ...]:
    """Where secrets stand in any text: what every copy must cover.

    A private key to its last line, or to the end of the text where that is missing. What is only
    shaped like a secret is covered too, since an example that is covered hurts nobody.
    """
    if not _may_hold(text):
        return ()
    return (*_tokens(text), *_blocks(text))


def _may_hold(text: str) -> bool:
    return _LONG_RUN.search(text) is not None and _HINT.search(text) is not None


def _tokens(text: str) -> Iterator[Span]:
    for kind, form in _FORMS.items():
        if kind not in {_PEM, _PGP}:
            yield from map(_span, form.finditer(text))


def _blocks(text: str) -> Iterator[Span]:
    """Private keys, read once from left to right."""
    ends = [match.end() for match in _END.finditer(text)]
    done = 0
    for start in sorted(m.start() for kind in (_PEM, _PGP) for m in _FORMS[kind].finditer(text)):
        if start >= done:
            while ends and ends[0] <= start:
                del ends[0]
            done = ends[0] if ends else len(text)
            yield Span(start=start, end=done)


def _value(match: Any) -> str:
    groups: dict[str, str | None] = match.groupdict()
    return groups["value"] or groups.get("other") or ""


def _span(match: Any) -> Span:
    """From the form's beginning to the end of the secret part."""
    value = match.re.groupindex["value"]
    whole = match.group(value) is None or match.group().endswith("-----")
    return Span(start=match.start(), end=match.end() if whole else match.end(value))


def _opens(kind: str, match: Any, text: str) -> bool:
    """Whether the value can open something, as far as one can see."""
    if kind in {_PEM, _PGP}:
        return _KEY_FOLLOWS.search(text[match.end() : match.end() + 200]) is not None
    value = _value(match)
    if _PLACEHOLDER.search(value):
        return False
    if kind == _DATABASE:
        return _is_password(value, match.group("user")) and not _NOWHERE.search(match.group("host"))
    return len(set(value)) > max(_FEW, min(len(value) // _SHARE, _MOST_NEEDED))


def _is_password(value: str, user: str) -> bool:
    return value.lower() not in {*_WEAK, user.lower()} and len(set(value)) > _FEW
