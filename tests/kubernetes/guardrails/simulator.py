"""An admission that is simulated by brute force: guards as data, every request of a small world.

It shares nothing with the product: it reads the same objects, and answers request by request.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import product
from random import Random
from typing import Any, TypeAlias

Spec: TypeAlias = dict[str, Any]

SPACES = ("a", "b", "kube-system", "kube-x", "z", "")  # the last: in no namespace
LABELS: tuple[dict[str, str], ...] = ({}, {"team": "x"}, {"team": "y"}, {"team": "q"})
OPERATIONS = (
    "CREATE",
    "UPDATE",
    "DELETE",
)  # only subresources, of which there are none, are connected to
GROUPS = ("", "apps", "batch", "other")
KINDS = {
    "pods": "Pod",
    "daemonsets": "DaemonSet",  # stands for the controllers that no policy here names
    "deployments": "Deployment",
    "jobs": "Job",
    "cronjobs": "CronJob",
    "secrets": "Secret",
    "nodes": "Node",
}
# Guards that match kinds, not resources, cannot tell these from others of the same name: none are.
GROUPS_OF = {
    "Pod": "",
    "Secret": "",
    "DaemonSet": "apps",
    "Deployment": "apps",
    "CronJob": "batch",
}
CONTROLLERS = {"DaemonSet": "apps", "Deployment": "apps", "Job": "batch", "CronJob": "batch"}
AUTOGEN = "pod-policies.kyverno.io/autogen-controllers"
TRUTHS = (True, False)
IMAGES = ("reg/a", "reg/b", "reg/c", "other/c", "other")

_DERIVED = {"daemonsets", "jobs", "cronjobs"}


@dataclass(frozen=True)
class Request:
    """One request: what it is for, where, and which unknown conditions hold for it."""

    operation: str
    resource: tuple[str, str, str]
    namespace: str
    namespace_labels: dict[str, str]
    labels: dict[str, str]
    image: str
    holds: dict[str, bool]
    judged: bool


def requests(conditions: tuple[str, ...], text: str, *, every: bool = False) -> Iterator[Request]:
    """The requests of the world that this text may tell apart, under every truth of these.

    An operation, a group or a namespace that the text does not name stands for all others that it
    does not name. With `every`, all of them are there.
    """
    outer_labels = LABELS if "namespaceSelector" in text else LABELS[:1]
    inner_labels = LABELS if re.search(r'"(objectS|labelS|s)elector"', text) else LABELS[:1]
    images = IMAGES if "glob" in text else IMAGES[:1]
    # Kyverno's policies are for what is created or updated, and do not say so.
    operations = [op for op in OPERATIONS if every or op == "CREATE" or f'"{op}"' in text]
    operations += [op for op in OPERATIONS if op not in operations][:1]
    derived = "kyverno.io" in text
    shown = {group for group in ("apps", "batch") if derived or f'"{group}"' in text}
    groups = [group for group in GROUPS if every or group in {"", "other"} | shown]
    kinds = {name for name in KINDS if derived or every or name not in _DERIVED}
    named = every or re.search(r'"(n|excludedN)amespaces"', text)
    spaces = SPACES if named else SPACES[-2:]
    resources = tuple((group, name, kind) for group in groups for name, kind in KINDS.items())
    resources = tuple(
        resource
        for resource in resources
        if resource[1] in kinds
        and ('"kinds"' not in text or GROUPS_OF.get(resource[2], resource[0]) == resource[0])
    )
    for values in product((True, False), repeat=len(conditions)):
        holds = dict(zip(conditions, values, strict=True))
        for op, res, space, outer, inner, image, judged in product(
            operations, resources, spaces, outer_labels, inner_labels, images, TRUTHS
        ):
            if (space == "") == (res[1] == "nodes"):
                yield Request(op, res, space, outer, inner, image, holds, judged)


def selects(selector: Spec | None, labels: dict[str, str]) -> bool:
    """Whether a label selector selects these labels."""
    if selector is None:
        return True
    for key, value in selector.get("matchLabels", {}).items():
        if labels.get(key) != value:
            return False
    for item in selector.get("matchExpressions", ()):
        here = item["key"] in labels
        inside = labels.get(item["key"]) in item.get("values", ())
        wanted = {
            "In": inside,
            "NotIn": not inside,
            "Exists": here,
            "DoesNotExist": not here,
        }[item["operator"]]
        if not wanted:
            return False
    return True


def _rule(rule: Spec, request: Request) -> bool:
    group, resource, _ = request.resource
    return (
        ("*" in rule["apiGroups"] or group in rule["apiGroups"])
        and ("*" in rule["operations"] or request.operation in rule["operations"])
        and ("*" in rule["resources"] or resource in rule["resources"])
    )


def _constraints(match: Spec, request: Request, *, rules: str = "resourceRules") -> bool:
    if rules in match and not any(_rule(rule, request) for rule in match[rules]):
        return False
    if any(_rule(rule, request) for rule in match.get("excludeResourceRules", ())):
        return False
    return _in_space(match, request) and selects(match.get("objectSelector"), request.labels)


def _in_space(match: Spec, request: Request) -> bool:
    """Whether a namespace is selected; what is in none always is."""
    selector = match.get("namespaceSelector")
    return not request.namespace or selects(selector, request.namespace_labels)


def _expression(text: str, request: Request) -> bool:
    """Conditions joined by `||`, each a conjunction of names, negated names and comparisons."""
    return any(
        all(_atom(part.strip(), request) for part in clause.split("&&"))
        for clause in text.split("||")
    )


def _atom(text: str, request: Request) -> bool:
    if text in {"true", "false"}:
        return text == "true"
    return not request.holds[text[1:]] if text.startswith("!") else request.holds[text]


def _judged(request: Request, policy: Spec, *, refused: bool) -> bool:
    return refused if request.judged else policy.get("failurePolicy", "Fail") == "Fail"


def refuses(objects: list[Spec], request: Request) -> bool:
    """Whether any of these guards refuses a request."""
    return any(_REFUSES[item["kind"]](item, objects, request) for item in objects)


def _binding(binding: Spec, objects: list[Spec], request: Request) -> bool:
    spec = binding["spec"]
    policy = next(item["spec"] for item in objects if item["kind"] == "ValidatingAdmissionPolicy")
    if "Deny" not in spec["validationActions"]:
        return False
    if not _constraints(spec.get("matchResources", {}), request):
        return False
    if not _constraints(policy["matchConstraints"], request):
        return False
    if not all(_expression(c["expression"], request) for c in policy.get("matchConditions", ())):
        return False
    met = all(_expression(v["expression"], request) for v in policy["validations"])
    return _judged(request, policy, refused=not met)


def _webhooks(configuration: Spec, objects: list[Spec], request: Request) -> bool:
    del objects
    return any(
        _constraints(hook, request, rules="rules")
        and _judged(request, hook, refused=request.holds["w"])
        for hook in configuration["webhooks"]
    )


def _constraint(constraint: Spec, objects: list[Spec], request: Request) -> bool:
    del objects
    spec = constraint["spec"]
    match = spec.get("match", {})
    if spec.get("enforcementAction", "deny") != "deny" or not request.holds["w"]:
        return False
    group, _, kind = request.resource
    kinds = match.get("kinds")
    if kinds and not any(
        ("*" in k["apiGroups"] or group in k["apiGroups"])
        and ("*" in k["kinds"] or kind in k["kinds"])
        for k in kinds
    ):
        return False
    spaces = match.get("namespaces")
    if spaces and not any(fnmatchcase(request.namespace, glob) for glob in spaces):
        return False
    if any(fnmatchcase(request.namespace, glob) for glob in match.get("excludedNamespaces", ())):
        return False
    return _in_space(match, request) and selects(match.get("labelSelector"), request.labels)


def _filter(part: Spec, request: Request) -> bool:
    resources = part["resources"]
    kind = request.resource[2]
    return (
        any(fnmatchcase(kind, glob) for glob in resources.get("kinds", ["*"]))
        and any(fnmatchcase(request.namespace, glob) for glob in resources.get("namespaces", ["*"]))
        and selects(resources.get("selector"), request.labels)
    )


def _matches(part: Spec, request: Request) -> bool:
    if "any" in part:
        return any(_filter(item, request) for item in part["any"])
    return "all" in part and all(_filter(item, request) for item in part["all"])


def _enforced(spec: Spec, check: Spec, request: Request) -> bool:
    if "failureAction" in check or "failureActionOverrides" in check:
        action = check.get("failureAction", spec.get("validationFailureAction", "Audit"))
        overrides = check.get("failureActionOverrides", [])
    else:
        action = spec.get("validationFailureAction", "Audit")
        overrides = spec.get("validationFailureActionOverrides", [])
    for item in overrides:
        if any(fnmatchcase(request.namespace, glob) for glob in item["namespaces"]):
            return bool(item["action"] == "Enforce")
    return bool(action == "Enforce")


def _kyverno(policy: Spec, objects: list[Spec], request: Request) -> bool:
    del objects
    spec = policy["spec"]
    if spec.get("admission") is False or request.operation not in {"CREATE", "UPDATE"}:
        return False
    rules = spec["rules"]
    if request.resource[2] in _derived_for(policy, request):
        rules = [*rules, *(_for_controllers(rule, request) for rule in rules if _for_pods(rule))]
    for rule in rules:
        if not _matches(rule["match"], request):
            continue
        if "exclude" in rule and _matches(rule["exclude"], request):
            continue
        if not _enforced(spec, rule["validate"], request):
            continue
        conditions = rule["validate"]["deny"]["conditions"]["any"]
        refused = any(request.holds[item["key"]] for item in conditions)
        if _judged(request, spec, refused=refused):
            return True
    return False


def _parts(rule: Spec) -> Iterator[tuple[str, Spec]]:
    for where in ("match", "exclude"):
        for items in rule.get(where, {}).values():
            for item in items:
                yield where, item["resources"]


def _derived_for(policy: Spec, request: Request) -> set[str]:
    """The controllers of the request's group for which Kyverno derives rules."""
    parts = [part for rule in policy["spec"]["rules"] for _, part in _parts(rule)]
    if any("selector" in part or "name" in part for part in parts):
        return set()
    if any("Pod" in part.get("kinds", ()) and len(part["kinds"]) > 1 for part in parts):
        return set()
    if not any({"Pod", *CONTROLLERS} & {*part.get("kinds", ())} for part in parts):
        return set()
    named = policy["metadata"].get("annotations", {}).get(AUTOGEN)
    return {
        kind
        for kind, group in CONTROLLERS.items()
        if group == request.resource[0] and (named is None or kind in named.split(","))
    }


def _for_pods(rule: Spec) -> bool:
    kinds: dict[str, set[str]] = {where: set() for where in ("match", "exclude")}
    for where, part in _parts(rule):
        kinds[where] |= {*part.get("kinds", ())}
    return "Pod" in kinds["match"] and (not kinds["exclude"] or "Pod" in kinds["exclude"])


def _for_controllers(rule: Spec, request: Request) -> Spec:
    """A rule as it is derived for the kind of the request."""
    out: Spec = json.loads(json.dumps(rule))
    kind = request.resource[2]
    for _, part in _parts(out):
        if "Pod" in part.get("kinds", ()) or kind == "CronJob":
            part["kinds"] = [kind]
    return out


def _images(policy: Spec, objects: list[Spec], request: Request) -> bool:
    del objects
    spec = policy["spec"]
    globs = spec.get("matchImageReferences", [{"glob": "*"}])
    if "Deny" not in spec["validationActions"] or not (
        _constraints(spec["matchConstraints"], request) or _derived_constraints(spec, request)
    ):
        return False
    if not any(fnmatchcase(request.image, item["glob"]) for item in globs):
        return False
    met = all(_expression(v["expression"], request) for v in spec["validations"])
    return _judged(request, spec, refused=not met)


def _derived_constraints(spec: Spec, request: Request) -> bool:
    """Whether Kyverno derives a policy for the request's controller from one for pods."""
    match = spec["matchConstraints"]
    rules = match["resourceRules"]
    if len(rules) != 1 or "objectSelector" in match or "excludeResourceRules" in match:
        return False
    if rules[0]["apiGroups"] != [""] or rules[0]["resources"] != ["pods"]:
        return False
    group, resource, kind = request.resource
    named = spec.get("autogen", {}).get("podControllers", {}).get("controllers")
    if CONTROLLERS.get(kind) != group or (named is not None and resource not in named):
        return False
    rule = {**rules[0], "apiGroups": [group], "resources": [resource]}
    return _constraints({**match, "resourceRules": [rule]}, request)


def _nothing(item: Spec, objects: list[Spec], request: Request) -> bool:
    del item, objects, request
    return False


_REFUSES = {
    "ValidatingAdmissionPolicy": _nothing,
    "ValidatingAdmissionPolicyBinding": _binding,
    "ValidatingWebhookConfiguration": _webhooks,
    "K8sChecked": _constraint,
    "ClusterPolicy": _kyverno,
    "ImageValidatingPolicy": _images,
}


class Maker:
    """Makes guards and changed versions of them at random."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - the same guards each time

    def some(self, values: tuple[str, ...]) -> list[str]:
        """A few of these values, at least one."""
        return sorted(self.random.sample(values, self.random.randint(1, len(values))))

    def maybe(self, holder: Spec, name: str, value: Any, share: float = 0.4) -> None:
        """Sets a field now and then."""
        if self.random.random() < share:
            holder[name] = value

    def selector(self) -> Spec:
        """A label selector over the labels of the world."""
        if self.random.random() < 0.5:
            return {"matchLabels": {"team": self.random.choice(("x", "y"))}}
        operator = self.random.choice(("In", "NotIn", "Exists", "DoesNotExist"))
        item: Spec = {"key": "team", "operator": operator}
        if operator in {"In", "NotIn"}:
            item["values"] = self.some(("x", "y"))
        return {"matchExpressions": [item]}

    def rule(self) -> Spec:
        """A rule of resources."""
        return {
            "apiGroups": self.random.choice(([""], ["*"], ["", "apps"])),
            "apiVersions": ["v1"],
            "operations": self.random.choice((self.some(OPERATIONS), ["*"])),
            "resources": self.random.choice((["pods"], ["*"], ["pods", "deployments"])),
        }

    def constraints(self, rules: str = "resourceRules") -> Spec:
        """Match constraints."""
        match: Spec = {rules: [self.rule() for _ in range(self.random.randint(1, 2))]}
        self.maybe(match, "namespaceSelector", self.selector())
        self.maybe(match, "objectSelector", self.selector())
        if rules == "resourceRules":
            self.maybe(match, "excludeResourceRules", [self.rule()], 0.2)
        return match

    def expression(self) -> str:
        """A formula over the unknown conditions."""
        names = [
            self.random.choice(("u", "v", "!u", "!v")) for _ in range(self.random.randint(1, 3))
        ]
        text = names[0]
        for name in names[1:]:
            text += f" {self.random.choice(('||', '&&'))} {name}"
        return "true" if self.random.random() < 0.05 else text

    def admission(self) -> list[Spec]:
        """A policy and its binding."""
        spec: Spec = {
            "matchConstraints": self.constraints(),
            "validations": [{"expression": self.expression()}],
        }
        self.maybe(spec, "failurePolicy", self.random.choice(("Fail", "Ignore")))
        self.maybe(spec, "matchConditions", [{"name": "c", "expression": self.expression()}])
        bound: Spec = {
            "policyName": "p",
            "validationActions": self.random.choice((["Deny"], ["Audit"], ["Deny", "Audit"])),
        }
        self.maybe(bound, "matchResources", self.constraints())
        return [
            self.object("ValidatingAdmissionPolicy", spec),
            self.object("ValidatingAdmissionPolicyBinding", bound),
        ]

    def webhooks(self) -> list[Spec]:
        """A webhook configuration with one webhook."""
        hook: Spec = {"name": "w", **self.constraints("rules")}
        self.maybe(hook, "failurePolicy", self.random.choice(("Fail", "Ignore")))
        made = self.object("ValidatingWebhookConfiguration", {})
        del made["spec"]
        return [{**made, "webhooks": [hook]}]

    def constraint(self) -> list[Spec]:
        """A constraint of Gatekeeper."""
        match: Spec = {}
        kinds = {
            "apiGroups": [""],
            "kinds": self.random.choice((["Pod"], ["*"], ["Pod", "Secret"])),
        }
        self.maybe(match, "kinds", [kinds])
        self.maybe(match, "namespaces", self.some(("a", "b", "kube-*")))
        self.maybe(match, "excludedNamespaces", self.some(("a", "kube-*", "kube-system")))
        self.maybe(match, "labelSelector", self.selector())
        self.maybe(match, "namespaceSelector", self.selector())
        spec: Spec = {"match": match}
        self.maybe(spec, "enforcementAction", self.random.choice(("deny", "dryrun")))
        return [self.object("K8sChecked", spec)]

    def part(self, kinds: tuple[list[str], ...]) -> Spec:
        """A filter of a Kyverno rule, for one of these lists of kinds."""
        resources: Spec = {"kinds": self.random.choice(kinds)}
        self.maybe(resources, "namespaces", self.some(("a", "b", "kube-*", "*")))
        self.maybe(resources, "selector", self.selector(), 0.15)
        return {"resources": resources}

    def kyverno(self) -> list[Spec]:
        """A policy of Kyverno with one or two rules, half of the time for pods alone."""
        rules = []
        some_kinds = (["Pod"], ["*"], ["Deployment"], ["Pod", "Deployment"])
        kinds = self.random.choice(((["Pod"],), some_kinds))
        for name in ("one", "two")[: self.random.randint(1, 2)]:
            keys = self.some(("u", "v"))
            check: Spec = {"deny": {"conditions": {"any": [{"key": key} for key in keys]}}}
            check["allowExistingViolations"] = False
            self.maybe(check, "failureAction", self.random.choice(("Enforce", "Audit")), 0.3)
            how = self.random.choice(("any", "all"))
            rule: Spec = {
                "name": name,
                "match": {how: [self.part(kinds), self.part(kinds)]},
                "validate": check,
            }
            self.maybe(rule, "exclude", {"any": [self.part(kinds)]})
            rules.append(rule)
        spec: Spec = {"rules": rules}
        self.maybe(spec, "validationFailureAction", self.random.choice(("Enforce", "Audit")), 0.7)
        action = self.random.choice(("Enforce", "Audit"))
        override = {"action": action, "namespaces": self.some(("a", "b", "*"))}
        self.maybe(spec, "validationFailureActionOverrides", [override])
        self.maybe(spec, "failurePolicy", "Ignore", 0.2)
        self.maybe(spec, "admission", False, 0.05)
        policy = self.object("ClusterPolicy", spec)
        named = self.random.choice(("none", "CronJob", "Deployment,Job", "Job,CronJob"))
        self.maybe(policy["metadata"], "annotations", {AUTOGEN: named}, 0.4)
        return [policy]

    def images(self) -> list[Spec]:
        """An image policy of Kyverno."""
        spec: Spec = {
            "validationActions": self.random.choice((["Deny"], ["Audit"])),
            "matchConstraints": self.constraints(),
            "validations": [{"expression": self.expression()}],
        }
        globs = [{"glob": glob} for glob in self.some(("*", "reg/*", "reg/a", "*/c"))]
        self.maybe(spec, "matchImageReferences", globs, 0.7)
        if self.random.random() < 0.5:
            only = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
            rule = {**only, "operations": self.some(OPERATIONS)}
            spec["matchConstraints"] = {"resourceRules": [rule]}
            self.maybe(spec["matchConstraints"], "namespaceSelector", self.selector(), 0.3)
        controllers = self.random.choice(([], ["jobs"], ["deployments", "cronjobs"]))
        self.maybe(spec, "autogen", {"podControllers": {"controllers": controllers}})
        return [self.object("ImageValidatingPolicy", spec)]

    def object(self, kind: str, spec: Spec) -> Spec:
        """An object of this kind."""
        group = {
            "K8sChecked": "constraints.gatekeeper.sh/v1beta1",
            "ClusterPolicy": "kyverno.io/v1",
            "ImageValidatingPolicy": "policies.kyverno.io/v1",
        }.get(kind, "admissionregistration.k8s.io/v1")
        return {"apiVersion": group, "kind": kind, "metadata": {"name": "p"}, "spec": spec}

    def pair(self) -> tuple[list[Spec], list[Spec]]:
        """A guard, and the same guard after a change of one part or of everything."""
        make = self.random.choice(
            (self.admission, self.webhooks, self.constraint, self.kyverno, self.images)
        )
        base, other = make(), make()
        if make == self.kyverno and self.random.random() < 0.4:
            return base, self.rederived(base)
        return base, self.changed(base, other) if self.random.random() < 0.8 else other

    def rederived(self, base: list[Spec]) -> list[Spec]:
        """A policy of Kyverno that derives other rules, by its annotation or by a filter."""
        head: list[Spec] = json.loads(json.dumps(base))
        if self.random.random() < 0.5:
            named = self.random.choice(("none", "CronJob", "Job,CronJob"))
            head[0]["metadata"]["annotations"] = {AUTOGEN: named}
            return head
        where, part = self.random.choice(list(_parts(head[0]["spec"]["rules"][-1])))
        if where == "match":
            part["kinds"] = [*part["kinds"], self.random.choice(("Pod", "Secret"))]
        else:
            part["selector"] = self.selector()
        return head

    def changed(self, base: Any, other: Any) -> Any:
        """The first value with one of its parts as the second has it."""
        if isinstance(base, dict) and isinstance(other, dict):
            names = [n for n in sorted({*base, *other}) if base.get(n) != other.get(n)]
            if not names:
                return base
            name = self.random.choice(names)
            if {"any", "all", "operator"} & set(base):
                return other  # these fields depend on each other
            out = dict(base)
            if name in base and name in other:
                out[name] = self.changed(base[name], other[name])
            elif name in other:
                out[name] = other[name]
            else:
                del out[name]
            return out
        if isinstance(base, list) and isinstance(other, list) and len(base) == len(other):
            pairs = [i for i in range(len(base)) if base[i] != other[i]]
            chosen = self.random.choice(pairs) if pairs else -1
            return [
                self.changed(old, new) if index == chosen else old
                for index, (old, new) in enumerate(zip(base, other, strict=True))
            ]
        return other


def admits_more(base: list[Spec], head: list[Spec], *, every: bool = False) -> bool:
    """Whether there is a request that base refuses and head admits."""
    kind = base[0]["kind"]
    opaque = kind in {"ValidatingWebhookConfiguration", "K8sChecked"}
    conditions = ("w",) if opaque else ("u", "v")
    return any(
        refuses(base, request) and not refuses(head, request)
        for request in requests(conditions, json.dumps([base, head]), every=every)
    )
