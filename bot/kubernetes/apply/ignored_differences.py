"""Fields that Argo CD and Flux leave as they are in the cluster.

https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/#respect-ignore-differences and
https://github.com/fluxcd/kustomize-controller/blob/main/api/v1/kustomization_types.go (IgnoreRule)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from bot.core.resource import Node, Resource
from bot.core.values import freeze, mapping, thaw
from bot.kubernetes import kinds
from bot.kubernetes.gitops.owners import application_spec
from bot.patterns import pattern

FieldPath: TypeAlias = tuple[str, ...]
"""The steps to a field; `*` stands for every item of a list."""

_RESPECTS: Final = "RespectIgnoreDifferences=true"
_OUT_OF_SYNC: Final = "ApplyOutOfSyncOnly=true"
_CONTROLLERS: Final = frozenset(
    {
        "argo-rollouts",
        "horizontal-pod-autoscaler",
        "keda-operator",
        "kube-controller-manager",
        "rollouts-controller",
    }
)
"""Field managers that set nothing which limits others."""
_CERTIFICATE: Final = "caBundle"
_PATH: Final = r"(?:\.[A-Za-z_][\w-]*|\.?\[\"[^\"\\]+\"\]|\.?\[\d*\]|\?)+"
_JQ_PATH: Final = pattern(_PATH)
# A selection leaves some of the items out, and names no other field.
_JQ_CHOSEN: Final = pattern(rf"{_PATH}(?:\s*\|\s*(?:select\([^()]*\)|{_PATH}))*")
# https://kyverno.io/docs/installation/platform-notes/#notes-for-argocd-users
_GENERATED: Final = "autogen-"
_JQ_GENERATED: Final = pattern(
    r"\.spec\.rules\[\]\??\s*\|\s*select\(\s*\.name\s*\|\s*(?:test|startswith)\("
    rf"\"\^?{_GENERATED}[.*+]*\"\)\s*\)"
)
_JQ_STEP: Final = pattern(r"[A-Za-z_][\w-]*|\"[^\"\\]+\"|\[\d*\]")


def ignored_items(owner: Resource) -> Iterator[Node]:
    """Yield the items by which an owner ignores more than certificates.

    They are those of Flux's `ignore`, and of `ignoreDifferences` of Argo CD, if it respects them or
    applies only what differs in another field.
    """
    options = _sync_options(owner)
    if owner.group_kind == kinds.FLUX_KUSTOMIZATION or options & {_RESPECTS, _OUT_OF_SYNC}:
        yield from uncompared_items(owner)


def uncompared_items(owner: Resource) -> Iterator[Node]:
    """Yield the items whose fields do not count as differences, other than certificates."""
    items: Iterator[Node] = iter(())
    if owner.group_kind == kinds.FLUX_KUSTOMIZATION:
        items = owner.at("spec", "ignore").items()
    elif owner.group_kind in kinds.APPLICATIONS:
        items = application_spec(owner)["ignoreDifferences"].items()
    yield from (item for item in items if not _leaves_certificates(item))


def freezes_fields(owner: Resource) -> bool:
    """Return whether a sync leaves ignored fields alone, also where another field differs."""
    return owner.group_kind == kinds.FLUX_KUSTOMIZATION or _RESPECTS in _sync_options(owner)


def applies_all_at_once(owner: Resource) -> bool:
    """Return whether a sync applies every object, however few of them differ."""
    return _OUT_OF_SYNC not in _sync_options(owner)


def _sync_options(owner: Resource) -> set[str]:
    if owner.group_kind not in kinds.APPLICATIONS:
        return set()
    return set(application_spec(owner)["syncPolicy"]["syncOptions"].texts)


def ignored_fields(item: Node) -> tuple[FieldPath, ...] | None:
    """Return the fields that an item ignores; None where only the cluster can say which."""
    managers = set(item["managedFieldsManagers"].texts)
    return None if managers - _CONTROLLERS else listed_fields(item)


def listed_fields(item: Node) -> tuple[FieldPath, ...] | None:
    """Return the fields that an item lists; None where only the cluster can say which they are.

    The rules that Kyverno generates are in no manifest.
    """
    paths = [_pointer(text) for text in (*item["jsonPointers"].texts, *item["paths"].texts)]
    for text in item["jqPathExpressions"].texts:
        if _JQ_GENERATED.fullmatch(text):
            continue
        if not _JQ_PATH.fullmatch(text):
            return None
        steps = _JQ_STEP.findall(text)
        paths.append(tuple("*" if step == "[]" else step.strip('[]"') for step in steps))
    return tuple(path for path in paths if path)


def ignores_a_rule(item: Node, policy: Resource) -> bool:
    """Return whether an item about rules that Kyverno generates is about a written one as well."""
    is_about_rules = any(_JQ_GENERATED.fullmatch(text) for text in item["jqPathExpressions"].texts)
    rules = policy.at("spec", "rules").items() if is_about_rules else ()
    return any(_GENERATED in (rule["name"].text or "") for rule in rules)


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
    if item["managedFieldsManagers"].exists:
        return False
    pointers = [*item["jsonPointers"].texts, *item["paths"].texts]
    expressions = item["jqPathExpressions"].texts
    named = [text.rpartition("/")[2] == _CERTIFICATE for text in pointers]
    named += [
        bool(_JQ_CHOSEN.fullmatch(text)) and text.endswith(f".{_CERTIFICATE}")
        for text in expressions
    ]
    return bool(named) and all(named)
