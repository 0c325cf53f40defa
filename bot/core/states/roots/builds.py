"""The builds of kustomizations: what each takes in together with its bases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.core.states.roots.closures import Closures
from bot.core.states.roots.files import Files, base_name, directory
from bot.core.states.roots.kustomizations.kustomization import Kustomization
from bot.core.states.roots.paths import Paths
from bot.core.states.roots.reasons import Reason
from bot.core.states.roots.root import Root, at_other_paths, resolved
from bot.core.tree import File

# https://argo-cd.readthedocs.io/en/stable/user-guide/parameters/ merges these into the source.
_OVERRIDES: Final = ".argocd-source"


class KustomizationBuilds:
    """The kustomizations of a tree, and what each takes in together with its bases."""

    def __init__(
        self, kustomizations: Mapping[str, Kustomization], files: Files, paths: Paths
    ) -> None:
        self.kustomizations = kustomizations
        self._files = files
        self._paths = paths
        self._overrides: dict[str, list[str]] = {}
        for path in files.all:
            if base_name(path).startswith(_OVERRIDES):
                self._overrides.setdefault(directory(path), []).append(path)
        self._closures = Closures(kustomizations)

    def holds(self, path: str, file: File) -> bool:
        """Whether the tree has this very file at this path."""
        return self._files.all.get(path) == file

    def root(self, place: str) -> Root:
        """The root of a directory's kustomization."""
        closure = self._closures.of(place)
        files = dict(resolved(closure.files, self._paths))
        reasons = closure.reasons
        for override in self._overrides.get(place, ()):
            files[override] = self._files.all[override]
            reasons = (*reasons, Reason(override, "Argo CD applies the overrides of this file"))
        kustomization = self.kustomizations[place]
        if kustomization.component:
            reasons = (
                *reasons,
                Reason(kustomization.path, "it is a component that nothing here lists"),
            )
        return Root(
            place,
            "kustomization",
            files,
            reasons,
            kustomization.namespace,
            own_paths=at_other_paths(closure.files),
            place=place,
            edits=closure.edits,
            remotes=closure.remotes,
            kustomizations=self.kustomizations,
        )

    def taken(self) -> frozenset[str]:
        """The files that are no manifests by themselves, because a kustomization takes them."""
        paths = {
            path
            for kustomization in self.kustomizations.values()
            for path in (kustomization.path, *kustomization.files)
        }
        return frozenset(
            paths.union(
                *(kustomization.referenced for kustomization in self.kustomizations.values())
            )
        )
