"""Who wrote a pull request, and so cannot accept what it brings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from bot.core.engine.accounts import GitHubAccount
from bot.core.policy.model import Policy
from bot.git import Repository
from bot.github.activity import BranchPush, pushes_to
from bot.github.authors import AuthoredCommit, MergedPull, authored_commits, authors_of
from bot.github.connection import GitHubConnection
from bot.github.pulls import PullRequest
from bot.service.audit_record import Record


@dataclass(frozen=True, slots=True)
class Authorship:
    """The commits of a pull request and the pushes to it.

    Its authors are whoever opened it, pushed to it, or wrote or co-wrote one of its commits.
    Commits that add nothing do not count: plain merges of the base branch, and in a promotion
    commits that passed the review of an earlier stage.
    """

    pull: PullRequest
    record: Record
    commits: tuple[AuthoredCommit, ...]
    pushes: tuple[BranchPush, ...]

    def anybody(self) -> frozenset[GitHubAccount]:
        """Everybody whom any commit or push names, without looking into git."""
        pushers = (push.by for push in self.pushes if not push.merged)
        return frozenset({self.pull.author, *authors_of(self.commits), *pushers})

    @property
    def unattributed(self) -> str:
        """A commit to which the branch pointed and nobody is known to have moved it, or none.

        Only webhooks say who pushes to a fork, and of a branch here where GitHub does not list its
        pushes. Where one was lost for good, the person may be anybody with access to the branch:
        also a maintainer, in somebody else's name.
        """
        present = {commit.id for commit in self.commits}
        tips = (self.pull.head, *(push.before for push in self.pushes))
        announced = {push.after for push in self.pushes}
        return next((tip for tip in tips if tip in present and tip not in announced), "")

    def authors(self, repository: Repository, policy: Policy) -> frozenset[GitHubAccount]:
        """The authors. `repository` has the head and its base."""
        merges = dict(self._plain_merges(repository))
        adding = {
            commit.id: commit
            for commit in self.commits
            if commit.id not in merges
            and not (policy.promotes and any(map(self._passed, commit.merged_by_pulls)))
        }
        pushers = {
            push.by
            for push in self.pushes
            if not push.merged and self._brought(push, adding.keys(), merges)
        }
        return frozenset({self.pull.author, *authors_of(adding.values()), *pushers})

    def _brought(
        self, push: BranchPush, adding: AbstractSet[str], merges: Mapping[str, str]
    ) -> bool:
        """Whether a push brought a commit that adds something, or one that was replaced since.

        Below a plain merge of the base may lie a commit that came with the same push.
        """
        commit = push.after
        while commit in merges:
            commit = merges[commit]
        if commit == push.after:
            known = {each.id for each in self.commits}
            return commit in adding or commit not in known
        return commit in adding and commit not in {each.after for each in self.pushes}

    def _plain_merges(self, repository: Repository) -> Iterator[tuple[str, str]]:
        """The plain merges of the base, each with its parent on the side of the pull request."""
        base = f"refs/heads/{self.pull.base}"
        for commit in self.commits:
            ours = [one for one in commit.parents if not repository.contains(base, one)]
            if len(commit.parents) == 2 and len(ours) < 2 and repository.is_plain_merge(commit.id):
                yield commit.id, ours[0] if ours else ""

    def _passed(self, merged: MergedPull) -> bool:
        """Whether another pull request passed its review as it was merged, without an override."""
        if merged.number == self.pull.number:
            return False
        reviews = self.record.of_pull(merged.number).conclusions()
        last = [review for review in reviews if review.head == merged.head][-1:]
        return any(review.verdict == "pass" and not review.overridden for review in last)


def authorship_of(github: GitHubConnection, pull: PullRequest, record: Record) -> Authorship:
    """The authorship of a pull request, as GitHub attributes its commits and pushes.

    GitHub's own list of pushes also has those before the pull request was opened and while it was
    closed; webhooks also have those to a fork, and those whose commits were replaced.
    """
    commits = authored_commits(github, pull.number)
    known = {commit.id for commit in commits}
    listed = pushes_to(github, pull.branch, known) if pull.branch else ()
    pushes = dict.fromkeys((*record.pushes(), *listed))
    return Authorship(pull, record, commits, tuple(pushes))
