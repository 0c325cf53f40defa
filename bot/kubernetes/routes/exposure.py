"""Services that can be reached from outside the cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from bot.core.finding import Finding, Severity
from bot.core.globs import name_matches
from bot.core.resource import Node, Resource
from bot.core.state import State, changes
from bot.kubernetes import kinds
from bot.kubernetes.addresses import EVERYWHERE, Addresses
from bot.kubernetes.causes import changed_position
from bot.kubernetes.checks import ChangeReach, Violation, finding_at
from bot.kubernetes.routes.loadbalancer_providers import ProviderName
from bot.kubernetes.routes.loadbalancers import (
    INTERNAL_ANNOTATIONS,
    is_internal,
    only_private_sources,
    provider_of,
)
from bot.kubernetes.workloads.pods import str_of
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class Exposure:
    """A check of which Services are reachable; `providers` maps environment globs to providers."""

    providers: Mapping[str, tuple[ProviderName, ...]]

    def ask(self, state: State, reach: ChangeReach) -> Iterator[Violation]:
        """The ways in which Services of these namespaces can be reached from outside."""
        providers = self._providers(state)
        for service in reach.resources(state, kinds.SERVICE):
            kind = service.at("spec", "type")
            if kind.value == "LoadBalancer":
                yield from _load_balancer(service, providers)
            elif kind.value == "NodePort":
                yield _exposed("SVC-NODEPORT", service, "on a port of every node", (kind,))
            addresses = service.at("spec", "externalIPs")
            if addresses.texts and kind.value != "ExternalName":
                text = f"at {', '.join(addresses.texts[:3])}"
                yield _exposed("SVC-EXTERNAL-IPS", service, text, (addresses, kind))

    def _providers(self, state: State) -> tuple[ProviderName, ...]:
        names = self.providers.items()
        return tuple(
            provider
            for glob, providers in names
            if name_matches(state.environment.name, (glob,))
            for provider in providers
        )


_SOURCE_RANGES: Final = "service.beta.kubernetes.io/load-balancer-source-ranges"


def sources_widened(before: State, after: State) -> Iterator[Finding]:
    """The load balancers that accept connections from more addresses than at base.

    `Exposure` reports load balancers that are newly reachable. Without a list, every address may
    connect:
    https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/#ServiceSpec
    """
    for change in changes(before, after, kinds.SERVICE):
        old, new = change.before, change.after
        if old is None or new is None or not (_is_outside(old) and _is_outside(new)):
            continue
        at_base = _sources(old)
        gained = _sources(new) - at_base
        if gained and not at_base.everywhere:
            where = "everywhere" if _sources(new).everywhere else str(gained)
            message = f"{str_of(new)} now takes connections from {where}"
            places = (
                new.at("spec", "loadBalancerSourceRanges"),
                new.at("metadata", "annotations", _SOURCE_RANGES),
            )
            violation = Violation("SVC-SOURCES", new, (), message, places)
            yield finding_at(violation, changed_position(before, places))


def _is_outside(service: Resource) -> bool:
    balanced = service.at("spec", "type").value == "LoadBalancer"
    return balanced and not is_internal(service) and not only_private_sources(service)


def _sources(service: Resource) -> Addresses:
    """The addresses that may connect; an entry that is not a CIDR block admits nobody."""
    ranges = service.at("spec", "loadBalancerSourceRanges").texts
    if not ranges:
        ranges = tuple(filter(None, service.annotations.get(_SOURCE_RANGES, "").split(",")))
    return Addresses.union(map(_block, ranges)) if ranges else EVERYWHERE


def _block(text: str) -> Addresses:
    try:
        return Addresses.of(text.strip())
    except ValueError:
        return Addresses()


def _exposed(code: str, service: Resource, where: str, places: tuple[Node, ...]) -> Violation:
    message = f"{str_of(service)} can be reached from outside the cluster {where}"
    return Violation(code, service, (), message, places)


def _load_balancer(service: Resource, providers: tuple[ProviderName, ...]) -> Iterator[Violation]:
    spec, notes = service.at("spec"), service.at("metadata", "annotations")
    chosen = spec["loadBalancerClass"]
    places = (spec["type"], chosen, spec["loadBalancerSourceRanges"])
    if not is_internal(service, providers) and not only_private_sources(service):
        annotations = (*places, *(notes[key] for key in INTERNAL_ANNOTATIONS))
        ranges = spec["loadBalancerSourceRanges"].texts
        where = "by a load balancer that is not internal"
        if ranges:
            where += f", from {', '.join(ranges[:3])}"
        yield _exposed("SVC-LOADBALANCER", service, where, annotations)
    provider = provider_of(service)
    if providers and not chosen.text and (provider is None or provider.name not in providers):
        yield Violation(
            "SVC-PROVIDER-MISSING",
            service,
            (),
            f"{str_of(service)} is of type LoadBalancer and names none of the environment's "
            f"providers ({', '.join(providers)}) by class or annotation",
            (*places, *(notes[key] for key in service.annotations)),
        )
    if spec["loadBalancerIP"].text:
        yield Violation(
            "SVC-LOADBALANCER-IP",
            service,
            (),
            f"{str_of(service)} sets loadBalancerIP, which is deprecated and which providers may "
            "ignore: use the provider's annotation",
            (spec["loadBalancerIP"],),
            Severity.NOTICE,
        )
