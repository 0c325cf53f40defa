"""Addresses of remote sources: host and path, owner, and version."""

from __future__ import annotations

from typing import Final

from bot.patterns import pattern
from bot.records import dataclass

_LONGEST: Final = 200

_URL: Final = pattern(
    r"(?i)(?:git::)?(?:[a-z][a-z0-9+.-]*://)?/?(?:[^@/]*@)?"
    r"(?P<host>[^/:]+)(?P<port>:[0-9]+(?=/|$))?[:/]*(?P<path>.*)"
)
_RAW: Final = frozenset({"raw.githubusercontent.com"})
_SAME_HOST: Final = {"ssh.github.com": "github.com", "www.github.com": "github.com"}

# Hosts on which the first path segment names the owner.
_FORGES: Final = frozenset({"github.com", "gitlab.com", "bitbucket.org", "codeberg.org"})
_SHARED: Final = _FORGES | {
    "ghcr.io",
    "quay.io",
    "docker.io",
    "registry-1.docker.io",
    "index.docker.io",
    "registry.gitlab.com",
    "public.ecr.aws",
    "gcr.io",
    "storage.googleapis.com",
    "s3.amazonaws.com",
    "raw.githubusercontent.com",
}
_MANIFEST: Final = (".yaml", ".yml", ".json")
_PLACE: Final = pattern(r"[\w.+~/-]+")

_VERSION: Final = pattern(r"(?:[\w.-]*[/_-])?v?\d+\.\d+\.\d+(?:[-.+_][\w.+-]*)?|v\d+\.\d+")
_DATED: Final = pattern(r"(?:[\w.-]*[/_-])?v?\d{4}[-.]?\d{2}[-.]?\d{2}(?:[-.+_][\w.+-]*)?")
_COMMIT: Final = pattern(r"[0-9a-f]{40}|[0-9a-f]{64}")
# A release bucket's own version: a date, often with the commit that was built.
_BUILD: Final = pattern(r"v?20\d{2}[-.]?\d{2}[-.]?\d{2}(?:[-.+_][\w.+-]*)?")
_EXACT: Final = pattern(r"v?\d+\.\d+\.\d+(?:-[\w.-]+)?(?:\+[\w.-]+)?")
_TEMPLATED: Final = ("{{", "${")


@dataclass(frozen=True, slots=True)
class SourceAddress:
    """A remote address without credentials: `place` is `host/path`, `part` the path inside it.

    `version` is the version in the address itself, empty if it names none.
    """

    place: str
    part: str = ""
    version: str = ""

    @property
    def owner(self) -> str:
        """The host, followed by the account on hosts that many owners share."""
        host, _, path = self.place.lower().partition("/")
        return f"{host}/{path.partition('/')[0]}" if host in _SHARED and path else host


def git_address(text: str) -> SourceAddress:
    """Return the address of a git repository, or of a file in one, in any form the tools accept."""
    plain, _, query = text.strip().partition("?")
    parameters = {
        name: text for name, _, text in (item.partition("=") for item in query.split("&"))
    }
    version = parameters.get("ref") or parameters.get("version") or ""
    host, path = _parts(plain)
    if host in _RAW or host == "github.com":
        file = _file_of_github(host, path)
        if file is not None:
            return file
    if plain.lower().startswith("http") and path.endswith(_MANIFEST) and not version:
        return _file_elsewhere(host, path)
    place, part = _repository(host, path)
    return SourceAddress(shown(place), shown(part), shown(version))


def plain_address(text: str) -> SourceAddress:
    """Return the address of a Helm repository, a registry or a bucket."""
    host, path = _parts(text.strip().partition("?")[0])
    return SourceAddress(shown("/".join(part for part in (host, path.strip("/")) if part)))


def shown(text: str) -> str:
    """Return a text of the tree in printable form, bounded for use in a sentence."""
    return "".join(sign for sign in text if sign.isprintable())[:_LONGEST]


def follows_git(version: str) -> bool:
    """Return whether a git reference can move: a branch, or none at all.

    A tag counts as a version, though its owner may move it.
    """
    if any(marker in version for marker in _TEMPLATED):
        return False
    if version.startswith("refs/tags/"):
        return False
    return not any(form.fullmatch(version) for form in (_COMMIT, _VERSION, _DATED))


def follows_charts(version: str) -> bool:
    """Return whether a chart's version is a range or missing."""
    if any(marker in version for marker in _TEMPLATED) or version.startswith("sha256:"):
        return False
    return _EXACT.fullmatch(version) is None


def compare_link(place: str, old: str, new: str) -> str:
    """Return the forge's page that compares two versions; empty if it is not known."""
    if not old or not new or not all(map(_PLACE.fullmatch, (place, old, new))):
        return ""
    host, _, path = place.partition("/")
    old, new = (
        version.removeprefix("refs/tags/").removeprefix("refs/heads/") for version in (old, new)
    )
    if host.lower() == "github.com" and path.count("/") == 1:
        return f"https://{place}/compare/{old}...{new}"
    if host.lower() == "gitlab.com" and "/" in path:
        return f"https://{place}/-/compare/{old}...{new}"
    return ""


def _parts(text: str) -> tuple[str, str]:
    match = _URL.fullmatch(text)
    if match is None:
        return text, ""
    host = _SAME_HOST.get(match["host"].lower(), match["host"].lower())
    port = match["port"] or ""
    return f"{host}{port}", match["path"]


def _repository(host: str, path: str) -> tuple[str, str]:
    """Split a path into the repository and the directory in it."""
    inner, _, part = path.partition("//")
    if not part and ".git/" in inner:
        inner, _, part = inner.partition(".git/")
    steps = [step for step in inner.split("/") if step]
    if not part and host in _FORGES:
        steps, rest = steps[:2], steps[2:]
        part = "/".join(rest)
    if steps:
        steps[-1] = steps[-1].removesuffix(".git")
    return "/".join((host, *steps)), part.strip("/")


def _file_of_github(host: str, path: str) -> SourceAddress | None:
    """Return a file that GitHub serves from a repository or one of its releases."""
    steps = [step for step in path.split("/") if step]
    owner, rest = steps[:2], steps[2:]
    if host not in _RAW:
        if rest[:1] == ["releases"] and len(rest) > 3:
            version = rest[2] if rest[1] == "download" else "latest"
            return _at(owner, version, rest[3:])
        if rest[:1] not in (["raw"], ["blob"], ["tree"]):
            return None
        rest = rest[1:]
    if rest[:2] in (["refs", "heads"], ["refs", "tags"]):
        rest = rest[2:]
    return _at(owner, rest[0], rest[1:]) if rest else None


def _at(owner: list[str], version: str, part: list[str]) -> SourceAddress:
    return SourceAddress(
        shown("/".join(("github.com", *owner))), shown("/".join(part)), shown(version)
    )


def _file_elsewhere(host: str, path: str) -> SourceAddress:
    """Return a file of any other host, whose path often holds the version."""
    steps = path.split("/")
    for index, step in enumerate(steps):
        if _VERSION.fullmatch(step) or _BUILD.fullmatch(step) or _COMMIT.fullmatch(step):
            steps[index] = "*"
            return SourceAddress(shown("/".join((host, *steps))), "", shown(step))
    return SourceAddress(shown(f"{host}/{path}"))
