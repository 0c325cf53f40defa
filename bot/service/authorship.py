"""Who wrote a pull request, and so cannot accept what it brings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.core.policy.model import Policy
from bot.git import Repository
from bot.github.authors import AuthoredCommit, authored_commits, logins
from bot.github.connection import GitHubConnection
from bot.github.pulls import PullRequest
from bot.service.audit_record import Record


@dataclass(frozen=True, slots=True)
class Authorship:
    """The commits of a pull request and the pushes to it.

    Its authors are whoever opened it, pushed to it, or wrote or co-wrote one of its commits.
    Commits that add nothing do not count: plain merges of the base branch, and in a promotion
    commits that were reviewed on the pull request of an earlier stage.
    """

    pull: PullRequest
    record: Record
    commits: tuple[AuthoredCommit, ...]

    def anybody(self) -> frozenset[str]:
        """Everybody whom any commit or push names, in lower case, without looking into git."""
        pushers = (push.by.lower() for push in self.record.pushes())
        return frozenset({self.pull.author.lower(), *logins(self.commits), *pushers})

    def authors(self, repository: Repository, policy: Policy) -> frozenset[str]:
        """The logins of the authors, in lower case. `repository` has the head and its base."""
        adding = {commit.id: commit for commit in self._adding(repository, policy)}
        known = {commit.id for commit in self.commits}
        pushers = {
            push.by.lower()
            for push in self.record.pushes()
            if push.after in adding or push.after not in known
        }
        return frozenset({self.pull.author.lower(), *logins(tuple(adding.values())), *pushers})

    def _adding(self, repository: Repository, policy: Policy) -> Iterable[AuthoredCommit]:
        base = f"refs/heads/{self.pull.base}"
        for commit in self.commits:
            merges_base = len(commit.parents) == 2 and any(
                repository.contains(base, parent) for parent in commit.parents
            )
            if merges_base and repository.is_plain_merge(commit.id):
                continue
            if policy.promotes and any(map(self._reviewed_on, commit.merged_by_pulls)):
                continue
            yield commit

    def _reviewed_on(self, pull: int) -> bool:
        return pull != self.pull.number and self.record.of_pull(pull).has_conclusions()


def authorship_of(github: GitHubConnection, pull: PullRequest, record: Record) -> Authorship:
    """The authorship of a pull request, as GitHub attributes its commits."""
    return Authorship(pull, record, authored_commits(github, pull.number))
