"""Services without pods behind them."""

from __future__ import annotations

from collections.abc import Iterator

from bot.core.resource import Resource
from bot.core.state import State
from bot.kubernetes.absence import CheckedReference, may_bring_pods
from bot.kubernetes.checks import Violation
from bot.kubernetes.services.service import service_selector, services
from bot.kubernetes.workloads.pod_names import nearest
from bot.kubernetes.workloads.pods import str_of
from bot.kubernetes.workloads.population import population
from bot.kubernetes.workloads.template_paths import TEMPLATED


def pods_behind(state: State, service: Resource) -> Iterator[CheckedReference]:
    """The pods that a Service selects, as a reference that may lead nowhere."""
    selector, space = service_selector(service), service.namespace
    if selector is None or selector.invalid is not None or space is None:
        return
    selected = services(state).endpoints(service).all
    yield CheckedReference(
        "pods",
        bool(selected),
        space,
        TEMPLATED,
        Violation(
            "SVC-NO-PODS",
            service,
            (),
            f"{str_of(service)} selects {selector}, and no pod in namespace {space} has these "
            f"labels{nearest(population(state), service, selector)}",
            (service.at("spec", "selector"),),
        ),
        by=tuple(pods.template.node.at("metadata", "labels") for pods in selected),
        unseen=may_bring_pods(state, space),
    )
