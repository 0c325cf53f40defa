"""What kustomize and Helm build of a checkout by themselves, and how two builds differ.

Nothing here uses Fairlead's own reading, so that a comparison with it means something.
"""

from __future__ import annotations

import re
import subprocess
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

Body: TypeAlias = dict[str, Any]
Identity: TypeAlias = tuple[str, str, str]
"""API group, kind and name. Fairlead adds namespaces that the tool which applies a root sets."""

_FILES: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_GENERATED: Final = re.compile(r"-[2456789bcdfghkmt]{10}$")
_LONGEST_PATH: Final = 200
_STEP: Final = re.compile(r"\[([^]]*)\]|\.?([^.[]+)")


class _Loader(yaml.CSafeLoader):
    """PyYAML's fast safe loader, which also reads a lone `=` as the string that it is."""


_Loader.add_constructor("tag:yaml.org,2002:value", lambda _, node: str(node.value))

GONE: Final = object()
"""Stands where a listed field was."""


@dataclass(frozen=True, slots=True)
class Tools:
    """The pinned programs."""

    kustomize: Path
    helm: Path


def checkout(clone: Path, commit: str, folder: Path) -> Path:
    """The YAML files, templates and kustomizations of a commit, in a folder."""
    packed = folder.with_suffix(".tar")
    with packed.open("wb") as out:
        subprocess.run(["git", "-C", str(clone), "archive", commit], stdout=out, check=True)
    with tarfile.open(packed) as archive:
        archive.extractall(folder, filter="tar")
    packed.unlink()
    return folder


def roots(tree: Path, changed: Sequence[str]) -> set[str]:
    """The kustomizations that no other lists, and the charts, that name or hold a changed path."""
    tree = tree.resolve()
    files = {path.parent: path for name in _FILES for path in tree.rglob(name) if path.is_file()}
    named = {folder: set(_paths(_parsed(path), folder)) for folder, path in files.items()}
    tops = files.keys() - {path for paths in named.values() for path in paths}
    charts = {path.parent for path in tree.rglob("Chart.yaml")}
    whole = {chart for chart in charts if chart.parent.parent not in charts}
    reached = {folder: _reached(folder, named) for folder in tops}
    reached.update({chart: {chart} for chart in whole})
    targets = {place for path in changed for place in (tree / path, *(tree / path).parents)}
    return {str(root.relative_to(tree)) for root, paths in reached.items() if paths & targets}


def _paths(value: Any, folder: Path) -> Iterator[Path]:
    """Every existing path that a kustomization names, in whichever field."""
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _paths(item, folder)
    elif isinstance(value, str) and "\n" not in value and len(value) < _LONGEST_PATH:
        path = (folder / value.rpartition("=")[2]).resolve()
        if path != folder and path.exists():
            yield path


def _reached(folder: Path, named: Mapping[Path, set[Path]]) -> set[Path]:
    """What a kustomization names, directly and through the kustomizations that it names."""
    reached, waiting = {folder}, [folder]
    while waiting:
        further = named.get(waiting.pop(), set()) - reached
        reached |= further
        waiting += further
    return reached


def _parsed(path: Path) -> Body:
    try:
        body = yaml.load(path.read_bytes(), _Loader)  # noqa: S506 - a safe loader
    except yaml.YAMLError:
        return {}
    return body if isinstance(body, dict) else {}


def build(tools: Tools, folder: Path) -> Mapping[Identity, Body] | None:
    """The resources of a root; none where there is no folder, None where it does not build."""
    if not folder.is_dir():
        return {}
    if (folder / "Chart.yaml").is_file():
        name = re.sub("[^a-z0-9-]+", "-", folder.name.lower())
        words = [tools.helm, "template", "--include-crds", "--is-upgrade", name, folder]
    else:
        words = [tools.kustomize, "build", "--load-restrictor", "LoadRestrictionsNone", folder]
    done = subprocess.run(
        list(map(str, words)),
        capture_output=True,
        check=False,
        timeout=120,
        env={"HOME": "/nonexistent", "PATH": "/nonexistent"},
    )
    if done.returncode:
        return None
    documents = yaml.load_all(done.stdout, _Loader)
    bodies = [body for body in documents if isinstance(body, dict) and not _is_test(body)]
    generated = {
        name
        for body in bodies
        if body["kind"] in {"ConfigMap", "Secret"} and _GENERATED.search(name := _name(body))
    }
    return {identity(body): _without_hashes(body, generated) for body in bodies}


def _is_test(body: Body) -> bool:
    """Whether only `helm test` creates the resource."""
    annotations = (body.get("metadata") or {}).get("annotations") or {}
    return "test" in str(annotations.get("helm.sh/hook"))


def _name(body: Body) -> str:
    return str((body.get("metadata") or {}).get("name"))


def identity(body: Body) -> Identity:
    """What the resource is, without the hash that kustomize appends to a generated name."""
    group = str(body.get("apiVersion")).rpartition("/")[0]
    name, kind = _name(body), str(body["kind"])
    return (group, kind, _GENERATED.sub("", name) if kind in {"ConfigMap", "Secret"} else name)


def _without_hashes(value: Any, generated: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: _without_hashes(item, generated) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_hashes(item, generated) for item in value]
    return _GENERATED.sub("", value) if isinstance(value, str) and value in generated else value


def varying(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """The paths of values in which two builds of the same files differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() | other.keys():
            step = f"[{key}]" if re.search("[./]", key) else f".{key}"
            yield from varying(one.get(key), other.get(key), f"{path}{step}")
    elif one != other:
        yield path.removeprefix(".")


def take_out(body: Any, path: str) -> Any:
    """Replace the value at a path by GONE; returns what was there, GONE for nothing."""
    holder, key, target = None, None, body
    for bracketed, plain in _STEP.findall(path):
        holder, key = target, bracketed or plain
        if isinstance(holder, list):
            key = _position(holder, key)
        elif not isinstance(holder, dict) or key not in holder:
            return GONE
        if key is None:
            return GONE
        target = holder[key]
    if holder is not None:
        holder[key] = GONE
    return target


def _position(items: list[Any], step: str) -> int | None:
    """The position of the item that a step names by its index, its value or its fields."""
    if step.isdigit():
        return int(step) if int(step) < len(items) else None
    pairs = [pair.partition("=") for pair in re.split(r",(?=\w+=)", step)]
    for number, item in enumerate(items):
        if isinstance(item, dict) and all(
            str(item.get(name, "TCP" if name == "protocol" else "")) == value
            for name, _, value in pairs
        ):
            return number
        if item == step:
            return number
    return None


def rest(value: Any) -> Any:
    """The value without what was taken out, and without null timestamps, which mean nothing."""
    if isinstance(value, dict):
        return {
            key: rest(item)
            for key, item in value.items()
            if item is not GONE and (key, item) != ("creationTimestamp", None)
        }
    if isinstance(value, list):
        return [rest(item) for item in value if item is not GONE]
    return value
