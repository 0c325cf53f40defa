"""What the API server refuses depends on the tool that applies an object."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.rendering import Declared, Tool
from bot.core.resource import Resource
from bot.core.state import State
from bot.core.validation import Refusal, ValidationResult
from bot.kubernetes.invalid import invalid
from tests.states import world

ARGO = "{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: a}, spec: {%s}}"
SET = "{apiVersion: argoproj.io/v1alpha1, kind: ApplicationSet, metadata: {name: a}, spec: {%s}}"
FLUX = "{apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, metadata: {name: a}}"
RELEASE = "{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, metadata: {name: a}}"
OPTIONS = "syncPolicy: {syncOptions: [%s]}"
DROPS = ARGO % (OPTIONS % "Validate=false")
SERVER_SIDE = ARGO % (OPTIONS % "ServerSideApply=true")
DROPS_IN_SET = SET % f"template: {{spec: {{{OPTIONS % 'Validate=false'}}}}}"
BOTH = ARGO % (OPTIONS % "Validate=false, ServerSideApply=true")

# The item of the same key stands twice; the misspelt field is not there.
PORTS = "ports: [{name: a, port: 80}, {name: b, port: 80}]"
MISSPELT = "ports: [{name: a, port: 80, targetport: 8}]"


def _service(spec: str, options: str = "") -> str:
    marks = f", annotations: {{argocd.argoproj.io/sync-options: '{options}'}}" if options else ""
    return f"{{apiVersion: v1, kind: Service, metadata: {{name: a{marks}}}, spec: {{{spec}}}}}"


def _declared(owner: str) -> Declared:
    (resource,) = world(owner).resources
    tool: Tool = "argocd" if resource.key.kind.startswith("Application") else "flux"
    return Declared(resource.root, "apps", tool=tool)


def _found(service: str, *owners: str, refusals: tuple[Refusal, ...] = ()) -> list[tuple[str, str]]:
    after = world(service)
    resource: Resource = after.resources[0]
    state: State = replace(
        after,
        applied_by={resource.key: tuple(map(_declared, owners))},
        validations={resource.key: ValidationResult("judged", refusals)},
    )
    return [
        (str(found.severity), found.message) for found in invalid(None, resource, world(), state)
    ]


@pytest.mark.parametrize(
    ("owners", "options", "severity", "end"),
    [
        ((), "", "warning", ": a server-side apply refuses it"),
        ((RELEASE,), "", "warning", ": a server-side apply refuses it"),
        ((FLUX,), "", "error", ": the server-side apply of Flux refuses it"),
        ((SERVER_SIDE,), "", "error", ": the server-side apply of Argo CD refuses it"),
        ((ARGO % "", FLUX), "", "error", ": the server-side apply of Flux refuses it"),
        (
            (ARGO % "",),
            "ServerSideApply=true",
            "error",
            ": the server-side apply of Argo CD refuses it",
        ),
        ((SERVER_SIDE,), "ServerSideApply=false", "", ""),
        ((ARGO % "",), "", "", ""),
        ((ARGO % "project: [x], syncPolicy: {syncOptions: x}",), "", "", ""),
    ],
)
def test_items_of_one_key_are_refused_by_a_server_side_apply(
    owners: tuple[str, ...], options: str, severity: str, end: str
) -> None:
    found = _found(_service(PORTS, options), *owners)

    assert [(level, message.endswith(end)) for level, message in found] == (
        [(severity, True)] if severity else []
    )


@pytest.mark.parametrize(
    ("owners", "options", "severity"),
    [
        ((), "", "error"),
        ((FLUX,), "", "error"),
        ((ARGO % "",), "", "error"),
        ((DROPS,), "", "warning"),
        ((DROPS_IN_SET,), "", "warning"),
        ((ARGO % "",), "Validate=false", "warning"),
        ((BOTH,), "", "error"),
        ((DROPS, FLUX), "", "error"),
        ((DROPS, RELEASE), "", "error"),
    ],
)
def test_an_unknown_field_is_dropped_where_argo_does_not_validate(
    owners: tuple[str, ...], options: str, severity: str
) -> None:
    refusal = Refusal("spec.ports[0].targetport", "UnknownField")

    ((level, message),) = _found(_service(MISSPELT, options), *owners, refusals=(refusal,))

    assert level == severity
    assert message.endswith("; Argo CD drops it, because of Validate=false") == (level == "warning")
