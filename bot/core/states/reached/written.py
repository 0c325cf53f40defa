"""What the files of a root that is not built say that it may give and refer to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import field
from itertools import permutations
from typing import Final, TypeAlias

from bot.core.identity import ObjectIdentity
from bot.core.states.reached.interests import Label
from bot.core.states.roots.closures import Manifests
from bot.core.states.roots.files import KUSTOMIZATION_NAMES, MANIFEST_SUFFIXES, REGULAR, base_name
from bot.core.states.roots.root import Root
from bot.core.tree import Blobs, File
from bot.patterns import pattern
from bot.records import dataclass

# No part of a path: what lies in a directory is not named by it.
_WORD: Final = pattern(rb"(?<![A-Za-z0-9/._:-])[A-Za-z0-9][A-Za-z0-9._:-]{0,252}(?![A-Za-z0-9/])")
_SELECTOR: Final = pattern(rb'"(?:matchLabels|[a-zA-Z]*[sS]elector)":(\{[^{}]*\})')
# https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution
_VARIABLE: Final = pattern(r"\$\{[^}]*\}")
_PATTERN: Final = pattern(rb'"([^"\s]{0,252}\$\{[^"\s]{0,252})"')
_MOST_PATTERNS: Final = 500
Pattern: TypeAlias = tuple[str, ...]
"""The texts between the variables of a text."""
# With these fields, kustomize takes names from anywhere in what it builds.
_AFFIX: Final = pattern(r'"?name(Prefix|Suffix)"?: ?["\']?([^"\'\s,}]+)')
_MOST_AFFIXES: Final = 3
_COPYING: Final = frozenset({"replacements", "transformers", "vars"})
_NOTHING: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """One file: its objects, words, text as JSON, selectors in that, and names with variables."""

    identities: tuple[ObjectIdentity, ...]
    words: frozenset[str]
    encoded: bytes
    selectors: bytes
    patterns: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """What the files and settings of a root say. All of it is a guess that errs towards too much.

    `inputs` are the words of what is no resource: kustomizations, patches, values, templates.
    `by_name` are the objects by the names that they may have once built, `variable` those whose
    names have variables. `settings` are the words of what an owner lays over the files, `stems`
    what the names that a chart makes begin with.
    """

    root: Root
    files: tuple[WrittenFile, ...]
    words: frozenset[str]
    inputs: frozenset[str]
    settings: frozenset[str]
    stems: frozenset[str]
    by_name: Mapping[str, tuple[ObjectIdentity, ...]]
    variable: tuple[tuple[Pattern, ObjectIdentity], ...]

    def named_among(self, names: AbstractSet[str]) -> AbstractSet[str]:
        """Those of the names that something in the root may have."""
        return {
            *(names & self.by_name.keys()),
            *(names & self.inputs),
            *self._composed(names, (pattern for pattern, _ in self.variable)),
        }

    def mentioned_among(self, names: AbstractSet[str]) -> AbstractSet[str]:
        """Those of the names that something in the root may refer to."""
        patterns = (pattern for file in self.files for pattern in file.patterns)
        return {*(names & self.words), *self._composed(names, patterns)}

    def gives(self, name: str) -> list[ObjectIdentity]:
        """The written objects that may bear a name once the root is built."""
        renamed = [each for pattern, each in self.variable if _may_become(pattern, name)]
        return [*self.by_name.get(name, ()), *renamed]

    def may_lie_in(self, spaces: frozenset[str]) -> bool:
        """Whether the root may put something into one of these namespaces."""
        space = self.root.namespace or self.root.default_namespace
        if not spaces.isdisjoint(self.words) or space in spaces:
            return True
        named = any(each.namespace for same in self.by_name.values() for each in same)
        return "default" in spaces and not space and not named

    def bears(self, label: Label) -> bool:
        """Whether something in the root may have this label, whose value is among its words."""
        return (
            self.root.kind == "chart"
            or label[1] in self.settings
            or any(_pair(label) in file.encoded for file in self.files)
        )

    def selects(self, label: Label) -> bool:
        """Whether something in the root may select by this label."""
        return any(_pair(label) in file.selectors for file in self.files)

    @property
    def has_pods(self) -> bool:
        """Whether something in the root makes pods."""
        return "containers" in self.words

    def _composed(self, names: AbstractSet[str], patterns: Iterable[Pattern]) -> Iterator[str]:
        """Those of the names that begin with a stem, or that variables may make of a text."""
        shapes = tuple(dict.fromkeys(patterns))
        if not shapes and not self.stems:
            return
        for name in names:
            parts = name.split("-")
            starts = ("-".join(parts[:size]) for size in range(1, len(parts) + 1))
            if not self.stems.isdisjoint(starts) or any(_may_become(each, name) for each in shapes):
                yield name


@dataclass(frozen=True, slots=True)
class WrittenRoots:
    """Reads what roots say, each file once. `blobs` return the text of what is no manifest."""

    manifests: Manifests
    blobs: Blobs | None
    _files: dict[str, WrittenFile] = field(default_factory=dict, init=False)

    def of(self, root: Root) -> Written:
        """What the files and settings of a root say."""
        files = {
            path: self._file(path, file)
            for path, file in root.files.items()
            if file.mode in REGULAR
        }
        release = root.release
        settings = _words(
            "\n".join(
                (
                    *root.edits.values(),
                    repr(root.finish or ""),
                    *(release.values if release is not None else ()),
                )
            ).encode()
        )
        inputs = settings.union(*(file.words for file in files.values() if not file.identities))
        words = inputs.union(*(file.words for file in files.values()))
        stems = _NOTHING
        if release is not None:
            values = (files[path].words for path in release.values_files if path in files)
            stems = frozenset({release.name}).union(settings, *values) - {""}
        by_name: dict[str, list[ObjectIdentity]] = {}
        variable: list[tuple[Pattern, ObjectIdentity]] = []
        affixes = _Affixes.of(files.values(), root.edits.values())
        for file in files.values():
            for identity in file.identities:
                for name in affixes.upon(identity.name):
                    by_name.setdefault(name, []).append(identity)
                    if "${" in name:
                        variable.append((_pattern(name), identity))
        return Written(
            root,
            tuple(files.values()),
            words,
            inputs if _COPYING.isdisjoint(inputs) else words,
            settings,
            stems,
            {name: tuple(same) for name, same in by_name.items()},
            tuple(variable),
        )

    def _file(self, path: str, file: File) -> WrittenFile:
        if file.blob not in self._files:
            self._files[file.blob] = self._read(path, file)
        return self._files[file.blob]

    def _read(self, path: str, file: File) -> WrittenFile:
        encoded = b""
        if path.endswith(MANIFEST_SUFFIXES):
            is_kustomization = base_name(path) in KUSTOMIZATION_NAMES
            read = self.manifests.kustomization if is_kustomization else self.manifests.manifest
            documents = read(file).kustomize.objects
            encoded = b"\n".join(document.encoded for document in documents)
            identities = tuple(filter(None, (each.identity for each in documents)))
            if identities:
                selectors = b"\n".join(_SELECTOR.findall(encoded))
                return WrittenFile(
                    identities, _words(encoded), encoded, selectors, _patterns(encoded)
                )
        if self.blobs is not None:
            try:
                text = self.blobs.data(file.blob)
            except KeyError:
                text = b""
            return WrittenFile((), _words(text), encoded or text, b"", ())
        return WrittenFile((), _words(encoded), encoded, b"", ())


@dataclass(frozen=True, slots=True)
class _Affixes:
    """What kustomizations may put before and after names, in any order."""

    prefixes: tuple[str, ...]
    suffixes: tuple[str, ...]

    @classmethod
    def of(cls, files: Iterable[WrittenFile], edits: Iterable[str]) -> _Affixes:
        inputs = (file.encoded.decode(errors="replace") for file in files if not file.identities)
        affixes = [match for text in (*inputs, *edits) for match in _AFFIX.findall(text)]
        return cls(
            _joined({text for side, text in affixes if side == "Prefix"}),
            _joined({text for side, text in affixes if side == "Suffix"}),
        )

    def upon(self, name: str) -> Iterator[str]:
        """A name with each of them and without."""
        return (f"{before}{name}{after}" for before in self.prefixes for after in self.suffixes)


def _joined(texts: AbstractSet[str]) -> tuple[str, ...]:
    """Nothing, and the texts one after the other in every order."""
    orders = (
        order
        for size in range(1, _MOST_AFFIXES + 1)
        for order in permutations(sorted(texts)[:_MOST_AFFIXES], size)
    )
    return ("", *dict.fromkeys("".join(order) for order in orders))


def _words(text: bytes) -> frozenset[str]:
    """The words of a text that may be names, without what punctuation ends them."""
    return frozenset(word.decode().rstrip("._:-") for word in set(_WORD.findall(text)))


def _patterns(encoded: bytes) -> tuple[Pattern, ...]:
    texts = sorted(set(_PATTERN.findall(encoded)))[:_MOST_PATTERNS]
    return tuple(_pattern(text.decode(errors="replace")) for text in texts)


def _pattern(text: str) -> Pattern:
    return tuple(_VARIABLE.split(text))


def _may_become(pattern: Pattern, name: str) -> bool:
    """Whether some values of its variables make this name of a text."""
    first, *between, last = pattern if len(pattern) > 1 else (*pattern, "")
    end = len(name) - len(last)
    position = len(first)
    if position > end or not (name.startswith(first) and name.endswith(last)):
        return False
    for text in between:
        start = name.find(text, position, end)
        if start < 0:
            return False
        position = start + len(text)
    return True


def _pair(label: Label) -> bytes:
    return '"{}":"{}"'.format(*label).encode()
