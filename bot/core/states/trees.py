"""Base and head together: their roots, what is fetched and built for them, and comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from bot.core.policy.model import Policy
from bot.core.rendering import Declare, Declared
from bot.core.resource import GroupKind, Resource
from bot.core.scopes import scopes_of
from bot.core.states.placements.applied import ManyApplied
from bot.core.states.placements.comparison import (
    Comparison,
    differ,
    placed_tree,
    under_base,
    under_head,
)
from bot.core.states.placements.definitions import definitions
from bot.core.states.placements.root_reader import RootReader
from bot.core.states.placements.written_sources import written_sources
from bot.core.states.reached.roots import Reached, reached
from bot.core.states.reached.written import WrittenRoots
from bot.core.states.rendered.rendering import Rendering
from bot.core.states.roots.closures import Manifests
from bot.core.states.roots.fetched_files import (
    FetchedFiles,
    FetchSession,
    SourceResolver,
    without_reserved,
)
from bot.core.states.roots.files import Files, files_of
from bot.core.states.roots.inferred import Roots
from bot.core.states.roots.inputs import inputs_of
from bot.core.states.roots.kustomizations.kustomization import Kustomization
from bot.core.states.roots.naming import Naming
from bot.core.states.roots.root import RootKey
from bot.core.states.source_tree import MOST_ROUNDS, SourceTree
from bot.core.states.unreadable import links_of
from bot.core.tree import Blobs, Tree
from bot.records import cached_property, dataclass

_DEFINITION: Final = GroupKind("apiextensions.k8s.io", "CustomResourceDefinition")

# Roots that declare roots that declare roots: an app of apps of apps.
_DEEPEST: Final = 4


@dataclass(frozen=True, slots=True)
class _Declared:
    """What base declares of base, head of head, and base of head."""

    base: tuple[Declared, ...] = ()
    head: tuple[Declared, ...] = ()
    kept: tuple[Declared, ...] = ()


class Trees:
    """Base and head: their roots and links, and the comparisons that make a review."""

    def __init__(  # noqa: PLR0913 - two trees, how they are read, and who fetches what they name
        self,
        base: Tree,
        head: Tree,
        manifests: Manifests,
        policy: Policy,
        *,
        naming: Naming,
        session: FetchSession,
        resolver: SourceResolver | None = None,
    ) -> None:
        self._ignored = (*policy.ignore, *policy.rbac.known)
        base, head = without_reserved(base), without_reserved(head)
        base_files = files_of(base, self._ignored)
        files = (base_files, files_of(head, self._ignored, base_files))
        self._naming = naming
        self.manifests = manifests
        self.session = session
        fetched = FetchedFiles(resolver, session.answers)
        self._base, self._head = (SourceTree(entries, fetched) for entries in files)
        defined = definitions(base_files, manifests)
        sides = (defined, definitions(files[1], manifests, (base_files, defined)))
        self._definitions = [body for side in sides for held in side.values() for body in held]
        self._scopes = scopes_of(self._definitions)
        self._readers: dict[str, RootReader] = {}
        self.declaring: tuple[tuple[Resource, ...], tuple[Resource, ...]] = ((), ())
        self.links = (dict(links_of(files[0], manifests)), dict(links_of(files[1], manifests)))
        self.comparisons: tuple[Comparison, ...] = ()
        self.reached = Reached()
        self._kept: SourceTree | None = None

    @property
    def fetched(self) -> tuple[FetchedFiles, FetchedFiles]:
        """The fetched files of base and head."""
        return (self._base.fetched, self._head.fetched)

    @property
    def files(self) -> tuple[Files, Files]:
        """The files of base and head themselves."""
        return (self._base.files, self._head.files)

    @property
    def base_roots(self) -> Roots:
        """Base's roots, built as far as needed."""
        return self._base.roots

    @property
    def head_roots(self) -> Roots:
        """Head's roots, built as far as needed."""
        return self._head.roots

    @property
    def head_inputs(self) -> tuple[Resource, ...]:
        """The kustomizations and charts of head as objects, each named by its path."""
        return self.inputs[1]

    @property
    def kustomizations(self) -> tuple[Mapping[str, Kustomization], Mapping[str, Kustomization]]:
        """The kustomizations of base and head, by directory."""
        return (self._base.inferred.kustomizations, self._head.inferred.kustomizations)

    def render(
        self, rendering: Rendering, declare: Declare, namespace: str, blobs: Blobs | None = None
    ) -> None:
        """Render what the change affects, until that declares and alters no other root.

        Then render what else must be known to say what the change does; that declares nothing, so
        that a change cannot choose which declarations count. `blobs` give the text of files.
        """
        reader = self.reader(namespace)
        self._settle(_Declared())
        roots = (self._base.inferred, self._head.inferred)
        declared, read = _Declared(), [reader.applied(side) for side in roots]
        before = self._base.inferred
        for _ in range(_DEEPEST):
            read = [reader.applied(side) for side in roots]
            declared = self._declare(declare, read)
            previous = roots
            before, after = self._fetched(rendering, declared, read)
            roots = _without_strangers(rendering.rendered(before, after))
            if roots == previous:
                break
        self._compare(roots, declared, read, rendering, before)
        self.reached = self._reached(reader, WrittenRoots(self.manifests, blobs))
        if self.reached.keys:
            rendering = replace(rendering, reached=self.reached.keys)
            before, after = self._fetched(rendering, declared, read)
            roots = _without_strangers(rendering.rendered(before, after))
            self._compare(roots, declared, read, rendering, before)
        self._take_definitions(reader)

    def _compare(
        self,
        roots: tuple[Roots, Roots],
        declared: _Declared,
        read: Sequence[ManyApplied],
        rendering: Rendering,
        before: Roots,
    ) -> None:
        """Compare the roots under head's placements, and under base's where those differ."""
        self._base.roots, self._head.roots = roots
        comparisons = [under_head(*roots)]
        kept = self._kept_tree()
        if differ(declared.head, declared.kept) or kept is not self._head:
            comparisons.append(self._under_base(kept, declared, read, rendering, before))
        self.comparisons = tuple(comparisons)

    def _reached(self, reader: RootReader, written: WrittenRoots) -> Reached:
        """The further roots that the comparisons need."""
        keys: dict[RootKey, None] = {}
        over: dict[RootKey, None] = {}
        for comparison in self.comparisons:
            before, after = (reader.applied(side) for side in (comparison.before, comparison.after))
            side = reached(before, after, written, self._scopes)
            keys.update(dict.fromkeys(side.keys))
            over.update(dict.fromkeys(side.over))
        return Reached(tuple(keys), tuple(key for key in over if key not in keys))

    def _declare(self, declare: Declare, read: Sequence[ManyApplied]) -> _Declared:
        """The declarations in what was read, of base, of head, and of base upon head's files."""
        base, head = (
            tuple(
                resource
                for applied in side.values()
                for resource in (*applied.every, *written_sources(applied, self.manifests))
            )
            for side in read
        )
        both = (*base, *head)
        self.declaring = (base, head)
        return _Declared(
            tuple(declare(base, self._base.files.tree, both)),
            tuple(declare(head, self._head.files.tree, both)),
            tuple(declare(base, self._kept_tree().files.tree, both)),
        )

    def _kept_tree(self) -> SourceTree:
        """Head's files as base's placements build them; head's own where those are the same."""
        if self._kept is None:
            head = self._head
            tree = placed_tree(self._base.files, head.files, head.inferred.kustomizations)
            if tree is head.files.tree:
                return head
            self._kept = SourceTree(files_of(tree, self._ignored, head.files), self._base.fetched)
        return self._kept

    def _under_base(
        self,
        kept: SourceTree,
        declared: _Declared,
        read: Sequence[ManyApplied],
        rendering: Rendering,
        before: Roots,
    ) -> Comparison:
        """The comparison in which base's declarations place head's content."""
        kept = SourceTree(kept.files, kept.fetched, kept.inferred)
        own = [held for held in declared.kept if held.chart is None]
        inferred = self._base.inferred
        after = kept.settled(own, read[0], inferred, self.manifests, self._naming)
        comparison = under_base(before, after, self._head.unbuilt)
        rendered = rendering.beside(comparison.before, comparison.after)
        return replace(comparison, before=rendered[0], after=rendered[1])

    def _take_definitions(self, reader: RootReader) -> None:
        """Learn the scopes of kinds that rendered roots define."""
        defined = [
            resource.body
            for comparison in self.comparisons
            for side in (comparison.before, comparison.after)
            for applied in reader.applied(side).values()
            for resource in applied.every
            if resource.source.root and resource.group_kind == _DEFINITION
        ]
        if defined:
            self._scopes = scopes_of((*self._definitions, *defined))
            self._readers.clear()

    def _fetched(
        self, rendering: Rendering, declared: _Declared, read: Sequence[ManyApplied]
    ) -> tuple[Roots, Roots]:
        """The roots of both, with the remote sources of the affected ones fetched."""
        for _ in range(MOST_ROUNDS):
            before, after = self._settle(declared, read)
            if not self.session.fetch(rendering.references(before, after)):
                return before, after
        return self._settle(declared, read)

    def _settle(
        self,
        declared: _Declared,
        read: Sequence[ManyApplied] = (MappingProxyType({}), MappingProxyType({})),
    ) -> tuple[Roots, Roots]:
        """The roots of both with everything in place that was fetched so far."""
        known = (self.manifests, self._naming)
        before = self._base.settled(declared.base, read[0], None, *known)
        after = self._head.settled(declared.head, read[1], self._base.inferred, *known)
        self._head.unbuilt = after
        return before, after

    @cached_property
    def inputs(self) -> tuple[tuple[Resource, ...], ...]:
        """The kustomizations and charts of base and head as objects, each named by its path."""
        sides = (self._base.files, self._head.files)
        return tuple(tuple(inputs_of(files, self.manifests)) for files in sides)

    def reader(self, namespace: str) -> RootReader:
        """The reader for environments where this is the default namespace."""
        if namespace not in self._readers:
            self._readers[namespace] = RootReader(self.manifests, namespace, self._scopes)
        return self._readers[namespace]


def _without_strangers(roots: tuple[Roots, Roots]) -> tuple[Roots, Roots]:
    """Without remote roots that were never fetched, or could not be."""
    before, after = roots
    return _without(before), _without(after)


def _without(roots: Roots) -> Roots:
    kept = {key: root for key, root in roots.roots.items() if not root.title or root.built}
    return Roots(kept, roots.kustomizations) if len(kept) < len(roots.roots) else roots
