"""The reviews and comments of a pull request as GitHub shows them."""

from __future__ import annotations

from bot.standin.accounts import Account
from bot.standin.bodies.accounts import app, stamp, user
from bot.standin.bodies.repository import page_url, repository_url
from bot.standin.repositories import (
    Body,
    IssueComment,
    ReviewComment,
    StandInPullRequest,
    StandInRepository,
    StandInReview,
)
from bot.standin.state import GitHubState, node_id

_REACTIONS = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")


def association(repository: StandInRepository, account: Account) -> str:
    """What an account is to the repository."""
    if account.login == repository.owner.login:
        return "OWNER"
    if account.login in repository.collaborators:
        return "MEMBER" if repository.owner.type == "Organization" else "COLLABORATOR"
    return "NONE"


def links_of(state: GitHubState, pull: StandInPullRequest) -> Body:
    """The addresses of a pull request, as `_links`."""
    url, number = repository_url(state, pull.repository), pull.number
    places = {
        "self": f"{url}/pulls/{number}",
        "html": f"{page_url(state, pull.repository)}/pull/{number}",
        "issue": f"{url}/issues/{number}",
        "comments": f"{url}/issues/{number}/comments",
        "review_comments": f"{url}/pulls/{number}/comments",
        "review_comment": f"{url}/pulls/comments{{/number}}",
        "commits": f"{url}/pulls/{number}/commits",
        "statuses": f"{url}/statuses/{pull.head_sha}",
    }
    return {name: {"href": place} for name, place in places.items()}


def review(
    state: GitHubState,
    pull: StandInPullRequest,
    review: StandInReview,
) -> Body:
    """A `pull-request-review`."""
    links = links_of(state, pull)
    page = f"{links['html']['href']}#pullrequestreview-{review.id}"
    return {
        "id": review.id,
        "node_id": node_id("PRR", review.id),
        "user": user(state, review.user),
        "body": review.body,
        "state": review.state,
        "html_url": page,
        "pull_request_url": links["self"]["href"],
        "author_association": association(pull.repository, review.user),
        "_links": {"html": {"href": page}, "pull_request": links["self"]},
        "submitted_at": stamp(review.submitted_at),
        "commit_id": review.commit_id,
    }


def review_comment(
    state: GitHubState,
    pull: StandInPullRequest,
    comment: ReviewComment,
) -> Body:
    """A `pull-request-review-comment`; `line` and `position` are null when it is outdated."""
    links = links_of(state, pull)
    url = f"{repository_url(state, pull.repository)}/pulls/comments/{comment.id}"
    page = f"{links['html']['href']}#discussion_r{comment.id}"
    shape: Body = {
        "url": url,
        "id": comment.id,
        "node_id": node_id("PRRC", comment.id),
        "pull_request_review_id": comment.review_id,
        "diff_hunk": comment.diff_hunk,
        "path": comment.path,
        "commit_id": comment.commit_id,
        "original_commit_id": comment.original_commit_id,
        "user": user(state, comment.user),
        "body": comment.body,
        "created_at": stamp(comment.created_at),
        "updated_at": stamp(comment.updated_at),
        "html_url": page,
        "pull_request_url": links["self"]["href"],
        "author_association": association(pull.repository, comment.user),
        "_links": {
            "self": {"href": url},
            "html": {"href": page},
            "pull_request": links["self"],
        },
        "reactions": reaction_counts(url),
        "start_line": comment.start_line,
        "original_start_line": comment.original_start_line,
        "start_side": comment.start_side,
        "line": comment.line,
        "original_line": comment.original_line,
        "side": comment.side,
        "position": comment.position,
        "original_position": comment.original_position or 1,
        "subject_type": comment.subject_type,
    }
    return shape | ({"in_reply_to_id": comment.in_reply_to} if comment.in_reply_to else {})


def issue_comment(
    state: GitHubState,
    pull: StandInPullRequest,
    comment: IssueComment,
) -> Body:
    """An `issue-comment`."""
    links = links_of(state, pull)
    url = f"{repository_url(state, pull.repository)}/issues/comments/{comment.id}"
    return {
        "url": url,
        "html_url": f"{links['html']['href']}#issuecomment-{comment.id}",
        "issue_url": links["issue"]["href"],
        "id": comment.id,
        "node_id": node_id("IC", comment.id),
        "user": user(state, comment.user),
        "created_at": stamp(comment.created_at),
        "updated_at": stamp(comment.updated_at),
        "body": comment.body,
        "author_association": association(pull.repository, comment.user),
        "reactions": reaction_counts(url),
        "performed_via_github_app": app(state, comment.app) if comment.app else None,
    }


def comment(
    state: GitHubState, pull: StandInPullRequest, comment: ReviewComment | IssueComment
) -> Body:
    """A comment of either kind."""
    if isinstance(comment, IssueComment):
        return issue_comment(state, pull, comment)
    return review_comment(state, pull, comment)


def reaction_counts(url: str) -> Body:
    """The reactions to a comment: none."""
    return {"url": f"{url}/reactions", "total_count": 0, **dict.fromkeys(_REACTIONS, 0)}
