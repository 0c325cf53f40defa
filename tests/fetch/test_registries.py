"""Charts and other artifacts, from an OCI registry."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from bot.core.fetching import FetchResult, SourceReference
from bot.fetch import Fetching
from tests.fetch.packing import CHART, CHART_DIGEST, Registry, archive, digest
from tests.fetch.servers import Answer, Server

FLUX = "application/vnd.cncf.flux.content.v1.tar+gzip"
FLUX_CONFIG = "application/vnd.cncf.flux.config.v1+json"


@pytest.fixture
def registry(server: Server) -> Registry:
    return Registry(server)


def brought_alone(fetching: Fetching, server: Server, version: str) -> FetchResult:
    with fetching.session(frozenset()) as session:
        (brought,) = session.fetch(
            [SourceReference("oci", f"oci://{server.host}/team/app", version)]
        )
        return brought


def required(server: Server, reason: str) -> str:
    return (
        f"'{server.host}' requires an account, and Fairlead's settings grant none to this "
        f"repository ({reason})"
    )


def test_a_chart_is_brought_by_its_tag(
    fetching: Fetching, server: Server, registry: Registry
) -> None:
    registry.push_chart("1.2.3_build")
    brought = brought_alone(fetching, server, "1.2.3+build")
    assert (brought.status, sorted(brought.files), brought.digest, brought.message) == (
        "fetched",
        ["Chart.yaml", "templates/a.yaml"],
        f"sha256:{CHART_DIGEST}",
        "",
    )


def test_a_chart_is_brought_by_its_digest_and_then_kept(
    fetching: Fetching, server: Server, registry: Registry
) -> None:
    wanted = registry.push_chart("1.2.3")
    first = brought_alone(fetching, server, wanted)
    server.routes.clear()
    assert brought_alone(fetching, server, wanted) == first
    assert first.digest == f"sha256:{CHART_DIGEST}"


def test_of_a_tag_that_has_not_moved_the_manifest_alone_is_asked_for(
    fetching: Fetching, server: Server, registry: Registry
) -> None:
    registry.push_chart("1.2.3")
    first = brought_alone(fetching, server, "1.2.3")
    registry.blobs.clear()
    assert brought_alone(fetching, server, "1.2.3") == first


def test_a_tag_that_has_moved_is_brought_anew(
    fetching: Fetching, server: Server, registry: Registry
) -> None:
    registry.push_chart("1.2.3")
    brought_alone(fetching, server, "1.2.3")
    other = archive({"app/Chart.yaml": b"name: app\n"})
    registry.push_chart("1.2.3", other)
    assert brought_alone(fetching, server, "1.2.3").digest == digest(other)


def test_an_artifact_of_flux_keeps_its_directories(
    fetching: Fetching, server: Server, registry: Registry
) -> None:
    files = archive({"./a.yaml": b"a: 1\n", "./sub/b.yaml": b"b: 1\n"})
    registry.push("v1", files, layer_type=FLUX, config_type=FLUX_CONFIG)
    assert sorted(brought_alone(fetching, server, "v1").files) == ["a.yaml", "sub/b.yaml"]


def test_a_digest_that_is_not_the_manifests_is_refused(
    fetching: Fetching, server: Server, registry: Registry
) -> None:
    registry.push_chart("1.2.3")
    wanted = f"sha256:{'0' * 64}"
    registry.manifests[wanted] = registry.manifests["1.2.3"]
    assert brought_alone(fetching, server, wanted) == FetchResult(
        "failed", message="the registry sent a manifest that does not have the digest"
    )


def test_an_archive_that_is_not_the_manifests_is_refused(
    fetching: Fetching, server: Server, registry: Registry
) -> None:
    registry.push_chart("1.2.3")
    registry.blobs[f"sha256:{CHART_DIGEST}"] = CHART + b"\0"
    assert brought_alone(fetching, server, "1.2.3") == FetchResult(
        "failed", message="the registry sent an archive that does not have the digest"
    )


def test_an_image_is_no_artifact_of_ours(
    fetching: Fetching, server: Server, registry: Registry
) -> None:
    layer = {"mediaType": FLUX, "digest": digest(CHART), "size": 1}
    registry.push("v1", CHART, layer_type=FLUX, config_type=FLUX_CONFIG, layers=[layer, layer])
    assert brought_alone(fetching, server, "v1") == FetchResult(
        "failed", message="the artifact is neither a chart nor a single archive"
    )


@pytest.mark.parametrize(
    "challenge",
    ["", 'Basic realm="x"', "Bearer", 'Bearer realm=""'],
)  # fmt: skip
def test_a_registry_that_wants_an_account_is_told_nothing(
    fetching: Fetching, server: Server, challenge: str
) -> None:
    server.routes["/v2/"] = lambda _: Answer(401, headers={"WWW-Authenticate": challenge})
    assert brought_alone(fetching, server, "1.2.3") == FetchResult(
        "failed", message=required(server, "it answered 401")
    )
    assert [asked.path for asked in server.asked] == ["/v2/team/app/manifests/1.2.3"]


def test_a_token_that_everybody_gets_and_that_is_refused_ends_it(
    fetching: Fetching, server: Server, registry: Registry
) -> None:
    registry.push_chart("1.2.3")
    server.routes["/token"] = lambda _: Answer(200, b'{"token": "another"}')
    message = brought_alone(fetching, server, "1.2.3").message
    assert message == required(server, "it answered 401")


def test_a_token_is_not_taken_to_another_host(
    tmp_path: Path, server: Server, other: Server
) -> None:
    fetching = Fetching(tmp_path / "store", enabled=True, hosts=(server.url, other.url))
    registry = Registry(server)
    registry.push_chart("1.2.3")
    other.files({"/blob": CHART})
    there = Answer(307, headers={"Location": f"{other.url}/blob"})
    server.routes["/v2/team/app/blobs/"] = lambda _: there
    assert brought_alone(fetching, server, "1.2.3").digest == f"sha256:{CHART_DIGEST}"
    assert ["authorization" in asked.headers for asked in other.asked] == [False]


def test_an_index_of_charts_may_lead_to_a_registry(
    fetching: Fetching, server: Server, registry: Registry
) -> None:
    registry.push_chart("1.2.3")
    row = {"version": "1.2.3", "urls": [f"oci://{server.host}/team/app:1.2.3"]}
    server.files({"/charts/index.yaml": json.dumps({"entries": {"app": [row]}}).encode()})
    with fetching.session(frozenset()) as session:
        (brought,) = session.fetch(
            [SourceReference("chart", f"{server.url}/charts", "1.2.3", "app")]
        )
    assert brought.digest == f"sha256:{sha256(CHART).hexdigest()}"
