"""What Flux refuses by its controllers' flags, by signatures and by its own network policies.

https://fluxcd.io/flux/installation/configuration/multitenancy/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from bot.core.finding import Side
from bot.core.resource import GroupKind, Node, Resource
from bot.kubernetes import kinds
from bot.kubernetes.authority.pattern_lists import place
from bot.kubernetes.controller_flags import ControllerFlag, controllers, flags_of
from bot.kubernetes.naming import escaped
from bot.kubernetes.workloads.pods import str_of

HELM_CHART: Final = GroupKind("source.toolkit.fluxcd.io", "HelmChart")
SOURCES: Final[Mapping[GroupKind, tuple[str, ...]]] = MappingProxyType(
    {
        kinds.GIT_REPOSITORY: ("spec", "verify"),
        kinds.OCI_REPOSITORY: ("spec", "verify"),
        HELM_CHART: ("spec", "verify"),
        kinds.HELM_RELEASE: ("spec", "chart", "spec", "verify"),
    }
)
"""The sources that Flux verifies, and the field that says by whom they are signed."""

_CONTROLLERS: Final = frozenset(
    {"kustomize-controller", "helm-controller", "notification-controller"}
    | {"image-reflector-controller", "image-automation-controller", "source-controller"}
)
_REFUSALS: Final = MappingProxyType(
    {
        "no-cross-namespace-refs": "takes sources and references of other namespaces",
        "no-remote-bases": "takes bases from anywhere",
    }
)
_ACCOUNT: Final = "default-service-account"


def verification_lost(old: Resource, new: Resource) -> Iterator[tuple[Node, str, Side]]:
    """A source whose signature is no longer checked, or may be anybody's.

    Without a key and identities, a keyless signature of anybody is enough.
    """
    route = SOURCES[new.group_kind]
    before, after = old.at(*route), new.at(*route)
    if before.mapping and not after.mapping:
        node, side = place(after, before)
        yield node, f"{str_of(new)} is now fetched without verifying who signed it", side
        return
    was, now = before["matchOIDCIdentity"], after["matchOIDCIdentity"]
    if any(was.items()) and not any(now.items()) and not after["secretRef"].mapping:
        node, side = place(now, was)
        yield node, f"{str_of(new)} now takes a signature of anybody", side


def flags_lost(old: Resource, new: Resource) -> Iterator[tuple[Node, str, Side]]:
    """The flags by which Flux's controllers keep tenants apart, and that are gone."""
    head = dict(controllers(new))
    for name, container in controllers(old):
        if name not in _CONTROLLERS or name not in head:
            continue
        before, after = ({flag.name: flag for flag in flags_of(c)} for c in (container, head[name]))
        for flag, words in _REFUSALS.items():
            was, now = before.get(flag), after.get(flag)
            if was is not None and was.is_on and not (now is not None and now.is_on):
                yield _lost(new, (was, now), words)
        was, now = before.get(_ACCOUNT), after.get(_ACCOUNT)
        account = now.value if now is not None else ""
        if was is not None and was.value and account != was.value:
            whose = f"as {escaped(account)}" if account else "with the controller's own rights"
            yield _lost(new, (was, now), f"applies what names no account {whose}")


def _lost(
    new: Resource, sides: tuple[ControllerFlag, ControllerFlag | None], words: str
) -> tuple[Node, str, Side]:
    was, now = sides
    message = f"{str_of(new)} now {words}"
    return (was.node, message, "LEFT") if now is None else (now.node, message, "RIGHT")


def network_policies_lost(old: Resource, new: Resource) -> Iterator[tuple[Node, str, Side]]:
    """https://fluxoperator.dev/docs/crd/fluxinstance/#cluster-configuration."""
    was, now = (one.at("spec", "cluster", "networkPolicy") for one in (old, new))
    if now.value is False and was.value is not False:
        yield now, f"{str_of(new)} no longer has network policies for Flux's controllers", "RIGHT"
