"""What the built roots of two trees say: their resources, placements and rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from bot.core.codeowners import LOCATIONS
from bot.core.globs import path_matches
from bot.core.placement_change import PlacementChange
from bot.core.policy.model import ORGANISATION_PATH, POLICY_PATH, Names
from bot.core.states.environments import Environments
from bot.core.states.placement_table import PlacementTable, owners_in
from bot.core.states.placements.applied import Applied, ManyApplied
from bot.core.states.placements.baseline import with_baselines
from bot.core.states.placements.changed import (
    no_longer_built,
    placements_changed,
    selections_changed,
)
from bot.core.states.placements.comparison import Comparison
from bot.core.states.placements.ignore_volatile import with_steady
from bot.core.states.placements.keep_applied import with_listed, with_standing
from bot.core.states.placements.rendered_pairs import RenderedPair, rendered_of
from bot.core.states.placements.root_reader import RootReader
from bot.core.states.rendered.reverted_build import PutBack
from bot.core.states.rendered.template_decisions import template_decisions
from bot.core.states.roots.fetched_files import FetchedFiles
from bot.core.states.roots.files import REGULAR
from bot.core.states.roots.inferred import Roots
from bot.core.states.tree_reading import TreeReading
from bot.core.states.trees import Trees
from bot.core.template_decision import TemplateDecision
from bot.core.tree import Blobs, File, Tree
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class Readings:
    """Base and head, read for environments by their default namespace.

    `external` are the files of base that say what the clusters have beside it: never head's, which
    could say anything. `governance` are the files of base and of head with the repository's own
    rules, `policy_texts` the policies among them that differ, as text. `addresses` are the URLs of
    the repository, and `blobs` give the text of files.
    """

    trees: Trees
    external: Mapping[str, File]
    governance: tuple[Mapping[str, str], Mapping[str, str]]
    policy_texts: tuple[Mapping[str, str], Mapping[str, str]]
    addresses: tuple[str, ...] = ()
    blobs: Blobs | None = None

    @classmethod
    def of(
        cls, trees: Trees, known: Names, addresses: tuple[str, ...], blobs: Blobs | None
    ) -> Readings:
        """The readings of built trees; `known` are the policy's patterns of known files."""
        base, head = (files.tree for files in trees.files)
        paths = (path for path in _matching(base, known) if base[path].mode in REGULAR)
        governance = (_governance(base, known), _governance(head, known))
        texts = _policy_texts(governance, blobs)
        external = {path: base[path] for path in paths}
        return cls(trees, external, governance, texts, addresses, blobs)

    def applied(self, comparison: Comparison, namespace: str) -> tuple[ManyApplied, ManyApplied]:
        """Both sides, read for an environment where this is the default namespace."""
        reader = self.trees.reader(namespace)
        before, after = (reader.applied(side) for side in (comparison.before, comparison.after))
        before, after = with_baselines(before, after), with_standing(before, after)
        before, after = with_listed(before, after)
        return before, with_steady(before, after)

    def base_applied(self, namespace: str) -> ManyApplied:
        """All roots of base, read for an environment where this is the default namespace."""
        return self.trees.reader(namespace).applied(self.trees.base_roots)

    def tables(
        self, environments: Environments, namespace: str
    ) -> tuple[PlacementTable, PlacementTable]:
        """The placements of base and of head, without directories that hold no manifest."""
        owners = owners_in(self.trees.base_roots)
        reader = self.trees.reader(namespace)
        base, head = (
            PlacementTable(
                Roots(
                    {
                        key: applied.root
                        for key, applied in reader.applied(roots).items()
                        if applied.root.kind != "directory" or applied.files
                    }
                ),
                environments,
                owners,
            )
            for roots in (self.trees.base_roots, self.trees.head_roots)
        )
        return base, head

    def rendered(
        self, before: ManyApplied, after: ManyApplied, namespace: str
    ) -> Mapping[str, RenderedPair]:
        """The roots that a renderer made resources of, by name."""
        reader = self.trees.reader(namespace)
        sides = [
            {key: applied for key, applied in side.items() if applied.status == "rendered"}
            for side in (before, after)
        ]
        built = {**sides[0], **sides[1]}
        paths = (path for applied in after.values() for path in applied.root.tree_files)
        uses = Counter(paths if built else ())
        pairs = {}
        for key in (key for key in {**before, **after} if key in built):
            old, new = (side.get(key) for side in sides)
            shared = frozenset(path for path in built[key].root.tree_files if uses[path] > 1)
            for pair in rendered_of(old, new, reader, shared, self._again(old, new)):
                pairs[pair.name] = pair
        return MappingProxyType(pairs)

    def _again(self, old: Applied | None, new: Applied | None) -> PutBack | None:
        if old is None or new is None or not (old.root.remotes or new.root.remotes):
            return None
        fetched = FetchedFiles(self.trees.fetched[1].resolver, self.trees.session.answers)
        return PutBack(
            new.root, self.trees.files[1].tree, self.trees.manifests, fetched, old.root.remotes
        )

    def sides(self, comparison: Comparison, namespace: str) -> tuple[TreeReading, TreeReading]:
        """Both sides, for environments where this is the default namespace."""
        reader = self.trees.reader(namespace)
        before, after = self.applied(comparison, namespace)
        external = tuple(
            resource
            for path, file in self.external.items()
            for resource in reader.resources(path, file)
        )
        if comparison.placements == "base":
            links = self.trees.links[1]
            return (
                TreeReading(before, links, external, addresses=self.addresses),
                TreeReading(after, links, external, addresses=self.addresses),
            )
        inputs, decisions = self.trees.inputs, self._decisions()
        old, new = (
            TreeReading(
                side,
                self.trees.links[number],
                external,
                self.governance[number],
                inputs[number],
                self.addresses,
                decisions[number],
                policy_texts=self.policy_texts[number],
            )
            for number, side in enumerate((before, after))
        )
        return old, replace(new, placement_changes=self._placement_changes(reader))

    def _placement_changes(self, reader: RootReader) -> tuple[PlacementChange, ...]:
        files, blobs = self.trees.files, self.blobs
        selected = () if blobs is None else tuple(selections_changed(*files, blobs))
        unbuilt = (
            found
            for by_base in self.trees.comparisons[1:]
            for found in no_longer_built(
                reader.applied(by_base.before),
                reader.applied(by_base.after),
                reader.applied(self.trees.head_roots),
            )
        )
        return (*placements_changed(self.trees), *selected, *unbuilt)

    def _decisions(self) -> tuple[tuple[TemplateDecision, ...], ...]:
        if self.blobs is None:
            return ((), ())
        return template_decisions(*self.trees.files, self.blobs)


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


def _policy_texts(
    governance: tuple[Mapping[str, str], Mapping[str, str]], blobs: Blobs | None
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The texts of the policies that differ, at base and at head; none without contents."""
    base, head = governance
    differing = [
        path for path in (POLICY_PATH, ORGANISATION_PATH) if base.get(path) != head.get(path)
    ]
    old, new = (
        {
            path: blobs.data(side[path]).decode("utf-8", "replace")
            for path in differing
            if path in side
        }
        if blobs is not None
        else {}
        for side in (base, head)
    )
    return MappingProxyType(old), MappingProxyType(new)


def _matching(tree: Tree, patterns: Names) -> list[str]:
    """The paths of a tree that match any of these globs, sorted."""
    return sorted(path for path in tree if path_matches(path, patterns)) if patterns else []
