"""Which references are asked for: those of one exact form, from whom base or the operator names."""

from __future__ import annotations

import pytest

from bot.core.fetching import SourceReference
from bot.fetch.addresses import AllowedHosts, ParsedAddress
from bot.fetch.allowed_sources import AllowedSource, allowed_source

COMMIT = "1" * 40
GIT = "https://github.com/acme/base"
OWNERS = frozenset({"github.com/acme", "charts.example.com", "ghcr.io/acme"})


def said(reference: SourceReference, *hosts: str, owners: frozenset[str] = OWNERS) -> str:
    """Why a reference is not contacted for; empty where it is."""
    found = allowed_source(reference, owners, AllowedHosts.parse(hosts))
    return found if isinstance(found, str) else ""


@pytest.mark.parametrize(
    "reference",
    [
        SourceReference("git", GIT, COMMIT),
        SourceReference("git", f"{GIT}.git", "2" * 64),
        SourceReference("git", GIT, "refs/tags/v1.2.3"),
        SourceReference("git", GIT, "refs/tags/sub/v1.2.3+build"),
        SourceReference("file", "https://raw.githubusercontent.com/acme/base/v1/deploy.yaml"),
        SourceReference("file", "https://github.com/acme/base/releases/download/v1/install.yaml"),
        SourceReference("chart", "https://charts.example.com", "1.2.3", "app"),
        SourceReference("chart", "https://charts.example.com/stable/", "v1.2.3-rc.1+b", "app-2"),
        SourceReference("oci", "oci://ghcr.io/acme/charts/app", "1.2.3"),
        SourceReference("oci", "oci://ghcr.io/acme/app", f"sha256:{'a' * 64}"),
    ],
)
def test_an_exact_version_of_what_base_uses_is_asked_for(reference: SourceReference) -> None:
    assert said(reference) == ""


def test_what_is_asked_for_is_taken_apart() -> None:
    reference = SourceReference("oci", "oci://docker.io/acme/app", "1.2.3")
    assert allowed_source(
        reference, frozenset({"docker.io/acme"}), AllowedHosts()
    ) == AllowedSource(
        reference,
        ParsedAddress("https", "registry-1.docker.io", 443, "/acme/app"),
        "docker.io/acme",
    )


@pytest.mark.parametrize(
    ("address", "why"),
    [
        (
            "https://user@github.com/acme/base",
            "its address does not have the form https://host/path",
        ),
        (
            "https://user:x@github.com/acme/base",
            "its address does not have the form https://host/path",
        ),
        (
            "https://github.com/acme/base?x=1",
            "its address does not have the form https://host/path",
        ),
        ("https://github.com/acme/base#x", "its address does not have the form https://host/path"),
        ("https://github.com/acme/base\n", "its address does not have the form https://host/path"),
        ("https://github.com/acme/ba\nse", "its address does not have the form https://host/path"),
        ("https://github.com/acme/%2e%2e", "its address does not have the form https://host/path"),
        (
            "https://github.com\\@evil.example/a",
            "its address does not have the form https://host/path",
        ),
        ("https://[::1]/acme/base", "its address does not have the form https://host/path"),
        ("https://-github.com/acme/base", "its address does not have the form https://host/path"),
        ("https://github.com//acme/base", "its address does not have the form https://host/path"),
        (
            "https://g\u0131thub.com/acme/base",
            "its address does not have the form https://host/path",
        ),
        ("--upload-pack=x", "its address does not have the form https://host/path"),
        ("ssh://github.com/acme/base", "its address does not have the form https://host/path"),
        ("file:///etc/passwd", "its address does not have the form https://host/path"),
        ("", "its address does not have the form https://host/path"),
        (
            f"https://github.com/acme/{'a' * 1000}",
            "its address does not have the form https://host/path",
        ),
        ("https://github.com/acme/../other", "its address has a '.' or '..' segment"),
        ("https://github.com/acme/./base", "its address has a '.' or '..' segment"),
        ("https://github.com", "its address has no path"),
        ("oci://github.com/acme/base", "only a registry's address begins with oci://"),
        (
            "http://github.com/acme/base",
            "it does not use TLS; add 'http://github.com:80' to FAIRLEAD_FETCH_HOSTS to allow that",
        ),
        (
            "https://github.com:8443/acme/base",
            "it uses port 8443; add 'github.com:8443' to FAIRLEAD_FETCH_HOSTS to allow it",
        ),
        ("https://github.com:0/acme/base", "its port is not between 1 and 65535"),
        ("https://github.com:99999/acme/base", "its port is not between 1 and 65535"),
    ],
)
def test_an_address_of_another_form_is_refused(address: str, why: str) -> None:
    found = said(SourceReference("git", address, COMMIT))
    assert found.endswith(f" is not fetched: {why}")
    assert found.isprintable()


@pytest.mark.parametrize(
    "version",
    ["", "main", "v1.2.3", "1" * 39, "A" * 40, f"{'1' * 40}\n", "refs/heads/main", "refs/tags/",
     "refs/tags/-x", "refs/tags/a/../b", "refs/tags/a//b", "refs/tags/.a", "refs/tags/a.lock",
     "refs/tags/a/.b", "refs/tags/a@{1}", "refs/tags/a:b", "refs/tags/a b", "refs/tags/a.",
     "+refs/tags/a", "--all", f"refs/tags/{'a' * 300}"],
)  # fmt: skip
def test_a_version_of_git_that_is_not_exact_is_refused(version: str) -> None:
    expected = f"'{GIT}' is not fetched: its version is neither a full commit nor a tag"
    assert said(SourceReference("git", GIT, version)) == expected


@pytest.mark.parametrize(
    ("name", "version"),
    [("app", "^1.2.3"), ("app", "1.2"), ("app", "*"), ("app", ""), ("app", "1.2.3\n"),
     ("app", "--x"), ("../app", "1.2.3"), ("-app", "1.2.3"), ("a/b", "1.2.3"), ("a\nb", "1.2.3")],
)  # fmt: skip
def test_a_chart_at_no_exact_version_is_refused(name: str, version: str) -> None:
    assert said(SourceReference("chart", "https://charts.example.com", version, name)) == (
        "'https://charts.example.com' is not fetched: it does not name a chart at an exact version"
    )


@pytest.mark.parametrize(
    ("address", "version", "why"),
    [
        ("oci://ghcr.io/acme/app", "", "its version is neither an exact tag nor a digest"),
        ("oci://ghcr.io/acme/app", "a/b", "its version is neither an exact tag nor a digest"),
        ("oci://ghcr.io/acme/app", "-a", "its version is neither an exact tag nor a digest"),
        ("oci://ghcr.io/acme/app", "sha256:12", "its version is neither an exact tag nor a digest"),
        ("oci://ghcr.io/acme/App", "1.2.3", "its path is not the name of an OCI repository"),
        ("oci://ghcr.io/acme/app:1", "1.2.3", "its path is not the name of an OCI repository"),
        ("https://ghcr.io/acme/app", "1.2.3", "only a registry's address begins with oci://"),
    ],
)
def test_an_artifact_at_no_exact_version_is_refused(address: str, version: str, why: str) -> None:
    assert said(SourceReference("oci", address, version)) == f"'{address}' is not fetched: {why}"


def test_a_file_has_neither_version_nor_name() -> None:
    address = "https://raw.githubusercontent.com/acme/base/v1/deploy.yaml"
    assert said(SourceReference("file", address, "v1")).endswith("a file cannot have a version")
    assert said(SourceReference("file", address, "", "x")).endswith("not allowed elsewhere")


@pytest.mark.parametrize(
    ("reference", "owner"),
    [
        (SourceReference("git", "https://github.com/other/base", COMMIT), "github.com/other"),
        (SourceReference("git", "https://github.com/acme2/base", COMMIT), "github.com/acme2"),
        (SourceReference("git", "https://git.example.com/acme/base", COMMIT), "git.example.com"),
        (
            SourceReference("file", "https://raw.githubusercontent.com/other/base/v1/a.yaml"),
            "github.com/other",
        ),
        (SourceReference("chart", "https://c.example.com/a", "1.2.3", "app"), "c.example.com"),
        (SourceReference("oci", "oci://ghcr.io/other/app", "1.2.3"), "ghcr.io/other"),
    ],
)
def test_what_is_anothers_is_refused_by_name(reference: SourceReference, owner: str) -> None:
    assert said(reference) == (
        f"'{reference.address}' is not fetched: the base uses nothing from '{owner}', and "
        "FAIRLEAD_FETCH_HOSTS does not list it"
    )


@pytest.mark.parametrize(
    ("address", "named", "allowed"),
    [
        ("https://github.com/other/base", "github.com", True),
        ("https://github.com/other/base", "github.com/other", True),
        ("https://GitHub.com/Other/base", "github.com/other", True),
        ("https://github.com/other/base", "github.com/oth", False),
        ("https://github.com/other/base", "hub.com", False),
        ("https://git.example.com/team/base", "git.example.com/team", True),
        ("https://git.example.com/other/base", "git.example.com/team", False),
        ("https://git.example.com:8443/team/base", "git.example.com:8443", True),
        ("https://git.example.com:8443/team/base", "git.example.com", False),
        ("https://git.example.com/team/base", "git.example.com:8443", False),
        ("https://git.example.com/team/base", "git.example.com:443", True),
        ("http://git.example.com:8080/team/base", "http://git.example.com:8080", True),
        ("http://git.example.com:8080/team/base", "git.example.com:8080", False),
        ("http://git.example.com:8080/team/base", "http://git.example.com:8080/team", True),
        ("http://git.example.com:8080/other/base", "http://git.example.com:8080/team", False),
    ],
)
def test_the_operator_allows_hosts_and_owners(address: str, named: str, *, allowed: bool) -> None:
    reference = SourceReference("git", address, COMMIT)
    assert (said(reference, named, owners=frozenset()) == "") is allowed


def test_a_file_of_github_is_its_repositorys_owners() -> None:
    address = "https://raw.githubusercontent.com/other/base/v1/a.yaml"
    assert said(SourceReference("file", address), "github.com/other", owners=frozenset()) == ""


@pytest.mark.parametrize(
    ("reference", "immutable"),
    [
        (SourceReference("git", GIT, COMMIT), COMMIT),
        (SourceReference("git", GIT, "refs/tags/v1"), ""),
        (SourceReference("oci", "oci://ghcr.io/acme/app", f"sha256:{'a' * 64}"), "a" * 64),
        (SourceReference("oci", "oci://ghcr.io/acme/app", "1.2.3"), ""),
        (
            SourceReference("file", f"https://raw.githubusercontent.com/acme/b/{COMMIT}/a.yaml"),
            COMMIT,
        ),
        (SourceReference("file", "https://raw.githubusercontent.com/acme/b/v1/a.yaml"), ""),
        (SourceReference("file", f"https://raw.githubusercontent.com/acme/b/v1/{COMMIT}/a"), ""),
    ],
)
def test_what_names_one_content_for_ever_is_known(
    reference: SourceReference, immutable: str
) -> None:
    found = allowed_source(reference, OWNERS, AllowedHosts())
    assert isinstance(found, AllowedSource)
    assert found.immutable == immutable
