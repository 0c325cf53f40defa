"""The resources that a root puts into the cluster, and the manifests they are written in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import field, replace
from types import MappingProxyType
from typing import Final, TypeAlias

import msgspec

from bot.core import values
from bot.core.manifest import Manifest, ManifestFile, Object
from bot.core.rendering import BuildResult, BuildStatus, Declared
from bot.core.resource import GroupKind, Resource, ResourceKey
from bot.core.scopes import Scopes
from bot.core.states.carriers.nested import with_carried
from bot.core.states.placements.unapplied import is_applied, is_skipped
from bot.core.states.rendered.origins import refusal_of, rendered
from bot.core.states.rendered.renditions import Leaves, Rendition, rendition, steadied
from bot.core.states.resources import identity_of, resources_of, source_of
from bot.core.states.roots.closures import Manifests, listed_manifests
from bot.core.states.roots.fetched_files import zone
from bot.core.states.roots.files import MANIFEST_SUFFIXES, Files
from bot.core.states.roots.inferred import Roots
from bot.core.states.roots.kustomizations.kustomization import Kustomization
from bot.core.states.roots.namespace import BuildError, Draft, draft_of, follow, move
from bot.core.states.roots.reasons import Reason
from bot.core.states.roots.root import UPGRADE, Reruns, Root, RootKey
from bot.core.tree import File
from bot.core.values import Body, freeze
from bot.errors import UnbuildableError
from bot.patterns import pattern
from bot.records import cached_property, dataclass

# Bases that are listed several times with different namespaces multiply what they hold.
_MOST_RESOURCES: Final = 50_000
# A renderer may show the patch that it cannot apply, which may be a Secret's.
_CONTENT: Final = pattern(r"(?s)[\[{`].{40,}")
_ROLES: Final = frozenset(
    GroupKind("rbac.authorization.k8s.io", kind) for kind in ("Role", "ClusterRole")
)
_INTERNAL: Final = b'"internal.config.kubernetes.io/'
"""What begins the annotations by which kustomize keeps its own notes, such as a name's suffix."""
_DEFINITION_MARK: Final = b'"kind":"CustomResourceDefinition"'


@dataclass(frozen=True)
class Applied:
    """One root, read. `reasons` say why it was not; then it has no resources here.

    `unread` says that some file of it could not be read to its end, `status` what came of it where
    a renderer was needed. `volatile` are the leaves that another build of it had otherwise.
    `upgrade` is what it puts into a cluster that has it already, None where that is the same;
    `upgrade_reasons` say why that is not known. `listed` are the resources of plain files that a
    kustomization lists which could not be built, in its own namespace. `refusal` says why the tool
    that installs a chart refuses what the chart gives, empty where it does not.
    """

    root: Root
    resources: tuple[Resource, ...]
    files: Mapping[str, ManifestFile]
    reasons: tuple[Reason, ...] = ()
    unread: bool = False
    status: BuildStatus | None = None
    volatile: Mapping[ResourceKey, Leaves] = field(default_factory=lambda: MappingProxyType({}))
    upgrade: Rendition | None = None
    upgrade_reasons: tuple[Reason, ...] = ()
    listed: tuple[Resource, ...] = ()
    refusal: str = ""

    @property
    def rendition(self) -> Rendition:
        """The resources of a first installation."""
        return Rendition(self.resources, self.volatile)

    @property
    def as_upgrade(self) -> Rendition:
        """The resources of an upgrade."""
        return self.upgrade or self.rendition

    @property
    def every(self) -> tuple[Resource, ...]:
        """Its resources, and those that only an upgrade adds."""
        if self.upgrade is None:
            return self.resources
        keys = {resource.key for resource in self.resources}
        return (
            *self.resources,
            *(resource for resource in self.upgrade.resources if resource.key not in keys),
        )

    @cached_property
    def roles(self) -> tuple[Resource, ...]:
        """The Roles and ClusterRoles among its resources."""
        return tuple(held for held in self.resources if held.group_kind in _ROLES)

    @cached_property
    def generated(self) -> frozenset[int]:
        """Those of the resources, by `id`, that have only the prefix of a name."""
        return frozenset(
            id(resource)
            for resource in (*self.resources, *(self.upgrade.resources if self.upgrade else ()))
            if resource.name.endswith("*")
            and (identity := identity_of(resource.encoded)) is not None
            and identity.generated
        )


ManyApplied: TypeAlias = Mapping[RootKey, Applied]
"""The roots of a tree, read, by key."""


@dataclass(frozen=True, slots=True)
class RootReader:
    """Reads roots. What base and head have in common is read once and shared between them."""

    manifests: Manifests
    namespace: str
    scopes: Scopes
    _applied: dict[object, Applied] = field(default_factory=dict)
    _by_root: dict[int, tuple[Root, Applied]] = field(default_factory=dict)
    _trees: dict[int, tuple[Roots, Mapping[RootKey, Applied]]] = field(default_factory=dict)
    _plain: dict[tuple[str, str, str, bool], tuple[Resource, ...]] = field(default_factory=dict)

    def applied(self, roots: Roots) -> Mapping[RootKey, Applied]:
        """Every root of a tree, read, by key."""
        if id(roots) not in self._trees:
            applied = {key: self._once(root, roots) for key, root in roots.roots.items()}
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
        """The resources of what comes of a build, as another declaration has it finished.

        Raises UnbuildableError where there are none.
        """
        other_root = root if declared is None else replace(root, finish=declared.finish)
        resources = tuple(rendered(other_root, built, self.namespace, self.scopes))
        return self._complete(other_root, resources)

    def _complete(self, root: Root, resources: Iterable[Resource]) -> tuple[Resource, ...]:
        """Return what the tool applies of a root, with what carriers among it carry."""
        space = root.default_namespace or self.namespace
        applied = tuple(resource for resource in resources if is_applied(root, resource))
        return with_carried(applied, space, self.scopes)

    def _once(self, root: Root, roots: Roots) -> Applied:
        if id(root) not in self._by_root:
            # Keeping a reference to the root prevents reuse of its id.
            self._by_root[id(root)] = (root, self._like(root, roots))
        return self._by_root[id(root)][1]

    def _like(self, root: Root, roots: Roots) -> Applied:
        tool = root.declared.tool if root.declared is not None else ""
        key = (root.inputs, root.place, root.default_namespace, root.built, root.reruns, tool)
        if key not in self._applied:
            self._applied[key] = self._read(root, roots)
        return self._applied[key]

    def _read(self, root: Root, roots: Roots) -> Applied:
        if root.kind == "chart":
            return self._rendered(root, {}, unread=False)
        if root.kind == "kustomization":
            return self._build(root, roots)
        written = self._as_written(root, root.own_files, kustomize=False)
        if root.reasons:
            return replace(written, resources=(), reasons=root.reasons, listed=written.resources)
        return written

    def _as_written(self, root: Root, own_files: Mapping[str, File], *, kustomize: bool) -> Applied:
        """A root that gives what these files say, as kubectl or as kustomize reads them."""
        files = self._files(own_files, kustomize=kustomize)
        read = {path: file for path, file in files.items() if not is_skipped(root, file)}
        ordered = sorted(read, key=lambda path: path.split("/"))
        unread = any(map(_is_unread, read.values()))
        space = root.default_namespace or self.namespace
        resources = tuple(
            resource for path in ordered for resource in self._resources(read[path], space)
        )
        return Applied(root, self._complete(root, resources), files, unread=unread)

    def _resources(self, file: ManifestFile, namespace: str) -> tuple[Resource, ...]:
        key = (file.path, file.blob, namespace, file.kustomize)
        if key not in self._plain:
            self._plain[key] = tuple(resources_of(file, namespace, self.scopes))
        return self._plain[key]

    def _build(self, root: Root, roots: Roots) -> Applied:
        named = listed_manifests(root.path, roots.kustomizations)
        # What is wrong with the text of others is no matter of this repository.
        local = (path for path in named if not zone(path))
        listed = {path: root.files[path] for path in local if path in root.files}
        files = self._files(listed, kustomize=True)
        unread = any(map(_is_unread, files.values()))
        if root.reasons:
            if root.built is None and _only_lists(root):  # no change reaches it
                return self._as_written(root, _listed_files(root), kustomize=True)
            applied = self._rendered(root, files, unread=unread)
            if applied.reasons and root.built is not None:
                return replace(applied, listed=self._listed(root, roots, files))
            return applied
        build = _Build(roots.kustomizations, files)
        try:
            drafts = build.drafts(root.path)
            follow(drafts)
        except BuildError as error:
            reason = Reason(roots.kustomizations[root.path].path, str(error))
            text = self._listed(root, roots, files)
            return Applied(root, (), files, (reason,), unread, listed=text)
        space = root.default_namespace or self.namespace
        resources = tuple(draft.resource(space, self.scopes) for draft in drafts)
        return Applied(root, self._complete(root, resources), files, unread=unread)

    def _listed(
        self, root: Root, roots: Roots, files: Mapping[str, ManifestFile]
    ) -> tuple[Resource, ...]:
        """The resources of the listed files as they stand, in the namespaces of those who list."""
        if root.path not in roots.kustomizations:
            return ()
        drafts: list[Draft] = []
        # Too many are refused; what a reference means may be undecided, and is left as written.
        with suppress(BuildError):
            drafts = _Build(roots.kustomizations, files, lenient=True).drafts(root.path)
            follow(drafts)
        space = root.default_namespace or self.namespace
        return self._complete(root, (draft.resource(space, self.scopes) for draft in drafts))

    def _rendered(self, root: Root, files: Mapping[str, ManifestFile], *, unread: bool) -> Applied:
        """A root that needs a renderer: what that gave, or why there is nothing."""
        built = root.built
        if built is None:
            return Applied(root, (), files, root.reasons, unread)
        if built.status != "rendered":
            return Applied(root, (), files, _not_built(root, built), unread, built.status)
        try:
            resources = self.built_resources(root, built)
        except UnbuildableError as error:
            failed = replace(built, message=str(error), status="failed")
            return Applied(root, (), files, _not_built(root, failed), unread, "failed")
        refusal = refusal_of(root, built)
        applied = Applied(root, resources, files, status="rendered", refusal=refusal)
        return applied if root.reruns is None else self._rerun(applied, root.reruns)

    def _rerun(self, applied: Applied, reruns: Reruns) -> Applied:
        """A root with what its other builds show: what is volatile, and how it is upgraded."""
        own_rendition = rendition(applied.resources, self._repeated(applied.root, reruns.again))
        applied = replace(applied, volatile=own_rendition.volatile)
        if reruns.upgrade is None:
            return applied
        root = replace(applied.root, label=UPGRADE)
        if reruns.upgrade.status != "rendered":
            return _not_upgraded(applied, reruns.upgrade.message)
        try:
            resources = self.built_resources(root, reruns.upgrade)
        except UnbuildableError as error:
            return _not_upgraded(applied, str(error))
        again = self._repeated(root, reruns.upgrade_again) if reruns.upgrade_again else resources
        upgrade = steadied(own_rendition, rendition(resources, again))
        return replace(applied, upgrade=_shared(own_rendition, upgrade))

    def _repeated(self, root: Root, built: BuildResult) -> tuple[Resource, ...]:
        """The resources of a build that was made before; none where it does not build again."""
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
            if is_manifest(manifest := read(file))
        }


def _only_lists(root: Root) -> bool:
    """Whether all that stands between a root's files and what it gives is a list of them."""
    return root.declared is not None and root.declared.lists and len(root.reasons) == 1


def _listed_files(root: Root) -> Mapping[str, File]:
    """The files of a root without those that its declaration leaves out."""
    left_out = root.declared.inputs if root.declared is not None else ()
    return {path: file for path, file in root.files.items() if path not in left_out}


def _not_upgraded(applied: Applied, message: str) -> Applied:
    why = replace(applied.root.reasons[0], message=f"as an upgrade: {_CONTENT.sub('[…]', message)}")
    return replace(applied, upgrade_reasons=(why,))


def _shared(own_rendition: Rendition, upgrade: Rendition) -> Rendition | None:
    """An upgrade, made of the installation's own resources where it has the same; None if all."""
    resources = {(resource.key, resource.encoded): resource for resource in own_rendition.resources}
    matching_resources = tuple(
        resources.get((resource.key, resource.encoded), resource) for resource in upgrade.resources
    )
    if set(map(id, matching_resources)) == set(map(id, own_rendition.resources)):
        return None
    return replace(upgrade, resources=matching_resources)


def _not_built(root: Root, built: BuildResult) -> tuple[Reason, ...]:
    """Why a root was not built: what refuses it, else what needs a renderer, and what that said."""
    if root.refusals:
        return root.refusals
    needs = root.reasons[0]
    if built.status == "unavailable":
        return (replace(needs, message=f"{needs.message}, and {built.message}"),)
    return (replace(needs, message=_CONTENT.sub("[…]", built.message)),)


def is_manifest(manifest: Manifest) -> bool:
    """Whether a file with such a name is a manifest at all, or a pointer to one."""
    return bool(
        manifest.kubectl.objects
        or manifest.kustomize.objects
        or manifest.resembles
        or manifest.pointer
    )


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


def _is_unread(file: ManifestFile) -> bool:
    return file.manifest.pointer or file.reading.error is not None


class _Build:
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
        for path in kustomization.files:
            drafts.extend(self._file(path))
        for base in kustomization.bases:
            if not self._lenient and self._kustomizations[base].component:
                raise BuildError(f"it lists {base!r} as a resource, which is a component")
            drafts.extend(draft.copy() for draft in self.drafts(base))
            if len(drafts) > _MOST_RESOURCES:
                raise BuildError(f"it holds more than {_MOST_RESOURCES} resources")
        self._refuse_twins(drafts)
        if kustomization.namespace:
            move(drafts, kustomization.namespace)
            self._refuse_twins(drafts)
        return drafts

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
