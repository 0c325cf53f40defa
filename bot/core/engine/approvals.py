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


def digest(found: ReviewFinding) -> str:
    """What a finding says, in one word: another as soon as it says more, or anything else.

    Lines, environments and the policy's severity are no part of it.
    """
    said = [found.rule, found.message, thaw(mapping(found.facts)), found.details]
    return blake2b(_encode(said), digest_size=16).hexdigest()


def short_id(fingerprint: str) -> str:
    """The id by which people name a finding."""
    held, dash, ordinal = fingerprint.partition("-")
    return held[:SHORT] + dash + ordinal


def named(wanted: str, fingerprints: Iterable[str]) -> tuple[str, ...]:
    """The fingerprints that an id may mean: exactly one, if it is a good one."""
    known = sorted(set(fingerprints))
    if wanted in known:
        return (wanted,)
    held, dash, ordinal = wanted.partition("-")
    return tuple(
        one for one in known if one.startswith(held) and one.partition("-")[1:] == (dash, ordinal)
    )


def needs(found: ReviewFinding, policy: Policy, codeowners: Codeowners) -> tuple[Need, ...]:
    """Who must accept a finding; each of the needs must be met, and with none nobody can.

    The first entry of `approvals:` for the rule decides. Where it names nobody, or there is none,
    it is the owners of every namespace that is affected, and else the code owners of the path.
    """
    entry = next((held for held in policy.approvals if name_matches(found.rule, held.rules)), None)
    count, by_review = (entry.count, entry.by_review) if entry else (1, False)
    if entry and (entry.teams or entry.users):
        people = owner_names((*entry.teams, *entry.users))
        return (Need(people, count, by_review),)
    spaces = affected_namespaces(found)
    held = [owner_names(_namespace_owners(space, policy)) for space in spaces]
    if held and all(held):
        return tuple(Need(people, count, by_review) for people in dict.fromkeys(held))
    path = found.location.path if found.location else None
    people = codeowners.owners(path) if path is not None else ()
    own = [owners for owners in dict.fromkeys(held) if owners]
    if not people:
        return ()
    return (
        *(Need(owners, count, by_review) for owners in own),
        Need(people, count, by_review, writers=True),
    )


def affected_namespaces(found: ReviewFinding) -> tuple[str, ...]:
    """The namespaces that a finding is about; `*` for all of them."""
    grants = [mapping(grant) for grant in sequence(found.facts.get("grants"))]
    scopes = {scope for grant in grants if (scope := text(grant.get("scope")))}
    if scopes:
        return tuple(sorted(scopes))
    held = found.resource
    if held is None:
        return ()
    if (held.group, held.kind) == ("", "Namespace"):
        return (held.name,)
    return (held.namespace,) if held.namespace else ()


def settle(review: Review, policy: Policy, codeowners: Codeowners, consent: Consent) -> Review:
    """The review with what people accepted set aside, and with who may accept the rest."""
    standing: list[ReviewFinding] = []
    accepted: list[Suppressed] = []
    waiting: list[Waiting] = []
    for found in review.findings:
        wanted = needs(found, policy, codeowners) if found.blocks else ()
        left = found if not wanted else _rest(found, wanted, policy, consent, accepted)
        if left is None:
            continue
        standing.append(left)
        if left.blocks:
            waiting.append(_waiting(left, wanted, policy, consent))
    held = tuple(
        sorted((*review.suppressed, *accepted), key=lambda one: finding_order(one.finding))
    )
    result = verdict_of(standing, review.problems, policy)
    return replace(
        review,
        verdict=result,
        findings=tuple(standing),
        suppressed=held,
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
    found: ReviewFinding,
    wanted: Sequence[Need],
    policy: Policy,
    consent: Consent,
    accepted: list[Suppressed],
) -> ReviewFinding | None:
    """The finding where it was not accepted; of where it was, `accepted` gets a part."""
    spaces = found.environments or ("",)
    because = {space: _because(found, space, wanted, policy, consent) for space in spaces}
    ordered = sorted((why, space) for space, why in because.items() if why)
    for why, group in groupby(ordered, key=lambda pair: pair[0]):
        where = tuple(space for _, space in group if space)
        accepted.append(Suppressed(replace(found, environments=where, blocks=False), dict(why)))
    left = tuple(space for space in spaces if not because[space])
    if not left:
        return None
    return replace(found, environments=tuple(space for space in left if space))


def _because(
    found: ReviewFinding,
    space: str,
    wanted: Sequence[Need],
    policy: Policy,
    consent: Consent,
) -> tuple[tuple[str, str], ...]:
    """What suppresses the finding in an environment, empty where nothing does."""
    given = tuple(_valid(found, space, policy, consent))
    used: dict[str, Approval] = {}
    promoted: dict[str, None] = {}
    for need in wanted:
        people = _people(need, given)
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
    need: Need, given: Iterable[tuple[Approval, str]]
) -> Mapping[str, tuple[Approval, str]]:
    """Those whose consent counts for a need, by login; a person counts once."""
    return {
        approval.by: (approval, stage)
        for approval, stage in given
        if set(approval.owners) & set(need.owners) and (need.by_review or not approval.review)
    }


def _valid(
    found: ReviewFinding, space: str, policy: Policy, consent: Consent
) -> Iterator[tuple[Approval, str]]:
    """The approvals of exactly this finding here, and from which stage each was carried over."""
    mark, rank = digest(found), found.severity.rank

    def same(held: Approval) -> bool:
        exact = (held.fingerprint, held.digest) == (found.fingerprint, mark)
        return exact and rank <= held.severity.rank

    earlier = _earlier(space, policy.promotes)
    for held in filter(same, consent.elsewhere):
        for stage in held.environments:
            if name_matches(stage, earlier):
                yield held, stage
                break
    for held in filter(same, consent.approvals):
        if space in (held.environments or ("",)):
            yield held, ""


def _earlier(space: str, promotes: Sequence[str]) -> Sequence[str]:
    """The stages before the one that an environment is."""
    place = next((at for at, stage in enumerate(promotes) if name_matches(space, (stage,))), 0)
    return promotes[:place]


def _waiting(
    found: ReviewFinding, wanted: Sequence[Need], policy: Policy, consent: Consent
) -> Waiting:
    """Who may accept it still; of several environments the one that lacks most counts."""
    spaces = found.environments or ("",)
    by_space = [tuple(_valid(found, space, policy, consent)) for space in spaces]
    missing: dict[Need, int] = {}
    for given in by_space:
        for need in wanted:
            lacks = need.count - len(_people(need, given))
            missing[need] = max(missing.get(need, 0), lacks)
    owners = dict.fromkeys(name for need in wanted if missing[need] > 0 for name in need.owners)
    people = {login for given in by_space for need in wanted for login in _people(need, given)}
    meant = any(
        name_matches(found.rule, held.rules) and (held.teams or held.users)
        for held in policy.approvals
    )
    return Waiting(
        found.fingerprint,
        found.environments,
        tuple(owners),
        sum(lacks for lacks in missing.values() if lacks > 0),
        tuple(sorted(people)),
        meant,
    )
