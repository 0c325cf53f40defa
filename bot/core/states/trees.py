"""Base and head together: their roots, builds and fetched sources, and how they are compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from types import MappingProxyType
from typing import Final

from bot.core.codeowners import LOCATIONS
from bot.core.globs import path_matches
from bot.core.placement_change import PlacementChange
from bot.core.policy.model import ORGANISATION_PATH, POLICY_PATH, Names, Policy
from bot.core.rendering import Declare, Declared
from bot.core.resource import GroupKind, Resource
from bot.core.scopes import scopes_of
from bot.core.states.environments import Environments
from bot.core.states.pairing import TreeReading
from bot.core.states.placement_table import PlacementTable, owners_in
from bot.core.states.placements.applied import Applied, ManyApplied, RootReader, definitions
from bot.core.states.placements.baseline import with_baselines
from bot.core.states.placements.changed import (
    no_longer_built,
    placements_changed,
    selections_changed,
)
from bot.core.states.placements.comparison import (
    Comparison,
    differ,
    placed_tree,
    under_base,
    under_head,
)
from bot.core.states.placements.delivery import altered
from bot.core.states.placements.ignore_volatile import with_steady
from bot.core.states.placements.keep_applied import with_listed, with_standing
from bot.core.states.placements.rendered_pairs import RenderedPair, rendered_of
from bot.core.states.placements.written_sources import written_sources
from bot.core.states.problems import links_of
from bot.core.states.reached.roots import Reached, reached
from bot.core.states.reached.written import WrittenRoots
from bot.core.states.rendered.rendering import Rendering
from bot.core.states.rendered.reverted_build import PutBack
from bot.core.states.rendered.template_decisions import template_decisions
from bot.core.states.roots.charts import Naming
from bot.core.states.roots.closures import Manifests
from bot.core.states.roots.declared import DeclaredRoots, with_declared
from bot.core.states.roots.fetched_files import (
    FetchedFiles,
    FetchSession,
    SourceResolver,
    with_fetched,
    without_reserved,
)
from bot.core.states.roots.files import REGULAR, Files, files_of
from bot.core.states.roots.inferred import Roots, roots_of
from bot.core.states.roots.inputs import inputs_of
from bot.core.states.roots.kustomization import Kustomization
from bot.core.states.roots.root import RootKey
from bot.core.template_decision import TemplateDecision
from bot.core.tree import Blobs, Tree
from bot.records import cached_property, dataclass

_DEFINITION: Final = GroupKind("apiextensions.k8s.io", "CustomResourceDefinition")

# Roots that declare roots that declare roots: an app of apps of apps.
_DEEPEST: Final = 4
# Fetched sources may name further ones; each round fetches all that are known by then.
_MOST_ROUNDS: Final = 12


@dataclass(slots=True)
class _Tree:
    """One of the two trees, with what was brought for it so far.

    `files` are without anything from elsewhere. `inferred` are its roots before anything is
    declared, `unbuilt` those with what is declared, `roots` those with what was built of them.
    """

    files: Files
    fetched: FetchedFiles
    inferred: Roots = field(default_factory=Roots)
    roots: Roots = field(default_factory=Roots)
    unbuilt: Roots = field(default_factory=Roots)
    whole: Files = field(init=False)
    _before: Roots | None = None
    _answers: int = 0

    def __post_init__(self) -> None:
        self.whole = self.files

    def infer(self, manifests: Manifests, naming: Naming, before: Roots | None) -> None:
        """Find its roots, unless nothing that they are found by is another than before."""
        # Answers are only ever added.
        answers = len(self.fetched.answers)
        same = self.inferred.fetched is self.fetched and self._before is before
        if same and self._answers == answers:
            return
        self._before, self._answers = before, answers
        tree, _ = with_fetched(self.files.tree, self.fetched.placed.values(), self.fetched)
        self.whole = replace(self.files, tree=tree)
        read = self.inferred.kustomizations
        self.inferred = roots_of(
            self.whole, manifests, naming, before, fetched=self.fetched, read=read
        )


@dataclass(frozen=True, slots=True)
class _Declared:
    """What base declares of base, head of head, and base of head."""

    base: tuple[Declared, ...] = ()
    head: tuple[Declared, ...] = ()
    kept: tuple[Declared, ...] = ()


class Trees:
    """Base and head: their roots and links, and what they put into a cluster."""

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
        self._manifests = manifests
        self._session = session
        fetched = FetchedFiles(resolver, session.answers)
        self._base, self._head = (_Tree(entries, fetched) for entries in files)
        defined = definitions(base_files, manifests)
        sides = (defined, definitions(files[1], manifests, (base_files, defined)))
        self._definitions = [body for side in sides for held in side.values() for body in held]
        self._scopes = scopes_of(self._definitions)
        self._readers: dict[str, RootReader] = {}
        # What base says that the clusters have beside it: never head, which could say anything.
        patterns = policy.rbac.known
        self._known = {
            path: base[path] for path in _matching(base, patterns) if base[path].mode in REGULAR
        }
        self._governance = (_governance(base, patterns), _governance(head, patterns))
        self.declaring: tuple[tuple[Resource, ...], tuple[Resource, ...]] = ((), ())
        self.links = (dict(links_of(files[0], manifests)), dict(links_of(files[1], manifests)))
        self.comparisons: tuple[Comparison, ...] = ()
        self.reached = Reached()
        self._kept: _Tree | None = None

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
        return self._inputs[1]

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
        reader = self._reader(namespace)
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
        self.reached = self._reached(reader, WrittenRoots(self._manifests, blobs))
        if self.reached.keys:
            rendering.reached = self.reached.keys
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
                for resource in (*applied.every, *written_sources(applied, self._manifests))
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

    def _kept_tree(self) -> _Tree:
        """Head's files as base's placements build them; head's own where those are the same."""
        if self._kept is None:
            head = self._head
            tree = placed_tree(self._base.files, head.files, head.inferred.kustomizations)
            if tree is head.files.tree:
                return head
            self._kept = _Tree(files_of(tree, self._ignored, head.files), self._base.fetched)
        return self._kept

    def _under_base(
        self,
        kept: _Tree,
        declared: _Declared,
        read: Sequence[ManyApplied],
        rendering: Rendering,
        before: Roots,
    ) -> Comparison:
        """The comparison in which base's declarations place head's content."""
        kept = _Tree(kept.files, kept.fetched, kept.inferred)
        own = [held for held in declared.kept if held.chart is None]
        after = self._settled(kept, own, read[0], self._base.inferred)
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
        for _ in range(_MOST_ROUNDS):
            before, after = self._settle(declared, read)
            if not self._session.fetch(rendering.references(before, after)):
                return before, after
        return self._settle(declared, read)

    def _settle(
        self,
        declared: _Declared,
        read: Sequence[ManyApplied] = (MappingProxyType({}), MappingProxyType({})),
    ) -> tuple[Roots, Roots]:
        """The roots of both with everything in place that was fetched so far."""
        before = self._settled(self._base, declared.base, read[0], None)
        after = self._settled(self._head, declared.head, read[1], self._base.inferred)
        self._head.unbuilt = after
        return before, after

    def _settled(
        self, tree: _Tree, declarations: Sequence[Declared], read: ManyApplied, before: Roots | None
    ) -> Roots:
        """The roots of a tree; what was fetched may name what was fetched as well."""
        declared = DeclaredRoots(tree.inferred, frozenset())
        for _ in range(_MOST_ROUNDS):
            tree.infer(self._manifests, self._naming, before)
            declared = with_declared(
                tree.inferred, declarations, tree.whole, self._manifests, self._naming
            )
            remotes = {
                remote.place: remote for remote in (*tree.inferred.remotes, *declared.roots.remotes)
            }
            _, fetched = with_fetched(tree.files.tree, remotes.values(), tree.fetched)
            if (fetched.placed, fetched.left_out) == (tree.fetched.placed, tree.fetched.left_out):
                break
            tree.fetched = fetched
        return altered(declared.roots, read, declared.owners)

    def applied(self, comparison: Comparison, namespace: str) -> tuple[ManyApplied, ManyApplied]:
        """Both sides, read for an environment where this is the default namespace."""
        reader = self._reader(namespace)
        before, after = (reader.applied(side) for side in (comparison.before, comparison.after))
        before, after = with_baselines(before, after), with_standing(before, after)
        before, after = with_listed(before, after)
        return before, with_steady(before, after)

    def base_applied(self, namespace: str) -> ManyApplied:
        """All roots of base, read for an environment where this is the default namespace."""
        return self._reader(namespace).applied(self._base.roots)

    def tables(
        self, environments: Environments, namespace: str
    ) -> tuple[PlacementTable, PlacementTable]:
        """The placements of base and of head, without directories that hold no manifest."""
        owners = owners_in(self._base.roots)
        reader = self._reader(namespace)
        base, head = (
            PlacementTable(
                Roots(
                    {
                        key: applied.root
                        for key, applied in reader.applied(tree.roots).items()
                        if applied.root.kind != "directory" or applied.files
                    }
                ),
                environments,
                owners,
            )
            for tree in (self._base, self._head)
        )
        return base, head

    def rendered(
        self, before: ManyApplied, after: ManyApplied, namespace: str
    ) -> Mapping[str, RenderedPair]:
        """The roots that a renderer made resources of, by name."""
        reader = self._reader(namespace)
        uses = Counter(path for applied in after.values() for path in applied.root.tree_files)
        pairs = {}
        for key in {**before, **after}:
            old, new = (
                read if read is not None and read.status == "rendered" else None
                for read in (before.get(key), after.get(key))
            )
            applied = new or old
            tree_files = applied.root.tree_files if applied is not None else ()
            shared = frozenset(path for path in tree_files if uses[path] > 1)
            for pair in rendered_of(old, new, reader, shared, self._again(old, new)):
                pairs[pair.name] = pair
        return MappingProxyType(pairs)

    def _again(self, old: Applied | None, new: Applied | None) -> PutBack | None:
        if old is None or new is None or not (old.root.remotes or new.root.remotes):
            return None
        fetched = FetchedFiles(self._head.fetched.resolver, self._session.answers)
        return PutBack(new.root, self._head.files.tree, self._manifests, fetched, old.root.remotes)

    def sides(
        self,
        comparison: Comparison,
        namespace: str,
        addresses: tuple[str, ...],
        blobs: Blobs | None,
    ) -> tuple[TreeReading, TreeReading]:
        """Both sides, for environments where this is the default namespace."""
        reader = self._reader(namespace)
        before, after = self.applied(comparison, namespace)
        known = tuple(
            resource
            for path, file in self._known.items()
            for resource in reader.resources(path, file)
        )
        if comparison.placements == "base":
            links = self.links[1]
            return (
                TreeReading(before, links, known, addresses=addresses),
                TreeReading(after, links, known, addresses=addresses),
            )
        inputs, decisions = self._inputs, self._decisions(blobs)
        old, new = (
            TreeReading(
                side,
                self.links[number],
                known,
                self._governance[number],
                inputs[number],
                addresses,
                decisions[number],
            )
            for number, side in enumerate((before, after))
        )
        return old, replace(new, placement_changes=self._placement_changes(reader, blobs))

    def _placement_changes(
        self, reader: RootReader, blobs: Blobs | None
    ) -> tuple[PlacementChange, ...]:
        files = (self._base.files, self._head.files)
        selected = () if blobs is None else tuple(selections_changed(*files, blobs))
        unbuilt = (
            found
            for by_base in self.comparisons[1:]
            for found in no_longer_built(
                reader.applied(by_base.before),
                reader.applied(by_base.after),
                reader.applied(self._head.roots),
            )
        )
        return (*placements_changed(self), *selected, *unbuilt)

    def _decisions(self, blobs: Blobs | None) -> tuple[tuple[TemplateDecision, ...], ...]:
        if blobs is None:
            return ((), ())
        return template_decisions(self._base.files, self._head.files, blobs)

    @cached_property
    def _inputs(self) -> tuple[tuple[Resource, ...], ...]:
        sides = (self._base.files, self._head.files)
        return tuple(tuple(inputs_of(files, self._manifests)) for files in sides)

    def _reader(self, namespace: str) -> RootReader:
        if namespace not in self._readers:
            self._readers[namespace] = RootReader(self._manifests, namespace, self._scopes)
        return self._readers[namespace]


def _without_strangers(roots: tuple[Roots, Roots]) -> tuple[Roots, Roots]:
    """Without what lies elsewhere as a whole and was never asked for, or could not be."""
    before, after = roots
    return _without(before), _without(after)


def _without(roots: Roots) -> Roots:
    kept = {key: root for key, root in roots.roots.items() if not root.title or root.built}
    return Roots(kept, roots.kustomizations) if len(kept) < len(roots.roots) else roots


def _governance(tree: Tree, patterns: Names) -> Mapping[str, str]:
    """The files that may hold the repository's own rules: content ids by path.

    Nobody reads them through a symlink, whose content may be the file's.
    """
    paths = {POLICY_PATH, ORGANISATION_PATH, *LOCATIONS} & tree.keys()
    paths.update(_matching(tree, patterns))
    files = {path: tree[path] for path in sorted(paths)}
    return MappingProxyType(
        {path: file.blob for path, file in files.items() if file.mode in REGULAR}
    )


def _matching(tree: Tree, patterns: Names) -> list[str]:
    """The paths of a tree that match any of these globs, sorted."""
    return sorted(path for path in tree if path_matches(path, patterns)) if patterns else []
