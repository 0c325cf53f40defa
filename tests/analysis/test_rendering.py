"""What a change to an overlay or a chart does, rendered by the real programs, from real commits."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bot.analysis.process.parent import AnalysisOptions, ComparedTree
from bot.analysis.process.renders import Renders, renders_here
from bot.analysis.review import review_trees
from bot.core.engine.review import Location, RenderedRoots, Review
from bot.core.policy.model import Policy
from bot.git import Repository
from tests.git.repositories import commit, make_repository
from tests.states import resource
from tests.tools import renderer_tools

TODAY = date(2026, 1, 1)
RBAC = "rbac.authorization.k8s.io/v1"
ROLE = resource(
    "ClusterRole",
    "reader",
    "rules: [{apiGroups: [''], resources: [pods], verbs: [get, list]}]",
    api=RBAC,
)
BINDING = resource(
    "ClusterRoleBinding",
    "reader",
    "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}",
    "subjects: [{kind: ServiceAccount, name: bot, namespace: shop}]",
    api=RBAC,
)
OVERLAY = {
    "base/kustomization.yaml": "resources: [rbac.yaml]\n",
    "base/rbac.yaml": f"{ROLE}---\n{BINDING}",
    "overlays/prod/kustomization.yaml": "resources: [../../base]\npatches: [{path: more.yaml}]\n",
    "overlays/prod/more.yaml": ROLE,
}
CHART = {
    "charts/web/Chart.yaml": "apiVersion: v2\nname: webapp\nversion: 0.1.0\n",
    "charts/web/values.yaml": "verbs: [get]\n",
    "charts/web/templates/rbac.yaml": ROLE.replace("[get, list]", "{{ toJson .Values.verbs }}")
    + "---\n"
    + BINDING,
}


@pytest.fixture(scope="session")
def renders() -> Renders:
    return renders_here((renderer_tools(),))


def reviewed(
    path: Path, base: dict[str, str], head: dict[str, str], renders: Renders, **more: object
) -> Review:
    """The review of two commits of a new repository."""
    place = make_repository(path / "repository")
    commits = [
        commit(place, dict(base)),
        commit(place, {**dict.fromkeys(set(base) - set(head)), **head}),
    ]
    repository = Repository(place)
    with repository.blobs() as blobs:
        old, new = (ComparedTree(repository.tree(name), blobs, name) for name in commits)
        options = AnalysisOptions(renders=renders, rules=("rbac-privilege-added",), **more)  # type: ignore[arg-type]
        return review_trees(old, new, Policy(), TODAY, options)


def found(review: Review) -> list[tuple[str, Location | None]]:
    return [(held.message, held.location) for held in review.findings]


def test_a_privilege_comes_in_by_a_patch(tmp_path: Path, renders: Renders) -> None:
    head = {**OVERLAY, "overlays/prod/more.yaml": ROLE.replace("pods", "secrets")}

    review = reviewed(tmp_path, OVERLAY, head, renders)

    assert [(text.partition(",")[0], place) for text, place in found(review)] == [
        (
            "ServiceAccount shop/bot can now read every Secret in the cluster",
            Location("overlays/prod/more.yaml", 4, "RIGHT"),
        )
    ]
    assert (review.problems, review.verdict) == ((), "blocked")
    assert review.summary.rendered is not None
    assert (review.summary.rendered.rendered, review.summary.rendered.affected) == (1, 1)
    assert [tool.partition(" ")[0] for tool in review.summary.rendered.tools] == ["kustomize"]


def test_a_privilege_comes_in_by_a_value(tmp_path: Path, renders: Renders) -> None:
    base = {**CHART, "charts/web/templates/rbac.yaml": CHART["charts/web/templates/rbac.yaml"]}
    head = {**base, "charts/web/values.yaml": 'verbs: ["*"]\n'}

    review = reviewed(tmp_path, base, head, renders)

    assert [(held.rule, held.location) for held in review.findings] == [
        ("rbac-privilege-added", Location("charts/web/values.yaml", 1, "RIGHT"))
    ]
    assert review.problems == ()


def test_an_unaffected_root_is_not_rendered(tmp_path: Path, renders: Renders) -> None:
    base = {**OVERLAY, **CHART, "plain/a.yaml": resource("ConfigMap", "a")}
    head = {**base, "plain/a.yaml": resource("ConfigMap", "a", "data: {x: y}")}

    review = reviewed(tmp_path, base, head, renders)

    assert (review.findings, review.problems, review.summary.rendered) == ((), (), None)
    assert review.verdict == "pass"


def test_without_a_renderer_a_changed_overlay_is_a_new_problem_with_the_way_out(
    tmp_path: Path,
) -> None:
    head = {**OVERLAY, "overlays/prod/more.yaml": ROLE.replace("pods", "secrets")}

    review = reviewed(tmp_path, OVERLAY, head, Renders())

    ((problem),) = review.problems
    assert (problem.kind, problem.new, problem.location) == (
        "unrendered",
        True,
        Location("overlays/prod/kustomization.yaml", 2, "RIGHT"),
    )
    assert "kustomize is not installed: run `fairlead tools fetch`" in problem.message
    assert review.summary.rendered == RenderedRoots(0, 1)
    assert review.verdict == "incomplete"
