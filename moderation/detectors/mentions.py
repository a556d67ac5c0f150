"""Mention spam: many people called in a short time, over all channels."""

from __future__ import annotations

from collections.abc import Mapping

from moderation.risks import risk_of
from moderation.rules import Rules
from moderation.types import Context, Message, MessageId, Signal, UserId

_KIND = "spam.mentions"
_MASS = 2
"""What a message to everyone or to a role counts for.

At the default limit of six people two such messages in a minute (a question and its correction)
stay below it and three reach it.
"""


def mentions(context: Context, rules: Rules) -> Signal | None:
    """``spam.mentions`` when the author called ``mention_limit`` people within the time.

    Each person counts once. Whom a reply answers was not called: Discord mentions them by itself.
    """
    policy, message = rules.policy, context.message
    if not message.mentions and not message.mass_mention:
        return None
    since = message.at - policy.mention_within
    authors = {m.id: m.author.id for m in (*context.channel, *context.author)}
    burst = tuple(m for m in (*context.author, message) if m.at >= since and _calls(m, authors))
    if not burst or burst[-1] is not message:
        return None
    people = frozenset[UserId]().union(*(_people(m, authors) for m in burst))
    called = len(people) + _MASS * sum(m.mass_mention for m in burst)
    if called < policy.mention_limit:
        return None
    facts = (("mentions", called), ("seconds", int(policy.mention_within.total_seconds())))
    related = tuple(m.id for m in burst[:-1])
    return Signal(kind=_KIND, risk=risk_of(_KIND), score=0.85, facts=facts, related=related)


def _calls(message: Message, authors: Mapping[MessageId, UserId]) -> bool:
    return message.mass_mention or bool(_people(message, authors))


def _people(message: Message, authors: Mapping[MessageId, UserId]) -> frozenset[UserId]:
    """Whom a message calls: its mentions without the author of what it replies to.

    Where that author is not known any more, a reply's only mention is taken for them.
    """
    people = frozenset(message.mentions)
    if message.reply_to is None:
        return people
    answered = authors.get(message.reply_to)
    if answered is None and len(people) == 1:
        return frozenset()
    return people - {answered}
