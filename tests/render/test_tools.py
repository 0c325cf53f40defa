"""The pinned renderers: verified before they are unpacked, found where they are."""

from __future__ import annotations

import hashlib
import io
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import UsageError
from bot.render.tools import Archive, Binary, Tool, fetch, find, pinned_tools, this_platform


def archive_of(member: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as held:
        info = tarfile.TarInfo(member)
        info.size = len(content)
        held.addfile(info, io.BytesIO(content))
    return out.getvalue()


DATA = archive_of("linux/helm", b"#!/bin/sh\necho v4.2.4\n")
TOOL = Tool(
    "helm",
    "4.2.4",
    "example.com/helm@v4.2.4",
    (
        Archive(
            this_platform(),
            "https://example.com/helm.tar.gz",
            hashlib.sha256(DATA).hexdigest(),
            "linux/helm",
        ),
    ),
)


def test_every_pinned_tool_has_a_sum_for_each_platform_of_the_image() -> None:
    platforms = {
        tool.name: {held.platform for held in tool.archive if len(held.sha256) == 64}
        for tool in pinned_tools()
    }

    assert platforms == {name: {"linux/amd64", "linux/arm64"} for name in ("kustomize", "helm")}


def test_a_fetched_tool_is_found_with_its_version(tmp_path: Path) -> None:
    path = fetch(TOOL, tmp_path / "tools", lambda _: DATA)

    assert find("helm", [tmp_path / "tools"]) == Binary(
        "helm", "4.2.4", path, pinned=True, words=("template",)
    )


def test_an_archive_that_is_not_the_locked_one_is_never_unpacked(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not what is locked"):
        fetch(TOOL, tmp_path, lambda _: DATA + b"x")

    assert list(tmp_path.iterdir()) == []


def test_a_member_that_is_no_file_is_refused(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as held:
        link = tarfile.TarInfo("linux/helm")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        held.addfile(link)
    data = out.getvalue()
    locked = replace(TOOL.archive[0], sha256=hashlib.sha256(data).hexdigest())

    with pytest.raises(UsageError, match="no binary that can be taken"):
        fetch(replace(TOOL, archive=(locked,)), tmp_path, lambda _: data)


def test_a_platform_without_archive_is_told_what_there_is(tmp_path: Path) -> None:
    other = replace(TOOL, archive=(replace(TOOL.archive[0], platform="plan9/mips"),))

    with pytest.raises(UsageError, match=r"there are plan9/mips\); with Go at hand"):
        fetch(other, tmp_path, lambda _: DATA)


def test_a_binary_that_cannot_say_its_version_is_not_used(tmp_path: Path) -> None:
    broken = tmp_path / "helm"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)

    found = find("helm", [tmp_path])

    assert found is None or found.path != broken
