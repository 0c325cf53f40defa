"""Whether a pull request only gives back what the default branch applied lately.

In the middle of an incident the person who reverts is often the only one awake. What was applied
within the last seven days has been judged and accepted, so one approval is enough to have it
again, and it may be the author's own (docs/unblocking.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import structlog

from bot.core.engine.approvals import digest
from bot.core.engine.review import Review
from bot.github import check_runs
from bot.github.activity import tips_of_last_week
from bot.github.connection import GitHubConnection
from bot.github.pulls import PullRequest
from bot.service.approvals import Case
from bot.service.context import ServiceContext
from bot.service.deadline import Deadline

log = structlog.get_logger()

_MOST_COMPARED: Final = 2
"""The most earlier states that the change is judged against, each with two analyses."""

_Content: TypeAlias = tuple[str, str, str]
"""A finding or problem in one environment: its id, its digest, the environment."""


@dataclass(frozen=True, slots=True)
class _Merge:
    """The default branch's tip, and the tree that merging the pull request into it gives."""

    tip: str
    tree: str


def with_revert(
    context: ServiceContext,
    github: GitHubConnection,
    pull: PullRequest,
    case: Case,
    deadline: Deadline,
) -> Case:
    """The case, with the commit whose state the change gives back where there is one.

    GitHub is asked only where something blocks and the change goes to the default branch.
    """
    blocked = any(one.blocks for one in case.review.findings)
    unseen = any(problem.approvable for problem in case.review.problems)
    if pull.base != github.default_branch or not (blocked or unseen):
        return case
    commit = _given_back(context, github, case, deadline)
    if commit:
        log.info("the change is a revert", gives_back=commit)
    return replace(case, gives_back=commit)


def _given_back(
    context: ServiceContext, github: GitHubConnection, case: Case, deadline: Deadline
) -> str:
    """The newest commit of the last seven days whose state the change gives back, or nothing.

    Every file that the merge changes is exactly as it was there. Where other files have changed
    since, what was given back meets something that it never met: then the reviews decide. Compared
    with the earlier state, the merge may do nothing that the tip does not do already. A direct push
    that was found wanting afterwards is not given back that easily.
    """
    merge = _merge(case)
    if merge is None:
        return ""
    repository = case.commits.repository
    touched = repository.differing(merge.tip, merge.tree)
    compared = 0
    for earlier in tips_of_last_week(github, github.default_branch) if touched else ():
        if earlier == merge.tip or not repository.has(earlier):
            continue
        differing = repository.differing(earlier, merge.tree)
        if not differing.isdisjoint(touched) or _stands_red(github, earlier):
            continue
        if not differing:
            return earlier
        compared += 1
        if compared > _MOST_COMPARED:
            return ""
        if _adds_nothing(context, case, merge, earlier, deadline):
            return earlier
    return ""


def _stands_red(github: GitHubConnection, commit: str) -> bool:
    """Whether a commit came past the review, and did not pass it afterwards, or not yet."""
    return any(
        run.about is not None
        and run.about.subject == "push"
        and run.conclusion not in {"success", "neutral"}
        for run in check_runs.runs_on(github, commit)
    )


def _merge(case: Case) -> _Merge | None:
    """The merge that is proposed, None where git cannot carry it out."""
    commits = case.commits
    tip = commits.trusted
    if tip == commits.base:
        return _Merge(tip, commits.head)
    tree = commits.repository.merged_tree(tip, commits.head)
    return None if tree is None else _Merge(tip, tree)


def _adds_nothing(
    context: ServiceContext, case: Case, merge: _Merge, earlier: str, deadline: Deadline
) -> bool:
    """Whether the merge does nothing to the earlier state that the tip does not do to it."""

    def since(head: str) -> frozenset[_Content]:
        commits = replace(case.commits, base=earlier, head=head)
        return frozenset(_contents(context.judged(commits, case.policy, deadline)))

    return since(merge.tree) <= since(merge.tip)


def _contents(review: Review) -> Iterator[_Content]:
    """Everything that a review says, whether or not it is waived."""
    for finding in (*review.findings, *(item.finding for item in review.suppressed)):
        for environment in finding.environments or ("",):
            yield (finding.fingerprint, digest(finding), environment)
    for problem in review.problems:
        yield (problem.id or problem.message, problem.digest, "")
