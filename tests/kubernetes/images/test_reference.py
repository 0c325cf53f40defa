"""Image references read as the runtime reads them, and compared by whole segments."""

from __future__ import annotations

import json
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.policy.model import Images
from bot.kubernetes.images.approval import approves, mirrored, nearest
from bot.kubernetes.images.reference import (
    ApprovedEntry,
    ImageReference,
    is_short,
    parse_entries,
    parse_entry,
    parse_image,
)

HEX = "0123456789abcdef" * 4
DIGEST = f"sha256:{HEX}"
UPSTREAM = json.loads(
    (resources.files("tests.kubernetes") / "data" / "references.json").read_text(encoding="utf-8")
)["references"]


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        pytest.param(held["reference"], held["normalized"], id=str(n))
        for n, held in enumerate(UPSTREAM)
    ],
)
def test_upstream_s_grammar_gives_the_same_normal_form(
    reference: str, expected: dict[str, str | None] | None
) -> None:
    image = parse_image(reference)
    found = image and {
        "domain": image.domain,
        "path": image.path,
        "tag": image.tag,
        "digest": image.digest,
    }

    assert found == expected


_PIECES = st.sampled_from(
    [
        *("a", "b0", "A", "localhost", "docker.io", "index.docker.io", "library", "x.y", "[::1]"),
        *(".", "_", "-", "/", ":", "@", " ", "\n", "ü", "5000", ":1.2", DIGEST, f"@{DIGEST}"),
    ]
)


@given(st.lists(_PIECES, max_size=9).map("".join) | st.text(max_size=40))
def test_normalising_twice_changes_nothing(reference: str) -> None:
    image = parse_image(reference)

    assert image is None or not image.domain or parse_image(str(image)) == image


@pytest.mark.parametrize(
    ("entry", "image", "approved"),
    [
        ("registry.acme.io", "registry.acme.io/team/app:1", True),
        ("registry.acme.io", "REGISTRY.acme.io/team/app", True),
        ("registry.acme.io", "registry.acme.io.evil/x", False),
        ("registry.acme.io", "evil/registry.acme.io/x", False),
        ("registry.acme.io", "evil-registry.acme.io/x", False),
        ("registry.acme.io", "sub.registry.acme.io/x", False),
        ("registry.acme.io", "registry.acme.io:5000/x", False),
        ("registry.acme.io", "registry.acme.io:443/x", False),
        ("registry.acme.io", "registry.acme.io", False),
        ("registry.acme.io:5000", "registry.acme.io:5000/x", True),
        ("registry.acme.io:5000", "registry.acme.io/x", False),
        ("registry:5000/", "registry:5000/x", True),
        ("[::1]:5000", "[::1]:5000/x", True),
        ("localhost", "localhost/x", True),
        ("ghcr.io/teamx", "ghcr.io/teamx/app", True),
        ("ghcr.io/teamx", "ghcr.io/teamx", True),
        ("ghcr.io/teamx/*", "ghcr.io/teamx/app", True),
        ("ghcr.io/teamx/", "ghcr.io/teamx/app/deep", True),
        ("ghcr.io/teamx", "ghcr.io/teamxx/app", False),
        ("ghcr.io/teamx", "ghcr.io/teamx-tools/app", False),
        ("ghcr.io/teamx", "ghсr.io/teamx/app", False),  # noqa: RUF001 - a Cyrillic look-alike
        ("ghcr.io/teamx", "ghcr.io/other/../teamx/app", False),
        ("docker.io", "nginx", True),
        ("docker.io", "index.docker.io/nginx", True),
        ("index.docker.io", "nginx", True),
        ("docker.io/bitnami", "bitnami/redis", True),
        ("docker.io/bitnami", "docker.io/library/bitnami", False),
        ("bitnami/", "bitnami/redis", True),
        ("bitnami", "bitnami/redis", False),
        ("bitnami", "docker.io/library/bitnami:1", True),
        ("bitnami/redis", "docker.io/bitnami/redis:7", True),
        ("nginx", "nginx@" + DIGEST, True),
        ("nginx", "docker.io/nginx", True),
        ("nginx:1.27", "nginx:1.27", True),
        ("nginx:1.27", "nginx:1.28", False),
        ("nginx:1.27", f"nginx:1.27@{DIGEST}", False),
        ("nginx:latest", "nginx", True),
        (f"nginx@{DIGEST}", f"nginx:9@{DIGEST}", True),
        (f"nginx@{DIGEST}", "nginx", False),
        ("ghcr.io/a/b:1", "ghcr.io/a/b:1", True),
        ("ghcr.io/a/b:1", "ghcr.io/a/b/c:1", False),
        ("ghcr.io/a", "ghcr.io/a/b ", False),
        ("ghcr.io/a", "ghcr.io/a/b\n", False),
        ("", "nginx", False),
        ("*", "nginx", False),
        ("/", "nginx", False),
        ("https://ghcr.io", "ghcr.io/a", False),
        ("*.acme.io", "x.acme.io/a", False),
        ("ghcr.io//a", "ghcr.io/a/b", False),
        ("my_host.example/app", "my_host.example/app", False),
    ],
)
def test_an_entry_approves_by_host_and_whole_segments(
    entry: str, image: str, *, approved: bool
) -> None:
    assert approves(parse_entries([entry]), parse_image(image)) is approved


def test_an_entry_says_what_it_means() -> None:
    written = ["nginx:1.27", "bitnami/", "registry.acme.io", "ghcr.io/a/*", f"nginx@{DIGEST}"]

    assert [str(parse_entry(text)) for text in written] == [
        "docker.io/library/nginx:1.27",
        "docker.io/bitnami",
        "registry.acme.io",
        "ghcr.io/a",
        f"docker.io/library/nginx@{DIGEST}",
    ]


@pytest.mark.parametrize(
    ("reference", "short"),
    [("nginx", True), ("a/b:1", True), ("ghcr.io/a", False), ("localhost/a", False), ("a.b", True)],
)
def test_a_short_name_leaves_the_registry_to_the_runtime(reference: str, *, short: bool) -> None:
    assert is_short(reference) is short


def test_the_digest_decides_and_no_tag_is_latest() -> None:
    tags = [
        ImageReference("docker.io", "library/nginx", tag, digest).pulled_tag
        for tag, digest in ((None, None), ("1.4", None), ("1.4", DIGEST), (None, DIGEST))
    ]

    assert tags == ["latest", "1.4", None, None]


def test_the_nearest_entry_is_the_one_written_most_alike() -> None:
    entries = parse_entries(["ghcr.io/example", "quay.io/example/api", "nginx"])

    assert nearest(entries, ImageReference("quay.io", "examp1e/api")) == ApprovedEntry(
        "quay.io", "example/api"
    )
    assert nearest((), ImageReference("quay.io", "x")) is None


@pytest.mark.parametrize(
    ("reference", "moved"),
    [
        ("nginx:1.27", "registry.acme.io/hub/nginx:1.27"),
        (f"docker.io/library/nginx:1@{DIGEST}", f"registry.acme.io/hub/nginx:1@{DIGEST}"),
        ("bitnami/redis:7", "registry.acme.io/dockerhub/bitnami/redis:7"),
        ("quay.io/a/b", "registry.acme.io/quay/a/b"),
        ("ghcr.io/a/b", None),
    ],
)
def test_a_mirror_moves_an_image_and_keeps_its_version(reference: str, moved: str | None) -> None:
    images = Images(
        approved=("registry.acme.io",),
        mirrors={
            "docker.io": "registry.acme.io/dockerhub",
            "docker.io/library": "registry.acme.io/hub/",
            "quay.io": "registry.acme.io/quay",
        },
    )
    image = parse_image(reference)

    assert image is not None
    assert mirrored(images, image) == moved


def test_a_mirror_outside_the_list_is_not_offered() -> None:
    images = Images(approved=("ghcr.io",), mirrors={"docker.io": "mirror.example.com"})

    assert mirrored(images, ImageReference("docker.io", "library/nginx")) is None
