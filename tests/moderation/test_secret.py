"""Keys and tokens by their issuer's form; documented examples and placeholders are none."""

from __future__ import annotations

import base64
import hashlib
import string

import pytest

from moderation.detectors.secret import covers, secret
from moderation.rules import Rules
from moderation.types import Context, Policy, Signal
from tests.moderation.people import message

RULES = Rules.of(Policy())
BASE62 = string.ascii_letters + string.digits
BASE32 = string.ascii_uppercase + "234567"


def made(length: int, letters: str = BASE62, seed: str = "tide") -> str:
    """Letters that look random and are the same in every run; no real key stands in this file."""
    stream = b"".join(hashlib.sha256(f"{seed}{n}".encode()).digest() for n in range(16))
    return "".join(letters[byte % len(letters)] for byte in stream[:length])


def part(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def found(text: str) -> Signal | None:
    return secret(Context(message=message(text), folded="", digest=""), RULES)


JWT = ".".join((part('{"alg":"HS256","typ":"JWT"}'), part('{"sub":"u-83","adm":true}'), made(43)))

SECRETS = {
    "secret.aws_access_key": [f"AKIA{made(16, BASE32)}", f"ASIA{made(16, BASE32)}"],
    "secret.aws_secret_key": [made(40)],
    "secret.github_token": [f"ghp_{made(36)}", f"github_pat_{made(82)}"],
    "secret.gitlab_token": [f"glpat-{made(20)}"],
    "secret.slack_token": [f"xoxb-{made(11, '0123456789')}-{made(12, '0123456789')}-{made(24)}"],
    "secret.slack_app_token": [
        f"xapp-1-A{made(10, BASE32)}-{made(13, '0123456789')}-{made(64, string.hexdigits.lower())}"
    ],
    "secret.slack_webhook": [
        f"https://hooks.slack.com/services/T{made(10, BASE32)}/B{made(10, BASE32)}/{made(24)}"
    ],
    "secret.discord_webhook": [
        f"https://discord.com/api/webhooks/112233445566778899/{made(68)}",
        f"https://ptb.discordapp.com/api/v10/webhooks/112233445566778899/{made(68)}",
    ],
    "secret.discord_token": [f"MTE{made(23)}.{made(6)}.{made(38)}"],
    "secret.stripe_key": [f"sk_live_{made(24)}", f"rk_live_{made(99)}"],
    "secret.google_api_key": [f"AIza{made(35)}"],
    "secret.npm_token": [f"npm_{made(36)}"],
    "secret.pypi_token": [f"pypi-AgEIcHlwaS5vcmc{made(120)}"],
    "secret.openai_key": [
        f"sk-{made(48)}",
        f"sk-proj-{made(74)}T3BlbkFJ{made(74, seed='x')}",
    ],
    "secret.anthropic_key": [f"sk-ant-api03-{made(95)}"],
    "secret.sendgrid_key": [f"SG.{made(22)}.{made(43)}"],
    "secret.jwt_token": [JWT],
    "secret.database_password": [
        f"postgres://shop:{made(12)}@db.firm.example.nl:5432/shop",
        f"mongodb+srv://app:{made(16)}@cluster0.ab1cd.mongodb.net",
        f"mysql+pymysql://root:{made(10)}@10.0.0.7/app",
        f"redis://:{made(20)}@cache.firm.nl:6379/0",
    ],
    "secret.private_key": [
        "-----BEGIN RSA PRIVATE KEY-----",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----",
    ],
    "secret.pgp_private_key": ["-----BEGIN PGP PRIVATE KEY BLOCK-----"],
}
AROUND = {
    "secret.aws_secret_key": 'aws_secret_access_key = "{}"',
    "secret.private_key": "{}\n" + made(60),
    "secret.pgp_private_key": "{}\n\n" + made(60),
}
CASES = [(kind, value) for kind, values in SECRETS.items() for value in values]


@pytest.mark.parametrize(("kind", "value"), CASES)
def test_a_secret_is_found_and_covered_where_it_stands(kind: str, value: str) -> None:
    text = f"oops, {AROUND.get(kind, '{}').format(value)}"
    signal = found(text)
    assert signal is not None
    assert signal.kind == kind
    at = text.index(value)
    span = signal.spans[0]
    assert span.start <= at
    assert span.end <= at + len(value)
    assert all(value not in str(fact) for _, fact in signal.facts)
    assert any(cover.start <= at < cover.end for cover in covers(text))
    assert max(cover.end for cover in covers(text)) >= span.end


@pytest.mark.parametrize(
    "text",
    [
        "AWS_SECRET_ACCESS_KEY={}",
        '"SecretAccessKey": "{}"',
        "aws secret access key: {}",
        "aws_secret_key => '{}'",
    ],
)
def test_the_secret_half_of_an_aws_key_is_known_by_its_name(text: str) -> None:
    signal = found(text.format(made(40)))
    assert signal is not None
    assert signal.kind == "secret.aws_secret_key"


HARMLESS = [
    "AKIAIOSFODNN7EXAMPLE",
    "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AKIAXXXXXXXXXXXXXXXX",
    "xoxb-your-token-here-1234",
    "xoxb-xxxxxxxxxxxx-xxxxxxxxxxxx-xxxxxxxxxxxxxxxxxxxxxxxx",
    "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "ghp_1234567890123456789012345678901234567890",
    "ghp_" + "YourTokenGoesHere" * 3,
    "glpat-xxxxxxxxxxxxxxxxxxxx",
    "glpat-your_personal_access_token",
    "sk_live_xxxxxxxxxxxxxxxxxxxxxxxx",
    "sk-" + "x" * 48,
    "sk-ant-api03-your-key-here-" + "a" * 60,
    "npm_000000000000000000000000000000000000",
    "AIza" + "x" * 35,
    "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
    "https://discord.com/api/webhooks/123456789012345678/your-webhook-token" + "x" * 50,
    "https://discord.com/api/webhooks/{id}/{token}",
    "postgres://user:password@localhost:5432/app",
    "postgres://user:password@host/app",
    f"postgres://dev:{made(12)}@localhost/app",
    f"postgres://dev:{made(12)}@127.0.0.1:5432/app",
    "postgresql://postgres:postgres@db:5432/app",
    "postgres://app:${DB_PASSWORD}@db.firm.nl/app",
    "postgres://app:<password>@db.firm.nl/app",
    "postgres://app:****@db.firm.nl/app",
    "mysql://root:root@mysql:3306/app",
    "mongodb+srv://<username>:<password>@cluster0.mongodb.net",
    "mongodb://user:your_password@db.firm.nl",
    "redis://:changeme@cache:6379",
    "amqp://guest:guest@rabbit:5672/",
    "postgres://db.firm.nl/app",
    "the file begins with -----BEGIN PRIVATE KEY----- so it is PEM",
    "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\n<your key here>\n-----END PRIVATE KEY-----",
    "-----BEGIN PUBLIC KEY-----\n" + made(64),
    "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n" + made(64),
    "-----BEGIN CERTIFICATE-----\n" + made(64),
    # The token on the front page of jwt.io
    ".".join(
        (
            part('{"alg":"HS256","typ":"JWT"}'),
            part('{"sub":"1234567890","name":"John Doe","iat":1516239022}'),
            "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
        )
    ),
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOi... is how a JWT begins",
    "pypi-AgEIcHlwaS5vcmc...",
    "set OPENAI_API_KEY=sk-... and SENDGRID=SG.xxx.yyy",
    "locale sk-SK, task-runner, risk-assessment-for-the-whole-of-the-organisation",
    f"checksum {made(64, string.hexdigits.lower())}",
    f"aws_secret_access_key_id_hash {made(64, string.hexdigits.lower())}",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_examples_and_placeholders_are_no_secrets(text: str) -> None:
    assert found(f"like this: {text}") is None


def test_a_key_after_an_example_is_found() -> None:
    key = f"AKIA{made(16, BASE32)}"
    text = f"AKIAIOSFODNN7EXAMPLE is theirs, {key} is mine"
    signal = found(text)
    assert signal is not None
    assert [text[span.start : span.end] for span in signal.spans] == [key]


@pytest.mark.parametrize("what", ["RSA PRIVATE KEY", "PGP PRIVATE KEY BLOCK"])
def test_a_private_key_is_covered_to_its_end_or_to_the_end_of_the_text(what: str) -> None:
    begin, end = f"-----BEGIN {what}-----", f"-----END {what}-----"
    block = f"{begin}\n{made(64)}\n{end}"
    whole = f"look: {block} and then some"
    assert [whole[c.start : c.end] for c in covers(whole)] == [block]
    cut = f"look: {begin}\n{made(64)}\nand then some"
    assert [cut[c.start : c.end] for c in covers(cut)] == [cut[6:]]
    two = f"{block} between {block}"
    assert [two[c.start : c.end] for c in covers(two)] == [block, block]


def test_many_openings_without_an_end_take_no_longer_than_one() -> None:
    text = "-----BEGIN PRIVATE KEY-----\n" * 20_000
    assert len(covers(text)) == 1
