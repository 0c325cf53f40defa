"""People: their permissions in a repository, and which owners in a policy they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from github.Requester import Requester

from bot.core.codeowners import normalised
from bot.core.engine.accounts import GitHubAccount
from bot.errors import GitHubAnswerError
from bot.github.accounts import account_of
from bot.github.api import read, read_if_there
from bot.github.auth import Gateway
from bot.github.connection import GitHubConnection, pages
from bot.github.errors import translated
from bot.github.pulls import PullRequest

MEMBERS: Final = {"members": "read"}
"""The permission to read team members, which the organisation grants."""

_WRITERS: Final = frozenset({"admin", "write"})


@dataclass(slots=True)
class People:
    """People's permissions and teams, read from GitHub at most once a job.

    `blind`: something could not be read because the App lacks a permission. An email address in
    CODEOWNERS names nobody here, since GitHub does not say whose it is.
    """

    connection: GitHubConnection
    gateway: Gateway
    blind: bool = False
    _members: dict[tuple[str, str], bool] = field(default_factory=dict)
    _writers: dict[GitHubAccount, bool] = field(default_factory=dict)

    def may_write(self, account: GitHubAccount) -> bool:
        """Whether a person may write to the repository.

        GitHub is asked by login. If somebody else has it meanwhile, the answer is about them.
        """
        if account not in self._writers:
            login = quote(account.login, safe="")
            answer = self._answer(
                f"/repos/{self.connection.full_name}/collaborators/{login}/permission"
            )
            self._writers[account] = answer.get("permission") in _WRITERS and account.is_same(
                account_of(answer.get("user"))
            )
        return self._writers[account]

    def names(self, login: str, owners: Iterable[str]) -> tuple[str, ...]:
        """Those of the owners, as CODEOWNERS writes them, that mean this person."""
        every = tuple(dict.fromkeys(normalised(owner) for owner in owners))
        teams = [owner for owner in every if owner.startswith("@") and "/" in owner]
        self._ask(login, [team for team in teams if (team, login) not in self._members])
        account = normalised(f"@{login}")
        return tuple(
            owner for owner in every if owner == account or self._members.get((owner, login), False)
        )

    def _ask(self, login: str, teams: Sequence[str]) -> None:
        if not teams:
            return
        scope = {"permissions": MEMBERS}
        with self.gateway.narrowed(self.connection.installation, scope) as requester:
            if requester is None:
                self.blind = True
                return
            for team in teams:
                parts = (quote(part, safe="") for part in team.removeprefix("@").split("/", 1))
                organisation, slug = parts
                path = f"/orgs/{organisation}/teams/{slug}/memberships/{quote(login, safe='')}"
                answer = self._answer(path, requester)
                self._members[team, login] = answer.get("state") == "active"

    def _answer(self, path: str, requester: Requester | None = None) -> dict[str, Any]:
        """GitHub's answer, empty where the thing does not exist or may not be read."""
        client = requester or self.connection.github.requester
        try:
            answer: dict[str, Any] = read(client, path)
        except GitHubAnswerError as error:
            if error.retryable or error.status not in {403, 404}:
                raise
            self.blind = self.blind or error.status == 403
            return {}
        return answer


@dataclass(frozen=True, slots=True)
class ApprovingReview:
    """A person's newest review, where it approves exactly the head."""

    account: GitHubAccount
    submitted: str


def approving_reviews(
    connection: GitHubConnection, pull: PullRequest
) -> tuple[ApprovingReview, ...]:
    """Who approves the head by GitHub's own review; what they said of it last counts."""
    last: dict[GitHubAccount, dict[str, str]] = {}
    for review in pages(connection, f"/repos/{connection.full_name}/pulls/{pull.number}/reviews"):
        user = review.get("user") or {}
        # A comment leaves an approval as it is; a dismissal or a request for changes ends it.
        if user.get("type") == "User" and review["state"] != "COMMENTED":
            last[account_of(user)] = review
    return tuple(
        ApprovingReview(account, review["submitted_at"])
        for account, review in sorted(last.items(), key=lambda item: item[0].login)
        if review["state"] == "APPROVED"
        and review["commit_id"] == pull.head
        and not account.is_same(pull.author)
    )


def is_merged(connection: GitHubConnection, number: int) -> bool:
    """Whether the pull request of this number was merged."""
    path = f"/repos/{connection.full_name}/pulls/{number}"
    answer = read_if_there(connection.github.requester, path)
    return answer is not None and bool(answer.get("merged_at"))


def ask_to_review(connection: GitHubConnection, pull: PullRequest, team: str) -> bool:
    """Whether GitHub accepted the request for a review by this team, named `organisation/slug`.

    The request has the slug alone, which GitHub looks up in the repository's own organisation: a
    team of another organisation cannot be requested.
    """
    organisation, _, slug = team.removeprefix("@").partition("/")
    if organisation.lower() != connection.full_name.partition("/")[0].lower():
        return False
    try:
        with translated():
            connection.repository.get_pull(pull.number).create_review_request(team_reviewers=[slug])
    except GitHubAnswerError as error:
        if error.retryable or error.status not in {403, 404, 422}:
            raise
        return False
    return True
