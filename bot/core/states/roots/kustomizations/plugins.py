"""Generators and transformers that a kustomization configures: which of them may be run?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from bot.core import values
from bot.core.manifest import Manifest
from bot.core.values import Body, freeze
from bot.errors import UnbuildableError

_BUILTIN: Final = "builtin"
_CHART_PLUGIN: Final = "HelmChartInflationGenerator"
_FUNCTIONS: Final = ("config.kubernetes.io/function", "config.k8s.io/function")


def builtin_plugins(manifest: Manifest) -> Iterator[Body]:
    """Yield the configurations in a manifest, which may name further files.

    Raises UnbuildableError for one that is none of kustomize's own, inflates a chart or runs a
    function.
    """
    for document in manifest.kustomize.objects:
        body = values.mapping(freeze(msgspec.json.decode(document.encoded)))
        annotations = values.mapping(values.mapping(body.get("metadata")).get("annotations"))
        kind = values.text(body.get("kind")) or ""
        if any(name in annotations for name in _FUNCTIONS):
            raise UnbuildableError(f"whose {kind} runs a function of its own")
        if kind == _CHART_PLUGIN:
            raise UnbuildableError("which inflates a Helm chart")
        if values.text(body.get("apiVersion")) != _BUILTIN:
            raise UnbuildableError(f"whose {kind} is a plugin that kustomize does not bring")
        yield body
