"""Labels and annotations by which a namespace takes part in a guard, newly gone or off.

Istio: https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/
Linkerd: https://linkerd.io/2/reference/proxy-configuration/
Sigstore: https://docs.sigstore.dev/policy-controller/overview/
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from bot.core.finding import Finding, Severity
from bot.core.resource import Resource
from bot.core.state import State, changes
from bot.kubernetes import kinds
from bot.kubernetes.naming import escaped
from bot.records import dataclass

_SIGSTORE: Final = "policy.sigstore.dev/include"
_ISTIO: Final = ("istio-injection", "istio.io/rev", "istio.io/dataplane-mode")
_LINKERD: Final = ("linkerd.io/inject",)
_INBOUND: Final = "config.linkerd.io/default-inbound-policy"
_OPEN: Final = frozenset({"", "all-unauthenticated", "cluster-unauthenticated", "audit"})
_ISTIO_ROOT: Final = "istio-system"


@dataclass(frozen=True, slots=True)
class _Switch:
    """A guard that a namespace leaves, the fields that decide so, and the group of its policies."""

    section: str
    fields: tuple[str, ...]
    words: str
    policies: str = ""


_SWITCHES: Final = (
    _Switch("labels", (_SIGSTORE,), "no longer has its images checked by Sigstore's policies"),
    _Switch(
        "labels",
        _ISTIO,
        "leaves Istio's mesh: its new pods have no mutual TLS, and no AuthorizationPolicy holds",
        "security.istio.io",
    ),
    _Switch(
        "annotations",
        _LINKERD,
        "leaves Linkerd's mesh: its new pods have no mutual TLS, and no policy of Linkerd holds",
        "policy.linkerd.io",
    ),
    _Switch("annotations", (_INBOUND,), "newly admits traffic that Linkerd refused by default"),
)


def switches_off(before: State, after: State) -> Iterator[Finding]:
    """Namespaces that leave a mesh or an admission guard into which they opted.

    A mesh that enforces no policy of the state there is a warning.
    """
    for change in changes(before, after, kinds.NAMESPACE):
        old, new = change.before, change.after
        if old is None or new is None:
            continue
        for switch in _SWITCHES:
            if _takes_part(old, switch) and not _takes_part(new, switch):
                yield _finding(switch, old, new, before)


def _takes_part(namespace: Resource, switch: _Switch) -> bool:
    fields = namespace.labels if switch.section == "labels" else namespace.annotations
    values = [fields.get(name, "") for name in switch.fields]
    if switch.fields == (_SIGSTORE,):
        return values == ["true"]
    if switch.fields == (_INBOUND,):
        return _takes_part(namespace, _SWITCHES[2]) and values[0] not in _OPEN
    if switch.fields == _LINKERD:
        return values[0] in {"enabled", "ingress"}
    injection, revision, plane = values
    return (
        injection == "enabled" or (injection != "disabled" and bool(revision)) or plane == "ambient"
    )


def _finding(switch: _Switch, old: Resource, new: Resource, before: State) -> Finding:
    name = next(
        name
        for name in switch.fields
        if old.at("metadata", switch.section, name).value
        != new.at("metadata", switch.section, name).value
    )
    node = new.at("metadata", switch.section, name)
    spaces = {new.name, _ISTIO_ROOT}
    enforced = not switch.policies or any(
        resource.key.group == switch.policies and resource.namespace in spaces
        for resource in before.resources
    )
    message = f"Namespace {escaped(new.name)} {switch.words}"
    return Finding(
        node if node.exists else old.at("metadata", switch.section, name),
        message,
        Severity.ERROR if enforced else Severity.WARNING,
        message,
        MappingProxyType({"object": str(new.key)}),
        side="RIGHT" if node.exists else "LEFT",
    )
