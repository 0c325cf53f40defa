"""Policies without the effect that they seem to have: refused, ignored, or selecting no pods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.finding import Fix, Severity
from bot.core.resource import Node, Resource, route_text
from bot.core.state import State
from bot.kubernetes.absence import CheckedReference, may_bring_pods
from bot.kubernetes.checks import ReachedNamespaces, Violation
from bot.kubernetes.network.state_policies import POLICY_KINDS, policies
from bot.kubernetes.network.traffic import TrafficPolicy
from bot.kubernetes.workloads.pod_names import named, nearest
from bot.kubernetes.workloads.pods import TEMPLATED, str_of
from bot.kubernetes.workloads.population import PodGroup, population

_TYPE: Final = {"ingress": "Ingress", "egress": "Egress"}


def check_refusals(state: State, reach: ReachedNamespaces) -> Iterator[Violation]:
    """The policies that the API refuses, and why."""
    for policy in _reached(state, reach):
        for refusal in policy.refusals:
            yield Violation(
                "NP-INVALID",
                policy.resource,
                (route_text(refusal.node.route), refusal.reason),
                f"{str_of(policy.resource)} is refused by the API: {refusal.reason}",
                (refusal.node,),
                fix=None if refusal.value is None else Fix(refusal.node, refusal.value),
            )


def check_ignored_rules(state: State, reach: ReachedNamespaces) -> Iterator[Violation]:
    """The policies with rules for a direction that their `policyTypes` leave out."""
    for policy in _reached(state, reach):
        for direction in dict.fromkeys(rule.direction for rule in policy.idle):
            types = policy.resource.at("spec", "policyTypes")
            yield Violation(
                "NP-RULES-IGNORED",
                policy.resource,
                (direction,),
                f"{str_of(policy.resource)} has {direction} rules, and they are ignored, as its "
                f"policyTypes has no {_TYPE[direction]}",
                (policy.resource.at("spec", direction), types),
                facts={"direction": direction},
            )


def check_host_network(state: State, reach: ReachedNamespaces) -> Iterator[Violation]:
    """The policies that select pods on their node's network, which most plugins do not filter."""
    state_policies = policies(state)
    for policy in _reached(state, reach):
        hosted = [pods for pods in state_policies.subjects(policy).pods if pods.host_network]
        if policy.refusals or not hosted:
            continue
        yield Violation(
            "NP-HOSTNETWORK",
            policy.resource,
            tuple(str(pods.template.owner.key) for pods in hosted),
            f"{str_of(policy.resource)} selects {named(hosted)}, whose pods use their node's "
            "network, and there most network plugins apply no policy",
            (policy.subject.node, *_hosting(hosted)),
            # A policy for the whole namespace is not written for the one pod that escapes it.
            Severity.NOTICE if policy.subject.pods.everything else None,
        )


def _hosting(hosted: list[PodGroup]) -> Iterator[Node]:
    for pods in hosted:
        yield pods.template.spec["hostNetwork"]
        yield pods.template.node.at("metadata", "labels")


def subjects_of_policy(state: State, resource: Resource) -> Iterator[CheckedReference]:
    """The pods that a policy selects, as a reference that may lead nowhere."""
    for ordinal, policy in enumerate(policies(state).of(resource)):
        selector, space = policy.subject.pods, resource.namespace
        if space is None or policy.refusals or selector.invalid or selector.everything:
            continue
        selected = policies(state).subjects(policy).all
        yield CheckedReference(
            f"pods {ordinal}",
            bool(selected),
            space,
            TEMPLATED,
            Violation(
                "NP-NO-PODS",
                resource,
                (str(ordinal),),
                f"{str_of(resource)} selects {selector}, and no pod in namespace {space} has these "
                f"labels{nearest(population(state), resource, selector)}",
                (policy.subject.node,),
            ),
            by=tuple(pods.template.node.at("metadata", "labels") for pods in selected),
            unseen=may_bring_pods(state, space),
        )


def _reached(state: State, reach: ReachedNamespaces) -> Iterator[TrafficPolicy]:
    for resource in state.of(*POLICY_KINDS):
        if resource.namespace in reach:
            yield from policies(state).of(resource)
