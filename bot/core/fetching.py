"""References to remote sources, and the results of fetching them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from types import MappingProxyType
from typing import Final, Literal, Protocol, TypeAlias

from bot.core.tree import File
from bot.records import dataclass

ReferenceKind: TypeAlias = Literal["git", "file", "chart", "oci"]
"""`git`: a repository at a commit or tag; `file`: one file by its URL; `chart`: a chart of an HTTP
chart repository; `oci`: a chart or another artifact of a registry."""

FetchStatus: TypeAlias = Literal["fetched", "refused", "failed", "limit", "unavailable"]
"""`refused`: it may not be fetched; `failed`: the server refused or sent something invalid;
`limit`: one of Fairlead's limits was reached; `unavailable`: fetching is switched off."""


@dataclass(frozen=True, slots=True, order=True)
class SourceReference:
    """One exact version of a remote source.

    `address` is a URL without credentials: of the repository for `git` (`https://host/path`), of
    the file for `file`, of the chart repository for `chart` (`https://host/path`), of the artifact
    for `oci` (`oci://host/path`). `version` is a full commit or `refs/tags/NAME` for `git`, an
    exact version for `chart`, an exact tag or `sha256:...` for `oci`, empty for `file`. `name` is
    the chart's name, and empty for every other kind.
    """

    kind: ReferenceKind
    address: str
    version: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class FetchResult:
    """The result of fetching a reference.

    `files` are the source's files by path: the repository's at that version, the single file under
    its own name, or the chart's without its archive's top directory. Their content is read by blob
    id, like that of any other file. `digest` is the commit, or `sha256:...` of the archive.
    `message` is one sentence on why there are no files, or why they are those of an earlier fetch.
    `passing` says that the source could not be reached and the next attempt may succeed.
    """

    status: FetchStatus
    files: Mapping[str, File] = field(default_factory=lambda: MappingProxyType({}))
    digest: str = ""
    message: str = ""
    passing: bool = False


class Fetcher(Protocol):
    """Fetches references. Never raises for a reference of a tree: a failure is a result too."""

    def fetch(self, references: Sequence[SourceReference]) -> Sequence[FetchResult]:
        """The result of each reference, in their order."""


FETCHING_OFF: Final = FetchResult("unavailable", message="fetching remote sources is switched off")


class NoFetcher:
    """A fetcher for when fetching is switched off."""

    def fetch(self, references: Sequence[SourceReference]) -> Sequence[FetchResult]:
        """`FETCHING_OFF` for each reference."""
        return tuple(FETCHING_OFF for _ in references)
