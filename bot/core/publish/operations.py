"""What is on a pull request, and the operations that change it, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from bot.core.engine.decide import CheckConclusion
from bot.core.finding import Side


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A file of the pull request. `patch` None: GitHub gives none (binary, too large)."""

    path: str
    patch: str | None
    previous_path: str | None = None


@dataclass(frozen=True, slots=True)
class PostedComment:
    """A review comment that is on the pull request.

    `node_id` is its GraphQL id. `line` None: it is outdated, or stands on the file as a whole
    (`on_file`). `replied`: the thread has comments of others. `minimized`: hidden on GitHub.
    """

    id: int
    node_id: str
    author: str
    body: str
    path: str
    line: int | None
    on_file: bool = False
    replied: bool = False
    minimized: bool = False


@dataclass(frozen=True, slots=True)
class Posted:
    """What is on the pull request now, and the login of our own App (`fairlead[bot]`).

    Anyone can write our marker: only comments of this author count as ours.
    """

    login: str
    comments: tuple[PostedComment, ...] = ()


@dataclass(frozen=True, slots=True)
class InlineComment:
    """A comment about a finding on a line, or on the lines from `start_line` to it, of one hunk."""

    fingerprint: str
    path: str
    line: int
    side: Side
    body: str
    start_line: int | None = None


@dataclass(frozen=True, slots=True)
class PostReview:
    """One review (event COMMENT) with its comments: one notification."""

    body: str
    comments: tuple[InlineComment, ...]


@dataclass(frozen=True, slots=True)
class PostFileComment:
    """A comment on a file as a whole (`subject_type=file`), which a review cannot hold."""

    fingerprint: str
    path: str
    body: str


@dataclass(frozen=True, slots=True)
class EditComment:
    """A new text for a comment of ours."""

    id: int
    body: str


@dataclass(frozen=True, slots=True)
class DeleteComment:
    """A comment of ours goes, and its thread with it."""

    id: int


@dataclass(frozen=True, slots=True)
class MinimizeComment:
    """A comment of ours that people replied to is hidden as resolved (GraphQL)."""

    node_id: str


@dataclass(frozen=True, slots=True)
class Annotation:
    """A line of a check run's annotations, always of head's side."""

    path: str
    start_line: int
    end_line: int
    annotation_level: Literal["notice", "warning", "failure"]
    title: str
    message: str


@dataclass(frozen=True, slots=True)
class ConcludeCheck:
    """The end of the check run. `annotations` are the batches that one request each may carry.

    The conclusion goes with the last request: further ones only append annotations.
    """

    conclusion: CheckConclusion
    title: str
    summary: str
    annotations: tuple[tuple[Annotation, ...], ...] = ()


Operation: TypeAlias = (
    PostReview | PostFileComment | EditComment | DeleteComment | MinimizeComment | ConcludeCheck
)
