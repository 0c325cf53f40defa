"""Workloads that no policy selects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from bot.core.finding import FileLine, Finding, Severity
from bot.core.globs import name_matches
from bot.core.resource import Resource
from bot.core.state import State
from bot.kubernetes.causes import ChangedPosition, changed_place, lost_place
from bot.kubernetes.checks import ReachedNamespaces, Violation, finding_at, new_issues
from bot.kubernetes.network.difference import difference
from bot.kubernetes.network.state_policies import POLICY_KINDS, policies
from bot.kubernetes.network.verdict import network, unjudged
from bot.kubernetes.workloads.population import PodGroup, population


def uncovered_findings(before: State, after: State) -> Iterator[Finding]:
    """The workloads of head that no policy selects; louder of those that base's policies did."""
    standing = difference(before, after).after
    for issue in new_issues(before, after, ask_uncovered):
        if any(standing.of(pods) for pods in _owned(after, issue.subject)):
            continue
        old = next(_owned(before, issue.subject), None)
        if old is None or not network(before).of(old):
            yield finding_at(issue, ChangedPosition(issue.places[0]))
            continue
        lost = (policy.subject.node for policy in network(before).of(old))
        place = lost_place(after, lost)
        place = place or changed_place(before, issue.places[1:])
        message = f"{issue.message} any more"
        lost_issue = replace(issue, severity=Severity.WARNING, message=message)
        yield finding_at(lost_issue, place or ChangedPosition(issue.places[0]))


def with_policies(found: Iterable[Finding], after: State) -> Iterator[Finding]:
    """These findings without the notices about namespaces in which no policy is used."""
    for finding in found:
        space = None if isinstance(finding.node, FileLine) else finding.node.resource.namespace
        used = space is not None and after.of(*POLICY_KINDS, namespace=space)
        if used or finding.severity is not None:
            yield finding


def _owned(state: State, owner: Resource) -> Iterator[PodGroup]:
    for pods in population(state).in_namespace(owner.namespace or ""):
        if pods.template.owner.key == owner.key:
            yield pods


def ask_uncovered(state: State, reach: ReachedNamespaces) -> Iterator[Violation]:
    """The workloads that no policy selects, where all that may act on them is known."""
    wide = any(held.subject.namespaces is not None for held in policies(state).valid)
    for space in population(state).namespaces:
        if space not in reach and not wide:
            continue
        if name_matches(space, state.policy.assume.default_deny) or unjudged(state, space):
            continue
        for pods in population(state).in_namespace(space):
            if not pods.host_network and not _covered(state, pods):
                yield Violation(
                    "NP-UNCOVERED",
                    pods.template.owner,
                    (str(pods.ordinal),),
                    f"No network policy selects {pods}",
                    (
                        pods.template.owner.at("metadata", "name"),
                        pods.template.node.at("metadata", "labels"),
                        pods.template.spec["hostNetwork"],
                    ),
                )


def _covered(state: State, pods: PodGroup) -> bool:
    """Whether a policy selects these pods, or may by labels that a controller adds."""
    held = network(state)
    if held.of(pods):
        return True
    return any(
        pods in held.policies.subjects(policy).possible
        for policy in held.valid
        if policy.resource.namespace == pods.namespace and policy.subject.pods.requirements
    )
