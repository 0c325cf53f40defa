"""A tree that is listed by its difference from another is the tree that git lists."""

from __future__ import annotations

import os
from itertools import permutations
from pathlib import Path

import pytest

from bot.git.repository import Repository
from tests.git.repositories import commit, git, make_repository


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "repository")


def _commits(folder: Path) -> list[str]:
    """Commits with every kind of entry and of change."""
    library = make_repository(folder.parent / "library")
    commit(library, {"a": "1"})
    first = commit(folder, {"a.yaml": "1", "b/c.yaml": "2", "b.yaml": "3", "d": "4", "e/f": "5"})
    git(folder, "submodule", "--quiet", "add", str(library), "lib")
    (folder / "link").symlink_to("a.yaml")
    second = commit(folder, {"a.yaml": "1 again", "b/new.yaml": "22", "e/f": None})
    (folder / "e").rmdir()
    (folder / "d").chmod(0o755)
    (folder / "link").unlink()
    third = commit(folder, {"link": "a file", "b/c.yaml": None, "d": None, "e": "now a file"})
    fourth = commit(
        folder, {"d/g.yaml": "7", os.fsdecode(b"caf\xe9.yaml"): "8", "caf\\xe9.yaml": "9"}
    )
    return [first, second, third, fourth, commit(folder, {"a.yaml": "1"})]


def test_the_order_in_which_trees_are_listed_changes_nothing(folder: Path) -> None:
    commits = _commits(folder)
    alone = {each: list(Repository(folder).tree(each).items()) for each in commits}

    for pair in permutations(commits, 2):
        repository = Repository(folder)
        assert [list(repository.tree(each).items()) for each in pair] == [alone[x] for x in pair]


def test_a_second_tree_is_not_listed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = commit(folder, {"a.yaml": "1", "b.yaml": "2"})
    second = commit(folder, {"a.yaml": "one"})
    repository, commands = Repository(folder), list[str]()
    run = repository._trees._git

    def recorded(*command: str, data: bytes = b"") -> bytes:
        commands.append(command[0])
        return run(*command, data=data)

    monkeypatch.setattr(repository._trees, "_git", recorded)
    for each in (first, second, first):
        repository.tree(each)

    assert commands == ["ls-tree", "diff-tree", "cat-file"]
