"""Links that deceive: blocked domains, look-alikes of well-known ones, masks over other targets.

An ordinary link is never a signal.
"""

from __future__ import annotations

from collections.abc import Iterator

import re2
from rapidfuzz.distance import OSA

from moderation.risks import risk_of
from moderation.rules import Rules
from moderation.text import fold
from moderation.types import Context, Signal, Span

_LINK = re2.compile(r"(?i)\bhttps?://([^\s/<>()\[\]\"'|:?#]+)")
_MASK = re2.compile(r"\[([^\]\n]{1,200})\]\(<?https?://([^\s/<>()\[\]\"'|:?#]+)[^\s)]*\)")
_DOMAIN = re2.compile(r"(?i)\b(?:[a-z0-9-]+\.)+(?:com|org|net|io|gg|gift|dev|app|nl|de|co)\b")

_KNOWN = frozenset(
    [
        "discord.com",
        "discordapp.com",
        "discord.gg",
        "discord.gift",
        "steamcommunity.com",
        "steampowered.com",
        "roblox.com",
        "paypal.com",
        "microsoft.com",
        "google.com",
        "github.com",
        "gitlab.com",
        "apple.com",
        "amazon.com",
        "netflix.com",
        "epicgames.com",
        "twitch.tv",
        "youtube.com",
        "facebook.com",
        "instagram.com",
        "binance.com",
        "coinbase.com",
        "metamask.io",
        "opensea.io",
    ]
)
"""Domains that phishing on Discord imitates most."""

_BAIT = frozenset({"nitro", "gift", "giveaway", "airdrop", "free", "login", "verify", "claim"})
_SHORTEST = 6
"""Names shorter than this have too many honest neighbours one letter away."""


def links(context: Context, rules: Rules) -> Signal | None:
    """``link.blocked``, ``link.lookalike`` or ``link.masked``, the first that is found."""
    text = context.message.text
    if "://" not in text:
        return None
    for kind, score, find in (
        ("link.blocked", 0.99, _blocked),
        ("link.lookalike", 0.9, _lookalikes),
        ("link.masked", 0.9, _masked),
    ):
        spans = tuple(find(text, rules))
        if spans:
            facts = (("links", len(spans)),)
            return Signal(kind=kind, risk=risk_of(kind), score=score, spans=spans, facts=facts)
    return None


def _hosts(text: str) -> Iterator[tuple[str, Span]]:
    for match in _LINK.finditer(text):
        host = match.group(1).lower().rpartition("@")[2].removeprefix("www.").rstrip(".")
        yield host, Span(start=match.start(), end=match.end())


def _listed(host: str, domains: frozenset[str]) -> bool:
    labels = host.split(".")
    return any(".".join(labels[n:]) in domains for n in range(len(labels)))


def _blocked(text: str, rules: Rules) -> Iterator[Span]:
    policy = rules.policy
    for host, span in _hosts(text):
        if _listed(host, policy.blocked_domains) and not _listed(host, policy.allowed_domains):
            yield span


def _lookalikes(text: str, rules: Rules) -> Iterator[Span]:
    for host, span in _hosts(text):
        allowed = _listed(host, _KNOWN) or _listed(host, rules.policy.allowed_domains)
        if not allowed and _imitates(host):
            yield span


def _imitates(host: str) -> bool:
    plain = _readable(host)
    if plain != host and _listed(plain, _KNOWN):
        return True
    name = plain.split(".")[-2] if "." in plain else plain
    words = [word for word in name.split("-") if word]
    return any(_near(word, known, words) for known in _NAMES for word in (*words, name))


def _readable(host: str) -> str:
    try:
        shown = host.encode("ascii").decode("idna") if "xn--" in host else host
    except UnicodeError:
        shown = host
    return fold(shown).text


def _near(word: str, known: str, words: list[str]) -> bool:
    if word == known:
        return len(words) > 1 and bool(_BAIT & set(words))
    if len(known) < _SHORTEST:
        return False
    if any(part in word for part in _BAIT) and word.startswith(known):
        return True
    close = OSA.distance(word, known, score_cutoff=1) == 1 or _swapped(word, known)
    return close or word.replace("rn", "m").replace("vv", "w") == known


def _swapped(word: str, known: str) -> bool:
    return len(word) == len(known) and word != known and sorted(word) == sorted(known)


def _masked(text: str, rules: Rules) -> Iterator[Span]:
    for match in _MASK.finditer(text):
        shown = _DOMAIN.search(match.group(1))
        host = match.group(2).lower().removeprefix("www.")
        target = shown.group(0).lower().removeprefix("www.") if shown else host
        if not _listed(host, frozenset({target})) and not _listed(
            host, rules.policy.allowed_domains
        ):
            yield Span(start=match.start(), end=match.end())


_NAMES = frozenset(domain.split(".")[0] for domain in _KNOWN)
