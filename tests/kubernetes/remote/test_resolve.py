"""Which exact version of what an address means."""

from __future__ import annotations

import pytest

from bot.core.fetching import SourceReference
from bot.core.states.roots.fetched_files import ResolvedSource
from bot.kubernetes.remote.resolve import RemoteSources

COMMIT = "0123456789" * 4
DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "address", "version", "part", "shown"),
    [
        (
            "github.com/o/r//a/b?ref=v1.0.0",
            "https://github.com/o/r",
            "refs/tags/v1.0.0",
            "a/b",
            "v1.0.0",
        ),
        (
            f"https://user:pass@github.com/o/r/a?ref={COMMIT}",
            "https://github.com/o/r",
            COMMIT,
            "a",
            COMMIT[:12],
        ),
        (
            "git@github.com:o/r.git?ref=refs/tags/v1",
            "https://github.com/o/r.git",
            "refs/tags/v1",
            "",
            "v1",
        ),
        (
            "git::https://git.example.com:8443/scm/r.git//x?ref=1.2.3&timeout=9s",
            "https://git.example.com:8443/scm/r.git",
            "refs/tags/1.2.3",
            "x",
            "1.2.3",
        ),
        (
            "http://git.example.com/r//x?version=v1.0.0",
            "http://git.example.com/r",
            "refs/tags/v1.0.0",
            "x",
            "v1.0.0",
        ),
        (
            "ssh://git@github.com/o/r?ref=kustomize/v5.0.0",
            "https://github.com/o/r",
            "refs/tags/kustomize/v5.0.0",
            "",
            "kustomize/v5.0.0",
        ),
    ],
)
def test_a_repository_at_a_commit_or_tag(
    text: str, address: str, version: str, part: str, shown: str
) -> None:
    name = address.partition("://")[2].removesuffix(".git")

    assert RemoteSources().base(text) == ResolvedSource(
        SourceReference("git", address, version), part, name, shown
    )


@pytest.mark.parametrize(
    ("text", "part", "name"),
    [
        (
            "https://raw.githubusercontent.com/o/r/v1.0.0/a/b.yaml",
            "b.yaml",
            "github.com/o/r/a/b.yaml",
        ),
        ("https://github.com/o/r/raw/v1.0.0/b.yml", "b.yml", "github.com/o/r/b.yml"),
        (
            "https://github.com/o/r/releases/download/v1.0.0/b.yaml",
            "b.yaml",
            "github.com/o/r/b.yaml",
        ),
        ("http://example.com:8080/v1.0.0/b.yaml", "b.yaml", "example.com:8080/*/b.yaml"),
    ],
)
def test_a_file_whose_address_says_its_version(text: str, part: str, name: str) -> None:
    assert RemoteSources().base(text) == ResolvedSource(
        SourceReference("file", text), part, name, "v1.0.0"
    )


@pytest.mark.parametrize(
    "text",
    [
        "github.com/o/r",
        "github.com/o/r?ref=main",
        "github.com/o/r?ref=v1",
        "github.com/o/r?ref=0123456",
        "github.com/o/r?ref={{branch}}",
        "github.com/o/r?ref=v1.0.0/../x",
        "github.com/o/r?ref=v1.0.0%20x",
        "https://github.com/o/r/blob/v1.0.0/a.yaml",
        "https://github.com/o/r/tree/v1.0.0/a",
        "https://github.com/o/r/releases/latest/download/a.yaml",
        "https://raw.githubusercontent.com/o/r/main/a.yaml",
        "https://example.com/a.yaml",
        "https://example.com/v1.0.0/a.yaml?token=x",
        "https://example.com?ref=v1.0.0",
        "https://exa mple.com/x?ref=v1.0.0",
        "https://github.com/o/r\u202e?ref=v1.0.0",
        "https://github.com/o/" + "r" * 200 + "?ref=v1.0.0",
        "",
    ],
)
def test_what_names_no_exact_version_means_nothing(text: str) -> None:
    assert RemoteSources().base(text) is None


def test_charts_of_repositories_and_registries() -> None:
    chart = RemoteSources().chart

    assert chart("https://user:pass@Charts.example.com/a/", "redis", "v1.2.3+x") == ResolvedSource(
        SourceReference("chart", "https://charts.example.com/a", "v1.2.3+x", "redis"),
        "",
        "charts.example.com/a/redis",
        "v1.2.3+x",
    )
    assert chart("oci://ghcr.io/o/charts", "redis", "1.2.3+x") == ResolvedSource(
        SourceReference("oci", "oci://ghcr.io/o/charts/redis", "1.2.3_x"),
        "",
        "ghcr.io/o/charts/redis",
        "1.2.3+x",
    )
    assert chart("oci://ghcr.io/o", "redis", DIGEST) == ResolvedSource(
        SourceReference("oci", "oci://ghcr.io/o/redis", DIGEST),
        "",
        "ghcr.io/o/redis",
        "sha256:abababababab",
    )


@pytest.mark.parametrize(
    ("repository", "name", "version"),
    [
        ("https://charts.example.com", "redis", "^1.2.3"),
        ("https://charts.example.com", "redis", "1.2"),
        ("https://charts.example.com", "redis", ""),
        ("https://charts.example.com", "redis", "{{version}}"),
        ("https://charts.example.com", "redis", DIGEST),
        ("https://charts.example.com", "../redis", "1.2.3"),
        ("https://charts.example.com", "", "1.2.3"),
        ("https://{{host}}", "redis", "1.2.3"),
        ("@stable", "redis", "1.2.3"),
        ("alias:stable", "redis", "1.2.3"),
        ("", "redis", "1.2.3"),
        ("file://../redis", "redis", "1.2.3"),
        ("s3://bucket", "redis", "1.2.3"),
        ("https://charts.example.com/" + "x" * 200, "redis", "1.2.3"),
    ],
)
def test_what_names_no_exact_chart_means_nothing(repository: str, name: str, version: str) -> None:
    assert RemoteSources().chart(repository, name, version) is None
