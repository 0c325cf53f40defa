"""Trials: what comes of a root when some of its files have other texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Final

from bot.analysis.lines.reread_declarations import Redeclaring
from bot.core.finding import Side
from bot.core.lines.routes import value_at
from bot.core.rendering import Build, Builder, Declared
from bot.core.resource import Resource, ResourceKey, Route
from bot.core.states import RenderedPair
from bot.core.values import Value
from bot.errors import UnbuildableError
from bot.records import dataclass

MOST_IN_ALL: Final = 120
"""How many tries, each with a build at most, the places of all findings of a review may take."""

Resources = tuple[Resource, ...]
Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TrialField:
    """A place of a resource, and what base and head have there."""

    key: ResourceKey
    route: Route
    old: Value
    new: Value


@dataclass(slots=True)
class Trials:
    """Builds of roots at base and at head, with some texts put in place of others: each once."""

    base: Redeclaring
    head: Redeclaring
    builder: Builder
    _remaining: int = MOST_IN_ALL
    _cache: dict[object, Resources | None] = field(default_factory=dict)

    def flips(
        self, root: RenderedPair, texts: Texts, field: TrialField, side: Side = "RIGHT"
    ) -> bool:
        """Whether the field is another one with these texts; False where that cannot be built."""
        resources = self.built(root, texts, side)
        has = field.new if side == "RIGHT" else field.old
        return resources is not None and value_in(resources, field.key, field.route) != has

    def suffices(self, root: RenderedPair, texts: Texts, field: TrialField) -> bool:
        """Whether base with these texts has what head has."""
        resources = self.built(root, texts, "LEFT")
        return resources is not None and value_in(resources, field.key, field.route) == field.new

    def moved(self, root: RenderedPair, field: TrialField) -> bool:
        """Whether the field is another one with what base had from elsewhere."""
        key = (root.name, "versions")
        if key not in self._cache:
            self._cache[key] = self._with_versions(root)
        resources = self._cache[key]
        return resources is not None and value_in(resources, field.key, field.route) != field.new

    def built(self, root: RenderedPair, texts: Texts, side: Side = "RIGHT") -> Resources | None:
        """What the root gives at that side with these texts; None where it gives nothing."""
        key = (root.name, side, tuple(sorted(texts.items())))
        if key not in self._cache:
            self._cache[key] = self._make(root, texts, side)
        return self._cache[key]

    def _make(self, root: RenderedPair, texts: Texts, side: Side) -> Resources | None:
        build = root.after if side == "RIGHT" else root.before
        if build is None or self._remaining <= 0:
            return None
        self._remaining -= 1
        declared = root.declared_after if side == "RIGHT" else root.declared_before
        tree = self.head if side == "RIGHT" else self.base
        laid_texts = texts
        if declared is not None:
            concerned = tree.files_of(declared)
            if not concerned.isdisjoint(texts):
                declared = tree.again(declared, texts)
                if declared is None:
                    return None
                build = replace(build, release=declared.release, edits=declared.edits)
                laid_texts = {
                    path: text for path, text in texts.items() if path not in declared.edits
                }
        laid = _laid(root, build, laid_texts, tree)
        if root.again is not None and side == "RIGHT":
            again = root.again.with_declaration(declared).texts(laid_texts)
            if again is None:
                return None
            laid = replace(again, release=build.release)
        return self._read(root, laid, declared)

    def _with_versions(self, root: RenderedPair) -> Resources | None:
        build = root.again.version() if root.again is not None else None
        if build is None or root.after is None or self._remaining <= 0:
            return None
        self._remaining -= 1
        return self._read(root, replace(build, release=root.after.release), root.declared_after)

    def _read(
        self, root: RenderedPair, build: Build, declared: Declared | None
    ) -> Resources | None:
        resources = _already_built(root, build, declared)
        if resources is not None:
            return resources
        built = self.builder.build(build)
        if built.status != "rendered":
            return None
        try:
            return root.read(built, declared)
        except UnbuildableError:
            return None


def _already_built(root: RenderedPair, build: Build, declared: Declared | None) -> Resources | None:
    """What came of this very build at base or at head; None where it is another."""
    finish = declared.finish if declared is not None else None
    sides = (
        (root.before, root.declared_before, root.old),
        (root.after, root.declared_after, root.new),
    )
    for own_build, side_declaration, resources in sides:
        if (
            own_build == build
            and (side_declaration.finish if side_declaration is not None else None) == finish
        ):
            return resources
    return None


def _laid(root: RenderedPair, build: Build, texts: Texts, tree: Redeclaring) -> Build:
    """The build with these texts, wherever it finds the files that have them."""
    files = {**_others(root, build), **build.files}
    overlaid = {
        seen: texts[own_path]
        for seen, own_path in ((seen, root.own_paths.get(seen, seen)) for seen in files)
        if own_path in texts
    }
    # What this side does not have is put where the other has it.
    gone = {path: text for path, text in texts.items() if path not in tree.tree}
    return replace(build, files=files, edits={**build.edits, **gone, **overlaid})


def _others(root: RenderedPair, build: Build) -> Mapping[str, str]:
    """What the root is made of at the other side alone, which a text that is put back may list.

    A chart takes in whatever lies in it, and so gets its values' files alone.
    """
    sides = [side.files for side in (root.before, root.after) if side is not None]
    every = {path: blob for files in sides for path, blob in files.items()}
    if build.release is None:
        return every
    return {path: every[path] for path in build.release.values_files if path in every}


def value_in(resources: Resources, key: ResourceKey, route: Route) -> Value:
    """What stands there; the namespace counts where several have the name."""
    alike = [
        resource
        for resource in resources
        if resource.group_kind == key.group_kind and resource.name == key.name
    ]
    exact = [resource for resource in alike if resource.key == key]
    matches = (exact or alike)[-1:] if exact or len(alike) == 1 else []
    return value_at(matches[0].body, route) if matches else None
