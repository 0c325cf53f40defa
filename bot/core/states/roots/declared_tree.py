"""A tree in which the roots that objects declare are looked up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from bot.core.rendering import Declared
from bot.core.states.roots.closures import Closure, Closures, Manifests, kustomizations_at
from bot.core.states.roots.declared_charts import DeclaredCharts
from bot.core.states.roots.declared_root import declared_root, reason_at
from bot.core.states.roots.fetched_files import zone
from bot.core.states.roots.files import Files
from bot.core.states.roots.inferred import Roots
from bot.core.states.roots.kustomizations.kustomization import Kustomization
from bot.core.states.roots.overlay import Overlay
from bot.core.states.roots.paths import Paths
from bot.core.states.roots.reasons import Reason
from bot.core.states.roots.refused_manifests import refusal_of
from bot.core.states.roots.root import Root
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class _Edited:
    """A declared directory's kustomizations with its edits, and the files that they take in."""

    kustomizations: Mapping[str, Kustomization]
    closure: Closure


class DeclaredTree:
    """A tree in which declared roots are looked up.

    A review looks several times, until nothing new is declared; each kustomization is read once.
    """

    def __init__(self, files: Files, manifests: Manifests, inferred: Roots) -> None:
        self._files = files
        self._manifests = manifests
        self.inferred = inferred
        self._fetched = inferred.fetched
        self._paths = Paths(files.tree, manifests.link, self._fetched)
        self._charts = DeclaredCharts(self._paths, manifests, self._fetched)
        self._read: dict[tuple[str, tuple[tuple[str, str], ...]], _Edited | None] = {}

    def root(self, declaration: Declared) -> Root | None:
        """The root that is declared; None where nothing of it is in this tree."""
        if declaration.remote or declaration.chart is not None:
            return self._charts.remote(declaration)
        if zone(declaration.path):
            why = reason_at(declaration, "Fairlead stores fetched sources under its path")
            return declared_root(declaration, "directory", {}, (why,), self._paths)
        if declaration.release is not None:
            return self._charts.local(declaration)
        edited = self._edited(declaration)
        if edited is not None:
            return self._kustomization(declaration, edited)
        if not self._paths.is_directory(declaration.path):
            return None
        return self._directory(declaration)

    def _edited(self, declaration: Declared) -> _Edited | None:
        """The kustomization of a declared directory; None where it has none."""
        key = (declaration.path, tuple(declaration.edits.items()))
        if key not in self._read:
            self._read[key] = self._read_edited(declaration)
        return self._read[key]

    def _read_edited(self, declaration: Declared) -> _Edited | None:
        overlay = Overlay.of(self._paths.tree, declaration.edits, self._manifests)
        link = self._manifests.link
        paths = Paths(overlay.tree, link, self._fetched) if declaration.edits else self._paths
        if paths.kustomization(declaration.path) is None:
            return None
        kustomizations = self.inferred.kustomizations
        # One in a dot-directory is no root by itself, but what declares it applies it.
        if declaration.edits or declaration.path not in kustomizations:
            kustomizations = kustomizations_at(declaration.path, paths, overlay)
        closure = Closures(kustomizations).of(declaration.path)
        return _Edited(kustomizations, closure)

    def _kustomization(self, declaration: Declared, edited: _Edited) -> Root:
        closure = edited.closure
        reasons = closure.reasons
        if declaration.path not in self.inferred.kustomizations and not declaration.edits:
            why = "its directory is hidden, so that only its declaration reaches it"
            reasons = (*reasons, reason_at(declaration, why, refuses=False))
        elif declaration.edits or declaration.finish is not None:
            owner = declaration.node.resource
            reasons = (*reasons, reason_at(declaration, f"{owner.key} alters it", refuses=False))
        kustomization = edited.kustomizations.get(declaration.path)
        space = kustomization.namespace if kustomization is not None else ""
        root = declared_root(
            declaration, "kustomization", closure.files, reasons, self._paths, namespace=space
        )
        return replace(
            root,
            edits={**declaration.edits, **closure.edits},
            remotes=closure.remotes,
            kustomizations=edited.kustomizations,
        )

    def _directory(self, declaration: Declared) -> Root:
        inside = f"{declaration.path}/" if declaration.path else ""
        if declaration.files is None:
            names = [
                path
                for path in self._files.manifests
                if path.startswith(inside) and "/" not in path[len(inside) :]
            ]
        else:
            names = list(declaration.files)
        return declared_root(
            declaration,
            "directory",
            {name: name for name in names},
            tuple(self._refusals(declaration, names)),
            self._paths,
        )

    def _refusals(self, declaration: Declared, names: Iterable[str]) -> Iterator[Reason]:
        """Why Argo CD refuses a plain directory."""
        if declaration.tool != "argocd":
            return
        for name in names:
            file = self._files.manifests.get(name)
            why = refusal_of(name, self._manifests.manifest(file)) if file is not None else ""
            if why:
                yield reason_at(declaration, why)
