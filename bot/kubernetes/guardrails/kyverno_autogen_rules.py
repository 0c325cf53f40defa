"""The rules that Kyverno derives from rules for Pods, for the controllers of pods.

https://github.com/kyverno/kyverno/tree/main/pkg/autogen/v1
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from bot.core import values
from bot.core.resource import Node
from bot.core.values import Body, Value
from bot.kubernetes.guardrails.kyverno_autogen_specs import TEMPLATES, moved

CONTROLLERS: Final = "pod-policies.kyverno.io/autogen-controllers"
"""The annotation that names the controllers for which Kyverno derives rules; `none` for none."""

_KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "DaemonSet": "apps/v1/DaemonSet",
        "Deployment": "apps/v1/Deployment",
        "Job": "batch/v1/Job",
        "ReplicaSet": "apps/v1/ReplicaSet",
        "ReplicationController": "v1/ReplicationController",
        "StatefulSet": "apps/v1/StatefulSet",
        "CronJob": "batch/v1/CronJob",
    }
)
_CRON_JOB: Final = "CronJob"
_PREFIX: Final = "autogen-"
_DERIVED: Final = ("mutate", "validate", "verifyImages")


def derived_rules(root: Node, rule: Node) -> Iterator[tuple[str, Node | None]]:
    """The names of the two rules that Kyverno derives, and each as it derives it, if it does.

    The nodes have the route of the rule that they are derived from.
    """
    name = rule["name"].text or ""
    kinds = _controllers(root) if _is_for_pods(rule) and not name.startswith(_PREFIX) else ()
    others = tuple(_KINDS[kind] for kind in kinds if kind != _CRON_JOB)
    crons = tuple(_KINDS[kind] for kind in kinds if kind == _CRON_JOB)
    for prefix, full, template in zip(
        ("autogen", "autogen-cronjob"), (others, crons), TEMPLATES, strict=True
    ):
        body = _derived(rule.mapping, full, template) if full else None
        node = None if body is None else Node(rule.resource, rule.route, body)
        yield f"{prefix}-{name}", node


def _controllers(root: Node) -> tuple[str, ...]:
    """The controllers for which the rules of a policy are derived."""
    filters = [part for rule in root["spec"]["rules"].items() for part in _filters(rule)]
    if any(_keeps_to_pods(rule) for rule in root["spec"]["rules"].items()):
        return ()
    if any(_selects_some(part) for part in filters):
        return ()
    if not {"Pod", *_KINDS} & {kind for part in filters for kind in part["kinds"].texts}:
        return ()
    chosen = root["metadata"]["annotations"][CONTROLLERS]
    named = (chosen.text or "").split(",")
    return tuple(kind for kind in _KINDS if not chosen.exists or {kind, "all"} & {*named})


def _filters(rule: Node) -> Iterator[Node]:
    """The resources that each filter of `match` and `exclude` describes."""
    for part in (rule["match"], rule["exclude"]):
        for item in (part, *part["any"].items(), *part["all"].items()):
            yield item["resources"]


def _selects_some(resources: Node) -> bool:
    """Whether a filter asks for what pods and their controllers need not share."""
    named = resources["name"].text or resources["names"].texts
    fields = (resources["selector"], resources["annotations"])
    kinds = resources["kinds"].texts
    return bool(
        named
        or any(field.value is not None for field in fields)
        or (len(kinds) > 1 and _names_pod(kinds))
    )


def _keeps_to_pods(rule: Node) -> bool:
    """Whether a rule generates resources or patches by path, so that none is derived."""
    mutate = rule["mutate"]
    parts = (mutate, *mutate["foreach"].items())
    return rule["generate"].exists or any(part["patchesJson6902"].text for part in parts)


def _names_pod(kinds: tuple[str, ...]) -> bool:
    return any(kind.split("/")[-1].split(".")[0] == "Pod" or "/Pod/" in kind for kind in kinds)


def _is_for_pods(rule: Node) -> bool:
    matched, excluded = (
        tuple(
            kind
            for item in (part, *part["any"].items(), *part["all"].items())
            for kind in item["resources"]["kinds"].texts
        )
        for part in (rule["match"], rule["exclude"])
    )
    acts = any(rule[name].exists for name in _DERIVED)
    return acts and _names_pod(matched) and (not excluded or _names_pod(excluded))


def _derived(rule: Body, kinds: tuple[str, ...], template: str) -> Body:
    """A rule for these kinds, which judges the pod template at this path."""
    body: dict[str, Value] = {**rule, "match": _retargeted(rule.get("match"), kinds)}
    if "exclude" in rule:
        body["exclude"] = _retargeted(rule.get("exclude"), kinds)
    validate = dict(values.mapping(rule.get("validate")))
    if "pattern" in validate:
        validate["pattern"] = _wrapped(validate["pattern"], template)
    if "anyPattern" in validate:
        patterns = values.sequence(validate["anyPattern"])
        validate["anyPattern"] = tuple(_wrapped(pattern, template) for pattern in patterns)
    if validate:
        body["validate"] = validate
    # Expressions of CEL name the object itself, all others the request that holds it.
    start = "" if "cel" in validate else "request."
    moves = {
        f"{start}{version}.{part}": f"{start}{version}.{template}.{part}"
        for version in ("object", "oldObject")
        for part in ("spec", "metadata")
    }
    return values.mapping(moved(body, moves))


def _retargeted(part: Value, kinds: tuple[str, ...]) -> Value:
    """`match` or `exclude` for other kinds.

    Filters that do not name Pod stay as they are, except that for a CronJob every filter is for it.
    """
    body = dict(values.mapping(part))
    for how in ("any", "all"):
        if values.sequence(body.get(how)):
            items = (values.mapping(item) for item in values.sequence(body[how]))
            body[how] = tuple(
                {**item, "resources": _for_kinds(item.get("resources"), kinds)} for item in items
            )
            return body
    resources = values.mapping(body.get("resources"))
    if resources.get("kinds"):
        body["resources"] = {**resources, "kinds": kinds}
    return body


def _for_kinds(resources: Value, kinds: tuple[str, ...]) -> Value:
    body = values.mapping(resources)
    named = tuple(kind for kind in values.sequence(body.get("kinds")) if isinstance(kind, str))
    if kinds == (_KINDS[_CRON_JOB],) or _names_pod(named):
        return {**body, "kinds": kinds}
    return body


def _wrapped(pattern: Value, template: str) -> Value:
    for step in reversed(template.split(".")):
        pattern = {step: pattern}
    return pattern
