"""The charts of a tree: what Helm would be given of each, with each of its sets of values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bot.core.globs import path_matches
from bot.core.policy import EnvironmentPolicy
from bot.core.rendering import Release
from bot.core.states.files import CHART_NAME, Files, base_name, directory
from bot.core.tree import File

VALUES_NAME: Final = "values.yaml"

# `values-production.yaml` beside `values.yaml` is how charts are written for several clusters.
_VARIANT: Final = re.compile(r"values[-_.](?P<name>[\w.-]+)\.ya?ml")

# https://github.com/helm/helm/blob/main/pkg/chart/common/util/... refuses longer names.
_LONGEST_NAME: Final = 53
_NAMELESS: Final = "release"


@dataclass(frozen=True, slots=True)
class Naming:
    """How a chart is released that nothing in the tree installs: what the policy says of its place.

    `namespace` is for what lies in no environment of the policy.
    """

    environments: tuple[EnvironmentPolicy, ...] = ()
    namespace: str = "default"

    def release(self, path: str, values_files: tuple[str, ...]) -> Release:
        """The release of the chart in this directory."""
        held = next((it for it in self.environments if path_matches(path, it.paths)), None)
        own = held.default_namespace if held is not None else "default"
        return Release(
            name=_name(path),
            namespace=self.namespace if own == "default" else own,
            values_files=values_files,
            kubernetes=held.kubernetes if held is not None else None,
        )


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with one set of values.

    `described` is its own description's path, `variant` the file of values that is laid over its
    own, empty for these alone; `place` is where it belongs among the environments, so that no two
    sets of values of one chart are ever in the same.
    """

    path: str
    described: str
    variant: str
    place: str
    files: Mapping[str, File]
    release: Release


def charts_of(files: Files, naming: Naming) -> Iterator[Chart]:
    """The charts that are no part of another one, each once for each set of values."""
    charts = frozenset(files.charts)
    for path in files.charts:
        if _is_vendored(path, charts):
            continue
        held = _below(files, path)
        described = f"{path}/{CHART_NAME}" if path else CHART_NAME
        variants = [name for name in sorted(held) if _is_variant(name, path)]
        for variant in ("", *map(base_name, variants)):
            values = (f"{path}/{variant}" if path else variant,) if variant else ()
            inner = variant or VALUES_NAME
            place = f"{path}/{inner}" if variants else path
            yield Chart(path, described, variant, place, held, naming.release(path, values))


def _is_vendored(path: str, charts: frozenset[str]) -> bool:
    """Whether a chart lies in another one's `charts/`."""
    segments = path.split("/")
    return any(
        segments[depth] == "charts" and "/".join(segments[:depth]) in charts
        for depth in range(len(segments))
    )


def _is_variant(path: str, chart: str) -> bool:
    return directory(path) == chart and _VARIANT.fullmatch(base_name(path)) is not None


def _below(files: Files, path: str) -> Mapping[str, File]:
    """Every file of a directory: Helm offers all of them to the templates."""
    inside = f"{path}/" if path else ""
    return {held: file for held, file in files.all.items() if held.startswith(inside)}


def _name(path: str) -> str:
    """A release's name, made of the directory's: what Kubernetes takes for a name."""
    name = re.sub(r"[^a-z0-9-]+", "-", base_name(path).lower()).strip("-")
    return name[:_LONGEST_NAME].strip("-") or _NAMELESS
