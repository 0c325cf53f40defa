"""Templates whose output is decided only when the chart is applied."""

from collections import Counter
from collections.abc import Iterator

from bot.core.finding import FileLine, Finding, Severity
from bot.core.resource import GroupKind
from bot.core.state import State
from bot.core.template_decision import TemplateDecision

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
        keys = ", ".join(decision.keys)
        yield Finding(
            FileLine(decision.path, decision.line),
            f"{decision.asks} decides {keys} only when the chart is applied, so the cluster may "
            "get something other than what was reviewed",
            severity,
            key=" ".join((decision.path, *identity)),
            facts={"asks": decision.asks, "keys": decision.keys},
        )


def _identity(decision: TemplateDecision) -> tuple[str, ...]:
    return (decision.path, decision.text, *decision.keys)
