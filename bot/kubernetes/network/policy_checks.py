"""Policies without the effect that they seem to have: refused, ignored, or selecting no pods."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final

from bot.core.finding import Fix, Severity
from bot.core.resource import Node, Resource, route_text
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.absence import CheckedReference, may_bring_pods
from bot.kubernetes.checks import ChangeReach, Violation
from bot.kubernetes.network.policies import PEERS
from bot.kubernetes.network.state_policies import POLICY_KINDS, policies
from bot.kubernetes.network.touched import touched_policies
from bot.kubernetes.network.traffic import TrafficPolicy
from bot.kubernetes.workloads.pod_names import named, nearest
from bot.kubernetes.workloads.pods import str_of
from bot.kubernetes.workloads.population import PodGroup, population
from bot.kubernetes.workloads.template_paths import TEMPLATED

_TYPE: Final = {"ingress": "Ingress", "egress": "Egress"}


def check_refusals(state: State, reach: ChangeReach) -> Iterator[Violation]:
    """The policies that the API refuses, and why."""
    for policy in _changed(state, reach):
        for refusal in policy.refusals:
            yield Violation(
                "NP-INVALID",
                policy.resource,
                (route_text(refusal.node.route), refusal.reason),
                f"{str_of(policy.resource)} is refused by the API: {refusal.reason}",
                (refusal.node,),
                fix=None if refusal.value is None else Fix(refusal.node, refusal.value),
            )


# Since 1.36 strict validation takes no host bits and no leading zeros; what was stored stays.
# https://github.com/kubernetes/enhancements/tree/master/keps/sig-network/4858-ip-cidr-validation
_STRICT_SINCE: Final = 36


def check_loose_blocks(state: State, reach: ChangeReach) -> Iterator[Violation]:
    """The address blocks that the API refuses since 1.36 where a policy is new or changed."""
    if not state.environment.has_minor(_STRICT_SINCE):
        return
    for resource in filter(reach.changes, reach.resources(state, kinds.NETWORK_POLICY)):
        if b'"ipBlock"' in resource.encoded:
            for node in _blocks(resource):
                strict = _strict_block(node.text or "")
                if strict is not None:
                    yield Violation(
                        "NP-INVALID",
                        resource,
                        (route_text(node.route), node.text or ""),
                        f"{str_of(resource)} is refused by the API: {node.text} is not written as "
                        f"the block that it is, {strict}",
                        (node,),
                        fix=Fix(node, strict),
                    )


def _blocks(resource: Resource) -> Iterator[Node]:
    for direction, peers in PEERS.items():
        for rule in resource.at("spec", direction).items():
            for peer in rule[peers].items():
                yield peer["ipBlock"]["cidr"]
                yield from peer["ipBlock"]["except"].items()


def _strict_block(text: str) -> str | None:
    """How a block is written that has host bits or leading zeros; None for any other text."""
    address, slash, bits = text.partition("/")
    if not slash:
        return None
    if "." in address:
        address = ".".join(part.lstrip("0") or "0" for part in address.split("."))
    try:
        block = ipaddress.ip_network(f"{address}/{bits}", strict=False)
    except ValueError:
        return None
    loose = address != text.partition("/")[0] or ipaddress.ip_address(address) != (
        block.network_address
    )
    return str(block) if loose else None


def check_ignored_rules(state: State, reach: ChangeReach) -> Iterator[Violation]:
    """The policies with rules for a direction that their `policyTypes` leave out."""
    for policy in _changed(state, reach):
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


def check_host_network(state: State, reach: ChangeReach) -> Iterator[Violation]:
    """The policies that select pods on their node's network, which most plugins do not filter."""
    state_policies = policies(state)
    for policy in touched_policies(state, reach):
        hosted = [pods for pods in state_policies.subjects(policy).pods if pods.host_network]
        if policy.refusals or not hosted:
            continue
        yield Violation(
            "NP-HOSTNETWORK",
            policy.resource,
            tuple(sorted({str(pods.template.owner.key) for pods in hosted})),
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


def _changed(state: State, reach: ChangeReach) -> Iterator[TrafficPolicy]:
    for resource in filter(reach.changes, reach.resources(state, *POLICY_KINDS)):
        yield from policies(state).of(resource)
