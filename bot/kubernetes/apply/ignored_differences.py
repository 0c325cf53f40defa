"""Fields that Argo CD leaves as they are in the cluster: `RespectIgnoreDifferences`.

https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/#respect-ignore-differences
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from bot.core.globs import name_matches
from bot.core.resource import GroupKind, Node, Resource
from bot.core.values import freeze, mapping, thaw
from bot.kubernetes.gitops.owners import application_spec
from bot.kubernetes.limiting import limits_others
from bot.patterns import pattern

FieldPath: TypeAlias = tuple[str, ...]
"""The steps to a field; `*` stands for every item of a list."""

_OPTION: Final = "RespectIgnoreDifferences=true"
_ANY: Final = frozenset({"", "*"})
_JQ_PATH: Final = pattern(r"(?:\.[A-Za-z_][\w-]*|\.?\[\"[^\"\\]+\"\]|\.?\[\d*\]|\?)+")
_JQ_STEP: Final = pattern(r"[A-Za-z_][\w-]*|\"[^\"\\]+\"|\[\d*\]")


def respects_ignored(owner: Resource) -> bool:
    """Return whether an Application, or those of a set, leave what they ignore as it is."""
    return _OPTION in application_spec(owner)["syncPolicy"]["syncOptions"].texts


def ignored_items(owner: Resource) -> Iterator[Node]:
    """Yield the items of `ignoreDifferences` by which an owner leaves more than certificates."""
    if respects_ignored(owner):
        for item in application_spec(owner)["ignoreDifferences"].items():
            if not _leaves_certificates(item):
                yield item


def may_limit_others(item: Node) -> bool:
    """Return whether an item of `ignoreDifferences` names a kind that limits others, or any."""
    kind = item["kind"].text or ""
    return kind in _ANY or limits_others(GroupKind(item["group"].text or "", kind))


def ignores(item: Node, resource: Resource) -> bool:
    """Return whether an item of `ignoreDifferences` is about this object.

    https://github.com/argoproj/argo-cd/blob/master/util/argo/normalizers/diff_normalizer.go
    """
    key = resource.key
    named = (item["name"].text, key.name), (item["namespace"].text, key.namespace)
    return (
        name_matches(key.group, [item["group"].text or ""])
        and name_matches(key.kind, [item["kind"].text or ""])
        and all(not wanted or wanted == value for wanted, value in named)
    )


def ignored_fields(item: Node) -> tuple[FieldPath, ...] | None:
    """Return the fields that an item ignores; None where only the cluster can say which."""
    if item["managedFieldsManagers"].exists:
        return None
    paths = [_pointer(text) for text in item["jsonPointers"].texts]
    for text in item["jqPathExpressions"].texts:
        if not _JQ_PATH.fullmatch(text):
            return None
        steps = _JQ_STEP.findall(text)
        paths.append(tuple("*" if step == "[]" else step.strip('[]"') for step in steps))
    return tuple(path for path in paths if path)


def with_ignored(base: Resource, head: Resource, paths: tuple[FieldPath, ...]) -> Resource:
    """Return head's object with these fields as base has them."""
    body, old = thaw(head.body), thaw(base.body)
    for path in paths:
        _keep(body, old, path)
    return Resource.of(head.key, mapping(freeze(body)), head.source)


def _keep(new: Any, old: Any, path: FieldPath) -> None:
    """Put what stands at a path of `old` into `new`, where both have what holds it."""
    step, rest = path[0], path[1:]
    if isinstance(new, list) and isinstance(old, list):
        indices = range(min(len(new), len(old)))
        for index in indices:
            if step == "*" or step == str(index):
                if rest:
                    _keep(new[index], old[index], rest)
                else:
                    new[index] = old[index]
    elif isinstance(new, dict) and isinstance(old, dict):
        if rest:
            if step in new:
                _keep(new[step], old.get(step), rest)
        elif step in old:
            new[step] = old[step]
        else:
            new.pop(step, None)


def _pointer(text: str) -> FieldPath:
    """The steps of a JSON pointer: https://www.rfc-editor.org/rfc/rfc6901."""
    steps = text.removeprefix("/").split("/")
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in steps)


def _leaves_certificates(item: Node) -> bool:
    """Whether only the certificates of webhooks are ignored, which a controller fills in."""
    paths = (*item["jsonPointers"].texts, *item["jqPathExpressions"].texts)
    named = bool(paths) and all(path.endswith("caBundle") for path in paths)
    return named and not item["managedFieldsManagers"].exists
