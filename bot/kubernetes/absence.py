"""What is known: how sure a rule can be that something does not exist (DESIGN 4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from bot.core.finding import Finding, Severity
from bot.core.resource import GroupKind, Node, Resource
from bot.core.state import State
from bot.kubernetes.causes import ChangedPosition, changed_place, lost_place
from bot.kubernetes.checks import Violation, finding_at, reach_of
from bot.kubernetes.workloads.pods import PLACES

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
_FAR: Final = frozenset({"gateway.networking.k8s.io"})


def may_bring_pods(state: State, namespace: str) -> bool:
    """Whether something in this namespace may bring pods that no manifest shows."""
    return any(brings_pods(found.group_kind) for found in state.in_namespace(namespace))


def is_seen(state: State, namespace: str) -> bool:
    """Whether the pods of a namespace are all there to be seen."""
    return namespace in state.closed and not may_bring_pods(state, namespace)


def brings_pods(kind: GroupKind) -> bool:
    """Whether things of this kind may bring pods, and no manifest shows which."""
    ours = kind.group in _BUILT_IN or kind.group.endswith(".k8s.io")
    shown = kind in PLACES or kind in _PODLESS_KINDS or kind.group in _PODLESS
    return not ours and not shown


def absence_severity(
    state: State, namespace: str, kinds: Iterable[GroupKind], severity: Severity
) -> Severity | None:
    """How bad it is that something of these kinds is not to be found in a namespace.

    `severity` where every root that could hold it was read and the namespace holds things of its
    kind; a notice where only some was read; None where things of its kind are kept elsewhere.
    """
    if not state.of(*kinds, namespace=namespace):
        return None
    return severity if namespace in state.closed else Severity.NOTICE


@dataclass(frozen=True)
class CheckedReference:
    """What a resource refers to, and whether it was found.

    `identity` names what is referred to, so that base and head can be compared. `issue` is what is
    to be said where it was not found, `by` the places that make it be found; `kinds` are what such
    a reference normally leads to, and `unseen` says that it may lead to what no manifest shows,
    `certain` that it cannot be there, as what should hold it is and does not.
    """

    identity: str
    found: bool
    namespace: str
    kinds: tuple[GroupKind, ...]
    issue: Violation
    by: tuple[Node, ...] = ()
    unseen: bool = False
    certain: bool = False


References: TypeAlias = Callable[[State, Resource], Iterable[CheckedReference]]
"""What a resource of a state refers to."""


def dangling(
    before: State,
    after: State,
    subjects: tuple[GroupKind, ...],
    references: References,
    severity: Severity,
) -> Iterator[Finding]:
    """What these subjects refer to at head and what is not there, where base had it or it is known.

    Where base satisfied the reference, its loss has the full severity. Otherwise what is known
    decides. What base lacked as well is not reported.
    """
    reach = reach_of(before, after)
    for subject in after.of(*subjects):
        if subject.namespace not in reach and subject.key.group not in _FAR:
            continue
        old = before.get(subject.key)
        at_base = {
            reference.identity: reference
            for reference in (references(before, old) if old is not None else ())
        }
        for reference in references(after, subject):
            had = at_base.get(reference.identity)
            if not reference.found and (had is None or had.found):
                yield from _told(before, after, reference, had, severity)


def _told(
    before: State,
    after: State,
    reference: CheckedReference,
    had: CheckedReference | None,
    severity: Severity,
) -> Iterator[Finding]:
    issue = reference.issue
    told: Severity | None = severity
    if had is None and not reference.certain:
        told = absence_severity(after, reference.namespace, reference.kinds, severity)
        told = None if reference.unseen else told
    if told is None:
        return
    place = changed_place(before, issue.places)
    if place is None and had is not None:
        place = lost_place(after, had.by)
    yield finding_at(replace(issue, severity=told), place or ChangedPosition(issue.places[0]))
