"""The effects of a push: pull requests move, comments become outdated, Apps get events."""

from __future__ import annotations

from bot.standin import changes
from bot.standin.accounts import Account
from bot.standin.context import Context
from bot.standin.events import Push
from bot.standin.git.diff import map_line
from bot.standin.git.repository import NO_COMMIT
from bot.standin.repositories import Activity, ReviewComment, StandInPullRequest, StandInRepository
from bot.standin.state import GitHubState


def head_ref(pull: StandInPullRequest) -> str:
    """Where the base repository keeps a pull request's head."""
    return f"refs/pull/{pull.number}/head"


def after_push(context: Context, repository: StandInRepository, push: Push) -> None:
    """A branch moved: `push`, `check_suite` and, for its pull requests, `synchronize`."""
    repository.pushed_at = context.state.clock()
    repository.activity.append(
        Activity(
            context.state.new_id(), f"refs/heads/{push.branch}", push.before, push.after,
            repository.pushed_at, push.by, push.kind,
        )
    )  # fmt: skip
    context.events.push(repository, push)
    if push.after != NO_COMMIT:
        request_suites(context, repository, push.after, push.by)
    for base in list(context.state.repositories.values()):
        for pull in base.pulls.values():
            if pull.state != "open":
                continue
            if pull.head_repository is repository and pull.head_ref == push.branch:
                synchronize(context, base, pull, push.by)
            elif base is repository and pull.base_ref == push.branch:
                refresh_merge(context.state, base, pull)


def request_suites(
    context: Context, repository: StandInRepository, head_sha: str, by: Account
) -> None:
    """A suite for each App that may write checks, as GitHub opens them by itself.

    Not where the commit says `skip-checks: true`.
    https://docs.github.com/pull-requests/collaborating-with-pull-requests/collaborating-on-repositories-with-code-quality-features/about-status-checks
    """
    if "skip-checks: true" in repository.git.read_commit(head_sha).message.split("\n"):
        return
    for installation in list(context.state.installations_on(repository)):
        if installation.permissions.get("checks") == "write":
            suite = context.state.suite(repository, installation.app, head_sha)
            context.events.check_suite(repository, suite, "requested", by)


def track_head(state: GitHubState, base: StandInRepository, pull: StandInPullRequest) -> None:
    """Updates the pull request's refs and commits to its branches."""
    head = pull.head_repository.git.resolve(f"refs/heads/{pull.head_ref}")
    if head is None:
        return
    if pull.head_repository is not base:
        source = str(pull.head_repository.git.path)
        base.git.run("fetch", "--quiet", "--no-tags", source, f"refs/heads/{pull.head_ref}")
    pull.head_sha = head
    pull.base_sha = base.git.resolve(f"refs/heads/{pull.base_ref}") or pull.base_sha
    base.git.set_ref(head_ref(pull), head)
    refresh_merge(state, base, pull)


def refresh_merge(state: GitHubState, base: StandInRepository, pull: StandInPullRequest) -> None:
    """Updates the test merge to the branches; there is no ref where they conflict."""
    tip = base.git.resolve(f"refs/heads/{pull.base_ref}") or pull.base_sha
    message = f"Merge {pull.head_sha} into {tip}"
    ref = f"refs/pull/{pull.number}/merge"
    merged = base.git.merge(
        tip, pull.head_sha, message=message, author="GitHub", moment=state.clock()
    )
    pull.merge_commit_sha = merged
    if merged:
        base.git.set_ref(ref, merged)
    else:
        base.git.delete_ref(ref)


def synchronize(
    context: Context, base: StandInRepository, pull: StandInPullRequest, by: Account
) -> None:
    """The pull request at its branch's new commit, and the event that says so."""
    before = pull.head_sha
    track_head(context.state, base, pull)
    if pull.head_sha == before:
        return
    pull.updated_at = context.state.clock()
    age_comments(base, pull)
    more = {"before": before, "after": pull.head_sha}
    context.events.pull_request(pull, "synchronize", by, **more)


def age_comments(base: StandInRepository, pull: StandInPullRequest) -> None:
    """Moves each comment to its line; it is outdated where the line was changed or removed."""
    for comment in pull.comments:
        if comment.subject_type == "file":
            comment.commit_id = pull.head_sha
            continue
        line = _line_now(base, pull, comment, comment.original_line)
        start = comment.original_start_line
        comment.start_line = _line_now(base, pull, comment, start) if start else None
        comment.line = line if start is None or comment.start_line else None
        file = changes.file_at(pull, comment.path, pull.head_sha)
        anchor = file.find(comment.side, comment.line) if file and comment.line else None
        comment.position = anchor.position if anchor else None
        if anchor is None:
            comment.line = comment.start_line = None
        else:
            comment.commit_id = pull.head_sha


def _line_now(
    base: StandInRepository, pull: StandInPullRequest, comment: ReviewComment, line: int | None
) -> int | None:
    """Where a line of the commented commit is at the pull request's head.

    A removed line is numbered in the merge base; that only moves with the base branch.
    """
    if line is None or comment.side == "LEFT":
        return line
    moved = changes.between(base, comment.original_commit_id, pull.head_sha)
    file = next(
        (changed for changed in moved if comment.path in (changed.path, changed.previous_path)),
        None,
    )
    if file is None:
        return line
    if file.patch is None or file.path != comment.path:
        return None
    return map_line(file.patch, line)
