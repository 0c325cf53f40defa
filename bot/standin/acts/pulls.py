"""Actions on pull requests: open, edit, close, merge."""

from __future__ import annotations

from bot.standin import people
from bot.standin.acts.acts import Acts
from bot.standin.git import merging
from bot.standin.repositories import StandInPullRequest, StandInRepository


class PullActs(Acts):
    """Pull requests, from opening to merge."""

    def open_pull_request(  # noqa: PLR0913 - what a pull request is made of
        self,
        repository: StandInRepository,
        head: str,
        *,
        title: str = "Change manifests",
        body: str = "",
        base: str | None = None,
        author: str = "octocat",
        draft: bool = False,
        fork: StandInRepository | None = None,
    ) -> StandInPullRequest:
        """A pull request of a branch, of the fork where one is named, into the base branch."""
        with self.state.lock:
            return people.open_pull_request(
                self._context,
                repository,
                fork or repository,
                head_ref=head,
                base_ref=base or repository.default_branch,
                title=title,
                body=body,
                by=self.state.account(author),
                draft=draft,
            )

    def edit(
        self,
        pull: StandInPullRequest,
        *,
        title: str | None = None,
        body: str | None = None,
        base: str | None = None,
        by: str = "octocat",
    ) -> None:
        """The pull request with another title, body, or base branch."""
        with self.state.lock:
            fields = {"title": title, "body": body, "base": base}
            people.edit(self._context, pull, self.state.account(by), **fields)

    def close_pull_request(self, pull: StandInPullRequest, *, by: str = "octocat") -> None:
        """The pull request closed without a merge."""
        with self.state.lock:
            people.set_open(self._context, pull, self.state.account(by), opened=False)

    def reopen(self, pull: StandInPullRequest, *, by: str = "octocat") -> None:
        """The closed pull request opened again."""
        with self.state.lock:
            people.set_open(self._context, pull, self.state.account(by), opened=True)

    def mark_ready(self, pull: StandInPullRequest, *, by: str = "octocat") -> None:
        """The draft is ready for review."""
        with self.state.lock:
            people.set_draft(self._context, pull, self.state.account(by), draft=False)

    def convert_to_draft(self, pull: StandInPullRequest, *, by: str = "octocat") -> None:
        """The pull request is a draft again."""
        with self.state.lock:
            people.set_draft(self._context, pull, self.state.account(by), draft=True)

    def merge(self, pull: StandInPullRequest, *, by: str = "octocat") -> str:
        """The merge commit. Raises MergeRefused with GitHub's message where it is blocked."""
        with self.state.lock:
            account = self.state.account(by)
            return merging.merge(self._context, pull, account)

    def merge_refused(self, pull: StandInPullRequest) -> str | None:
        """Why a merge would be refused now, or None."""
        with self.state.lock:
            refused = merging.obstacle(pull)
            return str(refused) if refused else None
