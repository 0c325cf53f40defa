"""Whether an address is that of the repository under review."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bot.patterns import pattern
from bot.records import dataclass

# `git@host:owner/name`, where a path follows the colon, not a port.
_SCP: Final = pattern(r"(?:[^@/\s]+@)?(?P<host>[^:/\s]+):(?!//)(?P<path>\S*)")
_URL: Final = pattern(
    r"(?:(?:git\+)?[a-z][a-z0-9.-]*://)?(?:[^@/\s]*@)?(?P<host>[^:/\s]*)(?::\d*)?(?:/(?P<path>\S*))?"
)

# GitHub's way around blocked ports: https://docs.github.com/en/authentication/troubleshooting-ssh
_SAME_HOST: Final = {"ssh.github.com": "github.com", "www.github.com": "github.com"}


def normalised(url: str) -> str:
    """Return `host/path` of an address in lower case, whatever its form.

    GitHub ignores case in hosts, owners and names, and Argo CD compares addresses without case. The
    function is idempotent.
    """
    parsed = _once(url)
    while (again := _once(parsed)) != parsed:
        parsed = again
    return parsed


def _once(url: str) -> str:
    text = url.strip().lower()
    match = _URL.fullmatch(text) or _SCP.fullmatch(text)
    if match is None:
        return text
    parts = [part for part in (match["path"] or "").split("/") if part]
    while parts and parts[-1] == ".git":
        parts.pop()
    if parts:
        parts[-1] = _without_suffix(parts[-1])
    host = _SAME_HOST.get(match["host"], match["host"])
    return "/".join((host, *parts))


def _without_suffix(name: str) -> str:
    while name.endswith(".git") and name != ".git":
        name = name.removesuffix(".git")
    return name


@dataclass(frozen=True, slots=True)
class RepositoryAddresses:
    """The addresses of the repository under review, or its full name; empty if none is known."""

    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, addresses: Iterable[str]) -> RepositoryAddresses:
        """Build from addresses as `git remote` or GitHub give them, or from `owner/name`."""
        return cls(frozenset(normalised(address) for address in addresses if address.strip()))

    def holds(self, url: str | None) -> bool | None:
        """Return whether this address is the repository's; None if no address is known."""
        if not self.names:
            return None
        if url is None:
            return False
        address = normalised(url)
        short = "/".join(address.split("/")[-2:])
        return any(
            address == name or (name.count("/") == 1 and short == name) for name in self.names
        )
