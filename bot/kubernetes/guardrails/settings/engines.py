"""Settings of the controllers that enforce guards, by which they newly let more in.

Kyverno: https://kyverno.io/docs/installation/customization/
Gatekeeper: https://open-policy-agent.github.io/gatekeeper/website/docs/exempt-namespaces/
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from bot.core.finding import Finding, Severity, Side
from bot.core.resource import GroupKind, Node, Resource
from bot.core.state import State, changes
from bot.kubernetes import kinds
from bot.kubernetes.controller_flags import ControllerFlag, controllers, flags_of
from bot.kubernetes.guardrails.messages import guard_name
from bot.kubernetes.naming import escaped
from bot.kubernetes.workloads.pods import str_of
from bot.patterns import pattern
from bot.records import dataclass

_POLICIES: Final = tuple(GroupKind("kyverno.io", name) for name in ("ClusterPolicy", "Policy"))
_FILTER: Final = pattern(r"\[([^\[\]]*)\]")
# What Kyverno's chart leaves out by default: its own objects, the system's namespaces, and these.
_SYSTEM: Final = frozenset({"kube-system", "kube-public", "kube-node-lease"})
_UNJUDGED: Final = pattern(
    r"(?:Event|Node|APIService|\w*Review|Binding|Pod/binding|ReplicaSet|\w*Report)(?:/\?\*)?"
)
_REQUESTERS: Final = MappingProxyType(
    {
        "excludeGroups": "group",
        "excludeUsernames": "user",
        "excludeRoles": "role",
        "excludeClusterRoles": "cluster role",
    }
)
_ENGINES: Final = frozenset(
    {"gatekeeper", "kyverno", "kubewarden-controller", "policy-controller", "policy-server"}
)
# https://github.com/open-policy-agent/gatekeeper/blob/master/pkg/webhook/namespacelabel.go
_EXEMPT: Final = MappingProxyType(
    {
        "exempt-namespace": "the namespace {}",
        "exempt-namespace-prefix": "namespaces that begin with {}",
        "exempt-namespace-suffix": "namespaces that end with {}",
    }
)


@dataclass(frozen=True, slots=True)
class _Loosening:
    """What a setting newly lets in, and where it is set."""

    node: Node
    words: str
    side: Side = "RIGHT"
    severity: Severity = Severity.ERROR


def engines_loosened(before: State, after: State) -> Iterator[Finding]:
    """The settings of a change by which a controller judges less than at base."""
    readers = {
        kinds.CONFIG_MAP: _configuration,
        kinds.DEPLOYMENT: _controller,
        **dict.fromkeys(_POLICIES, _rules),
    }
    for change in changes(before, after, *readers):
        if change.before is None or change.after is None:
            continue
        for found in readers[change.key.group_kind](change.before, change.after):
            is_guard = change.key.group_kind in _POLICIES
            name = guard_name(change.after) if is_guard else str_of(change.after)
            facts = MappingProxyType({"object": str(change.key)})
            message = f"{name} {found.words}"
            yield Finding(found.node, message, found.severity, message, facts, side=found.side)


def _configuration(old: Resource, new: Resource) -> Iterator[_Loosening]:
    """Kyverno's ConfigMap: whose requests about what it leaves unjudged."""
    labelled = new.labels.get("app.kubernetes.io/part-of", "").startswith("kyverno")
    if new.name != "kyverno" and not labelled:
        return
    before, after = old.at("data"), new.at("data")
    known = set(_FILTER.findall(before["resourceFilters"].text or ""))
    for entry in dict.fromkeys(_FILTER.findall(after["resourceFilters"].text or "")):
        if entry not in known and not _is_usual(entry, new.namespace):
            yield _Loosening(after["resourceFilters"], f"newly leaves out {escaped(entry)}")
    for field, what in _REQUESTERS.items():
        known = set(_names(before[field]))
        for name in _names(after[field]):
            if name not in known and not name.startswith("!") and name != "system:nodes":
                words = f"newly leaves out requests of {what} {escaped(name)}"
                yield _Loosening(after[field], words)


def _is_usual(entry: str, own: str | None) -> bool:
    kind, namespace, name = (*(part.strip() for part in entry.split(",")), "", "")[:3]
    is_own = namespace == own or (namespace in {"*", ""} and name.startswith("kyverno"))
    return namespace in _SYSTEM or is_own or bool(_UNJUDGED.fullmatch(kind))


def _names(node: Node) -> tuple[str, ...]:
    return tuple(name.strip() for name in (node.text or "").split(",") if name.strip())


def _rules(old: Resource, new: Resource) -> Iterator[_Loosening]:
    """`One` ends a policy at its first rule that matches, whatever the others say."""
    node = new.at("spec", "applyRules")
    if node.text != "One" or old.at("spec", "applyRules").text == "One":
        return
    if len(tuple(new.at("spec", "rules").items())) > 1:
        yield _Loosening(node, "newly applies only the first of its rules that matches")


def _controller(old: Resource, new: Resource) -> Iterator[_Loosening]:
    engines = {name: container for name, container in controllers(new) if name in _ENGINES}
    if not engines:
        return
    replicas = new.at("spec", "replicas")
    if replicas.value == 0 and old.at("spec", "replicas").value != 0:
        yield _Loosening(replicas, "no longer runs: nothing judges what its webhooks ask about")
    known = {
        (name, flag.name, flag.value)
        for name, container in controllers(old)
        for flag in flags_of(container)
    }
    for name, container in engines.items():
        for flag in flags_of(container):
            if (name, flag.name, flag.value) not in known:
                yield from _flag(name, flag)


def _flag(engine: str, flag: ControllerFlag) -> Iterator[_Loosening]:
    if engine == "gatekeeper" and flag.name in _EXEMPT:
        spaces = _EXEMPT[flag.name].format(escaped(flag.value))
        yield _Loosening(flag.node, f"newly lets {spaces} opt out by a label")
    if engine != "kyverno" or not flag.is_on:
        return
    if flag.name == "forceFailurePolicyIgnore":
        yield _Loosening(flag.node, "newly lets in what it fails to judge")
    if flag.name == "enablePolicyException":
        words = "newly takes exceptions from its policies"
        yield _Loosening(flag.node, words, severity=Severity.WARNING)
