"""Reviews and comments: which lines a comment may be on, and how others are refused."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.standin import changes
from bot.standin.accounts import Account, App
from bot.standin.context import Context
from bot.standin.errors import HttpRefusal, invalid, unprocessable
from bot.standin.git.diff import DiffLine, FileDiff
from bot.standin.repositories import (
    Body,
    IssueComment,
    ReviewComment,
    StandInPullRequest,
    StandInReview,
)

# https://docs.github.com/rest/pulls/reviews and /comments: the limit is only in the answers
MAXIMUM_BODY = 65_536
EVENTS = {
    "COMMENT": "COMMENTED",
    "APPROVE": "APPROVED",
    "REQUEST_CHANGES": "CHANGES_REQUESTED",
}
# What `comments[]` of a review may hold; anything else GitHub refuses.
_KEYS = {"path", "position", "body", "line", "side", "start_line", "start_side"}
_NOT_IN_DIFF = "Pull request review thread line must be part of the diff"
_OTHER_HUNK = "Pull request review thread start line must be part of the same hunk as the line."


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes: an account, and the App where it is an App's bot."""

    account: Account
    app: App | None = None


@dataclass(frozen=True, slots=True)
class CommentAnchor:
    """Where a comment stands; without lines it is on the file."""

    file: FileDiff
    side: str
    end: DiffLine | None
    start: DiffLine | None
    start_side: str | None


class OutsideDiff(Exception):  # noqa: N818 - it says where the comment would stand
    """A comment whose pull is not in the diff."""


def check_body(text: object, resource: str, *, required: bool = True) -> str:
    """The text of a comment; 422 where it is empty or longer than GitHub takes."""
    if not isinstance(text, str) or not text.strip():
        if required or not isinstance(text, str | None):
            raise invalid(resource, "body", "body is missing or blank", "missing_field")
        return ""
    if len(text) > MAXIMUM_BODY:
        message = f"body is too long (maximum is {MAXIMUM_BODY} characters)"
        raise invalid(resource, "body", message)
    return text


def anchor(pull: StandInPullRequest, request: Body, commit: str) -> CommentAnchor:
    """Where a comment stands; `OutsideDiff` where the diff does not show that line."""
    file = changes.file_at(pull, str(request.get("path")), commit)
    if file is None:
        raise OutsideDiff("Path could not be resolved")
    if request.get("subject_type") == "file":
        return CommentAnchor(file, "RIGHT", None, None, None)
    if request.get("line") is None and request.get("position") is not None:
        return _by_position(file, request["position"])
    side = request.get("side", "RIGHT")
    end = _line(file, side, request.get("line"))
    if request.get("start_line") is None:
        return CommentAnchor(file, side, end, None, None)
    start_side: str = request.get("start_side") or side
    start = _line(file, start_side, request["start_line"])
    if start.hunk != end.hunk or start.position >= end.position:
        raise OutsideDiff(_OTHER_HUNK)
    return CommentAnchor(file, side, end, start, start_side)


def _line(file: FileDiff, side: str, number: object) -> DiffLine:
    line = file.find(side, number) if isinstance(number, int) else None
    if line is None:
        raise OutsideDiff(_NOT_IN_DIFF)
    return line


def _by_position(file: FileDiff, position: object) -> CommentAnchor:
    for line in file.lines():
        if line.position == position:
            return CommentAnchor(file, "LEFT" if line.sign == "-" else "RIGHT", line, None, None)
    raise OutsideDiff("Position could not be resolved")


def submit(context: Context, pull: StandInPullRequest, by: Author, request: Body) -> StandInReview:
    """A review with all of its comments, or none of it where one of them is refused."""
    event = request.get("event")
    if event not in EVENTS:
        raise unprocessable("Event is not supported here: only a submitted review")
    comments = request.get("comments") or []
    required = event == "REQUEST_CHANGES" or (event == "COMMENT" and not comments)
    text = check_body(request.get("body"), "PullRequestReview", required=required)
    commit = _commit(pull, request.get("commit_id"))
    anchors = _anchors(pull, comments, commit)
    moment = context.state.clock()
    review = StandInReview(
        context.state.new_id(), by.account, by.app, text, EVENTS[event], commit, moment
    )
    pull.reviews.append(review)
    context.events.review(pull, review)
    for comment, position in zip(comments, anchors, strict=True):
        _post(context, pull, _comment(context, review, comment["body"], position))
    return review


def _anchors(pull: StandInPullRequest, comments: list[Body], commit: str) -> list[CommentAnchor]:
    anchors, refused = [], []
    for comment in comments:
        unknown = sorted(set(comment) - _KEYS)
        if unknown:
            raise unprocessable(f'"{unknown[0]}" is not a permitted key of a review comment.')
        try:
            check_body(comment.get("body"), "PullRequestReviewComment")
            anchors.append(anchor(pull, comment, commit))
        except OutsideDiff as error:
            refused.append(str(error))
        except HttpRefusal as error:
            refused.append(error.body["errors"][0]["message"])
    if refused:
        raise unprocessable(*refused)
    return anchors


def _commit(pull: StandInPullRequest, commit: object) -> str:
    if commit is None or commit == pull.head_sha:
        return pull.head_sha
    if commit not in changes.commits(pull):
        field = "pull_request_review_thread.end_commit_oid"
        message = f"{field} is not part of the pull request"
        raise invalid("PullRequestReviewComment", field, message)
    return str(commit)


def comment_on(
    context: Context, pull: StandInPullRequest, by: Author, request: Body
) -> ReviewComment:
    """One comment outside any review: GitHub makes a review of its own around it."""
    text = check_body(request.get("body"), "PullRequestReviewComment")
    reply = request.get("in_reply_to")
    if reply is not None:
        return reply_to(context, pull, by, _root(pull, reply), text)
    if request.get("commit_id") is None:
        raise invalid("PullRequestReviewComment", "commit_id", "is missing", "missing_field")
    commit = _commit(pull, request["commit_id"])
    try:
        position = anchor(pull, request, commit)
    except OutsideDiff as error:
        name = "path" if str(error).startswith("Path") else "line"
        field = f"pull_request_review_thread.{name}"
        message = f"{field} could not be resolved"
        raise invalid("PullRequestReviewComment", field, message) from error
    review = _silent_review(context, pull, by, commit)
    return _post(context, pull, _comment(context, review, text, position))


def _silent_review(
    context: Context, pull: StandInPullRequest, by: Author, commit: str
) -> StandInReview:
    moment = context.state.clock()
    review = StandInReview(
        context.state.new_id(), by.account, by.app, "", "COMMENTED", commit, moment
    )
    pull.reviews.append(review)
    return review


def _root(pull: StandInPullRequest, number: int) -> ReviewComment:
    comment = next((candidate for candidate in pull.comments if candidate.id == number), None)
    if comment is None:
        raise HttpRefusal(404, "Not Found")
    return pull.threads()[comment.thread][0]


def reply_to(
    context: Context, pull: StandInPullRequest, by: Author, root: ReviewComment, text: str
) -> ReviewComment:
    """A reply in the thread of a comment: it stands where the thread stands."""
    review = _silent_review(context, pull, by, pull.head_sha)
    moment = context.state.clock()
    reply = replace(
        root,
        id=context.state.new_id(),
        user=by.account,
        app=by.app,
        body=text,
        review_id=review.id,
        in_reply_to=root.thread,
        created_at=moment,
        updated_at=moment,
        minimized=None,
    )
    return _post(context, pull, reply)


def _comment(
    context: Context, review: StandInReview, text: str, anchor: CommentAnchor
) -> ReviewComment:
    """A comment of a review, at its anchor in the commit that is reviewed."""
    end, start = anchor.end, anchor.start
    line = (end.old if anchor.side == "LEFT" else end.new) if end else None
    first = (start.old if anchor.start_side == "LEFT" else start.new) if start else None
    moment = context.state.clock()
    return ReviewComment(
        id=context.state.new_id(),
        user=review.user,
        app=review.app,
        body=text,
        path=anchor.file.path,
        commit_id=review.commit_id,
        original_commit_id=review.commit_id,
        side=anchor.side,
        line=line,
        original_line=line,
        start_line=first,
        original_start_line=first,
        start_side=anchor.start_side,
        subject_type="line" if end else "file",
        diff_hunk=anchor.file.hunk_until(end) if end else "",
        position=end.position if end else 1,
        original_position=end.position if end else 1,
        review_id=review.id,
        in_reply_to=None,
        created_at=moment,
        updated_at=moment,
    )


def _post(context: Context, pull: StandInPullRequest, comment: ReviewComment) -> ReviewComment:
    pull.comments.append(comment)
    context.events.comment(pull, comment, "created")
    return comment


def converse(context: Context, pull: StandInPullRequest, by: Author, text: str) -> IssueComment:
    """A comment in the conversation."""
    body = check_body(text, "IssueComment")
    moment = context.state.clock()
    comment = IssueComment(context.state.new_id(), by.account, by.app, body, moment, moment)
    pull.conversation.append(comment)
    context.events.comment(pull, comment, "created")
    return comment
