"""Links that deceive: blocked domains, look-alikes of well-known ones, masks over other targets.

An ordinary link is never a signal: where a rule could also meet an honest neighbour of a well-known
name (finance and Binance, switch and Twitch), it keeps silent. An address is read as a browser reads
it (WHATWG URL Standard: who logs in before the host, the port after it, percent signs, full-width
letters and ideographic stops undone, IDNA labels decoded).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import re2
from rapidfuzz.distance import OSA

from moderation.risks import risk_of
from moderation.rules import Rules
from moderation.text import fold
from moderation.types import Context, Signal, Span

_LINK = re2.compile(r"(?i)\bhttps?://([^\s/\\?#<>]+)")
_MASK = re2.compile(r"(?i)\[([^\]\n]{1,200})\]\(\s*<?https?://([^\s/\\?#<>]+)[^)\n]*\)")
_SHOWN = re2.compile(
    r"(?i)(?:https?://([^\s/\\?#<>]+)|((?:[^\s/\\?#<>@:.]+\.)+"
    r"(?:com|org|net|io|gg|gift|dev|app|tv|ru|eu|uk|nl|de|be|fr|co))(?::\d+)?)(?:[/?#]\S*)?"
)
_DECORATION = " *_~`|<>.,!:;\u2026"
_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_AFTER_HOST = re.compile(r"[\s()\[\]{}\"'|*`~,;:!]")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_FAMILIES: Mapping[str, str] = {
    "discord.com": "discord.gg discord.gift discord.gifts discord.dev discord.new discord.media "
    "discord.co discord.app discord.store discord.tools discord.design discordapp.com "
    "discordapp.net discordcdn.com discordmerch.com discordpartygames.com discordsays.com "
    "discordstatus.com discord-activities.com dis.gd",
    "steamcommunity.com": "steampowered.com steamstatic.com steamusercontent.com s.team",
    "roblox.com": "rbxcdn.com",
    "paypal.com": "paypal.me paypalobjects.com",
    "microsoft.com": "microsoftonline.com aka.ms live.com office.com",
    "google.com": "g.co goo.gl googleapis.com googleusercontent.com",
    "github.com": "github.io github.dev github.blog githubusercontent.com githubstatus.com git.io",
    "gitlab.com": "gitlab.io",
    "apple.com": "apple.co icloud.com",
    "amazon.com": "amzn.to amzn.eu amzn.com a.co",
    "netflix.com": "nflx.it",
    "epicgames.com": "fortnite.com",
    "twitch.tv": "twitch.com",
    "youtube.com": "youtu.be",
    "facebook.com": "fb.com fb.me fb.watch",
    "instagram.com": "instagr.am ig.me",
    "binance.com": "binance.us",
    "coinbase.com": "",
    "metamask.io": "",
    "opensea.io": "",
    "twitter.com": "x.com t.co",
    "reddit.com": "redd.it",
    "linkedin.com": "lnkd.in",
    "spotify.com": "spoti.fi",
    "telegram.org": "t.me telegram.me",
    "whatsapp.com": "wa.me",
}
"""Well-known domains with those that the same owner uses, short ones among them."""

_FAMILY = {own: main for main, others in _FAMILIES.items() for own in (main, *others.split())}

_NATIONAL = _set("paypal microsoft google apple amazon netflix youtube facebook instagram")
"""Names whose owners hold them under many countries' suffixes (amazon.de, google.com.br)."""

_ONE_HOME = _set(
    "discord discordapp steamcommunity steampowered roblox github gitlab epicgames twitch binance "
    "coinbase metamask opensea"
)
_NAMES = _NATIONAL | _ONE_HOME
"""Names that phishing on Discord imitates most."""

_DISTINCT = _set("discord discordapp microsoft instagram metamask roblox coinbase")
"""Names that no honest one stands next to (looked for among a million names of packages)."""

_BAIT = _set(
    "account airdrop airdrops billing bonus boost captcha claim com free gift gifts giveaway login "
    "logon nitro promo reward rewards secure signin signup skins unlock verification verify wallet "
    "www"
)
"""Words that turn somebody's name into a lure when they stand beside it."""

_LURE = "hypesquad"
"""Discord's own programme; nobody else has business with a domain of this name."""

_CATALOGUES = _set("github.com gitlab.com microsoft.com npmjs.com pypi.org")
"""Where projects live that are named like a domain (socket.io, asp.net)."""

_HONEST = _set(
    "discard discords discardapp discordo goggle goggles googie googles netfix "
    "paypay epicgame epicgamer epicgamers macrosoft metatask streamcommunity teamcommunity "
    "netix robox open-sea epic-games coin-base opensees"
)
"""Names of others that stand one letter from a well-known one."""

_SECOND_LEVEL = _set("ac co com edu go gob gov ltd ne net nom or org plc sch")
"""What registries of countries put before their own label (Public Suffix List): co.uk, com.br."""

_SHARED = _set(
    "github.io gitlab.io js.org readthedocs.io netlify.app vercel.app pages.dev workers.dev web.app "
    "firebaseapp.com herokuapp.com onrender.com repl.co glitch.me blogspot.com weebly.com "
    "wixsite.com itch.io pp.ru pp.ua ru.com us.com uk.com de.com eu.com sa.com za.com cn.com br.com "
    "co.com"
)
"""Domains under which each label has an owner of its own (Public Suffix List, private part)."""

_KNOWN = frozenset(_FAMILY) - _SHARED
_SEQUENCES = tuple(f".{domain}" for domain in _KNOWN if domain.split(".")[0] in _NAMES)

_SHORT, _LONG = 6, 12
"""Letters from which on a name is compared by likeness, and within several edits."""
_EDITS, _FEW_EDITS = 4, 2
_SIGNS = str.maketrans("01i345", "olleas")
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_RUN = re.compile(r"(.)\1+")


@dataclass(frozen=True, slots=True)
class _Link:
    """``login`` is what an address says before the host (a name that the reader takes for it)."""

    host: str
    login: str
    span: Span


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


def _links(text: str) -> Iterator[_Link]:
    for match in _LINK.finditer(text):
        login, _, host = match.group(1).rpartition("@")
        span = Span(start=match.start(), end=match.end())
        yield _Link(host=_host(host), login=_host(login), span=span)


@lru_cache(maxsize=4096)  # people link to the same places again and again
def _host(written: str) -> str:
    """The host that a browser would ask for, in Unicode; "" when there is none."""
    decoded = _ESCAPES.sub(_unescaped, written)
    plain = unicodedata.normalize("NFKC", decoded).lower().replace("\u3002", ".")
    seen = "".join(char for char in plain if unicodedata.category(char) != "Cf")
    bare = _AFTER_HOST.split(seen, maxsplit=1)[0].strip("._-")
    return ".".join(map(_label, bare.split("."))).removeprefix("www.")


def _unescaped(escapes: re.Match[str]) -> str:
    return bytes.fromhex(escapes[0].replace("%", "")).decode(errors="replace")


def _label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label.removeprefix("xn--").encode("ascii").decode("punycode")
    except UnicodeError:
        return label


@lru_cache(maxsize=8)
def _normal(domains: frozenset[str]) -> frozenset[str]:
    return frozenset(_host(domain) for domain in domains)


def _listed(host: str, domains: frozenset[str]) -> bool:
    labels = host.split(".")
    return any(".".join(labels[n:]) in domains for n in range(len(labels)))


def _allowed(host: str, rules: Rules) -> bool:
    return _listed(host, _normal(rules.policy.allowed_domains))


def _blocked(text: str, rules: Rules) -> Iterator[Span]:
    blocked = _normal(rules.policy.blocked_domains)
    for link in _links(text):
        if _listed(link.host, blocked) and not _allowed(link.host, rules):
            yield link.span


def _lookalikes(text: str, rules: Rules) -> Iterator[Span]:
    for link in _links(text):
        if _listed(link.host, _KNOWN) or _allowed(link.host, rules):
            continue
        if _listed(link.login, _KNOWN) or _imitates(link.host):
            yield link.span


@lru_cache(maxsize=4096)
def _imitates(host: str) -> bool:
    plain = host if host.isascii() else fold(host).text
    if plain != host and _listed(plain, _KNOWN):
        return True
    name, suffix = _registered(plain)
    if name in _NATIONAL and suffix not in _SHARED:
        return False
    return _leads_on(plain) or _deceives(name)


def _registered(host: str) -> tuple[str, str]:
    """The label that somebody registered, and the public suffix behind it."""
    labels = host.split(".")
    tail = ".".join(labels[-2:])
    national = len(labels[-1]) == 2 and labels[-2:-1] and labels[-2] in _SECOND_LEVEL
    size = 2 if len(labels) > 2 and (national or tail in _SHARED) else 1
    return ".".join(labels[-size - 1 : -size]), ".".join(labels[-size:])


def _leads_on(host: str) -> bool:
    """Whether a known domain stands in front of another: ``discord.com.login.example``."""
    return any(f"{known}{sign}" in f".{host}" for known in _SEQUENCES for sign in ".-")


def _deceives(name: str) -> bool:
    words = [word for word in name.split("-") if word]
    joined = "".join(words)
    if name in _HONEST or joined in _HONEST:
        return False
    if _LURE in joined or any(known in joined for known in _NAMES if len(known) >= _LONG):
        return True
    if joined in _NAMES and len(words) > 1:
        return True
    baited = not _BAITS.isdisjoint(map(_skeleton, words))
    return any(_near_any(word, baited) for word in words)


def _near_any(word: str, baited: bool) -> bool:
    """Whether the word, or what two baits at its ends leave of it, is near a name."""
    once = _without_bait(_skeleton(word))
    cores = {*once, *(core for one in once for core in _without_bait(one))}
    return any(_near(word, known, baited) or _lured(cores, known) for known in _NAMES)


def _without_bait(seen: str) -> set[str]:
    before = {seen.removeprefix(bait) for bait in _ENDS if seen.startswith(bait)}
    return before | {seen.removesuffix(bait) for bait in _ENDS if seen.endswith(bait)}


def _lured(cores: set[str], known: str) -> bool:
    return any(_near(core, known, baited=True) for core in cores) or _skeleton(known) in cores


def _near(word: str, known: str, baited: bool) -> bool:
    if word in {known, f"{known}s", f"{known}id"}:
        return baited
    if word in _HONEST:
        return False
    seen, meant = _skeleton(word), _skeleton(known)
    if len(known) < _SHORT:
        return seen == meant and len(word) == len(known) and not word.isalpha()
    if seen == meant:
        return True
    edits = OSA.distance(seen, meant, score_cutoff=_EDITS)
    if seen[:1] != meant[:1] or edits > _EDITS:
        return False
    if len(known) >= _LONG:
        return edits <= _most_edits(word)
    if known in _DISTINCT:
        return edits == 1
    return edits == 1 and (sorted(word) == sorted(known) or (baited and _one_off(word, known)))


def _one_off(word: str, known: str) -> bool:
    return OSA.distance(word, known, score_cutoff=1) == 1


def _most_edits(word: str) -> int:
    """How far a long name may be off: little when an honest word remains or is as near."""
    if "community" in word:
        return 1
    return _EDITS if len(word) > _LONG else _FEW_EDITS


@lru_cache(maxsize=256)
def _skeleton(word: str) -> str:
    """What a hasty reader sees: signs as letters, l for i, pairs as one letter, no doubles.

    After the skeletons of Unicode Technical Standard 39, for the letters of host names.
    """
    seen = word.translate(_SIGNS)
    for pair, letter in _PAIRS:
        seen = seen.replace(pair, letter)
    return _RUN.sub(r"\1", seen)


_BAITS = frozenset(map(_skeleton, _BAIT))
_ENDS = _BAITS - {_skeleton("www")}


def _masked(text: str, rules: Rules) -> Iterator[Span]:
    for match in _MASK.finditer(text):
        shown = _shown(match.group(1))
        target = _host(match.group(2).rpartition("@")[2])
        if shown and not _same_site(shown, target) and not _allowed(target, rules):
            yield Span(start=match.start(), end=match.end())


def _shown(words: str) -> str:
    """The host of a visible text that is an address as a whole; "" when it is anything else."""
    match = _SHOWN.fullmatch(words.strip(_DECORATION))
    if match is None:
        return ""
    host = _host((match.group(1) or match.group(2)).rpartition("@")[2])
    return host if host.isascii() else _plain(host)


def _plain(host: str) -> str:
    """The known domain that a host in other letters is read as, or else the host."""
    plain = fold(host).text
    return plain if _listed(plain, _KNOWN) else host


def _same_site(shown: str, target: str) -> bool:
    (name, suffix), (other, behind) = _registered(shown), _registered(target)
    one, two = f"{name}.{suffix}", f"{other}.{behind}"
    known = _FAMILY.get(one)
    if one == two or (known and known == _FAMILY.get(two)):
        return True
    if not known and two in _CATALOGUES:
        return True
    return name == other and name not in _ONE_HOME and not {suffix, behind} & _SHARED
