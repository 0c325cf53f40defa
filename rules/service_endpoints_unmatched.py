"""See service_endpoints_unmatched.md."""

from collections.abc import Iterator

from bot.core.finding import Finding, Severity
from bot.core.resource import Resource
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.routes.backends import INGRESSES, receives_routes
from bot.kubernetes.services.endpoints import unanswered
from bot.kubernetes.services.service import is_headless

SEVERITY = Severity.WARNING
SUBJECTS = (kinds.SERVICE,)
CONTEXT = (kinds.ENDPOINT_SLICE, kinds.ENDPOINTS, *INGRESSES)


def find(subject: Resource, state: State, options: object) -> Iterator[Finding]:
    del options
    # Clients of a headless Service choose the port themselves; an ingress looks its name up.
    if is_headless(subject) and not receives_routes(state, subject):
        return
    for port, offered in unanswered(subject, state):
        wanted_port = f"{port.name or 'unnamed'} ({port.protocol})"
        have = ", ".join(offered) or "none"
        name = port.node["name"]
        yield Finding(
            name if name.exists else port.node,
            f"Nothing answers on port {port.number} of Service {subject.namespace}/{subject.name}: "
            f"its endpoints are found by the port's name, which is {wanted_port}, "
            f"and they have {have}",
            key=wanted_port,
            facts={"port": port.number, "has": wanted_port, "offered": offered},
        )
