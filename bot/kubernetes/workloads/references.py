"""References of pods: the objects that they need in order to start, and who provides them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from bot.core.resource import GroupKind, Node, Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.workloads.pods import PodTemplate, pod_templates
from bot.kubernetes.workloads.template_paths import TEMPLATED
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class PodReference:
    """An object, or one key of it, that a pod needs; `fatal` unless the pod starts without."""

    target: ResourceKey
    node: Node
    entry: str | None = None
    fatal: bool = True


# Kinds whose controllers create a Secret: the field with its name; else the object's name.
_MAKERS: Final[Mapping[GroupKind, tuple[str, ...]]] = MappingProxyType(
    {
        # The controller (0.27) sets the SealedSecret's own name, whatever its template says.
        GroupKind("bitnami.com", "SealedSecret"): (),
        GroupKind("external-secrets.io", "ExternalSecret"): ("spec.target.name",),
        GroupKind("cert-manager.io", "Certificate"): ("spec.secretName",),
        GroupKind("secrets.hashicorp.com", "VaultStaticSecret"): ("spec.destination.name",),
        GroupKind("secrets.hashicorp.com", "VaultDynamicSecret"): ("spec.destination.name",),
        GroupKind("secrets.hashicorp.com", "VaultPKISecret"): ("spec.destination.name",),
        GroupKind("onepassword.com", "OnePasswordItem"): (),
        GroupKind("isindir.github.com", "SopsSecret"): (),
        GroupKind("secrets.infisical.com", "InfisicalSecret"): (
            "spec.managedSecretReference.secretName",
        ),
    }
)
_PROVIDED: Final = (
    kinds.CONFIG_MAP,
    kinds.SECRET,
    kinds.PERSISTENT_VOLUME_CLAIM,
    kinds.PRIORITY_CLASS,
)


def provided(resource: Resource) -> ResourceKey:
    """The object that a provider makes available to pods: itself, or the Secret made from it."""
    if resource.group_kind in _PROVIDED:
        return resource.key
    named = [resource.at(*path.split(".")).text for path in _MAKERS[resource.group_kind]]
    name = next((name for name in named if name), resource.name)
    return ResourceKey("", "Secret", resource.namespace, name)


_FEW: Final = 50  # above this, a text search for every name costs more than decoding

PROVIDERS: Final = (*_PROVIDED, *_MAKERS)
"""The kinds that provide what pods refer to."""


def providers(state: State) -> Mapping[ResourceKey, Resource]:
    """Everything that pods of a state can refer to, with the object that provides it."""
    return state.derived(_providers)


def _providers(state: State) -> Mapping[ResourceKey, Resource]:
    return MappingProxyType({provided(provider): provider for provider in state.of(*PROVIDERS)})


def users_of(
    state: State, targets: Iterable[ResourceKey]
) -> Mapping[ResourceKey, tuple[PodReference, ...]]:
    """The references of a state's pods to these objects, by object."""
    target_keys = frozenset(targets)
    users: dict[ResourceKey, list[PodReference]] = {}
    for owner in _owners(state, target_keys):
        for template in pod_templates(owner):
            for reference in references(template):
                if reference.target in target_keys:
                    users.setdefault(reference.target, []).append(reference)
    return MappingProxyType({key: tuple(references) for key, references in users.items()})


def _owners(state: State, target_keys: frozenset[ResourceKey]) -> Iterator[Resource]:
    """The workloads whose text names one of these objects; the others are not decoded."""
    spaces: dict[str | None, list[bytes]] = {}
    for key in target_keys:
        spaces.setdefault(key.namespace, []).append(msgspec.json.encode(key.name))
    everywhere = spaces.pop(None, [])
    for space in sorted(state.namespaces if everywhere else filter(None, spaces)):
        names = (*everywhere, *spaces.get(space, ()))
        for owner in state.of(*TEMPLATED, namespace=space):
            if len(names) > _FEW or any(name in owner.encoded for name in names):
                yield owner


def references(template: PodTemplate) -> Iterator[PodReference]:
    """Everything that the pods of a template need in order to start."""
    space, spec = template.owner.namespace, template.spec
    for volume in spec["volumes"].items():
        yield from _of_volume(volume, space)
    for container in template.all_containers:
        yield from _of_environment(container, space)
    for item in spec["imagePullSecrets"].items():
        # The kubelet pulls without credentials where the Secret is missing.
        yield from _named(item["name"], "Secret", space, fatal=False)
    name = spec["priorityClassName"]
    if name.text and not name.text.startswith("system-"):
        key = ResourceKey("scheduling.k8s.io", "PriorityClass", None, name.text)
        yield PodReference(key, name)


def _of_volume(volume: Node, space: str | None) -> Iterator[PodReference]:
    yield from _of_source(volume["configMap"], "ConfigMap", "name", space)
    yield from _of_source(volume["secret"], "Secret", "secretName", space)
    yield from _named(
        volume.at("persistentVolumeClaim", "claimName"), "PersistentVolumeClaim", space
    )
    for source in volume.at("projected", "sources").items():
        yield from _of_source(source["configMap"], "ConfigMap", "name", space)
        yield from _of_source(source["secret"], "Secret", "name", space)


def _of_source(source: Node, kind: str, field: str, space: str | None) -> Iterator[PodReference]:
    if source["optional"].value is True:
        return
    yield from _named(source[field], kind, space)
    for item in source["items"].items():
        yield from _named(source[field], kind, space, key=item["key"])


def _of_environment(container: Node, space: str | None) -> Iterator[PodReference]:
    for source in container["envFrom"].items():
        for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            if source[field]["optional"].value is not True:
                yield from _named(source[field]["name"], kind, space)
    for variable in container["env"].items():
        for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            reference = variable["valueFrom"][field]
            if reference["optional"].value is not True:
                yield from _named(reference["name"], kind, space)
                yield from _named(reference["name"], kind, space, key=reference["key"])


def _named(
    node: Node, kind: str, space: str | None, *, key: Node | None = None, fatal: bool = True
) -> Iterator[PodReference]:
    if not node.text:
        return
    target = ResourceKey("", kind, space, node.text)
    if key is None:
        yield PodReference(target, node, None, fatal)
    elif key.text:
        yield PodReference(target, key, key.text, fatal)


def entries(resource: Resource) -> frozenset[str] | None:
    """The keys of a ConfigMap or Secret; None for an object that does not show them."""
    if resource.group_kind not in {kinds.CONFIG_MAP, kinds.SECRET} or resource.at("sops").exists:
        return None
    fields = ("data", "binaryData", "stringData")
    return frozenset(name for field in fields for name in resource.at(field).mapping)
