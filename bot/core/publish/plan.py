"""Plans the operations that make the comments and the check on GitHub match a review."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Final, Literal

from bot.core.engine.decide import conclusion
from bot.core.engine.review import Location, Review, ReviewFinding
from bot.core.finding import Severity
from bot.core.policy.model import Policy
from bot.core.publish import markdown
from bot.core.publish.causes import on_one_line
from bot.core.publish.commentable_lines import Hunks, parse_patch
from bot.core.publish.markers import fingerprint_of, marked_fingerprint
from bot.core.publish.operations import (
    Annotation,
    ChangedFile,
    ConcludeCheck,
    DeleteComment,
    EditComment,
    InlineComment,
    MinimizeComment,
    Operation,
    Posted,
    PostedComment,
    PostFileComment,
    PostReview,
)
from bot.core.publish.pages import NO_PAGES, Pages
from bot.core.publish.report import badness, comment, review_body, safe_suggestion, summary

# Re-exported: the operations are what a plan consists of.
__all__ = [
    "MOST_COMMENTS",
    "Annotation",
    "ChangedFile",
    "ConcludeCheck",
    "DeleteComment",
    "EditComment",
    "InlineComment",
    "MinimizeComment",
    "Operation",
    "PostFileComment",
    "PostReview",
    "Posted",
    "PostedComment",
    "conclude",
    "plan",
]

MOST_COMMENTS: Final = 30
"""Threads on one pull request; further findings appear only in the summary."""

MOST_OF_A_VERSION: Final = 3
"""Threads for one changed version of a chart, whose findings are usually alike."""

ANNOTATIONS_A_REQUEST: Final = 50
"""GitHub's limit for one request: https://docs.github.com/en/rest/checks/runs."""

MOST_ANNOTATIONS: Final = 500
"""Annotations of one check run; each batch is a request, and GitHub shows few of them."""

LONGEST_TITLE: Final = 255

_LEVELS: Final[Mapping[Severity, Literal["notice", "warning", "failure"]]] = MappingProxyType(
    {Severity.NOTICE: "notice", Severity.WARNING: "warning", Severity.ERROR: "failure"}
)


@dataclass(frozen=True, slots=True)
class _Thread:
    """A thread for a finding. `inline` is None where the comment is on the whole file.

    `version` is the path and the changed version that causes the finding, None for other causes.
    """

    fingerprint: str
    path: str
    inline: InlineComment | None
    body: str
    version: tuple[str, str] | None


def plan(
    review: Review,
    policy: Policy,
    posted: Posted,
    files: Iterable[ChangedFile],
    pages: Pages = NO_PAGES,
) -> tuple[Operation, ...]:
    """The operations, in order, that make the pull request show this review.

    They are idempotent: carried out again, they change nothing.
    """
    threads: dict[str, _Thread] = {}
    for deserved in _threads(review, policy, tuple(files), pages):
        # Environments may word one finding differently: it gets one thread, for the worst.
        threads.setdefault(deserved.fingerprint, deserved)
    operations: list[Operation] = []
    kept: set[str] = set()
    for posted_comment in posted.comments:
        fingerprint = (
            fingerprint_of(posted_comment.body) if posted_comment.author == posted.login else None
        )
        if fingerprint is None or posted_comment.minimized:
            continue
        thread = threads.get(fingerprint)
        if thread is None or fingerprint in kept or _moved(posted_comment, thread):
            operations.append(_removal(posted_comment))
            continue
        kept.add(fingerprint)
        if not _same_text(posted_comment.body, thread.body):
            operations.append(EditComment(posted_comment.id, thread.body))
    new = list(_new(threads, kept))
    operations.extend(_posts(new[: max(0, MOST_COMMENTS - len(kept))], review, policy))
    operations.append(conclude(review, policy, pages))
    return tuple(operations)


def _new(threads: Mapping[str, _Thread], kept: AbstractSet[str]) -> Iterator[_Thread]:
    """The threads that are not posted yet, a few for each changed version."""
    counts = Counter(threads[fingerprint].version for fingerprint in kept)
    for fingerprint, thread in threads.items():
        if fingerprint in kept:
            continue
        counts[thread.version] += 1
        if thread.version is None or counts[thread.version] <= MOST_OF_A_VERSION:
            yield thread


def conclude(review: Review, policy: Policy, pages: Pages = NO_PAGES) -> ConcludeCheck:
    """The conclusion of the check run for this review."""
    ending = conclusion(review, policy)
    noted = tuple(_annotations(review))
    return ConcludeCheck(
        ending.conclusion,
        ending.title,
        summary(review, policy, pages),
        tuple(
            noted[start : start + ANNOTATIONS_A_REQUEST]
            for start in range(0, len(noted), ANNOTATIONS_A_REQUEST)
        ),
    )


def _threads(
    review: Review, policy: Policy, files: tuple[ChangedFile, ...], pages: Pages
) -> Iterator[_Thread]:
    """The threads for findings that reach `inline` and stand in a changed file, worst first."""
    patches = _Patches(files)
    write_one = partial(comment, policy=policy, pages=pages.of(review))
    worst_first = sorted(
        (finding for finding in review.findings if policy.inline.reached_by(finding.severity)),
        key=badness,
    )
    shared = on_one_line(worst_first)
    joined = {id(also) for others in shared.values() for also in others}
    for finding in worst_first:
        if finding.location is None or id(finding) in joined:
            continue
        path = patches.path(finding.location)
        if path is None:
            continue
        write = partial(write_one, also=shared.get(id(finding), ()))
        inline = _inline(finding, patches.hunks(path), path, write)
        body = inline.body if inline else write(finding)
        fingerprint = marked_fingerprint(finding.fingerprint)
        # A comment without a fingerprint in its marker would be posted again each time.
        if fingerprint:
            version = (path, finding.moved) if finding.moved else None
            yield _Thread(fingerprint, path, inline, body, version)


class _Patches:
    """The changed files of the pull request, parsed on first use."""

    def __init__(self, files: tuple[ChangedFile, ...]) -> None:
        self._files = {file.path: file for file in files}
        self._before = {file.previous_path: file.path for file in files if file.previous_path}
        self._parsed: dict[str, Hunks] = {}

    def path(self, location: Location) -> str | None:
        """The file's path at head, by which GitHub names it also for lines of base."""
        if location.side == "LEFT" and location.path in self._before:
            return self._before[location.path]
        return location.path if location.path in self._files else None

    def hunks(self, path: str) -> Hunks:
        """The hunks of a file; none where GitHub returns no patch."""
        if path not in self._parsed:
            self._parsed[path] = parse_patch(self._files[path].patch or "")
        return self._parsed[path]


def _inline(
    finding: ReviewFinding, hunks: Hunks, path: str, write: Callable[..., str]
) -> InlineComment | None:
    """The comment on the finding's line, None where the diff does not show the line."""
    location, fix = finding.location, safe_suggestion(finding)
    fingerprint = marked_fingerprint(finding.fingerprint)
    if location is None or location.line is None:
        return None
    if (
        fix
        and location.side == "RIGHT"
        and fix.start <= fix.end
        and hunks.holds(fix.start, fix.end)
    ):
        start = fix.start if fix.start < fix.end else None
        body = write(finding, suggest=True)
        return InlineComment(fingerprint, path, fix.end, "RIGHT", body, start)
    anchor = hunks.anchor(location.line, location.side)
    if anchor is None:
        return None
    return InlineComment(fingerprint, path, anchor.line, anchor.side, write(finding))


def _moved(posted_comment: PostedComment, thread: _Thread) -> bool:
    """Whether an unanswered thread is outdated although its finding still has a line."""
    outdated = posted_comment.line is None and not posted_comment.on_file
    return outdated and not posted_comment.replied and thread.inline is not None


def _removal(posted_comment: PostedComment) -> DeleteComment | MinimizeComment:
    """The removal of a comment: minimised where people replied to it, else deleted."""
    return (
        MinimizeComment(posted_comment.node_id)
        if posted_comment.replied
        else DeleteComment(posted_comment.id)
    )


def _same_text(posted: str, body: str) -> bool:
    """Whether two bodies are equal on GitHub, which may change line ends and trailing spaces."""
    return posted.replace("\r\n", "\n").rstrip() == body.rstrip()


def _posts(new: Iterable[_Thread], review: Review, policy: Policy) -> Iterator[Operation]:
    new = tuple(new)
    inline = tuple(thread.inline for thread in new if thread.inline)
    if inline:
        yield PostReview(review_body(review, policy), inline)
    for thread in new:
        if thread.inline is None:
            yield PostFileComment(thread.fingerprint, thread.path, thread.body)


def _annotations(review: Review) -> Iterator[Annotation]:
    """The worst findings on lines of head; annotations cannot stand on base."""
    at_head = [
        (finding, finding.location)
        for finding in sorted(review.findings, key=badness)
        if finding.location is not None and finding.location.side == "RIGHT"
    ]
    for finding, location in at_head[:MOST_ANNOTATIONS]:
        line = location.line or 1
        yield Annotation(
            path=location.path,
            start_line=line,
            end_line=line,
            annotation_level=_LEVELS[finding.severity],
            title=markdown.visible(finding.rule, LONGEST_TITLE),
            message=markdown.visible(finding.message),
        )
