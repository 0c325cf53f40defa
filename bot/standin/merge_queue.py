"""The merge queue: a commit of base and head that must be green before it becomes the base."""

from __future__ import annotations

from dataclasses import dataclass

from bot.standin import changes
from bot.standin.accounts import Account
from bot.standin.context import Context
from bot.standin.events import Push
from bot.standin.git.merging import MergeRefused
from bot.standin.pushes import after_push
from bot.standin.repositories import StandInPullRequest


@dataclass(frozen=True, slots=True)
class MergeGroup:
    """A pull request in the queue: the commit to be checked, and what it was made on."""

    pull: StandInPullRequest
    head_sha: str
    base_sha: str

    @property
    def branch(self) -> str:
        """The branch that GitHub makes for the group."""
        number, base = self.pull.number, self.pull.base_ref
        return f"gh-readonly-queue/{base}/pr-{number}-{self.base_sha}"


@dataclass(frozen=True, slots=True)
class MergeQueue:
    """The merge queue of a stand-in."""

    context: Context

    def enqueue(self, pull: StandInPullRequest, *, by: str = "octocat") -> MergeGroup:
        """Adds the pull request to the queue; `merge_group` requests its checks."""
        with self.context.state.lock:
            return _queued(self.context, pull, self.context.state.account(by))

    def finish(self, group: MergeGroup, *, by: str = "octocat") -> bool:
        """Whether the group was merged: its required checks are green. It leaves the queue."""
        with self.context.state.lock:
            return _finished(self.context, group, self.context.state.account(by))


def _queued(context: Context, pull: StandInPullRequest, by: Account) -> MergeGroup:
    repository = pull.repository
    base = repository.git.text("rev-parse", f"refs/heads/{pull.base_ref}")
    message = f"Merge pull request #{pull.number} from {pull.head_ref}"
    moment = context.state.clock()
    head = repository.git.merge(
        base, pull.head_sha, message=message, author=by.login, moment=moment
    )
    if head is None:
        raise MergeRefused("Pull Request is not mergeable")
    group = MergeGroup(pull, head, base)
    repository.git.set_ref(f"refs/heads/{group.branch}", head)
    context.events.merge_group(repository, _shape(group), "checks_requested", by)
    return group


def _finished(context: Context, group: MergeGroup, by: Account) -> bool:
    pull, repository = group.pull, group.pull.repository
    # GitHub merges a group only into the base that it was made on.
    stands = repository.git.resolve(f"refs/heads/{pull.base_ref}") == group.base_sha
    merged = stands and not changes.unmet_checks(pull, group.head_sha)
    reason = "merged" if merged else "dequeued" if stands else "invalidated"
    repository.git.delete_ref(f"refs/heads/{group.branch}")
    context.events.merge_group(repository, _shape(group), "destroyed", by, reason)
    if merged:
        moment = context.state.clock()
        repository.git.set_ref(f"refs/heads/{pull.base_ref}", group.head_sha)
        pull.state, pull.merged_at, pull.closed_at, pull.updated_at = (
            "closed",
            moment,
            moment,
            moment,
        )
        pull.merged_by, pull.merge_commit_sha = by, group.head_sha
        moved = Push(pull.base_ref, group.base_sha, group.head_sha, by, "merge_queue_merge")
        after_push(context, repository, moved)
        context.events.pull_request(pull, "closed", by)
    return merged


def _shape(group: MergeGroup) -> dict[str, str]:
    return {
        "head_sha": group.head_sha,
        "head_ref": f"refs/heads/{group.branch}",
        "base_sha": group.base_sha,
        "base_ref": f"refs/heads/{group.pull.base_ref}",
    }
