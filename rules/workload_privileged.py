"""See workload_privileged.md."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bot.core.finding import Finding, Severity
from bot.core.resource import GroupKind
from bot.core.state import State
from bot.kubernetes.podsecurity.new_violations import NewViolations, new_violations
from bot.kubernetes.workloads.pods import TEMPLATED, str_of

SEVERITY = Severity.ERROR
SUBJECTS: tuple[GroupKind, ...] = TEMPLATED


@dataclass(frozen=True, slots=True)
class Options:
    """`restricted`: whether the restricted level is looked at, and where."""

    restricted: Literal["asked", "always", "never"] = "asked"


def compare(before: State, after: State, options: Options) -> Iterator[Finding]:
    for held in new_violations(before, after):
        yield from _baseline(held, after)
        asked = held.admission.asks_restricted or held.met_restricted
        wanted = options.restricted == "always" or (options.restricted == "asked" and asked)
        if held.restricted and wanted:
            yield _restricted(held)


def _baseline(held: NewViolations, after: State) -> Iterator[Finding]:
    refused = held.admission.refuses("baseline")
    expected = held.admission.enforced == "privileged" or (
        held.resource.namespace in after.policy.privileged_namespaces
    )
    for number, found in enumerate(held.baseline):
        severity = SEVERITY
        if expected and not refused:
            # One thread for an agent of the node, however many of the node's things it needs.
            severity = Severity.NOTICE if number else Severity.WARNING
        end = f"; {_refusal(held)}" if refused else ", beyond the baseline of Pod Security"
        message = f"{str_of(held.resource)} {found.text}{end}"
        facts = {"control": found.control}
        yield Finding(found.node, message, severity, f"{found.control} {found.detail}", facts)


def _restricted(held: NewViolations) -> Finding:
    first, *more = held.restricted
    refused = held.admission.refuses("restricted")
    count = f" and {len(more)} more" if more else ""
    end = f"; {_refusal(held)}" if refused else ""
    message = (
        f"{str_of(held.resource)} does not meet Pod Security restricted: {first.text}{count}{end}"
    )
    controls = tuple(dict.fromkeys(found.control for found in held.restricted))
    severity = Severity.ERROR if refused else Severity.NOTICE
    return Finding(first.node, message, severity, "restricted", {"controls": controls})


def _refusal(held: NewViolations) -> str:
    level = held.admission.enforced
    return f"namespace {held.resource.namespace} enforces {level} and refuses its pods"
