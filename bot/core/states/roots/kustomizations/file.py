"""Is a file a kustomization, and which?"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from bot.core import values
from bot.core.manifest import Manifest
from bot.core.resource import ResourceSource
from bot.core.states.roots.kustomizations.body import KustomizationBody
from bot.core.states.roots.kustomizations.form import VERSION
from bot.core.states.roots.kustomizations.kustomization import GROUP, Kustomization
from bot.core.states.roots.paths import Paths
from bot.core.states.roots.reasons import Reason
from bot.core.tree import File
from bot.core.values import freeze


def parse_kustomization(
    path: str,
    file: File,
    manifest: Manifest,
    paths: Paths,
    read: Callable[[File], Manifest],
) -> Kustomization | None:
    """The kustomization that a file is; None where it is something else, such as Flux's.

    `read` gives the manifests of other files of the tree.
    """
    documents = manifest.kustomize.objects
    if not documents:
        why = manifest.kustomize.error
        line = "" if why is None else f" ({why.message})"
        return Kustomization(path, reasons=(Reason(path, f"{path} cannot be read{line}"),))
    body = values.mapping(freeze(msgspec.json.decode(documents[0].encoded)))
    api_version = values.text(body.get("apiVersion")) or VERSION
    if api_version.partition("/")[0] != GROUP:
        return None
    source = ResourceSource(
        path, file.blob, documents[0].document, documents[0].item, kustomize=True
    )
    reader = KustomizationBody(path, source, body, paths, read)
    return reader.kustomization(several=len(documents) > 1)
