"""Charts, from a repository of charts over HTTP."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import MappingProxyType

import pytest

from bot.core.fetching import FetchResult, SourceReference
from bot.core.tree import File
from bot.fetch import Fetching
from tests.fetch.packing import CHART, CHART_DIGEST, archive, blob_id, digest
from tests.fetch.servers import Server
from tests.tools import renderer_tools

INDEX = """\
apiVersion: v1
entries:
  another:
  - name: another
    version: 1.2.3
    urls: [nowhere.tgz]
  app:
  - apiVersion: v2
    description: |
      text
        app:

    digest: {digest}
    name: app
    urls:
    - {url}
    version: {version}
  - name: app
    urls: [old.tgz]
    version: 0.1.0
  last:
  - name: last
    version: 1.2.3
    urls: [nowhere.tgz]
generated: "2026-01-01T00:00:00Z"
"""


def index(url: str = "app.tgz", version: str = "1.2.3", digest: str = CHART_DIGEST) -> bytes:
    return INDEX.format(url=url, version=version, digest=digest).encode()


def brought_alone(
    fetching: Fetching, server: Server, version: str = "1.2.3", name: str = "app"
) -> FetchResult:
    with fetching.session(frozenset()) as session:
        wanted = SourceReference("chart", f"{server.url}/charts", version, name)
        (brought,) = session.fetch([wanted])
        return brought


def as_brought() -> FetchResult:
    chart = b"apiVersion: v2\nname: app\nversion: 1.2.3\n"
    template = b"kind: ConfigMap\n"
    files = {
        "Chart.yaml": File("100644", blob_id(chart), len(chart)),
        "templates/a.yaml": File("100644", blob_id(template), len(template)),
    }
    return FetchResult("fetched", MappingProxyType(files), f"sha256:{CHART_DIGEST}")


def test_a_chart_is_brought_without_the_directory_it_is_in(
    fetching: Fetching, server: Server
) -> None:
    server.files({"/charts/index.yaml": index(), "/charts/app.tgz": CHART})
    with fetching.session(frozenset()) as session:
        (brought,) = session.fetch(
            [SourceReference("chart", f"{server.url}/charts", "1.2.3", "app")]
        )
        data = session.data(brought.files["templates/a.yaml"].blob)
    assert (brought, data) == (as_brought(), b"kind: ConfigMap\n")


def test_a_chart_that_is_kept_is_not_asked_for_again(fetching: Fetching, server: Server) -> None:
    server.files({"/charts/index.yaml": index(), "/charts/app.tgz": CHART})
    first = brought_alone(fetching, server)
    server.routes.clear()
    assert brought_alone(fetching, server) == first == as_brought()


@pytest.mark.parametrize(
    ("published", "wanted"),
    [("v1.2.3", "1.2.3"), ("1.2.3", "v1.2.3"), ("1.2.3+build", "1.2.3")],
)
def test_a_version_that_means_the_same_is_taken_as_helm_takes_it(
    fetching: Fetching, server: Server, published: str, wanted: str
) -> None:
    server.files({"/charts/index.yaml": index(version=published), "/charts/app.tgz": CHART})
    assert brought_alone(fetching, server, wanted) == as_brought()


def test_an_archive_may_be_elsewhere(fetching: Fetching, server: Server) -> None:
    there = f"{server.url}/releases/app.tgz"
    server.files({"/charts/index.yaml": index(there), "/releases/app.tgz": CHART})
    assert brought_alone(fetching, server) == as_brought()


def test_an_index_may_be_json(fetching: Fetching, server: Server) -> None:
    text = b'{"entries": {"app": [{"version": "1.2.3", "urls": ["app.tgz"]}], "b": [null]}}'
    server.files({"/charts/index.yaml": text, "/charts/app.tgz": CHART})
    assert brought_alone(fetching, server) == as_brought()


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "'HOST' answered 404"),
        ({"index.yaml": b"entries: ["}, "the repository's index cannot be read"),
        ({"index.yaml": b"a: b\n"}, "the repository's index cannot be read"),
        (
            {"index.yaml": b"entries:\n  app:\n  - &a [*a]\n"},
            "the repository's index cannot be read",
        ),
        ({"index.yaml": b"entries: # none\n"}, "the repository has no chart 'app'"),
        (
            {"index.yaml": b"entries:\n  app:\n  - version: [1]\n"},
            "the repository has no chart 'app'",
        ),
        (
            {"index.yaml": index(version="9.9.9")},
            "the repository has no version '1.2.3' of the chart 'app'",
        ),
        (
            {"index.yaml": index(digest="0" * 64), "app.tgz": CHART},
            "the chart's archive does not have the digest in the repository's index",
        ),
        ({"index.yaml": index(digest="null"), "app.tgz": b"<html>"}, "its archive cannot be read"),
        (
            {"index.yaml": index(digest=""), "app.tgz": archive({"a/b": b"", "b/c": b""})},
            "its archive does not hold exactly one chart",
        ),
        (
            {"index.yaml": index(digest=""), "app.tgz": archive({"a/values.yaml": b""})},
            "its archive does not hold exactly one chart",
        ),
    ],
)
def test_what_is_wrong_with_a_repository_is_said(
    fetching: Fetching, server: Server, files: dict[str, bytes], said: str
) -> None:
    server.files({f"/charts/{name}": data for name, data in files.items()})
    brought = brought_alone(fetching, server)
    assert brought.message == said.replace("HOST", server.host)
    assert brought.status in {"failed", "refused"}


def test_what_helm_itself_packs_and_lists_is_brought(
    fetching: Fetching, server: Server, tmp_path: Path
) -> None:
    helm, chart, packed = renderer_tools() / "helm", tmp_path / "app", tmp_path / "packed"
    (chart / "templates").mkdir(parents=True)
    (chart / "templates" / "a.yaml").write_text("kind: ConfigMap\n", "utf-8")
    for version in ("1.0.0", "1.2.3+build", "2.0.0"):
        about = f"apiVersion: v2\nname: app\nversion: {version}\ndescription: 'a: {'b ' * 60}'\n"
        (chart / "Chart.yaml").write_text(about, "utf-8")
        subprocess.run([helm, "package", chart, "--destination", packed], check=True, env={})
    subprocess.run([helm, "repo", "index", packed], check=True, env={})
    server.files({f"/charts/{path.name}": path.read_bytes() for path in packed.iterdir()})
    brought = brought_alone(fetching, server, "1.2.3")
    whole = (packed / "app-1.2.3+build.tgz").read_bytes()
    assert (sorted(brought.files), brought.digest) == (
        ["Chart.yaml", "templates/a.yaml"],
        digest(whole),
    )
