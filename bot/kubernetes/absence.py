"""How certain the absence of a resource is, so that a rule may say that it does not exist."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final, TypeAlias

from bot.core.finding import Finding, Severity
from bot.core.resource import GroupKind, Node, Resource
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.causes import ChangedPosition, changed_place, lost_place
from bot.kubernetes.checks import ChangeReach, Violation, finding_at, reach_of
from bot.kubernetes.workloads.template_paths import PLACES
from bot.records import dataclass

# Groups of which no kind brings pods into its namespace, and what a name ends in that is
# Kubernetes' own. Whatever is not listed may be an operator's, and its pods are in no manifest.
_PODLESS: Final = frozenset(
    {
        "acme.cert-manager.io",
        "bitnami.com",
        "cert-manager.io",
        "cilium.io",
        "configuration.konghq.com",
        "crd.projectcalico.org",
        "constraints.gatekeeper.sh",
        "external-secrets.io",
        "gateway.envoyproxy.io",
        "generators.external-secrets.io",
        "isindir.github.com",
        "keda.sh",
        "kyverno.io",
        "metallb.io",
        "networking.istio.io",
        "policy.linkerd.io",
        "projectcalico.org",
        "route.openshift.io",
        "secrets.hashicorp.com",
        "security.istio.io",
        "telemetry.istio.io",
        "traefik.containo.us",
        "traefik.io",
        "trust.cert-manager.io",
        "velero.io",
        *(
            f"{controller}.toolkit.fluxcd.io"
            for controller in ("image", "kustomize", "notification", "source")
        ),
    }
)
_BUILT_IN: Final = frozenset({"", "apps", "autoscaling", "batch", "extensions", "policy"})
_PODLESS_KINDS: Final = frozenset(
    {
        *(
            GroupKind("argoproj.io", kind)
            for kind in ("Application", "ApplicationSet", "AppProject")
        ),
        *(
            GroupKind("monitoring.coreos.com", kind)
            for kind in ("PodMonitor", "Probe", "PrometheusRule", "ServiceMonitor")
        ),
    }
)

# Kinds of these groups refer to things in other namespaces.
_FAR: Final = frozenset({"gateway.networking.k8s.io", "networking.istio.io", "traefik.io"})


def may_bring_pods(state: State, namespace: str) -> bool:
    """Whether a resource of this namespace may create pods that no manifest shows."""
    return namespace in state.derived(_with_hidden_pods)


def _with_hidden_pods(state: State) -> frozenset[str | None]:
    return frozenset(
        resource.namespace
        for kind in state.kinds
        if brings_pods(kind)
        for resource in state.of(kind)
    )


def may_bring_resources(state: State, namespace: str) -> bool:
    """Whether a chart or source that was not rendered may bring resources into a namespace.

    A HelmRelease or Application says where its resources go; a namespace of which every root was
    read shows what it brings.
    """
    if namespace in state.closed:
        return False
    releases = state.of(kinds.HELM_RELEASE)
    if any((r.at("spec", "targetNamespace").text or r.namespace) == namespace for r in releases):
        return True
    applications = state.of(kinds.APPLICATION)
    return any(a.at("spec", "destination", "namespace").text == namespace for a in applications)


def is_seen(state: State, namespace: str) -> bool:
    """Whether manifests show every pod of a namespace."""
    return namespace in state.closed and not may_bring_pods(state, namespace)


def brings_pods(kind: GroupKind) -> bool:
    """Whether resources of this kind may create pods that no manifest shows."""
    ours = kind.group in _BUILT_IN or kind.group.endswith(".k8s.io")
    shown = kind in PLACES or kind in _PODLESS_KINDS or kind.group in _PODLESS
    return not ours and not shown


def absence_severity(
    state: State, namespace: str, kinds: Iterable[GroupKind], severity: Severity
) -> Severity | None:
    """The severity of the absence of a resource of these kinds in a namespace.

    It is `severity` where every root that could hold the resource was read and the namespace holds
    resources of these kinds. It is None where something was not read, which may hold the resource,
    and where the namespace holds none of these kinds, so that they are probably kept elsewhere.
    """
    seen = namespace in state.closed and state.of(*kinds, namespace=namespace)
    return severity if seen else None


@dataclass(frozen=True)
class CheckedReference:
    """A reference from one resource to another, and whether its target exists.

    `identity` names the target, so that base and head can be compared. `violation` is what to
    report where the target is missing; `by` are the field paths that make the target exist. `kinds`
    are the kinds of the target. `unseen` means that the target may exist without a manifest,
    `certain` that it cannot, because the resource that would hold it is known and does not.
    """

    identity: str
    found: bool
    namespace: str
    kinds: tuple[GroupKind, ...]
    violation: Violation
    by: tuple[Node, ...] = ()
    unseen: bool = False
    certain: bool = False


References: TypeAlias = Callable[[State, Resource], Iterable[CheckedReference]]
"""What a resource of a state refers to."""


def _always(subject: Resource, reach: ChangeReach) -> bool:
    del subject, reach
    return True


@dataclass(frozen=True)
class Referrers:
    """Resources that refer to others: their kinds, and what each refers to.

    `touched` says whether a change may have an effect on the references of a resource: on the
    resource itself, or on anything that its references are looked up in. `far` are kinds that these
    resources refer to in every namespace.
    """

    kinds: tuple[GroupKind, ...]
    references: References
    touched: Callable[[Resource, ChangeReach], bool] = _always
    far: tuple[GroupKind, ...] = ()


def dangling(
    before: State, after: State, referrers: Referrers, severity: Severity
) -> Iterator[Finding]:
    """The references of these subjects that lead nowhere at head.

    A reference that base satisfied and head does not has the full severity. For a reference that
    head adds, `absence_severity` decides. A reference that base did not satisfy either is not
    reported.
    """
    reach = reach_of(before, after)
    is_far = bool(referrers.far) and reach.changes_any(*referrers.far)
    reached = (
        subject
        for kind in referrers.kinds
        for subject in (
            after.of(kind) if is_far or kind.group in _FAR else reach.resources(after, kind)
        )
        if referrers.touched(subject, reach)
    )
    references = referrers.references
    for subject in reached:
        old = before.get(subject.key)
        at_base = {
            reference.identity: reference
            for reference in (references(before, old) if old is not None else ())
        }
        for reference in references(after, subject):
            had = at_base.get(reference.identity)
            if not reference.found and (had is None or had.found):
                yield from _absence_finding(before, after, reference, had, severity)


def _absence_finding(
    before: State,
    after: State,
    reference: CheckedReference,
    had: CheckedReference | None,
    severity: Severity,
) -> Iterator[Finding]:
    violation = reference.violation
    level: Severity | None = severity
    if had is None and not reference.certain:
        level = absence_severity(after, reference.namespace, reference.kinds, severity)
        level = None if reference.unseen else level
    if level is None:
        return
    place = changed_place(before, violation.places)
    if place is None and had is not None:
        place = lost_place(after, had.by)
    yield finding_at(
        replace(violation, severity=level), place or ChangedPosition(violation.places[0])
    )
