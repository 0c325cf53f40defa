"""GraphQL, as far as REST does not reach: review threads, and comments minimised."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, Response, jsonify

from bot.standin import auth
from bot.standin import graphql as language
from bot.standin.bodies.repository import page_url
from bot.standin.calls import body, calling_token, state
from bot.standin.errors import HttpRefusal
from bot.standin.graphql import Arguments, Field, GraphQLError, connection
from bot.standin.state import (
    Account,
    IssueComment,
    ReviewComment,
    StandInPullRequest,
    StandInRepository,
    Token,
    node_id,
    numeric_id,
)

graphql = Blueprint("graphql", __name__)
_CLASSIFIERS = {"ABUSE", "DUPLICATE", "OFF_TOPIC", "OUTDATED", "RESOLVED", "SPAM"}
_FORBIDDEN = "Resource not accessible by integration"
_COMMENT = ("Node", "Comment", "Minimizable", "Updatable", "Deletable")


@graphql.post("/api/graphql")
def answer() -> Response:
    """The answer to a query or mutation; errors are in the body, as GraphQL has it."""
    token = calling_token()
    sent = body()
    try:
        document = language.parse(str(sent.get("query")))
        roots = _mutations(token) if document.operation == "mutation" else _queries(token)
        data = language.execute(document, roots, sent.get("variables") or {})
    except GraphQLError as error:
        told = {"message": str(error)} | ({"type": error.kind} if error.kind else {})
        return jsonify({"data": None, "errors": [told]})
    return jsonify({"data": data})


def _queries(token: Token) -> dict[str, Field]:
    return {
        "__typename": "Query",
        "repository": lambda arguments: _repository(token, arguments),
        "node": lambda arguments: _node(token, arguments["id"]),
        "viewer": _account(token.installation.app.bot),
    }


def _mutations(token: Token) -> dict[str, Field]:
    return {
        "__typename": "Mutation",
        "minimizeComment": lambda arguments: _minimize(token, arguments["input"]),
        "unminimizeComment": lambda arguments: _unminimize(token, arguments["input"]),
        "resolveReviewThread": lambda arguments: _resolve(token, arguments["input"]),
        "unresolveReviewThread": lambda arguments: _unresolve(token, arguments["input"]),
    }


def _allowed(token: Token, one: StandInRepository | None, **wanted: str) -> StandInRepository:
    try:
        return auth.authorise(token, one, wanted)
    except HttpRefusal as refusal:
        if refusal.status == 404:
            raise GraphQLError("Could not resolve to a StandInRepository", "NOT_FOUND") from refusal
        raise GraphQLError(_FORBIDDEN, "FORBIDDEN") from refusal


def _repository(token: Token, arguments: Arguments) -> Field:
    found = state().repository(arguments["owner"], arguments["name"])
    one = _allowed(token, found, pull_requests="read")
    return {
        "__typename": "StandInRepository",
        "id": node_id("R", one.id),
        "databaseId": one.id,
        "name": one.name,
        "nameWithOwner": one.full_name,
        "url": page_url(state(), one),
        "pullRequest": lambda given: _pull(one, given["number"]),
    }


def _pull(one: StandInRepository, number: int) -> Field:
    pull = one.pulls.get(number)
    if pull is None:
        message = f"Could not resolve to a PullRequest with the number of {number}."
        raise GraphQLError(message, "NOT_FOUND")
    return _pull_fields(pull)


def _pull_fields(pull: StandInPullRequest) -> Field:
    threads = [comments[0] for comments in pull.threads().values()]
    merged = "MERGED" if pull.merged_at else None
    return {
        "__typename": "StandInPullRequest",
        "__interfaces": ("Node",),
        "id": node_id("PR", pull.id),
        "databaseId": pull.id,
        "number": pull.number,
        "title": pull.title,
        "state": merged or pull.state.upper(),
        "isDraft": pull.draft,
        "headRefOid": pull.head_sha,
        "baseRefName": pull.base_ref,
        "author": _account(pull.user),
        "reviewThreads": connection(threads, lambda root: _thread(pull, root)),
        "comments": connection(pull.conversation, _comment),
    }


def _thread(pull: StandInPullRequest, root: ReviewComment) -> Field:
    resolved_by = pull.resolved_threads.get(root.thread)
    return {
        "__typename": "PullRequestReviewThread",
        "__interfaces": ("Node",),
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


def _comment(made: ReviewComment | IssueComment) -> Field:
    inline = isinstance(made, ReviewComment)
    return {
        "__typename": "PullRequestReviewComment" if inline else "IssueComment",
        "__interfaces": _COMMENT,
        "id": node_id("PRRC" if inline else "IC", made.id),
        "databaseId": made.id,
        "fullDatabaseId": str(made.id),
        "body": made.body,
        "author": _account(made.user),
        "isMinimized": made.minimized is not None,
        "minimizedReason": made.minimized,
    }


def _account(account: Account) -> Field:
    return {
        "__typename": account.type,
        "__interfaces": ("Actor", "Node"),
        "login": account.login.removesuffix("[bot]"),
        "id": node_id("BOT" if account.type == "Bot" else "U", account.id),
        "databaseId": account.id,
    }


def _comment_of(token: Token, node: str, **wanted: str) -> ReviewComment | IssueComment:
    """The comment of a GraphQL id."""
    known = numeric_id(node)
    for one, pull in _pulls() if known and known[0] in ("PRRC", "IC") else ():
        posted: list[ReviewComment | IssueComment] = [*pull.comments, *pull.conversation]
        for made in posted:
            if known and made.id == known[1]:
                _allowed(token, one, **wanted)
                return made
    raise _unknown(node)


def _thread_of(token: Token, node: str, **wanted: str) -> tuple[StandInPullRequest, ReviewComment]:
    """The first comment of the thread of a GraphQL id."""
    known = numeric_id(node)
    for one, pull in _pulls() if known and known[0] == "PRRT" else ():
        comments = pull.threads().get(known[1]) if known else None
        if comments:
            _allowed(token, one, **wanted)
            return pull, comments[0]
    raise _unknown(node)


def _pulls() -> Iterator[tuple[StandInRepository, StandInPullRequest]]:
    for one in state().repositories.values():
        for pull in one.pulls.values():
            yield one, pull


def _unknown(node: str) -> GraphQLError:
    message = f"Could not resolve to a node with the global id of '{node}'"
    return GraphQLError(message, "NOT_FOUND")


def _node(token: Token, node: str) -> Field:
    if node.startswith("PRRT"):
        return _thread(*_thread_of(token, node, pull_requests="read"))
    return _comment(_comment_of(token, node, pull_requests="read"))


def _minimize(token: Token, given: Arguments) -> Field:
    made = _comment_of(token, given["subjectId"], pull_requests="write")
    if given["classifier"] not in _CLASSIFIERS:
        raise GraphQLError(f"{given['classifier']} is not a classifier", "UNPROCESSABLE")
    made.minimized = given["classifier"].lower().replace("_", "-")
    return _payload("MinimizeCommentPayload", given, minimizedComment=_comment(made))


def _unminimize(token: Token, given: Arguments) -> Field:
    made = _comment_of(token, given["subjectId"], pull_requests="write")
    made.minimized = None
    return _payload("UnminimizeCommentPayload", given, unminimizedComment=_comment(made))


def _resolve(token: Token, given: Arguments) -> Field:
    # An App needs `contents: write` for this: people report it, GitHub does not write it down.
    pull, root = _thread_of(token, given["threadId"], contents="write")
    pull.resolved_threads[root.thread] = token.installation.app.bot
    return _payload("ResolveReviewThreadPayload", given, thread=_thread(pull, root))


def _unresolve(token: Token, given: Arguments) -> Field:
    pull, root = _thread_of(token, given["threadId"], contents="write")
    pull.resolved_threads.pop(root.thread, None)
    return _payload("UnresolveReviewThreadPayload", given, thread=_thread(pull, root))


def _payload(kind: str, given: Arguments, **fields: Field) -> Field:
    return {"__typename": kind, "clientMutationId": given.get("clientMutationId"), **fields}
