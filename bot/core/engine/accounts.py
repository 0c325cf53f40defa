"""The accounts of people on GitHub, compared by GitHub's number and not by their login."""

from __future__ import annotations

from collections.abc import Iterable

from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class GitHubAccount:
    """An account of GitHub. `id` is GitHub's number, 0 where only the login is on record.

    A login can be changed, and is then free for anybody else, so that it only names an account in
    what people read and in what the policy says:
    https://docs.github.com/account-and-profile/setting-up-and-managing-your-personal-account-on-github/managing-personal-account-settings/changing-your-github-username
    """

    login: str
    id: int = 0

    def is_same(self, other: GitHubAccount) -> bool:
        """Whether both are one account: by the number where both have one, else by the login."""
        if self.id and other.id:
            return self.id == other.id
        return self.login.lower() == other.login.lower()

    def is_among(self, accounts: Iterable[GitHubAccount]) -> bool:
        """Whether one of the accounts is this one."""
        return any(map(self.is_same, accounts))
