"""To which clusters do the carriers of Open Cluster Management go?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.resource import GroupKind, Node, Resource
from bot.core.state import State
from bot.records import dataclass

_POLICY: Final = GroupKind("policy.open-cluster-management.io", "Policy")
_POLICY_SET: Final = GroupKind("policy.open-cluster-management.io", "PolicySet")
_BINDING: Final = GroupKind("policy.open-cluster-management.io", "PlacementBinding")
_REPLICA_SET: Final = GroupKind("work.open-cluster-management.io", "ManifestWorkReplicaSet")
_PLACEMENTS: Final = (
    GroupKind("cluster.open-cluster-management.io", "Placement"),
    GroupKind("apps.open-cluster-management.io", "PlacementRule"),
)


@dataclass(frozen=True, slots=True)
class _Placement:
    """A selection of clusters by its name, and its manifest where the tree has one."""

    kind: str
    name: str
    manifest: Resource | None

    @property
    def selection(self) -> object:
        """What identifies the selection: what it selects, or its name where that is unknown."""
        spec = self.manifest.at("spec").value if self.manifest is not None else None
        return spec if spec is not None else (self.kind, self.name)


def lost_placements(
    old: Resource, carrier: Resource, before: State, after: State
) -> Iterator[Node]:
    """Yield the fields of head by which a carrier may no longer go where base sends it.

    The name of a Policy stands for a placement that it lost.
    https://open-cluster-management.io/docs/getting-started/integration/policy-controllers/policy-framework/
    """
    if carrier.group_kind not in (_POLICY, _REPLICA_SET):
        return
    current = tuple(_placements(carrier, after))
    selections = [placement.selection for placement in current]
    for placement in _placements(old, before):
        if placement.selection in selections:
            continue
        name = (placement.kind, placement.name)
        same = next((one for one in current if (one.kind, one.name) == name), None)
        if same is not None and same.manifest is not None:
            yield same.manifest.at("spec")
        elif carrier.group_kind == _POLICY:
            yield carrier.at("metadata", "name")


def _placements(carrier: Resource, state: State) -> Iterator[_Placement]:
    for reference in _references(carrier, state):
        kind, name = reference["kind"].text or _PLACEMENTS[0].kind, reference["name"].text or ""
        manifests = state.of(*_PLACEMENTS, namespace=carrier.namespace or "")
        manifest = next(
            (one for one in manifests if (one.key.kind, one.name) == (kind, name)), None
        )
        yield _Placement(kind, name, manifest)


def _references(carrier: Resource, state: State) -> Iterator[Node]:
    """Yield the references to the placements of a carrier."""
    if carrier.group_kind == _REPLICA_SET:
        yield from carrier.at("spec", "placementRefs").items()
        return
    names = {(_POLICY.kind, carrier.name)}
    for group in state.of(_POLICY_SET, namespace=carrier.namespace or ""):
        if carrier.name in group.at("spec", "policies").texts:
            names.add((_POLICY_SET.kind, group.name))
    for binding in state.of(_BINDING, namespace=carrier.namespace or ""):
        subjects = binding.at("subjects").items()
        if any((one["kind"].text, one["name"].text) in names for one in subjects):
            yield binding.at("placementRef")
