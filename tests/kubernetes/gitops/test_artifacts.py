"""Artifacts that are composed of directories of this repository."""

from __future__ import annotations

import pytest

from bot.core.rendering import Declared
from tests.kubernetes.gitops.declaring import REPOSITORY, declared, unbuilt

GIT = f"""\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {{name: infra, namespace: flux-system}}
spec: {{url: {REPOSITORY}}}
"""
FILES = {
    "apps/shop/prod/role.yaml": "kind: Role\n",
    "apps/shop/base/role.yaml": "kind: Role\n",
}


def files(copies: str, path: str, source: str = "infra") -> dict[str, str]:
    generator = (
        "apiVersion: source.extensions.fluxcd.io/v1beta1\nkind: ArtifactGenerator\n"
        "metadata: {name: shop, namespace: flux-system}\n"
        f"spec: {{sources: [{{alias: repo, kind: GitRepository, name: {source}}}], "
        f"artifacts: [{{name: shop, copy: [{copies}]}}]}}\n"
    )
    kustomization = (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
        "metadata: {name: shop, namespace: flux-system}\n"
        f"spec: {{path: {path}, sourceRef: {{kind: ExternalArtifact, name: shop}}}}\n"
    )
    text = f"{GIT}---\n{generator}---\n{kustomization}"
    return {"flux.yaml": text, **FILES}


def copy(start: str, target: str, more: str = "") -> str:
    return f"{{from: '@repo/{start}', to: '@artifact/{target}'{more}}}"


@pytest.mark.parametrize(
    ("copies", "path", "expected"),
    [
        (copy("apps/shop/prod/**", "shop/"), "./shop", "apps/shop/prod"),
        (copy("apps/shop/**", "shop/"), "shop/prod", "apps/shop/prod"),
        (copy("apps/shop/prod/**", "shop/"), "./", "apps/shop/prod"),
        (copy("**", ""), "apps/shop/prod", "apps/shop/prod"),
        (
            f"{copy('apps/shop/base/**', 'shop/base/')}, {copy('apps/shop/prod/**', 'shop/prod/')}",
            "shop/prod",
            "apps/shop/prod",
        ),
    ],
)
def test_a_path_of_an_artifact_is_a_directory_of_the_repository(
    copies: str, path: str, expected: str
) -> None:
    found: list[Declared] = declared(files(copies, path))

    assert [root.path for root in found] == [expected]


@pytest.mark.parametrize(
    ("copies", "path"),
    [
        (copy("apps/shop/prod/*.yaml", "shop/"), "shop"),
        (copy("apps/shop/prod/**", "shop/", ", exclude: ['*.md']"), "shop"),
        (copy("apps/shop/prod/**", "shop/", ", strategy: Merge"), "shop"),
        (f"{copy('apps/shop/base/**', 'left/')}, {copy('apps/shop/prod/**', 'right/')}", "right"),
        (copy("apps/shop/prod/**", "shop/"), "other"),
    ],
)
def test_what_is_no_one_directory_is_said_not_to_be_built(copies: str, path: str) -> None:
    assert declared(files(copies, path)) == []
    assert unbuilt(files(copies, path)) == [f"path {path} of ExternalArtifact/shop"]


def test_an_artifact_of_another_repository_is_not_built() -> None:
    elsewhere = files(copy("apps/**", ""), "apps", "other")

    assert declared(elsewhere) == []
