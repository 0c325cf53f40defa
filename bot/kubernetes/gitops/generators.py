"""The generators of an ApplicationSet, as far as the repository alone determines their result."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

from bot.core.reading.yaml_texts import json_text, merged, value_of
from bot.core.values import EMPTY, Body, Value, mapping, sequence, text
from bot.errors import UnbuildableError
from bot.kubernetes.gitops.globs import Flavour, is_glob, matches
from bot.kubernetes.gitops.repositories import RepositoryAddresses
from bot.kubernetes.gitops.templates import Parameters, fill, filled
from bot.kubernetes.gitops.tree_files import TreeFiles
from bot.kubernetes.gitops.unknowns import PREFIX, holds_unknown
from bot.patterns import pattern
from bot.records import dataclass

MOST_SETS: Final = 1_000
_DEEPEST: Final = 3
_NOT_IN_NAMES: Final = pattern(r"[^a-z0-9.-]")
_LONGEST_NAME: Final = 253


def _bounded(parameter_sets: Iterator[Parameters]) -> Iterator[Parameters]:
    """Yield the sets of parameters up to a limit. Raises UnbuildableError where there are more."""
    yield from islice(parameter_sets, MOST_SETS)
    if next(parameter_sets, None) is not None:
        raise UnbuildableError(f"it gives more than {MOST_SETS:,} sets of parameters")


@dataclass(frozen=True, slots=True)
class Generators:
    """Evaluates generators over a tree. `go` selects the Go template language for the set."""

    places: TreeFiles
    addresses: RepositoryAddresses
    go: bool

    def sets(self, generator: Body, depth: int = 0) -> Iterator[Parameters]:
        """Yield the sets of parameters that a generator gives. Raises UnbuildableError."""
        parameter_sets = _bounded(self._sets(generator, depth))
        selector = mapping(generator.get("selector"))
        return (
            parameters
            for parameters in parameter_sets
            if not selector or self._selected(parameters, selector)
        )

    def _sets(self, generator: Body, depth: int) -> Iterator[Parameters]:
        if depth > _DEEPEST:
            raise UnbuildableError("its generators lie within one another too deeply")
        if "list" in generator:
            return self._list(mapping(generator["list"]))
        if "git" in generator:
            return self._git(mapping(generator["git"]))
        if "matrix" in generator:
            return self._matrix(mapping(generator["matrix"]), depth)
        if "merge" in generator:
            return self._merge(mapping(generator["merge"]), depth)
        values = next((mapping(body).get("values") for body in generator.values()), None)
        return iter((self._with_values(Parameters(opens=True), mapping(values)),))

    def _list(self, generator: Body) -> Iterator[Parameters]:
        elements = [mapping(item) for item in sequence(generator.get("elements"))]
        written = text(generator.get("elementsYaml"))
        if written:
            elements += [mapping(item) for item in sequence(value_of(written.encode()))]
        for element in elements:
            yield Parameters(element if self.go else _flat_element(element))

    def _git(self, generator: Body) -> Iterator[Parameters]:
        if self.addresses.holds(text(generator.get("repoURL"))) is False:
            yield self._with_values(Parameters(opens=True), mapping(generator.get("values")))
            return
        prefix = text(generator.get("pathParamPrefix")) or ""
        for place, content, name in (*self._directories(generator), *self._files(generator)):
            path_parameters = self._path(place, name, prefix)
            values = merged(content, path_parameters) if self.go else {**content, **path_parameters}
            yield self._with_values(Parameters(values), mapping(generator.get("values")))

    def _directories(self, generator: Body) -> Iterator[tuple[str, Body, str]]:
        patterns = [mapping(pattern) for pattern in sequence(generator.get("directories"))]
        for place in self.places.directories if patterns else ():
            fits = [pattern for pattern in patterns if _fits(pattern, place, "path")]
            if fits and not any(pattern.get("exclude") is True for pattern in fits):
                yield place, EMPTY, ""

    def _files(self, generator: Body) -> Iterator[tuple[str, Body, str]]:
        patterns = [mapping(pattern) for pattern in sequence(generator.get("files"))]
        for path in self.places.files if patterns else ():
            fits = [pattern for pattern in patterns if _is_listed(pattern, path)]
            if not fits or any(pattern.get("exclude") is True for pattern in fits):
                continue
            try:
                value = value_of(self.places.data(path))
            except UnbuildableError as error:
                raise UnbuildableError(f"its generator reads {path!r}: {error}") from None
            contents = value if isinstance(value, tuple) else (value,)
            for content in map(mapping, contents):
                place, _, name = path.rpartition("/")
                yield place or ".", content if self.go else dict(_flat(content)), name

    def _path(self, place: str, name: str, prefix: str) -> Body:
        """Return the parameters that describe a matched directory or file."""
        last = posixpath.basename(place)
        segments = tuple(place.split("/"))
        parameters: dict[str, Value] = {
            "path": place,
            "basename": last,
            "basenameNormalized": _normalised(last),
        }
        if name:
            parameters |= {"filename": name, "filenameNormalized": _normalised(name)}
        if self.go:
            nested: Body = {"path": {**parameters, "segments": segments}}
            return {prefix: nested} if prefix else nested
        prefixed = f"{prefix}.path" if prefix else "path"
        flat: dict[str, Value] = {f"{prefixed}.{key}": value for key, value in parameters.items()}
        flat[prefixed] = flat.pop(f"{prefixed}.path")
        return flat | {f"{prefixed}[{index}]": value for index, value in enumerate(segments)}

    def _with_values(self, parameters: Parameters, values: Body) -> Parameters:
        """Add the generator's own `values`, with parameters filled in."""
        texts = {
            key: fill(value, parameters, go=self.go)
            for key, value in values.items()
            if isinstance(value, str)
        }
        if not texts:
            return parameters
        if self.go:
            return Parameters({**parameters.values, "values": texts}, parameters.opens)
        flat = {f"values.{key}": value for key, value in texts.items()}
        return Parameters({**parameters.values, **flat}, parameters.opens)

    def _matrix(self, generator: Body, depth: int) -> Iterator[Parameters]:
        generators = [
            mapping(inner_generator) for inner_generator in sequence(generator.get("generators"))
        ]
        if len(generators) != 2:
            raise UnbuildableError("its matrix has not two generators, which Argo CD refuses")
        for first in self.sets(generators[0], depth + 1):
            inner = mapping(filled(generators[1], first, go=self.go))
            for second in self.sets(inner, depth + 1):
                opens = first.opens or second.opens
                if self.go:
                    yield Parameters(merged(second.values, first.values), opens)
                else:
                    yield Parameters({**second.values, **first.values}, opens)

    def _merge(self, generator: Body, depth: int) -> Iterator[Parameters]:
        """Yield the first generator's sets, each merged with the others' sets of the same keys.

        Where the keys of a set are unknown, each of the others' sets may belong to it.
        """
        keys = tuple(key for key in sequence(generator.get("mergeKeys")) if isinstance(key, str))
        generators = [mapping(item) for item in sequence(generator.get("generators"))]
        if len(generators) < 2 or not keys:
            raise UnbuildableError("its merge has no keys or only one generator")
        base, *others = [list(self.sets(item, depth + 1)) for item in generators]
        for parameters in base:
            if parameters.opens and any(key not in parameters.values for key in keys):
                yield parameters
                for other in (generators for sets in others for generators in sets):
                    yield Parameters(self._over(parameters.values, other.values), opens=True)
                continue
            values, opens = parameters.values, parameters.opens
            for other in (generators for sets in others for generators in sets):
                if all(other.values.get(key) == values.get(key) for key in keys):
                    values, opens = self._over(values, other.values), opens or other.opens
            yield Parameters(values, opens)

    def _over(self, below: Body, above: Body) -> Body:
        return merged(below, above) if self.go else {**below, **above}

    def _selected(self, parameters: Parameters, selector: Body) -> bool:
        """Return whether the generator's selector keeps a set; if in doubt, yes."""
        flat = dict(_flat(parameters.values))
        for key, expected in mapping(selector.get("matchLabels")).items():
            if key not in flat and parameters.opens:
                continue
            if not holds_unknown(flat.get(key)) and flat.get(key) != expected:
                return False
        for expression in map(mapping, sequence(selector.get("matchExpressions"))):
            key, operator = text(expression.get("key")) or "", expression.get("operator")
            if key not in flat and parameters.opens:
                continue
            value, wanted_values = flat.get(key), sequence(expression.get("values"))
            fits = {
                "In": value in wanted_values,
                "NotIn": value not in wanted_values,
                "Exists": key in flat,
                "DoesNotExist": key not in flat,
            }
            if not holds_unknown(value) and not fits.get(str(operator), True):
                return False
        return True


def _is_listed(pattern: Body, path: str) -> bool:
    """Return whether `git ls-files` lists a file for the pathspec of a pattern.

    https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Generators-Git/#git-generator-files
    A pathspec without wildcards also names everything below a directory.
    """
    spec = (text(pattern.get("path")) or "").removeprefix("./")
    if not is_glob(spec):
        return path == spec or path.startswith(f"{spec.rstrip('/')}/")
    return _fits({**pattern, "path": spec}, path, "pathspec")


def _fits(pattern: Body, path: str, flavour: Flavour) -> bool:
    glob = text(pattern.get("path")) or ""
    if holds_unknown(glob):
        parts = glob.split(PREFIX)
        glob = "*".join((parts[0], *(part[16:] for part in parts[1:])))
    return matches(glob, path, flavour)


def _flat_element(element: Body) -> Body:
    flat: dict[str, Value] = {}
    for key, value in element.items():
        if key == "values":
            flat |= {f"values.{name}": item for name, item in mapping(value).items()}
        else:
            flat[key] = value
    return flat


def _flat(value: Value, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text, number and boolean in a value by its dotted path.

    The reader bounds the depth.
    """
    items: Iterator[tuple[str, Value]]
    if isinstance(value, Mapping):
        items = iter(value.items())
    elif isinstance(value, tuple):
        items = ((str(index), item) for index, item in enumerate(value))
    else:
        if isinstance(value, str):
            yield name, value
        elif value is not None:
            yield name, json_text(value)
        return
    for key, item in items:
        yield from _flat(item, f"{name}.{key}" if name else key)


def _normalised(name: str) -> str:
    """Return a valid Kubernetes name, converted as Argo CD converts it."""
    lower = _NOT_IN_NAMES.sub("-", name.lower())
    return lower[:_LONGEST_NAME].strip("-.")
