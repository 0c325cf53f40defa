"""The comments and checks on a pull request, and the operations that change them, as values."""

from __future__ import annotations

from typing import Literal, TypeAlias

from bot.core.engine.decide import CheckConclusion
from bot.core.finding import Side
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A changed file. `patch` is None where GitHub returns none (binary or too large)."""

    path: str
    patch: str | None
    previous_path: str | None = None


@dataclass(frozen=True, slots=True)
class PostedComment:
    """A review comment on the pull request.

    `node_id` is its GraphQL id. `line` is None where the comment is outdated or on the whole file
    (`on_file`). `replied`: others commented in the thread. `minimized`: hidden on GitHub.
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
    """The review comments on the pull request, and the login of this App (`fairlead[bot]`).

    Anyone can write the hidden marker, so only comments of this author are Fairlead's.
    """

    login: str
    comments: tuple[PostedComment, ...] = ()


@dataclass(frozen=True, slots=True)
class InlineComment:
    """A comment on a line, or on the lines `start_line` to `line` of one hunk."""

    fingerprint: str
    path: str
    line: int
    side: Side
    body: str
    start_line: int | None = None


@dataclass(frozen=True, slots=True)
class PostReview:
    """Post a review (event COMMENT) with its comments, which is one notification."""

    body: str
    comments: tuple[InlineComment, ...]


@dataclass(frozen=True, slots=True)
class PostFileComment:
    """Post a comment on a whole file (`subject_type=file`), which a review cannot contain."""

    fingerprint: str
    path: str
    body: str


@dataclass(frozen=True, slots=True)
class EditComment:
    """Replace the text of a comment of this App."""

    id: int
    body: str


@dataclass(frozen=True, slots=True)
class DeleteComment:
    """Delete a comment of this App, and its thread with it."""

    id: int


@dataclass(frozen=True, slots=True)
class MinimizeComment:
    """Hide a comment of this App as resolved, where people replied to it (GraphQL)."""

    node_id: str


@dataclass(frozen=True, slots=True)
class Annotation:
    """An annotation of a check run, always on lines of head."""

    path: str
    start_line: int
    end_line: int
    annotation_level: Literal["notice", "warning", "failure"]
    title: str
    message: str


@dataclass(frozen=True, slots=True)
class ConcludeCheck:
    """Conclude the check run. `annotations` are batches, one for each request.

    The conclusion is sent with the last batch. `names` are the fingerprints of what the summary
    names by id.
    """

    conclusion: CheckConclusion
    title: str
    summary: str
    annotations: tuple[tuple[Annotation, ...], ...] = ()
    names: frozenset[str] = frozenset()


Operation: TypeAlias = (
    PostReview | PostFileComment | EditComment | DeleteComment | MinimizeComment | ConcludeCheck
)
