"""Flux's sources in roots that are not rendered, as their manifests state them.

A root that needs a renderer and is not affected by a change is not rendered. The objects in it that
only say where something comes from are needed all the same: without them a HelmRelease in another
root has no chart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from bot.core.manifest import ManifestFile
from bot.core.resource import Resource
from bot.core.scopes import Scopes
from bot.core.states.placements.applied import Applied
from bot.core.states.resources import resources_of
from bot.core.states.roots.closures import Manifests
from bot.core.states.roots.files import MANIFEST_SUFFIXES

_GROUPS: Final = ("source.toolkit.fluxcd.io", "source.extensions.fluxcd.io")


def written_sources(applied: Applied, manifests: Manifests) -> Iterator[Resource]:
    """Yield the sources that a root holds which was not rendered, in the root's own namespace."""
    root = applied.root
    if applied.resources or not root.reasons or root.kind == "chart" or root.title:
        return
    forced = root.namespace or (root.declared.namespace if root.declared is not None else "")
    for path, file in root.files.items():
        if not path.endswith(MANIFEST_SUFFIXES):
            continue
        read = ManifestFile(path, file.blob, manifests.manifest(file), kustomize=True)
        for resource in resources_of(read, root.default_namespace or "default", Scopes()):
            if resource.key.group in _GROUPS:
                key = replace(resource.key, namespace=forced or resource.namespace)
                yield replace(resource, key=key)
