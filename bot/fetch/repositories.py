"""A repository at one commit: fetched by git, without its history, from a checked address."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bot.errors import FetchError, GitError
from bot.fetch.addresses import ParsedAddress
from bot.fetch.guard import is_literal
from bot.fetch.limits import FetchLimits
from bot.fetch.messages import PACK
from bot.git.command import OBJECT_ID, run
from bot.git.mirror import STRICT

_HERE: Final = "refs/fairlead/brought"
_FLAGS: Final = (
    *STRICT,
    "protocol.version=2",
    # Below this many bytes a second for as long as `lowSpeedTime` says, whoever is asked is gone.
    "http.lowSpeedLimit=100",
    "core.bigFileThreshold=16m",
    "pack.threads=1",
)


def tagged(place: ParsedAddress, tag: str, means: FetchLimits) -> str:
    """The commit that a tag names now. Raises FetchError where there is no such tag."""
    listed = _git(
        ["ls-remote", "--quiet", "--end-of-options", place.url, tag, f"{tag}^{{}}"],
        place,
        means,
    )
    rows = (line.split("\t", 1) for line in listed.decode("utf-8", "replace").splitlines())
    found = {row[1]: row[0] for row in rows if len(row) == 2}
    # An annotated tag names a tag object; with `^{}` what that names.
    commit = found.get(f"{tag}^{{}}", found.get(tag, ""))
    if not OBJECT_ID.match(commit):
        raise FetchError("the repository has no such tag")
    return commit


def bring_commit(
    place: ParsedAddress, wanted: str, commit: str, folder: Path, means: FetchLimits
) -> None:
    """The pack of a commit's files, in a folder. `wanted` is the commit or the tag that names it.

    Raises FetchError where it cannot be had, or something else came.
    """
    repository = folder / "repository"
    shutil.rmtree(repository, ignore_errors=True)
    form = "sha256" if len(commit) == 64 else "sha1"
    run(["init", "--quiet", "--bare", "--template=", f"--object-format={form}", str(repository)])
    here = f"--git-dir={repository}"
    _git(
        [
            here,
            "fetch",
            "--quiet",
            "--no-progress",
            "--depth=1",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            "--no-auto-maintenance",
            "--refmap=",
            "--end-of-options",
            place.url,
            f"{wanted}:{_HERE}",
        ],
        place,
        means,
    )
    came = run([here, "rev-parse", "--verify", "--quiet", f"{_HERE}^{{commit}}"])
    if came.decode().strip() != commit:
        raise FetchError("another commit came than the one that was asked for", refused=True)
    packs = sorted((repository / "objects" / "pack").glob("*.pack"))
    if len(packs) != 1:
        raise FetchError("git kept no pack of what came")
    # A rename from one directory to another is not for a confined process.
    shutil.copyfile(packs[0], folder / PACK)
    shutil.rmtree(repository)


def knows_pins(version: str) -> bool:
    """Whether git of this version can be told the addresses of a name."""
    match = re.search(r"(\d+)\.(\d+)", version)
    return match is not None and (int(match[1]), int(match[2])) >= (2, 37)


def _git(command: list[str], place: ParsedAddress, means: FetchLimits) -> bytes:
    flags = [*_FLAGS, f"http.lowSpeedTime={max(1, round(means.bounds.patience))}"]
    addresses = means.addresses(place)
    if addresses and not is_literal(place.host):
        if not knows_pins(run(["version"]).decode()):
            raise FetchError(
                "git 2.37 or newer is needed to fetch from an address that was checked"
            )
        flags.append(f"http.curloptResolve={_pinned(place, addresses)}")
    try:
        return run(
            command,
            protocols=(place.scheme,),
            extra={**means.surroundings, **_configuration(flags)},
            seconds=means.bounds.seconds,
        )
    except GitError as error:
        raise FetchError(str(error), limit="took longer" in str(error)) from error


def _pinned(place: ParsedAddress, addresses: tuple[str, ...]) -> str:
    """The addresses as curl takes them, so that the name is not asked for once more.

    https://curl.se/libcurl/c/CURLOPT_RESOLVE.html
    """
    told = ",".join(f"[{it}]" if ":" in it else it for it in addresses)
    return f"{place.host}:{place.port}:{told}"


def _configuration(flags: list[str]) -> Mapping[str, str]:
    """The flags in the environment, which holds as many as there are."""
    told = {"GIT_CONFIG_COUNT": str(len(flags))}
    for number, flag in enumerate(flags):
        told[f"GIT_CONFIG_KEY_{number}"], _, told[f"GIT_CONFIG_VALUE_{number}"] = flag.partition(
            "="
        )
    return told
