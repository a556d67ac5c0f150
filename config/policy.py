"""From settings to the ``Policy`` that ``decide`` depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, fields, replace
from datetime import timedelta
from types import MappingProxyType

from config.schema import Settings, ThresholdSettings
from moderation.errors import SettingsError
from moderation.types import ChannelId, Policy, Thresholds

Ids = Mapping[str, Collection[ChannelId]]
"""The ids of all channels of a name: names need not be unique."""

NO_IDS: Ids = MappingProxyType({})
GENERIC = Thresholds()


def to_policy(
    settings: Settings,
    ids: Ids = NO_IDS,
    engine: Thresholds = GENERIC,
) -> Policy:
    """The policy of ``settings``.

    ``ids`` are the channel ids behind the names that occur in it; a channel whose name is not in
    ``ids`` is taken to be named by its id. ``engine`` are the bounds that come with the engine,
    used where the settings name none. The version is a digest of everything in the policy, so
    equal policies have equal versions. Raises ``SettingsError`` when the bounds do not rise.
    """
    chosen = settings.policy
    unwatched = (name for name, channel in settings.channels.items() if not channel.watch)
    policy = Policy(
        version="",
        mode=chosen.mode,
        thresholds=_thresholds(chosen.thresholds, engine),
        words=chosen.words,
        phrases=chosen.phrases,
        patterns=chosen.patterns,
        allowed_invites=frozenset(chosen.allowed_invites),
        blocked_domains=frozenset(chosen.blocked_domains),
        allowed_domains=frozenset(chosen.allowed_domains),
        flood_messages=chosen.flood_messages,
        flood_within=chosen.flood_within,
        duplicate_messages=chosen.duplicate_messages,
        duplicate_within=chosen.duplicate_within,
        mention_limit=chosen.mention_limit,
        mention_within=chosen.mention_within,
        auto_remove=frozenset(chosen.auto_remove),
        exempt_staff=chosen.exempt_staff,
        exempt_channels=frozenset(
            ident for name in unwatched for ident in ids.get(name, (ChannelId(name),))
        ),
        timeout_for=chosen.timeout_for,
        claim_for=chosen.claim_for,
        join_within=chosen.join_within,
    )
    return replace(policy, version=version(policy))


def version(policy: Policy) -> str:
    """Twelve characters that differ when anything else in the policy differs."""
    body = json.dumps(asdict(replace(policy, version="")), default=_plain, sort_keys=True)
    return hashlib.sha256(body.encode()).hexdigest()[:12]


def _plain(value: object) -> object:
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    raise TypeError(f"a policy holds a {type(value).__name__}, which has no place in its version")


def _thresholds(chosen: ThresholdSettings, engine: Thresholds) -> Thresholds:
    mixed = Thresholds(
        **{
            bound.name: getattr(engine, bound.name) if own is None else own
            for bound in fields(Thresholds)
            for own in (getattr(chosen, bound.name),)
        }
    )
    given = f"with the engine's own they are {mixed.maybe}, {mixed.likely}, {mixed.severe}"
    if not mixed.maybe <= mixed.likely <= mixed.severe:
        raise SettingsError((f"policy.thresholds must rise: maybe <= likely <= severe; {given}",))
    return mixed
