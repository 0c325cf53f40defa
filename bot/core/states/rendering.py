"""Which roots are rendered, in which order, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from bot.core.fetching import Reference
from bot.core.rendering import Builder, Built, Status
from bot.core.states.files import directory
from bot.core.states.grafts import DEEPEST
from bot.core.states.roots import Manifests, Root, RootKey, Roots
from bot.core.tree import File

MOST_ROOTS: Final = 60
MOST_BUILDS: Final = 150
_LARGEST_POINTER: Final = 1024  # https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md


@dataclass(slots=True)
class Rendering:
    """Renders what a change affects, at base and at head, each input once.

    `asked` are the keys of the affected roots that need a renderer, `tools` the programs that
    answered.
    """

    builder: Builder
    manifests: Manifests
    asked: dict[RootKey, None] = field(default_factory=dict)
    tools: set[str] = field(default_factory=set)
    _known: dict[object, Built] = field(default_factory=dict)
    _builds: int = 0

    def wanted(self, before: Roots, after: Roots) -> Iterator[Reference]:
        """What lies elsewhere and the affected roots are made of, in the order of these."""
        if not before.remotes and not after.remotes:
            return
        for key in _affected(before, after):
            for root in (before.roots.get(key), after.roots.get(key)):
                if root is not None:
                    yield from (held.reference for held in root.remotes if held.depth <= DEEPEST)

    def rendered(self, before: Roots, after: Roots) -> tuple[Roots, Roots]:
        """The same roots, those that need a renderer and are affected with what it gave."""
        affected = _affected(before, after)
        if not affected:
            return before, after
        done: tuple[dict[RootKey, Root], dict[RootKey, Root]] = ({}, {})
        for number, key in enumerate(affected):
            sides = (before.roots.get(key), after.roots.get(key))
            for held, root in zip(done, sides, strict=True):
                if root is not None and root.reasons:
                    held[key] = replace(root, built=self._built(root, number))
        self.asked.update(dict.fromkeys(affected))
        return _with(before, done[0]), _with(after, done[1])

    def _built(self, root: Root, number: int) -> Built:
        build = root.build
        if root.refusals or build is None:
            status: Status = "limit" if root.spent else "refused"
            return Built(status, message=(root.refusals or root.reasons)[0].message)
        mark = root.build_inputs
        pointer = next((path for path in root.files if self._is_pointer(root.files[path])), None)
        if pointer is not None:
            return Built("refused", message=f"{pointer} is a Git LFS pointer, not the file itself")
        if mark not in self._known:
            if number >= MOST_ROOTS or self._builds >= MOST_BUILDS:
                return Built("limit", message=_spent())
            self._builds += 1
            self._known[mark] = self.builder.build(build)
        built = self._known[mark]
        if built.tool:
            self.tools.add(built.tool)
        return built

    def _is_pointer(self, file: File) -> bool:
        return file.size <= _LARGEST_POINTER and self.manifests.manifest(file).pointer


def _spent() -> str:
    return f"the change affects more than the {MOST_ROOTS} roots that are rendered for one review"


def _with(roots: Roots, done: Mapping[RootKey, Root]) -> Roots:
    return Roots({**roots.roots, **done}, roots.kustomizations)


def _affected(before: Roots, after: Roots) -> list[RootKey]:
    """The roots that need a renderer and differ, those first that were changed most directly.

    So nobody can spend the budget by touching what many have in common: what was changed nearest
    to a root counts first, then how little else it is made of.
    """
    found: list[tuple[int, int, RootKey]] = []
    for key in {**before.roots, **after.roots}:
        old, new = before.roots.get(key), after.roots.get(key)
        if not any(root is not None and root.reasons for root in (old, new)):
            continue
        if old is None or new is None or old.inputs != new.inputs:
            size = max(len(root.files) for root in (old, new) if root is not None)
            found.append((_distance(old, new), size, key))
    return [key for _, _, key in sorted(found)]


def _distance(old: Root | None, new: Root | None) -> int:
    """How many steps lie between a root and the file of it that was changed nearest to it."""
    before, after = (_files(root) for root in (old, new))
    path = (new or old).path if (new or old) else ""  # type: ignore[union-attr]
    steps = [
        _steps(path, directory(name))
        for name in {*before, *after}
        if before.get(name) != after.get(name)
    ]
    return min(steps, default=0)


def _files(root: Root | None) -> Mapping[str, object]:
    return root.files if root is not None else {}


def _steps(start: str, end: str) -> int:
    """The steps up and down from one directory to another."""
    one, other = start.split("/"), end.split("/")
    common = sum(1 for _ in _common(one, other))
    return len(one) + len(other) - 2 * common


def _common(one: list[str], other: list[str]) -> Iterator[str]:
    for left, right in zip(one, other, strict=False):
        if left != right:
            return
        yield left
