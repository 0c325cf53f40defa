"""What mutations at admission set in the objects that they match.

Kyverno: https://kyverno.io/docs/policy-types/cluster-policy/mutate/
Kubernetes: https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/
Gatekeeper: https://open-policy-agent.github.io/gatekeeper/website/docs/mutation/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core import values
from bot.core.reading.yaml_texts import value_of
from bot.core.resource import GroupKind, Node
from bot.core.state import State
from bot.core.values import Value
from bot.errors import UnbuildableError
from bot.kubernetes.guardrails.mutations.expressions import (
    Computed,
    expression_changes,
    pointer_names,
)
from bot.kubernetes.guardrails.targets import (
    PolicyTarget,
    kyverno_target,
    kyverno_targets,
    resource_targets,
)
from bot.patterns import pattern
from bot.records import dataclass

_KYVERNO: Final = tuple(GroupKind("kyverno.io", name) for name in ("ClusterPolicy", "Policy"))
_EXPRESSIONS: Final = (
    GroupKind("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
    GroupKind("policies.kyverno.io", "MutatingPolicy"),
    GroupKind("policies.kyverno.io", "NamespacedMutatingPolicy"),
)
_MUTATORS: Final = tuple(
    GroupKind("mutations.gatekeeper.sh", name)
    for name in ("Assign", "AssignImage", "AssignMetadata", "ModifySet")
)
MUTATING: Final = (*_KYVERNO, *_EXPRESSIONS, *_MUTATORS)
"""The kinds whose objects change others at admission."""

# https://kyverno.io/docs/policy-types/cluster-policy/mutate/#anchors
_ANCHOR: Final = pattern(r"(?P<sign>[+<=X^]?)\((?P<name>[^()]*)\)")
_LOCATION: Final = pattern(r'"(?P<quoted>[^"]*)"|(?P<plain>[^.\[\]"]+)|\[[^\]]*\]')


@dataclass(frozen=True, slots=True)
class Mutation:
    """A field that a mutation sets in its targets, and where that is written.

    `path` are the names of the fields without the indices of lists. A `value` of None removes the
    field. `if_absent` says that a field that is there stays as it is.
    """

    targets: tuple[PolicyTarget, ...]
    path: tuple[str, ...]
    value: Value | Computed
    node: Node
    if_absent: bool = False

    @property
    def identity(self) -> tuple[object, ...]:
        """What identifies a mutation: equal for two that set one field to one value."""
        return (self.targets, self.path, repr(self.value), self.if_absent)


def mutations_of(state: State) -> tuple[Mutation, ...]:
    """Every field that a policy or mutator of a state sets."""
    return (
        *(each for policy in state.of(*_KYVERNO) for each in _kyverno(policy.root)),
        *(each for policy in state.of(*_EXPRESSIONS) for each in _expressions(policy.at("spec"))),
        *(each for mutator in state.of(*_MUTATORS) for each in _mutator(mutator.root)),
    )


def _kyverno(root: Node) -> Iterator[Mutation]:
    for rule in root["spec"]["rules"].items():
        mutate = rule["mutate"]
        existing = [
            kyverno_target("/".join((item["apiVersion"].text or "", item["kind"].text or "")))
            for item in mutate["targets"].items()
        ]
        targets = tuple(existing) or tuple(kyverno_targets(rule["match"]))
        for part in _parts(mutate):
            yield from _merged(targets, (), part["patchStrategicMerge"])
            yield from _patched(targets, part["patchesJson6902"])


def _parts(mutate: Node) -> Iterator[Node]:
    yield mutate
    for item in mutate["foreach"].items():
        yield from _parts(item)


def _merged(
    targets: tuple[PolicyTarget, ...], path: tuple[str, ...], node: Node, *, absent: bool = False
) -> Iterator[Mutation]:
    """The fields of a merge patch. What stands under the anchor of a condition is not set."""
    if isinstance(node.value, tuple):
        for item in node.items():
            yield from _merged(targets, path, item, absent=absent)
        return
    if not values.mapping(node.value):
        if node.exists and path:
            value = _decided(node.value)
            yield Mutation(targets, path, value, node, if_absent=absent)
        return
    for name, field in node.fields():
        anchor = _ANCHOR.fullmatch(name)
        if anchor is None or anchor["sign"] == "+":
            plain = name if anchor is None else anchor["name"]
            adds = absent or anchor is not None
            yield from _merged(targets, (*path, plain), field, absent=adds)


def _decided(value: Value | Computed) -> Value | Computed:
    return Computed.VALUE if isinstance(value, str) and "{{" in value else value


def _patched(targets: tuple[PolicyTarget, ...], node: Node) -> Iterator[Mutation]:
    """The operations of a JSON patch, which Kyverno reads from a text."""
    if node.text is None:
        return
    try:
        operations = values.sequence(value_of(node.text.encode()))
    except UnbuildableError:
        yield Mutation(targets, ("spec",), Computed.VALUE, node)
        return
    for operation in map(values.mapping, operations):
        name, path = values.text(operation.get("op")), values.text(operation.get("path")) or ""
        if name != "test":
            value: Value | Computed = Computed.VALUE
            if name in {"add", "replace"}:
                value = operation.get("value")
            elif name == "remove":
                value = None
            for names, leaf in _leaves(pointer_names(path), value):
                yield Mutation(targets, names, _decided(leaf), node)


def _leaves(
    path: tuple[str, ...], value: Value | Computed
) -> Iterator[tuple[tuple[str, ...], Value | Computed]]:
    if isinstance(value, Computed):
        yield path, value
    elif isinstance(value, tuple):
        for item in value:
            yield from _leaves(path, item)
    elif values.mapping(value):
        for name, field in values.mapping(value).items():
            yield from _leaves((*path, name), field)
    else:
        yield path, value


def _expressions(spec: Node) -> Iterator[Mutation]:
    targets = resource_targets(spec["matchConstraints"])
    variables = " ".join(item["expression"].text or "" for item in spec["variables"].items())
    for mutation in spec["mutations"].items():
        for part in ("applyConfiguration", "jsonPatch"):
            node = mutation[part]["expression"]
            for path, value in expression_changes(f"{node.text or ''} {variables}"):
                if node.exists:
                    yield Mutation(targets, path, value, node)


def _mutator(root: Node) -> Iterator[Mutation]:
    spec = root["spec"]
    applied = (*spec["applyTo"].items(), *spec["match"]["kinds"].items())
    targets = tuple(
        PolicyTarget(group, kind)
        for item in applied
        for group in (item["groups"].texts or item["apiGroups"].texts or ("",))
        for kind in item["kinds"].texts
    )
    location = spec["location"]
    path = tuple(
        match["quoted"] or match["plain"]
        for match in _LOCATION.finditer(location.text or "")
        if match["quoted"] or match["plain"]
    )
    parameters = spec["parameters"]
    value: Value | Computed = Computed.VALUE
    if parameters["assign"]["value"].exists:
        value = parameters["assign"]["value"].value
    elif parameters["values"]["fromList"].exists and parameters["operation"].text != "prune":
        value = parameters["values"]["fromList"].value
    elif parameters["values"].exists:
        return
    for names, leaf in _leaves(path, value):
        yield Mutation(targets, names, leaf, location)
