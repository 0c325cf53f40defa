"""A pull request and its files as GitHub shows them."""

from __future__ import annotations

from urllib.parse import quote

from bot.standin import changes
from bot.standin.bodies.accounts import maybe, stamp, user
from bot.standin.bodies.conversation import association, links_of, reaction_counts
from bot.standin.bodies.repository import page_url, repository, repository_url
from bot.standin.git.diff import FileDiff
from bot.standin.repositories import Body, StandInPullRequest, StandInRepository
from bot.standin.state import GitHubState, node_id


def _end(state: GitHubState, repo: StandInRepository, ref: str, sha: str) -> Body:
    return {
        "label": f"{repo.owner.login}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": user(state, repo.owner),
        "repo": repository(state, repo) if repo.id in state.repositories else None,
    }


def simple(state: GitHubState, pull: StandInPullRequest) -> Body:
    """A `pull-request-simple`: what lists hold."""
    links = links_of(state, pull)
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
        "base": _end(state, pull.repository, pull.base_ref, pull.base_sha),
        "_links": links,
        "author_association": association(pull.repository, pull.user),
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


def full(state: GitHubState, pull: StandInPullRequest) -> Body:
    """A `pull-request`: the simple one, and what must be computed from git."""
    files = changes.files(pull)
    mergeable = pull.state == "open" and pull.merge_commit_sha is not None
    clean = "unstable" if changes.unmet_checks(pull) else "clean"
    return simple(state, pull) | {
        "merged": pull.merged_at is not None,
        "mergeable": mergeable if pull.state == "open" else None,
        "rebaseable": mergeable if pull.state == "open" else None,
        "mergeable_state": _mergeable_state(pull, mergeable=mergeable, clean=clean),
        "merged_by": user(state, pull.merged_by) if pull.merged_by else None,
        "comments": len(pull.conversation),
        "review_comments": len(pull.comments),
        "maintainer_can_modify": False,
        "commits": len(changes.commits(pull)),
        "additions": sum(file.additions for file in files),
        "deletions": sum(file.deletions for file in files),
        "changed_files": len(files),
    }


def _mergeable_state(pull: StandInPullRequest, *, mergeable: bool, clean: str) -> str:
    if pull.state != "open":
        return "unknown"
    if not mergeable:
        return "dirty"
    if pull.draft:
        return "draft"
    required = pull.repository.required_checks.get(pull.base_ref)
    return "blocked" if required and clean != "clean" else clean


def file(state: GitHubState, pull: StandInPullRequest, diff: FileDiff) -> Body:
    """A `diff-entry`; without `patch` where GitHub shows none."""
    path, sha = quote(diff.path), pull.head_sha
    page = page_url(state, pull.repository)
    shape: Body = {
        "sha": diff.sha,
        "filename": diff.path,
        "status": diff.status,
        "additions": diff.additions,
        "deletions": diff.deletions,
        "changes": diff.additions + diff.deletions,
        "blob_url": f"{page}/blob/{sha}/{path}",
        "raw_url": f"{page}/raw/{sha}/{path}",
        "contents_url": f"{repository_url(state, pull.repository)}/contents/{path}?ref={sha}",
    }
    if diff.patch is not None:
        shape["patch"] = diff.patch
    if diff.previous_path is not None:
        shape["previous_filename"] = diff.previous_path
    return shape


def issue(state: GitHubState, pull: StandInPullRequest) -> Body:
    """The issue that a pull request is as well: what `issue_comment` events carry."""
    links = links_of(state, pull)
    url, page = links["issue"]["href"], links["html"]["href"]
    return {
        "url": url,
        "repository_url": repository_url(state, pull.repository),
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
        "author_association": association(pull.repository, pull.user),
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
        "reactions": reaction_counts(url),
        "timeline_url": f"{url}/timeline",
        "performed_via_github_app": None,
        "state_reason": None,
    }
