"""What keeps a kustomization from being read as it stands: its own form, and its fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from bot.core.resource import Route
from bot.core.states.roots.files import KUSTOMIZATION_NAMES, directory
from bot.core.states.roots.kustomizations.inflated import chart_sources
from bot.core.states.roots.kustomizations.kustomization import GROUP
from bot.core.states.roots.paths import Paths
from bot.core.values import EMPTY, Body, Value
from bot.records import dataclass

# What leaves the resources as they are. `buildMetadata` adds annotations about the build alone,
# `generatorOptions` says nothing without a generator.
# https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/
PLAIN_FIELDS: Final = frozenset(
    {"apiVersion", "kind", "metadata", "resources", "bases", "namespace", "sortOptions"}
    | {"buildMetadata", "generatorOptions"}
)
VERSION: Final = f"{GROUP}/v1beta1"

# What kustomize does only with flags that let a tree run programs or reach out.
_CHARTS: Final = "it inflates Helm charts, which kustomize does only with --enable-helm"
_UNBUILDABLE: Final[Mapping[str, str]] = MappingProxyType(
    dict.fromkeys(("helmCharts", "helmChartInflationGenerator"), _CHARTS)
)
_ORDERS: Final = (None, "legacy", "fifo")


@dataclass(frozen=True, slots=True)
class Oddity:
    """A field for which a kustomization is not what it lists, and a sentence about it.

    `refuses` says that no renderer is given it either; `sources` are the charts that it inflates.
    """

    route: Route
    message: str
    refuses: bool = False
    sources: tuple[str, ...] = ()


def twins(path: str, paths: Paths) -> tuple[str, ...]:
    """The other kustomization files of the directory, of which kustomize takes only one."""
    place = directory(path)
    names = {f"{place}/{name}".lstrip("/") for name in KUSTOMIZATION_NAMES}
    return tuple(name for name in names - {path} if paths.file(name) is not None)


def oddities(body: Body) -> Iterator[Oddity]:
    """What kustomize may refuse of the file itself, and every field that alters what is listed.

    https://github.com/kubernetes-sigs/kustomize/blob/master/api/types/kustomization.go
    """
    kind = body.get("kind") or "Kustomization"
    if kind not in ("Kustomization", "Component"):
        yield Oddity(("kind",), "its kind is none of kustomize's")
    elif kind == "Kustomization" and body.get("apiVersion") not in (None, "", VERSION):
        yield Oddity(("apiVersion",), f"its apiVersion is not {VERSION}")
    for name in ("sortOptions", "generatorOptions", "buildMetadata"):
        value = body.get(name)
        if value is not None and not _is_usual(name, value):
            yield Oddity((name,), f"its field {name!r} is unusual")
    for name, value in body.items():
        if name in PLAIN_FIELDS or value in (None, "", (), EMPTY):
            continue
        why = _UNBUILDABLE.get(name)
        if why is not None:
            yield Oddity((name,), why, refuses=True, sources=tuple(chart_sources(value)))
        else:
            yield Oddity((name,), f"its field {name!r} changes or adds resources when it is built")


def _is_usual(name: str, value: Value) -> bool:
    """Whether a field that changes no resource has a form that kustomize accepts."""
    if name == "buildMetadata":
        return isinstance(value, tuple)
    return isinstance(value, Mapping) and (name != "sortOptions" or value.get("order") in _ORDERS)
