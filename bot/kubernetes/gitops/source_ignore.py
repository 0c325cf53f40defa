"""The files that Flux excludes from a source: `.sourceignore`, `spec.ignore`, `sparseCheckout`.

https://fluxcd.io/flux/components/source/gitrepositories/#ignore. The patterns are those of
`.gitignore` with two differences: a file in an excluded directory can be included again, and `**`
stands for directories only where it is a whole path segment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from functools import lru_cache
from typing import Final

from bot.core.resource import Resource
from bot.core.states.roots.files import directory
from bot.errors import UnbuildableError
from bot.kubernetes.gitops.globs import matches
from bot.kubernetes.gitops.tree_files import TreeFiles
from bot.records import dataclass

_ALWAYS: Final = (".git/", ".gitignore", ".gitmodules", ".gitattributes")
_DEFAULT: Final = (
    *("*.jpg", "*.jpeg", "*.gif", "*.png", "*.wmv", "*.flv", "*.tar.gz", "*.zip"),
    *(".github/", ".circleci/", ".travis.yml", ".gitlab-ci.yml", "appveyor.yml", ".drone.yml"),
    *("cloudbuild.yaml", "codeship-services.yml", "codeship-steps.yml"),
    *("**/.goreleaser.yml", "**/.sops.yaml", "**/.flux.yaml"),
)
_MOST_PATTERNS: Final = 2_000


@dataclass(frozen=True, slots=True)
class _Pattern:
    """One pattern, which applies below a directory; `parts` are its path segments."""

    place: tuple[str, ...]
    parts: tuple[str, ...]
    takes_in: bool
    folders: bool

    def fits(self, path: tuple[str, ...]) -> bool:
        """Return whether the pattern matches a file."""
        if path[: len(self.place)] != self.place:
            return False
        rest = path[len(self.place) :]
        if len(self.parts) > 1:
            return self._leads(rest)
        names = rest[:-1] if self.folders else rest
        return any(_fits(self.parts[0], name) for name in names)

    def _leads(self, path: tuple[str, ...]) -> bool:
        """Return whether a pattern with slashes matches a file or a directory above it."""
        matched, anywhere = False, False
        for number, part in enumerate(self.parts):
            if not part:
                anywhere = False
            elif part == "**":
                if number == len(self.parts) - 1:
                    break
                anywhere = True
            elif "**" in part or not path:
                return False
            else:
                steps = range(len(path)) if anywhere else range(1)
                at = next((step for step in steps if _fits(part, path[step])), None)
                if at is None:
                    return False
                matched, anywhere, path = True, False, path[at + 1 :]
        return matched and not (self.folders and not path)


@dataclass(frozen=True, slots=True)
class SourceFiles:
    """What a source says about its files: `spec.ignore`, and the paths of `spec.sparseCheckout`.

    The library of Flux checks out every file whose path begins with one of the latter, also in the
    middle of a name, and no other one:
    https://github.com/go-git/go-git/blob/v5/plumbing/format/index/index.go (SkipUnless)
    """

    ignore: str = ""
    sparse: tuple[str, ...] = ()

    @classmethod
    def of(cls, source: Resource) -> SourceFiles:
        """Return what a GitRepository says."""
        spec = source.at("spec")
        sparse = (path.removeprefix("./") for path in spec["sparseCheckout"].texts)
        return cls(spec["ignore"].text or "", tuple(sparse))


@dataclass(frozen=True, slots=True)
class SourceIgnore:
    """The patterns of a source; the last one that matches a file decides.

    `prefixes` are those of the paths that it checks out, empty for all of them.
    """

    patterns: tuple[_Pattern, ...]
    prefixes: tuple[str, ...] = ()
    _answers: dict[str, bool] = field(default_factory=dict, init=False, repr=False, compare=False)

    def leaves_out(self, path: str) -> bool:
        """Return whether the source excludes a file; worked out once for each path."""
        if self.prefixes and not path.startswith(self.prefixes):
            return True
        if path not in self._answers:
            parts = tuple(path.split("/"))
            matching = (pattern for pattern in reversed(self.patterns) if pattern.fits(parts))
            self._answers[path] = not next((pattern.takes_in for pattern in matching), True)
        return self._answers[path]


def source_ignore(places: TreeFiles, source: SourceFiles) -> SourceIgnore:
    """Return what a source of this tree leaves out.

    Flux's default patterns apply only where neither the tree nor the source has patterns.
    """
    patterns = [
        *(
            pattern
            for path in places.source_ignores
            for pattern in _patterns(_text(places, path), path)
        ),
        *_patterns(source.ignore, ""),
    ]
    general = (*_ALWAYS, *(() if patterns else _DEFAULT))
    chosen = (*(_pattern(text, ()) for text in general), *patterns[:_MOST_PATTERNS])
    return _of(chosen, source.sparse)


# Each Kustomization of a source asks about the same files, at base and at head.
_of: Final = lru_cache(maxsize=64)(SourceIgnore)


def _text(places: TreeFiles, path: str) -> str:
    try:
        return places.data(path).decode("utf-8", "replace")
    except UnbuildableError:
        return ""


def _patterns(text: str, path: str) -> Iterator[_Pattern]:
    place = tuple(directory(path).split("/")) if directory(path) else ()
    for line in text.split("\n"):
        pattern = line.removesuffix("\r")
        if pattern.strip() and not pattern.startswith("#"):
            yield _pattern(pattern, place)


def _pattern(text: str, place: tuple[str, ...]) -> _Pattern:
    takes_in = text.startswith("!")
    pattern = text.removeprefix("!")
    if not pattern.endswith("\\ "):
        pattern = pattern.rstrip(" ")
    folders = pattern.endswith("/")
    return _Pattern(place, tuple(pattern.removesuffix("/").split("/")), takes_in, folders)


@lru_cache(maxsize=8192)
def _fits(part: str, name: str) -> bool:
    return matches(part, name, "path")
