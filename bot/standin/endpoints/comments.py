"""Reviews, their comments, and the conversation of a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, Response, jsonify

from bot.standin import reviewing
from bot.standin.bodies import pulls as bodies
from bot.standin.calls import author, authorised, body, context, page, pull_request, state
from bot.standin.errors import HttpRefusal, not_found
from bot.standin.reviewing import PullRequestRef
from bot.standin.state import IssueComment, ReviewComment, StandInRepository

comments = Blueprint("comments", __name__)
_Answer = Response | tuple[Response, int] | tuple[str, int]
_PULL = "/repos/<owner>/<name>/pulls/<int:number>"
_ISSUE = "/repos/<owner>/<name>/issues"


def _place(owner: str, name: str, number: int, **wanted: str) -> PullRequestRef:
    one = authorised(owner, name, **wanted)
    return PullRequestRef(one, pull_request(one, number))


@comments.get(f"{_PULL}/reviews")
def list_reviews(owner: str, name: str, number: int) -> Response:
    """The reviews, oldest first."""
    place = _place(owner, name, number, pull_requests="read")
    one, pull = place.repository, place.pull
    return page(pull.reviews, lambda review: bodies.review(state(), one, pull, review))


@comments.post(f"{_PULL}/reviews")
def create_review(owner: str, name: str, number: int) -> Response:
    """A review with its comments."""
    place = _place(owner, name, number, pull_requests="write")
    made = reviewing.submit(context(), place, author(), body())
    return jsonify(bodies.review(state(), place.repository, place.pull, made))


@comments.get(f"{_PULL}/comments")
def list_review_comments(owner: str, name: str, number: int) -> Response:
    """The comments on lines and files, oldest first."""
    place = _place(owner, name, number, pull_requests="read")
    one, pull = place.repository, place.pull
    return page(pull.comments, lambda made: bodies.review_comment(state(), one, pull, made))


@comments.post(f"{_PULL}/comments")
def create_review_comment(owner: str, name: str, number: int) -> _Answer:
    """A comment on a line or, with `subject_type` file, on a file."""
    place = _place(owner, name, number, pull_requests="write")
    made = reviewing.comment_on(context(), place, author(), body())
    return jsonify(bodies.review_comment(state(), place.repository, place.pull, made)), 201


@comments.post(f"{_PULL}/comments/<int:comment>/replies")
def create_reply(owner: str, name: str, number: int, comment: int) -> _Answer:
    """A reply in a comment's thread."""
    place = _place(owner, name, number, pull_requests="write")
    request = {"body": body().get("body"), "in_reply_to": comment}
    made = reviewing.comment_on(context(), place, author(), request)
    return jsonify(bodies.review_comment(state(), place.repository, place.pull, made)), 201


def _review_comments(one: StandInRepository) -> Iterator[tuple[PullRequestRef, ReviewComment]]:
    for pull in one.pulls.values():
        for made in pull.comments:
            yield PullRequestRef(one, pull), made


def _review_comment(one: StandInRepository, number: int) -> tuple[PullRequestRef, ReviewComment]:
    found = next((pair for pair in _review_comments(one) if pair[1].id == number), None)
    if found is None:
        raise not_found()
    return found


def _own(made: ReviewComment | IssueComment) -> None:
    """An App may change and delete what it wrote, and nothing of others."""
    if made.user is not author().account:
        raise HttpRefusal(403, "Resource not accessible by integration")


@comments.get("/repos/<owner>/<name>/pulls/comments/<int:comment>")
def get_review_comment(owner: str, name: str, comment: int) -> Response:
    """One comment on a line or file."""
    one = authorised(owner, name, pull_requests="read")
    place, made = _review_comment(one, comment)
    return jsonify(bodies.review_comment(state(), one, place.pull, made))


@comments.patch("/repos/<owner>/<name>/pulls/comments/<int:comment>")
def update_review_comment(owner: str, name: str, comment: int) -> Response:
    """The comment with another text."""
    one = authorised(owner, name, pull_requests="write")
    place, made = _review_comment(one, comment)
    _own(made)
    before = made.body
    made.body = reviewing.check_body(body().get("body"), "PullRequestReviewComment")
    made.updated_at = state().clock()
    more = {"changes": {"body": {"from": before}}}
    context().events.review_comment(one, place.pull, made, "edited", **more)
    return jsonify(bodies.review_comment(state(), one, place.pull, made))


@comments.delete("/repos/<owner>/<name>/pulls/comments/<int:comment>")
def delete_review_comment(owner: str, name: str, comment: int) -> _Answer:
    """The pull request without the comment; replies to it stay."""
    one = authorised(owner, name, pull_requests="write")
    place, made = _review_comment(one, comment)
    _own(made)
    place.pull.comments.remove(made)
    context().events.review_comment(one, place.pull, made, "deleted")
    return "", 204


@comments.get(f"{_ISSUE}/<int:number>/comments")
def list_issue_comments(owner: str, name: str, number: int) -> Response:
    """The conversation, oldest first."""
    place = _place(owner, name, number, pull_requests="read")
    one, pull = place.repository, place.pull
    return page(pull.conversation, lambda made: bodies.issue_comment(state(), one, pull, made))


@comments.post(f"{_ISSUE}/<int:number>/comments")
def create_issue_comment(owner: str, name: str, number: int) -> _Answer:
    """One more comment in the conversation."""
    place = _place(owner, name, number, pull_requests="write")
    made = reviewing.converse(context(), place, author(), body().get("body", ""))
    return jsonify(bodies.issue_comment(state(), place.repository, place.pull, made)), 201


def _issue_comment(one: StandInRepository, number: int) -> tuple[PullRequestRef, IssueComment]:
    for pull in one.pulls.values():
        for made in pull.conversation:
            if made.id == number:
                return PullRequestRef(one, pull), made
    raise not_found()


@comments.get(f"{_ISSUE}/comments/<int:comment>")
def get_issue_comment(owner: str, name: str, comment: int) -> Response:
    """One comment of the conversation."""
    one = authorised(owner, name, pull_requests="read")
    place, made = _issue_comment(one, comment)
    return jsonify(bodies.issue_comment(state(), one, place.pull, made))


@comments.patch(f"{_ISSUE}/comments/<int:comment>")
def update_issue_comment(owner: str, name: str, comment: int) -> Response:
    """The comment with another text."""
    one = authorised(owner, name, pull_requests="write")
    place, made = _issue_comment(one, comment)
    _own(made)
    before = made.body
    made.body = reviewing.check_body(body().get("body"), "IssueComment")
    made.updated_at = state().clock()
    changed = {"body": {"from": before}}
    context().events.issue_comment(one, place.pull, made, "edited", changes=changed)
    return jsonify(bodies.issue_comment(state(), one, place.pull, made))


@comments.delete(f"{_ISSUE}/comments/<int:comment>")
def delete_issue_comment(owner: str, name: str, comment: int) -> _Answer:
    """The conversation without the comment."""
    one = authorised(owner, name, pull_requests="write")
    place, made = _issue_comment(one, comment)
    _own(made)
    place.pull.conversation.remove(made)
    context().events.issue_comment(one, place.pull, made, "deleted")
    return "", 204
