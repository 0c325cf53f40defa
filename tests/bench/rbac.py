"""What the difference of grants costs: many roles and bindings, one role changed."""

from __future__ import annotations

from time import process_time

from bot.core.resource import Resource
from bot.kubernetes.rbac import grant_difference, privileges_added
from tests.bench.measure import no_collector
from tests.kubernetes.rbac.objects import binding, cluster_role, role, rule, state

Row = tuple[str, float, str]


def measured() -> tuple[Row, ...]:
    """What was measured: what, how much, unit. The middle one is to stay under one second."""
    return tuple(
        (
            f"grants difference: {count // 2:,} roles, {count:,} bindings, one role changed",
            _difference(count // 2, count),
            "CPU s",
        )
        for count in (2_000, 4_000, 8_000)
    )


def _difference(roles: int, bindings: int) -> float:
    first, *kept = (*_roles(roles), *_bindings(roles, bindings))
    # As in a review, what the change leaves alone is one object for both sides.
    base, head = state(first, *kept), state(_widened(), *kept)
    with no_collector():
        start = process_time()
        counts = grant_difference(base, head)
        findings = tuple(privileges_added(base, head))
        seconds = process_time() - start
    if not counts.added or len(findings) != 1:
        raise AssertionError(f"one cause was to be found, not {len(findings)}")
    return seconds


def _roles(count: int) -> tuple[Resource, ...]:
    """Every second one a Role in a namespace of its own, with three rules each."""
    rules = (
        rule(["get", "list", "watch"], ["pods", "services", "configmaps"]),
        rule(["get", "list", "watch", "patch"], ["deployments", "statefulsets"], ["apps"]),
        rule(["create"], ["events"]),
    )
    return tuple(
        cluster_role(f"r{n}", *rules) if n % 2 == 0 else role(f"n{n}", f"r{n}", *rules)
        for n in range(count)
    )


def _widened() -> Resource:
    return cluster_role("r0", rule(["*"], ["secrets"]))


def _bindings(roles: int, count: int) -> tuple[Resource, ...]:
    held = []
    for n in range(count):
        place = n % roles
        reference = f"ClusterRole/r{place}" if place % 2 == 0 else f"Role/r{place}"
        subjects = (f"ServiceAccount n{place}/a{n}", f"Group team-{n % 100}")
        held.append(binding(f"n{place}", f"b{n}", reference, *subjects))
    return tuple(held)
