"""A repository and what is in its git, as GitHub shows them."""

from __future__ import annotations

import base64
from urllib.parse import quote

from bot.standin.bodies.accounts import stamp, user
from bot.standin.git.repository import Commit, TreeEntry
from bot.standin.repositories import Activity, Body, StandInPullRequest, StandInRepository
from bot.standin.state import GitHubState, node_id

# Every repository carries these addresses; what is in braces is for the client to fill in.
_PLAIN = (
    "contributors",
    "deployments",
    "downloads",
    "events",
    "forks",
    "hooks",
    "languages",
    "merges",
    "stargazers",
    "subscribers",
    "subscription",
    "tags",
    "teams",
)
_TEMPLATES = {
    "archive": "{archive_format}{/ref}",
    "assignees": "{/user}",
    "blobs": "{/sha}",
    "branches": "{/branch}",
    "collaborators": "{/collaborator}",
    "comments": "{/number}",
    "commits": "{/sha}",
    "compare": "{base}...{head}",
    "contents": "{+path}",
    "git_commits": "{/sha}",
    "git_refs": "{/sha}",
    "git_tags": "{/sha}",
    "issue_comment": "{/number}",
    "issue_events": "{/number}",
    "issues": "{/number}",
    "keys": "{/key_id}",
    "labels": "{/name}",
    "milestones": "{/number}",
    "notifications": "{?since,all,participating}",
    "pulls": "{/number}",
    "releases": "{/id}",
    "statuses": "{sha}",
    "trees": "{/sha}",
}
_PLACES = {
    "archive": "",
    "blobs": "git/blobs",
    "compare": "compare/",
    "contents": "contents/",
    "git_commits": "git/commits",
    "git_refs": "git/refs",
    "git_tags": "git/tags",
    "issue_comment": "issues/comments",
    "issue_events": "issues/events",
    "statuses": "statuses/",
    "trees": "git/trees",
}


def repository_url(state: GitHubState, repository: StandInRepository) -> str:
    """Where the REST API has the repository."""
    return f"{state.api}/repos/{repository.full_name}"


def page_url(state: GitHubState, repository: StandInRepository) -> str:
    """Where people see the repository."""
    return f"{state.url}/{repository.full_name}"


def _addresses(url: str) -> Body:
    plain = {f"{name}_url": f"{url}/{name}" for name in _PLAIN}
    templates = {
        f"{name}_url": f"{url}/{_PLACES.get(name, name)}{template}"
        for name, template in _TEMPLATES.items()
    }
    return plain | templates


def _counts(repository: StandInRepository) -> Body:
    pulls = sum(pull.state == "open" for pull in repository.pulls.values())
    zeros = (
        "forks",
        "forks_count",
        "stargazers_count",
        "watchers",
        "watchers_count",
        "network_count",
        "subscribers_count",
    )
    return dict.fromkeys(zeros, 0) | {"open_issues": pulls, "open_issues_count": pulls, "size": 1}


def _features() -> Body:
    on = ("has_issues", "has_projects", "has_downloads", "has_wiki", "has_pull_requests")
    off = ("has_pages", "has_discussions", "is_template", "web_commit_signoff_required")
    return dict.fromkeys(on, True) | dict.fromkeys(off, False)


def repository(state: GitHubState, repository: StandInRepository) -> Body:
    """A `full-repository`, which is a `repository` and a `minimal-repository` as well."""
    url, page = repository_url(state, repository), page_url(state, repository)
    host = state.url.partition("://")[2]
    return {
        "id": repository.id,
        "node_id": node_id("R", repository.id),
        "name": repository.name,
        "full_name": repository.full_name,
        "private": repository.private,
        "visibility": "private" if repository.private else "public",
        "owner": user(state, repository.owner),
        "html_url": page,
        "description": None,
        "fork": repository.parent is not None,
        "url": url,
        **_addresses(url),
        "clone_url": f"{page}.git",
        "git_url": f"git://{host}/{repository.full_name}.git",
        "ssh_url": f"git@{host}:{repository.full_name}.git",
        "svn_url": page,
        "mirror_url": None,
        "homepage": None,
        "language": None,
        "license": None,
        "topics": [],
        "default_branch": repository.default_branch,
        "archived": repository.archived,
        "disabled": False,
        "allow_forking": True,
        "pushed_at": stamp(repository.pushed_at),
        "created_at": stamp(repository.created_at),
        "updated_at": stamp(repository.pushed_at),
        **_features(),
        **_counts(repository),
    }


def short_repository(repository: StandInRepository) -> Body:
    """How an installation's webhook names a repository."""
    return {
        "id": repository.id,
        "node_id": node_id("R", repository.id),
        "name": repository.name,
        "full_name": repository.full_name,
        "private": repository.private,
    }


def git_ref(state: GitHubState, repository: StandInRepository, ref: str, sha: str) -> Body:
    """A `git-ref`."""
    url = repository_url(state, repository)
    return {
        "ref": ref,
        "node_id": node_id("REF", repository.id),
        "url": f"{url}/git/{quote(ref)}",
        "object": {"type": "commit", "sha": sha, "url": f"{url}/git/commits/{sha}"},
    }


def activity(state: GitHubState, moved: Activity) -> Body:
    """One move of a branch."""
    return {
        "id": moved.id,
        "node_id": node_id("PSH", moved.id),
        "ref": moved.ref,
        "before": moved.before,
        "after": moved.after,
        "timestamp": stamp(moved.at),
        "activity_type": moved.kind,
        "actor": user(state, moved.by),
    }


def branch(state: GitHubState, repository: StandInRepository, name: str, sha: str) -> Body:
    """A `short-branch`."""
    return {
        "name": name,
        "commit": {"sha": sha, "url": f"{repository_url(state, repository)}/commits/{sha}"},
        "protected": bool(repository.required_checks.get(name)),
    }


def short_pull(state: GitHubState, pull: StandInPullRequest) -> Body:
    """How a check run names a pull request."""
    head, base = pull.head_repository, pull.repository
    return {
        "id": pull.id,
        "number": pull.number,
        "url": f"{repository_url(state, pull.repository)}/pulls/{pull.number}",
        "head": {"ref": pull.head_ref, "sha": pull.head_sha, "repo": _named(state, head)},
        "base": {"ref": pull.base_ref, "sha": pull.base_sha, "repo": _named(state, base)},
    }


def _named(state: GitHubState, repository: StandInRepository) -> Body:
    return {"id": repository.id, "url": repository_url(state, repository), "name": repository.name}


def simple_commit(commit: Commit) -> Body:
    """A `simple-commit`."""
    person = {"name": commit.name, "email": commit.email}
    return {
        "id": commit.sha,
        "tree_id": commit.tree,
        "message": commit.message,
        "timestamp": commit.date,
        "author": person,
        "committer": person,
    }


def content(state: GitHubState, repository: StandInRepository, entry: TreeEntry, ref: str) -> Body:
    """One entry of a directory; a file asked for by its path carries its content as well."""
    path, url = quote(entry.path), repository_url(state, repository)
    kinds = {"120000": "symlink", "160000": "submodule", "040000": "dir"}
    kind = kinds.get(entry.mode, "file")
    self_url = f"{url}/contents/{path}?ref={quote(ref, safe='')}"
    git_url = f"{url}/git/{'trees' if kind == 'dir' else 'blobs'}/{entry.sha}"
    page = f"{page_url(state, repository)}/{'tree' if kind == 'dir' else 'blob'}/{ref}/{path}"
    raw = f"{page_url(state, repository)}/raw/{ref}/{path}"
    return {
        "type": kind,
        "size": entry.size,
        "name": entry.path.rpartition("/")[2],
        "path": entry.path,
        "sha": entry.sha,
        "url": self_url,
        "git_url": git_url,
        "html_url": page,
        "download_url": raw if kind == "file" else None,
        "_links": {"self": self_url, "git": git_url, "html": page},
    }


def encoded(data: bytes) -> Body:
    """A file's content as the contents endpoint carries it."""
    text = base64.encodebytes(data).decode()
    return {"encoding": "base64", "content": text}
