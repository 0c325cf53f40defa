"""From a pull request to its findings, with real servers, real renderers and the real processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from bot.analysis.examine import MemoryBlobs
from bot.analysis.process.parent import AnalysisOptions, ComparedTree, analyse
from bot.analysis.process.renders import renders_here
from bot.core.engine.review import Analysis
from bot.fetch import Fetching
from tests.analysis.lines.bumps import application, config, redis
from tests.fake_sources import Held
from tests.fetch.packing import Registry, archive
from tests.fetch.servers import Server, serving
from tests.git.repositories import commit, git, make_repository
from tests.states import Files, Grove, resource
from tests.tools import renderer_tools

K = "app/kustomization.yaml"
ROLE = """apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {{name: metrics}}
rules:
- {{apiGroups: [""], resources: [secrets], verbs: [{}]}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {{name: metrics}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: metrics}}
subjects: [{{kind: ServiceAccount, name: metrics, namespace: metrics}}]
"""


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as held:
        yield held


class Upstream:
    """A repository on a git server."""

    def __init__(self, folder: Path, server: Server, name: str = "metrics") -> None:
        server.git(folder / "served")
        self._path = make_repository(folder / name)
        self._bare = folder / "served" / "team" / name
        self._bare.parent.mkdir(parents=True, exist_ok=True)
        git(folder, "clone", "--quiet", "--bare", str(self._path), str(self._bare))
        self.url = f"{server.url}/git/team/{name}"

    def publish(self, files: Mapping[str, str], tag: str) -> str:
        made = commit(self._path, dict(files))
        git(self._path, "tag", tag)
        git(self._path, "push", "--quiet", "--tags", str(self._bare), "HEAD:main")
        return made

    def link(self, path: str, target: str, tag: str) -> None:
        (self._path / path).unlink()
        (self._path / path).symlink_to(target)
        self.publish({}, tag)


def run(base: Files, head: Files, fetching: Fetching | None) -> Analysis:
    grove = Grove(base, head)
    asked, blobs = grove.question(), MemoryBlobs(grove.blobs)
    sides = (ComparedTree(asked.base, blobs, "base"), ComparedTree(asked.head, blobs, "head"))
    options = AnalysisOptions(renders=renders_here((renderer_tools(),)), fetching=fetching)
    return analyse(*sides, asked.policy, options)


def told(found: Analysis) -> list[tuple[str, str, int | None]]:
    return [
        (it.message, it.location.path, it.location.line)
        for it in found.findings
        if it.location is not None and it.rule != "remote-source-changed"
    ]


def overlay(url: str, version: str, *more: str) -> Files:
    return {K: "\n".join(("resources:", f"- {url}//deploy?ref={version}", *more)) + "\n"}


def deploy(verbs: str) -> Mapping[str, str]:
    return {
        "deploy/kustomization.yaml": "resources: [role.yaml]\n",
        "deploy/role.yaml": ROLE.format(verbs),
    }


MESSAGE = (
    "ServiceAccount metrics/metrics can now read every Secret and make and read token Secrets of "
    "any ServiceAccount in the cluster"
)


@pytest.fixture
def upstream(tmp_path: Path, server: Server) -> Upstream:
    held = Upstream(tmp_path, server)
    held.publish(deploy("get"), "v1.0.0")
    return held


@pytest.fixture
def fetching(tmp_path: Path, server: Server) -> Fetching:
    return Fetching(tmp_path / "store", enabled=True, hosts=(server.url,))


def test_a_base_moves_from_tag_to_tag(upstream: Upstream, fetching: Fetching) -> None:
    new = upstream.publish(deploy("get, patch"), "v1.1.0")

    found = run(overlay(upstream.url, "v1.0.0"), overlay(upstream.url, "v1.1.0"), fetching)

    assert found.problems == ()
    assert told(found) == [(f"metrics v1.0.0 -> v1.1.0: {MESSAGE}", K, 2)]
    assert [(it.version, it.digest) for it in found.summary.fetched][1] == ("v1.1.0", new)


def test_a_base_moves_from_commit_to_commit_and_takes_in_another(
    tmp_path: Path, server: Server, upstream: Upstream, fetching: Fetching
) -> None:
    library = Upstream(tmp_path, server, "library")
    library.publish({"x/kustomization.yaml": "resources: [c.yaml]", "x/c.yaml": config()}, "v7.0.0")
    old = upstream.publish(deploy("get"), "old")
    nested = f"resources: [role.yaml, '{library.url}//x?ref=v7.0.0']\n"
    new = upstream.publish({**deploy("get, patch"), "deploy/kustomization.yaml": nested}, "new")

    found = run(overlay(upstream.url, old), overlay(upstream.url, new), fetching)

    assert found.problems == ()
    assert told(found) == [(f"metrics {old[:12]} -> {new[:12]}: {MESSAGE}", K, 2)]
    assert found.summary.resources.added == 1
    assert {it.version for it in found.summary.fetched} == {"v7.0.0", old, new}


@pytest.mark.parametrize("target", ["../../../../apps/secret.yaml", "/etc/passwd", "../../x"])
def test_a_base_with_a_link_out_of_it_is_not_rendered(
    target: str, upstream: Upstream, fetching: Fetching
) -> None:
    upstream.link("deploy/role.yaml", target, "v1.1.0")
    secret: Files = {"apps/secret.yaml": config("token: x")}

    found = run(
        {**secret, **overlay(upstream.url, "v1.0.0")},
        {**secret, **overlay(upstream.url, "v1.1.0")},
        fetching,
    )

    assert told(found) == []
    assert [(it.kind, it.new, it.location and it.location.path) for it in found.problems] == [
        ("unrendered", True, K)
    ]


def test_a_base_of_nobody_that_base_uses_and_nobody_named_is_not_asked_for(
    tmp_path: Path, server: Server, upstream: Upstream
) -> None:
    fetching = Fetching(tmp_path / "store", enabled=True)
    asked = len(server.asked)

    found = run(overlay(upstream.url, "v1.0.0"), overlay(upstream.url, "v1.1.0"), fetching)

    assert len(server.asked) == asked
    assert [it.new for it in found.problems] == [True]
    assert "FAIRLEAD_FETCH_HOSTS" in found.problems[0].message


def test_a_base_whose_owner_only_head_uses_is_not_asked_for(
    upstream: Upstream, fetching: Fetching
) -> None:
    with serving() as stranger:
        held = Fetching(fetching.store, enabled=True, hosts=fetching.hosts)
        other = overlay(stranger.url + "/git/team/metrics", "v1.0.0")
        found = run(overlay(upstream.url, "v1.0.0"), other, held)

        assert stranger.asked == []
    assert [it.new for it in found.problems] == [True]


def test_a_server_that_is_gone_is_said_and_ends_nothing(
    upstream: Upstream, server: Server, fetching: Fetching
) -> None:
    server.stop()

    found = run(
        {**overlay(upstream.url, "v1.0.0"), "a.yaml": config()},
        {**overlay(upstream.url, "v1.1.0"), "a.yaml": config("x: '1'")},
        fetching,
    )

    assert [(it.kind, it.new) for it in found.problems] == [("unrendered", True)]
    assert [bool(it.message) for it in found.summary.fetched] == [True, True]
    assert found.summary.resources.changed == 1


def test_without_fetching_it_is_said_as_before(upstream: Upstream) -> None:
    found = run(overlay(upstream.url, "v1.0.0"), overlay(upstream.url, "v1.1.0"), None)

    assert [it.message for it in found.problems] == [
        (
            f"The kustomization app is not rendered: it lists '{upstream.url}//deploy?ref=v1.1.0', "
            "which is outside this repository; compare the output of 'kustomize "
            "build app' for base "
            "and head by hand"
        )
    ]
    assert found.summary.fetched == ()


def packed(files: Held) -> bytes:
    return archive({f"redis/{path}": str(text).encode() for path, text in files.items()})


@pytest.fixture
def charts(server: Server) -> Server:
    """A repository of charts with two versions of one."""
    entries = []
    for version, files in (("17.0.0", redis("17.0.0")), ("17.1.0", redis("17.1.0", "b: '1'"))):
        data = packed(files)
        server.files({f"/charts/redis-{version}.tgz": data})
        entries.append(
            f"  - name: redis\n    version: {version}\n    urls: [redis-{version}.tgz]\n"
            f"    digest: {sha256(data).hexdigest()}\n"
        )
    text = f"apiVersion: v1\nentries:\n  redis:\n{''.join(entries)}"
    server.files({"/charts/index.yaml": text.encode()})
    return server


def compared(found: Analysis) -> tuple[int, list[str], list[tuple[str, str]]]:
    fetched = [(it.version, it.message) for it in found.summary.fetched]
    return (found.summary.resources.changed, [it.message for it in found.problems], fetched)


BOTH = [("17.0.0", ""), ("17.1.0", "")]


def test_a_dependency_of_a_chart_moves(charts: Server, fetching: Fetching) -> None:
    def shop(version: str) -> Files:
        return {
            "shop/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 0.1.0\ndependencies:\n"
            f"- name: redis\n  repository: {charts.url}/charts\n  version: {version}\n"
        }

    assert compared(run(shop("17.0.0"), shop("17.1.0"), fetching)) == (1, [], BOTH)


def test_the_chart_of_an_application_moves(charts: Server, fetching: Fetching) -> None:
    where = f"{charts.url}/charts"
    base, head = (application(it, repository=where) for it in ("17.0.0", "17.1.0"))

    # The Application itself is one of the two that changed.
    assert compared(run(base, head, fetching)) == (2, [], BOTH)


def test_the_chart_of_a_helm_release_moves_in_a_registry(
    server: Server, fetching: Fetching
) -> None:
    registry = Registry(server)
    registry.push_chart("17.0.0", packed(redis("17.0.0")))
    registry.push_chart("17.1.0", packed(redis("17.1.0", "b: '1'")))

    def files(version: str) -> Files:
        source = resource(
            "HelmRepository",
            "charts",
            "spec:",
            "  type: oci",
            f"  url: oci://{server.host}/team",
            namespace="shop",
            api="source.toolkit.fluxcd.io/v1",
        )
        release = resource(
            "HelmRelease",
            "redis",
            "spec:",
            "  chart:",
            "    spec:",
            "      chart: redis",
            f"      version: {version}",
            "      sourceRef: {kind: HelmRepository, name: charts}",
            namespace="shop",
            api="helm.toolkit.fluxcd.io/v2",
        )
        return {"flux/source.yaml": source, "flux/release.yaml": release}

    assert compared(run(files("17.0.0"), files("17.1.0"), fetching)) == (2, [], BOTH)
