"""Trees into states: roots, environments, and what is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from bot.core import values
from bot.core.manifest import Manifest, ManifestFile
from bot.core.policy import Policy
from bot.core.resource import Resource, ResourceKey, Source
from bot.core.state import Environment, State
from bot.core.values import freeze

_CLUSTER: Final = frozenset(
    {"Namespace", "ClusterRole", "ClusterRoleBinding", "Node", "PersistentVolume"}
)


def build_state(manifests: Mapping[str, tuple[str, Manifest]], policy: Policy) -> State:
    """The state of one environment that holds these manifests (path to blob id and manifest)."""
    files = {path: ManifestFile(path, blob, held) for path, (blob, held) in manifests.items()}
    found = {key: held for file in files.values() for key, held in _resources(file)}
    return State(tuple(found.values()), Environment(), policy, files=MappingProxyType(files))


def _resources(file: ManifestFile) -> Iterator[tuple[ResourceKey, Resource]]:
    for held in file.reading.objects:
        body = values.mapping(freeze(msgspec.json.decode(held.encoded)))
        metadata = values.mapping(body.get("metadata"))
        kind, name = values.text(body.get("kind")), values.text(metadata.get("name"))
        if kind and name:
            group = (values.text(body.get("apiVersion")) or "").rpartition("/")[0]
            space = values.text(metadata.get("namespace")) or "default"
            key = ResourceKey(group, kind, None if kind in _CLUSTER else space, name)
            source = Source(file.path, file.blob, held.document, held.item)
            yield key, Resource(key, str(body.get("apiVersion")), held.encoded, source)
