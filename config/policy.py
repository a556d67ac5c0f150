"""From settings to the ``Policy`` that ``decide`` depends on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import MappingProxyType

from config.schema import Settings
from moderation.types import ChannelId, Policy, Thresholds

NO_IDS: Mapping[str, ChannelId] = MappingProxyType({})


def to_policy(settings: Settings, ids: Mapping[str, ChannelId] = NO_IDS) -> Policy:
    """The policy of ``settings``; ``ids`` are the channel ids behind the names that occur in it.

    A channel whose name is not in ``ids`` is taken to be named by its id. The version is a digest
    of everything in the policy, so equal policies have equal versions.
    """
    chosen = settings.policy
    unwatched = tuple(name for name, channel in settings.channels.items() if not channel.watch)
    return Policy(
        version=_version(settings, unwatched),
        mode=chosen.mode,
        thresholds=Thresholds(**chosen.thresholds.model_dump()),
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
        exempt_channels=frozenset(ids.get(name, ChannelId(name)) for name in unwatched),
        timeout_for=chosen.timeout_for,
        claim_for=chosen.claim_for,
        join_within=chosen.join_within,
    )


def _version(settings: Settings, unwatched: tuple[str, ...]) -> str:
    body = settings.policy.model_dump_json() + "\n".join(sorted(unwatched))
    return hashlib.sha256(body.encode()).hexdigest()[:12]
