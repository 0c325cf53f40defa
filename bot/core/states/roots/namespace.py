"""What kustomize's field `namespace:` does to the resources of a build.

Read from kustomize's own source: api/filters/namespace/namespace.go sets the field and the subjects
named `default`, api/konfig/builtinpluginconsts/namespace.go lists the other fields, and after the
whole build api/filters/nameref/nameref.go follows ServiceAccounts and Services to where they went.
https://github.com/kubernetes-sigs/kustomize/tree/master/api
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from bot.core.identity import ObjectIdentity, identity_of
from bot.core.resource import GroupKind, Resource, ResourceKey, ResourceSource
from bot.core.scopes import Scopes, is_built_in_cluster_scoped
from bot.records import dataclass

_encode = msgspec.json.Encoder(order="sorted").encode
_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode

_NAMESPACE: Final = GroupKind("", "Namespace")
_API_SERVICE: Final = GroupKind("apiregistration.k8s.io", "APIService")
_DEFINITION: Final = GroupKind("apiextensions.k8s.io", "CustomResourceDefinition")
_RBAC: Final = "rbac.authorization.k8s.io"
_BINDINGS: Final = ("RoleBinding", "ClusterRoleBinding")
_WEBHOOKS: Final = frozenset(
    GroupKind("admissionregistration.k8s.io", kind)
    for kind in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
)
_NOT_IN_A_NAMESPACE: Final = "_non_namespaceable_"


class BuildError(ValueError):
    """What kustomize itself refuses to build."""


class Draft:
    """A resource while a kustomization is built.

    `original` is its namespace as kustomize first saw it, `moved` says that a `namespace:` was
    applied, which is when references follow.
    """

    def __init__(
        self,
        identity: ObjectIdentity,
        encoded: bytes,
        source: ResourceSource,
        original: str,
        *,
        moved: bool = False,
    ) -> None:
        self.identity = identity
        self.encoded = encoded
        self.source = source
        self.original = original
        self.moved = moved
        self._body: dict[str, Any] | None = None

    @property
    def body(self) -> dict[str, Any]:
        """The object, which may be changed as long as it is a draft."""
        if self._body is None:
            self._body = _decode(self.encoded)
        return self._body

    @property
    def id(self) -> tuple[str, str, str, str]:
        """What kustomize tells resources of one build apart by."""
        identity = self.identity
        return (identity.api_version, identity.kind, self.namespace, identity.name)

    @property
    def namespace(self) -> str:
        """The namespace that kustomize sees now."""
        return _seen_namespace(self.identity)

    def copy(self) -> Draft:
        """The same draft, to be changed on its own: a base may be listed by several."""
        data = _encode(self._body) if self._body is not None else self.encoded
        return Draft(self.identity, data, self.source, self.original, moved=self.moved)

    def resource(self, namespace: str, scopes: Scopes) -> Resource:
        """The finished resource."""
        data = _encode(self._body) if self._body is not None else self.encoded
        key: ResourceKey = self.identity.key(namespace, scopes)
        return Resource(key, self.identity.api_version, data, self.source)


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Resources of one kind that references may follow, and the namespaces they were written in."""

    named: dict[str, list[Draft]]
    originals: frozenset[str]


def draft_of(encoded: bytes, source: ResourceSource) -> Draft | None:
    """An object of a listed file, or None where it is no resource."""
    identity = identity_of(encoded)
    if identity is None:
        return None
    return Draft(identity, encoded, source, _seen_namespace(identity))


def move(drafts: Sequence[Draft], namespace: str) -> None:
    """Apply `namespace:` of one kustomization to everything that it and its bases list."""
    for draft in drafts:
        kind = draft.identity.group_kind
        body = draft.body
        if not is_built_in_cluster_scoped(kind):
            body.setdefault("metadata", {})["namespace"] = namespace
        elif kind == _NAMESPACE:
            body["metadata"]["name"] = namespace
        elif kind == _API_SERVICE:
            _set_service(body, ("spec",), namespace, create=True)
        elif kind == _DEFINITION:
            _set_service(body, ("spec", "conversion", "webhook", "clientConfig"), namespace)
        if kind.kind in _BINDINGS:
            for subject in _mappings(body.get("subjects")):
                if subject.get("name") == "default":
                    subject["namespace"] = namespace
        draft.moved = True
        draft.identity = identity_of(_encode(body)) or draft.identity


def follow(drafts: Sequence[Draft]) -> None:
    """After the whole build, let subjects and webhooks name what they refer to where it is now.

    Raises BuildError for a reference that kustomize cannot decide.
    """
    accounts, services = _by_name(drafts, "ServiceAccount"), _by_name(drafts, "Service")
    for draft in drafts:
        kind = draft.identity.group_kind
        if kind.group == _RBAC and kind.kind in _BINDINGS and accounts.named:
            for subject in _mappings(draft.body.get("subjects")):
                _refer(subject, accounts)
        elif kind in _WEBHOOKS and services.named:
            for webhook in _mappings(draft.body.get("webhooks")):
                client = webhook.get("clientConfig")
                if isinstance(client, dict) and isinstance(client.get("service"), dict):
                    _refer(client["service"], services)


def _by_name(drafts: Sequence[Draft], kind: str) -> _Candidates:
    """What a reference to this kind may follow: resources that were moved, by name."""
    named: dict[str, list[Draft]] = {}
    for draft in drafts:
        if draft.moved and draft.identity.group_kind == GroupKind("", kind):
            named.setdefault(draft.identity.name, []).append(draft)
    return _Candidates(
        named,
        frozenset(draft.original for current_drafts in named.values() for draft in current_drafts),
    )


def _refer(reference: dict[str, Any], candidates: _Candidates) -> None:
    name, space = reference.get("name"), reference.get("namespace")
    named = candidates.named.get(name, []) if isinstance(name, str) else []
    if isinstance(space, str):
        # Namespaces as they were written first; those as they are now only where none was so.
        if space in candidates.originals:
            named = [draft for draft in named if draft.original == space]
        else:
            named = [draft for draft in named if draft.namespace == space]
    places = {draft.identity.namespace for draft in named}
    if len(places) > 1:
        raise BuildError(f"{reference.get('name')!r} may be any of several of that name")
    if places and (place := places.pop()):
        reference["namespace"] = place


def _set_service(
    body: dict[str, Any], way: tuple[str, ...], namespace: str, *, create: bool = False
) -> None:
    place: object = body
    for step in (*way, "service"):
        if not isinstance(place, dict):
            return
        if create and place.get(step) is None:
            place[step] = {}
        place = place.get(step)
    if isinstance(place, dict) and (create or "namespace" in place):
        place["namespace"] = namespace


def _mappings(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


def _seen_namespace(identity: ObjectIdentity) -> str:
    """The namespace as kustomize sees it: `default` for none, and only built-in kinds in none."""
    if is_built_in_cluster_scoped(identity.group_kind):
        return _NOT_IN_A_NAMESPACE
    return identity.namespace or "default"
