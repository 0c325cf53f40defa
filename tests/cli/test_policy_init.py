"""`fairlead policy init`: what is proposed, and that it is valid."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.catalog import rule_options
from bot.core.policy.model import Images, NamespaceOwner, Policy
from bot.core.policy.reading import parse_policy
from tests.cli.running import ACCOUNT, Ran, commit, fairlead, write
from tests.tools import renderer_tools

POD = """\
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: {namespace}}}
spec: {{containers: [{{name: app, image: "{image}"}}]}}
"""
FILES = {
    "pay/api.yaml": POD.format(name="api", namespace="payments", image="ghcr.io/example/api:1.0"),
    "pay/db.yaml": POD.format(name="db", namespace="payments", image="postgres:17"),
    "shop/web.yaml": POD.format(name="web", namespace="shop", image="ghcr.io/example/web:1.0"),
    "shop/odd.yaml": POD.format(name="odd", namespace="mixed", image="quay.io/other/odd:1"),
    "pay/odd.yaml": POD.format(name="odd2", namespace="mixed", image="quay.io/other/odd:1"),
    ".github/CODEOWNERS": "* @jane\n/pay/ @example/payments @jane\n/shop/ @Example/Shop\n",
}
EXPECTED = Policy(
    mode="observe",
    images=Images(approved=("docker.io/library", "ghcr.io/example", "quay.io/other")),
    owners=(
        NamespaceOwner(namespaces=("payments",), teams=("example/payments",)),
        NamespaceOwner(namespaces=("shop",), teams=("example/shop",)),
    ),
)


def test_a_policy_is_proposed_from_what_runs_and_who_owns_it(tmp_path: Path) -> None:
    """A namespace whose files no team owns together gets no owner; people are no owners."""
    commit(tmp_path, FILES)

    ran = fairlead("policy", "init", "--repo", tmp_path)

    assert (ran.status, ran.stderr) == (0, "")
    assert parse_policy(ran.stdout, rule_options()) == EXPECTED


def test_images_of_what_is_rendered_are_among_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIRLEAD_TOOLS", str(renderer_tools()))
    kustomization = "resources: [pod.yaml]\nimages: [{name: api, newName: ghcr.io/example/api}]\n"
    commit(
        tmp_path,
        {
            "app/kustomization.yaml": kustomization,
            "app/pod.yaml": POD.format(name="api", namespace="shop", image="api:1"),
        },
    )
    ran = fairlead("policy", "init", "--repo", tmp_path)

    assert (ran.status, ran.stderr) == (0, "")
    assert parse_policy(ran.stdout, rule_options()).images.approved == ("ghcr.io/example",)


def test_what_could_not_be_looked_at_is_said_beside_the_proposal(tmp_path: Path) -> None:
    remote = "resources: ['https://github.com/example/bases//app?ref=v1']\n"
    commit(tmp_path, {"app/kustomization.yaml": remote, **FILES})
    ran = fairlead("policy", "init", "--repo", tmp_path)

    assert ran.stderr == (
        "fairlead: warning: the kustomization app is not rendered: it lists "
        "'https://github.com/example/bases//app?ref=v1', which is outside this repository\n"
        "fairlead: warning: 1 thing could not be reviewed, such as remote bases: add the "
        "registries of their images yourself\n"
    )
    assert parse_policy(ran.stdout, rule_options()) == EXPECTED


REMOTE = "resources: ['https://github.com/example/bases//app?ref=v%d']\n"


@pytest.mark.parametrize(
    ("last", "share"), [(20, "Incomplete in 2 of 3 merges:"), (1, ""), (0, "")]
)
def test_it_says_how_many_of_the_last_merges_would_have_been_incomplete(
    tmp_path: Path, last: int, share: str
) -> None:
    commit(tmp_path, FILES)
    for files in (
        {"app/kustomization.yaml": REMOTE % 1},
        {"app/kustomization.yaml": REMOTE % 2},
        {"README.md": "x\n"},
    ):
        commit(tmp_path, files)

    ran = fairlead("policy", "init", "--repo", tmp_path, "--no-fetch", "--last", str(last))

    lines = [line for line in ran.stderr.splitlines() if not line.startswith("fairlead: ")]
    assert lines[:1] == [share] * bool(share)
    assert ["what would help: " in line for line in lines[2:-1:2]] == [True, True] * bool(share)
    assert parse_policy(ran.stdout, rule_options()) == EXPECTED


def test_names_that_yaml_would_read_otherwise_stay_what_they_are(tmp_path: Path) -> None:
    commit(
        tmp_path,
        {
            "a.yaml": POD.format(name="a", namespace="'on'", image="localhost:5000/a"),
            "CODEOWNERS": "* @example/a\n",
        },
    )

    found = parse_policy(fairlead("policy", "init", "--repo", tmp_path).stdout, rule_options())

    assert (found.images.approved, found.owners) == (
        ("localhost:5000/a",),
        (NamespaceOwner(namespaces=("on",), teams=("example/a",)),),
    )


def test_an_empty_repository_gets_a_policy_as_well(tmp_path: Path) -> None:
    commit(tmp_path, {"README.md": "nothing\n"})

    ran = fairlead("policy", "init", "--repo", tmp_path)

    assert parse_policy(ran.stdout, rule_options()) == Policy(mode="observe")


def test_it_is_written_where_the_app_looks_and_never_over_another(tmp_path: Path) -> None:
    commit(tmp_path, FILES)
    target = tmp_path / ".github" / "fairlead.yml"

    first = fairlead("policy", "init", "--repo", tmp_path, "--write")
    second = fairlead("policy", "init", "--repo", tmp_path, "--write")

    assert first == Ran(0, f"wrote {target}\n", "")
    assert parse_policy(target.read_text(), rule_options()) == EXPECTED
    assert second == Ran(
        2,
        "",
        f"fairlead: {target} already exists: run without --write to print the proposal\n",
    )


def test_the_first_line_names_the_schema_of_the_service_for_editors(tmp_path: Path) -> None:
    folder = write(tmp_path, {"a.yaml": ACCOUNT})

    ran = fairlead("policy", "init", folder, "--service", "https://fairlead.example.com/")
    wrong = fairlead("policy", "init", folder, "--service", "fairlead.example.com\nmode: x")

    assert ran.stdout.splitlines()[:3] == [
        "# yaml-language-server: $schema=https://fairlead.example.com/policy.schema.json",
        "# What Fairlead requires of a change. Every key: docs/policy.md.",
        "version: 1",
    ]
    assert (wrong.status, wrong.stdout) == (2, "")
    assert "is not an address such as https://fairlead.example.com" in wrong.stderr
