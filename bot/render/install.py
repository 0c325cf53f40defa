"""How a pinned renderer comes here: its archive fetched and verified, or its module built."""

from __future__ import annotations

import hashlib
import io
import os
import platform
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

import requests

from bot.errors import UsageError
from bot.render.tools import Archive, Tool

_ARCHIVE_LIMIT: Final = 128 * 1024 * 1024
_MEMBER_LIMIT: Final = 512 * 1024 * 1024
_TIMEOUT: Final = 60.0
_BUILD_TIMEOUT: Final = 1800.0
_MACHINES: Final = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def this_platform() -> str:
    """This machine as the lock names it: `linux/amd64`."""
    machine = platform.machine().lower()
    return f"{platform.system().lower()}/{_MACHINES.get(machine, machine)}"


Download: TypeAlias = Callable[[str], bytes]


def fetch(tool: Tool, folder: Path, download: Download | None = None) -> Path:
    """Bring a pinned renderer into a folder; its path.

    Nothing is unpacked before the archive's sum is the locked one. Raises UsageError where the
    platform has no archive, the download fails, or the sum is another.
    """
    here = this_platform()
    archive = next((held for held in tool.archive if held.platform == here), None)
    if archive is None:
        legal = ", ".join(held.platform for held in tool.archive)
        raise UsageError(
            f"{tool.name} {tool.version} has no locked archive for {here!r} (there are {legal}); "
            f"with Go at hand, `fairlead tools fetch --build` builds it"
        )
    data = (download or _download)(archive.url)
    found = hashlib.sha256(data).hexdigest()
    if found != archive.sha256:
        raise UsageError(
            f"{archive.url} is not what is locked: its sha256 is {found}, the lock says "
            f"{archive.sha256}; nothing was unpacked"
        )
    return _place(_member(data, archive), folder / tool.name)


def _download(url: str) -> bytes:
    try:
        with requests.get(url, timeout=_TIMEOUT, stream=True) as answer:
            answer.raise_for_status()
            data = answer.raw.read(_ARCHIVE_LIMIT + 1, decode_content=True)
    except requests.RequestException as error:
        raise UsageError(
            f"{url} could not be fetched: {type(error).__name__}; with Go at hand, "
            f"`fairlead tools fetch --build` builds it"
        ) from error
    if len(data) > _ARCHIVE_LIMIT:
        raise UsageError(f"{url} is larger than {_ARCHIVE_LIMIT} bytes; nothing was unpacked")
    return bytes(data)


def _member(data: bytes, archive: Archive) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as held:
        try:
            member = held.getmember(archive.member)
        except KeyError as error:
            raise UsageError(f"{archive.url} holds no {archive.member!r}") from error
        content = held.extractfile(member) if member.isfile() else None
        if content is None or member.size > _MEMBER_LIMIT:
            raise UsageError(f"{archive.url}: {archive.member!r} is no binary that can be taken")
        return content.read()


def _place(binary: bytes, target: Path) -> Path:
    """Put a binary at its place in one step: who starts it meanwhile sees the old or the new."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    partial.write_bytes(binary)
    partial.chmod(0o755)
    partial.replace(target)
    return target


def build(tool: Tool, folder: Path) -> Path:
    """Build a pinned renderer from its Go module into a folder; its path.

    Without cgo, as upstream's own releases, so that it needs no shared library in the sandbox. Go
    verifies the module by its checksum database. Raises UsageError where there is no Go, or it
    refuses.
    """
    go = shutil.which("go")
    if go is None:
        raise UsageError(
            "there is no Go on the PATH to build with; without --build, the archive is fetched"
        )
    folder.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "GOBIN": str(folder.resolve()),
        "GOFLAGS": "-trimpath",
        "CGO_ENABLED": "0",
    }
    try:
        done = subprocess.run(  # noqa: S603 - a locked module by a full path to go
            [go, "install", f"-ldflags={tool.link}", tool.module],
            env=environment,
            capture_output=True,
            text=True,
            timeout=_BUILD_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UsageError(
            f"building {tool.module} took longer than {_BUILD_TIMEOUT:.0f} s"
        ) from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise UsageError(f"{tool.module} could not be built: {last}")
    return folder / tool.name
