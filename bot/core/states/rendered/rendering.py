"""Rendering: which roots are built, in which order and within which limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from typing import Final

from bot.core.fetching import SourceReference
from bot.core.rendering import Build, Builder, BuildResult, BuildStatus
from bot.core.states.roots.closures import Manifests
from bot.core.states.roots.fetched_files import DEEPEST
from bot.core.states.roots.files import directory
from bot.core.states.roots.inferred import Roots
from bot.core.states.roots.root import Reruns, Root, RootKey
from bot.core.tree import File
from bot.records import dataclass

MOST_ROOTS: Final = 60
MOST_BUILDS: Final = 240
"""Base and head of each root, and of a chart each of them twice."""
_LARGEST_POINTER: Final = 1024  # https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md


@dataclass(frozen=True, slots=True)
class _Order:
    """A build, and all that its answer depends on."""

    key: object
    build: Build


@dataclass(frozen=True, slots=True)
class Rendering:
    """Renders what a change affects, at base and at head, each input once.

    `affected` are the keys of the affected roots that need a renderer, `tools` the programs that
    answered. `reached` are the keys of further roots to render, which the change leaves as
    they are. `answers` are the results so far.
    """

    builder: Builder
    manifests: Manifests
    affected: dict[RootKey, None] = field(default_factory=dict)
    tools: set[str] = field(default_factory=set)
    reached: tuple[RootKey, ...] = ()
    answers: dict[object, BuildResult] = field(default_factory=dict)

    def references(self, before: Roots, after: Roots) -> Iterator[SourceReference]:
        """The remote sources of the affected and reached roots, in the order of the roots."""
        if not before.remotes and not after.remotes:
            return
        for key in dict.fromkeys((*_affected(before, after), *self.reached)):
            for root in (before.roots.get(key), after.roots.get(key)):
                if root is not None:
                    yield from (
                        remote.reference for remote in root.remotes if remote.depth <= DEEPEST
                    )

    def beside(self, before: Roots, after: Roots) -> tuple[Roots, Roots]:
        """Like `rendered`, for a second comparison: the affected roots are not counted again."""
        counted = dict(self.affected)
        built = self.rendered(before, after)
        self.affected.clear()
        self.affected.update(counted)
        return built

    def rendered(self, before: Roots, after: Roots) -> tuple[Roots, Roots]:
        """Both sides' roots, with build results for those that are affected and need a renderer."""
        affected = _affected(before, after)
        reached = [
            key
            for key in self.reached
            if key not in affected
            and all(key in side.roots and side.roots[key].reasons for side in (before, after))
        ]
        if not affected and not reached:
            return before, after
        self.affected.update(dict.fromkeys(affected))
        sides = _to_build((*affected, *reached), before, after)
        first = [
            side[key] for key in (*affected[:MOST_ROOTS], *reached) for side in sides if key in side
        ]
        free = [root for root in first if self._refusal(root) is None]
        self._make(order for root in free for order in _orders(root))
        self._make(order for root in free for order in self._repeats(root))
        done = [{key: self._with_answers(root) for key, root in side.items()} for side in sides]
        counterparts = _built_counterparts((before, after), (done[0], done[1]))
        return _with(before, counterparts[0]), _with(after, counterparts[1])

    def _refusal(self, root: Root) -> BuildResult | None:
        """Why a root is not built at all; None where it may be."""
        if root.refusals or root.build is None:
            status: BuildStatus = "limit" if root.spent else "refused"
            return BuildResult(status, message=(root.refusals or root.reasons)[0].message)
        pointer = next((path for path in root.files if self._is_pointer(root.files[path])), None)
        if pointer is not None:
            return BuildResult(
                "refused", message=f"{pointer} is a Git LFS pointer, not the file itself"
            )
        return None

    def _make(self, orders: Iterable[_Order]) -> None:
        """Build what is not built yet, as far as the budget allows."""
        builds: dict[object, Build] = {}
        for order in orders:
            if order.key not in self.answers and len(self.answers) + len(builds) < MOST_BUILDS:
                builds[order.key] = order.build
        if builds:
            built = self.builder.build_all(list(builds.values()))
            self.answers.update(zip(builds, built, strict=True))
            self.tools.update(result.tool for result in built if result.tool)

    def _repeats(self, root: Root) -> Iterator[_Order]:
        """The further builds of a chart whose output differs from build to build."""
        first, *others = _orders(root)
        built = self._answer(first)
        if built.status == "rendered" and any(self._answer(order) != built for order in others):
            yield _order(root, again=True)
            if root.release is not None and root.release.upgraded:
                yield _order(root, upgrade=True, again=True)

    def _with_answers(self, root: Root) -> Root:
        refusal = self._refusal(root)
        if refusal is not None:
            return replace(root, built=refusal)
        reruns = None
        if any(True for _ in self._repeats(root)):
            upgraded = root.release is not None and root.release.upgraded
            reruns = Reruns(
                self._answer(_order(root, again=True)),
                self._answer(_order(root, upgrade=True)) if upgraded else None,
                self._answer(_order(root, upgrade=True, again=True)) if upgraded else None,
            )
        return replace(root, built=self._answer(_order(root)), reruns=reruns)

    def _answer(self, order: _Order) -> BuildResult:
        return self.answers.get(order.key) or BuildResult("limit", message=_spent())

    def _is_pointer(self, file: File) -> bool:
        return file.size <= _LARGEST_POINTER and self.manifests.manifest(file).pointer


def _to_build(affected: Iterable[RootKey], *sides: Roots) -> list[dict[RootKey, Root]]:
    """Return the affected roots of each side that are built.

    A root that needs a renderer on one side alone is built on both: only then does a field that
    differs come from the files, and not from the way in which they were read.
    """
    to_build: list[dict[RootKey, Root]] = [{} for _ in sides]
    for key in affected:
        present = [roots.roots.get(key) for roots in sides]
        needs = next(root.reasons[0] for root in present if root is not None and root.reasons)
        for chosen, root in zip(to_build, present, strict=True):
            if root is not None:
                reason = replace(needs, refuses=False, spent=False)
                chosen[key] = root if root.reasons else replace(root, reasons=(reason,))
    return to_build


def _built_counterparts(
    sides: tuple[Roots, Roots], done: tuple[dict[RootKey, Root], dict[RootKey, Root]]
) -> tuple[dict[RootKey, Root], dict[RootKey, Root]]:
    """Return the roots with results; where one side fails, without one that can be read as is."""

    def kept(side: int, key: RootKey) -> bool:
        roots = [results[key] for results in done if key in results]
        is_plain = not sides[side].roots[key].reasons
        return not is_plain or all(
            root.built is not None and root.built.status == "rendered" for root in roots
        )

    base, head = (
        {key: root for key, root in results.items() if kept(side, key)}
        for side, results in enumerate(done)
    )
    return base, head


def _orders(root: Root) -> Iterator[_Order]:
    """What a root is built by first: a chart twice, as Helm need not give the same each time.

    Once more as an upgrade where that happens to it, which templates may ask for.
    """
    yield _order(root)
    if root.release is not None:
        upgraded = root.release.upgraded
        yield _order(root, upgrade=upgraded, again=not upgraded)


def _order(root: Root, *, upgrade: bool = False, again: bool = False) -> _Order:
    build = root.build
    if build is None:
        raise ValueError(f"{root.name} is not something that can be built")
    release = build.release and replace(build.release, upgrade=upgrade)
    key = (root.build_inputs, upgrade, again)
    return _Order(key, replace(build, release=release, again=again))


def _spent() -> str:
    return f"the change affects more than {MOST_ROOTS} roots, the limit of one review"


def _with(roots: Roots, done: Mapping[RootKey, Root]) -> Roots:
    return Roots({**roots.roots, **done}, roots.kustomizations)


def _affected(before: Roots, after: Roots) -> list[RootKey]:
    """The roots that need a renderer and differ, those first that were changed most directly.

    So nobody can spend the budget by touching what many have in common: what was changed nearest
    to a root counts first, then how little else it is made of.
    """
    ranked: list[tuple[int, int, RootKey]] = []
    for key in {**before.roots, **after.roots}:
        old, new = before.roots.get(key), after.roots.get(key)
        if old is new or not any(root is not None and root.reasons for root in (old, new)):
            continue
        if old is None or new is None or old.inputs != new.inputs:
            size = max(len(root.files) for root in (old, new) if root is not None)
            ranked.append((_distance(old, new), size, key))
    return [key for _, _, key in sorted(ranked)]


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
    first, other = start.split("/"), end.split("/")
    common = sum(1 for _ in _common(first, other))
    return len(first) + len(other) - 2 * common


def _common(first: list[str], other: list[str]) -> Iterator[str]:
    for step, right in zip(first, other, strict=False):
        if step != right:
            return
        yield step
