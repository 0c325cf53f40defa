"""Reviews, their comments, and the conversation of a pull request."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, jsonify

from bot.standin import reviewing
from bot.standin.bodies import conversation
from bot.standin.calls import author, authorised, body, context, page, pull_request, state
from bot.standin.errors import HttpRefusal, not_found
from bot.standin.repositories import (
    IssueComment,
    ReviewComment,
    StandInPullRequest,
    StandInRepository,
    StandInReview,
)

comments = Blueprint("comments", __name__)
_Answer = Response | tuple[Response, int] | tuple[str, int]
_PULL = "/repos/<owner>/<name>/pulls/<int:number>"
_ISSUE = "/repos/<owner>/<name>/issues"
_COMMENT = "/repos/<owner>/<name>/<any(pulls, issues):kind>/comments/<int:comment>"


def _pull(owner: str, name: str, number: int, **required: str) -> StandInPullRequest:
    repository = authorised(owner, name, **required)
    return pull_request(repository, number)


@comments.get(f"{_PULL}/reviews")
def list_reviews(owner: str, name: str, number: int) -> Response:
    """The reviews, oldest first."""
    pull = _pull(owner, name, number, pull_requests="read")
    return page(pull.reviews, lambda review: conversation.review(state(), pull, review))


@comments.post(f"{_PULL}/reviews")
def create_review(owner: str, name: str, number: int) -> Response:
    """A review with its comments."""
    pull = _pull(owner, name, number, pull_requests="write")
    review = reviewing.submit(context(), pull, author(), body())
    return jsonify(conversation.review(state(), pull, review))


@comments.put(f"{_PULL}/reviews/<int:review>")
def update_review(owner: str, name: str, number: int, review: int) -> Response:
    """The review with another text above its comments."""
    pull = _pull(owner, name, number, pull_requests="write")
    target = next((one for one in pull.reviews if one.id == review), None)
    if target is None:
        raise not_found()
    _require_author(target)
    before = target.body
    target.body = reviewing.check_body(body().get("body"), "PullRequestReview")
    more = {"changes": {"body": {"from": before}}}
    context().events.review(pull, target, "edited", **more)
    return jsonify(conversation.review(state(), pull, target))


@comments.get(f"{_PULL}/comments")
def list_review_comments(owner: str, name: str, number: int) -> Response:
    """The comments on lines and files, oldest first."""
    pull = _pull(owner, name, number, pull_requests="read")
    return page(pull.comments, lambda comment: conversation.review_comment(state(), pull, comment))


@comments.post(f"{_PULL}/comments")
def create_review_comment(owner: str, name: str, number: int) -> _Answer:
    """A comment on a line or, with `subject_type` file, on a file."""
    pull = _pull(owner, name, number, pull_requests="write")
    comment = reviewing.comment_on(context(), pull, author(), body())
    return jsonify(conversation.review_comment(state(), pull, comment)), 201


@comments.post(f"{_PULL}/comments/<int:comment>/replies")
def create_reply(owner: str, name: str, number: int, comment: int) -> _Answer:
    """A reply in a comment's thread."""
    pull = _pull(owner, name, number, pull_requests="write")
    request = {"body": body().get("body"), "in_reply_to": comment}
    reply = reviewing.comment_on(context(), pull, author(), request)
    return jsonify(conversation.review_comment(state(), pull, reply)), 201


def _require_author(written: StandInReview | ReviewComment | IssueComment) -> None:
    """An App may change and delete what it wrote, and nothing of others."""
    if written.user is not author().account:
        raise HttpRefusal(403, "Resource not accessible by integration")


@comments.get(f"{_ISSUE}/<int:number>/comments")
def list_issue_comments(owner: str, name: str, number: int) -> Response:
    """The conversation, oldest first."""
    pull = _pull(owner, name, number, pull_requests="read")
    return page(
        pull.conversation, lambda comment: conversation.issue_comment(state(), pull, comment)
    )


@comments.post(f"{_ISSUE}/<int:number>/comments")
def create_issue_comment(owner: str, name: str, number: int) -> _Answer:
    """One more comment in the conversation."""
    pull = _pull(owner, name, number, pull_requests="write")
    comment = reviewing.converse(context(), pull, author(), body().get("body", ""))
    return jsonify(conversation.issue_comment(state(), pull, comment)), 201


@comments.get(_COMMENT)
def get_comment(owner: str, name: str, kind: str, comment: int) -> Response:
    """One comment, on a line or file or in the conversation."""
    pull, target = _comment(authorised(owner, name, pull_requests="read"), kind, comment)
    return jsonify(conversation.comment(state(), pull, target))


@comments.patch(_COMMENT)
def update_comment(owner: str, name: str, kind: str, comment: int) -> Response:
    """The comment with another text."""
    pull, target = _comment(authorised(owner, name, pull_requests="write"), kind, comment)
    _require_author(target)
    before = target.body
    resource = "IssueComment" if isinstance(target, IssueComment) else "PullRequestReviewComment"
    target.body = reviewing.check_body(body().get("body"), resource)
    target.updated_at = state().clock()
    context().events.comment(pull, target, "edited", changes={"body": {"from": before}})
    return jsonify(conversation.comment(state(), pull, target))


@comments.delete(_COMMENT)
def delete_comment(owner: str, name: str, kind: str, comment: int) -> _Answer:
    """Deletes the comment; replies to it stay."""
    pull, target = _comment(authorised(owner, name, pull_requests="write"), kind, comment)
    _require_author(target)
    if isinstance(target, IssueComment):
        pull.conversation.remove(target)
    else:
        pull.comments.remove(target)
    context().events.comment(pull, target, "deleted")
    return "", 204


def _comment(
    repository: StandInRepository, kind: str, number: int
) -> tuple[StandInPullRequest, ReviewComment | IssueComment]:
    for pull in repository.pulls.values():
        posted: Sequence[ReviewComment | IssueComment]
        posted = pull.comments if kind == "pulls" else pull.conversation
        for comment in posted:
            if comment.id == number:
                return pull, comment
    raise not_found()
