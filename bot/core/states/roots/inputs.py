"""The files that say how something is built, as objects: kustomizations, charts, plugins."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Final

import msgspec

from bot.core import values
from bot.core.manifest import Manifest
from bot.core.resource import Resource, ResourceKey, ResourceSource
from bot.core.states.roots.chart_dependencies import REQUIREMENTS
from bot.core.states.roots.charts import is_vendored
from bot.core.states.roots.closures import Manifests
from bot.core.states.roots.files import CHART_NAME, KUSTOMIZATION_NAMES, Files, base_name, directory
from bot.core.states.roots.kustomizations.kustomization import GROUP
from bot.core.states.roots.kustomizations.references import is_inline, is_remote, references
from bot.core.tree import File
from bot.core.values import Body, freeze

CHART_GROUP: Final = "helm.sh"
PLUGIN_KIND: Final = "Plugin"
_INPUTS: Final = (*KUSTOMIZATION_NAMES, CHART_NAME, REQUIREMENTS)


def inputs_of(files: Files, manifests: Manifests) -> Iterator[Resource]:
    """Every kustomization and chart of a tree, and what configures a plugin of one.

    They are resources in form alone: their names are their paths, and no cluster gets them.
    """
    charts = frozenset(files.charts)
    plugins: dict[str, File] = {}
    for path, file in files.all.items():
        if not path.endswith(_INPUTS):
            continue
        name = base_name(path)
        if name in KUSTOMIZATION_NAMES:
            for resource in _objects(path, file, manifests.kustomization(file), "Kustomization"):
                yield resource
                plugins.update(_configured(directory(path), resource.body, files))
        elif name in (CHART_NAME, REQUIREMENTS) and not is_vendored(path, charts):
            yield from _objects(path, file, manifests.kustomization(file), "Chart")
    for path, file in sorted(plugins.items()):
        yield from _objects(path, file, manifests.manifest(file), PLUGIN_KIND)


def _objects(path: str, file: File, manifest: Manifest, kind: str) -> Iterator[Resource]:
    documents = manifest.kustomize.objects
    for document in documents if kind == PLUGIN_KIND else documents[:1]:
        body = values.mapping(freeze(msgspec.json.decode(document.encoded)))
        version = values.text(body.get("apiVersion")) or ""
        group = GROUP if kind != "Chart" else CHART_GROUP
        if kind == "Kustomization" and version and version.partition("/")[0] != GROUP:
            continue  # Flux's, which is a resource
        key = ResourceKey(group, kind, None, path)
        source = ResourceSource(path, file.blob, document.document, document.item, kustomize=True)
        yield Resource(key, version, document.encoded, source)


def _configured(place: str, body: Body, files: Files) -> Iterator[tuple[str, File]]:
    """The files that configure what a kustomization runs beside its own."""
    for reference in references(body):
        text = reference.text
        if reference.takes != "config" or not text or is_inline(text) or is_remote(text):
            continue
        path = posixpath.normpath(posixpath.join(place, text))
        if path in files.all:
            yield path, files.all[path]
