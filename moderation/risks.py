"""The ten risks: which family of signals belongs to which, who owns it, how urgent it is."""

from __future__ import annotations

from collections.abc import Mapping

from moderation.types import Owner, Risk, Severity

OWNERS: Mapping[Risk, Owner] = {
    Risk.DATA: Owner.SECURITY,
    Risk.COMPLIANCE: Owner.LEGAL,
    Risk.REPUTATION: Owner.PR,
    Risk.DISCLOSURE: Owner.INVESTOR_RELATIONS,
    Risk.PEOPLE: Owner.HR,
    Risk.GENERATION: Owner.MODERATORS,
    Risk.SAFETY: Owner.MODERATORS,
    Risk.COMPETITOR: Owner.PR,
    Risk.BRAND: Owner.MODERATORS,
    Risk.FORUM: Owner.MODERATORS,
}
"""Who decides cases of a risk."""

RISKS: Mapping[str, Risk] = {
    "secret": Risk.DATA,
    "payment": Risk.DATA,
    "personal": Risk.DATA,
    "file": Risk.DATA,
    "link": Risk.DATA,
    "notice": Risk.COMPLIANCE,
    "reputation": Risk.REPUTATION,
    "disclosure": Risk.DISCLOSURE,
    "people": Risk.PEOPLE,
    "safety": Risk.SAFETY,
    "competitor": Risk.COMPETITOR,
    "idea": Risk.COMPETITOR,
    "impersonation": Risk.BRAND,
    "toxicity": Risk.FORUM,
    "spam": Risk.FORUM,
    "drift": Risk.FORUM,
    "report": Risk.FORUM,
}
"""The risk of each family of signals."""

SEVERITIES: Mapping[str, Severity] = {
    "toxicity.threat": Severity.HIGH,
    "toxicity.identity_attack": Severity.HIGH,
    "toxicity.severe_toxicity": Severity.HIGH,
    "toxicity": Severity.MEDIUM,
    "secret": Severity.HIGH,
    "payment": Severity.HIGH,
    "link.invite": Severity.LOW,
    "link": Severity.HIGH,
    "spam.mentions": Severity.MEDIUM,
    "spam": Severity.MEDIUM,
    "safety": Severity.CRITICAL,
    "impersonation": Severity.HIGH,
}
"""How urgent a kind, or else its family, is; what is not named is low."""


def family(kind: str) -> str:
    """The first part of a signal's kind: ``toxicity.insult`` belongs to ``toxicity``."""
    return kind.partition(".")[0]


def risk_of(kind: str) -> Risk:
    """The risk of a signal's kind; poor forum management where nothing else fits."""
    if kind == "toxicity.threat":
        return Risk.SAFETY
    if kind == "link.invite":
        return Risk.FORUM
    return RISKS.get(family(kind), Risk.FORUM)


def owner_of(risk: Risk) -> Owner:
    """Who decides cases of this risk."""
    return OWNERS[risk]


def severity_of(kind: str) -> Severity:
    """How urgent a signal of this kind is."""
    return SEVERITIES.get(kind, SEVERITIES.get(family(kind), Severity.LOW))
