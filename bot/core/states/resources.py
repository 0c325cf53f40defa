"""A manifest's objects as resources, each with its effective namespace."""

from __future__ import annotations

from bot.core.manifest import ManifestFile, Object
from bot.core.resource import Resource, ResourceSource
from bot.core.scopes import Scopes


def resources_of(file: ManifestFile, namespace: str, scopes: Scopes) -> tuple[Resource, ...]:
    """The resources of a manifest as it is applied by itself."""
    return tuple(
        [
            Resource(
                identity.key(namespace, scopes),
                identity.api_version,
                document.encoded,
                source_of(file, document),
            )
            for document in file.reading.objects
            if (identity := document.identity) is not None
        ]
    )


def source_of(file: ManifestFile, document: Object) -> ResourceSource:
    """Where this object of this manifest is written."""
    return ResourceSource(
        file.path, file.blob, document.document, document.item, kustomize=file.kustomize
    )
