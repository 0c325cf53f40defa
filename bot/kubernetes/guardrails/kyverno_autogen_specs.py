"""What Kyverno derives from policies of `policies.kyverno.io` for the controllers of pods.

https://github.com/kyverno/kyverno/tree/main/pkg/cel/autogen
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from bot.core import values
from bot.core.resource import Node
from bot.core.values import Body, Value

TEMPLATES: Final = ("spec.template", "spec.jobTemplate.spec.template")
"""The path of the pod template in most controllers, and in a CronJob."""


def derived_specs(spec: Node) -> Iterator[tuple[str, Node | None]]:
    """The names of the two derived policies, and the `spec` of each, if Kyverno derives it.

    The nodes have the route of the `spec` that they are derived from.
    """
    chosen = spec["autogen"]["podControllers"]["controllers"]
    names = _RESOURCES if chosen.value is None else chosen.texts
    derivable = _matches_all_pods(spec["matchConstraints"])
    for name, template in zip(("defaults", "cronjobs"), TEMPLATES, strict=True):
        resources = [
            resource
            for resource in _RESOURCES
            if derivable and resource in names and (resource == "cronjobs") == (name == "cronjobs")
        ]
        body = _derived_spec(spec, resources, template) if resources else None
        yield name, None if body is None else Node(spec.resource, spec.route, body)


_RESOURCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "daemonsets": "apps",
        "deployments": "apps",
        "replicasets": "apps",
        "statefulsets": "apps",
        "jobs": "batch",
        "cronjobs": "batch",
    }
)


def _matches_all_pods(match: Node) -> bool:
    """Whether constraints match pods and nothing else, whatever their names and labels are."""
    selector, rules = match["objectSelector"], tuple(match["resourceRules"].items())
    selecting = values.sequence(selector["matchExpressions"].value)
    if len(rules) != 1 or selector["matchLabels"].mapping or selecting:
        return False
    fields = (("apiGroups", ("",)), ("apiVersions", ("v1",)), ("resources", ("pods",)))
    return (
        not any(match["excludeResourceRules"].items())
        and not rules[0]["resourceNames"].texts
        and all(rules[0][name].texts == texts for name, texts in fields)
    )


def _derived_spec(spec: Node, resources: list[str], template: str) -> Body:
    match = spec["matchConstraints"]
    operations = next(match["resourceRules"].items())["operations"].value
    rules = tuple(
        {
            "apiGroups": (group,),
            "apiVersions": ("v1",),
            "operations": operations,
            "resources": tuple(name for name in resources if _RESOURCES[name] == group),
        }
        for group in ("apps", "batch")
    )
    constraints: dict[str, Value] = {
        "resourceRules": tuple(rule for rule in rules if rule["resources"])
    }
    if match["namespaceSelector"].exists:
        constraints["namespaceSelector"] = match["namespaceSelector"].value
    moves = {
        f"{version}.{part}": f"{version}.{template}.{part}"
        for version in ("object", "oldObject")
        for part in ("spec", "metadata")
    }
    return values.mapping(moved({**spec.mapping, "matchConstraints": constraints}, moves))


def moved(value: Value, moves: Mapping[str, str]) -> Value:
    """A value in whose texts and names each of these texts is replaced."""
    if isinstance(value, str):
        for old, new in moves.items():
            value = value.replace(old, new)
        return value
    if isinstance(value, tuple):
        return tuple(moved(item, moves) for item in value)
    if isinstance(value, Mapping):
        return {str(moved(key, moves)): moved(item, moves) for key, item in value.items()}
    return value
