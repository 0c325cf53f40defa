"""The roles and bindings that every OpenShift cluster has beside those of Kubernetes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pkgutil import get_data
from types import MappingProxyType
from typing import Final

import msgspec

from bot.core.resource import Resource, ResourceKey
from bot.core.values import Body, Value, freeze
from bot.kubernetes.rbac.defaults.builtin import SOURCE
from bot.kubernetes.rbac.effect import RBAC_GROUP

Table = dict[str, tuple[str, ...]]


class _Data(msgspec.Struct):
    """The data file; `bot/kubernetes/data/README.md` describes its format."""

    words: dict[str, str]
    aggregated: Table
    labels: Table
    roles: Table = msgspec.field(name="Role")
    cluster_roles: Table = msgspec.field(name="ClusterRole")
    bindings: Table = msgspec.field(name="RoleBinding")
    cluster_bindings: Table = msgspec.field(name="ClusterRoleBinding")
    constraints: Table = msgspec.field(name="SecurityContextConstraints")


# Package data, read on import: the sandboxed child process cannot open files later.
_FILE: Final = get_data("bot.kubernetes", "data/openshift.json") or b""


@cache
def _data() -> _Data:
    """The data file, decoded once."""
    return msgspec.json.decode(_FILE, type=_Data)


@cache
def openshift_objects() -> Mapping[ResourceKey, Resource]:
    """The roles and bindings that every OpenShift cluster has beside those of Kubernetes."""
    return MappingProxyType({resource.key: resource for resource in _objects(_data())})


def constraints_that_allow(*features: str) -> tuple[str, ...]:
    """OpenShift's SecurityContextConstraints that let pods have one of these features.

    Pods that must have a user namespace are root in it alone.
    """
    return tuple(
        name
        for name, allowed in _data().constraints.items()
        if "user-namespace" not in allowed and any(feature in allowed for feature in features)
    )


def _objects(data: _Data) -> Iterator[Resource]:
    for name, rules in data.cluster_roles.items():
        yield _role(data, "ClusterRole", name, rules)
    for name, rules in data.roles.items():
        yield _role(data, "Role", name, rules)
    for name, subjects in data.cluster_bindings.items():
        named, bound = _parted(subjects)
        yield _binding("ClusterRoleBinding", name, ("ClusterRole", *named, name)[:2], bound)
    for name, subjects in data.bindings.items():
        bare_name = name.partition("/")[2]
        named, bound = _parted(subjects)
        yield _binding("RoleBinding", name, ("Role", *named, bare_name)[:2], bound)


def _parted(listed: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The role of a binding where that has another name, and the binding's subjects."""
    roles = tuple(item.removeprefix("Role ") for item in listed if item.startswith("Role "))
    return roles, tuple(item for item in listed if not item.startswith("Role "))


def _role(data: _Data, kind: str, name: str, rules: tuple[str, ...]) -> Resource:
    labels = {"kubernetes.io/bootstrapping": "rbac-defaults"}
    labels |= {_label(label): "true" for label in data.labels.get(name, ())}
    body: dict[str, object] = {
        "metadata": {"labels": labels},
        "rules": [_rule(data, rule) for rule in rules],
    }
    if name in data.aggregated:
        selectors = [{"matchLabels": {_label(label): "true"}} for label in data.aggregated[name]]
        body["aggregationRule"] = {"clusterRoleSelectors": selectors}
    return _resource(kind, name, body)


def _label(text: str) -> str:
    return text if "/" in text else f"{RBAC_GROUP}/{text}"


def _rule(data: _Data, text: str) -> dict[str, object]:
    """The rule written as `VERBS: RESOURCES [= NAMES]`; all resources share the verbs."""
    verbs, _, rest = text.partition(": ")
    target_text, _, names = rest.partition(" = ")
    targets = target_text.split()
    listed = [word for verb in verbs.split() for word in data.words.get(verb, verb).split()]
    if all(target == "*" or target.startswith("/") for target in targets):
        return {"verbs": listed, "nonResourceURLs": targets}
    groups = dict.fromkeys(_target(target)[0] for target in targets)
    resources_ = dict.fromkeys(_target(target)[1] for target in targets)
    if len(groups) * len(resources_) != len(targets):
        raise ValueError(f"the rule {text!r} has cross terms that it does not name")
    rule: dict[str, object] = {
        "verbs": listed,
        "apiGroups": list(groups),
        "resources": list(resources_),
    }
    return rule | ({"resourceNames": names.split()} if names else {})


def _target(text: str) -> tuple[str, str]:
    """Group and resource of `resource.group/subresource`, kubectl's notation."""
    qualified, slash, subresource = text.partition("/")
    resource, _, group = qualified.partition(".")
    return group, f"{resource}{slash}{subresource}"


def _binding(kind: str, name: str, role: tuple[str, ...], subjects: tuple[str, ...]) -> Resource:
    reference = {"apiGroup": RBAC_GROUP, "kind": role[0], "name": role[1]}
    listed = [_subject(text) for text in subjects]
    return _resource(kind, name, {"metadata": {}, "roleRef": reference, "subjects": listed})


def _subject(text: str) -> dict[str, object]:
    kind, _, name = text.partition(" ")
    if kind != "ServiceAccount":
        return {"apiGroup": RBAC_GROUP, "kind": kind, "name": name}
    space, _, bare_name = name.partition("/")
    return {"kind": kind, "namespace": space, "name": bare_name}


def _resource(kind: str, name: str, body: dict[str, object]) -> Resource:
    space, slash, bare_name = name.partition("/")
    scoped = bool(slash) and kind in ("Role", "RoleBinding")
    key = ResourceKey(RBAC_GROUP, kind, space if scoped else None, bare_name if scoped else name)
    whole: dict[str, Value] = {"apiVersion": f"{RBAC_GROUP}/v1", "kind": kind}
    content: Body = {**whole, **{field: freeze(value) for field, value in body.items()}}
    return Resource.of(key, content, SOURCE)
