"""Which references are asked for at all: whoever names one may be anybody by now."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from bot.core.fetching import ReferenceKind, SourceReference
from bot.fetch.addresses import Named, ParsedAddress, place_of
from bot.kubernetes.remote.addresses import git_address, plain_address, shown

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
        "git": "it is at no full commit and no tag",
        "chart": "it names no chart at an exact version",
        "oci": "it is at no exact tag and no digest",
        "file": "a file has no version",
    }
)


@dataclass(frozen=True, slots=True)
class Checked:
    """A reference that may be asked for: where that is, and whose."""

    reference: SourceReference
    place: ParsedAddress
    owner: str

    @property
    def key(self) -> str:
        """What of this reference does not change with its version."""
        return f"{self.reference.kind}\0{self.place.url}\0{self.reference.name}"

    @property
    def immutable(self) -> str:
        """The commit or digest that this stands for whenever it is asked for; else empty.

        Tags of git and of registries move. A chart's version does not: whoever publishes another
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
        steps = self.place.path.split("/")
        pinned = self.place.host == "raw.githubusercontent.com" and len(steps) > 4
        return steps[3] if pinned and is_commit(steps[3]) else ""


def is_commit(text: str) -> bool:
    """Whether this is a full commit, or the hexadecimal part of a digest."""
    return _COMMIT.fullmatch(text) is not None


def is_digest(text: str) -> bool:
    """Whether this is a digest, with the name of how it is made."""
    return _DIGEST.fullmatch(text) is not None


def checked(reference: SourceReference, owners: frozenset[str], named: Named) -> Checked | str:
    """The reference as it may be asked for, or one sentence that says why it is not."""
    what = shown(reference.address) or "a reference without an address"
    place = place_of(reference.address, named)
    if isinstance(place, str):
        return f"'{what}' is not fetched: {place}"
    wrong = _wrong(reference, place)
    if wrong:
        return f"'{what}' is not fetched: {wrong}"
    owner = _owner(reference)
    if owner not in owners and not named.allows(place, owner):
        return (
            f"'{what}' is not fetched: nothing at base is from '{owner}', and FAIRLEAD_FETCH_HOSTS "
            "does not name it"
        )
    return Checked(reference, place, owner)


def _owner(reference: SourceReference) -> str:
    """Whose it is, in the words in which base's own references say it."""
    address = git_address if reference.kind in {"git", "file"} else plain_address
    return address(reference.address).owner


def _wrong(reference: SourceReference, place: ParsedAddress) -> str:
    """What is wrong with the words of a reference; empty where nothing is."""
    if (reference.kind == "oci") is not reference.address.startswith("oci://"):
        return "its address is of another kind"
    if bool(reference.name) is not (reference.kind == "chart"):
        return "it names a chart where there is none, or none where there must be one"
    if not place.path and reference.kind != "chart":
        return "its address names nothing on its host"
    if reference.kind == "oci" and not _ARTIFACT.fullmatch(place.path):
        return "its address is that of no artifact"
    return "" if _is_exact(reference) else _INEXACT[reference.kind]


def _is_exact(reference: SourceReference) -> bool:
    if reference.kind == "git":
        return _is_git_version(reference.version)
    if reference.kind == "chart":
        named, version = _CHART.fullmatch(reference.name), _CHART_VERSION
        return named is not None and version.fullmatch(reference.version) is not None
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
    steps = match["name"].split("/")
    return not any(
        not step or step[0] in ".-" or step.endswith((".", ".lock")) or ".." in step
        for step in steps
    )
