"""Changed files that hold manifests in a form that is not read."""

from __future__ import annotations

import pytest

from bot.analysis.examine import examine
from bot.core.policy.model import Policy

ROLE = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: x}\n"
TEMPLATE = ROLE + "rules: {{ .Values.rules }}\n{{- if .x }}\nmore: [\n{{ end }}\n"


def problems(base: dict[str, str], head: dict[str, str], *ignore: str) -> list[tuple[str, bool]]:
    sides = [{path: text.encode() for path, text in side.items()} for side in (base, head)]
    analysis = examine(sides[0], sides[1], Policy(ignore=ignore), ())
    return [(problem.message.partition(":")[0], problem.new) for problem in analysis.problems]


@pytest.mark.parametrize(
    ("path", "text", "why"),
    [
        ("deploy/rbac.yaml", TEMPLATE, "is a template outside a chart, so its output"),
        ("deploy/rbac.yaml.j2", TEMPLATE, "is a template outside a chart, so its output"),
        ("deploy/rbac.tmpl.yaml", f"{ROLE}x: '{{{{ .y }}}}'\n", "is a template outside a chart"),
        ("deploy/rbac.yaml.gotmpl", ROLE, "is a template outside a chart"),
        ("helmfile.yaml", "releases: []\n", "is a helmfile, which Fairlead does not build"),
        (
            "helmfile.d/10-apps.yaml",
            "releases: []\n",
            "is a helmfile, which Fairlead does not build",
        ),
        (
            "a/helmfile.yaml.gotmpl",
            "releases: []\n",
            "is a helmfile, which Fairlead does not build",
        ),
        ("lib/x.libsonnet", "{a:: {apiVersion: 'v1', kind: 'Role'}}\n", "is Jsonnet, which"),
        ("lib/x.jsonnet", "{\n  apiVersion: 'v1',\n  kind: 'Role' }\n", "is Jsonnet, which"),
    ],
)
def test_a_changed_file_whose_manifests_are_not_read_is_a_problem(
    path: str, text: str, why: str
) -> None:
    ((message, new),) = problems({}, {path: text})

    assert message.startswith(f"{path} {why}")
    assert new


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("chart/templates/rbac.yaml", TEMPLATE),
        ("docs/page.md.j2", "# {{ title }}\n"),
        ("values.yaml", "a: b\n"),
        ("lib/x.libsonnet", "{ title: 'panel' }\n"),
        ("deploy/rbac.tmpl.yaml", ROLE),
        (".github/rbac.yaml.j2", TEMPLATE),
    ],
)
def test_what_is_read_or_is_no_manifest_is_no_problem(path: str, text: str) -> None:
    chart = {"chart/Chart.yaml": "name: c\nversion: 1.0.0\ntype: library\n"}

    assert problems(chart, {**chart, path: text}) == []


def test_a_file_that_did_not_change_or_is_ignored_is_no_problem() -> None:
    files = {"deploy/rbac.yaml": TEMPLATE}

    assert problems(files, files) == []
    assert problems({}, files, "deploy/**") == []


def test_files_that_are_not_read_for_one_reason_are_one_problem() -> None:
    files = {f"deploy/{number}.yaml.j2": TEMPLATE for number in range(8)}
    sides: tuple[dict[str, bytes], ...] = (
        {},
        {path: text.encode() for path, text in files.items()},
    )

    first, other = (
        examine(sides[0], {**sides[1], **more}, Policy(), ()).problems
        for more in ({}, {"deploy/7.yaml.j2": f"{TEMPLATE}# x\n".encode()})
    )

    assert " | ".join(problem.message for problem in first) == (
        "deploy/0.yaml.j2 and 7 more (deploy/1.yaml.j2, deploy/2.yaml.j2, deploy/3.yaml.j2, "
        "deploy/4.yaml.j2, deploy/5.yaml.j2 and 2 more): each is a template outside a chart, so "
        "its output is not known: list them under `ignore:` in the policy if nothing "
        "applies them, or review them by hand"
    )
    assert [problem.id for problem in first] == [problem.id for problem in other]
    assert [problem.digest for problem in first] != [problem.digest for problem in other]


def test_a_removed_or_changed_template_was_as_unknown_before() -> None:
    files = {"deploy/rbac.yaml": TEMPLATE}

    assert [new for _, new in problems(files, {})] == [False]
    assert [new for _, new in problems(files, {"deploy/rbac.yaml": f"{TEMPLATE}# x\n"})] == [False]
