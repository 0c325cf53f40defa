"""Which exact version of what an address means: what can be brought of what a tree names."""

from __future__ import annotations

import re
from typing import Final

from bot.core.fetching import SourceReference
from bot.core.states.roots.fetched_files import ResolvedSource
from bot.kubernetes.remote.addresses import (
    SourceAddress,
    follows_git,
    git_address,
    plain_address,
)

# Longer ones are cut where they are shown, and would then be other addresses.
_LONGEST: Final = 190
_SCHEME: Final = re.compile(r"(?i)(?P<scheme>https?)://(?:[^@/]*@)?(?P<rest>[^?#]+)")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_EXACT: Final = re.compile(r"v?\d+\.\d+\.\d+(?:-[\w.-]+)?(?:\+[\w.-]+)?", re.ASCII)
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_REVISION: Final = re.compile(r"(?!.*(?:\.\.|//|@\{))[\w+][\w.+/-]*(?<![./])")
_PLACE: Final = re.compile(r"[\w.:~+-]+(?:/[\w.~+-]+)*")
_NAME: Final = re.compile(r"[\w][\w.-]*")
_MANIFEST: Final = (".yaml", ".yml", ".json")
_TAGS: Final = "refs/tags/"
# Pages about a file or a directory, of which kustomize makes nothing.
_PAGES: Final = re.compile(
    r"(?i)(?:https?://)?(?:[^@/]*@)?(?:www\.)?github\.com/[^/]+/[^/]+/(?:blob|tree)/"
)


class RemoteSources:
    """What kustomize, Helm, Argo CD and Flux mean by an address: see `Elsewhere`."""

    def base(self, text: str) -> ResolvedSource | None:
        """What a kustomization names, where an exact version of it is meant."""
        plain = text.strip()
        if len(plain) > _LONGEST or not plain.isprintable() or _PAGES.match(plain):
            return None
        address = git_address(plain)
        if _names_a_file(plain):
            return _file(plain, address)
        version = _revision(address.version)
        if not version or not _PLACE.fullmatch(address.place) or "/" not in address.place:
            return None
        reference = SourceReference("git", _repository(plain, address.place), version)
        return ResolvedSource(reference, address.part, address.place, _shown(address.version))

    def chart(self, repository: str, name: str, version: str) -> ResolvedSource | None:
        """A chart of a repository of charts, or of a registry where its address says so."""
        digest = _DIGEST.fullmatch(version) is not None
        place = plain_address(repository).place
        if (
            not (digest or _EXACT.fullmatch(version))
            or len(repository) > _LONGEST
            or not _NAME.fullmatch(name)
        ):
            return None
        if not _PLACE.fullmatch(place) or not (digest or _REVISION.fullmatch(version)):
            return None
        if repository.lower().startswith("oci://"):
            # https://helm.sh/docs/topics/registries/: a tag has no plus sign.
            reference = SourceReference("oci", f"oci://{place}/{name}", version.replace("+", "_"))
            return ResolvedSource(reference, "", f"{place}/{name}", _shown(version))
        if digest or _SCHEME.match(repository) is None:
            return None
        reference = SourceReference("chart", f"{_scheme(repository)}://{place}", version, name)
        return ResolvedSource(reference, "", f"{place}/{name}", version)


def _names_a_file(text: str) -> bool:
    """Whether kustomize gets a text as one file, and clones nothing."""
    match = _SCHEME.fullmatch(text)
    return match is not None and match["rest"].endswith(_MANIFEST) and "//" not in match["rest"]


def _file(text: str, address: SourceAddress) -> ResolvedSource | None:
    """A file at an address that names the version of it."""
    match = _SCHEME.fullmatch(text)
    if match is None or not address.version or follows_git(address.version):
        return None
    name = "/".join(part for part in (address.place, address.part) if part)
    reference = SourceReference("file", f"{match['scheme'].lower()}://{match['rest']}")
    return ResolvedSource(reference, match["rest"].rpartition("/")[2], name, address.version)


def _revision(version: str) -> str:
    """A commit, or the full name of a tag; empty for what is neither for certain."""
    if not version or follows_git(version) or any(marker in version for marker in ("{{", "${")):
        return ""
    plain = version.removeprefix(_TAGS)
    if not _REVISION.fullmatch(plain) or len(plain) >= _LONGEST:
        return ""
    return plain if _COMMIT.fullmatch(plain) else f"{_TAGS}{plain}"


def _repository(text: str, place: str) -> str:
    """The address of a repository: not every server has it by both of its names."""
    path = f"{place.partition('/')[2]}.git"
    return f"{_scheme(text)}://{place}{'.git' if path in text else ''}"


def _scheme(text: str) -> str:
    match = _SCHEME.match(text)
    return match["scheme"].lower() if match is not None else "https"


def _shown(version: str) -> str:
    """A version as people write it: commits and digests in short."""
    plain = version.removeprefix(_TAGS)
    if _COMMIT.fullmatch(plain):
        return plain[:12]
    return f"sha256:{plain[7:19]}" if _DIGEST.fullmatch(plain) else plain
