"""Who may accept a finding or a problem, by the policy and CODEOWNERS."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import field, replace
from typing import Final

from bot.core.codeowners import Codeowners, normalised
from bot.core.engine.accounts import GitHubAccount
from bot.core.engine.review import Problem, ReviewFinding
from bot.core.finding import Severity
from bot.core.globs import name_matches
from bot.core.policy.model import Policy
from bot.core.values import mapping, sequence, text
from bot.records import dataclass

ANYBODY_WHO_MAY_WRITE: Final = "anybody with write access"
"""The only owner of a need that a revert has; no team and no login can have this name."""


@dataclass(frozen=True, slots=True)
class Need:
    """People of whom `count` must accept.

    `by_review`: an approving review counts as well. `writers`: only people who may write to the
    repository count. `escalated`: nobody else is left, so these are the policy's `escalation`.
    `gives_back`: the change gives back what was applied lately, so its authors count as well.
    """

    owners: tuple[str, ...]
    count: int = 1
    by_review: bool = False
    writers: bool = False
    escalated: bool = False
    gives_back: bool = False


GIVEN_BACK: Final = (Need((ANYBODY_WHO_MAY_WRITE,), gives_back=True),)
"""Who must accept what a revert gives back: one person who may write, an author included."""

NEVER_GIVEN_BACK: Final = frozenset({"policy-changed"})
"""Rules whose findings keep their approvers in a revert: what decides about changes is no state."""


@dataclass(frozen=True, slots=True)
class Approvers:
    """Who may accept what. `authors` are those who may not.

    `rules` are the ids of the rules that a problem may hide findings of. `gives_back` is the commit
    of the default branch whose state the change gives back, empty for any other change.
    """

    policy: Policy
    codeowners: Codeowners = field(default_factory=Codeowners)
    authors: frozenset[GitHubAccount] = frozenset()
    rules: tuple[str, ...] = ()
    gives_back: str = ""

    def of_finding(self, finding: ReviewFinding) -> tuple[Need, ...]:
        """Who must accept a finding: each need must be met; without any, nobody can."""
        if self.gives_back and finding.rule not in NEVER_GIVEN_BACK:
            return GIVEN_BACK
        return self._reachable(needs(finding, self.policy, self.codeowners))

    def of_problem(self, problem: Problem) -> tuple[Need, ...]:
        """Who must accept a problem: those who may accept every rule that it may hide."""
        if not problem.approvable:
            return ()
        if self.gives_back:
            return GIVEN_BACK
        union: dict[Need, None] = {}
        for rule in self.rules:
            if self.policy.rule(rule).off:
                continue
            unseen = ReviewFinding(rule, Severity.ERROR, "", (), None, problem.location, "")
            required = self._reachable(needs(unseen, self.policy, self.codeowners))
            if not required:
                return ()
            union.update(dict.fromkeys(required))
        return tuple(union)

    def _reachable(self, required: tuple[Need, ...]) -> tuple[Need, ...]:
        """The needs, with one that authors alone could meet replaced by the escalation."""
        people = owner_names((*self.policy.escalation.teams, *self.policy.escalation.users))
        if not people:
            return required
        if not required:
            return (Need(people, escalated=True),)
        return tuple(
            replace(need, owners=people, count=1, writers=False, escalated=True)
            if exhausted(need, self.authors)
            else need
            for need in required
        )


def exhausted(need: Need, authors: AbstractSet[GitHubAccount]) -> bool:
    """Whether too few people of a need are left who did not write the change.

    Only people who are named can be counted, by their logins; a team may always have further
    members.
    """
    if any("/" in owner for owner in need.owners):
        return False
    logins = {author.login.lower() for author in authors}
    independent = [owner for owner in need.owners if owner.removeprefix("@").lower() not in logins]
    return len(independent) < need.count


def needs(finding: ReviewFinding, policy: Policy, codeowners: Codeowners) -> tuple[Need, ...]:
    """Who must accept a finding, whoever wrote it.

    The first entry of `approvals:` for the rule decides. Where it names nobody, or there is none,
    the owners of every affected namespace must accept, and else the code owners of the path.
    """
    entry = next(
        (entry for entry in policy.approvals if name_matches(finding.rule, entry.rules)), None
    )
    count, by_review = (entry.count, entry.by_review) if entry else (1, False)
    if entry and (entry.teams or entry.users):
        people = owner_names((*entry.teams, *entry.users))
        return (Need(people, count, by_review),)
    by_namespace = [
        owner_names(_namespace_owners(namespace, policy))
        for namespace in affected_namespaces(finding)
    ]
    if by_namespace and all(by_namespace):
        return tuple(Need(people, count, by_review) for people in dict.fromkeys(by_namespace))
    path = finding.location.path if finding.location else None
    people = codeowners.owners(path) if path is not None else ()
    if not people:
        return ()
    return (
        *(Need(owners, count, by_review) for owners in dict.fromkeys(by_namespace) if owners),
        Need(people, count, by_review, writers=True),
    )


def affected_namespaces(finding: ReviewFinding) -> tuple[str, ...]:
    """The namespaces that a finding is about; `*` stands for all of them."""
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


def owner_names(names: Iterable[str]) -> tuple[str, ...]:
    """Teams and users of the policy, written as in CODEOWNERS."""
    return tuple(dict.fromkeys(normalised(f"@{name.removeprefix('@')}") for name in names))


def _namespace_owners(namespace: str, policy: Policy) -> Iterator[str]:
    if namespace != "*":
        for owner in policy.owners:
            if name_matches(namespace, owner.namespaces):
                yield from owner.teams
