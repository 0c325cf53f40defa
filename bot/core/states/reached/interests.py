"""What a changed resource refers to, and how others may refer to it.

References are recognised by the names that fields have by convention, so that kinds nobody here
knows by name refer as well:
https://github.com/kubernetes/community/blob/main/contributors/devel/sig-architecture/api-conventions.md#object-references
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias, TypeVar

from bot.core.resource import GroupKind, Resource, ResourceKey
from bot.core.values import Value, mapping, sequence
from bot.records import dataclass

T = TypeVar("T")
Label: TypeAlias = tuple[str, str]
Labels: TypeAlias = frozenset[Label]

_RBAC: Final = "rbac.authorization.k8s.io"
_DEFINITION: Final = GroupKind("apiextensions.k8s.io", "CustomResourceDefinition")
_USED_BY_NAME: Final = frozenset(
    {
        GroupKind("", "Namespace"),
        GroupKind("", "Service"),
        GroupKind(_RBAC, "ClusterRole"),
        GroupKind(_RBAC, "Role"),
        GroupKind("argoproj.io", "AppProject"),
        _DEFINITION,
    }
)
"""Kinds of which those that name them use the content, and not only the existence."""
_REFERENCES: Final = frozenset({"project", "serviceAccount"})
_LISTS: Final = ("Refs", "Secrets", "secrets", "subjects")
"""Lists whose items refer by `name`; the names of other items are local to the list."""
_LOCAL: Final = frozenset({"container", "metadata", "metric", "port", "resource"})
"""Fields of which `name` names no resource."""


@dataclass(frozen=True, slots=True)
class Interest:
    """What a change of one resource makes worth knowing about other resources.

    `names` are the names that it refers to, `spaces` the namespaces in which that may be. `selects`
    are the labels by which it selects, `bears` those by which it or its pods may be selected;
    `selects_all` says that it selects whatever its namespace holds. `offers` are the names by which
    others may refer to it, empty where the change makes no difference to them.
    """

    key: ResourceKey
    names: frozenset[str] = frozenset()
    spaces: frozenset[str] = frozenset()
    selects: Labels = frozenset()
    bears: Labels = frozenset()
    selects_all: bool = False
    offers: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        """Whether nothing outside the resource matters to the change."""
        return not (self.names or self.selects or self.bears or self.selects_all or self.offers)


def interest_of(old: Resource | None, new: Resource | None) -> Interest:
    """Return the interest of a resource that is added, removed or changed.

    Of what remains, only what differs counts, so that a new image refers to nothing. A binding and
    a resource that selects others count as a whole: what they refer to is what a change of them is
    about.
    """
    resource = new or old
    if resource is None:
        raise ValueError("neither side has the resource")
    if resource.group_kind == _DEFINITION:  # its schema names fields, and no resources
        return Interest(resource.key, offers=_offered(old, new))
    sides = [_References.of(side) for side in (old, new) if side is not None]
    first, last = sides[0], sides[-1]
    whole = len(sides) == 1 or any(side.is_relation for side in sides)
    own_space = resource.namespace
    return Interest(
        resource.key,
        _differing(first.names, last.names, whole=whole),
        frozenset({*first.spaces, *last.spaces, *({own_space} if own_space else ())}),
        _differing(first.selects, last.selects, whole=whole),
        first.bears if len(sides) == 1 else first.bears ^ last.bears,
        own_space is not None
        and (whole or first.selects_all != last.selects_all)
        and (first.selects_all or last.selects_all),
        _offered(old, new),
    )


def _differing(first: frozenset[T], last: frozenset[T], *, whole: bool) -> frozenset[T]:
    return first | last if whole else first ^ last


def _offered(old: Resource | None, new: Resource | None) -> frozenset[str]:
    """The names by which others refer to what changed; a definition is referred to by its kind."""
    if old is not None and new is not None and not _is_used_otherwise(old, new):
        return frozenset()
    names = set()
    for resource in (old, new):
        if resource is not None:
            kind = resource.at("spec", "names", "kind").text
            is_definition = resource.group_kind == _DEFINITION
            names.add(kind if is_definition and kind else resource.name)
    return frozenset(names)


def _is_used_otherwise(old: Resource, new: Resource) -> bool:
    """Whether resources that name this one get something else from it."""
    return new.group_kind in _USED_BY_NAME and _content(old) != _content(new)


def _content(resource: Resource) -> object:
    labels = resource.at("metadata", "labels").value
    return {key: value for key, value in resource.body.items() if key != "metadata"}, labels


@dataclass(frozen=True, slots=True)
class _References:
    """The references of one version of a resource.

    `is_relation` says that it relates other resources to one another, as a binding and a policy do.
    """

    names: frozenset[str]
    spaces: frozenset[str]
    selects: Labels
    bears: Labels
    selects_all: bool
    is_relation: bool

    @classmethod
    def of(cls, resource: Resource) -> _References:
        body = resource.body
        fields = tuple(_fields(body))
        selectors = [
            selector
            for name, value in fields
            if name.endswith(("elector", "electors")) and name != "nodeSelector"
            for selector in (sequence(value) or (value,))
            if isinstance(selector, Mapping)
        ]
        labels = [dict(_labels(_selector(selector))) for selector in selectors]
        has_pods = any(name == "containers" for name, _ in fields)
        return cls(
            frozenset(name for holder, value in fields for name in _names(holder, value)),
            frozenset(
                value for name, value in fields if name == "namespace" and isinstance(value, str)
            ),
            frozenset(label for selector in labels for label in selector.items()),
            frozenset(
                label for name, value in fields if name == "labels" for label in _labels(value)
            ),
            any(not selector for selector in labels),
            "roleRef" in body or (bool(selectors) and not has_pods),
        )


def _fields(body: Mapping[str, Value]) -> Iterator[tuple[str, Value]]:
    """Every field of a body with its name, at any depth; the items of a list have the list's."""
    pending: list[tuple[str, Value]] = list(body.items())
    while pending:
        name, value = pending.pop()
        yield name, value
        if isinstance(value, tuple):
            pending.extend((f"{name}[]", item) for item in value)
        else:
            pending.extend(mapping(value).items())


def _names(holder: str, value: Value) -> Iterator[str]:
    """The names that a field refers to."""
    if isinstance(value, str):
        if holder in _REFERENCES or holder.endswith("Name"):
            yield value
        return
    name = mapping(value).get("name")
    if not isinstance(name, str) or holder in _LOCAL:
        return
    is_item = holder.endswith("[]")
    if not is_item or holder.removesuffix("[]").endswith(_LISTS) or "kind" in mapping(value):
        yield name


def _selector(body: Mapping[str, Value]) -> Mapping[str, Value]:
    """The labels of a selector: of a plain mapping, `matchLabels`, and `In` with one value."""
    expressions = sequence(body.get("matchExpressions"))
    if "matchLabels" not in body and not expressions:
        return body
    labels = dict(mapping(body.get("matchLabels")))
    for expression in map(mapping, expressions):
        key, allowed = expression.get("key"), sequence(expression.get("values"))
        if isinstance(key, str) and expression.get("operator") == "In" and len(allowed) == 1:
            labels[key] = allowed[0]
    return labels


def _labels(value: Value) -> Iterator[Label]:
    return ((key, text) for key, text in mapping(value).items() if isinstance(text, str))
