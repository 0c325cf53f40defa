"""Approvals: who may accept a finding, and what their consent makes of a review."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import groupby
from typing import Final

import msgspec

from bot.core.codeowners import Codeowners, normalised
from bot.core.engine.decide import finding_order, verdict_of
from bot.core.engine.review import Overridden, Review, ReviewFinding, Suppressed, Waiting
from bot.core.finding import Severity
from bot.core.globs import name_matches
from bot.core.policy.model import Policy
from bot.core.values import mapping, sequence, text, thaw

SHORT: Final = 8
"""How much of a fingerprint people are shown; more than enough for one review's findings."""

_encode: Final = msgspec.json.Encoder(order="deterministic").encode


@dataclass(frozen=True, slots=True)
class Need:
    """People of whom `count` must accept. `writers`: only those who may write to the repository."""

    owners: tuple[str, ...]
    count: int = 1
    by_review: bool = False
    writers: bool = False


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's consent to one finding as it was, at the time when they gave it.

    `owners` are the names, as CODEOWNERS writes them, that were found to mean this person.
    `review`: given by GitHub's own approving review. `pull` is where it was given.
    """

    pull: int
    fingerprint: str
    digest: str
    severity: Severity
    environments: tuple[str, ...]
    by: str
    owners: tuple[str, ...]
    reason: str
    review: bool = False


@dataclass(frozen=True, slots=True)
class Consent:
    """What people decided about a pull request: approvals of it and, by `elsewhere`, of others.

    Those elsewhere are of merged pull requests; they count where the policy promotes.
    """

    approvals: tuple[Approval, ...] = ()
    elsewhere: tuple[Approval, ...] = ()
    overridden: Overridden | None = None


def digest(finding: ReviewFinding) -> str:
    """What a finding says, in one word: another as soon as it says more, or anything else.

    Lines, environments and the policy's severity are no part of it.
    """
    content = [finding.rule, finding.message, thaw(mapping(finding.facts)), finding.details]
    return blake2b(_encode(content), digest_size=16).hexdigest()


def short_id(fingerprint: str) -> str:
    """The id by which people name a finding."""
    prefix, dash, ordinal = fingerprint.partition("-")
    return prefix[:SHORT] + dash + ordinal


def named(short: str, fingerprints: Iterable[str]) -> tuple[str, ...]:
    """The fingerprints that an id may mean: exactly one, if it is a good one."""
    candidates = sorted(set(fingerprints))
    if short in candidates:
        return (short,)
    prefix, dash, ordinal = short.partition("-")
    return tuple(
        candidate
        for candidate in candidates
        if candidate.startswith(prefix) and candidate.partition("-")[1:] == (dash, ordinal)
    )


def needs(finding: ReviewFinding, policy: Policy, codeowners: Codeowners) -> tuple[Need, ...]:
    """Who must accept a finding; each of the needs must be met, and with none nobody can.

    The first entry of `approvals:` for the rule decides. Where it names nobody, or there is none,
    it is the owners of every namespace that is affected, and else the code owners of the path.
    """
    entry = next(
        (owners for owners in policy.approvals if name_matches(finding.rule, owners.rules)), None
    )
    count, by_review = (entry.count, entry.by_review) if entry else (1, False)
    if entry and (entry.teams or entry.users):
        people = owner_names((*entry.teams, *entry.users))
        return (Need(people, count, by_review),)
    spaces = affected_namespaces(finding)
    owners = [owner_names(_namespace_owners(space, policy)) for space in spaces]
    if owners and all(owners):
        return tuple(Need(people, count, by_review) for people in dict.fromkeys(owners))
    path = finding.location.path if finding.location else None
    people = codeowners.owners(path) if path is not None else ()
    namespace_owners = [owners for owners in dict.fromkeys(owners) if owners]
    if not people:
        return ()
    return (
        *(Need(owners, count, by_review) for owners in namespace_owners),
        Need(people, count, by_review, writers=True),
    )


def affected_namespaces(finding: ReviewFinding) -> tuple[str, ...]:
    """The namespaces that a finding is about; `*` for all of them."""
    grants = [mapping(grant) for grant in sequence(finding.facts.get("grants"))]
    scopes = {scope for grant in grants if (scope := text(grant.get("scope")))}
    if scopes:
        return tuple(sorted(scopes))
    resource = finding.resource
    if resource is None:
        return ()
    if (resource.group, resource.kind) == ("", "Namespace"):
        return (resource.name,)
    return (resource.namespace,) if resource.namespace else ()


def settle(review: Review, policy: Policy, codeowners: Codeowners, consent: Consent) -> Review:
    """The review with what people accepted set aside, and with who may accept the rest."""
    standing: list[ReviewFinding] = []
    accepted: list[Suppressed] = []
    waiting: list[Waiting] = []
    for finding in review.findings:
        required = needs(finding, policy, codeowners) if finding.blocks else ()
        remainder = finding if not required else _rest(finding, required, policy, consent, accepted)
        if remainder is None:
            continue
        standing.append(remainder)
        if remainder.blocks:
            waiting.append(_waiting(remainder, required, policy, consent))
    suppressed = tuple(
        sorted((*review.suppressed, *accepted), key=lambda item: finding_order(item.finding))
    )
    result = verdict_of(standing, review.problems, policy)
    return replace(
        review,
        verdict=result,
        findings=tuple(standing),
        suppressed=suppressed,
        waiting=tuple(waiting),
        overridden=consent.overridden if result != "pass" else None,
    )


def owner_names(names: Iterable[str]) -> tuple[str, ...]:
    """Teams and users of the policy, written as in CODEOWNERS."""
    return tuple(dict.fromkeys(normalised(f"@{name.removeprefix('@')}") for name in names))


def _namespace_owners(space: str, policy: Policy) -> Iterator[str]:
    if space != "*":
        for owner in policy.owners:
            if name_matches(space, owner.namespaces):
                yield from owner.teams


def _rest(
    finding: ReviewFinding,
    required: Sequence[Need],
    policy: Policy,
    consent: Consent,
    accepted: list[Suppressed],
) -> ReviewFinding | None:
    """The finding where it was not accepted; of where it was, `accepted` gets a part."""
    spaces = finding.environments or ("",)
    because = {space: _because(finding, space, required, policy, consent) for space in spaces}
    ordered = sorted((why, space) for space, why in because.items() if why)
    for why, group in groupby(ordered, key=lambda pair: pair[0]):
        where = tuple(space for _, space in group if space)
        accepted.append(Suppressed(replace(finding, environments=where, blocks=False), dict(why)))
    remaining = tuple(space for space in spaces if not because[space])
    if not remaining:
        return None
    return replace(finding, environments=tuple(space for space in remaining if space))


def _because(
    finding: ReviewFinding,
    space: str,
    required: Sequence[Need],
    policy: Policy,
    consent: Consent,
) -> tuple[tuple[str, str], ...]:
    """What suppresses the finding in an environment, empty where nothing does."""
    valid = tuple(_valid(finding, space, policy, consent))
    used: dict[str, Approval] = {}
    promoted: dict[str, None] = {}
    for need in required:
        people = _people(need, valid)
        if len(people) < need.count:
            return ()
        used.update({approval.by: approval for approval, _ in people.values()})
        promoted.update(dict.fromkeys(stage for _, stage in people.values() if stage))
    reasons = dict.fromkeys(approval.reason for approval in used.values())
    why = {"approval": "; ".join(reasons), "by": ", ".join(sorted(used))}
    if promoted:
        why["accepted-in"] = ", ".join(promoted)
    return tuple(why.items())


def _people(
    need: Need, valid: Iterable[tuple[Approval, str]]
) -> Mapping[str, tuple[Approval, str]]:
    """Those whose consent counts for a need, by login; a person counts once."""
    return {
        approval.by: (approval, stage)
        for approval, stage in valid
        if set(approval.owners) & set(need.owners) and (need.by_review or not approval.review)
    }


def _valid(
    finding: ReviewFinding, space: str, policy: Policy, consent: Consent
) -> Iterator[tuple[Approval, str]]:
    """The approvals of exactly this finding here, and from which stage each was carried over."""
    content, rank = digest(finding), finding.severity.rank

    def same(approval: Approval) -> bool:
        exact = (approval.fingerprint, approval.digest) == (finding.fingerprint, content)
        return exact and rank <= approval.severity.rank

    earlier = _earlier(space, policy.promotes)
    for approval in filter(same, consent.elsewhere):
        for stage in approval.environments:
            if name_matches(stage, earlier):
                yield approval, stage
                break
    for approval in filter(same, consent.approvals):
        if space in (approval.environments or ("",)):
            yield approval, ""


def _earlier(space: str, promotes: Sequence[str]) -> Sequence[str]:
    """The stages before the one that an environment is."""
    place = next((at for at, stage in enumerate(promotes) if name_matches(space, (stage,))), 0)
    return promotes[:place]


def _waiting(
    finding: ReviewFinding, required: Sequence[Need], policy: Policy, consent: Consent
) -> Waiting:
    """Who may accept it still; of several environments the one that lacks most counts."""
    spaces = finding.environments or ("",)
    by_space = [tuple(_valid(finding, space, policy, consent)) for space in spaces]
    missing: dict[Need, int] = {}
    for valid in by_space:
        for need in required:
            lacks = need.count - len(_people(need, valid))
            missing[need] = max(missing.get(need, 0), lacks)
    owners = dict.fromkeys(name for need in required if missing[need] > 0 for name in need.owners)
    people = {login for valid in by_space for need in required for login in _people(need, valid)}
    meant = any(
        name_matches(finding.rule, entry.rules) and (entry.teams or entry.users)
        for entry in policy.approvals
    )
    return Waiting(
        finding.fingerprint,
        finding.environments,
        tuple(owners),
        sum(lacks for lacks in missing.values() if lacks > 0),
        tuple(sorted(people)),
        meant,
    )
