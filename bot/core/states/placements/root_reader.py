"""Reads roots: their resources, as the tool that applies them gives them to the cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import field, replace
from types import MappingProxyType

from bot.core.manifest import Manifest, ManifestFile
from bot.core.rendering import BuildResult, Declared
from bot.core.resource import Resource
from bot.core.scopes import Scopes
from bot.core.states.carriers.nested import with_carried
from bot.core.states.placements.applied import Applied
from bot.core.states.placements.build_failures import not_built, not_upgraded
from bot.core.states.placements.plain_builds import PlainBuild
from bot.core.states.placements.unapplied import is_applied, is_skipped, unapplied_copies
from bot.core.states.rendered.origins import refusal_of, rendered
from bot.core.states.rendered.renditions import rendition, shared, steadied
from bot.core.states.resources import resources_of
from bot.core.states.roots.closures import Manifests, listed_manifests
from bot.core.states.roots.fetched_files import zone
from bot.core.states.roots.inferred import Roots
from bot.core.states.roots.namespace import BuildError, Draft, follow
from bot.core.states.roots.reasons import Reason
from bot.core.states.roots.root import UPGRADE, Reruns, Root, RootKey
from bot.core.tree import File
from bot.errors import UnbuildableError
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class RootReader:
    """Reads roots. Roots that base and head share are read once."""

    manifests: Manifests
    namespace: str
    scopes: Scopes
    _applied: dict[object, Applied] = field(default_factory=dict, init=False)
    _by_root: dict[int, tuple[Root, Applied]] = field(default_factory=dict, init=False)
    _trees: dict[int, tuple[Roots, Mapping[RootKey, Applied]]] = field(
        default_factory=dict, init=False
    )
    _plain: dict[tuple[str, str, str, bool], tuple[Resource, ...]] = field(
        default_factory=dict, init=False
    )

    def applied(self, roots: Roots) -> Mapping[RootKey, Applied]:
        """Every root of a tree, read, by key."""
        if id(roots) not in self._trees:
            applied = {key: self._once(root) for key, root in roots.roots.items()}
            # Keeping a reference to the roots prevents reuse of their id.
            self._trees[id(roots)] = (roots, MappingProxyType(applied))
        return self._trees[id(roots)][1]

    def resources(self, path: str, file: File) -> tuple[Resource, ...]:
        """The resources of one file as it would be applied by itself."""
        manifest = ManifestFile(path, file.blob, self.manifests.manifest(file))
        return self._resources(manifest, self.namespace)

    def built_resources(
        self, root: Root, built: BuildResult, declared: Declared | None = None
    ) -> tuple[Resource, ...]:
        """The resources of a build, finished as `declared` says if that is given.

        Raises UnbuildableError if the build gives no valid resources.
        """
        other_root = root if declared is None else replace(root, finish=declared.finish)
        return self._built(other_root, built).resources

    def _built(self, root: Root, built: BuildResult) -> Applied:
        return self._complete(root, tuple(rendered(root, built, self.namespace, self.scopes)))

    def _complete(
        self,
        root: Root,
        resources: Sequence[Resource],
        files: Mapping[str, ManifestFile] = MappingProxyType({}),
        *,
        unread: bool = False,
    ) -> Applied:
        """Return what the tool applies of a root, with what carriers among it carry."""
        space = root.default_namespace or self.namespace
        unapplied = unapplied_copies(root, resources)
        applied = [
            resource
            for resource in resources
            if resource.key not in unapplied and is_applied(root, resource)
        ]
        carried = with_carried(applied, space, self.scopes)
        return Applied(root, carried, files, unread=unread, unapplied=unapplied)

    def _once(self, root: Root) -> Applied:
        if id(root) not in self._by_root:
            # Keeping a reference to the root prevents reuse of its id.
            self._by_root[id(root)] = (root, self._like(root))
        return self._by_root[id(root)][1]

    def _like(self, root: Root) -> Applied:
        tool = root.declared.tool if root.declared is not None else ""
        key = (root.inputs, root.place, root.default_namespace, root.built, root.reruns, tool)
        if key not in self._applied:
            self._applied[key] = self._read(root)
        return self._applied[key]

    def _read(self, root: Root) -> Applied:
        if root.kind == "chart":
            return self._rendered(root, {}, unread=False)
        if root.kind == "kustomization":
            return self._build(root)
        written = self._as_written(root, root.own_files, kustomize=False)
        if root.reasons:
            return replace(written, resources=(), reasons=root.reasons, listed=written.resources)
        return written

    def _as_written(self, root: Root, own_files: Mapping[str, File], *, kustomize: bool) -> Applied:
        """The root with the resources of these files, as kubectl or kustomize reads them."""
        files = self._files(own_files, kustomize=kustomize)
        ordered = [
            files[path]
            for path in sorted(files, key=_segments)
            if not is_skipped(root, files[path])
        ]
        unread = any(map(_is_unread, ordered))
        space = root.default_namespace or self.namespace
        resources = [resource for file in ordered for resource in self._resources(file, space)]
        return self._complete(root, resources, files, unread=unread)

    def _resources(self, file: ManifestFile, namespace: str) -> tuple[Resource, ...]:
        key = (file.path, file.blob, namespace, file.kustomize)
        if key not in self._plain:
            self._plain[key] = resources_of(file, namespace, self.scopes)
        return self._plain[key]

    def _build(self, root: Root) -> Applied:
        named = listed_manifests(root.path, root.kustomizations)
        # Faults in the text of others are not this repository's.
        local = (path for path in named if not zone(path))
        listed = {path: root.files[path] for path in local if path in root.files}
        files = self._files(listed, kustomize=True)
        unread = any(map(_is_unread, files.values()))
        if root.reasons:
            if root.built is None and _only_lists(root):  # no change reaches it
                return self._as_written(root, _listed_files(root), kustomize=True)
            applied = self._rendered(root, files, unread=unread)
            if applied.reasons and root.built is not None:
                return replace(applied, listed=self._listed(root, files))
            return applied
        build = PlainBuild(root.kustomizations, files)
        try:
            drafts = build.drafts(root.path)
            follow(drafts)
        except BuildError as error:
            reason = Reason(root.kustomizations[root.path].path, str(error))
            text = self._listed(root, files)
            return Applied(root, (), files, (reason,), unread, listed=text)
        space = root.default_namespace or self.namespace
        resources = tuple(draft.resource(space, self.scopes) for draft in drafts)
        return self._complete(root, resources, files, unread=unread)

    def _listed(self, root: Root, files: Mapping[str, ManifestFile]) -> tuple[Resource, ...]:
        """The resources of the listed files as written, in the namespaces their listers set."""
        drafts: list[Draft] = []
        # Too many are refused; what a reference means may be undecided, and is left as written.
        with suppress(BuildError):
            drafts = PlainBuild(root.kustomizations, files, lenient=True).drafts(root.path)
            follow(drafts)
        space = root.default_namespace or self.namespace
        resources = [draft.resource(space, self.scopes) for draft in drafts]
        return self._complete(root, resources).resources

    def _rendered(self, root: Root, files: Mapping[str, ManifestFile], *, unread: bool) -> Applied:
        """The root with what its renderer gave, or with the reasons why there is nothing."""
        built = root.built
        if built is None:
            return Applied(root, (), files, root.reasons, unread)
        if built.status != "rendered":
            return Applied(root, (), files, not_built(root, built), unread, built.status)
        try:
            applied = self._built(root, built)
        except UnbuildableError as error:
            failed = replace(built, message=str(error), status="failed")
            return Applied(root, (), files, not_built(root, failed), unread, "failed")
        refusal = refusal_of(root, built)
        applied = replace(applied, files=files, status="rendered", refusal=refusal)
        return applied if root.reruns is None else self._rerun(applied, root.reruns)

    def _rerun(self, applied: Applied, reruns: Reruns) -> Applied:
        """The root with its volatile values and its upgrade, which its further builds show."""
        own_rendition = rendition(applied.resources, self._repeated(applied.root, reruns.again))
        applied = replace(applied, volatile=own_rendition.volatile)
        if reruns.upgrade is None:
            return applied
        root = replace(applied.root, label=UPGRADE)
        if reruns.upgrade.status != "rendered":
            return not_upgraded(applied, reruns.upgrade.message)
        try:
            resources = self.built_resources(root, reruns.upgrade)
        except UnbuildableError as error:
            return not_upgraded(applied, str(error))
        again = self._repeated(root, reruns.upgrade_again) if reruns.upgrade_again else resources
        upgrade = steadied(own_rendition, rendition(resources, again))
        return replace(applied, upgrade=shared(own_rendition, upgrade))

    def _repeated(self, root: Root, built: BuildResult) -> tuple[Resource, ...]:
        """The resources of a repeated build; none if it fails."""
        if built.status != "rendered":
            return ()
        try:
            return self.built_resources(root, built)
        except UnbuildableError:
            return ()

    def _files(self, files: Mapping[str, File], *, kustomize: bool) -> dict[str, ManifestFile]:
        read = self.manifests.manifest
        return {
            path: ManifestFile(path, file.blob, manifest, kustomize)
            for path, file in files.items()
            if _is_manifest(manifest := read(file))
        }


def _only_lists(root: Root) -> bool:
    """Whether a root gives exactly the files that its declaration lists."""
    return root.declared is not None and root.declared.lists and len(root.reasons) == 1


def _listed_files(root: Root) -> Mapping[str, File]:
    """The files of a root without those that its declaration excludes."""
    left_out = root.declared.left_out if root.declared is not None else ()
    return {path: file for path, file in root.files.items() if path not in left_out}


def _segments(path: str) -> list[str]:
    return path.split("/")


def _is_manifest(manifest: Manifest) -> bool:
    """Whether a file named like a manifest is one, or is a pointer to one."""
    return bool(
        manifest.kubectl.objects
        or manifest.kustomize.objects
        or manifest.resembles
        or manifest.pointer
    )


def _is_unread(file: ManifestFile) -> bool:
    return file.manifest.pointer or file.reading.error is not None
