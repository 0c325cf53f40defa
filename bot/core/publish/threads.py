"""The threads of a review: what is posted on which line, and which findings share one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from bot.core.engine.review import Location, Review, ReviewFinding
from bot.core.policy.model import Policy
from bot.core.publish.commentable_lines import Hunks, parse_patch
from bot.core.publish.markers import marked_fingerprint
from bot.core.publish.operations import ChangedFile, InlineComment, PostedComment
from bot.core.publish.pages import Pages
from bot.core.publish.report import comment, safe_suggestion, thread_leads
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread for a finding. `inline` is None where the comment is on the whole file.

    `version` is the path and the changed version that causes the finding, None for other causes.
    """

    fingerprint: str
    path: str
    inline: InlineComment | None
    body: str
    version: tuple[str, str] | None


def threads_of(
    review: Review, policy: Policy, files: tuple[ChangedFile, ...], pages: Pages
) -> Iterator[Thread]:
    """The threads for findings that reach `inline` and stand in a changed file, worst first."""
    patches = _Patches(files)
    write_one = partial(comment, policy=policy, pages=pages.of(review))
    for finding, also in thread_leads(review, policy):
        if finding.location is None:
            continue
        path = patches.path(finding.location)
        if path is None:
            continue
        write = partial(write_one, also=also)
        inline = _inline(finding, patches.hunks(path), path, write)
        body = inline.body if inline else write(finding)
        fingerprint = marked_fingerprint(finding.fingerprint)
        # A comment without a fingerprint in its marker would be posted again each time.
        if fingerprint:
            version = (path, finding.moved) if finding.moved else None
            yield Thread(fingerprint, path, inline, body, version)


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


def moved(posted_comment: PostedComment, thread: Thread) -> bool:
    """Whether an unanswered thread is outdated although its finding still has a line."""
    outdated = posted_comment.line is None and not posted_comment.on_file
    return outdated and not posted_comment.replied and thread.inline is not None
