"""Approvals: what people accepted, and what that makes of a review."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from hashlib import blake2b
from types import MappingProxyType
from typing import Final

import msgspec

from bot.core.engine.accounts import GitHubAccount
from bot.core.engine.review import Overridden, ReviewFinding
from bot.core.finding import Severity
from bot.core.globs import name_matches
from bot.core.policy.model import Policy
from bot.core.values import mapping, thaw
from bot.records import dataclass

SHORT: Final = 8
"""How much of a fingerprint people are shown; more than enough for one review's findings."""

_encode: Final = msgspec.json.Encoder(order="deterministic").encode


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's consent to one finding or problem with the content that they were shown.

    `owners` are the owners of the policy or CODEOWNERS that the person belongs to. `review`: given
    by an approving review. `pull` is where it was given. `message` and `fields` are the finding as
    it was shown, to tell what changed when the approval has ended.
    """

    pull: int
    fingerprint: str
    digest: str
    severity: Severity
    environments: tuple[str, ...]
    by: GitHubAccount
    owners: tuple[str, ...]
    reason: str
    review: bool = False
    message: str = ""
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Consent:
    """What people decided about a pull request, and by `elsewhere` about merged ones.

    Approvals elsewhere count where the policy promotes. `given_back` are approvals of reverts in a
    merge queue: each alone accepts what it is of.
    """

    approvals: tuple[Approval, ...] = ()
    elsewhere: tuple[Approval, ...] = ()
    overridden: Overridden | None = None
    given_back: tuple[Approval, ...] = ()


def digest(finding: ReviewFinding) -> str:
    """A digest of what an approval of the finding is for: message, facts, details and content.

    Lines, environments and the policy's severity are no part of it, nor is the rule's name, which
    the fingerprint stands for.
    """
    shown = [finding.message, thaw(mapping(finding.facts)), finding.details, finding.content.digest]
    return blake2b(_encode(shown), digest_size=16).hexdigest()


def short_id(fingerprint: str) -> str:
    """The id by which people name a finding."""
    prefix, dash, ordinal = fingerprint.partition("-")
    return prefix[:SHORT] + dash + ordinal


def named(short: str, fingerprints: Iterable[str]) -> tuple[str, ...]:
    """The fingerprints that an id may mean: exactly one, if the id is valid."""
    candidates = sorted(set(fingerprints))
    if short in candidates:
        return (short,)
    prefix, dash, ordinal = short.partition("-")
    return tuple(
        candidate
        for candidate in candidates
        if candidate.startswith(prefix) and candidate.partition("-")[1:] == (dash, ordinal)
    )


def earlier_stages(space: str, policy: Policy) -> Sequence[str]:
    """The stages of `promotes:` before the one that an environment is."""
    stages = policy.promotes
    at = next((at for at, stage in enumerate(stages) if name_matches(space, (stage,))), 0)
    return stages[:at]
