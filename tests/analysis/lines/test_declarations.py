"""What an Argo CD or Flux object causes stands on the line of that object."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.analysis.process.parent import AnalysisOptions, ComparedTree
from bot.analysis.process.renders import Renders, renders_here
from bot.analysis.review import review_trees
from bot.core.engine.review import Location
from bot.core.policy.model import Policy
from bot.git import Repository
from tests.analysis.test_rendering import BINDING, ROLE, TODAY
from tests.git.repositories import commit, make_repository
from tests.tools import renderer_tools

OWN = "https://github.com/acme/shop"

CHART = {
    "charts/web/Chart.yaml": "apiVersion: v2\nname: webapp\nversion: 0.1.0\n",
    "charts/web/values.yaml": "verb: get\nother: get\n",
    "charts/web/templates/rbac.yaml": (
        ROLE.replace("[get, list]", '["{{ .Values.verb }}", "{{ .Values.other }}"]')
        + "---\n"
        + BINDING
    ),
}
OVERLAY = {
    "web/kustomization.yaml": "resources: [rbac.yaml]\n",
    "web/rbac.yaml": f"{ROLE}---\n{BINDING}",
}
VARIABLES = {
    **OVERLAY,
    "web/rbac.yaml": ROLE.replace("[get, list]", '["${verb}"]') + "---\n" + BINDING,
}


def application(path: str, *more: str) -> str:
    """An Application of a directory of the repository, with these lines in its source."""
    return "\n".join(
        (
            "apiVersion: argoproj.io/v1alpha1",
            "kind: Application",
            "metadata: {name: web, namespace: argocd}",
            "spec:",
            "  destination: {namespace: shop, server: https://kubernetes.default.svc}",
            "  source:",
            f"    repoURL: {OWN}",
            f"    path: {path}",
            *more,
            "",
        )
    )


def flux(*more: str) -> str:
    """A Flux Kustomization of `web`, and the repository that it is of."""
    return "\n".join(
        (
            "apiVersion: source.toolkit.fluxcd.io/v1",
            "kind: GitRepository",
            "metadata: {name: shop, namespace: flux-system}",
            f"spec: {{url: {OWN}, interval: 1m}}",
            "---",
            "apiVersion: kustomize.toolkit.fluxcd.io/v1",
            "kind: Kustomization",
            "metadata: {name: web, namespace: flux-system}",
            "spec:",
            "  interval: 1m",
            "  prune: true",
            "  path: ./web",
            "  sourceRef: {kind: GitRepository, name: shop}",
            *more,
            "",
        )
    )


def release(*more: str) -> str:
    """A HelmRelease of the chart."""
    return "\n".join(
        (
            "apiVersion: source.toolkit.fluxcd.io/v1",
            "kind: GitRepository",
            "metadata: {name: shop, namespace: shop}",
            f"spec: {{url: {OWN}, interval: 1m}}",
            "---",
            "apiVersion: helm.toolkit.fluxcd.io/v2",
            "kind: HelmRelease",
            "metadata: {name: web, namespace: shop}",
            "spec:",
            "  interval: 1m",
            "  chart: {spec: {chart: ./charts/web, sourceRef: {kind: GitRepository, name: shop}}}",
            *more,
            "",
        )
    )


PARAMETERS = (
    "    helm:",
    "      parameters:",
    "        - {name: other, value: watch}",
    "        - name: verb",
)
OBJECT = ("    helm:", "      valuesObject:", "        other: watch")
PATCH = (
    "    kustomize:",
    "      patches:",
    "        - target: {kind: ClusterRole, name: reader}",
    "          patch: |-",
    "            - op: replace",
    "              path: /rules/0/verbs",
)
SET = (
    "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\n"
    "metadata: {name: webs, namespace: argocd}\nspec:\n  generators:\n    - list:\n"
    "        elements:\n          - name: web\n            verb: get\n"
    "  template:\n    metadata: {name: '{{name}}'}\n    spec:\n"
    "      destination: {namespace: shop, server: https://kubernetes.default.svc}\n"
    f"      source:\n        repoURL: {OWN}\n        path: charts/web\n"
    "        helm: {parameters: [{name: verb, value: '{{verb}}'}]}\n"
)
PARENT = {
    "parent/Chart.yaml": "apiVersion: v2\nname: parent\nversion: 0.1.0\n",
    "parent/values.yaml": "# of the child\nverb: get\n",
    "parent/templates/app.yaml": application(
        "charts/web", *PARAMETERS, "          value: '{{ .Values.verb }}'"
    ),
}


@pytest.fixture(scope="session")
def renders() -> Renders:
    return renders_here((renderer_tools(),))


def places(
    folder: Path, base: Mapping[str, str], head: Mapping[str, str], renders: Renders
) -> list[Location | None]:
    """Where the findings stand of what head changes."""
    place = make_repository(folder / "repository")
    gone = dict.fromkeys(set(base) - set(head))
    commits = [commit(place, dict(base)), commit(place, {**gone, **head})]
    repository = Repository(place)
    with repository.blobs() as blobs:
        old, new = (ComparedTree(repository.tree(name), blobs, name) for name in commits)
        options = AnalysisOptions(
            renders=renders, rules=("rbac-privilege-added",), repositories=(OWN,)
        )
        review = review_trees(old, new, Policy(), TODAY, options)
    assert review.problems == ()
    return [held.location for held in review.findings]


@pytest.mark.parametrize(
    ("base", "place", "change"),
    [
        pytest.param(
            {
                **CHART,
                "apps/web.yaml": application("charts/web", *PARAMETERS, "          value: get"),
            },
            Location("apps/web.yaml", 13, "RIGHT"),
            ("value: get", "value: '*'"),
            id="a parameter of an Application",
        ),
        pytest.param(
            {**CHART, "apps/web.yaml": application("charts/web", *OBJECT, "        verb: get")},
            Location("apps/web.yaml", 12, "RIGHT"),
            ("verb: get", "verb: '*'"),
            id="a value of an Application",
        ),
        pytest.param(
            {**OVERLAY, "apps/web.yaml": application("web", *PATCH, "              value: [get]")},
            Location("apps/web.yaml", 15, "RIGHT"),
            ("value: [get]", "value: ['*']"),
            id="a patch of an Application",
        ),
        pytest.param(
            {**CHART, "apps/webs.yaml": SET},
            Location("apps/webs.yaml", 9, "RIGHT"),
            ("verb: get", "verb: '*'"),
            id="an element of an ApplicationSet",
        ),
        pytest.param(
            {
                **CHART,
                "apps/web.yaml": application("charts/web"),
                "charts/web/.argocd-source.yaml": (
                    "helm:\n  parameters:\n    - name: verb\n      value: get\n"
                ),
            },
            Location("charts/web/.argocd-source.yaml", 4, "RIGHT"),
            ("value: get", "value: '*'"),
            id="an override beside the chart",
        ),
        pytest.param(
            {**CHART, **PARENT},
            Location("parent/values.yaml", 2, "RIGHT"),
            ("verb: get", "verb: '*'"),
            id="a value of the chart that makes the Application",
        ),
        pytest.param(
            {
                **VARIABLES,
                "apps/web.yaml": flux("  postBuild:", "    substitute:", "      verb: get"),
            },
            Location("apps/web.yaml", 16, "RIGHT"),
            ("verb: get", "verb: create"),
            id="a variable of a Kustomization",
        ),
        pytest.param(
            {
                **VARIABLES,
                "apps/vars.yaml": (
                    "apiVersion: v1\nkind: ConfigMap\n"
                    "metadata: {name: vars, namespace: flux-system}\ndata:\n  verb: get\n"
                ),
                "apps/web.yaml": flux(
                    "  postBuild:", "    substituteFrom: [{kind: ConfigMap, name: vars}]"
                ),
            },
            Location("apps/vars.yaml", 5, "RIGHT"),
            ("verb: get", "verb: create"),
            id="a variable of a ConfigMap",
        ),
        pytest.param(
            {**CHART, "apps/web.yaml": release("  values:", "    verb: get")},
            Location("apps/web.yaml", 13, "RIGHT"),
            ("verb: get", "verb: '*'"),
            id="a value of a HelmRelease",
        ),
        pytest.param(
            {
                **OVERLAY,
                "web/kustomization.yaml": (
                    "resources: [rbac.yaml]\npatches:\n"
                    "  - target: {kind: ClusterRole, name: reader}\n    patch: |-\n"
                    "      - op: replace\n        path: /rules/0/verbs\n        value: [get]\n"
                ),
                "apps/web.yaml": flux("  commonMetadata: {labels: {a: b}}", "  namePrefix: x-"),
            },
            Location("web/kustomization.yaml", 7, "RIGHT"),
            ("value: [get]", "value: ['*']"),
            id="a kustomization that Flux writes into",
        ),
    ],
)
def test_a_privilege_stands_where_it_is_declared(
    tmp_path: Path,
    renders: Renders,
    base: dict[str, str],
    place: Location,
    change: tuple[str, str],
) -> None:
    head = {**base, place.path: base[place.path].replace(*change)}

    assert places(tmp_path, base, head, renders) == [place]


def test_what_a_new_application_applies_stands_at_its_path(
    tmp_path: Path, renders: Renders
) -> None:
    """The overlay was there, and a base of another: nothing applied it."""
    base = {**OVERLAY, "top/kustomization.yaml": "resources: [../web]\nnamePrefix: x-\n"}
    head = {**base, "apps/web.yaml": application("web", "    kustomize: {namePrefix: y-}")}

    assert places(tmp_path, base, head, renders) == [Location("apps/web.yaml", 8, "RIGHT")]
