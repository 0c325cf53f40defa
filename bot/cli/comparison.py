"""Two commits or directories into a review."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import click

from bot.analysis.process.parent import AnalysisOptions, ComparedTree
from bot.analysis.review import review_trees
from bot.catalog import rule_options
from bot.core.engine.review import Review, ReviewFinding
from bot.core.policy.model import MISNAMED, POLICY_PATH, Policy
from bot.core.policy.organisation import (
    NO_ORGANISATION,
    Organisation,
    combined,
    each_branch,
    parse_organisation,
)
from bot.core.publish.excerpt import shown_line
from bot.errors import PolicyError, UsageError
from bot.git import Repository, read_directory


@dataclass(frozen=True, slots=True)
class Sides:
    """What is compared. `policy` is the policy file's text in BASE, None where there is none.

    `branch` is the branch that BASE names, None where it is no branch. `repositories` are the
    addresses of the repository that has the commits.
    """

    base: ComparedTree
    head: ComparedTree
    policy: bytes | None
    branch: str | None = None
    repositories: tuple[str, ...] = ()

    def at_head(self, path: str) -> bytes | None:
        """The content of a regular file of HEAD, None where there is none."""
        return _content(self.head, path)

    def line(self, found: ReviewFinding) -> str | None:
        """The line that a finding stands on, None where it must not or cannot be shown."""
        place = found.location
        if place is None or place.line is None:
            return None
        from bot.core.reading import read_manifest  # noqa: PLC0415 - only to show a line

        data = _content(self.base if place.side == "LEFT" else self.head, place.path)
        return None if data is None else shown_line(data, read_manifest(data), place.line)


@contextmanager
def open_sides(base: str, head: str, repo: Path) -> Iterator[Sides]:
    """BASE and HEAD, each a commit or else a directory; of two commits their merge base is BASE.

    Raises UsageError for what is neither.
    """
    with ExitStack() as stack:
        repository = _repository(repo)
        old, new = _commit(repository, base), _commit(repository, head)
        from_commit = old
        if repository is not None and old is not None and new is not None:
            from_commit = repository.merge_base(old, new)
        before = _side(repository, from_commit, base, stack)
        after = _side(repository, new, head, stack)
        if repository is not None and old is not None:
            # The policy is that of the branch as it is, as on GitHub, not of where head left it.
            policy, branch = repository.file(old, POLICY_PATH), repository.branch(base)
        else:
            policy, branch = _content(before, POLICY_PATH), None
        if policy is None and _content(before, MISNAMED) is not None:
            said = f"nobody reads {MISNAMED} of {base}: name it {POLICY_PATH}"
            click.echo(f"fairlead: warning: {said}", err=True)
        addresses = repository.remotes() if repository is not None else ()
        yield Sides(before, after, policy, branch, addresses)


def compare(sides: Sides, policy: Policy, today: date, options: AnalysisOptions) -> Review:
    """The review. Raises UsageError where neither side has anything to look at."""
    own = replace(options, repositories=sides.repositories)
    found = review_trees(sides.base, sides.head, policy, today, own)
    if found.summary.compared or any(_has_any(side, policy) for side in (sides.base, sides.head)):
        return found
    names = f"{sides.base.name!r} nor {sides.head.name!r}"
    raise UsageError(f"neither {names} has any manifest: name what holds .yaml or .json files")


def _has_any(side: ComparedTree, policy: Policy) -> bool:
    from bot.core.states.roots.files import files_of  # noqa: PLC0415 - only where nothing was compared

    found = files_of(side.tree, policy.ignore)
    return bool(found.manifests or found.charts)


def read_policy(
    file: Path | None,
    held: bytes | None,
    branch: str | None = None,
    organisation: Path | None = None,
) -> Policy:
    """The policy of the file, else of BASE, for a target branch. Raises PolicyError, with where.

    `organisation` is the file that lies under it.
    """
    where, data = (POLICY_PATH, held or b"") if file is None else (str(file), file.read_bytes())
    if organisation is None and not data.strip():
        return Policy()  # no rule has to be loaded to know what it would accept
    under = read_organisation(organisation)
    with naming(where):
        return combined(under, data.decode("utf-8-sig"), rule_options(), branch)


def policies_of(file: Path | None, organisation: Path | None) -> Mapping[str | None, Policy]:
    """The policies of the files, by what they name of branches. Raises PolicyError, with where."""
    under = read_organisation(organisation)
    with naming(str(file)):
        text = "" if file is None else file.read_bytes().decode("utf-8-sig")
        return each_branch(under, text, rule_options())


def read_organisation(file: Path | None) -> Organisation:
    """The organisation's policy of a file. Raises PolicyError that names it."""
    if file is None:
        return NO_ORGANISATION
    with naming(str(file)):
        return parse_organisation(file.read_bytes().decode("utf-8-sig"), rule_options())


@contextmanager
def naming(where: str) -> Iterator[None]:
    """Says in each error of a policy which file it is about."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise PolicyError(f"the policy {where} is not UTF-8 text") from error
    except PolicyError as error:
        raise PolicyError(f"the policy {where} is not valid\n{error}", error.line) from error


def _repository(repo: Path) -> Repository | None:
    try:
        return Repository(repo)
    except UsageError:
        return None


def _commit(repository: Repository | None, name: str) -> str | None:
    """The full id of the commit of this name, None where it is to be a directory."""
    if repository is not None:
        try:
            return repository.resolve(name)
        except UsageError:
            if not Path(name).is_dir():
                raise
    return None


def _side(
    repository: Repository | None, commit: str | None, name: str, stack: ExitStack
) -> ComparedTree:
    if repository is not None and commit is not None:
        return ComparedTree(
            repository.tree(commit), stack.enter_context(repository.blobs()), commit
        )
    if not Path(name).is_dir():
        raise UsageError(
            f"{name!r} is no directory, and there is no git repository here: use --repo"
        )
    held = read_directory(Path(name))
    return ComparedTree(held.tree, held, name)


def _content(side: ComparedTree, path: str) -> bytes | None:
    """The content of a regular file of a side, None where there is none."""
    file = side.tree.get(path)
    if file is None or file.mode not in {"100644", "100755"}:
        return None
    try:
        return side.blobs.data(file.blob)
    except KeyError:
        return None
