"""Actions on check runs."""

from __future__ import annotations

from bot.standin import checking
from bot.standin.accounts import App
from bot.standin.acts import Acts
from bot.standin.repositories import RequiredCheck, StandInCheckRun, StandInPullRequest, latest_run


class CheckActs(Acts):
    """Check runs, with their buttons."""

    def check_run(self, pull: StandInPullRequest, name: str = "fairlead") -> StandInCheckRun | None:
        """The newest run of a check on the pull request's head."""
        with self.state.lock:
            return latest_run(pull.repository, pull.head_sha, RequiredCheck(name))

    def rerequest(
        self, pull: StandInPullRequest, run: StandInCheckRun, *, by: str = "octocat"
    ) -> None:
        """A person presses "Re-run" on a check run."""
        with self.state.lock:
            checking.rerequest(self._context, pull.repository, run, self.state.account(by))

    def rerequest_suite(self, pull: StandInPullRequest, app: App, *, by: str = "octocat") -> None:
        """A person presses "Re-run all checks"."""
        with self.state.lock:
            suite = self.state.suite(pull.repository, app, pull.head_sha)
            suite.rerequested = True
            account = self.state.account(by)
            self._context.events.check_suite(pull.repository, suite, "rerequested", account)

    def request_action(
        self,
        pull: StandInPullRequest,
        run: StandInCheckRun,
        identifier: str,
        *,
        by: str = "octocat",
    ) -> None:
        """A person presses one of the check run's own buttons."""
        with self.state.lock:
            account = self.state.account(by)
            self._context.events.requested_action(pull.repository, run, identifier, account)
