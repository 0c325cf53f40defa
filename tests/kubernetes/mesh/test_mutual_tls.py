"""Where PeerAuthentications require mutual TLS less than before."""

from __future__ import annotations

import pytest

from rules import guardrail_weakened
from tests.states import world


def peer(mode: str | None, namespace: str = "shop", name: str = "tls", more: str = "") -> str:
    mtls = "" if mode is None else f"mtls: {{mode: {mode}}}, "
    return (
        "---\napiVersion: security.istio.io/v1\nkind: PeerAuthentication\n"
        f"metadata: {{name: {name}, namespace: {namespace}}}\nspec: {{{mtls}{more}}}\n"
    )


def workload(mode: str | None, label: str = "web", name: str = "web", ports: str = "") -> str:
    more = f"selector: {{matchLabels: {{app: {label}}}}}, portLevelMtls: {{{ports}}}"
    return peer(mode, name=name, more=more)


def pods(label: str) -> str:
    return (
        "---\napiVersion: apps/v1\nkind: Deployment\n"
        f"metadata: {{name: {label}, namespace: shop}}\n"
        f"spec: {{template: {{metadata: {{labels: {{app: {label}}}}}}}}}\n"
    )


def reported(before: str, after: str) -> list[tuple[str, str]]:
    findings = guardrail_weakened.compare(world(before), world(after), None)
    return [(str(finding.severity), finding.message) for finding in findings]


MESH = peer("STRICT", "istio-system")
WEAKER = [
    (peer("STRICT"), peer("PERMISSIVE"), "pods in namespace shop"),
    (peer("STRICT"), peer("DISABLE"), "every request in clear"),
    (peer("STRICT"), "", "PeerAuthentication shop/tls is removed"),
    (peer("STRICT"), peer(None), "PERMISSIVE instead of STRICT"),
    (peer("STRICT"), peer("UNSET"), "PERMISSIVE instead of STRICT"),
    (MESH, peer("PERMISSIVE", "istio-system"), "pods in the whole mesh"),
    (MESH, "", "pods in the whole mesh"),
    (MESH, MESH + peer("PERMISSIVE"), "shop/tls requires less"),
    (peer("STRICT"), peer("STRICT") + workload("PERMISSIVE"), "pods with app=web"),
    (workload("STRICT"), workload("STRICT", "api"), "pods with app=web"),
    (workload("STRICT"), workload("STRICT", ports="'80': {mode: DISABLE}"), "port 80 of pods"),
    (
        workload("STRICT", ports="'80': {mode: STRICT}"),
        workload("PERMISSIVE", ports="'80': {mode: STRICT}"),
        "pods with app=web in namespace shop also",
    ),
    # A policy of the root namespace with a selector holds for nothing.
    (
        MESH,
        peer("STRICT", "istio-system", more="selector: {matchLabels: {app: web}}"),
        "whole mesh",
    ),
]


@pytest.mark.parametrize(("before", "after", "text"), WEAKER)
def test_less_mutual_tls_is_an_error(before: str, after: str, text: str) -> None:
    [(severity, message)] = reported(before, after)
    assert severity == "error"
    assert text in message


@pytest.mark.parametrize(
    ("before", "after"),
    [("", peer("DISABLE")), (peer("PERMISSIVE"), peer("DISABLE")), (peer("DISABLE"), "")],
)
def test_mutual_tls_that_nobody_had_to_use_is_at_most_a_warning(before: str, after: str) -> None:
    assert {severity for severity, _ in reported(before, after)} <= {"warning"}


KEPT = [
    ("", peer("STRICT")),
    ("", peer("PERMISSIVE")),
    (peer("PERMISSIVE"), peer("STRICT")),
    (peer("PERMISSIVE"), ""),
    (MESH + peer("STRICT"), MESH),
    (MESH + peer("STRICT"), MESH + peer("UNSET")),
    (MESH + peer("PERMISSIVE"), MESH),
    (peer("STRICT"), peer("STRICT", more="selector: {matchLabels: {}}")),
    (peer("STRICT"), peer("STRICT", name="renamed")),
    # The older policy of a level is the one that counts.
    (peer("STRICT"), peer("STRICT") + peer("PERMISSIVE", name="a")),
    (workload("STRICT"), workload("STRICT", ports="'80': {mode: UNSET}")),
    (
        workload("PERMISSIVE", ports="'80': {mode: STRICT}"),
        workload("STRICT"),
    ),
    # Gone together with the only pods that it selected.
    (pods("web") + pods("api") + workload("STRICT"), pods("api")),
]


@pytest.mark.parametrize(("before", "after"), KEPT)
def test_as_much_mutual_tls_is_quiet(before: str, after: str) -> None:
    assert reported(before, after) == []


def test_finding_stands_on_the_mode() -> None:
    [finding] = guardrail_weakened.compare(
        world(peer("STRICT") + workload("STRICT")),
        world(peer("PERMISSIVE") + workload("STRICT")),
        None,
    )
    assert str(finding.node).endswith("spec.mtls.mode")
    assert finding.side == "RIGHT"
