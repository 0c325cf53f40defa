"""Which references may be fetched. Their text comes from the author of a pull request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from bot.core.fetching import ReferenceKind, SourceReference
from bot.fetch.accounts import FetchAccount, account_for
from bot.fetch.addresses import AllowedHosts, ParsedAddress, parse_address
from bot.kubernetes.remote.addresses import git_address, plain_address, shown
from bot.records import dataclass

_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_TAG: Final = re.compile(r"refs/tags/(?P<name>[A-Za-z0-9_][\w.+@/-]{0,198})", re.ASCII)
_CHART: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}")
_CHART_VERSION: Final = re.compile(
    r"v?[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}(?:-[0-9A-Za-z.-]{1,100})?(?:\+[0-9A-Za-z.-]{1,100})?"
)
_ARTIFACT: Final = re.compile(
    r"(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)+"
)  # https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_OCI_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,127}")

_INEXACT: Final[Mapping[ReferenceKind, str]] = MappingProxyType(
    {
        "git": "its version is neither a full commit nor a tag",
        "chart": "it does not name a chart at an exact version",
        "oci": "its version is neither an exact tag nor a digest",
        "file": "a file cannot have a version",
    }
)


@dataclass(frozen=True, slots=True)
class AllowedSource:
    """A reference that may be fetched, its parsed address, its owner (`host[/name]`).

    `account` is the operator's account that the repository may use for it, None for none.
    """

    reference: SourceReference
    address: ParsedAddress
    owner: str
    account: FetchAccount | None = None

    @property
    def key(self) -> str:
        """What identifies the source apart from its version.

        With an account it includes the account's scope, so that the store gives a private source
        only to repositories that may use the account.
        """
        public = f"{self.reference.kind}\0{self.address.url}\0{self.reference.name}"
        return public if self.account is None else f"{public}\0{self.account.scope}"

    @property
    def immutable(self) -> str:
        """The commit or digest that this reference always names; empty where it may move.

        Tags of Git and of registries move. A chart's version does not: whoever publishes another
        archive under it breaks everybody's lock files.
        """
        reference = self.reference
        if reference.kind == "git":
            return reference.version if is_commit(reference.version) else ""
        if reference.kind == "oci":
            digest = _DIGEST.fullmatch(reference.version)
            return reference.version.removeprefix("sha256:") if digest else ""
        if reference.kind == "chart":
            return sha256(reference.version.encode()).hexdigest()
        segments = self.address.path.split("/")
        is_raw = self.address.host == "raw.githubusercontent.com" and len(segments) > 4
        return segments[3] if is_raw and is_commit(segments[3]) else ""


def is_commit(text: str) -> bool:
    """Whether a text is a full commit id, or the hexadecimal part of a digest."""
    return _COMMIT.fullmatch(text) is not None


def is_digest(text: str) -> bool:
    """Whether a text is a digest with its algorithm, `sha256:...`."""
    return _DIGEST.fullmatch(text) is not None


def allowed_source(
    reference: SourceReference,
    owners: frozenset[str],
    hosts: AllowedHosts,
    accounts: tuple[FetchAccount, ...] = (),
) -> AllowedSource | str:
    """The reference as it may be fetched, or one sentence that says why it is not.

    `owners` are those whose sources the base uses already, `accounts` those that the repository
    may use.
    """
    name = shown(reference.address) or "a reference without an address"
    address = parse_address(reference.address, hosts)
    if isinstance(address, str):
        return f"'{name}' is not fetched: {address}"
    fault = _fault(reference, address)
    if fault:
        return f"'{name}' is not fetched: {fault}"
    owner = _owner(reference)
    if owner not in owners and not hosts.allows(address, owner):
        return (
            f"'{name}' is not fetched: the base uses nothing from '{owner}', and "
            "FAIRLEAD_FETCH_HOSTS does not list it"
        )
    account = account_for(reference.kind, address, accounts)
    return AllowedSource(reference, address, owner, account)


def _owner(reference: SourceReference) -> str:
    """The reference's owner, written as for the references of the base."""
    address = git_address if reference.kind in {"git", "file"} else plain_address
    return address(reference.address).owner


def _fault(reference: SourceReference, address: ParsedAddress) -> str:
    """What is malformed in a reference, as a clause; empty where nothing is."""
    if (reference.kind == "oci") is not reference.address.startswith("oci://"):
        return "only a registry's address begins with oci://"
    if bool(reference.name) is not (reference.kind == "chart"):
        return "a chart's name is required for a chart repository, and not allowed elsewhere"
    if not address.path and reference.kind != "chart":
        return "its address has no path"
    if reference.kind == "oci" and not _ARTIFACT.fullmatch(address.path):
        return "its path is not the name of an OCI repository"
    return "" if _is_exact(reference) else _INEXACT[reference.kind]


def _is_exact(reference: SourceReference) -> bool:
    if reference.kind == "git":
        return _is_git_version(reference.version)
    if reference.kind == "chart":
        name = _CHART.fullmatch(reference.name)
        return name is not None and _CHART_VERSION.fullmatch(reference.version) is not None
    if reference.kind == "oci":
        digest, tag = (form.fullmatch(reference.version) for form in (_DIGEST, _OCI_TAG))
        return digest is not None or tag is not None
    return not reference.version


def _is_git_version(version: str) -> bool:
    if _COMMIT.fullmatch(version):
        return True
    match = _TAG.fullmatch(version)
    if match is None or "@{" in version:
        return False
    # https://git-scm.com/docs/git-check-ref-format
    segments = match["name"].split("/")
    return not any(
        not segment or segment[0] in ".-" or segment.endswith((".", ".lock")) or ".." in segment
        for segment in segments
    )
