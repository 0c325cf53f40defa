"""Plain directories as trees."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.errors import UsageError
from bot.git import Repository, read_directory
from tests.git.repositories import commit, make_repository


def test_a_directory_is_the_tree_that_git_would_make_of_it(tmp_path: Path) -> None:
    place = make_repository(tmp_path / "r")
    (place / "link.yaml").symlink_to("dir/a.yaml")
    (place / "dangling").symlink_to("/nowhere/at/all")
    (place / "dirlink").symlink_to("dir")
    (place / "run").write_text("x")
    (place / "run").chmod(0o755)
    commit(place, {"dir/a.yaml": "a: 1\n", "b\u00e4.json": "{}", ".hidden/c.yaml": "x"})

    directory, repository = read_directory(place), Repository(place)

    assert directory.tree == repository.tree("HEAD")
    assert list(directory.tree) == sorted(directory.tree)
    with repository.blobs() as blobs:
        for file in directory.tree.values():
            assert directory.data(file.blob) == blobs.data(file.blob)


def test_pipes_are_left_out_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "a.yaml").write_text("x")

    assert list(read_directory(tmp_path).tree) == ["a.yaml"]


def test_a_file_that_changed_since_is_not_given_as_what_it_was(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("one")
    directory = read_directory(tmp_path)
    blob = directory.tree["a.yaml"].blob
    (tmp_path / "a.yaml").write_text("two")

    with pytest.raises(KeyError):
        directory.data(blob)
    with pytest.raises(KeyError):
        directory.data("0" * 40)
    (tmp_path / "a.yaml").unlink()
    with pytest.raises(KeyError):
        directory.data(blob)


def test_a_file_that_became_a_symlink_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("one")
    directory = read_directory(tmp_path)
    (tmp_path / "a.yaml").unlink()
    (tmp_path / "a.yaml").symlink_to("/etc/passwd")

    with pytest.raises(KeyError):
        directory.data(directory.tree["a.yaml"].blob)


def test_what_is_no_directory_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a directory"):
        read_directory(tmp_path / "absent")
