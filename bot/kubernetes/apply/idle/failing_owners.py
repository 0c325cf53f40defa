"""Flux Kustomizations that fail before they apply anything, or wait for one that does not succeed.

https://github.com/fluxcd/kustomize-controller/blob/main/internal/controller/kustomization_controller.go
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from bot.core.resource import GroupKind, Node, Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.apply.idle.owner_dependencies import dependencies
from bot.kubernetes.gitops.owners import all_owners
from bot.records import dataclass

_DECRYPT: Final = "kustomize.toolkit.fluxcd.io/decrypt"
_ENCRYPTED: Final = b'"sops"'


@dataclass(frozen=True, slots=True)
class Undecrypted:
    """A Kustomization that does not decrypt a Secret; `field` is what that says of its encryption.

    `decryption` is the field of base's Kustomization, which exists where head removed it.
    """

    owner: Resource
    field: Node
    decryption: Node


def undecrypted(owner: Resource, state: State) -> Iterator[Node]:
    """Yield what a Secret encrypted by SOPS says of that, whose owner does not decrypt.

    Flux applies nothing of such a Kustomization.
    """
    if owner.group_kind == kinds.FLUX_KUSTOMIZATION and not owner.at("spec", "decryption").exists:
        encrypted = state.derived(_encrypted).get(owner.key)
        if encrypted is not None:
            yield encrypted


def newly_undecrypted(before: State, after: State) -> Iterator[Undecrypted]:
    """Yield the Kustomizations of base that fail from now on, as they do not decrypt a Secret.

    Where one of base does not either, something else is taken to decrypt Secrets, or to add the
    field.
    """
    if any(field for owner in before.derived(all_owners) for field in undecrypted(owner, before)):
        return
    for owner in after.derived(all_owners):
        old = before.get(owner.key)
        if old is not None:
            for field in undecrypted(owner, after):
                yield Undecrypted(owner, field, old.at("spec", "decryption"))


def unhealthy(owner: Resource, state: State) -> Iterator[Node]:
    """Yield the health checks of what an owner depends on that are about objects nobody makes."""
    pending, seen = [owner], {owner.key}
    while pending:
        for dependency in dependencies(pending.pop()):
            key = ResourceKey(
                dependency.kind.group, dependency.kind.kind, dependency.namespace, dependency.name
            )
            needed = state.get(key)
            if needed is not None and key not in seen:
                seen.add(key)
                pending.append(needed)
                checks = needed.at("spec", "healthChecks").items()
                yield from (check for check in checks if _is_missing(check, state))


def _is_missing(check: Node, state: State) -> bool:
    """Whether nothing makes the object of a health check, in a namespace of which all is known."""
    group, _, _ = (check["apiVersion"].text or "").rpartition("/")
    namespace = check["namespace"].text
    if namespace not in state.closed:
        return False
    objects = state.of(GroupKind(group, check["kind"].text or ""), namespace=namespace)
    return all(other.name != check["name"].text for other in objects)


def _encrypted(state: State) -> Mapping[ResourceKey, Node]:
    """The owners of encrypted Secrets, each with what the first one says of its encryption."""
    fields: dict[ResourceKey, Node] = {}
    for secret in state.of(kinds.SECRET):
        if _ENCRYPTED not in secret.encoded or secret.annotations.get(_DECRYPT) == "disabled":
            continue
        if secret.at("sops").exists:
            for root in state.applied_by.get(secret.key, ()):
                fields.setdefault(root.owner.key, secret.at("sops"))
    return MappingProxyType(fields)
