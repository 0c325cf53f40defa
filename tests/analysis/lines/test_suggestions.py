"""Fixes of what was rendered: suggested where the line is exact, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.analysis.process.parent import AnalysisOptions, ComparedTree
from bot.analysis.process.renders import Renders, renders_here
from bot.analysis.review import review_trees
from bot.core.engine.review import Location, Suggestion
from bot.core.policy.model import Policy
from bot.git import Repository
from tests.analysis.lines.test_declarations import OWN, application
from tests.analysis.test_rendering import TODAY
from tests.git.repositories import commit, make_repository
from tests.tools import renderer_tools

CHART = "apiVersion: v2\nname: web\nversion: 0.1.0\n"
TEMPLATE = "web/templates/job.yaml"
VALUES = "web/values.yaml"
JOB = "kind: CronJob\nmetadata: {name: web}\nspec: {schedule: hourly}\n"

Files = Mapping[str, str]
Found = list[tuple[Location | None, Suggestion | None]]


def chart(api: str, values: str = "a: 1\n", rest: str = JOB) -> dict[str, str]:
    """A chart of one CronJob, whose API version is written so."""
    return {"web/Chart.yaml": CHART, VALUES: values, TEMPLATE: f"apiVersion: {api}\n{rest}"}


@pytest.fixture(scope="session")
def renders() -> Renders:
    return renders_here((renderer_tools(),))


def suggested(folder: Path, base: Files, head: Files, renders: Renders) -> Found:
    """The places of the findings about API versions, and what is suggested there."""
    place = make_repository(folder / "repository")
    commits = [commit(place, dict(base)), commit(place, dict(head))]
    repository = Repository(place)
    with repository.blobs() as blobs:
        old, new = (ComparedTree(repository.tree(name), blobs, name) for name in commits)
        options = AnalysisOptions(
            renders=renders, rules=("api-version-removed",), repositories=(OWN,)
        )
        review = review_trees(old, new, Policy(), TODAY, options)
    return [(held.location, held.suggestion) for held in review.findings]


@pytest.mark.parametrize(
    ("change", "path", "text"),
    [
        pytest.param(
            (
                chart("batch/v1"),
                chart("batch/v1beta1"),
            ),
            TEMPLATE,
            "apiVersion: batch/v1",
            id="a literal of a template",
        ),
        pytest.param(
            (
                chart("batch/v1", rest=f"{JOB}# {{{{ .Values.a }}}}\n"),
                chart("'batch/v1beta1' # {{ .Values.a }}", rest=f"{JOB}# {{{{ .Values.a }}}}\n"),
            ),
            TEMPLATE,
            "apiVersion: 'batch/v1' # {{ .Values.a }}",
            id="a literal beside an action that is kept",
        ),
        pytest.param(
            (
                chart("{{ .Values.api }}", "api: batch/v1\n"),
                chart("{{ .Values.api }}", 'api: "batch/v1beta1"\n'),
            ),
            VALUES,
            'api: "batch/v1"',
            id="a value",
        ),
    ],
)
def test_the_line_that_holds_the_value_gets_the_fix(
    tmp_path: Path, renders: Renders, change: tuple[Files, Files], path: str, text: str
) -> None:
    wanted = [(Location(path, 1, "RIGHT"), Suggestion(1, 1, text))]

    assert suggested(tmp_path, *change, renders) == wanted


@pytest.mark.parametrize(
    ("change", "path"),
    [
        pytest.param(
            (
                chart('{{ .Values.api | default "batch/v1" }}'),
                chart('{{ .Values.api | default "batch/v1beta1" }}'),
            ),
            TEMPLATE,
            id="the action holds the value",
        ),
        pytest.param(
            (
                chart("batch/{{ .Values.version }}", "version: v1\n"),
                chart("batch/{{ .Values.version }}", "version: v1beta1\n"),
            ),
            VALUES,
            id="the line holds a part of the value",
        ),
        pytest.param(
            (
                chart("batch/v1", rest=JOB.replace("name: web", "name: web, labels: {v: a}")),
                chart("{{ $v := 1 }}batch/v1beta1", rest=JOB),
            ),
            TEMPLATE,
            id="the action makes something else as well",
        ),
        pytest.param(
            (
                chart("{{ .Values.api }}", "api: batch/v1\n", f"{JOB}  # {{{{ .Values.api }}}}\n"),
                chart(
                    "{{ .Values.api }}",
                    "api: batch/v1beta1\n",
                    JOB.replace("{name: web}", "{name: web, labels: {v: '{{ .Values.api }}x'}}"),
                ),
            ),
            VALUES,
            id="another field follows the value",
        ),
        pytest.param(
            (
                {**chart("batch/v1"), "web/values-prod.yaml": "a: 2\n"},
                {**chart("batch/v1beta1"), "web/values-prod.yaml": "a: 2\n"},
            ),
            TEMPLATE,
            id="the template is that of two roots",
        ),
    ],
)
def test_no_fix_is_suggested_where_more_would_change(
    tmp_path: Path, renders: Renders, change: tuple[Files, Files], path: str
) -> None:
    found = suggested(tmp_path, *change, renders)

    assert set(found) == {(Location(path, 1, "RIGHT"), None)}


def test_a_rendered_root_gets_no_fix_in_a_base_that_another_lists_as_it_stands(
    tmp_path: Path, renders: Renders
) -> None:
    """The overlay `dev` needs no renderer: for its own finding the file is a plain manifest."""
    job = f"apiVersion: batch/v1\n{JOB}"
    base = {
        "base/kustomization.yaml": "resources: [job.yaml]\n",
        "base/job.yaml": job,
        "dev/kustomization.yaml": "resources: [../base]\n",
        "prod/kustomization.yaml": "resources: [../base]\nnamePrefix: prod-\n",
    }
    head = {**base, "base/job.yaml": job.replace("batch/v1", "batch/v1beta1")}

    found = suggested(tmp_path, base, head, renders)

    place = Location("base/job.yaml", 1, "RIGHT")
    assert found == [(place, None), (place, Suggestion(1, 1, "apiVersion: batch/v1"))]


def test_what_declares_a_root_gets_no_fix(tmp_path: Path, renders: Renders) -> None:
    """It may declare others as well."""
    lines = application("web", "    helm:", "      valuesObject:", "        api: batch/v1")
    base = {**chart("{{ .Values.api }}", "api: batch/v1\n"), "apps/web.yaml": lines}
    head = {**base, "apps/web.yaml": lines.replace("batch/v1", "batch/v1beta1")}

    found = suggested(tmp_path, base, head, renders)

    assert found == [(Location("apps/web.yaml", 11, "RIGHT"), None)]
