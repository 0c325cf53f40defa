"""What a NetworkPolicy selects, read from its text alone: an index needs no model of the policy."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from bot.core.resource import Resource
from bot.kubernetes import kinds
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class Receiver:
    """The pods that an egress rule lets a policy's subjects send to, by the labels they must have.

    `namespace_labels` are those of their namespace, None where that is the policy's own.
    """

    labels: Mapping[str, str]
    namespace_labels: Mapping[str, str] | None


def subject_of(resource: Resource) -> Mapping[str, str] | None:
    """The labels that all pods have which a policy selects; None where only a model can tell."""
    spec = _spec(resource)
    return None if spec is None else _equalities(spec.podSelector)


def receivers_of(resource: Resource) -> tuple[Receiver, ...] | None:
    """The pods that its egress rules may mean; None where only a model of the policy can tell."""
    spec = _spec(resource)
    if spec is None:
        return None
    return tuple(
        Receiver(
            _equalities(peer.podSelector),
            None if peer.namespaceSelector is None else _equalities(peer.namespaceSelector),
        )
        for rule in spec.egress or ()
        for peer in rule.to or ()
    )


class _Selector(msgspec.Struct, frozen=True):
    matchLabels: dict[str, str] | None = None  # noqa: N815 - Kubernetes' name


class _Peer(msgspec.Struct, frozen=True):
    podSelector: _Selector | None = None  # noqa: N815 - Kubernetes' name
    namespaceSelector: _Selector | None = None  # noqa: N815 - Kubernetes' name


class _Rule(msgspec.Struct, frozen=True):
    to: list[_Peer] | None = None


class _Spec(msgspec.Struct, frozen=True):
    podSelector: _Selector | None = None  # noqa: N815 - Kubernetes' name
    egress: list[_Rule] | None = None


class _Outline(msgspec.Struct, frozen=True):
    spec: _Spec | None = None


_decode: Final = msgspec.json.Decoder(_Outline).decode
_EVERYTHING: Final[Mapping[str, str]] = MappingProxyType({})


def _spec(resource: Resource) -> _Spec | None:
    return resource.derived(_outline) if resource.group_kind == kinds.NETWORK_POLICY else None


def _outline(resource: Resource) -> _Spec | None:
    try:
        return _decode(resource.encoded).spec
    except msgspec.MsgspecError:
        return None  # malformed


def _equalities(selector: _Selector | None) -> Mapping[str, str]:
    return (selector.matchLabels if selector is not None else None) or _EVERYTHING
