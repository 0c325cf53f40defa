"""Policies that name the Service's port where the pod's is another."""

from collections.abc import Iterator

from bot.core.finding import Finding, Fix, Related, Severity
from bot.core.state import State
from bot.kubernetes.causes import cause_of
from bot.kubernetes.pods import str_of
from bot.kubernetes.policies import NETWORK_KINDS
from bot.kubernetes.policy_ports import PortIssue, new_port_issues

SEVERITY = Severity.ERROR
SUBJECTS = NETWORK_KINDS


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    for issue in new_port_issues(before, after):
        if issue.code == "NP-SERVICE-PORT":
            yield _finding(issue, before)


def _finding(issue: PortIssue, before: State) -> Finding:
    arrival = issue.arrivals[0]
    words = " or ".join(dict.fromkeys(found.words for found in issue.arrivals))
    policy, port = issue.policy.resource, issue.term.node
    place = cause_of(before, issue.places)
    return Finding(
        place.node,
        f"{str_of(policy)} allows {issue.term}, but traffic through {str_of(arrival.service)} "
        f"arrives at {arrival.pods} on {words}: a policy names the port on the pod",
        severity=None if issue.certain else Severity.WARNING,
        key=f"{policy.key} {issue.rule.direction} {issue.term}",
        facts=issue.facts,
        side=place.side,
        related=(
            Related(port, "the policy's port"),
            Related(arrival.port.node, "the Service's port"),
        ),
        fix=Fix(port, issue.use[0]) if len(issue.use) == 1 and place.node == port else None,
    )
