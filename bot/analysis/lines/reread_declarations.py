"""What the objects of a tree declare once some of its files have other texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha1
from typing import Final

import msgspec

from bot.core.manifest import Object, Reading
from bot.core.reading import read_manifest
from bot.core.rendering import Declare, Declared, declare_nothing
from bot.core.resource import Resource
from bot.core.states.resources import identity_of
from bot.core.tree import Blobs, File, Tree
from bot.kubernetes import kinds

_DECLARING: Final = frozenset(
    {kinds.APPLICATION, kinds.APPLICATION_SET, kinds.FLUX_KUSTOMIZATION, kinds.HELM_RELEASE}
)
_CONFIG_MAP: Final = "ConfigMap"


def _nothing(_: Blobs) -> Declare:
    return declare_nothing


@dataclass(frozen=True, slots=True)
class Redeclaring:
    """One tree, the resources in which declarations were looked for, and who reads them.

    `declare` gives a reader of declarations for a tree whose contents are these.
    """

    tree: Tree
    blobs: Blobs
    resources: tuple[Resource, ...] = ()
    declare: Callable[[Blobs], Declare] = _nothing
    _files: dict[int, frozenset[str]] = field(default_factory=dict)

    def files_of(self, declared: Declared) -> frozenset[str]:
        """The files of the tree that say how it is built, beside those that it is made of."""
        mark = id(declared)
        if mark not in self._files:
            owner = declared.node.resource
            written = {*declared.inputs, *declared.edits}
            if not owner.source.root:
                written.add(owner.source.path)
            for held in self.resources:
                # Variables and values may come from it.
                named = f'"{held.name}"'.encode() in owner.encoded
                if named and held.key.kind == _CONFIG_MAP and not held.source.root:
                    written.add(held.source.path)
            self._files[mark] = frozenset(written)
        return self._files[mark]

    def again(self, declared: Declared, texts: Mapping[str, str]) -> Declared | None:
        """The same declaration where files have these texts; None where there is none then."""
        owner = declared.node.resource
        laid = _Laid(self.blobs, {_name(text): text.encode() for text in texts.values()})
        tree = dict(self.tree)
        for path, text in texts.items():
            tree[path] = File("100644", _name(text), len(text.encode()))
        concerned = [
            it for it in self.resources if it.group_kind not in _DECLARING or _is(it, owner)
        ]
        found = self.declare(laid)(list(_reread(concerned, texts)), tree, concerned)
        alike = [it for it in found if _mark(it) == _mark(declared)]
        return next((it for it in alike if it.cluster == declared.cluster), next(iter(alike), None))


@dataclass(frozen=True, slots=True)
class _Laid:
    """Contents, with some texts among them."""

    blobs: Blobs
    texts: Mapping[str, bytes]

    def data(self, blob: str) -> bytes:
        """The content of a file. Raises KeyError where there is no such content."""
        return self.texts[blob] if blob in self.texts else self.blobs.data(blob)


def _name(text: str) -> str:
    return f"text:{sha1(text.encode(), usedforsecurity=False).hexdigest()}"


def _is(held: Resource, owner: Resource) -> bool:
    """Whether it is what declares, or may be what makes the release of a HelmChart that is."""
    return held.key == owner.key or (
        owner.group_kind not in _DECLARING and held.group_kind == kinds.HELM_RELEASE
    )


def _mark(held: Declared) -> object:
    return (held.node.resource.key, held.node.route, held.path, held.name)


def _reread(resources: list[Resource], texts: Mapping[str, str]) -> Iterator[Resource]:
    """The resources, those of files with other texts as these have them."""
    manifests = {path: read_manifest(text.encode()) for path, text in texts.items()}
    for held in resources:
        manifest = None if held.source.root else manifests.get(held.source.path)
        if manifest is None:
            yield held
            continue
        reading = manifest.kustomize if held.source.kustomize else manifest.kubectl
        found = _named(reading, held)
        if found is not None:
            yield Resource(held.key, held.api_version, _placed(found.encoded, held), held.source)


def _named(reading: Reading, resource: Resource) -> Object | None:
    """The object of that name; of several, that in the namespace."""
    found: Object | None = None
    for held in reading.objects:
        identity = identity_of(held.encoded)
        named = identity and (identity.group_kind, identity.name)
        if identity is None or named != (resource.group_kind, resource.name):
            continue
        if identity.namespace == resource.namespace:
            return held
        found = found or held
    return found


def _placed(encoded: bytes, resource: Resource) -> bytes:
    """The object in the namespace that a kustomization puts the resource into."""
    space = resource.at("metadata", "namespace").text
    body = msgspec.json.decode(encoded)
    if space is None or body["metadata"].get("namespace") == space:
        return encoded
    body["metadata"]["namespace"] = space
    return msgspec.json.Encoder(order="sorted").encode(body)
