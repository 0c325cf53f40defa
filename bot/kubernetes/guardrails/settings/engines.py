"""Settings of the controllers that enforce guards, by which they newly let more in.

Kyverno: https://kyverno.io/docs/installation/customization/
Gatekeeper: https://open-policy-agent.github.io/gatekeeper/website/docs/exempt-namespaces/
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from types import MappingProxyType
from typing import Final

from bot.core.finding import Finding, Severity, Side
from bot.core.reading.yaml_texts import value_of
from bot.core.resource import GroupKind, Node, Resource
from bot.core.state import State, changes
from bot.core.values import Value
from bot.errors import UnbuildableError
from bot.kubernetes import kinds
from bot.kubernetes.controller_flags import ControllerFlag, controllers, flags_of
from bot.kubernetes.guardrails.formulas import Formula, Not, Test, every
from bot.kubernetes.guardrails.matching import NAMESPACE, conditions, matches
from bot.kubernetes.guardrails.messages import guard_name
from bot.kubernetes.guardrails.requests import compared, in_words
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
_ASKED: Final = ("webhooks", "matchConditions")
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
_UNASKED: Final = "nothing answers its webhooks"
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
    """What a setting newly admits, and where it is set."""

    node: Node
    words: str
    side: Side = "RIGHT"
    severity: Severity = Severity.ERROR


def engines_loosened(before: State, after: State) -> Iterator[Finding]:
    """The changed settings by which a controller judges less than at base."""
    readers = {
        kinds.CONFIG_MAP: _configuration,
        kinds.DEPLOYMENT: _controller,
        **dict.fromkeys(_POLICIES, _rules),
    }
    for change in changes(before, after, *readers):
        if change.before is None:
            continue
        if change.after is None:
            loosened = _removed(change.before, after)
        else:
            loosened = readers[change.key.group_kind](change.before, change.after)
        for found in loosened:
            is_guard = change.key.group_kind in _POLICIES
            name = guard_name(change.before) if is_guard else str_of(change.before)
            facts = MappingProxyType({"object": str(change.key)})
            message = f"{name} {found.words}"
            yield Finding(found.node, message, found.severity, message, facts, side=found.side)


def _removed(old: Resource, after: State) -> Iterator[_Loosening]:
    """A Deployment of an engine that head has no more, unless another one there runs that engine.

    Policies stay in the cluster without it, and refuse nothing.
    """
    engines = _engines(old)
    if not engines or old.at("spec", "replicas").value == 0:
        return
    others = (other for other in after.of(kinds.DEPLOYMENT, namespace=old.namespace))
    running = [_engines(other) for other in others if other.at("spec", "replicas").value != 0]
    if not any(engines.keys() & names.keys() for names in running):
        yield _Loosening(old.at("metadata", "name"), f"is removed: {_UNASKED}", "LEFT")


def _engines(deployment: Resource) -> dict[str, Node]:
    """The containers of a Deployment that run an engine, by the names of their images."""
    return {name: container for name, container in controllers(deployment) if name in _ENGINES}


def _configuration(old: Resource, new: Resource) -> Iterator[_Loosening]:
    """Kyverno's ConfigMap: the users and resources whose requests it ignores."""
    labelled = new.labels.get("app.kubernetes.io/part-of", "").startswith("kyverno")
    if new.name != "kyverno" and not labelled:
        return
    before, after = old.at("data"), new.at("data")
    known = set(_FILTER.findall(before["resourceFilters"].text or ""))
    for entry in dict.fromkeys(_FILTER.findall(after["resourceFilters"].text or "")):
        if entry not in known and not _is_usual(entry, new.namespace):
            yield _Loosening(after["resourceFilters"], f"newly ignores {escaped(entry)}")
    for field, what in _REQUESTERS.items():
        known = set(_names(before[field]))
        for name in _names(after[field]):
            if name not in known and not name.startswith("!") and name != "system:nodes":
                words = f"newly ignores requests of {what} {escaped(name)}"
                yield _Loosening(after[field], words)
    yield from _webhooks(old, new)


def _webhooks(old: Resource, new: Resource) -> Iterator[_Loosening]:
    """The requests about which Kyverno's webhooks newly do not ask.

    https://github.com/kyverno/kyverno/blob/main/pkg/config/types.go (parseWebhooks)
    """
    data = new.at("data")
    changed = [data[name] for name in _ASKED if data[name].value != old.at("data", name).value]
    if not changed:
        return
    system = (*sorted(_SYSTEM), new.namespace or "")
    asked = _asked(new)
    comparison = compared(every(_asked(old), Not(Test(NAMESPACE, "in", system))), asked)
    if comparison.relation != "kept":
        about = in_words(comparison.request, _asked(old), asked) or "anything"
        yield _Loosening(changed[0], f"has webhooks no longer ask about {about}")


def _asked(settings: Resource) -> Formula:
    """What the webhooks ask about; a text that cannot be read leaves nothing out."""
    body: dict[str, Value] = {}
    for name in _ASKED:
        with suppress(UnbuildableError):
            body[name] = value_of((settings.at("data", name).text or "").encode())
    root = Resource.of(settings.key, body, settings.source).root
    return every(matches(root["webhooks"]), conditions(root["matchConditions"]))


def _is_usual(entry: str, own: str | None) -> bool:
    kind, namespace, name = (*(part.strip() for part in entry.split(",")), "", "")[:3]
    is_own = namespace == own or (namespace in {"*", ""} and name.startswith("kyverno"))
    return namespace in _SYSTEM or is_own or bool(_UNJUDGED.fullmatch(kind))


def _names(node: Node) -> tuple[str, ...]:
    return tuple(name.strip() for name in (node.text or "").split(",") if name.strip())


def _rules(old: Resource, new: Resource) -> Iterator[_Loosening]:
    """`One` applies only the first rule of a policy that matches."""
    node = new.at("spec", "applyRules")
    if node.text != "One" or old.at("spec", "applyRules").text == "One":
        return
    if len(tuple(new.at("spec", "rules").items())) > 1:
        yield _Loosening(node, "newly applies only the first rule that matches")


def _controller(old: Resource, new: Resource) -> Iterator[_Loosening]:
    engines, images = _engines(new), [image for image, _ in controllers(new)]
    # A mirror may put more around the name of an image.
    for name in [name for name in _engines(old) if not any(name in image for image in images)]:
        words = f"no longer runs {name}: {_UNASKED}"
        yield _Loosening(new.at("spec", "template", "spec", "containers"), words)
    if not engines:
        return
    replicas = new.at("spec", "replicas")
    if replicas.value == 0 and old.at("spec", "replicas").value != 0:
        yield _Loosening(replicas, f"no longer runs: {_UNASKED}")
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
        yield _Loosening(flag.node, f"newly lets {spaces} opt out with a label")
    if engine != "kyverno" or not flag.is_on:
        return
    if flag.name == "forceFailurePolicyIgnore":
        yield _Loosening(flag.node, "newly admits requests that it fails to judge")
    if flag.name == "enablePolicyException":
        words = "newly takes exceptions from its policies"
        yield _Loosening(flag.node, words, severity=Severity.WARNING)
