"""Trials: what comes of a root when some of its files have other texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from bot.analysis.lines.reread_declarations import Redeclaring
from bot.core.finding import Side
from bot.core.lines import provenance
from bot.core.rendering import Build, Builder, Declared
from bot.core.resource import Resource, ResourceKey, Route
from bot.core.states import RenderedPair
from bot.core.values import Value
from bot.errors import UnbuildableError

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
    _left: int = MOST_IN_ALL
    _known: dict[object, Resources | None] = field(default_factory=dict)

    def flips(
        self, root: RenderedPair, texts: Texts, field: TrialField, side: Side = "RIGHT"
    ) -> bool:
        """Whether the field is another one with these texts; False where that cannot be built."""
        found = self.made(root, texts, side)
        has = field.new if side == "RIGHT" else field.old
        return found is not None and value_in(found, field.key, field.route) != has

    def suffices(self, root: RenderedPair, texts: Texts, field: TrialField) -> bool:
        """Whether base with these texts has what head has."""
        found = self.made(root, texts, "LEFT")
        return found is not None and value_in(found, field.key, field.route) == field.new

    def moved(self, root: RenderedPair, field: TrialField) -> bool:
        """Whether the field is another one with what base had from elsewhere."""
        mark = (root.name, "versions")
        if mark not in self._known:
            self._known[mark] = self._with_versions(root)
        found = self._known[mark]
        return found is not None and value_in(found, field.key, field.route) != field.new

    def made(self, root: RenderedPair, texts: Texts, side: Side = "RIGHT") -> Resources | None:
        """What the root gives at that side with these texts; None where it gives nothing."""
        mark = (root.name, side, tuple(sorted(texts.items())))
        if mark not in self._known:
            self._known[mark] = self._make(root, texts, side)
        return self._known[mark]

    def _make(self, root: RenderedPair, texts: Texts, side: Side) -> Resources | None:
        build = root.after if side == "RIGHT" else root.before
        if build is None or self._left <= 0:
            return None
        self._left -= 1
        declared = root.said if side == "RIGHT" else root.was
        tree = self.head if side == "RIGHT" else self.base
        own = texts
        if declared is not None:
            concerned = tree.files_of(declared)
            if not concerned.isdisjoint(texts):
                declared = tree.again(declared, texts)
                if declared is None:
                    return None
                build = replace(build, release=declared.release, edits=declared.edits)
                own = {path: text for path, text in texts.items() if path not in declared.edits}
        laid = _laid(root, build, own, tree)
        if root.again is not None and side == "RIGHT":
            again = root.again.laying(declared).texts(own)
            if again is None:
                return None
            laid = replace(again, release=build.release)
        return self._read(root, laid, declared)

    def _with_versions(self, root: RenderedPair) -> Resources | None:
        build = root.again.version() if root.again is not None else None
        if build is None or root.after is None or self._left <= 0:
            return None
        self._left -= 1
        return self._read(root, replace(build, release=root.after.release), root.said)

    def _read(
        self, root: RenderedPair, build: Build, declared: Declared | None
    ) -> Resources | None:
        known = _known(root, build, declared)
        if known is not None:
            return known
        built = self.builder.build(build)
        if built.status != "rendered":
            return None
        try:
            return root.read(built, declared)
        except UnbuildableError:
            return None


def _known(root: RenderedPair, build: Build, declared: Declared | None) -> Resources | None:
    """What came of this very build at base or at head; None where it is another."""
    finish = declared.finish if declared is not None else None
    sides = ((root.before, root.was, root.old), (root.after, root.said, root.new))
    for own, said, made in sides:
        if own == build and (said.finish if said is not None else None) == finish:
            return made
    return None


def _laid(root: RenderedPair, build: Build, texts: Texts, tree: Redeclaring) -> Build:
    """The build with these texts, wherever it finds the files that have them."""
    files = {**_others(root, build), **build.files}
    found = {
        seen: texts[own]
        for seen, own in ((seen, root.own_paths.get(seen, seen)) for seen in files)
        if own in texts
    }
    # What this side does not have is put where the other has it.
    gone = {path: text for path, text in texts.items() if path not in tree.tree}
    return replace(build, files=files, edits={**build.edits, **gone, **found})


def _others(root: RenderedPair, build: Build) -> Mapping[str, str]:
    """What the root is made of at the other side alone, which a text that is put back may list.

    A chart takes in whatever lies in it, and so gets its values' files alone.
    """
    held = [side.files for side in (root.before, root.after) if side is not None]
    every = {path: blob for files in held for path, blob in files.items()}
    if build.release is None:
        return every
    return {path: every[path] for path in build.release.values_files if path in every}


def value_in(resources: Resources, key: ResourceKey, route: Route) -> Value:
    """What stands there; the namespace counts where several have the name."""
    alike = [it for it in resources if it.group_kind == key.group_kind and it.name == key.name]
    exact = [it for it in alike if it.key == key]
    found = (exact or alike)[-1:] if exact or len(alike) == 1 else []
    return provenance.value_at(found[0].body, route) if found else None
