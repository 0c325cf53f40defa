"""Installs pinned programs: downloads and verifies an archive, or builds a Go module."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import platform
import re
import shutil
import signal
import subprocess
import tarfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

import requests

from bot.errors import UsageError
from bot.render.programs import Archive, PinnedTool

_ARCHIVE_LIMIT: Final = 128 * 1024 * 1024
_MEMBER_LIMIT: Final = 512 * 1024 * 1024
_TIMEOUT: Final = 60.0
_BUILD_TIMEOUT: Final = 1800.0
_MOST_COMPILERS: Final = 4
_PACKAGE_LINE: Final = re.compile(r"[A-Za-z0-9._~/+-]+")
"""With `-v`, Go prints the import path of each package that it compiles."""
_MACHINES: Final = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def this_platform() -> str:
    """This machine's platform as the lock names it: `linux/amd64`."""
    machine = platform.machine().lower()
    return f"{platform.system().lower()}/{_MACHINES.get(machine, machine)}"


Download: TypeAlias = Callable[[str], bytes]


def _ignore(step: str) -> None:
    del step


def fetch(tool: PinnedTool, folder: Path, download: Download | None = None) -> Path:
    """Download a pinned renderer into a folder; its path.

    The archive is unpacked only if its sha256 is the locked one. Raises UsageError where the
    platform has no archive, the download fails, or the sha256 differs.
    """
    name = this_platform()
    archive = next((archive for archive in tool.archive if archive.platform == name), None)
    if archive is None:
        legal = ", ".join(archive.platform for archive in tool.archive)
        raise UsageError(
            f"{tool.name} {tool.version} has no locked archive for {name!r} (only for {legal}); "
            f"where Go is installed, `fairlead tools fetch --build` builds it"
        )
    data = (download or _download)(archive.url)
    digest = hashlib.sha256(data).hexdigest()
    if digest != archive.sha256:
        raise UsageError(
            f"{archive.url} does not have the locked sha256: it is {digest}, the lock says "
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
            f"{url} could not be downloaded ({type(error).__name__}); where Go is installed, "
            f"`fairlead tools fetch --build` builds it"
        ) from error
    if len(data) > _ARCHIVE_LIMIT:
        raise UsageError(f"{url} is larger than {_ARCHIVE_LIMIT} bytes; nothing was unpacked")
    return bytes(data)


def _member(data: bytes, archive: Archive) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as members:
        try:
            member = members.getmember(archive.member)
        except KeyError as error:
            raise UsageError(f"{archive.url} does not contain {archive.member!r}") from error
        content = members.extractfile(member) if member.isfile() else None
        if content is None or member.size > _MEMBER_LIMIT:
            raise UsageError(
                f"{archive.url}: {archive.member!r} is not a regular file of at most "
                f"{_MEMBER_LIMIT} bytes"
            )
        return content.read()


def _place(binary: bytes, target: Path) -> Path:
    """Write a binary by one rename, so that its path always names a complete program."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    partial.write_bytes(binary)
    partial.chmod(0o755)
    partial.replace(target)
    return target


def build(tool: PinnedTool, folder: Path, on_step: Callable[[str], None] = _ignore) -> Path:
    """Build a pinned renderer from its Go module into a folder; its path.

    Built without cgo, like upstream's releases, so that it needs no shared library in the sandbox.
    Go verifies the module against its checksum database. `on_step` is told each module that Go
    downloads and each package that it compiles. Raises UsageError where Go is not installed or the
    build fails.
    """
    go = shutil.which("go")
    if go is None:
        raise UsageError(
            "--build needs Go, which is not on the PATH; without --build, the release is downloaded"
        )
    folder.mkdir(parents=True, exist_ok=True)
    target = folder.resolve()
    environment = {**os.environ, "GOBIN": str(target), "GOFLAGS": "-trimpath", "CGO_ENABLED": "0"}
    flags = ["-v", f"-p={_parallel()}"]
    if tool.module:
        command = [go, "install", *flags, f"-ldflags={tool.link}", tool.module]
    else:
        flags += ["-buildvcs=false", "-ldflags=-s -w", "-o", str(target / tool.name)]
        command = [go, "build", "-C", str(_source(tool)), *flags, "."]
    what = tool.module or tool.name
    with subprocess.Popen(  # noqa: S603 - a locked module by a full path to go
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        deadline = time.monotonic() + _BUILD_TIMEOUT
        timer = threading.Timer(_BUILD_TIMEOUT, _kill, [process])
        timer.start()
        try:
            last = _follow(process, on_step)
        finally:
            timer.cancel()
            _kill(process)
    if time.monotonic() >= deadline:
        raise UsageError(f"building {what} took longer than {_BUILD_TIMEOUT:.0f} s")
    if process.returncode != 0:
        raise UsageError(f"{what} could not be built: {last or 'go gave no reason'}")
    return folder / tool.name


def _parallel() -> int:
    """How many packages Go compiles at once: one for each CPU, at most four."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(usable or 1, _MOST_COMPILERS))


def _follow(process: subprocess.Popen[str], on_step: Callable[[str], None]) -> str:
    """Report Go's steps until it ends; the last line that is not one."""
    last, compiled = "", 0
    for line in process.stderr or ():
        text = line.strip()
        if text.startswith("go: downloading "):
            on_step(f"downloading {text.removeprefix('go: downloading ')}")
        elif _PACKAGE_LINE.fullmatch(text):
            compiled += 1
            on_step(f"{compiled} packages compiled, now {text}")
        elif text:
            last = text
    process.wait()
    return last


def _kill(process: subprocess.Popen[str]) -> None:
    """Kill Go and its compilers, if they still run."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _source(tool: PinnedTool) -> Path:
    """The Go source of a program of ours: packed with a wheel, else in the checkout.

    Raises UsageError where neither is there.
    """
    package = Path(__file__).resolve().parent
    for place in (package / f"{tool.name}_source", package.parents[1] / "tools" / tool.name):
        if (place / "go.mod").is_file():
            return place
    raise UsageError(f"the source of {tool.name} is not in this installation")
