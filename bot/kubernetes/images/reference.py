"""Image references: grammar, normal form, and the entries of a list of approved images.

Grammar and normal form are those of github.com/distribution/reference v0.6.0 with
github.com/opencontainers/go-digest v1.0.0, which the kubelet and containerd use.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bot.patterns import pattern
from bot.records import dataclass

DOCKER_HUB: Final = "docker.io"
_LEGACY_HUB: Final = "index.docker.io"
IMPLIED: Final = "library"
"""The first path segment of Docker Hub's own images, which a reference may leave out."""
_OFFICIAL: Final = f"{IMPLIED}/"
_LONGEST_PATH: Final = 255

_ALPHANUMERIC: Final = r"[a-z0-9]+"
_COMPONENT: Final = rf"{_ALPHANUMERIC}(?:(?:[._]|__|-+){_ALPHANUMERIC})*"
_PATH: Final = rf"{_COMPONENT}(?:/{_COMPONENT})*"
_LABEL: Final = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN: Final = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_TAG: Final = r"[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}"
# The kubelet links crypto/sha256 and crypto/sha512, which also brings sha384:
# https://github.com/kubernetes/kubernetes/blob/master/pkg/util/parsers/parsers.go
_DIGEST: Final = r"sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128}"
_REFERENCE: Final = pattern(
    rf"(?:(?P<domain>{_DOMAIN})/)?(?P<path>{_PATH})(?::(?P<tag>{_TAG}))?(?:@(?P<digest>{_DIGEST}))?"
)
_HOST: Final = pattern(_DOMAIN)
_IDENTIFIER: Final = pattern(r"[a-f0-9]{64}")


@dataclass(frozen=True, slots=True)
class ImageReference:
    """An image reference in normal form.

    `domain` is empty where upstream's grammar takes the first segment for a host that its host
    grammar then refuses (`my_host.example/app`): such a reference names no registry, and no entry
    approves it.
    """

    domain: str
    path: str
    tag: str | None = None
    digest: str | None = None

    @property
    def repository(self) -> str:
        """The reference without tag and digest."""
        return f"{self.domain}/{self.path}" if self.domain else self.path

    @property
    def pulled_tag(self) -> str | None:
        """The tag that decides what is pulled: None with a digest, `latest` without a tag."""
        return None if self.digest else self.tag or "latest"

    @property
    def origin(self) -> tuple[str, str]:
        """Registry and first path segment, which say whose image it is; the host in lower case.

        A path of one segment is the image's own name, and says that the registry is its owner's.
        """
        owner, _, rest = self.path.partition("/")
        return self.domain.lower(), owner if rest else ""

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.repository}{tag}" + (f"@{self.digest}" if self.digest else "")


def parse_image(reference: str) -> ImageReference | None:
    """The normal form of a reference; None for one that no container runtime can pull."""
    if _IDENTIFIER.fullmatch(reference):
        return None
    domain, rest = _split_domain(reference)
    match = _REFERENCE.fullmatch(f"{domain}/{rest}")
    if match is None or len(match["path"]) > _LONGEST_PATH:
        return None
    return ImageReference(match["domain"] or "", match["path"], match["tag"], match["digest"])


def is_short(reference: str) -> bool:
    """Whether the reference names no registry, so that the container runtime chooses one."""
    first, slash, _ = reference.partition("/")
    return not slash or not _names_host(first)


def _split_domain(reference: str) -> tuple[str, str]:
    first, slash, rest = reference.partition("/")
    if not slash:
        return DOCKER_HUB, _OFFICIAL + reference
    if first == _LEGACY_HUB:
        first = DOCKER_HUB
    elif not _names_host(first):
        first, rest = DOCKER_HUB, reference
    if first == DOCKER_HUB and "/" not in rest:
        rest = _OFFICIAL + rest
    return first, rest


def _names_host(segment: str) -> bool:
    return segment == "localhost" or any(c in segment for c in ".:") or segment != segment.lower()


@dataclass(frozen=True, slots=True)
class ApprovedEntry:
    """One entry of a list of approved images: a registry, a part of one, or one exact image.

    `path` is empty for a whole registry. An entry with a tag or a digest approves that image only.
    """

    domain: str
    path: str = ""
    tag: str | None = None
    digest: str | None = None

    def approves(self, image: ImageReference) -> bool:
        """Whether the image is in this registry and below this path, compared by whole segments."""
        if image.domain.lower() != self.domain.lower():
            return False
        if self.digest:
            return image.path == self.path and image.digest == self.digest
        if self.tag:
            return image.path == self.path and image.pulled_tag == self.tag
        return not self.path or image.path == self.path or image.path.startswith(f"{self.path}/")

    def __str__(self) -> str:
        return str(ImageReference(self.domain, self.path, self.tag, self.digest)).removesuffix("/")


def parse_entry(text: str) -> ApprovedEntry | None:
    """The entry that a line of the list describes, or None for an invalid line.

    A line that names a registry is taken literally: `docker.io/bitnami` is all of Bitnami on Docker
    Hub, although the image of that name would be `docker.io/library/bitnami`. A line without a
    registry is read like an image: `nginx` is `docker.io/library/nginx`, `nginx:1.27` that tag of
    it. A trailing `/` or `/*` names a part of a registry: `bitnami/` is `docker.io/bitnami`,
    `registry:5000/` a whole registry.
    """
    subtree = text.endswith(("/", "/*"))
    text = text.removesuffix("*").removesuffix("/") if subtree else text
    first, slash, rest = text.partition("/")
    if not slash and (_is_registry(first) or (subtree and _names_host(first))):
        return ApprovedEntry(_canonical(first)) if _HOST.fullmatch(first) else None
    if not slash and subtree:
        first, slash, rest = DOCKER_HUB, "/", text
    if not slash or not _names_host(first):
        image = parse_image(text)
        return ApprovedEntry(image.domain, image.path, image.tag, image.digest) if image else None
    match = _REFERENCE.fullmatch(f"{_canonical(first)}/{rest}")
    if match is None or not match["domain"] or len(match["path"]) > _LONGEST_PATH:
        return None
    return ApprovedEntry(match["domain"], match["path"], match["tag"], match["digest"])


def parse_entries(texts: Iterable[str]) -> tuple[ApprovedEntry, ...]:
    """The entries of a list. An invalid line approves nothing."""
    return tuple(entry for entry in map(parse_entry, texts) if entry is not None)


def _is_registry(name: str) -> bool:
    host = name.partition(":")[0]
    return host == "localhost" or "." in host or host.startswith("[")


def _canonical(domain: str) -> str:
    return DOCKER_HUB if domain.lower() in {DOCKER_HUB, _LEGACY_HUB} else domain
