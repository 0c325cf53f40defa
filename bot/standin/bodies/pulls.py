"""A pull request, its files, reviews and comments as GitHub shows them."""

from __future__ import annotations

from urllib.parse import quote

from bot.standin import changes
from bot.standin.accounts import Account
from bot.standin.bodies.accounts import app, maybe, stamp, user
from bot.standin.bodies.repository import page_url, repository, repository_url
from bot.standin.git.diff import FileDiff
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


def _links(state: GitHubState, repository: StandInRepository, pull: StandInPullRequest) -> Body:
    url, number = repository_url(state, repository), pull.number
    places = {
        "self": f"{url}/pulls/{number}",
        "html": f"{page_url(state, repository)}/pull/{number}",
        "issue": f"{url}/issues/{number}",
        "comments": f"{url}/issues/{number}/comments",
        "review_comments": f"{url}/pulls/{number}/comments",
        "review_comment": f"{url}/pulls/comments{{/number}}",
        "commits": f"{url}/pulls/{number}/commits",
        "statuses": f"{url}/statuses/{pull.head_sha}",
    }
    return {name: {"href": place} for name, place in places.items()}


def _end(state: GitHubState, repo: StandInRepository, ref: str, sha: str) -> Body:
    return {
        "label": f"{repo.owner.login}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": user(state, repo.owner),
        "repo": repository(state, repo),
    }


def simple(state: GitHubState, repository: StandInRepository, pull: StandInPullRequest) -> Body:
    """A `pull-request-simple`: what lists hold."""
    links = _links(state, repository, pull)
    page = links["html"]["href"]
    names = ("issue", "comments", "review_comments", "review_comment", "commits", "statuses")
    return {
        "url": links["self"]["href"],
        "id": pull.id,
        "node_id": node_id("PR", pull.id),
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        **{f"{name}_url": links[name]["href"] for name in names},
        "number": pull.number,
        "state": pull.state,
        "locked": False,
        "title": pull.title,
        "user": user(state, pull.user),
        "body": pull.body,
        "created_at": stamp(pull.created_at),
        "updated_at": stamp(pull.updated_at),
        "closed_at": maybe(pull.closed_at),
        "merged_at": maybe(pull.merged_at),
        "merge_commit_sha": pull.merge_commit_sha,
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "labels": [],
        "milestone": None,
        "draft": pull.draft,
        "head": _end(state, pull.head_repository, pull.head_ref, pull.head_sha),
        "base": _end(state, repository, pull.base_ref, pull.base_sha),
        "_links": links,
        "author_association": association(repository, pull.user),
        "auto_merge": None,
        "active_lock_reason": None,
        **_stack(pull),
    }


def _stack(pull: StandInPullRequest) -> Body:
    """A `pull-request-stack`, where the pull request is part of one."""
    if pull.stack is None:
        return {}
    stack = pull.stack
    return {
        "stack": {
            "id": stack.id,
            "number": 1,
            "size": stack.size,
            "position": stack.place,
            "base": {"ref": stack.base_ref, "sha": stack.base_sha},
        }
    }


def full(state: GitHubState, repository: StandInRepository, pull: StandInPullRequest) -> Body:
    """A `pull-request`: the simple one, and what must be computed from git."""
    files = changes.files(repository, pull)
    mergeable = pull.state == "open" and pull.merge_commit_sha is not None
    clean = "unstable" if changes.unmet_checks(repository, pull) else "clean"
    return simple(state, repository, pull) | {
        "merged": pull.merged_at is not None,
        "mergeable": mergeable if pull.state == "open" else None,
        "rebaseable": mergeable if pull.state == "open" else None,
        "mergeable_state": _mergeable_state(repository, pull, mergeable=mergeable, clean=clean),
        "merged_by": user(state, pull.merged_by) if pull.merged_by else None,
        "comments": len(pull.conversation),
        "review_comments": len(pull.comments),
        "maintainer_can_modify": False,
        "commits": len(changes.commits(repository, pull)),
        "additions": sum(file.additions for file in files),
        "deletions": sum(file.deletions for file in files),
        "changed_files": len(files),
    }


def _mergeable_state(
    repository: StandInRepository, pull: StandInPullRequest, *, mergeable: bool, clean: str
) -> str:
    if pull.state != "open":
        return "unknown"
    if not mergeable:
        return "dirty"
    if pull.draft:
        return "draft"
    return (
        "blocked" if repository.required_checks.get(pull.base_ref) and clean != "clean" else clean
    )


def file(
    state: GitHubState, repository: StandInRepository, pull: StandInPullRequest, diff: FileDiff
) -> Body:
    """A `diff-entry`; without `patch` where GitHub shows none."""
    path, sha = quote(diff.path), pull.head_sha
    page = page_url(state, repository)
    shape: Body = {
        "sha": diff.sha,
        "filename": diff.path,
        "status": diff.status,
        "additions": diff.additions,
        "deletions": diff.deletions,
        "changes": diff.additions + diff.deletions,
        "blob_url": f"{page}/blob/{sha}/{path}",
        "raw_url": f"{page}/raw/{sha}/{path}",
        "contents_url": f"{repository_url(state, repository)}/contents/{path}?ref={sha}",
    }
    if diff.patch is not None:
        shape["patch"] = diff.patch
    if diff.previous_path is not None:
        shape["previous_filename"] = diff.previous_path
    return shape


def review(
    state: GitHubState,
    repository: StandInRepository,
    pull: StandInPullRequest,
    review: StandInReview,
) -> Body:
    """A `pull-request-review`."""
    links = _links(state, repository, pull)
    page = f"{links['html']['href']}#pullrequestreview-{review.id}"
    return {
        "id": review.id,
        "node_id": node_id("PRR", review.id),
        "user": user(state, review.user),
        "body": review.body,
        "state": review.state,
        "html_url": page,
        "pull_request_url": links["self"]["href"],
        "author_association": association(repository, review.user),
        "_links": {"html": {"href": page}, "pull_request": links["self"]},
        "submitted_at": stamp(review.submitted_at),
        "commit_id": review.commit_id,
    }


def review_comment(
    state: GitHubState,
    repository: StandInRepository,
    pull: StandInPullRequest,
    comment: ReviewComment,
) -> Body:
    """A `pull-request-review-comment`; `line` and `position` are null when it is outdated."""
    links = _links(state, repository, pull)
    url = f"{repository_url(state, repository)}/pulls/comments/{comment.id}"
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
        "author_association": association(repository, comment.user),
        "_links": {
            "self": {"href": url},
            "html": {"href": page},
            "pull_request": links["self"],
        },
        "reactions": _reactions(url),
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
    repository: StandInRepository,
    pull: StandInPullRequest,
    comment: IssueComment,
) -> Body:
    """An `issue-comment`."""
    url = f"{repository_url(state, repository)}/issues/comments/{comment.id}"
    return {
        "url": url,
        "html_url": f"{page_url(state, repository)}/pull/{pull.number}#issuecomment-{comment.id}",
        "issue_url": f"{repository_url(state, repository)}/issues/{pull.number}",
        "id": comment.id,
        "node_id": node_id("IC", comment.id),
        "user": user(state, comment.user),
        "created_at": stamp(comment.created_at),
        "updated_at": stamp(comment.updated_at),
        "body": comment.body,
        "author_association": association(repository, comment.user),
        "reactions": _reactions(url),
        "performed_via_github_app": app(state, comment.app) if comment.app else None,
    }


def issue(state: GitHubState, repository: StandInRepository, pull: StandInPullRequest) -> Body:
    """The issue that a pull request is as well: what `issue_comment` events carry."""
    links, url = (
        _links(state, repository, pull),
        f"{repository_url(state, repository)}/issues/{pull.number}",
    )
    page = links["html"]["href"]
    return {
        "url": url,
        "repository_url": repository_url(state, repository),
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": page,
        "id": pull.issue_id,
        "node_id": node_id("I", pull.issue_id),
        "number": pull.number,
        "title": pull.title,
        "user": user(state, pull.user),
        "labels": [],
        "state": pull.state,
        "locked": False,
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "comments": len(pull.conversation),
        "created_at": stamp(pull.created_at),
        "updated_at": stamp(pull.updated_at),
        "closed_at": maybe(pull.closed_at),
        "author_association": association(repository, pull.user),
        "active_lock_reason": None,
        "draft": pull.draft,
        "pull_request": {
            "url": links["self"]["href"],
            "html_url": page,
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            "merged_at": maybe(pull.merged_at),
        },
        "body": pull.body,
        "reactions": _reactions(url),
        "timeline_url": f"{url}/timeline",
        "performed_via_github_app": None,
        "state_reason": None,
    }


def _reactions(url: str) -> Body:
    return {"url": f"{url}/reactions", "total_count": 0, **dict.fromkeys(_REACTIONS, 0)}
