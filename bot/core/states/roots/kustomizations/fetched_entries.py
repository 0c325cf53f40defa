"""Entries of a kustomization that name remote sources."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from bot.core.resource import ListStep, Route
from bot.core.states.roots.fetched_files import ResolvedSource
from bot.core.states.roots.kustomizations.references import KustomizationPath
from bot.core.values import Body, thaw

_GENERATORS: Final = ("configMapGenerator", "secretGenerator")


def is_taken(reference: KustomizationPath, text: str, resolved: ResolvedSource) -> bool:
    """Whether kustomize takes such a thing at this field, and the whole of the field is its name.

    It clones for bases and components, and gets a single file wherever it reads one.
    """
    if resolved.reference.kind == "git":
        return reference.takes in ("resource", "directory")
    is_whole = reference.field not in _GENERATORS and "\n" not in text
    return is_whole and reference.takes in ("resource", "file")


def relative(start: str, path: str) -> str:
    """The way from a directory of the tree to a path of it."""
    return "/".join((*(".." for step in start.split("/") if step), path))


def with_paths(body: Body, paths: Iterable[tuple[Route, str]]) -> str:
    """The text of a body with other texts at these routes; JSON is YAML."""
    changed: Any = thaw(body)
    for route, path in paths:
        *way, last = (step.index if isinstance(step, ListStep) else step for step in route)
        parent = changed
        for step in way:
            parent = parent[step]
        parent[last] = path
    return json.dumps(changed, sort_keys=True, ensure_ascii=False)
