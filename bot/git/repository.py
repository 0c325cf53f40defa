"""A repository as it lies on disk, only ever read: commits, trees, files of a commit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bot.core.tree import Tree
from bot.errors import GitError, UsageError
from bot.git.blobs import BlobReader
from bot.git.command import OBJECT_ID, run
from bot.git.trees import TreeListings

_MOST_COMMITS: Final = 10_000
_MOST_NAMES: Final = 1_000
_CREDENTIALS: Final = re.compile(r"(?<=://)[^/@]*@")


class Repository:
    """A bare mirror or a person's own clone. Nothing is ever checked out or written.

    `.gitattributes` has no say: trees and blobs are read as they are stored.
    """

    def __init__(self, path: Path) -> None:
        """Raises UsageError where `path` does not lie in a git repository."""
        if not path.is_dir():
            raise UsageError(f"{str(path)!r} is not a directory")
        try:
            completed = run(["rev-parse", "--absolute-git-dir"], directory=path)
        except GitError as error:
            raise UsageError(f"{str(path)!r} is not in a git repository: {error}") from error
        self.git_directory = Path(completed.decode().rstrip("\n"))
        self._trees = TreeListings(self._git)
        self._resolved: set[str] = set()
        self._reader: BlobReader | None = None

    def resolve(self, revision: str) -> str:
        """The full id of the commit that this names. Raises UsageError where there is none."""
        if revision in self._resolved:
            return revision
        try:
            with self.blobs() as reader:
                commit = reader.commit(revision)
        except GitError:
            commit = None
        if commit is None:
            raise UsageError(
                f"{revision!r} is not a commit in {self.git_directory}: fetch it first, or name "
                "a commit that `git log` shows"
            )
        self._resolved.add(commit)
        return commit

    def has(self, commit: str) -> bool:
        """Whether this commit is here."""
        return self.exists(commit) and self.resolve(commit) == commit

    def exists(self, revision: str) -> bool:
        """Whether this names a commit."""
        try:
            self.resolve(revision)
        except UsageError:
            return False
        return True

    def shallow(self) -> bool:
        """Whether the clone lacks older commits."""
        return (self.git_directory / "shallow").is_file()

    def merge_base(self, first: str, second: str) -> str:
        """The best common ancestor of two commits. Raises UsageError where they share none."""
        try:
            completed = self._git("merge-base", "--", self.resolve(first), self.resolve(second))
        except GitError as error:
            raise UsageError(
                f"{first!r} and {second!r} have no common ancestor here: a shallow clone may "
                "lack it (git fetch --unshallow)"
            ) from error
        return completed.decode().split()[0]

    def tree(self, commit: str) -> Tree:
        """Every file of a commit or tree by path, symlinks and submodules among them."""
        named = commit if is_object_id(commit) else self.resolve(commit)
        return self._trees.files(named)

    @contextmanager
    def blobs(self) -> Iterator[BlobReader]:
        """A reader of this repository's blobs: one process, which `resolve` shares meanwhile."""
        if self._reader is not None:
            yield self._reader
            return
        with BlobReader(self.git_directory) as reader:
            self._reader = reader
            try:
                yield reader
            finally:
                self._reader = None

    def default_branch(self) -> str:
        """The id of the commit at the tip of the default branch, which HEAD names."""
        return self.resolve("HEAD")

    def names(self) -> list[str]:
        """The short names of branches, remote branches and tags, at most `_MOST_NAMES`."""
        listed = self._git("for-each-ref", f"--count={_MOST_NAMES}", "--format=%(refname:short)")
        return listed.decode("utf-8", "replace").split()

    def branch(self, revision: str) -> str | None:
        """The branch, here or on a remote, that this is the name of; None for any other name."""
        try:
            completed = self._git(
                "rev-parse", "--symbolic-full-name", "--verify", "--quiet", revision
            )
        except (GitError, ValueError):
            return None
        kind, _, name = (
            completed.decode("utf-8", "replace").strip().removeprefix("refs/").partition("/")
        )
        if kind == "remotes":
            name = name.partition("/")[2]
        return name if kind in {"heads", "remotes"} and name else None

    def file(self, commit: str, path: str) -> bytes | None:
        """The content of a regular file at a commit, None where there is none.

        Raises GitError where git lists the file and lacks its content, as in a damaged mirror.
        """
        mode, _, rest = self._entry(commit, path).partition(" ")
        if mode not in ("100644", "100755"):
            return None
        try:
            with self.blobs() as reader:
                return reader.data(rest.split()[1])
        except KeyError as error:
            raise GitError(f"git cannot read {path!r} at {commit}") from error

    def holds(self, commit: str, path: str) -> bool:
        """Whether a commit has anything at this path: a file, a symlink, a directory."""
        return bool(self._entry(commit, path))

    def _entry(self, commit: str, path: str) -> str:
        listing = self._git(
            "--literal-pathspecs", "ls-tree", "-z", "--full-tree", self.resolve(commit), "--", path
        )
        return listing.decode("utf-8", "replace")

    def first_parents(self, commit: str, count: int) -> tuple[tuple[str, str], ...]:
        """The newest `count` commits along first parents, each with its first parent."""
        log = self._git(
            "log",
            "--first-parent",
            "--no-show-signature",
            "--format=%H %P",
            f"--max-count={count}",
            "--end-of-options",
            self.resolve(commit),
        )
        rows = (line.split() for line in log.decode().splitlines())
        return tuple((row[0], row[1]) for row in rows if len(row) > 1)

    def is_plain_merge(self, commit: str) -> bool:
        """Whether a commit is exactly what git makes of its two parents, without any edit.

        A merge with conflicts is no such commit, since somebody resolved them.
        """
        try:
            _, first, second, *more = (
                self._git("rev-list", "--parents", "-n", "1", "--end-of-options", commit)
                .decode()
                .split()
            )
            merged = self._git("merge-tree", "--write-tree", first, second).decode().split()
            tree = self._git("rev-parse", "--verify", f"{commit}^{{tree}}").decode().strip()
        except (GitError, ValueError):
            return False
        return not more and merged == [tree]

    def merged_tree(self, first: str, second: str) -> str | None:
        """The id of the tree that merging two commits gives, None where they conflict."""
        try:
            merged = self._git("merge-tree", "--write-tree", first, second).decode().split()
        except GitError:
            return None
        return merged[0] if len(merged) == 1 else None

    def differing(self, first: str, second: str) -> frozenset[str]:
        """The paths at which two commits or trees differ, in content, kind or mode."""
        listed = self._git(
            "diff-tree", "-r", "-z", "--name-only", "--no-renames", "--end-of-options",
            first, second,
        )  # fmt: skip
        names = listed.decode("utf-8", "backslashreplace").split("\0")
        return frozenset(name for name in names if name)

    def contains(self, commit: str, ancestor: str) -> bool:
        """Whether an ancestor is reachable from a commit."""
        try:
            self._git("merge-base", "--is-ancestor", ancestor, commit)
        except GitError:
            return False
        return True

    def between(self, base: str, head: str) -> frozenset[str]:
        """The commits that `head` has and `base` has not, the newest of many."""
        listed = self._git(
            "rev-list",
            f"--max-count={_MOST_COMMITS}",
            "--end-of-options",
            f"{self.resolve(base)}..{self.resolve(head)}",
        )
        return frozenset(listed.decode().split())

    def remotes(self) -> tuple[str, ...]:
        """The addresses of the repositories that this one was cloned from or is pushed to.

        Without user and password: whoever is told an address is not told a secret.
        """
        try:
            completed = self._git("config", "--get-regexp", r"^remote\..*\.(push)?url$")
        except GitError:
            return ()
        lines = completed.decode("utf-8", "replace").splitlines()
        found_urls = {line.partition(" ")[2] for line in lines if " " in line}
        return tuple(sorted({_CREDENTIALS.sub("", url) for url in found_urls}))

    def _git(self, *command: str, data: bytes = b"") -> bytes:
        return run([f"--git-dir={self.git_directory}", *command], data=data)


def working_tree(path: Path) -> Path:
    """Where the files of a person's clone lie. Raises UsageError where there are none."""
    try:
        completed = run(["rev-parse", "--show-toplevel"], directory=path)
    except GitError as error:
        raise UsageError(f"{str(path)!r} has no working tree: {error}") from error
    return Path(completed.decode().rstrip("\n"))


def is_object_id(text: str) -> bool:
    """Whether this is a full object id, as git writes it."""
    return OBJECT_ID.match(text) is not None
