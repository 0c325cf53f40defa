"""Workloads that no network policy selects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from bot.core.finding import FileLine, Finding, Severity
from bot.core.globs import name_matches
from bot.core.resource import Resource
from bot.core.state import State
from bot.kubernetes.causes import ChangedPosition, changed_place, lost_place
from bot.kubernetes.checks import ChangeReach, Violation, finding_at, violations_added
from bot.kubernetes.network.difference import difference
from bot.kubernetes.network.state_policies import POLICY_KINDS
from bot.kubernetes.network.touched import touched_pods
from bot.kubernetes.network.unmodelled import UNMODELLED, unmodelled_policy
from bot.kubernetes.network.verdict import network
from bot.kubernetes.workloads.population import PodGroup, population
from bot.kubernetes.workloads.template_paths import STARTED_BY_OTHERS


def uncovered_findings(before: State, after: State) -> Iterator[Finding]:
    """The workloads that no policy selects at head; a warning where a policy of base did."""
    standing = difference(before, after).after
    for violation in violations_added(before, after, check_coverage):
        if any(standing.of(pods) for pods in _owned(after, violation.subject)):
            continue
        old = next(_owned(before, violation.subject), None)
        if old is None or not network(before).of(old):
            yield finding_at(violation, ChangedPosition(violation.places[0]))
            continue
        lost = (policy.subject.node for policy in network(before).of(old))
        place = lost_place(after, lost)
        place = place or changed_place(before, violation.places[1:])
        message = f"{violation.message} any more"
        lost_issue = replace(violation, severity=Severity.WARNING, message=message)
        yield finding_at(lost_issue, place or ChangedPosition(violation.places[0]))


def with_policies(findings: Iterable[Finding], after: State) -> Iterator[Finding]:
    """These findings without the notices for namespaces that have no network policy at all."""
    for finding in findings:
        space = None if isinstance(finding.node, FileLine) else finding.node.resource.namespace
        used = space is not None and after.of(*POLICY_KINDS, namespace=space)
        if used or finding.severity is not None:
            yield finding


def _owned(state: State, owner: Resource) -> Iterator[PodGroup]:
    for pods in population(state).in_namespace(owner.namespace or ""):
        if pods.template.owner.key == owner.key:
            yield pods


def check_coverage(state: State, reach: ChangeReach) -> Iterator[Violation]:
    """The workloads that no policy selects, where every policy that may select them is modelled."""
    for space in population(state).namespaces:
        groups = _pods_in_reach(state, space, reach)
        if not groups:
            continue
        if name_matches(space, state.policy.assume.default_deny) or unmodelled_policy(state, space):
            continue
        for pods in groups:
            if pods.template.owner.group_kind in STARTED_BY_OTHERS:
                continue
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


def _pods_in_reach(state: State, space: str, reach: ChangeReach) -> tuple[PodGroup, ...]:
    """The pods of a namespace whose coverage may differ between base and head."""
    if space in reach and reach.changes_any(*UNMODELLED):
        return population(state).in_namespace(space)
    return touched_pods(state, space, reach)


def _covered(state: State, pods: PodGroup) -> bool:
    """Whether a policy selects these pods, or may select them by labels that a controller adds."""
    policies_in_force = network(state)
    if policies_in_force.of(pods):
        return True
    return any(
        pods in policies_in_force.policies.subjects(policy).possible
        for policy in policies_in_force.policies.around(pods.namespace, pods.labels)
        if policy.subject.pods.requirements
    )
