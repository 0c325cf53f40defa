"""The plan: which operations bring what is posted on GitHub to what the review says."""

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
from bot.core.publish.commentable_lines import Hunks, parse_patch
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
from bot.core.publish.report import (
    NO_PAGES,
    Pages,
    badness,
    comment,
    fingerprint_of,
    marked_fingerprint,
    review_body,
    safe_suggestion,
    summary,
)

# The operations are a part of what a plan is: whoever carries one out finds them here.
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
"""More threads than this on one pull request help nobody; the rest stands in the summary."""

MOST_OF_A_VERSION: Final = 3
"""One line that moves a chart can cause a great deal, and what is said of it is much the same."""

ANNOTATIONS_A_REQUEST: Final = 50
"""GitHub takes no more in one request: https://docs.github.com/en/rest/checks/runs."""

MOST_ANNOTATIONS: Final = 500
"""Each batch is a request, and GitHub's page shows no more than a few of them."""

LONGEST_TITLE: Final = 255

_LEVELS: Final[Mapping[Severity, Literal["notice", "warning", "failure"]]] = MappingProxyType(
    {Severity.NOTICE: "notice", Severity.WARNING: "warning", Severity.ERROR: "failure"}
)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A thread that a finding deserves, and where it can stand: None is the file as a whole.

    `version` is the path, and what moves there, where another version causes the finding.
    """

    mark: str
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
    """The operations, in their order, that make what is posted say what the review says.

    Carried out twice, they change nothing the second time.
    """
    wanted: dict[str, _Wanted] = {}
    for want in _wanted(review, policy, tuple(files), pages):
        # Clusters may differ in what is said of one thing: it has one thread, for the worst.
        wanted.setdefault(want.mark, want)
    operations: list[Operation] = []
    kept: set[str] = set()
    for held in posted.comments:
        mark = fingerprint_of(held.body) if held.author == posted.login else None
        if mark is None or held.minimized:
            continue
        own = wanted.get(mark)
        if own is None or mark in kept or _moved(held, own):
            operations.append(_removal(held))
            continue
        kept.add(mark)
        if not _same_text(held.body, own.body):
            operations.append(EditComment(held.id, own.body))
    new = list(_new(wanted, kept))
    operations.extend(_posts(new[: max(0, MOST_COMMENTS - len(kept))], review, policy))
    operations.append(conclude(review, policy, pages))
    return tuple(operations)


def _new(wanted: Mapping[str, _Wanted], kept: AbstractSet[str]) -> Iterator[_Wanted]:
    """The threads that are still to be begun, a few for each version that moves."""
    counts = Counter(wanted[mark].version for mark in kept)
    for mark, held in wanted.items():
        if mark in kept:
            continue
        counts[held.version] += 1
        if held.version is None or counts[held.version] <= MOST_OF_A_VERSION:
            yield held


def conclude(review: Review, policy: Policy, pages: Pages = NO_PAGES) -> ConcludeCheck:
    """The end of the check run that this review gives."""
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


def _wanted(
    review: Review, policy: Policy, files: tuple[ChangedFile, ...], pages: Pages
) -> Iterator[_Wanted]:
    """The findings that deserve a thread and can have one, worst first."""
    patches, write = _Patches(files), partial(comment, policy=policy, pages=pages)
    worst_first = sorted(
        (found for found in review.findings if policy.inline.reached_by(found.severity)),
        key=badness,
    )
    for found in worst_first:
        if found.location is None:
            continue
        path = patches.path(found.location)
        if path is None:
            continue
        inline = _inline(found, patches.hunks(path), path, write)
        body = inline.body if inline else write(found)
        mark = marked_fingerprint(found.fingerprint)
        # A comment without a fingerprint in its marker would be posted again and again.
        if mark:
            version = (path, found.moved) if found.moved else None
            yield _Wanted(mark, path, inline, body, version)


class _Patches:
    """The files of the pull request, each parsed when first asked for."""

    def __init__(self, files: tuple[ChangedFile, ...]) -> None:
        self._files = {file.path: file for file in files}
        self._before = {file.previous_path: file.path for file in files if file.previous_path}
        self._parsed: dict[str, Hunks] = {}

    def path(self, location: Location) -> str | None:
        """The path by which GitHub knows the file: that at head, also for lines of base."""
        if location.side == "LEFT" and location.path in self._before:
            return self._before[location.path]
        return location.path if location.path in self._files else None

    def hunks(self, path: str) -> Hunks:
        """The hunks of a file; none where GitHub gives no patch."""
        if path not in self._parsed:
            self._parsed[path] = parse_patch(self._files[path].patch or "")
        return self._parsed[path]


def _inline(
    found: ReviewFinding, hunks: Hunks, path: str, write: Callable[..., str]
) -> InlineComment | None:
    """The comment on the finding's line, None where the difference does not show the line."""
    held, fix = found.location, safe_suggestion(found)
    mark = marked_fingerprint(found.fingerprint)
    if held is None or held.line is None:
        return None
    if fix and held.side == "RIGHT" and fix.start <= fix.end and hunks.holds(fix.start, fix.end):
        start = fix.start if fix.start < fix.end else None
        body = write(found, suggest=True)
        return InlineComment(mark, path, fix.end, "RIGHT", body, start)
    anchor = hunks.anchor(held.line, held.side)
    if anchor is None:
        return None
    return InlineComment(mark, path, anchor.line, anchor.side, write(found))


def _moved(held: PostedComment, want: _Wanted) -> bool:
    """Whether a thread that nobody answered lost its line although the finding has one."""
    outdated = held.line is None and not held.on_file
    return outdated and not held.replied and want.inline is not None


def _removal(held: PostedComment) -> DeleteComment | MinimizeComment:
    """What people replied to is hidden rather than torn out of their conversation."""
    return MinimizeComment(held.node_id) if held.replied else DeleteComment(held.id)


def _same_text(posted: str, wanted: str) -> bool:
    """Whether GitHub shows the same; it may change line ends and what stands at a text's end."""
    return posted.replace("\r\n", "\n").rstrip() == wanted.rstrip()


def _posts(new: Iterable[_Wanted], review: Review, policy: Policy) -> Iterator[Operation]:
    new = tuple(new)
    inline = tuple(held.inline for held in new if held.inline)
    if inline:
        yield PostReview(review_body(review, policy), inline)
    for held in new:
        if held.inline is None:
            yield PostFileComment(held.mark, held.path, held.body)


def _annotations(review: Review) -> Iterator[Annotation]:
    """The worst findings on lines of head: annotations have no other side."""
    at_head = [
        (found, found.location)
        for found in sorted(review.findings, key=badness)
        if found.location is not None and found.location.side == "RIGHT"
    ]
    for found, held in at_head[:MOST_ANNOTATIONS]:
        line = held.line or 1
        yield Annotation(
            path=held.path,
            start_line=line,
            end_line=line,
            annotation_level=_LEVELS[found.severity],
            title=markdown.visible(found.rule, LONGEST_TITLE),
            message=markdown.visible(found.message),
        )
