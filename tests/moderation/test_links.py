"""Links that deceive, and the honest neighbours that they are easily taken for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.detectors.links import links
from moderation.rules import Rules
from moderation.types import Context, Policy, Signal
from tests.moderation.people import message

RULES = Rules.of(
    Policy(
        blocked_domains=frozenset({"evil.com", "b\u00f6se.example"}),
        allowed_domains=frozenset({"discord-nitro.example"}),
    )
)


def found(text: str) -> Signal | None:
    return links(Context(message=message(text), folded="", digest=""), RULES)


def kind(text: str) -> str | None:
    signal = found(text)
    return signal and signal.kind


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.com",
        "HTTPS://WWW.EVIL.COM./x",
        "https://user:pw@evil.com",
        "https://github.com:x@evil.com/login",
        "https://github.com@login@evil.com",
        "https://evil.com:8443/x",
        "https://evil.com\\@github.com/x",
        "https://evil\u3002com",
        "https://evil\uff61com/x",
        "https://ev%69l.com",
        "https://%65%76%69%6c%2ecom",
        "https://\uff45\uff56\uff49\uff4c.com",
        "https://ev\u200bil.com",
        "https://b\u00f6se.example/x",
        "https://xn--bse-sna.example",
        "https://bo\u0308se.example",
        "(https://evil.com)",
        "<https://evil.com>",
        "**https://evil.com**",
        "[our shop](https://a:b@evil.com/shop)",
    ],
)
def test_a_blocked_domain_is_found_however_it_is_written(link: str) -> None:
    assert kind(f"look {link} now") == "link.blocked"


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.community/x",
        "https://notevil.com",
        "https://evil.com.example.org",
        "https://example.org/evil.com",
        "https://example.org/?next=https:evil.com",
        "https://evil.com@example.org",
    ],
)
def test_another_host_is_not_the_blocked_one(link: str) -> None:
    assert kind(f"look {link} now") is None


LOOKALIKES = [
    "discord.com.nitro-gift.xyz",
    "login.discord.com.account.example.net",
    "steamcommunity.com.profile.ru",
    "www.steamcommunity.com.ru",
    "paypal.com-secure.info",
    "roblox.com.am",
    "dlscord.co.uk",
    "dlscord.com",
    "dicsord.com",
    "disc0rd.gift",
    "discorcl.com",
    "discord-nitro.gift",
    "nitro-discord.xyz",
    "discordnitro.xyz",
    "free-nitro-discord.ru",
    "d\u0456scord.com",
    "xn--dscord-pvf.com",
    "discord\u00e9.com",
    "app1e.com",
    "appleid-verify.com",
    "apple-id-login.net",
    "paypa1.com",
    "paypai.com",
    "g00gle.com",
    "goog1e.com",
    "gooogle.com",
    "githup-login.com",
    "g1thub.com",
    "arnazon.com",
    "amazon-verify.com",
    "rnicrosoft.com",
    "micros0ft.com",
    "mlcrosoft.com",
    "tvvitch.tv",
    "robiox.com",
    "rob1ox.com",
    "netfllx.com",
    "lnstagram.com",
    "faceb00k.com",
    "coinbasse.com",
    "rnetamask.io",
    "stearncommunity.com",
    "steamcommunuty.link",
    "steancommunity.com",
    "staemcornmunlty.ru",
    "steamcomunity.com",
    "sleamcommunity.com",
    "steampowerd.com",
    "discord-login.github.io",
    "dlscord.netlify.app",
    "join-hypesquad.com",
]
"""Addresses made to be taken for those of Discord, Steam and others."""

HONEST = [
    "finance.com",
    "open-finance.org",
    "finances.gouv.fr",
    "yfinance.io",
    "switch.com",
    "www.switch.ch",
    "nintendo-switch.com",
    "witch.com",
    "twitchy.com",
    "paypay.com",
    "paypay.ne.jp",
    "discords.com",
    "discard.com",
    "discardapp.com",
    "amazonfreertos.com",
    "github.io",
    "owner.github.io",
    "google.github.io",
    "microsoft.github.io",
    "microsoftonline.com",
    "login.microsoftonline.com",
    "discord.js.org",
    "discordjs.guide",
    "discordpy.readthedocs.io",
    "discord.me",
    "discordbotlist.com",
    "discordstatus.com",
    "google.nl",
    "google.co.uk",
    "google.com.br",
    "amazon.de",
    "amazon.com.au",
    "amazon.co.jp",
    "apple.com.cn",
    "azure.microsoft.com",
    "githubusercontent.com",
    "raw.githubusercontent.com",
    "gitlab.io",
    "gitlab.gnome.org",
    "github.company.com",
    "apple.stackexchange.com",
    "applemusic.com",
    "music.apple.com",
    "appie.nl",
    "apples.com",
    "pineapple.com",
    "grapple.net",
    "ample.com",
    "goggle.com",
    "goggles.org",
    "goole.com",
    "googie.com",
    "googlefonts.com",
    "mygoogleapps.com",
    "gitub.com",
    "gthub.com",
    "amazonas.gov.br",
    "amazonia.org",
    "netflixtechblog.com",
    "netfix.com",
    "metatask.com",
    "steamdb.info",
    "steamgifts.com",
    "streamcommunity.com",
    "teamcommunity.com",
    "mycommunity.com",
    "community.com",
    "steam-community.example.org",
    "twitchtracker.com",
    "youtubego.com",
    "coinmarketcap.com",
    "coinbasecommerce.com",
    "opensees.berkeley.edu",
    "opensea.io",
    "concord.com",
    "discourse.org",
    "discover.com",
    "giftcards.com",
    "login.gov",
    "verify.example.com",
    "freecodecamp.org",
    "free.nl",
    "nitro.unjs.io",
    "gonitro.com",
    "nitrokey.com",
    "air-drop.nl",
    "discord-nitro.example",
    "localhost",
    "127.0.0.1:8000",
    "[::1]:8710",
    "paypal.me",
    "paypalobjects.com",
    "paypal-community.com",
    "epicgamer.net",
    "instagrammers.com",
    "macrosoft.com",
    "api3.org",
    "applied.com",
    "netflow.io",
    "netflux.io",
    "factbook.org",
    "facebox.nl",
    "openseo.com",
    "steamroller.io",
    "steam-comments.dev",
    "superpowered.com",
    "gigglegifts.com",
    "disco-rl.dev",
]
"""Addresses that look a little like a well-known one and belong to honest people."""


@pytest.mark.parametrize("domain", LOOKALIKES)
def test_a_look_alike_is_found(domain: str) -> None:
    assert kind(f"see https://{domain}/x") == "link.lookalike"


@pytest.mark.parametrize("domain", HONEST)
def test_an_honest_neighbour_is_left_alone(domain: str) -> None:
    assert kind(f"see https://{domain}/x") is None


@pytest.mark.parametrize(
    "text",
    [
        "https://discord.com@evil.ru",
        "https://www.github.com:x@evil.ru/login",
        "[discord.com](https://discord.com:x@evil.ru)",
    ],
)
def test_a_known_name_before_the_at_sign_is_found(text: str) -> None:
    assert kind(text) == "link.lookalike"


MASKS = [
    "[github.com](HTTPS://evil.example)",
    "[https://paypal.com](https://pay.attacker.example/login)",
    "[paypal.com/login](<https://attacker.example>)",
    "[steamcommunity.com/gift/50](https://bit.ly/x)",
    "[discord.com](https://discord.xyz/x)",
    "[**github.com/owner**](https://attacker.example/x)",
    "[HTTPS://Bank.example.nl/login](https://attacker.example/x 'title')",
    "[p\u0430ypal.com](https://attacker.example)",
    "[www.foo.com](https://bar.com/foo.com)",
    "[a.github.io](https://b.github.io)",
    "[foo.co.uk](https://bar.co.uk)",
    "[github.com](https://ev\u3002il.example)",
]

HONEST_MASKS = [
    "[Socket.io docs](https://github.com/socketio)",
    "[socket.io](https://github.com/socketio/socket.io)",
    "[asp.net core guide](https://learn.microsoft.com/x)",
    "[asp.net](https://learn.microsoft.com/x)",
    "[node.js](https://nodejs.org)",
    "[README.md](https://github.com/owner/repo)",
    "[amazon.com](https://amazon.de/x)",
    "[www.google.com](https://google.nl/search)",
    "[youtube.com/x](https://youtu.be/x)",
    "[https://www.youtube.com/watch?v=1](https://youtu.be/1)",
    "[twitter.com/x](https://x.com/x)",
    "[discord.com/invite/x](https://discord.gg/x)",
    "[api.foo.com/v1](https://foo.com/docs)",
    "[foo.com](https://docs.foo.com/x)",
    "[foo.co.uk](https://www.foo.co.uk/x)",
    "[mail ann@firm.nl](https://calendly.com/x)",
    "[ann@firm.nl](https://calendly.com/x)",
    "[github.com/owner](https://www.github.com/owner)",
    "[the sign-in page of github.com](https://example.org/help)",
    "[v1.2.3](https://example.org/releases)",
    "[b\u00fccher.de](https://xn--bcher-kva.de/x)",
    "[here](https://example.org)",
    "[bank.example.nl](https://discord-nitro.example/x)",
]


@pytest.mark.parametrize("mask", MASKS)
def test_a_mask_over_another_site_is_found(mask: str) -> None:
    signal = found(f"go to {mask} now")
    assert signal is not None
    assert signal.kind == "link.masked"
    assert (signal.spans[0].start, signal.spans[0].end) == (6, 6 + len(mask))


@pytest.mark.parametrize("mask", HONEST_MASKS)
def test_an_honest_mask_is_left_alone(mask: str) -> None:
    assert kind(f"go to {mask} now") is None


@given(
    st.text(alphabet="htps:/.@%a69[]()<>\\ \u3002-xn", max_size=60).map("https://".__add__),
)
def test_no_address_breaks_it(text: str) -> None:
    signal = found(text)
    spans = signal.spans if signal else ()
    assert all(0 <= span.start < span.end <= len(text) for span in spans)


@pytest.mark.parametrize("host", ["xn--99999999999", "xn--", "xn--\u00e9\u00e9", "xn---"])
def test_a_name_that_cannot_be_decoded_is_read_as_it_stands(host: str) -> None:
    assert kind(f"see https://{host}.example/x") is None


def test_a_brand_cut_in_two_is_a_look_alike_and_its_honest_neighbour_none() -> None:
    assert kind("see https://pay-pal.example") == "link.lookalike"
    assert kind("see https://git-hub.example") == "link.lookalike"
    assert kind("see https://my-goggles.example") is None
    assert kind("see https://discards.discard.example") is None
