"""Actions on pull requests: open, edit, close, merge."""

from __future__ import annotations

from collections.abc import Mapping

from bot.standin.acts import Acts
from bot.standin.git import merging
from bot.standin.pushes import request_suites, track_head
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
        state, source = self.state, fork or repository
        with state.lock:
            by, moment = state.account(author), state.clock()
            target = base or repository.default_branch
            pull = StandInPullRequest(
                id=state.new_id(),
                repository=repository,
                number=max(repository.pulls, default=0) + 1,
                issue_id=state.new_id(),
                title=title,
                body=body or None,
                user=by,
                head_repository=source,
                head_ref=head,
                head_sha=source.git.text("rev-parse", f"refs/heads/{head}"),
                base_ref=target,
                base_sha=repository.git.text("rev-parse", f"refs/heads/{target}"),
                created_at=moment,
                updated_at=moment,
                draft=draft,
            )
            repository.pulls[pull.number] = pull
            track_head(state, repository, pull)
            if source is not repository:
                request_suites(self._context, repository, pull.head_sha, by)
            self._context.events.pull_request(pull, "opened", by)
            return pull

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
            changes: dict[str, object] = {}
            for name, text in (("title", title), ("body", body)):
                if text is not None:
                    changes[name] = {"from": getattr(pull, name) or ""}
                    setattr(pull, name, text)
            if base is not None:
                changes["base"] = {"ref": {"from": pull.base_ref}, "sha": {"from": pull.base_sha}}
                pull.base_ref = base
                track_head(self.state, pull.repository, pull)
            self._updated(pull, "edited", by, changes=changes)

    def close_pull_request(self, pull: StandInPullRequest, *, by: str = "octocat") -> None:
        """The pull request closed without a merge."""
        with self.state.lock:
            pull.state, pull.closed_at = "closed", self.state.clock()
            self._updated(pull, "closed", by)

    def reopen(self, pull: StandInPullRequest, *, by: str = "octocat") -> None:
        """The closed pull request opened again."""
        with self.state.lock:
            pull.state, pull.closed_at = "open", None
            track_head(self.state, pull.repository, pull)
            self._updated(pull, "reopened", by)

    def mark_ready(self, pull: StandInPullRequest, *, by: str = "octocat") -> None:
        """The draft is ready for review."""
        with self.state.lock:
            pull.draft = False
            self._updated(pull, "ready_for_review", by)

    def convert_to_draft(self, pull: StandInPullRequest, *, by: str = "octocat") -> None:
        """The pull request is a draft again."""
        with self.state.lock:
            pull.draft = True
            self._updated(pull, "converted_to_draft", by)

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

    def _updated(
        self, pull: StandInPullRequest, action: str, by: str, **details: Mapping[str, object]
    ) -> None:
        pull.updated_at = self.state.clock()
        self._context.events.pull_request(pull, action, self.state.account(by), **details)
