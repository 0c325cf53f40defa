"""Plans the operations that make the comments and the check on GitHub match a review."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import Final, Literal

from bot.core.engine.decide import conclusion
from bot.core.engine.review import Review
from bot.core.finding import Severity
from bot.core.policy.model import Policy
from bot.core.publish import markdown
from bot.core.publish.markers import fingerprint_of
from bot.core.publish.operations import (
    Annotation,
    ChangedFile,
    ConcludeCheck,
    DeleteComment,
    EditComment,
    MinimizeComment,
    Operation,
    Posted,
    PostedComment,
    PostFileComment,
    PostReview,
)
from bot.core.publish.pages import NO_PAGES, Pages
from bot.core.publish.report import badness, named_summary, review_body
from bot.core.publish.threads import Thread, moved, threads_of

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
    threads: dict[str, Thread] = {}
    for deserved in threads_of(review, policy, tuple(files), pages):
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
        if thread is None or fingerprint in kept or moved(posted_comment, thread):
            operations.append(_removal(posted_comment))
            continue
        kept.add(fingerprint)
        if not same_text(posted_comment.body, thread.body):
            operations.append(EditComment(posted_comment.id, thread.body))
    new = list(_new(threads, kept))
    operations.extend(_posts(new[: max(0, MOST_COMMENTS - len(kept))], review, policy))
    operations.append(conclude(review, policy, pages))
    return tuple(operations)


def _new(threads: Mapping[str, Thread], kept: AbstractSet[str]) -> Iterator[Thread]:
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
    summary = named_summary(review, policy, pages)
    return ConcludeCheck(
        ending.conclusion,
        ending.title,
        summary.text,
        tuple(
            noted[start : start + ANNOTATIONS_A_REQUEST]
            for start in range(0, len(noted), ANNOTATIONS_A_REQUEST)
        ),
        summary.names,
    )


def _removal(posted_comment: PostedComment) -> DeleteComment | MinimizeComment:
    """The removal of a comment: minimised where people replied to it, else deleted."""
    return (
        MinimizeComment(posted_comment.node_id)
        if posted_comment.replied
        else DeleteComment(posted_comment.id)
    )


def same_text(posted: str, body: str) -> bool:
    """Whether two bodies are equal on GitHub, which may change line ends and trailing spaces."""
    return posted.replace("\r\n", "\n").rstrip() == body.rstrip()


def _posts(new: Iterable[Thread], review: Review, policy: Policy) -> Iterator[Operation]:
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
