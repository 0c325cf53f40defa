"""What a tree takes in from elsewhere, beyond the page of `remote-source-changed`."""

from __future__ import annotations

import pytest

from bot.core.state import State
from bot.kubernetes.remote.addresses import (
    SourceAddress,
    compare_link,
    follows_charts,
    follows_git,
    git_address,
    plain_address,
)
from bot.kubernetes.remote.changed import SourceChange, source_changes
from tests.states import Grove, resource, world

COMMIT = "0123456789" * 4


@pytest.mark.parametrize(
    ("text", "place", "part", "version"),
    [
        ("github.com/o/r?ref=v1.0.0", "github.com/o/r", "", "v1.0.0"),
        ("https://user:pass@github.com/o/r.git/a/b?ref=x", "github.com/o/r", "a/b", "x"),
        ("git@github.com:o/r.git//a?ref=x&timeout=9s", "github.com/o/r", "a", "x"),
        ("git::ssh://git@example.com:2222/o/r//a", "example.com:2222/o/r", "a", ""),
        ("https://www.github.com/o/r/tree/main/a", "github.com/o/r", "a", "main"),
        ("https://raw.githubusercontent.com/o/r/v1/a.yaml", "github.com/o/r", "a.yaml", "v1"),
        (
            "https://raw.githubusercontent.com/o/r/refs/heads/main/a.yaml",
            "github.com/o/r",
            "a.yaml",
            "main",
        ),
        (
            "https://github.com/o/r/releases/download/v1.2.3/a.yaml",
            "github.com/o/r",
            "a.yaml",
            "v1.2.3",
        ),
        (
            "https://github.com/o/r/releases/latest/download/a.yaml",
            "github.com/o/r",
            "a.yaml",
            "latest",
        ),
        ("https://example.com/x/v1.2.3/a.yaml", "example.com/x/*/a.yaml", "", "v1.2.3"),
        ("https://example.com/a.yaml?token=secret", "example.com/a.yaml", "", ""),
        ("https://gitlab.com/g/r.git?ref=1.0.0", "gitlab.com/g/r", "", "1.0.0"),
    ],
)
def test_an_address_is_a_place_a_part_and_a_version(
    text: str, place: str, part: str, version: str
) -> None:
    assert git_address(text) == SourceAddress(place, part, version)


def test_whose_something_is_depends_on_who_shares_the_host() -> None:
    addresses = ("oci://ghcr.io/Someone/charts", "https://charts.example.com/a", "ghcr.io")
    assert [plain_address(text).owner for text in addresses] == [
        "ghcr.io/someone",
        "charts.example.com",
        "ghcr.io",
    ]


@pytest.mark.parametrize("version", ["", "HEAD", "main", "release-1.2", "v1", "refs/heads/v1.0.0"])
def test_a_branch_or_nothing_can_change(version: str) -> None:
    assert follows_git(version)


@pytest.mark.parametrize(
    "version",
    [COMMIT, "v1.2", "1.2.3", "app-1.2.3", "kustomize/v5.0.0", "refs/tags/x", "{{branch}}"],
)
def test_a_commit_or_a_tag_is_a_version(version: str) -> None:
    assert not follows_git(version)


@pytest.mark.parametrize(
    ("versions", "follows"),
    [
        (("1.2.3", "v1.2.3-rc.1+build", "sha256:00", "{{version}}"), False),
        (("1.2", "1.x", "*", ">=1.2.3", ""), True),
    ],
)
def test_a_chart_has_an_exact_version_or_follows(
    versions: tuple[str, ...],
    follows: bool,  # noqa: FBT001 - a row of the table
) -> None:
    assert {follows_charts(version) for version in versions} == {follows}


def test_versions_are_compared_where_a_forge_shows_it() -> None:
    assert [
        compare_link("github.com/o/r", "refs/tags/v1", "v2"),
        compare_link("gitlab.com/g/s/r", "v1", "v2"),
        compare_link("example.com/o/r", "v1", "v2"),
        compare_link("github.com/o/r", "", "v2"),
        compare_link("github.com/o/r", "v1", "v2](https://example.com)"),
    ] == [
        "https://github.com/o/r/compare/v1...v2",
        "https://gitlab.com/g/s/r/-/compare/v1...v2",
        "",
        "",
        "",
    ]


def application(version: str, url: str = "https://github.com/o/r") -> str:
    return resource(
        "Application",
        "web",
        f"spec: {{source: {{repoURL: '{url}', targetRevision: '{version}'}}}}",
        namespace="argocd",
        api="argoproj.io/v1alpha1",
    )


def changed(before: State, after: State) -> list[SourceChange]:
    return list(source_changes(before, after))


def test_the_repository_under_review_is_nobody_else() -> None:
    head = world(application("HEAD"))
    own = State(head.resources, addresses=("git@github.com:O/R.git",))

    assert (len(changed(world(), head)), changed(world(), own)) == (1, [])


@pytest.mark.parametrize(
    ("base", "head", "unseen"),
    [
        ((), "main", False),
        ((), "evil", True),
        (("HEAD",), "master", False),
        (("HEAD",), COMMIT, True),
        (("main",), "evil", True),
        (("main",), "master", True),
        (("main",), "", False),
        (("v1.0.0",), "v1.1.0", True),
    ],
)
def test_another_revision_of_this_repository_is_not_what_is_reviewed(
    base: tuple[str, ...], head: str, *, unseen: bool
) -> None:
    before, after = (world(*map(application, versions)) for versions in (base, (head,)))
    own = State(after.resources, addresses=("git@github.com:O/R.git",))

    assert [change.unseen for change in changed(before, own)] == ([True] if unseen else [])


def test_a_version_that_is_pinned_again_moves_from_what_it_followed() -> None:
    (change,) = changed(world(application("main")), world(application(COMMIT)))

    assert (change.old and change.old.version, change.new.version, change.stranger) == (
        "main",
        COMMIT,
        False,
    )
    assert change.link == f"https://github.com/o/r/compare/main...{COMMIT}"


@pytest.mark.parametrize("odd", ["7", "[]", "{}", "[[]]", "null", "[7, {}]", "true"])
def test_fields_of_other_shapes_name_nothing(odd: str) -> None:
    api = "source.toolkit.fluxcd.io/v1"
    spec = f"spec: {{url: {odd}, ref: {odd}, sources: {odd}, chart: {odd}, generators: {odd}}}"
    held = [
        resource("GitRepository", "a", spec, api=api),
        resource("OCIRepository", "a", spec, api=api),
        resource("Bucket", "a", spec, api=api),
        resource("HelmChart", "a", spec, api=api),
        resource("Application", "a", spec, api="argoproj.io/v1alpha1"),
        resource("ApplicationSet", "a", spec, api="argoproj.io/v1alpha1"),
        resource("HelmRelease", "a", spec, api="helm.toolkit.fluxcd.io/v2"),
    ]

    assert changed(world(), world(*held)) == []


def test_an_environment_is_told_of_the_files_that_it_is_built_by() -> None:
    base = {
        "a/kustomization.yaml": "resources: [x.yaml]\n",
        "a/x.yaml": resource("ConfigMap", "x"),
        "b/kustomization.yaml": "resources: [x.yaml]\n",
        "b/x.yaml": resource("ConfigMap", "x"),
    }
    head = {**base, "a/x.yaml": resource("ConfigMap", "x", "data: {a: b}")}

    (pair,) = Grove(base, head).states().pairs

    assert [held.name for held in pair.after.inputs] == ["a/kustomization.yaml"]
    assert [held.name for held in pair.after.all_inputs] == [
        "a/kustomization.yaml",
        "b/kustomization.yaml",
    ]
