"""Opens two commits or directories, and reviews the second against the first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import click

from bot.analysis.process.parent import AnalysisOptions, ComparedTree
from bot.analysis.review import review_trees
from bot.cli.commits import named_commit, repository_at
from bot.core.engine.review import Review, ReviewFinding
from bot.core.policy.model import MISNAMED, POLICY_PATH, Policy
from bot.core.publish.excerpt import shown_line
from bot.errors import UsageError
from bot.git import BlobReader, Repository, read_directory
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class Sides:
    """The two trees that are compared.

    `policy` is the text of BASE's policy file, None where it has none. `repositories` are the
    addresses of the repository that contains the commits. `repository` is that of the commit that
    `revision` names as BASE, None for a directory.
    """

    base: ComparedTree
    head: ComparedTree
    policy: bytes | None
    repositories: tuple[str, ...] = ()
    repository: Repository | None = None
    revision: str = ""

    @property
    def branch(self) -> str | None:
        """The branch that BASE names, None where BASE is not a branch. Starts a git process."""
        return None if self.repository is None else self.repository.branch(self.revision)

    def at_head(self, path: str) -> bytes | None:
        """The content of a regular file of HEAD, None where HEAD has no such file."""
        return _content(self.head, path)

    def line(self, finding: ReviewFinding) -> str | None:
        """The text of a finding's line, None where it cannot or must not be shown."""
        place = finding.location
        if place is None or place.line is None:
            return None
        from bot.core.reading import read_manifest  # noqa: PLC0415 - only to show a line

        data = _content(self.base if place.side == "LEFT" else self.head, place.path)
        return None if data is None else shown_line(data, read_manifest(data), place.line)


@contextmanager
def open_sides(base: str, head: str, repo: Path) -> Iterator[Sides]:
    """Open BASE and HEAD, each a commit or a directory. Two commits are compared by merge base.

    Raises UsageError for a name that is neither.
    """
    with ExitStack() as stack:
        repository = repository_at(repo)
        blobs = stack.enter_context(repository.blobs()) if repository is not None else None
        old, new = (named_commit(repository, name, repo) for name in (base, head))
        from_commit = old
        if repository is not None and old is not None and new is not None:
            from_commit = repository.merge_base(old, new)
        before = _side(base, repository, from_commit, blobs)
        after = _side(head, repository, new, blobs)
        if repository is not None and old is not None:
            # As on GitHub, the policy is that of the branch now, not that of the merge base.
            policy = (
                _written(before, POLICY_PATH)
                if old == from_commit
                else repository.file(old, POLICY_PATH)
            )
        else:
            policy = _content(before, POLICY_PATH)
        if policy is None and _content(before, MISNAMED) is not None:
            message = f"Fairlead does not read {MISNAMED} of {base}: rename it to {POLICY_PATH}"
            click.echo(f"fairlead: warning: {message}", err=True)
        owners = (
            repository if commit is not None else repository_at(Path(name))
            for commit, name in ((old, base), (new, head))
        )
        # A directory is taken for a copy of the repository in which it lies, and of no other.
        addresses = dict.fromkeys(
            address
            for owner in dict.fromkeys(owners)
            if owner is not None
            for address in owner.remotes()
        )
        of_base = repository if old is not None else None
        yield Sides(before, after, policy, tuple(addresses), of_base, base)


def compare(sides: Sides, policy: Policy, today: date, options: AnalysisOptions) -> Review:
    """The review of HEAD. Raises UsageError where neither side has a manifest."""
    with_addresses = replace(options, repositories=sides.repositories)
    review = review_trees(sides.base, sides.head, policy, today, with_addresses)
    if review.summary.compared or any(_has_any(side, policy) for side in (sides.base, sides.head)):
        return review
    if any(_has_any(side, replace(policy, ignore=())) for side in (sides.base, sides.head)):
        patterns = ", ".join(repr(pattern) for pattern in policy.ignore)
        raise UsageError(f"every manifest is ignored by the policy (ignore: [{patterns}])")
    names = f"{sides.base.name!r} nor {sides.head.name!r}"
    raise UsageError(f"neither {names} contains a manifest (.yaml, .yml or .json)")


def _has_any(side: ComparedTree, policy: Policy) -> bool:
    from bot.core.states.roots.files import files_of  # noqa: PLC0415 - only where nothing was compared

    files = files_of(side.tree, policy.ignore)
    return bool(files.manifests or files.charts)


def _side(
    name: str, repository: Repository | None, commit: str | None, blobs: BlobReader | None
) -> ComparedTree:
    if repository is not None and commit is not None and blobs is not None:
        return ComparedTree(repository.tree(commit), blobs, commit)
    directory = read_directory(Path(name))
    return ComparedTree(directory.tree, directory, name)


def _content(side: ComparedTree, path: str) -> bytes | None:
    """The content of a regular file of a tree, None where there is no such file."""
    try:
        return _written(side, path)
    except KeyError:
        return None


def _written(side: ComparedTree, path: str) -> bytes | None:
    """The same, but KeyError for a file of the tree whose content is not here."""
    file = side.tree.get(path)
    if file is None or file.mode not in {"100644", "100755"}:
        return None
    return side.blobs.data(file.blob)
