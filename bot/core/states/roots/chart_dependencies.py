"""Which charts does a chart need, at which versions, and has somebody put them there?"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

from bot.core import values
from bot.core.fetching import FetchResult
from bot.core.resource import ListStep, ResourceSource, Route
from bot.core.states.roots.files import CHART_NAME, base_name
from bot.core.states.roots.reasons import Reason, without_credentials
from bot.core.values import Body
from bot.records import dataclass

REQUIREMENTS: Final = "requirements.yaml"
_LOCKS: Final = {CHART_NAME: "Chart.lock", REQUIREMENTS: "requirements.lock"}

Describe: TypeAlias = Callable[[str], tuple[Body, ResourceSource | None]]
"""The content of a chart's description by its path, and where it is written."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """A chart that another one needs, and where that is said."""

    name: str
    version: str
    repository: str
    source: ResourceSource
    route: Route
    locked: LockedVersion | None = None
    alias: str = ""

    def reason(self, message: str, *, spent: bool = False) -> Reason:
        """Why Helm is not given the chart that needs it."""
        return Reason(self.source.path, message, self.source, self.route, spent=spent)


@dataclass(frozen=True, slots=True)
class LockedVersion:
    """The version of a dependency that `helm dependency build` takes, and where that is said."""

    version: str
    source: ResourceSource
    route: Route


def dependencies(path: str, paths: Mapping[str, str], describe: Describe) -> Iterator[Dependency]:
    """Those of `Chart.yaml`, and of the older `requirements.yaml`, of the chart in a directory."""
    for name in (CHART_NAME, REQUIREMENTS):
        described = paths.get(posixpath.join(path, name))
        if described is None:
            continue
        body, source = describe(described)
        locks = _locks(path, paths, _LOCKS[name], describe)
        for index, item in enumerate(values.sequence(body.get("dependencies"))):
            entry = values.mapping(item)
            if source is not None:
                name_of = values.text(entry.get("name")) or ""
                repository = values.text(entry.get("repository")) or ""
                yield Dependency(
                    name_of,
                    values.text(entry.get("version")) or "",
                    repository,
                    source,
                    ("dependencies", ListStep("", index)),
                    locks.get((index, name_of, repository)),
                    values.text(entry.get("alias")) or "",
                )


def _locks(
    path: str, paths: Mapping[str, str], name: str, describe: Describe
) -> Mapping[tuple[int, str, str], LockedVersion]:
    """The versions that were resolved, by what they are of; Helm keeps the order."""
    locked = paths.get(posixpath.join(path, name))
    if locked is None:
        return {}
    body, source = describe(locked)
    locks = {}
    for index, item in enumerate(values.sequence(body.get("dependencies"))):
        entry = values.mapping(item)
        version = values.text(entry.get("version"))
        if source is not None and version:
            key = (
                index,
                values.text(entry.get("name")) or "",
                values.text(entry.get("repository")) or "",
            )
            route = ("dependencies", ListStep("", index), "version")
            locks[key] = LockedVersion(version, source, route)
    return locks


def is_in_charts(
    needed: Dependency, path: str, paths: Mapping[str, str], describe: Describe
) -> bool:
    """Whether `charts/` holds a chart of this name: Helm looks at names, in archives too."""
    inside = f"{posixpath.join(path, 'charts')}/"
    archive = re.compile(rf"{re.escape(needed.name)}-v?\d[^/]*\.tgz")
    for seen, real in paths.items():
        if not seen.startswith(inside):
            continue
        rest = seen[len(inside) :]
        if archive.fullmatch(rest) or rest == f"{needed.name}/{CHART_NAME}":
            return True
        if rest.count("/") == 1 and base_name(rest) == CHART_NAME:
            body, _ = describe(real)
            if values.text(body.get("name")) == needed.name:
                return True
    return False


def absent(dependency: Dependency, answer: FetchResult | None = None) -> Reason:
    """Why a dependency is missing: it is not in the tree, and it was not fetched."""
    address = without_credentials(dependency.repository)
    where = f" from {address}" if address else ""
    message = f": {answer.message}" if answer is not None and answer.message else ""
    return dependency.reason(
        f"its dependency {dependency.name} {dependency.version}{where} is not in its directory "
        f"charts/: `helm dependency build` puts it there{message}",
        spent=answer is not None and answer.status == "limit",
    )
