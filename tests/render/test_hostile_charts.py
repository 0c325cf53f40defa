"""Hostile charts and releases, built as if nothing had refused them before."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import pytest

from bot.core.rendering import Release
from tests.render.building import RELEASE, Case, Outside, build_chart, cases, leaks, outcome

_CHART: Final = "apiVersion: v2\nname: chart\nversion: 1.0.0\n"
_TEMPLATE: Final = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: {{ .Values.x | quote }}}\n"
)
PLAIN: Final = {
    "chart/Chart.yaml": _CHART,
    "chart/values.yaml": "x: default\n",
    "chart/templates/a.yaml": _TEMPLATE,
}
_UNPARSED: Final = (
    "failed to parse the release's values: cannot unmarshal yaml document: "
    "error converting YAML to JSON:"
)
_NAME_RULE: Final = (
    r"invalid release name, must match regex ^[a-z0-9]([-a-z0-9]*[a-z0-9])?"
    r"(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and the length must not be longer than 53"
)


@pytest.mark.parametrize("case", cases("charts.yaml"), ids=lambda case: case.name)
def test_a_hostile_chart_reaches_nothing(case: Case, beside: Outside) -> None:
    built = build_chart({path: beside.fill(text) for path, text in case.files.items()})

    assert outcome(built, beside) == (case.status, case.message, case.data)
    assert leaks(built, beside) == []


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        pytest.param(
            replace(RELEASE, name=name),
            ("failed", f'release name check failed: release name "{name}": {_NAME_RULE}', None),
            id=f"release {name}",
        )
        for name in ("--post-renderer=/bin/sh", "--help", "../../x")
    ]
    + [
        pytest.param(
            replace(RELEASE, namespace="--output-dir=/tmp"),
            ("rendered", "", {"x": "default"}),
            id="namespace",
        ),
        pytest.param(
            replace(RELEASE, kubernetes="--help"),
            (
                "failed",
                """invalid kube version '--help': could not parse "--help" as version""",
                None,
            ),
            id="kube version",
        ),
        pytest.param(
            replace(RELEASE, api_versions=("a/v1/B,--post-renderer=/bin/sh",)),
            ("rendered", "", {"x": "default"}),
            id="api versions",
        ),
        pytest.param(
            replace(RELEASE, values_files=("none.yaml",)),
            ("refused", "the values file 'none.yaml' does not exist", None),
            id="values file that does not exist",
        ),
        pytest.param(
            replace(RELEASE, values_files=("http://127.0.0.1:PORT/v.yaml",)),
            ("refused", "the values file 'http://127.0.0.1:PORT/v.yaml' does not exist", None),
            id="values over HTTP",
        ),
        pytest.param(
            replace(RELEASE, values=("x: [",)),
            (
                "failed",
                f"{_UNPARSED} yaml: line 1: did not find expected node content",
                None,
            ),
            id="values that are no YAML",
        ),
    ],
)
def test_what_a_release_says_is_never_an_option_or_a_url(
    release: Release, expected: tuple[object, ...], beside: Outside
) -> None:
    files = tuple(map(beside.fill, release.values_files))

    built = build_chart(PLAIN, replace(release, values_files=files))

    assert outcome(built, beside) == expected
    assert leaks(built, beside) == []


def test_a_comma_in_the_name_of_a_values_file_is_part_of_its_name(beside: Outside) -> None:
    path = beside.fill("a,http:/127.0.0.1:PORT/v.yaml")

    built = build_chart({**PLAIN, path: "x: mine\n"}, replace(RELEASE, values_files=(path,)))

    assert outcome(built, beside) == ("rendered", "", {"x": "mine"})
    assert leaks(built, beside) == []


def _archive(members: Sequence[tuple[str, bytes | None]], target: str = "") -> bytes:
    """A chart's archive; a member without content is a link to the target."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as held:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data or b"")
            if data is None:
                info.type, info.linkname = tarfile.SYMTYPE, target
            held.addfile(info, io.BytesIO(data or b""))
    return out.getvalue()


_SUBCHART: Final = ("b/Chart.yaml", b"apiVersion: v2\nname: b\nversion: 1.0.0\n")
_UNPACKING: Final = "error unpacking subchart b.tgz in chart: "


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        pytest.param(
            ("b/templates/c.yaml", None), ("rendered", "", {"x": "default"}), id="link outside"
        ),
        pytest.param(
            ("b/../../../../x", b"x"),
            ("failed", f"{_UNPACKING}chart illegally references parent directory", None),
            id="path above the chart",
        ),
        pytest.param(
            ("b/f", b"\0" * 110_000_000),
            (
                "failed",
                f"{_UNPACKING}decompressed chart is larger than the maximum size 104857600",
                None,
            ),
            id="archive bomb",
        ),
    ],
)
def test_a_hostile_archive_of_a_subchart_is_contained(
    member: tuple[str, bytes | None], expected: tuple[object, ...], beside: Outside
) -> None:
    archive = _archive([_SUBCHART, member], str(beside.folder / "canary.yaml"))

    built = build_chart({**PLAIN, "chart/charts/b.tgz": archive})

    assert outcome(built, beside) == expected
    assert leaks(built, beside) == []
