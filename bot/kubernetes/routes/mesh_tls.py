"""The encryption that DestinationRules of Istio set between a client and a service.

https://istio.io/latest/docs/reference/config/networking/destination-rule/#ClientTLSSettings
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from bot.core.finding import Finding
from bot.core.resource import GroupKind, Node, Resource
from bot.core.state import State, changes
from bot.kubernetes.naming import escaped
from bot.kubernetes.routes.backend_tls import CLEAR, UNVERIFIED, VERIFIED, Hop, hop_lost
from bot.records import dataclass

DESTINATION_RULE: Final = GroupKind("networking.istio.io", "DestinationRule")
_NAMESPACE_PARTS: Final = 2


@dataclass(frozen=True, slots=True)
class _Part:
    """The traffic that settings are for: a host, and a subset or port of it."""

    host: str
    part: str = ""


def mesh_tls_lost(before: State, after: State) -> Iterator[Finding]:
    """The services that the mesh newly reaches in clear, or verifies less."""
    if not any(True for _ in changes(before, after, DESTINATION_RULE)):
        return
    base, head = before.derived(_hops), after.derived(_hops)
    for part in dict.fromkeys((*base, *head)):
        old, new = base.get(part), head.get(part)
        places = () if new is None else new.places
        old = old or base.get(_Part(part.host)) or _unset(part, places)
        old = replace(old, backend=_words(part))
        if new is None:
            new = head.get(_Part(part.host)) or _unset(part, ())
        yield from hop_lost(old, new, before, after)


def _unset(part: _Part, places: tuple[Node, ...]) -> Hop:
    """How requests reach a service without settings: sidecars encrypt among themselves.

    https://istio.io/latest/docs/ops/configuration/traffic-management/tls-configuration/#auto-mtls
    """
    return Hop(_words(part), VERIFIED if _is_in_mesh(part.host) else CLEAR, places)


def _words(part: _Part) -> str:
    return f"{escaped(part.host)}{f' ({part.part})' if part.part else ''}"


def _is_in_mesh(host: str) -> bool:
    return host.endswith((".cluster.local", ".svc", ".local"))


def _hops(state: State) -> Mapping[_Part, Hop]:
    hops = {}
    for rule in state.of(DESTINATION_RULE):
        host = _host(rule)
        policy = rule.at("spec", "trafficPolicy")
        for part, settings in _settings(host, policy):
            hops[part] = _hop(part, settings, policy)
        for subset in rule.at("spec", "subsets").items():
            part = _Part(host, f"subset {escaped(subset['name'].text or '')}")
            settings = subset["trafficPolicy"]["tls"]
            if settings.exists:
                hops[part] = _hop(part, settings, subset)
    return MappingProxyType(hops)


def _settings(host: str, policy: Node) -> Iterator[tuple[_Part, Node]]:
    yield _Part(host), policy["tls"]
    for item in policy["portLevelSettings"].items():
        yield _Part(host, f"port {item['port']['number'].integer}"), item["tls"]


def _host(rule: Resource) -> str:
    """The full name of the host; a short one is of the rule's namespace."""
    name = (rule.at("spec", "host").text or "").lower()
    if "." not in name:
        return f"{name}.{rule.namespace}.svc.cluster.local"
    is_short = name.count(".") == _NAMESPACE_PARTS and name.endswith(".svc")
    return f"{name}.cluster.local" if is_short else name


def _hop(part: _Part, settings: Node, holder: Node) -> Hop:
    mode = settings["mode"]
    skips = settings["insecureSkipVerify"]
    places = (mode, skips, settings, holder)
    if not settings.exists:
        return _unset(part, places)
    if (mode.text or "DISABLE") == "DISABLE":
        return Hop(_words(part), CLEAR, places)
    level = UNVERIFIED if skips.value is True else VERIFIED
    names = settings["subjectAltNames"]
    return Hop(_words(part), level, (*names.items(), *places), frozenset(map(escaped, names.texts)))
