"""GraphQL, as far as REST does not reach: review threads, and comments minimised."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from flask import Blueprint, Response, jsonify

from bot.standin import auth
from bot.standin.accounts import Account, Token
from bot.standin.bodies.repository import page_url
from bot.standin.calls import body, calling_token, state
from bot.standin.errors import HttpRefusal
from bot.standin.git.repository import Commit
from bot.standin.graphql import Arguments, Field, RequestRefused, connection, respond
from bot.standin.repositories import (
    IssueComment,
    ReviewComment,
    StandInPullRequest,
    StandInRepository,
)
from bot.standin.state import node_id, numeric_id

graphql = Blueprint("graphql", __name__)
_FORBIDDEN = "Resource not accessible by integration"
_CO_AUTHOR = re.compile(r"^Co-authored-by: (.*?) <([^<>\n]*)>$", re.MULTILINE | re.IGNORECASE)


@graphql.post("/api/graphql")
def answer() -> Response:
    """The answer to a query or mutation; GraphQL reports errors in the body."""
    token = calling_token()
    request = body()
    roots = _queries(token) | _mutations(token)
    return jsonify(respond(str(request.get("query")), roots, request.get("variables") or {}))


def _queries(token: Token) -> dict[str, Field]:
    return {
        "repository": lambda _info, **arguments: _repository(token, arguments),
        "node": lambda _info, **arguments: _node(token, arguments["id"]),
    }


def _mutations(token: Token) -> dict[str, Field]:
    return {
        "minimizeComment": lambda _info, **arguments: _minimize(token, arguments["input"]),
        "unminimizeComment": lambda _info, **arguments: _unminimize(token, arguments["input"]),
        "resolveReviewThread": lambda _info, **arguments: _resolve(token, arguments["input"]),
        "unresolveReviewThread": lambda _info, **arguments: _unresolve(token, arguments["input"]),
    }


def _allowed(
    token: Token, repository: StandInRepository | None, **required: str
) -> StandInRepository:
    try:
        return auth.authorise(token, repository, required)
    except HttpRefusal as refusal:
        if refusal.status == 404:
            raise RequestRefused("Could not resolve to a Repository", "NOT_FOUND") from refusal
        raise RequestRefused(_FORBIDDEN, "FORBIDDEN") from refusal


def _repository(token: Token, arguments: Arguments) -> Field:
    named = state().repository(arguments["owner"], arguments["name"])
    repository = _allowed(token, named, pull_requests="read")
    return {
        "__typename": "Repository",
        "id": node_id("R", repository.id),
        "databaseId": repository.id,
        "name": repository.name,
        "nameWithOwner": repository.full_name,
        "url": page_url(state(), repository),
        "pullRequest": lambda _info, number: _pull(repository, number),
    }


def _pull(repository: StandInRepository, number: int) -> Field:
    pull = repository.pulls.get(number)
    if pull is None:
        message = f"Could not resolve to a PullRequest with the number of {number}."
        raise RequestRefused(message, "NOT_FOUND")
    return _pull_fields(pull)


def _pull_fields(pull: StandInPullRequest) -> Field:
    threads = [comments[0] for comments in pull.threads().values()]
    merged = "MERGED" if pull.merged_at else None
    return {
        "__typename": "PullRequest",
        "id": node_id("PR", pull.id),
        "databaseId": pull.id,
        "number": pull.number,
        "title": pull.title,
        "state": merged or pull.state.upper(),
        "isDraft": pull.draft,
        "headRefOid": pull.head_sha,
        "baseRefName": pull.base_ref,
        "author": _account(pull.user),
        "merged": pull.merged_at is not None,
        "commits": partial(_commits, pull),
        "reviewThreads": connection(threads, lambda root: _thread(pull, root)),
        "comments": connection(pull.conversation, _comment),
    }


def _commits(pull: StandInPullRequest, info: Any, **page: Any) -> Field:
    """A page of the commits of the head that the base lacks, oldest first."""
    git = pull.head_repository.git
    commits = [git.read_commit(sha) for sha in git.commits_between(pull.base_sha, pull.head_sha)]
    return connection(commits, lambda each: {"commit": _commit(pull.repository, each)})(
        info, **page
    )


def _commit(repository: StandInRepository, commit: Commit) -> Field:
    people = [(commit.name, commit.email), *_CO_AUTHOR.findall(commit.message)]
    return {
        "__typename": "Commit",
        "oid": commit.sha,
        "message": commit.message,
        "parents": connection(commit.parents, lambda sha: {"oid": sha, "message": ""}),
        "authors": connection(people, lambda person: _git_actor(*person)),
        "committer": _git_actor(commit.name, commit.email),
        "associatedPullRequests": connection(
            [pull for pull in repository.pulls.values() if _contains(pull, commit.sha)],
            _pull_fields,
        ),
    }


def _contains(pull: StandInPullRequest, commit: str) -> bool:
    git = pull.head_repository.git
    return commit in git.commits_between(pull.base_sha, pull.head_sha)


def _git_actor(name: str, email: str) -> Field:
    """Whose an address is, GitHub knows of its own accounts."""
    account = state().addresses.get(email)
    known = account is not None and account.type == "User"
    return {"name": name, "email": email, "user": _account(account) if account and known else None}


def _thread(pull: StandInPullRequest, root: ReviewComment) -> Field:
    resolved_by = pull.resolved_threads.get(root.thread)
    return {
        "__typename": "PullRequestReviewThread",
        "id": node_id("PRRT", root.thread),
        "isResolved": resolved_by is not None,
        "resolvedBy": _account(resolved_by) if resolved_by else None,
        "isOutdated": root.subject_type == "line" and root.line is None,
        "path": root.path,
        "line": root.line,
        "originalLine": root.original_line,
        "startLine": root.start_line,
        "originalStartLine": root.original_start_line,
        "diffSide": root.side,
        "subjectType": root.subject_type.upper(),
        "comments": connection(pull.threads()[root.thread], _comment),
    }


def _comment(comment: ReviewComment | IssueComment) -> Field:
    inline = isinstance(comment, ReviewComment)
    return {
        "__typename": "PullRequestReviewComment" if inline else "IssueComment",
        "id": node_id("PRRC" if inline else "IC", comment.id),
        "databaseId": comment.id,
        "fullDatabaseId": str(comment.id),
        "body": comment.body,
        "author": _account(comment.user),
        "isMinimized": comment.minimized is not None,
        "minimizedReason": comment.minimized,
    }


def _account(account: Account) -> Field:
    return {
        "__typename": account.type,
        "login": account.login.removesuffix("[bot]"),
        "id": node_id("BOT" if account.type == "Bot" else "U", account.id),
        "databaseId": account.id,
    }


def _comment_of(token: Token, node: str, **required: str) -> ReviewComment | IssueComment:
    """The comment of a GraphQL id."""
    kind = numeric_id(node)
    for repository, pull in _pulls() if kind and kind[0] in ("PRRC", "IC") else ():
        posted: list[ReviewComment | IssueComment] = [*pull.comments, *pull.conversation]
        for comment in posted:
            if kind and comment.id == kind[1]:
                _allowed(token, repository, **required)
                return comment
    raise _unknown(node)


def _thread_of(
    token: Token, node: str, **required: str
) -> tuple[StandInPullRequest, ReviewComment]:
    """The first comment of the thread of a GraphQL id."""
    kind = numeric_id(node)
    for repository, pull in _pulls() if kind and kind[0] == "PRRT" else ():
        comments = pull.threads().get(kind[1]) if kind else None
        if comments:
            _allowed(token, repository, **required)
            return pull, comments[0]
    raise _unknown(node)


def _pulls() -> Iterator[tuple[StandInRepository, StandInPullRequest]]:
    for repository in state().repositories.values():
        for pull in repository.pulls.values():
            yield repository, pull


def _unknown(node: str) -> RequestRefused:
    message = f"Could not resolve to a node with the global id of '{node}'"
    return RequestRefused(message, "NOT_FOUND")


def _node(token: Token, node: str) -> Field:
    if node.startswith("PRRT"):
        return _thread(*_thread_of(token, node, pull_requests="read"))
    return _comment(_comment_of(token, node, pull_requests="read"))


def _minimize(token: Token, arguments: Arguments) -> Field:
    comment = _comment_of(token, arguments["subjectId"], pull_requests="write")
    comment.minimized = arguments["classifier"].lower().replace("_", "-")
    return _payload("MinimizeCommentPayload", arguments, minimizedComment=_comment(comment))


def _unminimize(token: Token, arguments: Arguments) -> Field:
    comment = _comment_of(token, arguments["subjectId"], pull_requests="write")
    comment.minimized = None
    return _payload("UnminimizeCommentPayload", arguments, unminimizedComment=_comment(comment))


def _resolve(token: Token, arguments: Arguments) -> Field:
    # An App needs `contents: write` for this: people report it, GitHub does not write it down.
    pull, root = _thread_of(token, arguments["threadId"], contents="write")
    pull.resolved_threads[root.thread] = token.installation.app.bot
    return _payload("ResolveReviewThreadPayload", arguments, thread=_thread(pull, root))


def _unresolve(token: Token, arguments: Arguments) -> Field:
    pull, root = _thread_of(token, arguments["threadId"], contents="write")
    pull.resolved_threads.pop(root.thread, None)
    return _payload("UnresolveReviewThreadPayload", arguments, thread=_thread(pull, root))


def _payload(kind: str, arguments: Arguments, **fields: Field) -> Field:
    return {"__typename": kind, "clientMutationId": arguments.get("clientMutationId"), **fields}
