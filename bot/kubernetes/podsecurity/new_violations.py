"""New violations of the Pod Security Standards, and whether the namespace admits such pods."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from bot.core.resource import Resource, ResourceKey, route_text
from bot.core.state import State, changes, moved
from bot.kubernetes import kinds
from bot.kubernetes.podsecurity import baseline, restricted
from bot.kubernetes.podsecurity.standard import (
    Pod,
    PodSecurityLevel,
    PodSecurityVersion,
    PodSecurityViolation,
    parse_version,
)
from bot.kubernetes.workloads.pods import pod_templates
from bot.kubernetes.workloads.template_paths import TEMPLATED
from bot.records import dataclass

Enforced: TypeAlias = Literal["privileged", "baseline", "restricted"]

ENFORCE_LABEL: Final = "pod-security.kubernetes.io/enforce"
_OTHER_MODES: Final = ("pod-security.kubernetes.io/warn", "pod-security.kubernetes.io/audit")
_VERSION: Final = "pod-security.kubernetes.io/enforce-version"
_LEVELS: Final[tuple[PodSecurityLevel, ...]] = ("baseline", "restricted")
_CONTROLS: Final = {
    "baseline": baseline.CONTROLS,
    "restricted": restricted.CONTROLS,
}


@dataclass(frozen=True, slots=True)
class Admission:
    """What the labels of a namespace say about the pods that it admits.

    `enforced` is None where no label enforces a level; `asks_restricted` is set where a label
    enforces, audits or warns at the restricted level.
    """

    enforced: Enforced | None
    version: PodSecurityVersion
    asks_restricted: bool = False

    def refuses(self, level: PodSecurityLevel) -> bool:
        """Whether the namespace rejects pods that violate this level."""
        return self.enforced == "restricted" or self.enforced == level == "baseline"


def admission(state: State, namespace: str | None) -> Admission:
    """The admission labels of a namespace; the version defaults to the environment's Kubernetes."""
    labelled = state.get(ResourceKey("", "Namespace", None, namespace or ""))
    labels = labelled.labels if labelled is not None else {}
    version = parse_version(labels.get(_VERSION) or state.environment.kubernetes)
    asks = any(labels.get(label) == "restricted" for label in (ENFORCE_LABEL, *_OTHER_MODES))
    match labels.get(ENFORCE_LABEL):
        case "privileged" | "baseline" | "restricted" as level:
            return Admission(level, version, asks)
        case _:
            return Admission(None, version, asks)


def violations(
    resource: Resource, level: PodSecurityLevel, version: PodSecurityVersion
) -> Iterator[PodSecurityViolation]:
    """The violations of one level by the pods of this resource."""
    for template in pod_templates(resource):
        pod = Pod(template, version)
        for control in _CONTROLS[level]:
            yield from control(pod)


@dataclass(frozen=True, slots=True)
class NewViolations:
    """The violations of each level that a resource has at head and did not have at base.

    `met_restricted` says that the resource existed at base and violated nothing there; `moved`,
    that it existed in another namespace as it is.
    """

    resource: Resource
    baseline: tuple[PodSecurityViolation, ...]
    restricted: tuple[PodSecurityViolation, ...]
    admission: Admission
    met_restricted: bool = False
    moved: bool = False


def new_violations(before: State, after: State) -> Iterator[NewViolations]:
    """The new violations of every resource with a pod template that changed."""
    for change in changes(before, after, *TEMPLATED):
        if change.after is not None:
            rules = admission(after, change.after.namespace)
            baseline, restricted = (
                tuple(_new(change.before, change.after, level, rules.version)) for level in _LEVELS
            )
            if baseline or restricted:
                met = change.before is not None and not any(
                    True
                    for level in _LEVELS
                    for _ in violations(change.before, level, rules.version)
                )
                origin = change.key in moved(before, after)
                yield NewViolations(change.after, baseline, restricted, rules, met, origin)


def _new(
    before: Resource | None, after: Resource, level: PodSecurityLevel, version: PodSecurityVersion
) -> Iterator[PodSecurityViolation]:
    """The violations beyond base's count of the same kind; a renamed container is not new."""
    old = tuple(violations(before, level, version)) if before is not None else ()
    remaining = Counter((violation.control, violation.detail) for violation in old)
    places = {
        (violation.control, violation.detail, route_text(violation.node.route)) for violation in old
    }
    current = tuple(violations(after, level, version))
    elsewhere = []
    for violation in current:
        if (violation.control, violation.detail, route_text(violation.node.route)) in places:
            remaining[violation.control, violation.detail] -= 1
        else:
            elsewhere.append(violation)
    for violation in elsewhere:
        if remaining[violation.control, violation.detail] > 0:
            remaining[violation.control, violation.detail] -= 1
        else:
            yield violation


def newly_refused(
    before: State, after: State
) -> Iterator[tuple[Resource, Resource, tuple[PodSecurityViolation, ...]]]:
    """The workloads that stay as they are and that their namespace newly refuses, with why.

    Running pods stay until they are replaced.
    """
    for change in changes(before, after, kinds.NAMESPACE):
        if change.after is None:
            continue
        name = change.after.name
        rules, earlier = admission(after, name), admission(before, name)
        for workload in after.of(*TEMPLATED, namespace=name) if rules != earlier else ():
            old = before.get(workload.key)
            if old is None or old.encoded != workload.encoded:
                continue
            refused = tuple(_refused(workload, rules))
            if refused and not any(_refused(old, earlier)):
                yield change.after, workload, refused


def _refused(workload: Resource, rules: Admission) -> Iterator[PodSecurityViolation]:
    for level in _LEVELS:
        if rules.refuses(level):
            yield from violations(workload, level, rules.version)
