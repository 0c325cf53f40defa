"""Review comments: which of this App are on a pull request, and the operations on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import structlog
from github.PullRequest import PullRequest as Pull
from github.PullRequestComment import PullRequestComment

from bot.core.publish.markers import fingerprint_of
from bot.core.publish.operations import (
    DeleteComment,
    EditComment,
    InlineComment,
    MinimizeComment,
    Operation,
    Posted,
    PostedComment,
    PostFileComment,
    PostReview,
)
from bot.core.publish.plan import same_text
from bot.errors import GitHubAnswerError, GitHubError
from bot.github.api import change, send
from bot.github.connection import GitHubConnection, pages
from bot.github.errors import translated
from bot.github.pulls import PullRequest

log = structlog.get_logger()

_REFRESHED: Final = 3
"""The reviews of this App whose text is kept up to date, the newest."""

_NODES: Final = 50
"""How many comments one query asks about."""


def read_posted(connection: GitHubConnection, pull: PullRequest) -> Posted:
    """This App's comments on the pull request. Anyone can write a marker: the author decides.

    Read as plain JSON: PyGithub sends a further request for each comment that is not a reply.
    """
    login = connection.identity.login
    every = list(pages(connection, f"{_path(connection, pull)}/comments"))
    answered = {raw["in_reply_to_id"] for raw in every if raw.get("in_reply_to_id")}
    mine = [raw for raw in every if _login(raw) == login and not raw.get("in_reply_to_id")]
    hidden = _minimized(connection, [raw["node_id"] for raw in mine if raw["id"] in answered])
    return Posted(
        login,
        tuple(
            PostedComment(
                id=raw["id"],
                node_id=raw["node_id"],
                author=login,
                body=raw["body"],
                path=raw["path"],
                line=raw.get("line"),
                on_file=raw.get("subject_type") == "file",
                replied=raw["id"] in answered,
                minimized=raw["node_id"] in hidden,
            )
            for raw in mine
        ),
    )


def perform(
    connection: GitHubConnection, pull: PullRequest, operations: Iterable[Operation]
) -> None:
    """Carries out the operations on comments; the caller concludes the check run."""
    for operation in operations:
        match operation:
            case PostReview():
                _post_review(connection, pull, operation)
            case PostFileComment():
                _post(connection, pull, operation, {"subject_type": "file"})
            case EditComment(number, body):
                with _still_there():
                    _comment(connection, pull, number).edit(body)
            case DeleteComment(number):
                with _still_there():
                    _comment(connection, pull, number).delete()
            case MinimizeComment(node):
                with _still_there():
                    _minimize(connection, node)


def refresh_reviews(connection: GitHubConnection, pull: PullRequest, body: str) -> None:
    """Lets what this App wrote above its comments say what the newest review says.

    The newest few alone: each edit is a write. People are not notified of it.
    https://docs.github.com/rest/pulls/reviews#update-a-review-for-a-pull-request
    """
    login = connection.identity.login
    path = f"{_path(connection, pull)}/reviews"
    mine = [raw for raw in pages(connection, path) if _login(raw) == login and raw.get("body")]
    for raw in mine[-_REFRESHED:]:
        if not same_text(raw["body"], body):
            with _still_there():
                send(connection.github.requester, "PUT", f"{path}/{raw['id']}", {"body": body})


def _post_review(connection: GitHubConnection, pull: PullRequest, review: PostReview) -> None:
    """One review, one notification. GitHub refuses it as a whole for one unacceptable place."""
    fingerprints = {comment.fingerprint for comment in review.comments}

    def posted() -> bool | None:
        return True if fingerprints <= _fingerprints(connection, pull) else None

    def post() -> bool:
        # PyGithub takes a commit object here, and would fetch the commit for it.
        answer = send(
            connection.github.requester,
            "POST",
            f"{_path(connection, pull)}/reviews",
            {
                "commit_id": pull.head,
                "body": review.body,
                "event": "COMMENT",
                "comments": [_draft(comment) for comment in review.comments],
            },
        )
        return _check_created(answer)

    try:
        change(post, posted)
    except GitHubAnswerError as error:
        if error.status != 422:
            raise
        log.warning("review refused, posted one by one", reason=str(error))
        _post_singly(connection, pull, review.comments)


def _post_singly(
    connection: GitHubConnection, pull: PullRequest, comments: Sequence[InlineComment]
) -> None:
    """Each comment on its line, else on its file; else the check's summary has it."""
    for comment in comments:
        places: tuple[dict[str, Any], ...] = (_place(comment), {"subject_type": "file"})
        for place in places:
            try:
                _post(connection, pull, comment, place)
            except GitHubAnswerError as error:
                if error.status != 422:
                    raise
                log.warning("comment refused", path=comment.path, reason=str(error))
            else:
                break


def _post(
    connection: GitHubConnection,
    pull: PullRequest,
    comment: InlineComment | PostFileComment,
    place: Mapping[str, Any],
) -> None:
    """One comment, created exactly once, at a place given in GitHub's fields."""

    def posted() -> bool | None:
        return True if comment.fingerprint in _fingerprints(connection, pull) else None

    def post() -> bool:
        review_comment = _pull(connection, pull).create_review_comment(
            comment.body, pull.head, comment.path, **place
        )
        return _check_created(review_comment.raw_data)

    change(post, posted)


def _fingerprints(connection: GitHubConnection, pull: PullRequest) -> frozenset[str | None]:
    """The fingerprints in the markers of this App's comments that are not hidden."""
    comments = read_posted(connection, pull).comments
    return frozenset(fingerprint_of(comment.body) for comment in comments if not comment.minimized)


@contextmanager
def _still_there() -> Iterator[None]:
    """A change to a comment; where the comment is gone there is nothing to do."""
    try:
        with translated():
            yield
    except GitHubAnswerError as error:
        if error.status != 404:
            raise


def _minimize(connection: GitHubConnection, node: str) -> None:
    connection.github.requester.graphql_named_mutation(
        "minimizeComment",
        {"subjectId": node, "classifier": "RESOLVED"},
        "minimizedComment { isMinimized }",
    )


def _minimized(connection: GitHubConnection, nodes: Sequence[str]) -> frozenset[str]:
    """The node ids of those of these comments that are hidden, which REST does not tell."""
    hidden: set[str] = set()
    for some in _chunks(nodes):
        named = {f"n{number}": node for number, node in enumerate(some)}
        try:
            with translated():
                answer = connection.github.requester.graphql_query(minimized_query(named), named)
        except GitHubAnswerError as error:
            # A comment was deleted since it was listed: the next attempt lists what is there then.
            raise GitHubError(str(error), retryable=True) from error
        nodes_raw = answer[1]["data"]
        hidden |= {
            named[name] for name, node in nodes_raw.items() if node and node.get("isMinimized")
        }
    return frozenset(hidden)


def minimized_query(names: Iterable[str]) -> str:
    """The GraphQL query whose variables of these names are comments' node ids."""
    names = tuple(names)
    variables = ", ".join(f"${name}: ID!" for name in names)
    fields = " ".join(
        f"{name}: node(id: ${name}) "
        "{ __typename ... on PullRequestReviewComment { isMinimized } }"
        for name in names
    )
    return f"query Minimized({variables}) {{ {fields} }}"


def _chunks(nodes: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(nodes), _NODES):
        yield nodes[start : start + _NODES]


def _pull(connection: GitHubConnection, pull: PullRequest) -> Pull:
    return connection.repository.get_pull(pull.number)


def _comment(connection: GitHubConnection, pull: PullRequest, number: int) -> PullRequestComment:
    return _pull(connection, pull).get_review_comment(number)


def _draft(comment: InlineComment) -> dict[str, Any]:
    return {"path": comment.path, "body": comment.body, **_place(comment)}


def _place(comment: InlineComment) -> dict[str, Any]:
    place: dict[str, Any] = {"line": comment.line, "side": comment.side}
    if comment.start_line is not None:
        place |= {"start_line": comment.start_line, "start_side": comment.side}
    return place


def _path(connection: GitHubConnection, pull: PullRequest) -> str:
    return f"/repos/{connection.full_name}/pulls/{pull.number}"


def _login(comment: Mapping[str, Any]) -> str | None:
    # GitHub gives null for the account of a person who left.
    user = comment.get("user")
    return user.get("login") if user else None


def _check_created(raw: dict[str, Any]) -> bool:
    # After a rename, GitHub answers a POST with a redirect that PyGithub reads as empty.
    if not raw.get("id"):
        raise GitHubError("GitHub did not create the comment; was the repository renamed?")
    return True
