"""Policies of Open Cluster Management that newly delete what limits others.

https://open-cluster-management.io/docs/getting-started/integration/policy-controllers/configuration-policy/
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from bot.core.finding import Finding, Severity
from bot.core.resource import GroupKind, Node
from bot.core.state import State, changes
from bot.kubernetes.guardrails.messages import guard_name
from bot.kubernetes.limiting import limits_others
from bot.kubernetes.naming import escaped
from bot.records import dataclass

_GROUP: Final = "policy.open-cluster-management.io"
_POLICY: Final = GroupKind(_GROUP, "Policy")
_CONFIGURATION: Final = GroupKind(_GROUP, "ConfigurationPolicy")


@dataclass(frozen=True, slots=True)
class _Deletion:
    """An object that a policy deletes; without a name, every object of the kind."""

    kind: GroupKind
    namespace: str
    name: str
    node: Node

    @property
    def identity(self) -> tuple[object, ...]:
        """The same at base and at head."""
        return (self.kind, self.namespace, self.name)


def limits_deleted(before: State, after: State) -> Iterator[Finding]:
    """The findings about what enforced policies of head delete, and none of base.

    What base does not show may be an object that is cleaned up, and is a warning.
    """
    if not any(True for _ in changes(before, after, _POLICY, _CONFIGURATION)):
        return
    known = {deletion.identity for deletion in _deletions(before)}
    for deletion in _deletions(after):
        if deletion.identity in known:
            continue
        stands = not deletion.name or any(
            resource.name == deletion.name and deletion.namespace in {"", resource.namespace or ""}
            for resource in before.of(deletion.kind)
        )
        resource = deletion.node.resource
        place = "/".join(part for part in (deletion.namespace, deletion.name) if part)
        what = f"{deletion.kind.kind} {escaped(place)}" if place else f"each {deletion.kind.kind}"
        message = f"{guard_name(resource)} newly deletes {what}, which limits others"
        facts = MappingProxyType({"object": str(resource.key)})
        severity = Severity.ERROR if stands else Severity.WARNING
        yield Finding(deletion.node, message, severity, message, facts)


def _deletions(state: State) -> Iterator[_Deletion]:
    for policy in state.of(_POLICY):
        spec = policy.at("spec")
        action = spec["remediationAction"]
        if spec["disabled"].value is True or _informs(action):
            continue
        for template in spec["policy-templates"].items():
            definition = template["objectDefinition"]
            if definition["kind"].text == _CONFIGURATION.kind:
                yield from _forbidden(definition["spec"], enforced=action.exists)
    for policy in state.of(_CONFIGURATION):
        yield from _forbidden(policy.at("spec"), enforced=False)


def _informs(action: Node) -> bool:
    return (action.text or "").lower() in {"inform", "informonly"}


def _forbidden(spec: Node, *, enforced: bool) -> Iterator[_Deletion]:
    """The objects that must not be there, by an action that the holding policy may say for all."""
    if not enforced and (spec["remediationAction"].text or "").lower() != "enforce":
        return
    for template in spec["object-templates"].items():
        definition = template["objectDefinition"]
        group, _, _ = (definition["apiVersion"].text or "").rpartition("/")
        kind = GroupKind(group, definition["kind"].text or "")
        forbids = (template["complianceType"].text or "").lower() == "mustnothave"
        if forbids and limits_others(kind):
            metadata = definition["metadata"]
            namespace, name = (metadata[field].text or "" for field in ("namespace", "name"))
            yield _Deletion(kind, namespace, name, template["complianceType"])
