"""What a pull request does together with what its base branch has received since.

A head is compared with the commit where it left the base branch. Two pull requests may each be
harmless and give somebody everything together, such as a role and a binding to a role of its name.
So where the base branch has moved, and what came meets what the pull request changes, the merged
tree is judged against the tip as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from bot.core.engine.decide import finding_order, verdict_of
from bot.core.engine.review import Review, ReviewFinding
from bot.core.policy.model import Policy
from bot.core.tree import File, Tree
from bot.git import Repository
from bot.github.connection import GitHubConnection
from bot.github.pulls import open_pulls
from bot.github.tasks import Job, PushJob, Task
from bot.service.commits import Commits
from bot.service.context import ServiceContext
from bot.service.deadline import Deadline

TOGETHER: Final = "Together with what the base branch has received since"
"""How the message of a finding begins that only the combination has."""

_LARGEST: Final = 1 << 20
"""A file of more bytes is taken to meet everything."""

_NAME: Final = re.compile(rb"""\bname(?:space)?["']?\s*:\s*["']?([A-Za-z0-9][\w.:-]{1,252})""")
_SUFFIXES: Final = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class Combination:
    """The tip of the base branch, and the tree that merging the head into it gives."""

    tip: str
    tree: str


def combination_of(commits: Commits, tip: str) -> Combination | None:
    """The combination to be judged as well, None where there is none.

    That is where the base branch did not move, where nothing that came meets the change, and where
    git cannot merge: then neither can GitHub.
    """
    repository = commits.repository
    if tip == commits.base:
        return None
    ours = changed_files(repository.tree(commits.base), repository.tree(commits.head))
    theirs = changed_files(repository.tree(commits.base), repository.tree(tip))
    if not meets(repository, ours, theirs):
        return None
    tree = repository.merged_tree(tip, commits.head)
    return None if tree is None else Combination(tip, tree)


def reviews_into(github: GitHubConnection, cause: Job | PushJob, branch: str) -> tuple[Task, ...]:
    """Reviews of the open pull requests into a branch that moved; each finds out if it must."""
    return tuple(
        Job(cause.installation, cause.repository, pull.number, "moved", "sweep")
        for pull in open_pulls(github)
        if pull.base == branch and not pull.draft
    )


def with_combination(
    context: ServiceContext,
    commits: Commits,
    judged: tuple[Review, Policy],
    combination: Combination,
    deadline: Deadline,
) -> Review:
    """The review with what only the combination finds, which says so."""
    review, policy = judged
    combined = replace(commits, base=combination.tip, head=combination.tree)
    whole = context.judged(combined, policy, deadline)
    known = {finding.fingerprint for finding in review.findings}
    known |= {item.finding.fingerprint for item in review.suppressed}
    added = [_marked(each) for each in whole.findings if each.fingerprint not in known]
    seen = {problem.id for problem in review.problems}
    problems = [*review.problems, *(each for each in whole.problems if each.id not in seen)]
    findings = tuple(sorted((*review.findings, *added), key=finding_order))
    return replace(
        review,
        findings=findings,
        problems=tuple(problems),
        verdict=verdict_of(findings, tuple(problems), policy),
    )


def _marked(finding: ReviewFinding) -> ReviewFinding:
    """The finding as one of the combination, whose lines are not those of the head."""
    location = finding.location
    return replace(
        finding,
        message=f"{TOGETHER}: {finding.message}",
        location=None if location is None else replace(location, line=None),
        suggestion=None,
    )


def changed_files(base: Tree, head: Tree) -> Mapping[str, tuple[File, ...]]:
    """The files that differ between two trees by path, as each of the two has them."""
    return {
        path: tuple(file for file in (base.get(path), head.get(path)) if file is not None)
        for path in {*base, *head}
        if base.get(path) != head.get(path)
    }


def meets(
    repository: Repository,
    ours: Mapping[str, tuple[File, ...]],
    theirs: Mapping[str, tuple[File, ...]],
) -> bool:
    """Whether two changes touch one directory, or manifests with a name in common."""
    if {_directory(path) for path in ours} & {_directory(path) for path in theirs} - {""}:
        return True
    here, there = set(_names(repository, ours)), set(_names(repository, theirs))
    return None in here or None in there or bool(here & there)


def _directory(path: str) -> str:
    return path.rpartition("/")[0]


def _names(
    repository: Repository, changed: Mapping[str, tuple[File, ...]]
) -> Iterator[bytes | None]:
    """The names in changed manifests, None for a file that is too large to look into."""
    with repository.blobs() as blobs:
        for path, files in changed.items():
            for file in files if path.endswith(_SUFFIXES) else ():
                if file.size > _LARGEST:
                    yield None
                    continue
                try:
                    yield from _NAME.findall(blobs.data(file.blob))
                except KeyError:
                    continue
