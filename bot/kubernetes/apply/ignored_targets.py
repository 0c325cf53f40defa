"""Which objects an item of ignored differences is about."""

from __future__ import annotations

import re
from typing import Final

from bot.core.globs import name_matches
from bot.core.resource import GroupKind, Node, Resource
from bot.kubernetes import kinds
from bot.kubernetes.gitops import globs
from bot.kubernetes.limiting import LIMITING_KINDS, limits_others
from bot.patterns import pattern

_ANY: Final = frozenset({"", "*"})
_GLOB: Final = pattern(r"[*?\[\]{}]")
_SIMPLE: Final = pattern(r"(?:[\w-]|\\\.|\.[*+]?)*", re.ASCII)
"""Regular expressions of letters, of `.`, and of `.*` and `.+`."""


def ignored_kind(item: Node) -> str:
    """Return the kind of which an item ignores fields, empty for every one."""
    kind = _target(item)["kind"].text or ""
    return "" if kind in _ANY else kind


def may_limit_others(item: Node) -> bool:
    """Return whether an item may be about an object of a kind that limits others."""
    target = _target(item)
    if not _is_of_flux(item) and _GLOB.search(target["name"].text or ""):
        return False  # Argo CD compares names exactly, and no object has such a name.
    kind = GroupKind(target["group"].text or "", target["kind"].text or "")
    is_literal = kind.kind not in _ANY and limits_others(kind)
    return is_literal or any(may_be_about(item, limiting) for limiting in LIMITING_KINDS)


def may_be_about(item: Node, kind: GroupKind) -> bool:
    """Return whether an item may be about objects of a kind.

    Argo CD's group and kind are globs and its names exact; Flux's texts are regular expressions,
    of which an empty one is none.
    https://github.com/argoproj/argo-cd/blob/master/util/argo/normalizers/diff_normalizer.go and
    https://github.com/fluxcd/pkg/blob/main/ssa/jsondiff/selector.go
    """
    target = _target(item)
    pairs = [(target["group"].text or "", kind.group), (target["kind"].text or "", kind.kind)]
    if _is_of_flux(item):
        return all(not text or _may_match(text, value) for text, value in pairs)
    return all(globs.matches(text, value, "text") for text, value in pairs)


def ignores(item: Node, resource: Resource) -> bool:
    """Return whether an item may be about this object; what its labels have to be is not read."""
    if not may_be_about(item, resource.group_kind):
        return False
    target = _target(item)
    pairs = (
        (target["name"].text or "", resource.name),
        (target["namespace"].text or "", resource.namespace or ""),
    )
    is_flux = _is_of_flux(item)
    return all(
        text in ("", value) or (is_flux and _may_match(text, value)) for text, value in pairs
    )


def _may_match(expression: str, value: str) -> bool:
    """Whether an anchored regular expression may match a text; one that is not simple may."""
    bare = expression.removeprefix("^").removesuffix("$")
    choices = bare.removeprefix("(").removesuffix(")").split("|")
    if not all(_SIMPLE.fullmatch(choice) for choice in choices):
        return True
    return name_matches(value, map(_glob, choices))


def _glob(expression: str) -> str:
    """The glob that matches what a simple regular expression matches."""
    characters = expression.replace("\\.", "\0").replace(".*", "*").replace(".+", "?*")
    return characters.replace(".", "?").replace("\0", ".")


def _target(item: Node) -> Node:
    """The fields that say which objects an item is about."""
    return item["target"] if _is_of_flux(item) else item


def _is_of_flux(item: Node) -> bool:
    return item.resource.group_kind == kinds.FLUX_KUSTOMIZATION
