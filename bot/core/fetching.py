"""References to remote sources, and the results of fetching them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, Protocol, TypeAlias

from bot.core.tree import File

ReferenceKind: TypeAlias = Literal["git", "file", "chart", "oci"]
"""`git`: a repository at a commit or tag; `file`: one file by its URL; `chart`: a chart of an HTTP
repository of charts; `oci`: a chart or another artifact of a registry."""

FetchStatus: TypeAlias = Literal["fetched", "refused", "failed", "limit", "unavailable"]
"""`refused`: not allowed to be asked for; `failed`: whoever was asked said no, or nonsense;
`limit`: a budget of ours was met; `unavailable`: nothing is fetched here."""


@dataclass(frozen=True, slots=True, order=True)
class SourceReference:
    """One exact version of something that lies elsewhere.

    `address` is a URL without credentials: of a repository for `git` (`https://host/path`), of the
    file for `file`, of the repository of charts for `chart` (`https://host/path`), of the artifact
    for `oci` (`oci://host/path`). `version` is a full commit or `refs/tags/NAME` for `git`, an
    exact version for `chart`, an exact tag or `sha256:...` for `oci`, empty for `file`. `name` is
    the chart's, for `chart` alone.
    """

    kind: ReferenceKind
    address: str
    version: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class FetchResult:
    """What came of a reference.

    `files` are what it holds, by path: the repository's at that version, the file under its own
    name, the chart's without the directory that its archive begins with. Their content is asked for
    by content id as that of any other file. `digest` is the commit, or `sha256:...` of the archive;
    `message` is one sentence on why there is nothing.
    """

    status: FetchStatus
    files: Mapping[str, File] = field(default_factory=lambda: MappingProxyType({}))
    digest: str = ""
    message: str = ""


class Fetcher(Protocol):
    """Fetches remote sources. Never raises for a reference: a failure is a result."""

    def fetch(self, references: Sequence[SourceReference]) -> Sequence[FetchResult]:
        """One result for each reference, in order."""


class NoFetcher:
    """A fetcher that fetches nothing."""

    def fetch(self, references: Sequence[SourceReference]) -> Sequence[FetchResult]:
        """One `unavailable` result for each reference."""
        nothing = FetchResult("unavailable", message="nothing is fetched from elsewhere here")
        return tuple(nothing for _ in references)
