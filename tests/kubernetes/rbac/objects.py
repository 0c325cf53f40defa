"""RBAC objects for tests, without the way through YAML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.core.resource import Resource, ResourceKey, ResourceSource
from bot.core.state import State
from bot.core.values import freeze, mapping

RBAC = "rbac.authorization.k8s.io"

Json = Mapping[str, object]


def resource(
    kind: str, namespace: str | None, name: str, body: Json, *, group: str = RBAC
) -> Resource:
    """A resource with this body."""
    version = f"{group}/v1" if group else "v1"
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    metadata |= dict(body.get("metadata", {}))  # type: ignore[call-overload] # a test's own mapping
    whole = {"apiVersion": version, "kind": kind, **body, "metadata": metadata}
    key = ResourceKey(group, kind, namespace, name)
    return Resource.of(key, mapping(freeze(whole)), ResourceSource("a.yaml", "", 0))


def rule(
    verbs: Iterable[str],
    resources: Iterable[str] = (),
    groups: Iterable[str] = ("",),
    names: Iterable[str] = (),
    urls: Iterable[str] = (),
) -> dict[str, list[str]]:
    """A rule as a manifest has it."""
    if urls:
        return {"verbs": list(verbs), "nonResourceURLs": list(urls)}
    held = {"verbs": list(verbs), "resources": list(resources), "apiGroups": list(groups)}
    return held | ({"resourceNames": list(names)} if names else {})


def cluster_role(
    name: str,
    *rules: Mapping[str, list[str]],
    labels: Json | None = None,
    select: Json | None = None,
) -> Resource:
    """A ClusterRole; `select` makes it one that aggregates."""
    body: dict[str, object] = {"rules": list(rules), "metadata": {"labels": dict(labels or {})}}
    if select is not None:
        body["aggregationRule"] = {"clusterRoleSelectors": [dict(select)]}
    return resource("ClusterRole", None, name, body)


def role(namespace: str, name: str, *rules: Mapping[str, list[str]]) -> Resource:
    """A Role."""
    return resource("Role", namespace, name, {"rules": list(rules)})


def binding(namespace: str | None, name: str, reference: str, *subjects: str) -> Resource:
    """A binding of `ClusterRole/x` or `Role/x` to subjects as they are printed."""
    kind, _, held = reference.partition("/")
    body = {
        "roleRef": {"apiGroup": RBAC, "kind": kind, "name": held},
        "subjects": [_subject(text) for text in subjects],
    }
    return resource("RoleBinding" if namespace else "ClusterRoleBinding", namespace, name, body)


def _subject(text: str) -> dict[str, str]:
    kind, _, name = text.partition(" ")
    if kind != "ServiceAccount":
        return {"apiGroup": RBAC, "kind": kind, "name": name}
    space, _, own = name.partition("/")
    return {"kind": kind, "namespace": space, "name": own}


def state(*resources: Resource) -> State:
    """The state that holds these."""
    return State(resources)
