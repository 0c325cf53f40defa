"""See chart_decides_late.md."""

from collections import Counter
from collections.abc import Iterator

from bot.core.finding import FileLine, Finding, Severity
from bot.core.resource import GroupKind
from bot.core.state import State
from bot.core.template_decision import TemplateDecision

SEVERITY = Severity.WARNING
SUBJECTS: tuple[GroupKind, ...] = ()
REACH = "environment"


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    known = Counter(map(_mark, before.template_decisions))
    for held in after.template_decisions:
        mark = _mark(held)
        if known[mark]:
            known[mark] -= 1
            continue
        # The versions of a cluster are few and known; what it holds, or chance, is anything.
        severity = Severity.NOTICE if held.asks == "Capabilities" else SEVERITY
        keys = ", ".join(held.keys)
        yield Finding(
            FileLine(held.path, held.line),
            f"{held.asks} decides about {keys} only where the chart is applied, so that what was "
            "looked at may be something else there",
            severity,
            key=" ".join((held.path, *mark)),
            facts={"asks": held.asks, "keys": held.keys},
        )


def _mark(held: TemplateDecision) -> tuple[str, ...]:
    return (held.path, held.text, *held.keys)
