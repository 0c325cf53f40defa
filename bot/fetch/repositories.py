"""Fetches a Git repository at one commit, without its history, from a checked IP address."""

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
from bot.fetch.web import refused_account
from bot.git.command import OBJECT_ID, run
from bot.git.mirror import STRICT

_REF: Final = "refs/fairlead/fetched"
_ACCOUNT_ERRORS: Final = (
    "could not read Username",
    "could not read Password",
    "Authentication failed",
)
# What git and curl say of a server that does not answer, or has an error of its own.
_PASSING: Final = re.compile(
    r"returned error: (?:429|5\d\d)|Could not resolve|Failed to connect|Connection|timed? ?out"
    r"|unexpected disconnect|early EOF|hung up|too slow|RPC failed|Recv failure|Empty reply",
    re.IGNORECASE,
)
_FLAGS: Final = (
    *STRICT,
    "protocol.version=2",
    # A transfer slower than this many bytes a second for `http.lowSpeedTime` seconds is ended.
    "http.lowSpeedLimit=100",
    "core.bigFileThreshold=16m",
    "pack.threads=1",
)


def resolve_tag(address: ParsedAddress, tag: str, limits: FetchLimits) -> str:
    """The commit that a tag names now. Raises FetchError where there is no such tag."""
    output = _git(
        ["ls-remote", "--quiet", "--end-of-options", address.url, tag, f"{tag}^{{}}"],
        address,
        limits,
    )
    rows = (line.split("\t", 1) for line in output.decode("utf-8", "replace").splitlines())
    refs = {row[1]: row[0] for row in rows if len(row) == 2}
    # An annotated tag names a tag object; `TAG^{}` names the commit behind it.
    commit = refs.get(f"{tag}^{{}}", refs.get(tag, ""))
    if not OBJECT_ID.match(commit):
        raise FetchError("the repository does not have this tag")
    return commit


def fetch_commit(
    address: ParsedAddress, version: str, commit: str, folder: Path, limits: FetchLimits
) -> None:
    """Write `folder/PACK` with a commit's files. `version` is the commit, or a tag that names it.

    Raises FetchError where the fetch fails or gives another commit.
    """
    repository = folder / "repository"
    shutil.rmtree(repository, ignore_errors=True)
    form = "sha256" if len(commit) == 64 else "sha1"
    run(["init", "--quiet", "--bare", "--template=", f"--object-format={form}", str(repository)])
    git_dir = f"--git-dir={repository}"
    _git(
        [
            git_dir,
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
            address.url,
            f"{version}:{_REF}",
        ],
        address,
        limits,
    )
    fetched = run([git_dir, "rev-parse", "--verify", "--quiet", f"{_REF}^{{commit}}"])
    if fetched.decode().strip() != commit:
        raise FetchError("the server sent another commit than the requested one", refused=True)
    packs = sorted((repository / "objects" / "pack").glob("*.pack"))
    if len(packs) != 1:
        raise FetchError("git did not keep the fetched objects as one pack")
    # The sandbox does not allow a rename from one directory to another.
    shutil.copyfile(packs[0], folder / PACK)
    shutil.rmtree(repository)


def supports_pinned_addresses(version: str) -> bool:
    """Whether this version of git has `http.curloptResolve` (2.37)."""
    match = re.search(r"(\d+)\.(\d+)", version)
    return match is not None and (int(match[1]), int(match[2])) >= (2, 37)


def _git(command: list[str], address: ParsedAddress, limits: FetchLimits) -> bytes:
    options = [(key, value) for key, _, value in (flag.partition("=") for flag in _FLAGS)]
    options.append(("http.lowSpeedTime", str(max(1, round(limits.bounds.patience)))))
    account = limits.account_at(address)
    if account is not None:
        # By the environment, which no other process sees; git follows no redirect with it.
        header = f"Authorization: {account.authorization}"
        options.append((f"http.{address.url}.extraHeader", header))
    addresses = limits.addresses(address)
    if addresses and not is_literal(address.host):
        if not supports_pinned_addresses(run(["version"]).decode()):
            raise FetchError("git 2.37 or newer is required to connect to a checked address")
        options.append(("http.curloptResolve", _curl_entry(address, addresses)))
    try:
        return run(
            command,
            protocols=(address.scheme,),
            extra={**limits.surroundings, **_configuration(options)},
            seconds=limits.bounds.seconds,
        )
    except GitError as error:
        if any(text in str(error) for text in _ACCOUNT_ERRORS):
            raise refused_account(address.authority, account, "git could not log in") from error
        slow = "took longer" in str(error)
        passing = slow or _PASSING.search(str(error)) is not None
        raise FetchError(str(error), limit=slow, passing=passing) from error


def _curl_entry(address: ParsedAddress, addresses: tuple[str, ...]) -> str:
    """The checked IP addresses as curl takes them, so that it does not resolve the name again.

    https://curl.se/libcurl/c/CURLOPT_RESOLVE.html
    """
    listed = ",".join(f"[{text}]" if ":" in text else text for text in addresses)
    return f"{address.host}:{address.port}:{listed}"


def _configuration(options: list[tuple[str, str]]) -> Mapping[str, str]:
    """Git's environment variables for options: GIT_CONFIG_COUNT, GIT_CONFIG_KEY_n, ..._VALUE_n."""
    variables = {"GIT_CONFIG_COUNT": str(len(options))}
    for number, (key, value) in enumerate(options):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return variables
