"""Merging a pull request, or the reason why GitHub refuses to."""

from __future__ import annotations

from bot.standin import changes
from bot.standin.accounts import Account
from bot.standin.context import Context
from bot.standin.events import Push
from bot.standin.pushes import after_push
from bot.standin.repositories import StandInPullRequest


class MergeRefused(Exception):  # noqa: N818 - the word that people see
    """The merge was refused; the message is GitHub's, the status that of its answer."""

    def __init__(self, message: str, status: int = 405) -> None:
        super().__init__(message)
        self.status = status


def obstacle(pull: StandInPullRequest, head_sha: str | None = None) -> MergeRefused | None:
    """Why the pull request cannot be merged now, or None."""
    if pull.state != "open" or pull.repository.archived:
        return MergeRefused("Pull Request is not mergeable")
    if head_sha not in (None, pull.head_sha):
        return MergeRefused("Head branch was modified. Review and try the merge again.", 409)
    if pull.draft:
        return MergeRefused("Pull Request is still a draft")
    if pull.merge_commit_sha is None:
        return MergeRefused("Pull Request is not mergeable")
    unmet = changes.unmet_checks(pull)
    return MergeRefused(" ".join(unmet)) if unmet else None


def merge(
    context: Context,
    pull: StandInPullRequest,
    by: Account,
    head_sha: str | None = None,
) -> str:
    """The id of the merge commit on the base branch. Raises MergeRefused where it is blocked."""
    refused = obstacle(pull, head_sha)
    if refused:
        raise refused
    moment = context.state.clock()
    before = pull.repository.git.text("rev-parse", f"refs/heads/{pull.base_ref}")
    message = f"Merge pull request #{pull.number} from {pull.head_ref}\n\n{pull.title}"
    sha = pull.repository.git.merge(
        before, pull.head_sha, message=message, author=by.login, moment=moment
    )
    if sha is None:
        raise MergeRefused("Pull Request is not mergeable")
    pull.repository.git.set_ref(f"refs/heads/{pull.base_ref}", sha)
    pull.state, pull.merged_at, pull.closed_at, pull.updated_at = "closed", moment, moment, moment
    pull.merged_by, pull.merge_commit_sha = by, sha
    after_push(context, pull.repository, Push(pull.base_ref, before, sha, by, "pr_merge"))
    context.events.pull_request(pull, "closed", by)
    return sha
