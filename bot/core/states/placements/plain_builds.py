"""Builds of kustomizations that list manifests and set namespaces, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from bot.core.manifest import ManifestFile
from bot.core.states.resources import source_of
from bot.core.states.roots.kustomizations.kustomization import Kustomization
from bot.core.states.roots.namespace import BuildError, Draft, draft_of, move

# Bases that are listed several times with different namespaces multiply what they hold.
_MOST_RESOURCES: Final = 50_000
_INTERNAL: Final = b'"internal.config.kubernetes.io/'
"""What begins the annotations by which kustomize keeps its own notes, such as a name's suffix."""


class PlainBuild:
    """One kustomization's build, which lists and sets namespaces and nothing else."""

    def __init__(
        self,
        kustomizations: Mapping[str, Kustomization],
        files: Mapping[str, ManifestFile],
        *,
        lenient: bool = False,
    ) -> None:
        """`lenient` reads what kustomize would refuse as far as it can be read."""
        self._lenient = lenient
        self._kustomizations = kustomizations
        self._files = files
        self._built: dict[str, list[Draft]] = {}

    def drafts(self, place: str) -> list[Draft]:
        """What a kustomization and its bases give. Depth is bounded where the roots are found."""
        if place not in self._built:
            # What lists itself is refused; read as it stands, it adds nothing the second time.
            self._built[place] = []
            if place in self._kustomizations or not self._lenient:
                self._built[place] = self._drafts(self._kustomizations[place])
        return self._built[place]

    def _drafts(self, kustomization: Kustomization) -> list[Draft]:
        drafts: list[Draft] = []
        self._add(kustomization, drafts, set())
        return drafts

    def _add(self, kustomization: Kustomization, drafts: list[Draft], added: set[str]) -> None:
        """Add what a kustomization or a component of it lists to `drafts`, in its namespace.

        A component's namespace applies to what its kustomization lists as well. `added` are the
        components so far: kustomize refuses the resources of one that is listed twice.
        https://github.com/kubernetes-sigs/kustomize/blob/master/api/internal/target/kusttarget.go
        (accumulateTarget)
        """
        for path in kustomization.files:
            drafts.extend(self._file(path))
        for base in kustomization.bases:
            if not self._lenient and self._kustomizations[base].component:
                raise BuildError(f"it lists {base!r} as a resource, which is a component")
            drafts.extend(draft.copy() for draft in self.drafts(base))
            if len(drafts) > _MOST_RESOURCES:
                raise BuildError(f"it holds more than {_MOST_RESOURCES} resources")
        for component in kustomization.components:
            if component in self._kustomizations and component not in added:
                added.add(component)
                self._add(self._kustomizations[component], drafts, added)
        self._refuse_twins(drafts)
        if kustomization.namespace:
            move(drafts, kustomization.namespace)
            self._refuse_twins(drafts)

    def _refuse_twins(self, drafts: list[Draft]) -> None:
        if not self._lenient:
            _refuse_twins(drafts)

    def _file(self, path: str) -> Iterator[Draft]:
        file = self._files.get(path)
        if file is None:
            return
        for document in file.reading.objects:
            draft = draft_of(document.encoded, source_of(file, document))
            if draft is not None:
                yield draft
            if not self._lenient:
                _refuse_odd(path, document.encoded, draft)


def _refuse_odd(path: str, encoded: bytes, draft: Draft | None) -> None:
    """Raise BuildError for what kustomize refuses in a listed file, or would give another name."""
    if draft is None or draft.identity.generated:
        raise BuildError(f"it lists {path!r}, which holds an object without a kind or a name")
    if _INTERNAL in encoded:
        raise BuildError(f"it lists {path!r}, which holds an annotation of kustomize's own")


def _refuse_twins(drafts: list[Draft]) -> None:
    """Raise BuildError where kustomize would: two resources of one id in a build."""
    seen: set[tuple[str, str, str, str]] = set()
    for draft in drafts:
        if draft.id in seen and not draft.identity.generated:
            _, kind, namespace, name = draft.id
            raise BuildError(f"it holds {kind} {name!r} twice in namespace {namespace!r}")
        seen.add(draft.id)
