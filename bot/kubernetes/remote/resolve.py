"""Which exact version an address names: what can be fetched of what a tree refers to."""

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
from bot.patterns import pattern

# Longer addresses are cut for display and would then name something else.
_LONGEST: Final = 190
_SCHEME: Final = pattern(r"(?i)(?P<scheme>https?)://(?:[^@/]*@)?(?P<rest>[^?#]+)")
_COMMIT: Final = pattern(r"[0-9a-f]{40}|[0-9a-f]{64}")
_EXACT: Final = pattern(r"v?\d+\.\d+\.\d+(?:-[\w.-]+)?(?:\+[\w.-]+)?", re.ASCII)
_DIGEST: Final = pattern(r"sha256:[0-9a-f]{64}")
_REVISION: Final = pattern(r"(?!.*(?:\.\.|//|@\{))[\w+][\w.+/-]*(?<![./])")
_PLACE: Final = pattern(r"[\w.:~+-]+(?:/[\w.~+-]+)*")
_NAME: Final = pattern(r"[\w][\w.-]*")
_MANIFEST: Final = (".yaml", ".yml", ".json")
_TAGS: Final = "refs/tags/"
# Web pages about a file or a directory, which kustomize cannot use.
_PAGES: Final = pattern(
    r"(?i)(?:https?://)?(?:[^@/]*@)?(?:www\.)?github\.com/[^/]+/[^/]+/(?:blob|tree)/"
)


class RemoteSources:
    """Resolves addresses as kustomize, Helm, Argo CD and Flux do; implements `SourceResolver`."""

    def base(self, text: str) -> ResolvedSource | None:
        """Return the exact version that a kustomization's entry names, None if it is not exact."""
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
        """Return the exact version of a chart of a Helm repository or a registry, else None."""
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
    """Return whether kustomize downloads a text as one file instead of cloning a repository."""
    match = _SCHEME.fullmatch(text)
    return match is not None and match["rest"].endswith(_MANIFEST) and "//" not in match["rest"]


def _file(text: str, address: SourceAddress) -> ResolvedSource | None:
    """Return a file whose address names its version."""
    match = _SCHEME.fullmatch(text)
    if match is None or not address.version or follows_git(address.version):
        return None
    name = "/".join(part for part in (address.place, address.part) if part)
    reference = SourceReference("file", f"{match['scheme'].lower()}://{match['rest']}")
    return ResolvedSource(reference, match["rest"].rpartition("/")[2], name, address.version)


def _revision(version: str) -> str:
    """Return a commit, or the full name of a tag; empty if the text is neither for certain."""
    if not version or follows_git(version) or any(marker in version for marker in ("{{", "${")):
        return ""
    plain = version.removeprefix(_TAGS)
    if not _REVISION.fullmatch(plain) or len(plain) >= _LONGEST:
        return ""
    return plain if _COMMIT.fullmatch(plain) else f"{_TAGS}{plain}"


def _repository(text: str, place: str) -> str:
    """Return the address of a repository; not every server answers with and without `.git`."""
    path = f"{place.partition('/')[2]}.git"
    return f"{_scheme(text)}://{place}{'.git' if path in text else ''}"


def _scheme(text: str) -> str:
    match = _SCHEME.match(text)
    return match["scheme"].lower() if match is not None else "https"


def _shown(version: str) -> str:
    """Return a version as people write it: commits and digests are shortened."""
    plain = version.removeprefix(_TAGS)
    if _COMMIT.fullmatch(plain):
        return plain[:12]
    return f"sha256:{plain[7:19]}" if _DIGEST.fullmatch(plain) else plain
