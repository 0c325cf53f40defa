"""What Flux refuses for tenants and verifies, and what a change takes from that."""

# ruff: noqa: E501 - a row of a table is one line

from __future__ import annotations

import pytest

from rules import gitops_authority_widened
from tests.states import world


def controller(image: str, *arguments: str) -> str:
    listed = ", ".join(f"'{argument}'" for argument in arguments)
    return (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: c, namespace: ops}\n"
        f"spec: {{template: {{spec: {{containers: [{{name: c, image: {image}, args: [{listed}]}}]}}}}}}\n"
    )


LOCKED = ("--no-cross-namespace-refs=true", "--default-service-account=default")


def source(spec: str, kind: str = "OCIRepository") -> str:
    return f"apiVersion: source.toolkit.fluxcd.io/v1\nkind: {kind}\nmetadata: {{name: s, namespace: ops}}\nspec: {{interval: 1m, {spec}}}\n"


def instance(cluster: str) -> str:
    return f"apiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\nmetadata: {{name: flux, namespace: ops}}\nspec: {{cluster: {{{cluster}}}}}\n"


@pytest.mark.parametrize(
    ("base", "head", "expected"),
    [
        (controller("fluxcd/kustomize-controller:v1", *LOCKED), controller("fluxcd/kustomize-controller:v1"),
         ["Deployment ops/c now takes sources and references of other namespaces",
          "Deployment ops/c now applies what names no account with the controller's own rights"]),
        (controller("fluxcd/helm-controller:v1", *LOCKED), controller("fluxcd/helm-controller:v2", LOCKED[0], "--default-service-account=admin"),
         ["Deployment ops/c now applies what names no account as admin"]),
        (controller("fluxcd/helm-controller:v1", *LOCKED), controller("fluxcd/helm-controller:v2", *reversed(LOCKED), "--log-level=info"), []),
        (controller("fluxcd/helm-controller:v1"), controller("fluxcd/helm-controller:v1", *LOCKED), []),
        (controller("a/web:v1", *LOCKED), controller("a/web:v1"), []),
        (source("verify: {mode: HEAD}", "GitRepository"), source("url: a", "GitRepository"),
         ["GitRepository ops/s is now fetched without verifying who signed it"]),
        (source("verify: {provider: cosign, matchOIDCIdentity: [{issuer: a}]}"), source("verify: {provider: cosign}"),
         ["OCIRepository ops/s now takes a signature of anybody"]),
        (source("verify: {provider: cosign, matchOIDCIdentity: [{issuer: a}]}"), source("verify: {provider: cosign, secretRef: {name: a}}"), []),
        (source("url: a"), source("verify: {provider: cosign}"), []),
        (instance("multitenant: true"), instance("multitenant: true, networkPolicy: false"),
         ["FluxInstance ops/flux no longer has network policies for Flux's controllers"]),
        (instance("networkPolicy: false"), instance("networkPolicy: true"), []),
        (instance("networkPolicy: true"), instance("type: kubernetes"), []),
    ],
)  # fmt: skip
def test_what_flux_no_longer_refuses(base: str, head: str, expected: list[str]) -> None:
    found = gitops_authority_widened.compare(world(base), world(head), None)
    assert [each.message for each in found] == expected
