"""What a kustomization that cannot be built takes in is judged as it stands."""

from __future__ import annotations

import pytest

from bot.core.engine.review import Location
from bot.core.finding import Severity
from tests.analysis.law import Repository, application, binding, config, flux, found, review
from tests.states import Files

COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
REMOTE = '"https://github.com/example/x/config?ref=v1"'
UNBUILT = f"resources: [{REMOTE}, ../plain]\n"
TREE: Files = {
    "plain/kustomization.yaml": "resources: [a.yaml]\n",
    "plain/a.yaml": config("plain"),
    "comp/kustomization.yaml": f"{COMPONENT}resources: [a.yaml]\n",
    "comp/a.yaml": config("comp"),
}
EVIL: Files = {"comp/a.yaml": f"{config('comp')}---\n{binding()}"}
REMOVES_NOTHING = "patches: [{patch: '[{op: remove, path: /none}]', target: {kind: ConfigMap}}]"


@pytest.mark.parametrize(
    "owners",
    [
        {"over/kustomization.yaml": f"{UNBUILT}components: [../comp]\n"},
        {
            "over/kustomization.yaml": f"{UNBUILT}components: [../middle]\n",
            "middle/kustomization.yaml": f"{COMPONENT}components: [../comp]\n",
        },
        {
            "over/kustomization.yaml": f"resources: [{REMOTE}, ../middle]\n",
            "middle/kustomization.yaml": "resources: [../low]\n",
            "low/kustomization.yaml": "components: [../comp]\n",
        },
        {
            "over/kustomization.yaml": "components: [../comp]\nhelmCharts:\n"
            "- {name: redis, repo: 'https://charts.example.com', version: 1.0.0}\n"
        },
        {
            "over/kustomization.yaml": f"{UNBUILT}components: [../comp]\n",
            "built/kustomization.yaml": "resources: [../plain]\ncomponents: [../comp]\n",
        },
        {
            "over/kustomization.yaml": f"{UNBUILT}components: [../comp]\n",
            "apps.yaml": flux("apps", "over"),
        },
        {
            "over/kustomization.yaml": UNBUILT,
            "apps.yaml": flux("apps", "over", "components: [../comp]"),
        },
        {
            "over/kustomization.yaml": UNBUILT,
            "apps.yaml": application("apps", "over", "kustomize: {components: [../comp]}"),
        },
        {"over/kustomization.yaml": f"{UNBUILT}components: [../comp, ../comp2]\n",
         "comp2/kustomization.yaml": f"{COMPONENT}components: [../comp2, ../comp]\n"},
    ],
    ids=["taken", "nested", "of-a-base", "chart", "one-of-two", "flux", "by-flux", "by-argo",
         "cycle"],
)  # fmt: skip
def test_what_a_component_lists_is_judged_where_its_owner_cannot_be_built(owners: Files) -> None:
    base = {**TREE, **owners}

    analysis = review(Repository(base, {**base, **EVIL}), builds=True)

    (finding,) = found(analysis, "rbac-privilege-added")
    assert (finding.severity, finding.location) == (
        Severity.ERROR,
        Location("comp/a.yaml", 10, "RIGHT"),
    )


def test_a_component_whose_owners_are_all_built_is_judged_by_their_output() -> None:
    base: Files = {
        **TREE,
        "one/kustomization.yaml": "resources: [../plain]\ncomponents: [../comp]\n",
        "two/kustomization.yaml": "components: [../comp]\nnamePrefix: two-\n",
    }
    head: Files = {
        **base,
        **EVIL,
        "comp/kustomization.yaml": f"{COMPONENT}resources: [a.yaml]\npatches:\n- patch: |\n"
        "    $patch: delete\n    apiVersion: rbac.authorization.k8s.io/v1\n"
        "    kind: ClusterRoleBinding\n    metadata: {name: evil}\n",
    }

    analysis = review(Repository(base, head), builds=True)

    assert (analysis.findings, analysis.problems) == ((), ())


def test_a_component_sets_its_namespace_on_what_its_owner_lists() -> None:
    base: Files = {
        **TREE,
        "comp/kustomization.yaml": f"{COMPONENT}namespace: kube-system\nresources: [a.yaml]\n",
        "over/kustomization.yaml": f"resources: [{REMOTE}, a.yaml]\ncomponents: [../comp]\n",
        "over/a.yaml": config(),
    }
    bound = binding().replace("kind: ClusterRoleBinding", "kind: RoleBinding")
    head: Files = {**base, "over/a.yaml": f"{config()}---\n{bound}"}

    analysis = review(Repository(base, head), builds=True)

    (finding,) = found(analysis, "rbac-privilege-added")
    assert finding.message == (
        "ServiceAccount shop/bot can now do everything in namespace kube-system"
    )


@pytest.mark.parametrize(
    ("files", "path"),
    [
        ({"dir/a.yaml": config(), "apps.yaml": flux("apps", "dir", REMOVES_NOTHING)}, "dir/a.yaml"),
        (
            {
                ".hidden/kustomization.yaml": f"resources: [{REMOTE}, a.yaml]\n",
                ".hidden/a.yaml": config(),
                "apps.yaml": flux("apps", ".hidden"),
            },
            ".hidden/a.yaml",
        ),
    ],
    ids=["generated", "hidden"],
)
def test_a_kustomization_that_only_its_owner_has_is_judged_as_it_stands(
    files: Files, path: str
) -> None:
    head: Files = {**files, path: f"{config()}---\n{binding()}"}

    analysis = review(Repository(files, head), builds=True)

    (finding,) = found(analysis, "rbac-privilege-added")
    assert (finding.severity, finding.location) == (
        Severity.ERROR,
        Location(path, 10, "RIGHT"),
    )
