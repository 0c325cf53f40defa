"""The files of commits. What two commits share is listed once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Protocol

from bot.core.tree import File, Tree
from bot.records import dataclass

_KEPT: Final = 4
_MOST_CHANGES: Final = 2_000
_SUBMODULE: Final = "160000"


class Git(Protocol):
    """Runs a git command in a repository and returns what it prints. Raises GitError."""

    def __call__(self, *command: str, data: bytes = b"") -> bytes:
        """Run the command with `data` as its input."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A difference between two trees. `mode` and `blob` are empty for a file that is gone."""

    name: bytes
    mode: str
    blob: str


class TreeListings:
    """Lists the files of trees, and remembers the last ones.

    To list a tree with the size of each file, git opens every blob; to compare it with one that is
    listed takes a tenth of that.
    """

    def __init__(self, git: Git) -> None:
        self._git = git
        self._listed: dict[str, Tree] = {}

    def files(self, tree: str) -> Tree:
        """Every file of a commit or tree by path, in git's order, by its full object id."""
        if tree not in self._listed:
            files = self._by_difference(tree) or self._listing(tree)
            while len(self._listed) >= _KEPT:
                del self._listed[next(iter(self._listed))]
            self._listed[tree] = files
        return self._listed[tree]

    def _listing(self, tree: str) -> Tree:
        listing = self._git("ls-tree", "-r", "-z", "-l", "--full-tree", "--end-of-options", tree)
        files: dict[str, File] = {}
        for entry in listing.split(b"\0"):
            if entry:
                described, _, name = entry.partition(b"\t")
                mode, _, blob, size = described.decode().split()
                # No number for a submodule (`-`), nor for a blob that is not here (`BAD`).
                bytes_ = int(size) if size.isdigit() else 0
                files[_unique(name, files)] = File(mode, blob, bytes_)
        return files

    def _by_difference(self, tree: str) -> Tree | None:
        """The files of a tree, from those of the tree listed last; None where they say too little.

        Paths that are no UTF-8 have a name that depends on the others of their tree.
        """
        if not self._listed:
            return None
        other, listed = next(reversed(self._listed.items()))
        changes = self._changes(other, tree)
        if len(changes) > _MOST_CHANGES or not all(_is_text(change.name) for change in changes):
            return None
        if any("\\x" in path or "\N{REPLACEMENT CHARACTER}" in path for path in listed):
            return None
        sizes = self._sizes(change.blob for change in changes if change.mode != _SUBMODULE)
        files = dict(listed)
        for change in changes:
            path = change.name.decode()
            if change.mode:
                files[path] = File(change.mode, change.blob, sizes.get(change.blob, 0))
            else:
                files.pop(path, None)
        if files.keys() <= listed.keys():
            return files
        return dict(sorted(files.items(), key=lambda item: item[0].encode()))

    def _changes(self, old: str, new: str) -> list[_Entry]:
        """https://git-scm.com/docs/git-diff-tree#_raw_output_format"""
        raw = self._git(
            "diff-tree", "-r", "-z", "--raw", "--no-abbrev", "--no-renames",
            "--ignore-submodules=none", "--no-ext-diff", "--no-textconv",
            "--end-of-options", old, new,
        ).split(b"\0")  # fmt: skip
        entries = []
        for described, name in zip(raw[0::2], raw[1::2], strict=False):
            _, mode, _, blob, status = described.decode().split()
            gone = status == "D"
            entries.append(_Entry(name, "" if gone else mode, "" if gone else blob))
        return entries

    def _sizes(self, blobs: Iterator[str]) -> Mapping[str, int]:
        """The sizes of blobs; nothing of a blob that is not here."""
        wanted = [blob for blob in dict.fromkeys(blobs) if blob]
        if not wanted:
            return {}
        answer = self._git("cat-file", "--batch-check", data="\n".join(wanted).encode() + b"\n")
        rows = (line.split() for line in answer.decode().splitlines())
        return {row[0]: int(row[2]) for row in rows if len(row) == 3 and row[1] == "blob"}


def _is_text(name: bytes) -> bool:
    """Whether a path is the same as text, whatever other paths its tree has."""
    return b"\\x" not in name and b"\xef\xbf\xbd" not in name and _decodes(name)


def _decodes(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def _unique(name: bytes, taken: Mapping[str, File]) -> str:
    """The path as text. Bytes that are no UTF-8 are written out, and never hide another path."""
    path = name.decode("utf-8", "backslashreplace")
    while path in taken:
        path += "\N{REPLACEMENT CHARACTER}"
    return path
