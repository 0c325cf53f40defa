"""What the policy says of roots: which there are, and how a chart of the tree is released."""

from __future__ import annotations

import re
from dataclasses import field
from typing import Final

from bot.core.globs import path_matches
from bot.core.policy.model import EnvironmentPolicy, RenderPolicy
from bot.core.rendering import Release
from bot.core.states.roots.files import base_name
from bot.records import dataclass

# https://helm.sh/docs/helm/helm_template/ refuses longer names.
_LONGEST_NAME: Final = 53
_NAMELESS: Final = "release"


def puts(environment: EnvironmentPolicy, path: str, place: str) -> bool:
    """Whether the policy puts the root of a directory into an environment.

    A chart has one root for each of its sets of values, whose `place` names the file of values. As
    these are for different clusters, it takes a glob that names the file, not one that holds the
    whole chart.
    """
    if path == place:
        return path_matches(path, environment.paths)
    globs = [glob for glob in environment.paths if not path_matches(path, (glob,))]
    return path_matches(place, globs)


@dataclass(frozen=True, slots=True)
class Naming:
    """What the policy says of roots: which there are, and how a chart of the tree is released.

    `namespace` is for what lies in no environment of the policy. `starts` are globs of the
    directories from which all declarations that count are reached; empty where all count.
    """

    environments: tuple[EnvironmentPolicy, ...] = ()
    namespace: str = "default"
    render: RenderPolicy = field(default_factory=RenderPolicy)
    starts: tuple[str, ...] = ()

    def starts_at(self, path: str) -> bool:
        """Whether the policy says that what is applied begins in a directory."""
        return path_matches(path, self.starts)

    def names(self, path: str) -> bool:
        """Whether the policy names a directory as a root."""
        return path_matches(path, self.render.roots) and not self.excludes(path)

    def excludes(self, path: str) -> bool:
        """Whether the policy says that a directory is never built by itself."""
        return path_matches(path, self.render.exclude)

    def release(self, path: str, place: str, values_files: tuple[str, ...]) -> Release:
        """The release of the chart in this directory, with these values."""
        environment = next(
            (
                inner_environment
                for inner_environment in self.environments
                if puts(inner_environment, path, place)
            ),
            None,
        )
        own_namespace = environment.default_namespace if environment is not None else "default"
        return Release(
            name=_name(path),
            namespace=self.namespace if own_namespace == "default" else own_namespace,
            values_files=values_files,
            kubernetes=environment.kubernetes if environment is not None else None,
        )


def _name(path: str) -> str:
    """A release's name, made of the directory's: what Kubernetes takes for a name."""
    name = re.sub(r"[^a-z0-9-]+", "-", base_name(path).lower()).strip("-")
    return name[:_LONGEST_NAME].strip("-") or _NAMELESS
