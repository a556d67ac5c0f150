"""Settings: what is accepted, and how every mistake is named."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.load import load, variables
from config.policy import to_policy
from config.schema import Settings
from moderation.errors import SettingsError
from moderation.types import ChannelId, Mode, Owner, Policy, Thresholds

ROOT = Path(__file__).parents[2]


def problems(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> tuple[str, ...]:
    file = tmp_path / "mine.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(SettingsError) as caught:
        load(file, environ or {})
    return caught.value.problems


def test_the_default_file_is_the_defaults() -> None:
    assert load(ROOT / "config/default.toml", {}) == Settings()


def test_the_default_file_documents_every_key() -> None:
    import tomllib

    tree = tomllib.loads((ROOT / "config/default.toml").read_text("utf-8"))
    for key in variables().values():
        place = tree
        for part in key:
            assert part in place, f"{'.'.join(key)} is not in default.toml"
            place = place[part]


def test_the_default_mode_touches_nobody() -> None:
    assert load(None, {}).policy.mode is Mode.SHADOW


def test_everything_can_be_set_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        """
        locale = "nl"
        [policy]
        mode = "queue"
        flood_within = "2m"
        [policy.thresholds]
        queue = 0.7
        [queue.owners]
        security = "security-desk"
        [channels."help and support"]
        purpose = "Questions"
        watch = false
        [hours]
        zone = "Europe/Amsterdam"
        open = ["mon-fri 09:00-12:30", "mon-fri 13:00-17:30"]
        holidays = [2026-12-25, "2026-12-26"]
        [digest]
        time = 09:15:00
        """,
        "utf-8",
    )
    settings = load(file, {})
    assert settings.locale == "nl"
    assert settings.policy.flood_within == timedelta(minutes=2)
    assert settings.policy.thresholds.queue == 0.7
    assert settings.queue.owners == {Owner.SECURITY: "security-desk"}
    assert settings.channels["help and support"].watch is False
    assert settings.hours.holidays == (date(2026, 12, 25), date(2026, 12, 26))
    assert settings.digest.time == time(9, 15)


@pytest.mark.parametrize(
    ("name", "value", "key", "expected"),
    [
        ("TIDEKEEPER_STORE_URL", "sqlite:////var/x.db", "store.url", "sqlite:////var/x.db"),
        ("TIDEKEEPER_POLICY_MODE", "act", "policy.mode", Mode.ACT),
        ("TIDEKEEPER_DISCORD_API", "http://127.0.0.1:9/", "discord.api", "http://127.0.0.1:9"),
        ("TIDEKEEPER_DISCORD_GATEWAY", "ws://h:1", "discord.gateway", "ws://h:1"),
        ("TIDEKEEPER_CATCH_UP_MAX_AGE", "3d", "catch_up.max_age", timedelta(days=3)),
        ("TIDEKEEPER_POLICY_THRESHOLDS_LIKELY", "0.9", "policy.thresholds.likely", 0.9),
        ("TIDEKEEPER_POLICY_WORDS", "one, two", "policy.words", ("one", "two")),
        ("TIDEKEEPER_POLICY_WORDS", '["a, b", "c"]', "policy.words", ("a, b", "c")),
        ("TIDEKEEPER_POLICY_EXEMPT_STAFF", "false", "policy.exempt_staff", False),
        ("TIDEKEEPER_LOCALE", "nl", "locale", "nl"),
    ],
)
def test_the_environment_overrides_the_file(
    name: str, value: str, key: str, expected: object
) -> None:
    found: object = load(ROOT / "config/default.toml", {name: value})
    for part in key.split("."):
        found = getattr(found, part)
    assert found == expected


def test_the_command_line_goes_before_the_environment() -> None:
    environ = {"TIDEKEEPER_DISCORD_API": "http://one"}
    settings = load(None, environ, {"--api": ("discord.api", "http://two")})
    assert settings.discord.api == "http://two"
    with pytest.raises(SettingsError, match=r"^option --api: discord\.api must be an address"):
        load(None, environ, {"--api": ("discord.api", "two")})


def test_the_settings_file_can_be_named_by_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('locale = "nl"')
    assert load(None, {"TIDEKEEPER_CONFIG": str(file)}).locale == "nl"


def test_every_mistake_is_named_at_once_with_file_line_key_and_hint(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """locale = "fr"
[policy]
mode = "quue"
flod_messages = 3
patterns = ["(?=x)"]
thresholds.maybe = 2
[channels."support"]
purpse = "x"
[store]
url = "postgresql://bot:hunter2@db/tide"
""",
        {"TIDEKEEPER_POLICY_MOD": "x", "TIDEKEEPER_ENGINE_BATCH": "many"},
    )
    name = tmp_path / "mine.toml"
    assert f"{name}, line 1: locale must be one of en or nl" in found
    hinted = "policy.mode must be one of shadow, queue or act; did you mean queue?"
    assert f"{name}, line 3: {hinted}" in found
    unknown = "policy.flod_messages is not a setting; did you mean flood_messages?"
    assert f"{name}, line 4: {unknown}" in found
    assert any("line 5: policy.patterns.0 must be a pattern of RE2" in line for line in found)
    assert f"{name}, line 6: policy.thresholds.maybe must be at most 1.0" in found
    assert any("channels.support.purpse is not a setting; did you mean purpose" in p for p in found)
    assert any("line 10: store.url PostgreSQL is not available" in line for line in found)
    assert "environment TIDEKEEPER_ENGINE_BATCH: engine.batch must be a whole number" in found
    assert any("TIDEKEEPER_POLICY_MOD: unknown" in line and "POLICY_MODE" in line for line in found)
    assert len(found) == 9
    assert "hunter2" not in "".join(found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[bus]\nurl = "redis://x"', "Redis is not available in this version"),
        ('[engine]\nname = "onnx:"', "or onnx:FOLDER"),
        ('[engine]\nname = "bultin"', "must be builtin, detoxify"),
        ('[engine]\njudge = "big"', "must be one of small or fast"),
        ('[hours]\nopen = ["mon-fri 17:00-09:00"]', "must open before it closes"),
        ('[hours]\nzone = "Mars/Base"', "must be a time zone"),
        ('[policy]\ntimeout_for = "29d"', "at most 28d"),
        ('[policy]\nflood_within = "0s"', "longer than zero"),
        ("[policy.thresholds]\nmaybe = 0.9\nlikely = 0.8", "must rise"),
        ("[policy.thresholds]\nmaybe = nan", "finite number"),
        ('discord = "x"', "discord must be a table"),
        ("[discord]\ntoken = 5", "discord.token must be text"),
        ("[[policy]]\nmode = 1", "policy must be a table"),
        ("a = ", "not valid TOML"),
        ("x = " + "[" * 5000, "not valid TOML"),
        ('[console]\nbind = "8080"', "host and port"),
    ],
)
def test_a_mistake_says_what_would_be_right(tmp_path: Path, text: str, said: str) -> None:
    assert said in problems(tmp_path, text)[0]


def test_a_missing_or_unreadable_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path / "none.toml", {})
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path, {})
    odd = tmp_path / "odd.toml"
    odd.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="not UTF-8"):
        load(odd, {})


def test_a_secret_shows_nowhere(tmp_path: Path) -> None:
    secret = "MTIzNDU2.canary.token"
    settings = load(None, {"DISCORD_TOKEN": secret})
    assert settings.discord.token.get_secret_value() == secret
    assert secret not in repr(settings) + str(settings) + settings.model_dump_json()
    for text in (
        f'[discord]\ntokn = "{secret}"',
        f'discord = "{secret}"',
        f'[policy]\nmode = "{secret}"',
        f'token = "{secret}',
    ):
        assert secret not in "".join(problems(tmp_path, text, {"DISCORD_TOKEN": secret}))


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().policy.mode = Mode.ACT  # type: ignore[misc]


def test_the_default_policy_is_the_default_policy() -> None:
    policy = to_policy(Settings())
    assert policy == Policy(version=policy.version)


def test_equal_policies_have_equal_versions_and_others_not(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[policy]\nwords = ["x"]')
    assert to_policy(load(None, {})).version == to_policy(Settings()).version
    assert to_policy(load(file, {})).version != to_policy(Settings()).version


def test_bounds_come_with_the_engine_unless_they_are_set(tmp_path: Path) -> None:
    measured = Thresholds(likely=0.7, maybe=0.5, queue=0.55, severe=0.9)
    file = tmp_path / "mine.toml"
    file.write_text("[policy.thresholds]\nlikely = 0.8")
    assert to_policy(Settings(), engine=measured).thresholds == measured
    chosen = to_policy(load(file, {}), engine=measured)
    assert chosen.thresholds == replace(measured, likely=0.8)
    assert chosen.version != to_policy(Settings(), engine=measured).version
    with pytest.raises(SettingsError, match=r"policy\.thresholds must rise"):
        to_policy(load(file, {}), engine=replace(measured, maybe=0.85))


def test_unwatched_channels_are_exempt_by_id(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[channels.lounge]\nwatch = false\n[channels.77]\nwatch = false")
    policy = to_policy(load(file, {}), {"lounge": {ChannelId("5")}})
    assert policy.exempt_channels == {ChannelId("5"), ChannelId("77")}


def test_every_setting_has_one_variable() -> None:
    names = variables()
    assert len(set(names)) == len(names)
    assert names["TIDEKEEPER_CATCH_UP_MAX_AGE"] == ("catch_up", "max_age")


@given(st.text(max_size=200), st.text(max_size=20))
def test_whatever_is_written_is_accepted_or_explained(text: str, value: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "any.toml"
        file.write_text(text, "utf-8", "replace")
        with suppress(SettingsError):
            load(file, {"TIDEKEEPER_CONSOLE_BIND": value})


@pytest.mark.parametrize(
    ("environ", "text", "said"),
    [
        (
            {"TIDEKEEPER_POLICY_TIMEOUT_FOR": "29d"},
            "",
            (
                "environment TIDEKEEPER_POLICY_TIMEOUT_FOR: policy.timeout_for must be at most 28d,"
                " Discord's longest timeout"
            ),
        ),
        (
            {"TIDEKEEPER_POLICY_THRESHOLDS_MAYBE": "0.9"},
            "[policy.thresholds]\nlikely = 0.8",
            (
                "environment TIDEKEEPER_POLICY_THRESHOLDS_MAYBE, {file}, line 2:"
                " policy.thresholds.maybe, policy.thresholds.likely must rise:"
                " maybe <= likely <= severe"
            ),
        ),
        (
            {},
            '[policy]\nmode = "queue"\ntimeout_for = "29d"',
            "{file}, line 3: policy.timeout_for must be at most 28d, Discord's longest timeout",
        ),
        (
            {"TIDEKEEPER_CATCH_UP_MAX_AGE": "999999999d"},
            "",
            "environment TIDEKEEPER_CATCH_UP_MAX_AGE: catch_up.max_age must be at most 3650d",
        ),
    ],
)
def test_a_mistake_names_who_made_it(
    tmp_path: Path, environ: dict[str, str], text: str, said: str
) -> None:
    assert problems(tmp_path, text, environ) == (said.format(file=tmp_path / "mine.toml"),)


@pytest.mark.parametrize(
    "environ",
    [
        {"TIDEKEEPER_POLICY_TIMEOUT_FOR": "29d"},
        {
            "TIDEKEEPER_POLICY_THRESHOLDS_MAYBE": "0.9",
            "TIDEKEEPER_POLICY_THRESHOLDS_LIKELY": "0.1",
        },
    ],
)
def test_without_a_file_the_variable_is_named(environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as caught:
        load(None, environ)
    [problem] = caught.value.problems
    assert "None" not in problem
    assert all(name in problem for name in environ)


def test_a_channels_name_may_be_written_with_its_sign(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        """
        [queue]
        channel = "#desk"
        owners.security = "#security"
        [channels."#lounge"]
        watch = false
        """,
        "utf-8",
    )
    settings = load(file, {})
    assert settings.queue.channel == "desk"
    assert settings.queue.owners == {Owner.SECURITY: "security"}
    assert list(settings.channels) == ["lounge"]
    assert load(None, {"TIDEKEEPER_QUEUE_CHANNEL": "#desk"}).queue.channel == "desk"
    for text in ('queue.channel = "#"', 'queue.owners.legal = ""', '[channels."#"]'):
        assert "name or the id of a channel" in problems(tmp_path, text)[0]
