"""See workload_privileged.md."""

from collections.abc import Iterator
from typing import Literal

from bot.core.engine.consent import POD_TEMPLATE
from bot.core.finding import Finding, Related, Severity
from bot.core.resource import GroupKind, Resource
from bot.core.state import State
from bot.core.words import first_of, series
from bot.kubernetes import kinds
from bot.kubernetes.causes import changed_position
from bot.kubernetes.podsecurity.new_violations import (
    ENFORCE_LABEL,
    NewViolations,
    new_violations,
    newly_refused,
)
from bot.kubernetes.podsecurity.standard import PodSecurityViolation
from bot.kubernetes.workloads.pods import str_of
from bot.kubernetes.workloads.template_paths import TEMPLATED
from bot.records import dataclass

SEVERITY = Severity.ERROR
CONSENT = POD_TEMPLATE
SUBJECTS: tuple[GroupKind, ...] = (*TEMPLATED, kinds.NAMESPACE)


@dataclass(frozen=True, slots=True)
class Options:
    """`restricted`: whether the restricted level is looked at, and where."""

    restricted: Literal["asked", "always", "never"] = "asked"


def compare(before: State, after: State, options: Options) -> Iterator[Finding]:
    for violations in new_violations(before, after):
        yield from _baseline(violations, after)
        is_asked = violations.admission.asks_restricted or violations.met_restricted
        judged = options.restricted == "always" or (options.restricted == "asked" and is_asked)
        if violations.restricted and judged:
            yield _restricted(violations)
    for namespace, workload, refused in newly_refused(before, after):
        yield _newly_refused(before, namespace, workload, refused)


def _baseline(violations: NewViolations, after: State) -> Iterator[Finding]:
    refused = violations.admission.refuses("baseline")
    expected = violations.admission.enforced == "privileged" or (
        violations.resource.namespace in after.policy.privileged_namespaces
    )
    if violations.moved and len(violations.baseline) > 1:
        yield _moved(violations, Severity.WARNING if expected and not refused else SEVERITY)
        return
    for number, violation in enumerate(violations.baseline):
        severity = SEVERITY
        if expected and not refused:
            # One thread for an agent of the node, however many of the node's things it needs.
            severity = Severity.NOTICE if number else Severity.WARNING
        message = f"{str_of(violations.resource)} {violation.text}{_end(violations)}"
        facts = {"control": violation.control}
        yield Finding(
            violation.node, message, severity, f"{violation.control} {violation.detail}", facts
        )


def _newly_refused(
    before: State,
    namespace: Resource,
    workload: Resource,
    refused: tuple[PodSecurityViolation, ...],
) -> Finding:
    """A namespace that newly enforces a level which a workload in it violates."""
    texts = [violation.text for violation in refused]
    label = namespace.at("metadata", "labels", ENFORCE_LABEL)
    message = (
        f"Namespace {namespace.name} newly enforces {label.text} and refuses pods of"
        f" {str_of(workload)}: {first_of(texts, 1)}"
    )
    cause = changed_position(before, (label, namespace.at("metadata", "labels")))
    related = (Related(refused[0].node, "violates it"),)
    return Finding(
        cause.node, message, SEVERITY, f"refused {workload.key}", related=related, side=cause.side
    )


def _moved(violations: NewViolations, severity: Severity) -> Finding:
    """One finding for a workload that moved as it was: nobody edited the fields that violate."""
    texts = [violation.text for violation in violations.baseline]
    resource = violations.resource
    message = (
        f"{str_of(resource)} {series(texts)}{_end(violations)}, in a namespace that is new to it"
    )
    controls = tuple(dict.fromkeys(violation.control for violation in violations.baseline))
    place = resource.at("metadata", "namespace")
    node = place if place.exists else resource.at("metadata", "name")
    return Finding(node, message, severity, "moved", {"controls": controls})


def _end(violations: NewViolations) -> str:
    refused = violations.admission.refuses("baseline")
    return f"; {_refusal(violations)}" if refused else ", beyond the baseline of Pod Security"


def _restricted(violations: NewViolations) -> Finding:
    texts = [violation.text for violation in violations.restricted]
    refused = violations.admission.refuses("restricted")
    end = f"; {_refusal(violations)}" if refused else ""
    begin = f"{str_of(violations.resource)} does not meet Pod Security restricted"
    message = f"{begin}: {first_of(texts, 1)}{end}"
    controls = tuple(dict.fromkeys(violation.control for violation in violations.restricted))
    severity = Severity.ERROR if refused else Severity.NOTICE
    return Finding(
        violations.restricted[0].node, message, severity, "restricted", {"controls": controls}
    )


def _refusal(violations: NewViolations) -> str:
    level = violations.admission.enforced
    return f"namespace {violations.resource.namespace} enforces {level} and refuses its pods"
