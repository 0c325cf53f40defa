"""A repository as it lies on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.core.tree import File
from bot.errors import GitError, UsageError
from bot.git import Repository
from bot.git.command import run
from tests.git.repositories import commit, git, make_repository


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "repository")


def test_revisions_become_full_ids(place: Path) -> None:
    first = commit(place, {"a.yaml": "a: 1\n"})
    second = commit(place, {"a.yaml": "a: 2\n"})
    git(place, "tag", "v1", first)
    git(place, "tag", "--annotate", "--message=x", "v2", second)
    repository = Repository(place)

    found = [repository.resolve(name) for name in ("HEAD", "main", "HEAD~1", "v1", "v2", first)]

    assert found == [second, second, first, first, second, first]
    assert repository.default_branch() == second
    assert (repository.has(first), repository.has("f" * 40)) == (True, False)


@pytest.mark.parametrize("name", ["absent", "f" * 40, "--all", "-h", "", "a..b", "x\0y", "HEAD:a"])
def test_a_commit_that_does_not_exist_is_said_in_one_sentence(place: Path, name: str) -> None:
    commit(place, {"a": "a"})

    with pytest.raises(UsageError, match="is not a commit in") as caught:
        Repository(place).resolve(name)

    assert "\n" not in str(caught.value)


def test_what_is_no_repository_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not in a git repository"):
        Repository(tmp_path)
    with pytest.raises(UsageError, match="is not a directory"):
        Repository(tmp_path / "absent")


def test_merge_bases(place: Path) -> None:
    fork = commit(place, {"a": "a"})
    git(place, "checkout", "--quiet", "-b", "topic")
    topic = commit(place, {"b": "b"})
    git(place, "checkout", "--quiet", "main")
    main = commit(place, {"c": "c"})
    git(place, "checkout", "--quiet", "--orphan", "other")
    commit(place, {"d": "d"})
    repository = Repository(place)

    assert repository.merge_base("main", "topic") == fork
    assert repository.merge_base(main, topic) == fork
    with pytest.raises(UsageError, match="have no common ancestor"):
        repository.merge_base("main", "other")


def test_a_tree_lists_every_entry_as_it_is_stored(place: Path) -> None:
    (place / "dir").mkdir()
    (place / "dir" / "link.yaml").symlink_to("/etc/passwd")
    commit(
        place,
        {
            "a.yaml": "x: 1\n",
            "run.sh": "#!\n",
            "sp ace/täb\t.yaml": "y\n",
            b"\xff.yaml".decode("latin-1"): "z",
        },
    )
    (place / "run.sh").chmod(0o755)
    git(place, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},module")
    tree = Repository(place).tree(git(place, "commit-tree", "-m", "x", git(place, "write-tree")))

    assert {path: file.mode for path, file in tree.items()} == {
        "a.yaml": "100644",
        "dir/link.yaml": "120000",
        "module": "160000",
        "run.sh": "100644",
        "sp ace/täb\t.yaml": "100644",
        "\xff.yaml": "100644",
    }
    assert tree["a.yaml"] == File("100644", git(place, "hash-object", "a.yaml"), 5)
    assert (tree["dir/link.yaml"].size, tree["module"].blob) == (11, "1" * 40)


def test_names_that_are_no_utf8_hide_no_other_file(place: Path) -> None:
    blob = git(place, "hash-object", "-w", "--stdin")
    listing = f"100644 blob {blob}\t".encode()
    (place / "entries").write_bytes(
        listing + b"a\xff.yaml\0" + listing + b"a\\xff.yaml\0" + listing + b"b.yaml\0"
    )
    with (place / "entries").open("rb") as entries:
        import subprocess  # noqa: PLC0415 - the one test that feeds git's input

        made = subprocess.run(
            ["git", "mktree", "-z"], cwd=place, stdin=entries, capture_output=True, check=True
        )
    tree = Repository(place).tree(
        git(place, "commit-tree", "-m", "x", made.stdout.decode().strip())
    )

    assert len(tree) == 3


def test_a_blob_that_is_not_here_is_listed_and_missing(place: Path) -> None:
    commit(place, {"a.yaml": "a", "b.yaml": "b"})
    blob = git(place, "rev-parse", "HEAD:a.yaml")
    (place / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    repository = Repository(place)

    with repository.blobs() as blobs:
        assert repository.tree("HEAD")["a.yaml"] == File("100644", blob, 0)
        with pytest.raises(KeyError):
            blobs.data(blob)


def test_blobs_are_read_in_order_and_missing_ones_are_said(place: Path) -> None:
    contents = {f"{number}.txt": b"\0%d\n" % number * number for number in range(700)}
    commit(place, dict(contents))
    repository = Repository(place)
    tree = repository.tree("HEAD")
    wanted = [tree[name].blob for name in contents]
    folder = git(place, "rev-parse", "HEAD^{tree}")

    with repository.blobs() as blobs:
        assert [data for _, data in blobs.read([*wanted, "f" * 40, folder])] == [
            *contents.values(),
            None,
            None,
        ]
        assert blobs.data(wanted[5]) == contents["5.txt"]
        with pytest.raises(KeyError):
            blobs.data("f" * 40)
        with pytest.raises(KeyError):
            blobs.data("HEAD\n" + wanted[5])


def test_a_reader_whose_process_died_says_so(place: Path) -> None:
    with Repository(place).blobs() as blobs:
        blobs._command[:] = ["false"]
        with pytest.raises(GitError, match="died"):
            blobs.data("0" * 40)


def test_a_file_of_a_commit(place: Path) -> None:
    (place / "link").symlink_to("a.yaml")
    commit(place, {"dir/a.yaml": "old\n", "*.yaml": "star\n"})
    commit(place, {"dir/a.yaml": "new\n"})
    repository = Repository(place)

    names = ("dir/a.yaml", "*.yaml", "dir", "link", "absent", "../a.yaml")
    found = {name: repository.file("HEAD~1", name) for name in names[:-1]}

    assert found == {
        "dir/a.yaml": b"old\n",
        "*.yaml": b"star\n",
        "dir": None,
        "link": None,
        "absent": None,
    }


def test_first_parents(place: Path) -> None:
    one = commit(place, {"a": "1"})
    two = commit(place, {"a": "2"})
    git(place, "checkout", "--quiet", "-b", "topic")
    commit(place, {"b": "1"})
    git(place, "checkout", "--quiet", "main")
    git(place, "merge", "--quiet", "--no-ff", "--message=m", "topic")
    merge = git(place, "rev-parse", "HEAD")

    assert Repository(place).first_parents("main", 5) == ((merge, two), (two, one))


ATTRIBUTES = (
    "*.yaml export-ignore -diff -text filter=evil ident merge=ours working-tree-encoding=UTF-16\n"
)


def test_git_attributes_and_configuration_change_nothing(place: Path, tmp_path: Path) -> None:
    text = "kind: X # $Id$\r\n"
    commit(place, {"a.yaml": text})
    plain = Repository(place).tree("HEAD")["a.yaml"]
    marker = tmp_path / "ran"
    for name in ("filter.evil.smudge", "filter.evil.clean", "diff.external", "core.pager"):
        git(place, "config", name, f"touch {marker}")
    git(place, "config", "gpg.program", f"touch {marker}")
    git(place, "config", "log.showSignature", "true")
    (place / ".git" / "info").mkdir(exist_ok=True)
    (place / ".git" / "info" / "attributes").write_text(ATTRIBUTES)
    blob = git(place, "hash-object", "-w", "--no-filters", "--stdin")
    git(place, "update-index", "--add", "--cacheinfo", f"100644,{blob},empty")
    (place / ".gitattributes").write_text(ATTRIBUTES)
    marker.unlink(missing_ok=True)

    repository = Repository(place)
    with repository.blobs() as blobs:
        found = (repository.tree("HEAD")["a.yaml"], blobs.data(plain.blob))
    repository.first_parents("HEAD", 3)

    assert found == (plain, text.encode())
    assert not marker.exists()


def test_replaced_objects_are_not_followed(place: Path) -> None:
    first = commit(place, {"a": "1"})
    second = commit(place, {"a": "2"})
    before = Repository(place).tree(second)
    git(place, "replace", second, first)

    assert Repository(place).tree(second) == before


def test_a_command_that_takes_too_long_is_ended() -> None:
    with pytest.raises(GitError, match="took longer than 0 seconds"):
        run(["cat-file", "--batch-all-objects", "--batch-check"], seconds=0.0)


def test_a_file_whose_content_is_lost_is_an_error_of_git(place: Path) -> None:
    """Another job may discard a damaged mirror in the middle: then the review is tried again."""
    head = commit(place, {"policy.yml": "version: 1\n"})
    blob = git(place, "rev-parse", f"{head}:policy.yml").strip()
    (place / ".git" / "objects" / blob[:2] / blob[2:]).unlink()

    with pytest.raises(GitError, match=f"git cannot read 'policy.yml' at {head}"):
        Repository(place).file(head, "policy.yml")
