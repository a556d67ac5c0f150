"""Two golden sets for all detectors at once: what a support forum says on a good day, and abuse.

Every sentence is our own; nothing in them is anybody's key, address or account.
"""

from __future__ import annotations

import base64
import hashlib

import pytest

from moderation.detectors import ALL, Rules
from moderation.types import Context, Policy, Signal
from moderation.window import Window
from tests.moderation.people import message

RULES = Rules.of(
    Policy(
        words=("moron", "loser", "sukkel", "whore", "ass", "bitch", "scum"),
        phrases=("kill yourself", "go back to where you came from", "rot op"),
        patterns=(r"\bproject halibut\b",),
        allowed_invites=frozenset({"ourshop"}),
        blocked_domains=frozenset({"evil.example", "tracker.example"}),
    )
)


def signals(text: str) -> list[Signal]:
    context: Context = Window().see(message(text))
    found = (detector(context, RULES) for detector in ALL)
    return [signal for signal in found if signal is not None]


SHA = hashlib.sha256(b"tide").hexdigest()
PICTURE = base64.b64encode(b"\x89PNG\r\n\x1a\n" + hashlib.sha512(b"pixels").digest() * 12).decode()

ORDINARY = [
    "good morning all, coffee first and then the release",
    "thanks @ann, that solved it!",
    "welcome to the forum, https://docs.example.org/start is a good first read",
    "Heeft iemand de nieuwe versie al geprobeerd? Bij mij werkt het prima.",
    "goedemorgen, de factuur van maart staat er dubbel in, klopt dat?",
    "the fix is in https://github.com/owner/repo/pull/1412, please try it",
    "same as https://github.com/owner/repo/issues/88#issuecomment-1234567890",
    f"bisected to commit {SHA[:40]}, before that it is fine",
    f"is {SHA[:7]} in the release branch already?",
    f"sha256:{SHA}  tidekeeper-1.4.2.tar.gz",
    f"docker pull registry.example.org/app@sha256:{SHA}",
    "request id 3f2b8c1e-7d4a-4e55-9a0b-1c2d3e4f5a6b, around 14:05 UTC",
    "trace 4bf92f3577b34da6a3ce929d0e0e4736 span 00f067aa0ba902b7",
    f"![shot](data:image/png;base64,{PICTURE[:800]})",
    f'<img src="data:image/gif;base64,{PICTURE[:300]}">',
    (
        "Traceback (most recent call last):\n"
        '  File "/srv/app/main.py", line 41, in handle\n'
        "    return self.store[key]\n"
        "KeyError: 'AKIA'"
    ),
    (
        "java.lang.NullPointerException: null\n"
        "\tat com.firm.shop.Cart.add(Cart.java:118)\n"
        "\tat com.firm.shop.Cart$1.run(Cart.java:42)"
    ),
    "panic: runtime error: index out of range [3] with length 3\n\ngoroutine 1 [running]:",
    "```py\nclass Assertion:\n    def __init__(self, key: str) -> None:\n        self._key = key\n```",
    "```sh\nkill -9 $(pgrep worker) && rm -rf ./build/*\n```",
    "`git reset --hard HEAD~1` then `git push --force-with-lease`",
    "SELECT * FROM orders o JOIN users u ON u.id = o.user_id WHERE o.total > 100;",
    "DATABASE_URL=postgres://user:password@localhost:5432/app",
    "DATABASE_URL=postgresql://postgres:postgres@db:5432/app in the compose file",
    "export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY is what the manual has",
    "put your token here: GITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "SLACK_TOKEN=xoxb-your-token-here-1234",
    "OPENAI_API_KEY=sk-... goes into .env, never into git",
    "stripe: use sk_test_ keys in staging, the sk_live_ one is in the vault",
    'Authorization: Bearer <token>, and the token is "eyJ..." as usual',
    "the PEM must begin with -----BEGIN CERTIFICATE----- and end with a newline",
    "does it need -----BEGIN PRIVATE KEY----- or the RSA form?",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "Abc1" * 10 + " tom@laptop",
    "server:\n  host: 0.0.0.0\n  port: 8080\n  password: changeme",
    "redis://cache:6379/0 times out, redis://127.0.0.1:6379 works",
    "amqp://guest:guest@rabbit:5672/ is the default, isn't it",
    "curl -u user:pass https://api.example.com/v1/orders?limit=10",
    "https://user@example.com/private asks for a password",
    "open http://localhost:8710/queue or http://192.168.178.20:8080",
    "https://www.google.com/search?q=what+is+a+webhook",
    "https://google.nl https://amazon.de/dp/B000 https://www.bol.com",
    "azure says no: https://learn.microsoft.com/en-us/azure/app-service/overview",
    "sign in at https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
    "https://raw.githubusercontent.com/owner/repo/main/README.md",
    "https://owner.github.io/project and https://group.gitlab.io/book",
    "https://discord.js.org/docs and https://discordpy.readthedocs.io/en/stable",
    "https://discord.com/developers/docs/resources/webhook",
    "jump to https://discord.com/channels/1122/3344/5566",
    "our invite is https://discord.gg/ourshop",
    "https://finance.com https://www.switch.ch https://paypay.ne.jp",
    "[the docs](https://docs.example.org/en/latest/)",
    "[Socket.io docs](https://github.com/socketio)",
    "[asp.net core guide](https://learn.microsoft.com/aspnet/core)",
    "[github.com/owner/repo](https://github.com/owner/repo)",
    "[youtube.com/watch](https://youtu.be/abc)",
    "[mail ann@firm.nl](https://calendly.com/ann-firm)",
    "[README.md](https://github.com/owner/repo/blob/main/README.md)",
    "[v2.0.1](https://github.com/owner/repo/releases/tag/v2.0.1)",
    "the classic assassin passage in class assembly is harmless",
    "a closer look: the loose end, the looser fit, the closest match",
    "sooooo happy with this, thaaaanks!!!",
    "plan a, plan b and plan c: a b c",
    "v1.2.3 vs v1.10.0, utf8 vs utf16, x86 vs arm64, h264, mp3, 3d, 4k",
    "10% off until 31-12, code SPRING24, 2 for 1 on all t-shirts",
    "use `snake_case`, not camelCase: my_long_variable_name = 2 ** 8 * n",
    "| col a | col b |\n|---|---|\n| 1 | 2 |",
    "> quoted\n> again\n\n**bold** and *italic* and ~~gone~~ and ||spoiler||",
    "kill the process yourself, then restart the container",
    "go back to where you started the wizard and pick English",
    "meeting id 812 3456 7890, passcode in the invite",
    "IBAN in the template is NL00 BANK 0123 4567 89",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 says hi \U0001f44b\U0001f3fd",
    (
        "\u0645\u0631\u062d\u0628\u0627 \u0628\u0643\u0645, "
        "\u0434\u043e\u0431\u0440\u044b\u0439 \u0434\u0435\u043d\u044c, \u4f60\u597d\u3002"
    ),
]

TOKEN = "a1B2c3D4e5F6g7H8"

ABUSE = {
    "toxicity.word": [
        "you moron",
        "YOU M O R O N",
        "what a w h o r e",
        "mooooron",
        "such a loooser",
        "lossser",
        "**mo**ron",
        "m0r0n",
        "moron5",
        "b1tchhhhhhhhhhhhhhhhhhhh",
        "m\u043er\u043en",
        "wat een s.u.k.k.e.l ben jij",
        "you are sc\u200bum",
    ],
    "toxicity.phrase": [
        "just kill  yourself",
        "kill\nyourself",
        "KIIILL YOURSELF",
        "go back to where you came from",
        "ROT  OP man",
    ],
    "toxicity.pattern": ["they told me about Project Halibut"],
    "link.invite": ["free stuff https://discord.gg/freestuff", "discord.com/invite/abc123"],
    "link.blocked": [
        "https://evil.example/x",
        "https://user:pw@evil.example",
        "https://github.com:x@evil.example",
        "https://evil\u3002example",
        "https://ev%69l.example/login",
    ],
    "link.lookalike": [
        "free nitro https://discord.com.nitro-gift.xyz/claim",
        "https://steamcommunity.com.profile.ru/id/1",
        "https://paypal.com-secure.info",
        "https://dlscord.co.uk/gift",
        "https://app1e.com",
        "https://appleid-verify.com/unlock",
        "https://stearncommunity.com/trade",
        "https://discord-nitro.gift",
    ],
    "link.masked": [
        "[https://paypal.com](https://pay.attacker.example/login)",
        "[github.com](HTTPS://attacker.example)",
        "[steamcommunity.com/gift/50](https://bit.ly/abc)",
    ],
    "secret.aws_access_key": ["oops AKIA" + "QWERTYUIOPASDFGH"],
    "secret.github_token": [f"GITHUB_TOKEN=ghp_{TOKEN * 2}i9J0"],
    "secret.gitlab_token": [f"glpat-{TOKEN}i9J0"],
    "secret.slack_webhook": [
        f"post to https://hooks.slack.com/services/T0AB12CD3/B0EF45GH6/{TOKEN}i9J0k1L2"
    ],
    "secret.discord_webhook": [
        f"https://discord.com/api/webhooks/112233445566778899/{TOKEN * 4}i9J0"
    ],
    "secret.database_password": ["postgres://shop:vR7.kw2-Qz@db.firm.nl:5432/shop"],
    "secret.sendgrid_key": [f"SG.{TOKEN}i9J0k1.{TOKEN * 2}i9J0k1L2m3N"],
    "secret.openai_key": [f"sk-{TOKEN * 3}"],
    "secret.anthropic_key": [f"sk-ant-api03-{TOKEN * 5}i9J0k1L2m3N4o5P"],
    "secret.private_key": [
        "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBx\n-----END EC PRIVATE KEY-----"
    ],
    "secret.pgp_private_key": ["-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQOYBGIh\n"],
}


def test_the_sets_are_as_large_as_they_should_be() -> None:
    assert len(set(ORDINARY)) >= 60
    assert sum(map(len, ABUSE.values())) >= 40


@pytest.mark.parametrize("text", ORDINARY)
def test_no_detector_speaks_on_an_ordinary_message(text: str) -> None:
    assert signals(text) == []


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, texts in ABUSE.items() for text in texts]
)
def test_each_abuse_is_found_as_what_it_is(kind: str, text: str) -> None:
    found = {signal.kind: signal for signal in signals(text)}
    assert kind in found
    assert all(0 <= span.start < span.end <= len(text) for span in found[kind].spans)
