"""Hosts and paths that are newly public, and guards of routes that are gone."""

from collections.abc import Iterator

from bot.core.engine.consent import SPEC_AND_ANNOTATIONS
from bot.core.finding import Finding, Severity
from bot.core.state import State
from bot.kubernetes.routes.backend_tls import READERS, backend_tls_lost
from bot.kubernetes.routes.backends import INGRESSES
from bot.kubernetes.routes.changes import routes_exposed
from bot.kubernetes.routes.claims import routes_claimed
from bot.kubernetes.routes.client_certificates import client_certificates_lost
from bot.kubernetes.routes.gateways import PARENTS
from bot.kubernetes.routes.mesh_tls import DESTINATION_RULE, mesh_tls_lost
from bot.kubernetes.routes.middlewares import MIDDLEWARES
from bot.kubernetes.routes.other_routes import ISTIO_GATEWAY

SEVERITY = Severity.WARNING
CONSENT = SPEC_AND_ANNOTATIONS
SUBJECTS = (*INGRESSES, *PARENTS, ISTIO_GATEWAY, DESTINATION_RULE, *READERS, *MIDDLEWARES)


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    yield from routes_exposed(before, after)
    yield from backend_tls_lost(before, after)
    yield from mesh_tls_lost(before, after)
    yield from client_certificates_lost(before, after)
    yield from routes_claimed(before, after)
