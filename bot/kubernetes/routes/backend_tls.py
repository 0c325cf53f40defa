"""The encryption between a route and its backends, and what a change takes away from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from bot.core.finding import Finding
from bot.core.resource import GroupKind, Node, Resource, ResourceKey
from bot.core.state import State, changes
from bot.core.words import first_of
from bot.kubernetes import kinds
from bot.kubernetes.causes import ChangedPosition, changed_place, lost_place
from bot.kubernetes.naming import escaped
from bot.kubernetes.routes.gateways import PARENTS
from bot.kubernetes.workloads.pods import str_of
from bot.records import dataclass

BACKEND_TLS_POLICY: Final = GroupKind("gateway.networking.k8s.io", "BackendTLSPolicy")
_HTTP_PROXY: Final = GroupKind("projectcontour.io", "HTTPProxy")
_TRANSPORTS: Final = tuple(
    GroupKind(group, kind)
    for group in ("traefik.io", "traefik.containo.us")
    for kind in ("ServersTransport", "ServersTransportTCP")
)
_NGINX: Final = "nginx.ingress.kubernetes.io"

CLEAR: Final = 0
UNVERIFIED: Final = 1
VERIFIED: Final = 2

_Key: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Hop:
    """A hop: how requests reach a backend: in clear, encrypted, or with its certificate verified.

    `names` and `authorities` are those that a certificate may have, empty where nothing lists them.
    """

    backend: str
    level: int
    places: tuple[Node, ...]
    names: frozenset[str] = frozenset()
    authorities: frozenset[str] = frozenset()


def backend_tls_lost(before: State, after: State) -> Iterator[Finding]:
    """The backends that are newly reached in clear, or whose certificate is verified less."""
    if not any(True for _ in changes(before, after, *READERS)):
        return
    at_head = after.derived(_hops)
    for key, old in before.derived(_hops).items():
        new = at_head.get(key)
        if new is None:
            new = _unprotected(key, old, before, after)
        if new is not None:
            yield from hop_lost(old, new, before, after)


def _unprotected(key: _Key, old: Hop, before: State, after: State) -> Hop | None:
    """The hop to a Service that lost its policy; None where the Service or its route is gone."""
    service = key[0]
    if not isinstance(service, ResourceKey) or service.group_kind != kinds.SERVICE:
        return None
    if before.get(service) is not None and after.get(service) is None:
        return None
    whole = after.derived(_hops).get((service, ""))
    return whole or Hop(old.backend, CLEAR, ())


def hop_lost(old: Hop, new: Hop, before: State, after: State) -> Iterator[Finding]:
    """The finding for a backend that is reached with less protection than before."""
    message = _loss(old, new)
    if message is None:
        return
    place = (
        changed_place(before, new.places)
        or lost_place(after, old.places)
        or ChangedPosition((new.places or old.places)[0])
    )
    facts = {"code": "ROUTE-BACKEND-TLS", "object": str(place.node.resource.key)}
    yield Finding(place.node, message, key=old.backend, facts=facts, side=place.side)


def _loss(old: Hop, new: Hop) -> str | None:
    if new.level < old.level:
        if new.level == CLEAR:
            return f"Requests to {old.backend} are now sent unencrypted"
        return f"The certificate of {old.backend} is no longer verified"
    if new.level < VERIFIED:
        return None
    names = sorted(new.names - old.names) if old.names else []
    if names:
        return f"{old.backend} may now present a certificate for {first_of(names, 3)}"
    authorities = sorted(new.authorities - old.authorities) if old.authorities else []
    if authorities:
        return f"{old.backend} may now present a certificate of {first_of(authorities, 3)}"
    return None


def _hops(state: State) -> Mapping[_Key, Hop]:
    hops: dict[_Key, Hop] = {}
    for resource in state.of(*READERS):
        hops.update(READERS[resource.group_kind](resource))
    return MappingProxyType(hops)


def _policy(policy: Resource) -> Iterator[tuple[_Key, Hop]]:
    """https://gateway-api.sigs.k8s.io/reference/api-types/policy/backendtlspolicy/.

    Alternative names replace the host name.
    """
    validation = policy.at("spec", "validation")
    system = validation["wellKnownCACertificates"]
    alternatives = validation["subjectAltNames"]
    names = [name["hostname"].text or name["uri"].text or "" for name in alternatives.items()]
    host = validation["hostname"].text or ""
    references = validation["caCertificateRefs"]
    authorities = [
        f"{escaped(ref['kind'].text or '')} {escaped(ref['name'].text or '')}"
        for ref in references.items()
    ]
    if system.exists:
        authorities.append("the system's certificate authorities")
    lists = (alternatives, references)
    places = (*(item for node in lists for item in node.items()), validation["hostname"], system)
    for target in policy.at("spec", "targetRefs").items():
        name, section = target["name"].text or "", target["sectionName"].text or ""
        key = ResourceKey("", target["kind"].text or "", policy.namespace, name)
        yield (
            (key, section),
            Hop(
                f"{escaped(key.kind)} {key.namespace}/{escaped(name)}",
                VERIFIED,
                (*places, *lists, target),
                frozenset(escaped(name) for name in (names or [host]) if name),
                frozenset(authorities),
            ),
        )


def _ingress(ingress: Resource) -> Iterator[tuple[_Key, Hop]]:
    """https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#backend-certificate-authentication."""
    notes = ingress.at("metadata", "annotations")
    protocol, verify = notes[f"{_NGINX}/backend-protocol"], notes[f"{_NGINX}/proxy-ssl-verify"]
    level = CLEAR
    if (protocol.text or "").upper() in ("HTTPS", "GRPCS"):
        level = VERIFIED if (verify.text or "").lower() == "on" else UNVERIFIED
    yield (ingress.key,), Hop(f"the backends of {str_of(ingress)}", level, (protocol, verify))


def _openshift(route: Resource) -> Iterator[tuple[_Key, Hop]]:
    tls = route.at("spec", "tls")
    encrypted = tls["termination"].text in ("reencrypt", "passthrough")
    level = VERIFIED if encrypted else CLEAR
    hop = Hop(f"the backends of {str_of(route)}", level, (tls["termination"], tls))
    yield (route.key,), hop


def _http_proxy(proxy: Resource) -> Iterator[tuple[_Key, Hop]]:
    """https://projectcontour.io/docs/main/config/upstream-tls/."""
    for route in proxy.at("spec", "routes").items():
        for service in route["services"].items():
            protocol, validation = service["protocol"], service["validation"]
            level = UNVERIFIED if protocol.text in ("tls", "h2") else CLEAR
            if level == UNVERIFIED and validation.exists:
                level = VERIFIED
            backend = f"Service {proxy.namespace}/{escaped(service['name'].text or '')}"
            hop = Hop(backend, level, (protocol, validation, service))
            yield (proxy.key, service["name"].text), hop


def _transport(transport: Resource) -> Iterator[tuple[_Key, Hop]]:
    """https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/http/serverstransport/."""
    spec = transport.at("spec")
    skips = [spec["insecureSkipVerify"], spec["tls"]["insecureSkipVerify"]]
    level = UNVERIFIED if any(skip.value is True for skip in skips) else VERIFIED
    hop = Hop(f"backends by {str_of(transport)}", level, tuple(skips))
    yield (transport.key,), hop


def _listeners(holder: Resource) -> Iterator[tuple[_Key, Hop]]:
    """A listener that no longer passes TLS through ends it at the Gateway.

    https://gateway-api.sigs.k8s.io/guides/tls/#listeners-and-tls
    """
    for listener in holder.at("spec", "listeners").items():
        if listener["protocol"].text == "TLS":
            mode = listener["tls"]["mode"]
            level = VERIFIED if mode.text == "Passthrough" else CLEAR
            name = listener["name"].text or ""
            backends = f"the backends of listener {escaped(name)} of {str_of(holder)}"
            yield (holder.key, name), Hop(backends, level, (mode, listener["tls"]))


READERS: Final[Mapping[GroupKind, Callable[[Resource], Iterator[tuple[_Key, Hop]]]]] = (
    MappingProxyType(
        {
            BACKEND_TLS_POLICY: _policy,
            kinds.INGRESS: _ingress,
            kinds.OPENSHIFT_ROUTE: _openshift,
            _HTTP_PROXY: _http_proxy,
            **dict.fromkeys(PARENTS, _listeners),
            **dict.fromkeys(_TRANSPORTS, _transport),
        }
    )
)
"""The kinds that say how backends are reached, each with what reads it."""
