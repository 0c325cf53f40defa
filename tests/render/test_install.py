"""How a pinned renderer comes here: verified before it is unpacked."""

from __future__ import annotations

import hashlib
import io
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import UsageError
from bot.render.install import build, fetch, this_platform
from bot.render.programs import Archive, PinnedTool


def archive_of(member: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as held:
        info = tarfile.TarInfo(member)
        info.size = len(content)
        held.addfile(info, io.BytesIO(content))
    return out.getvalue()


CONTENT = b"a renderer"
DATA = archive_of("linux/helm", CONTENT)
TOOL = PinnedTool(
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


def test_a_fetched_tool_is_the_member_of_its_archive(tmp_path: Path) -> None:
    path = fetch(TOOL, tmp_path / "tools", lambda _: DATA)

    assert (path, path.read_bytes(), path.stat().st_mode & 0o777) == (
        tmp_path / "tools" / "helm",
        CONTENT,
        0o755,
    )


def test_an_archive_that_is_not_the_locked_one_is_never_unpacked(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not have the locked sha256"):
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

    with pytest.raises(UsageError, match="is not a regular file of at most"):
        fetch(replace(TOOL, archive=(locked,)), tmp_path, lambda _: data)


def test_a_platform_without_archive_is_told_what_there_is(tmp_path: Path) -> None:
    other = replace(TOOL, archive=(replace(TOOL.archive[0], platform="plan9/mips"),))

    with pytest.raises(UsageError, match=r"only for plan9/mips\); where Go is installed"):
        fetch(other, tmp_path, lambda _: DATA)


def test_without_go_nothing_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(UsageError, match="--build needs Go, which is not on the PATH"):
        build(TOOL, tmp_path / "tools")

    assert list(tmp_path.iterdir()) == []


def test_what_go_refuses_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = tmp_path / "go"
    go.write_text("#!/bin/sh\necho first >&2\necho no such module >&2\nexit 1\n")
    go.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    with pytest.raises(UsageError, match=r"helm@v4\.2\.4 could not be built: no such module"):
        build(TOOL, tmp_path / "tools")
