"""Manifests in files that nothing applies: judged as they are written, whatever their keys."""

from __future__ import annotations

import pytest

from bot.core.engine.review import Location
from bot.core.reading import read_manifest
from tests.analysis.law import (
    Repository,
    application,
    binding,
    config,
    flux,
    found,
    review,
    workload,
)
from tests.analysis.law_cases import SYNC

BASE = {
    "apps/kustomization.yaml": "resources: [api.yaml, cm.yaml]\n",
    "apps/api.yaml": workload(),
    "apps/cm.yaml": config(),
}
RUN = (
    "apiVersion: v1\nkind: Pod\nmetadata: {generateName: run-, namespace: shop}\n"
    "spec:\n  hostPID: true\n  containers: [{name: a, image: registry.example.com/a/b:1}]\n"
)
TEMPLATED = (
    "apiVersion: fluxcd.controlplane.io/v1\nkind: ResourceSet\n"
    "metadata: {name: tenants, namespace: shop}\nspec:\n  inputs: [{tenant: a}]\n"
    "  resourcesTemplate: |\n    apiVersion: v1\n    kind: ConfigMap\n"
    "    metadata: {name: << inputs.tenant | quote >>}\n"
)


def _privileged(base: dict[str, str], files: dict[str, str]) -> list[tuple[str, str]]:
    analysis = review(Repository(base, {**base, **files}))
    return [
        (str(finding.severity), finding.location.path if finding.location else "")
        for finding in found(analysis, "workload-privileged")
    ]


def test_a_copy_of_what_is_applied_is_judged_as_it_is_written() -> None:
    copy = {"apps/old.yaml": workload("      hostPID: true\n")}

    assert _privileged(BASE, copy) == [("notice", "apps/old.yaml")]


def test_what_an_application_excludes_is_in_no_environment_of_its_own() -> None:
    excludes = application("apps", "apps", "directory: {exclude: 'np*'}")
    base = {"app.yaml": excludes, "apps/cm.yaml": config(), "apps/api.yaml": workload()}
    head = {**base, "apps/np.yaml": workload("      hostPID: true\n")}
    analysis = review(Repository(base, head))

    assert analysis.summary.environments == 1
    assert [str(each.severity) for each in found(analysis, "workload-privileged")] == ["notice"]


def test_a_changed_copy_is_compared_with_the_copy_that_it_was() -> None:
    copy = {"apps/old.yaml": workload("      hostPID: true\n")}
    labelled = {"apps/old.yaml": copy["apps/old.yaml"].replace("name: api,", "name:  api,")}

    assert _privileged({**BASE, **copy}, labelled) == []


@pytest.mark.parametrize("files", [{"apps/run.yaml": RUN}, {"apps/run.yaml": RUN + "---\n" + RUN}])
def test_what_has_only_the_prefix_of_a_name_replaces_nothing(files: dict[str, str]) -> None:
    base = {
        **BASE,
        "apps/kustomization.yaml": "resources: [api.yaml, cm.yaml, first.yaml]\n",
        "apps/first.yaml": RUN.replace("  hostPID: true\n", ""),
    }

    assert set(_privileged(base, files)) == {("notice", "apps/run.yaml")}


def test_an_unread_part_of_an_unlisted_carrier_is_a_problem() -> None:
    analysis = review(Repository(BASE, {**BASE, "apps/tenants.yaml": TEMPLATED}))

    assert [(problem.location, problem.message, problem.new) for problem in analysis.problems] == [
        (
            Location("apps/tenants.yaml", 6, "RIGHT"),
            (
                "ResourceSet/shop/tenants has a template expression that only the Flux Operator "
                "evaluates, so what it applies is not judged"
            ),
            True,
        )
    ]


def test_an_unchanged_unlisted_carrier_is_none() -> None:
    base = {**BASE, "apps/tenants.yaml": TEMPLATED}

    assert review(Repository(base, {**base, "apps/cm.yaml": config("more")})).problems == ()


@pytest.mark.parametrize(
    ("path", "ignored"),
    [
        pytest.param("apps/evil.json", "", id="Flux generates a kustomization without JSON"),
        pytest.param("apps/evil.yaml", "/apps/evil.yaml\n", id="its source ignores the file"),
    ],
)
def test_what_flux_leaves_out_is_judged_as_it_is_written(path: str, ignored: str) -> None:
    base = {"apps/cm.yaml": config(), "clusters/apps.yaml": flux("apps", "apps"), "s.yaml": SYNC}
    base |= {".sourceignore": ignored} if ignored else {}
    text = binding()
    if path.endswith(".json"):
        text = read_manifest(text.encode()).kubectl.objects[0].encoded.decode()

    analysis = review(Repository(base, {**base, path: text}), builds=True)

    assert [
        (str(finding.severity), finding.location and finding.location.path)
        for finding in found(analysis, "rbac-privilege-added")
    ] == [("notice", path)]


def test_a_patch_is_no_manifest_that_could_be_invalid() -> None:
    patch = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: a}\n"
    beside = {"apps/delete.yaml": f"{patch}$patch: delete\n"}

    assert found(review(Repository(BASE, {**BASE, **beside})), "manifest-invalid") == []
    written = {"apps/delete.yaml": patch}
    assert found(review(Repository(BASE, {**BASE, **written})), "manifest-invalid") != []
