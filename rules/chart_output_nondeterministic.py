"""Templates whose output is decided only when the chart is applied."""

from collections import Counter
from collections.abc import Iterator

from bot.core.finding import FileLine, Finding, Severity
from bot.core.resource import GroupKind
from bot.core.state import State
from bot.core.states.rendered.template_kinds import ANY_KIND
from bot.core.template_decision import TemplateDecision
from bot.kubernetes.limiting import limits_others
from bot.kubernetes.workloads.pods import str_of

ALIASES = ("chart-decides-late",)
SEVERITY = Severity.WARNING
SUBJECTS: tuple[GroupKind, ...] = ()
REACH = "environment"

# What nobody has looked at must not give rights or the node away.
_STRONG = frozenset(
    {"rules", "verbs", "subjects", "roleRef", "webhooks", "privileged"}
    | {"hostNetwork", "hostPID", "hostIPC", "hostPath"}
)


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    at_base = Counter(map(_identity, before.template_decisions))
    for decision in after.template_decisions:
        identity = _identity(decision)
        if at_base[identity]:
            at_base[identity] -= 1
            continue
        # The versions of a cluster are few and known; its contents, and chance, can be anything.
        severity = Severity.NOTICE if decision.asks == "Capabilities" else SEVERITY
        if not _STRONG.isdisjoint(decision.keys):
            severity = Severity.ERROR
        guards = tuple(_guards_of_base(decision, before, after))
        if guards:
            severity = Severity.ERROR
        elif not decision.keys:
            continue
        keys = ", ".join(guards or decision.keys)
        yield Finding(
            FileLine(decision.path, decision.line),
            f"{decision.asks} decides {keys} only when the chart is applied, so the cluster may "
            "get something other than what was reviewed",
            severity,
            key=" ".join((decision.path, *identity)),
            facts={"asks": decision.asks, "keys": decision.keys},
        )


def _guards_of_base(decision: TemplateDecision, before: State, after: State) -> Iterator[str]:
    """What limits others and base has, and of which the decision makes something or nothing."""
    for resource in after.resources if decision.kinds else ():
        if resource.source.path != decision.path or before.get(resource.key) is None:
            continue
        named = {resource.key.kind, ANY_KIND}.intersection(decision.kinds)
        if named and limits_others(resource.group_kind):
            yield str_of(resource)


def _identity(decision: TemplateDecision) -> tuple[str, ...]:
    return (decision.path, decision.text, *decision.keys)
