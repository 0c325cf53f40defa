"""Kinds of well-known projects, judged by the definitions that the projects publish."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.core.finding import Severity
from bot.kubernetes.schemas.known_kinds import known_kind, known_versions
from bot.kubernetes.schemas.spelling import is_misspelling
from rules.manifest_invalid import compare
from tests.oracle.custom_kinds import PROJECTS
from tests.states import world


def certificate(**spec: object) -> dict[str, Any]:
    whole = {"secretName": "tls", "issuerRef": {"name": "a"}, **spec}
    return {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Certificate",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {name: value for name, value in whole.items() if value is not None},
    }


def gateway(version: str, kind: str, **spec: object) -> dict[str, Any]:
    return {
        "apiVersion": f"gateway.networking.k8s.io/{version}",
        "kind": kind,
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": spec,
    }


def release(**spec: object) -> dict[str, Any]:
    return {
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"interval": "1h", "chartRef": {"kind": "OCIRepository", "name": "a"}, **spec},
    }


def rows(body: dict[str, Any], *more: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Severity, code, field and nearest name of each finding of the new objects."""
    after = world(*(json.dumps(item) for item in (*more, body)))
    return [
        (found.severity, *(found.facts[name] for name in ("code", "field", "nearest")))
        for found in compare(world(), after, None)
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(
            certificate(dnsnames=["a.example"]),
            (Severity.ERROR, "UNKNOWN-FIELD", "spec.dnsnames", "dnsNames"),
            id="letter case",
        ),
        pytest.param(
            release(chartRef={"kind": "OCIRepository", "nmae": "a", "name": "b"}),
            (Severity.ERROR, "UNKNOWN-FIELD", "spec.chartRef.nmae", "name"),
            id="two letters swapped",
        ),
        pytest.param(
            release(retries=3),
            (Severity.WARNING, "UNKNOWN-FIELD", "spec.retries", None),
            id="a field of another level",
        ),
        pytest.param(
            certificate(renewedAtNoon=True),
            (Severity.NOTICE, "UNKNOWN-FIELD", "spec.renewedAtNoon", None),
            id="a field that a newer release may have",
        ),
        pytest.param(
            release(intervalJitter="1m"),
            (Severity.NOTICE, "UNKNOWN-FIELD", "spec.intervalJitter", "interval"),
            id="a name that extends another",
        ),
        pytest.param(
            certificate(isCA="true"),
            (Severity.ERROR, "WRONG-TYPE", "spec.isCA", None),
            id="wrong type",
        ),
        pytest.param(
            gateway("v1alpha2", "TCPRoute", rules=[{"backendRefs": [{"name": "a", "port": "80"}]}]),
            (
                Severity.WARNING,
                "WRONG-TYPE",
                "spec.rules[*].backendRefs[name=a,port=80].port",
                None,
            ),
            id="wrong type in an alpha version",
        ),
        pytest.param(
            certificate(issuerRef=None),
            (Severity.WARNING, "REQUIRED", "spec.issuerRef", None),
            id="missing field",
        ),
        pytest.param(
            certificate(privateKey={"algorithm": "rsa"}),
            (Severity.ERROR, "INVALID", "spec.privateKey.algorithm", "RSA"),
            id="misspelt value",
        ),
        pytest.param(
            certificate(privateKey={"algorithm": "Dilithium"}),
            (Severity.WARNING, "INVALID", "spec.privateKey.algorithm", None),
            id="a value that a newer release may have",
        ),
    ],
)
def test_what_no_release_of_the_project_takes(
    body: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    assert rows(body) == [expected]


@pytest.mark.parametrize(
    "body",
    [
        certificate(),
        certificate(privateKey=None, subject=None),
        release(values={"anything": 1}, postRenderers=[{"kustomize": {"patches": []}}]),
        gateway("v1", "HTTPRoute", rules=[{"backendRefs": [{"name": "a", "port": 80}]}]),
        {**certificate(isCa=True), "apiVersion": "cert-manager.io/v1alpha2"},
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "ClusterWorkflowTemplate",
            "metadata": {"name": "a"},
        },
    ],
)
def test_what_some_release_takes_or_nobody_here_knows(body: dict[str, Any]) -> None:
    assert rows(body) == []


def test_a_value_that_flux_replaces_is_not_judged() -> None:
    assert rows(certificate(isCA="${IS_CA}", duration="${DURATION}")) == []


def test_a_misspelt_kind_is_served_by_nobody() -> None:
    body = {**release(), "kind": "HelmRelaese"}

    assert rows(body) == [
        (Severity.ERROR, "NOT-SERVED", "kind", "helm.toolkit.fluxcd.io/v2 HelmRelease")
    ]


def test_the_repository_s_own_definition_decides() -> None:
    """It is the release that the cluster runs: what it has is right, what it lacks is an error."""
    schema = {
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": {"own": {"type": "string"}}}},
    }
    version = {"name": "v1", "served": True, "storage": True}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "certificates.cert-manager.io"},
        "spec": {
            "group": "cert-manager.io",
            "scope": "Namespaced",
            "names": {"kind": "Certificate", "plural": "certificates"},
            "versions": [{**version, "schema": {"openAPIV3Schema": schema}}],
        },
    }
    body = {**certificate(), "spec": {"own": "a", "renewedAtNoon": True}}

    assert rows(body, definition) == [(Severity.ERROR, "UNKNOWN-FIELD", "spec.renewedAtNoon", None)]


@pytest.mark.parametrize(
    ("name", "other", "expected"),
    [
        ("targetport", "targetPort", True),
        ("nmae", "name", True),
        ("naem", "name", True),
        ("secretNmae", "secretName", True),
        ("issuer", "issuerRef", False),
        ("game", "name", True),
        ("gate", "name", False),
        ("WorkflowTemplate", "AnalysisTemplate", False),
    ],
)
def test_a_misspelling_differs_in_case_or_few_letters(
    name: str, other: str, *, expected: bool
) -> None:
    assert is_misspelling(name, other) is expected


def test_each_project_is_named_in_the_documentation_with_its_releases() -> None:
    page = (Path(__file__).parents[3] / "docs/validation.md").read_text("utf-8")
    table = {line.split(" | ")[0].removeprefix("| "): line for line in page.splitlines()}

    lines = {project.name: table.get(project.name, "") for project in PROJECTS}
    assert {name for name, line in lines.items() if not line} == set()
    for project in PROJECTS:
        versions = [version for _, version in project.releases]
        assert f" | {', '.join(versions)} | " in lines[project.name]


def test_kinds_that_rules_read_are_known() -> None:
    for api_version, kind in (
        ("argoproj.io/v1alpha1", "Application"),
        ("argoproj.io/v1alpha1", "Rollout"),
        ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
        ("source.toolkit.fluxcd.io/v1", "OCIRepository"),
        ("gateway.networking.k8s.io/v1", "HTTPRoute"),
        ("external-secrets.io/v1", "ExternalSecret"),
        ("monitoring.coreos.com/v1", "ServiceMonitor"),
        ("networking.istio.io/v1", "VirtualService"),
        ("keda.sh/v1alpha1", "ScaledObject"),
        ("bitnami.com/v1alpha1", "SealedSecret"),
    ):
        assert known_kind(api_version, kind) is not None, kind
    assert len({key.group for key in known_versions()}) > len(PROJECTS)
