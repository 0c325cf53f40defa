"""A bare repository: commits are written by fast-import, everything else runs git."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.standin.accounts import no_reply

# Nothing of the machine's own configuration or identity may show in a commit.
ENVIRONMENT = {
    "PATH": os.environ.get("PATH", os.defpath),
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "safe.directory",
    "GIT_CONFIG_VALUE_0": "*",
    "LC_ALL": "C",
}
NO_COMMIT = "0" * 40


class GitRefused(Exception):  # noqa: N818 - it says what happened
    """Git ended with an error; the message is git's own."""


@dataclass(frozen=True, slots=True)
class SpecialFile:
    """A file with a mode other than a regular file's: 100755, 120000 (link), 160000 (module)."""

    mode: str
    content: str


Content = str | bytes | SpecialFile | None
Changes = Mapping[str, Content]


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One path of a commit: its mode, type, object id, and size where it is a blob."""

    mode: str
    type: str
    sha: str
    size: int
    path: str


@dataclass(frozen=True, slots=True)
class Commit:
    """What a commit says about itself."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    name: str
    email: str
    date: str
    message: str


@dataclass(frozen=True, slots=True)
class BareRepository:
    """A bare repository on disk."""

    path: Path

    def run(self, *arguments: str, data: bytes | None = None, check: bool = True) -> bytes:
        """What git prints; `GitRefused` where it ends with an error."""
        done = subprocess.run(  # noqa: S603 - a fixed program, arguments of our own
            ["git", "-C", str(self.path), *arguments],  # noqa: S607 - git is found by PATH
            input=data if data is not None else b"",
            capture_output=True,
            env=ENVIRONMENT,
            check=False,
        )
        if check and done.returncode != 0:
            raise GitRefused(done.stderr.decode(errors="replace").strip())
        return done.stdout

    def text(self, *arguments: str, check: bool = True) -> str:
        """What git prints, as one stripped text."""
        return self.run(*arguments, check=check).decode(errors="replace").strip()

    def create(self, default_branch: str) -> None:
        """The empty repository, set up as GitHub serves one."""
        self.path.mkdir(parents=True)
        self.run("init", "--quiet", "--bare", f"--initial-branch={default_branch}", ".")
        for key, value in (
            ("uploadpack.allowAnySHA1InWant", "true"),
            ("uploadpack.allowFilter", "true"),
            ("gc.auto", "0"),
        ):
            self.run("config", key, value)

    def resolve(self, name: str) -> str | None:
        """The full id of the commit that a name means, or None."""
        commit = self.text("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", check=False)
        return commit or None

    def branches(self) -> dict[str, str]:
        """The branches and the commits that they are at."""
        listed = self.text(
            "for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads"
        )
        names = (line.partition(" ") for line in listed.splitlines())
        return {name: sha for name, _, sha in names}

    def set_ref(self, ref: str, commit: str) -> None:
        """The ref at this commit, wherever it was before."""
        self.run("update-ref", ref, commit)

    def delete_ref(self, ref: str) -> None:
        """The repository without this ref."""
        self.run("update-ref", "-d", ref)

    def commit(  # noqa: PLR0913 - what a commit is made of
        self,
        branch: str,
        changes: Changes,
        *,
        message: str,
        author: str,
        moment: datetime,
        parent: str | None,
    ) -> str:
        """The id of a new commit on the branch: the parent's tree with the changes."""
        signature = f"{author} <{no_reply(author)}> {int(moment.timestamp())} +0000"
        stream = [
            f"commit refs/heads/{branch}\nauthor {signature}\ncommitter {signature}\n".encode()
        ]
        stream.append(_data(message.encode()))
        if parent:
            stream.append(f"from {parent}\n".encode())
        for path, content in changes.items():
            stream.append(_change(path, content))
        self.run("fast-import", "--quiet", "--force", data=b"".join(stream) + b"done\n")
        return self.text("rev-parse", f"refs/heads/{branch}")

    def read_commit(self, sha: str) -> Commit:
        """What a commit says about itself."""
        shown = self.text("show", "-s", "--format=%H%n%T%n%P%n%an%n%ae%n%aI%n%B", sha)
        head, tree, parents, name, email, date, *message = shown.split("\n")
        return Commit(head, tree, tuple(parents.split()), name, email, date, "\n".join(message))

    def parent(self, sha: str) -> str | None:
        """The first parent, or None of a root commit."""
        return self.resolve(f"{sha}^")

    def commits_between(self, base: str, head: str) -> list[str]:
        """The commits that head has and base has not, oldest first."""
        return self.text("rev-list", "--reverse", f"{base}..{head}").split()

    def merge_base(self, base: str, head: str) -> str | None:
        """The best common ancestor, or None of unrelated histories."""
        return self.text("merge-base", base, head, check=False) or None

    def merge(
        self, base: str, head: str, *, message: str, author: str, moment: datetime
    ) -> str | None:
        """The id of a merge commit of head into base, or None where they conflict."""
        merged = self.text("merge-tree", "--write-tree", base, head, check=False).split("\n")
        conflicts = len(merged) != 1
        if conflicts or not merged[0]:
            return None
        stamp = f"{int(moment.timestamp())} +0000"
        return self._commit_tree(merged[0], (base, head), message, author, stamp)

    def _commit_tree(
        self, tree: str, parents: tuple[str, ...], message: str, author: str, stamp: str
    ) -> str:
        signature = f"{author} <{no_reply(author)}> {stamp}"
        lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
        lines += [f"author {signature}", f"committer {signature}", "", message, ""]
        written = self.run(
            "hash-object", "-t", "commit", "-w", "--stdin", data="\n".join(lines).encode()
        )
        return written.decode().strip()

    def changed_paths(self, commit: str) -> list[tuple[str, str]]:
        """The status letter and path of what a commit changes over its first parent."""
        options = ("-r", "-z", "--root", "--name-status", "--no-commit-id", "--no-renames")
        fields = self.run("diff-tree", *options, commit).decode(errors="replace").split("\0")
        return list(zip(fields[0::2], fields[1::2], strict=False))

    def list_tree(self, commit: str, path: str = "") -> list[TreeEntry]:
        """The entries of one directory of a commit."""
        where = f"{commit}:{path}" if path else commit
        listed = self.run("ls-tree", "-z", "-l", where, check=False).decode(errors="replace")
        entries = []
        for line in filter(None, listed.split("\0")):
            head, name = line.split("\t", 1)
            mode, kind, sha, size = head.split()
            full = f"{path}/{name}" if path else name
            entries.append(TreeEntry(mode, kind, sha, 0 if size == "-" else int(size), full))
        return entries

    def entry(self, commit: str, path: str) -> TreeEntry | None:
        """The entry at a path of a commit, or None."""
        parent = path.rpartition("/")[0]
        return next(
            (listed for listed in self.list_tree(commit, parent) if listed.path == path), None
        )

    def blob(self, sha: str) -> bytes:
        """The content of a blob."""
        return self.run("cat-file", "blob", sha)


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


def _change(path: str, content: Content) -> bytes:
    quoted = '"' + path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    if content is None:
        return f"D {quoted}\n".encode()
    if isinstance(content, SpecialFile) and content.mode == "160000":
        return f"M 160000 {content.content} {quoted}\n".encode()
    mode = content.mode if isinstance(content, SpecialFile) else "100644"
    raw = content.content if isinstance(content, SpecialFile) else content
    data = raw.encode() if isinstance(raw, str) else raw
    return f"M {mode} inline {quoted}\n".encode() + _data(data)
