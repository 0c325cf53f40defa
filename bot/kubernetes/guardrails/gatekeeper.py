"""Gatekeeper: constraints, mutators, and the namespaces that its Config leaves out.

https://open-policy-agent.github.io/gatekeeper/website/docs/howto
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from bot.core.resource import GroupKind, Node
from bot.core.state import State
from bot.core.values import Value
from bot.kubernetes.guardrails.admission import same_text
from bot.kubernetes.guardrails.formulas import And, Formula, Not, Opaque, Or, Test, every, some
from bot.kubernetes.guardrails.gatekeeper_templates import template_guards
from bot.kubernetes.guardrails.guards import Clause, Guard, GuardField, GuardRoots
from bot.kubernetes.guardrails.matching import (
    CLUSTER,
    GROUP,
    KIND,
    LABEL,
    NAME,
    NAMESPACE,
    NAMESPACE_LABEL,
    selected,
)
from bot.kubernetes.guardrails.search import CHECK
from bot.kubernetes.selectors import label_selector
from bot.patterns import pattern

CONSTRAINTS: Final = "constraints.gatekeeper.sh"
MUTATIONS: Final = "mutations.gatekeeper.sh"
CONFIG: Final = GroupKind("config.gatekeeper.sh", "Config")
# Admission asks the webhook, or a ValidatingAdmissionPolicy that Gatekeeper makes.
_POINTS: Final = frozenset({"*", "validation.gatekeeper.sh", "vap.k8s.io"})
_PROCESSES: Final = frozenset({"*", "webhook"})
# Names of parameters that list what is let in; of others only people know the direction.
_LETS_IN: Final = pattern(
    r"repos|registries|(?:allow|exempt|except|exclude|ignore|skip|permit).*", re.IGNORECASE
)
_REQUIRES: Final = pattern(
    r"(?:disallow|deny|denied|forbid|block|require|mandatory).*", re.IGNORECASE
)


def gatekeeper_guards(state: State) -> Iterator[Guard]:
    """The constraints, mutators, templates and configurations of a state."""
    for kind in sorted(state.kinds):
        if kind.group not in {CONSTRAINTS, MUTATIONS}:
            continue
        read = read_constraint if kind.group == CONSTRAINTS else read_mutator
        for resource in state.of(kind):
            roots = {resource.key: resource.root}
            yield Guard(str(resource.key), f"{kind.group} {kind}", roots, read)
    yield from template_guards(state)
    for resource in state.of(CONFIG):
        roots = {resource.key: resource.root}
        yield Guard(str(resource.key), "Gatekeeper", roots, read_config, absent=True)


def read_constraint(roots: GuardRoots) -> tuple[Clause, ...]:
    """The one clause of each constraint."""
    return tuple(_constraint(root) for root in roots.values())


def _constraint(root: Node) -> Clause:
    spec = root["spec"]
    match = spec["match"]
    denies = every(_denied(spec), _matched(match), _violated(spec["parameters"]))
    fields = [
        GuardField("action", spec["enforcementAction"], "action"),
        GuardField("scoped actions", spec["scopedEnforcementActions"], "action"),
        *(GuardField(name, match[name], "match") for name in _MATCH),
        GuardField("excludedNamespaces", match["excludedNamespaces"], "exclude"),
        GuardField("parameters", spec["parameters"], "check"),
    ]
    return Clause("constraint", "", denies, tuple(fields), root["metadata"]["name"])


def read_mutator(roots: GuardRoots) -> tuple[Clause, ...]:
    """What each mutator changes: where, and to what, which is known by its text alone.

    https://open-policy-agent.github.io/gatekeeper/website/docs/mutation
    """
    return tuple(_mutator(root) for root in roots.values())


def _mutator(root: Node) -> Clause:
    spec = root["spec"]
    match = spec["match"]
    applied = [
        every(
            Test(GROUP, "in", item["groups"].texts) if "*" not in item["groups"].texts else True,
            Test(KIND, "in", item["kinds"].texts) if "*" not in item["kinds"].texts else True,
        )
        for item in spec["applyTo"].items()
    ]
    location = spec["location"]
    changed = Opaque(f"{location.text} by {same_text(dict(spec['parameters'].mapping))}")
    denies = every(Or(tuple(applied)) if applied else True, _matched(match), changed)
    fields = [
        GuardField("applyTo", spec["applyTo"], "match"),
        *(GuardField(name, match[name], "match") for name in _MATCH),
        GuardField("excludedNamespaces", match["excludedNamespaces"], "exclude"),
        GuardField("location", location, "check"),
        GuardField("parameters", spec["parameters"], "check"),
    ]
    node = root["metadata"]["name"]
    return Clause("mutator", "", denies, tuple(fields), node, effect="changes")


_MATCH: Final = (
    "kinds",
    "namespaces",
    "scope",
    "labelSelector",
    "namespaceSelector",
    "name",
    "source",
)


def _denied(spec: Node) -> bool:
    """Whether admission refuses; without an action it does. `Deny` is no action of Gatekeeper's."""
    action = spec["enforcementAction"].text or "deny"
    if action != "scoped":
        return action == "deny"
    return any(
        item["action"].text == "deny"
        and any(
            (point["name"].text or "") in _POINTS for point in item["enforcementPoints"].items()
        )
        for item in spec["scopedEnforcementActions"].items()
    )


def _matched(match: Node) -> Formula:
    parts: list[Formula] = []
    if any(match["kinds"].items()):
        parts.append(Or(tuple(_kinds(item) for item in match["kinds"].items())))
    if match["namespaces"].texts:
        parts.append(_namespaces(match["namespaces"]))
    parts.append(Not(_namespaces(match["excludedNamespaces"])))
    scope = match["scope"].text
    if scope in {"Cluster", "Namespaced"}:
        parts.append(CLUSTER if scope == "Cluster" else Not(CLUSTER))
    parts.append(selected(label_selector(match["labelSelector"]), LABEL))
    spaces = selected(label_selector(match["namespaceSelector"]), NAMESPACE_LABEL)
    parts.append(some(CLUSTER, spaces))
    if match["name"].text:
        parts.append(Test(NAME, "glob", (match["name"].text or "",)))
    source = match["source"].text
    if source in {"Generated", "Original"}:
        generated = Opaque("the object is one that an expansion makes")
        parts.append(generated if source == "Generated" else Not(generated))
    return And(tuple(parts))


def _namespaces(node: Node) -> Formula:
    return Test(NAMESPACE, "glob", node.texts) if node.texts else False


def _kinds(item: Node) -> Formula:
    groups, names = item["apiGroups"].texts, item["kinds"].texts
    return every(
        True if "*" in groups or not groups else Test(GROUP, "in", groups),
        True if "*" in names or not names else Test(KIND, "in", names),
    )


def _violated(parameters: Node) -> Formula:
    """What the template refuses under these parameters.

    A list whose name says that it lets things in, or that it requires things, is compared item by
    item; all other parameters are known by their text alone.
    """
    rest: dict[str, Value] = {}
    refused: list[Formula] = []
    for name, value in parameters.mapping.items():
        plain = isinstance(value, tuple) and all(isinstance(item, str) for item in value)
        if not plain or not isinstance(value, tuple):
            rest[name] = value
        elif _REQUIRES.fullmatch(name):
            items = tuple(Opaque(f"{name} {item}") for item in value)
            refused.append(Or(items))
        elif _LETS_IN.fullmatch(name):
            texts = tuple(item for item in value if isinstance(item, str))
            refused.append(Not(Test(f"{CHECK}{name}", "in", texts)))
        else:
            rest[name] = value
    checked = Opaque(f"the template with {same_text(rest)}")
    return every(checked, *refused)


def read_config(roots: GuardRoots) -> tuple[Clause, ...]:
    """The namespaces that the webhook leaves out, as a guard that refuses in all others."""
    clauses = []
    for root in roots.values():
        match = root["spec"]["match"]
        excluded = Or(
            tuple(
                _namespaces(item["excludedNamespaces"])
                for item in match.items()
                if _PROCESSES & set(item["processes"].texts)
            )
        )
        fields = (GuardField("match", match, "exclude"),)
        node = root["metadata"]["name"]
        clauses.append(Clause("config", "", Not(excluded), fields, node))
    return tuple(clauses)
