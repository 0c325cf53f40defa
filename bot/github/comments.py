"""Comments: what of ours is on a pull request, and the plan's operations carried out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import structlog
from github.PullRequest import PullRequest as Pull
from github.PullRequestComment import PullRequestComment

from bot.core.publish.plan import (
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
from bot.core.publish.report import fingerprint_of
from bot.errors import GitHubAnswerError, GitHubError
from bot.github.auth import GitHubConnection, pages
from bot.github.errors import created, translated
from bot.github.pulls import PullRequest

log = structlog.get_logger()

_NODES: Final = 50
"""How many comments one query asks about."""


def read_posted(connection: GitHubConnection, pull: PullRequest) -> Posted:
    """Our comments on the pull request; a hidden marker alone proves nothing, anyone can write it.

    Read raw: PyGithub asks GitHub once more for each comment that is no reply.
    """
    login = connection.identity.login
    every = list(pages(connection, f"{_path(connection, pull)}/comments"))
    answered = {one["in_reply_to_id"] for one in every if one.get("in_reply_to_id")}
    mine = [one for one in every if _login(one) == login and not one.get("in_reply_to_id")]
    hidden = _minimized(connection, [one["node_id"] for one in mine if one["id"] in answered])
    return Posted(
        login,
        tuple(
            PostedComment(
                id=one["id"],
                node_id=one["node_id"],
                author=login,
                body=one["body"],
                path=one["path"],
                line=one.get("line"),
                on_file=one.get("subject_type") == "file",
                replied=one["id"] in answered,
                minimized=one["node_id"] in hidden,
            )
            for one in mine
        ),
    )


def perform(
    connection: GitHubConnection, pull: PullRequest, operations: Iterable[Operation]
) -> None:
    """Carries out what concerns comments; a check run's end is left to who began it."""
    for operation in operations:
        match operation:
            case PostReview():
                _post_review(connection, pull, operation)
            case PostFileComment(path, body):
                _post(connection, pull, body, path, subject_type="file")
            case EditComment(number, body):
                with _still_there():
                    _comment(connection, pull, number).edit(body)
            case DeleteComment(number):
                with _still_there():
                    _comment(connection, pull, number).delete()
            case MinimizeComment(node):
                with _still_there():
                    _minimize(connection, node)


def _post_review(connection: GitHubConnection, pull: PullRequest, review: PostReview) -> None:
    """One review, one notification. GitHub refuses it whole for one place that it does not take."""
    marks = {fingerprint_of(comment.body) for comment in review.comments}

    def find() -> bool | None:
        held = {fingerprint_of(comment.body) for comment in read_posted(connection, pull).comments}
        return True if marks <= held else None

    def make() -> bool:
        # PyGithub takes a commit object here, and would fetch the commit for it.
        made = connection.github.requester.requestJsonAndCheck(
            "POST",
            f"{_path(connection, pull)}/reviews",
            input={
                "commit_id": pull.head,
                "body": review.body,
                "event": "COMMENT",
                "comments": [_draft(comment) for comment in review.comments],
            },
        )[1]
        return _made(made)

    try:
        created(find, make)
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
                _post(connection, pull, comment.body, comment.path, **place)
            except GitHubAnswerError as error:
                if error.status != 422:
                    raise
                log.warning("comment refused", path=comment.path, reason=str(error))
            else:
                break


def _post(
    connection: GitHubConnection, pull: PullRequest, body: str, path: str, **place: Any
) -> None:
    mark = fingerprint_of(body)

    def find() -> bool | None:
        held = read_posted(connection, pull).comments
        return True if mark in {fingerprint_of(comment.body) for comment in held} else None

    def make() -> bool:
        made = _pull(connection, pull).create_review_comment(body, pull.head, path, **place)
        return _made(made.raw_data)

    created(find, make)


@contextmanager
def _still_there() -> Iterator[None]:
    """A change to a comment; where it is gone already there is nothing to do."""
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
    """Which of these comments are hidden: REST does not say."""
    found: set[str] = set()
    for some in _chunks(nodes):
        named = {f"n{number}": node for number, node in enumerate(some)}
        try:
            with translated():
                answer = connection.github.requester.graphql_query(minimized_query(named), named)
        except GitHubAnswerError as error:
            # One that was deleted since it was listed: what there is now is worth another look.
            raise GitHubError(str(error), retryable=True) from error
        held = answer[1]["data"]
        found |= {named[name] for name, node in held.items() if node and node.get("isMinimized")}
    return frozenset(found)


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
    # The account of a person who left GitHub is null.
    user = comment.get("user")
    return user.get("login") if user else None


def _made(raw: dict[str, Any]) -> bool:
    # After a rename, a POST gets a redirect that PyGithub takes for an empty answer.
    if not raw.get("id"):
        raise GitHubError("GitHub did not create the comment; was the repository renamed?")
    return True
