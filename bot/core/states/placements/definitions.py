"""The CustomResourceDefinitions of a tree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from bot.core import values
from bot.core.manifest import Object
from bot.core.states.roots.closures import Manifests
from bot.core.states.roots.files import MANIFEST_SUFFIXES, Files
from bot.core.tree import File
from bot.core.values import Body, freeze

_DEFINITION_MARK: Final = b'"kind":"CustomResourceDefinition"'


def definitions(
    files: Files,
    manifests: Manifests,
    like: tuple[Files, Mapping[str, tuple[Body, ...]]] | None = None,
) -> Mapping[str, tuple[Body, ...]]:
    """The CustomResourceDefinitions of a tree by path, those that its charts bring among them.

    `like` are another tree with the same charts and its definitions: only other files are read.
    """
    read: Mapping[str, File] = {}
    by_path: dict[str, tuple[Body, ...]] = {}
    if like is not None and like[0].charts == files.charts:
        read = like[0].all
        by_path = {
            path: bodies for path, bodies in like[1].items() if files.all.get(path) == read[path]
        }
    for path, file in files.all.items():
        if read.get(path) is file or not (path in files.manifests or _is_charts_definition(path)):
            continue
        objects = manifests.manifest(file).kubectl.objects
        documents = [found for found in objects if _DEFINITION_MARK in found.encoded]
        if documents:
            by_path[path] = tuple(map(_body, documents))
    return dict(sorted(by_path.items()))


def _is_charts_definition(path: str) -> bool:
    return path.endswith(MANIFEST_SUFFIXES) and "crds" in path.split("/")[:-1]


def _body(document: Object) -> Body:
    return values.mapping(freeze(msgspec.json.decode(document.encoded)))
