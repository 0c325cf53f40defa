"""What the objects of a tree declare once some of its files have other texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from hashlib import sha1
from typing import Final

import msgspec

from bot.core.manifest import Object, Reading
from bot.core.reading import read_manifest
from bot.core.rendering import Declare, Declared, declare_nothing
from bot.core.resource import Resource
from bot.core.tree import Blobs, File, Tree
from bot.kubernetes import kinds
from bot.records import dataclass

_DECLARING: Final = frozenset({*kinds.APPLICATIONS, *kinds.FLUX_OWNERS, *kinds.CONFIG_SYNCS})
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
    _files: dict[int, frozenset[str]] = field(default_factory=dict, init=False)

    def files_of(self, declared: Declared) -> frozenset[str]:
        """The files of the tree that say how it is built, beside those that it is made of."""
        key = id(declared)
        if key not in self._files:
            owner = declared.node.resource
            written = {*declared.inputs, *declared.edits}
            if not owner.source.root:
                written.add(owner.source.path)
            for resource in self.resources:
                # Variables and values may come from it.
                named = f'"{resource.name}"'.encode() in owner.encoded
                if named and resource.key.kind == _CONFIG_MAP and not resource.source.root:
                    written.add(resource.source.path)
            self._files[key] = frozenset(written)
        return self._files[key]

    def again(self, declared: Declared, texts: Mapping[str, str]) -> Declared | None:
        """The same declaration where files have these texts; None where there is none then."""
        owner = declared.node.resource
        laid = _Laid(self.blobs, {_name(text): text.encode() for text in texts.values()})
        tree = dict(self.tree)
        for path, text in texts.items():
            tree[path] = File("100644", _name(text), len(text.encode()))
        concerned = [
            resource
            for resource in self.resources
            if resource.group_kind not in _DECLARING or _is(resource, owner)
        ]
        declarations = self.declare(laid)(list(_reread(concerned, texts)), tree, concerned)
        alike = [
            declaration
            for declaration in declarations
            if _identity(declaration) == _identity(declared)
        ]
        return next(
            (declaration for declaration in alike if declaration.cluster == declared.cluster),
            next(iter(alike), None),
        )


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


def _is(resource: Resource, owner: Resource) -> bool:
    """Whether it is what declares, or may be what makes the release of a HelmChart that is."""
    return resource.key == owner.key or (
        owner.group_kind not in _DECLARING and resource.group_kind == kinds.HELM_RELEASE
    )


def _identity(declaration: Declared) -> object:
    return (
        declaration.node.resource.key,
        declaration.node.route,
        declaration.path,
        declaration.name,
    )


def _reread(resources: list[Resource], texts: Mapping[str, str]) -> Iterator[Resource]:
    """The resources, those of files with other texts as these have them."""
    manifests = {path: read_manifest(text.encode()) for path, text in texts.items()}
    for resource in resources:
        manifest = None if resource.source.root else manifests.get(resource.source.path)
        if manifest is None:
            yield resource
            continue
        reading = manifest.kustomize if resource.source.kustomize else manifest.kubectl
        document = _named(reading, resource)
        if document is not None:
            yield Resource(
                resource.key,
                resource.api_version,
                _placed(document.encoded, resource),
                resource.source,
            )


def _named(reading: Reading, resource: Resource) -> Object | None:
    """The object of that name; of several, that in the namespace."""
    document: Object | None = None
    for current_document in reading.objects:
        identity = current_document.identity
        named = identity and (identity.group_kind, identity.name)
        if identity is None or named != (resource.group_kind, resource.name):
            continue
        if identity.namespace == resource.namespace:
            return current_document
        document = document or current_document
    return document


def _placed(encoded: bytes, resource: Resource) -> bytes:
    """The object in the namespace that a kustomization puts the resource into."""
    space = resource.at("metadata", "namespace").text
    body = msgspec.json.decode(encoded)
    if space is None or body["metadata"].get("namespace") == space:
        return encoded
    body["metadata"]["namespace"] = space
    return msgspec.json.Encoder(order="sorted").encode(body)
