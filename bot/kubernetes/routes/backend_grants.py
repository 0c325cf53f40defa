"""Whether a ReferenceGrant permits a route to send traffic to another namespace."""

from __future__ import annotations

from bot.core.resource import Resource
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.absence import CheckedReference
from bot.kubernetes.checks import Violation
from bot.kubernetes.routes.other_routes import Backend
from bot.kubernetes.workloads.pods import str_of


def grant_exists(state: State, resource: Resource, backend: Backend) -> CheckedReference:
    """The ReferenceGrant that permits traffic to a Service of another namespace."""
    name = f"Service {backend.namespace}/{backend.name}"
    grants = state.of(kinds.REFERENCE_GRANT, namespace=backend.namespace)
    permitting = [grant for grant in grants if _permits(grant, resource, backend)]
    return CheckedReference(
        f"grant {name}",
        bool(permitting),
        backend.namespace,
        (kinds.SERVICE,),
        Violation(
            "BACKEND-NOT-GRANTED",
            resource,
            (name,),
            f"{str_of(resource)} sends traffic to {name}, and no ReferenceGrant in namespace "
            f"{backend.namespace} permits that to {resource.key.kind} of namespace "
            f"{resource.namespace}",
            (backend.node["namespace"],),
        ),
        by=tuple(grant.at("spec", field) for grant in permitting for field in ("from", "to")),
    )


def _permits(grant: Resource, resource: Resource, backend: Backend) -> bool:
    source = (resource.key.group, resource.key.kind, resource.namespace)
    sources = grant.at("spec", "from").items()
    targets = grant.at("spec", "to").items()
    return any(
        (node["group"].text or "", node["kind"].text, node["namespace"].text) == source
        for node in sources
    ) and any(
        (node["group"].text or "", node["kind"].text) == ("", "Service")
        and node["name"].text in {None, "", backend.name}
        for node in targets
    )
