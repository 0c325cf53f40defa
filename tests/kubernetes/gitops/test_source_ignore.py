"""What Flux leaves out of a source."""

from __future__ import annotations

import pytest

from bot.analysis.examine import MemoryBlobs
from bot.core.tree import File
from bot.kubernetes.gitops.source_ignore import SourceFiles, source_ignore
from bot.kubernetes.gitops.tree_files import TreeFiles


def left_out(path: str, ignore: str | None, **files: str) -> bool:
    """Whether a file is left out; `files` are those of patterns, by directory."""
    texts = {f"{place}/.sourceignore".lstrip("/"): text for place, text in files.items()}
    texts = {key.removeprefix("top/"): text for key, text in texts.items()}
    tree = {key: File("100644", key, len(text)) for key, text in texts.items()}
    blobs = MemoryBlobs({key: text.encode() for key, text in texts.items()})
    source = SourceFiles(ignore or "")
    return source_ignore(TreeFiles(tree, blobs), source).leaves_out(path)


@pytest.mark.parametrize(
    ("patterns", "path", "expected"),
    [
        ("a.yaml", "a.yaml", True),
        ("a.yaml", "deep/er/a.yaml", True),
        ("deep", "deep/er/a.yaml", True),
        ("*.yaml", "deep/a.yaml", True),
        ("*.yaml", "deep/a.yml", False),
        ("a?.y[a]ml", "ab.yaml", True),
        ("/a.yaml", "a.yaml", True),
        ("/a.yaml", "deep/a.yaml", False),
        ("deep/", "deep/a.yaml", True),
        ("deep/", "a/deep", False),
        ("deep/", "a/deep/b.yaml", True),
        ("deep/a.yaml", "deep/a.yaml", True),
        ("deep/a.yaml", "x/deep/a.yaml", False),
        ("deep/er", "deep/er/a.yaml", True),
        ("deep/er/", "deep/er", False),
        ("**/er/a.yaml", "deep/x/er/a.yaml", True),
        ("**/er", "deep/x/a.yaml", False),
        ("deep/**", "deep/x/a.yaml", True),
        ("deep/**/a.yaml", "deep/x/y/a.yaml", True),
        ("deep/x**/a.yaml", "deep/xy/a.yaml", False),
        ("# a.yaml", "a.yaml", False),
        ("a.yaml   ", "a.yaml", True),
        ("a.yaml\r\n", "a.yaml", True),
        ("/*\n!/deploy/\n", "apps/a.yaml", True),
        ("/*\n!/deploy/\n", "deploy/a.yaml", False),
        ("deploy/\n!deploy/keep.yaml\n", "deploy/keep.yaml", False),
        ("deploy/\n!deploy/keep.yaml\n", "deploy/other.yaml", True),
        ("!a.yaml\na.yaml", "a.yaml", True),
        ("[", "a.yaml", False),
    ],
)
def test_the_last_pattern_that_fits_a_file_counts(
    patterns: str, path: str, *, expected: bool
) -> None:
    assert left_out(path, patterns) is expected
    assert left_out(path, None, top=patterns) is expected


@pytest.mark.parametrize(
    ("path", "ignore", "expected"),
    [
        ("apps/.sops.yaml", None, True),
        ("deep/cloudbuild.yaml", None, True),
        (".github/workflows/a.yaml", None, True),
        ("apps/.sops.yaml", "other", False),
        ("apps/.gitignore", "other", True),
        ("apps/a.yaml", None, False),
        ("apps/.sops.yaml", "", True),
        ("apps/.sops.yaml", "# none", True),
    ],
)
def test_flux_has_a_list_of_its_own_where_nobody_says_anything(
    path: str, ignore: str | None, *, expected: bool
) -> None:
    assert left_out(path, ignore) is expected


def test_a_file_of_patterns_speaks_of_its_own_directory_and_the_source_over_all() -> None:
    files = {"apps": "/a.yaml\n", "apps/deep": "!a.yaml\nb.yaml\n"}
    paths = ("a.yaml", "apps/a.yaml", "apps/deep/a.yaml", "apps/deep/b.yaml", "apps/b.yaml")

    assert [left_out(path, None, **files) for path in paths] == [False, True, False, True, False]
    assert [left_out(path, "!b.yaml", **files) for path in paths] == [
        *(False, True, False, False, False),
    ]


def test_sources_with_the_same_patterns_share_their_answers() -> None:
    """Each Kustomization of a source asks about the same files, at base and at head."""
    files = TreeFiles({}, MemoryBlobs({}))

    first, second = (source_ignore(files, SourceFiles("*.yaml")) for _ in range(2))

    assert (first is second, first is source_ignore(files, SourceFiles("*.yml"))) == (True, False)


@pytest.mark.parametrize(
    ("sparse", "path", "expected"),
    [
        ((), "a.yaml", False),
        (("deploy",), "deploy/a.yaml", False),
        (("deploy",), "deployed/a.yaml", False),
        (("deploy/a",), "deploy/b.yaml", True),
        (("deploy", "flux"), "flux/a.yaml", False),
        (("deploy",), "a.yaml", True),
        (("",), "a.yaml", False),
    ],
)
def test_a_sparse_source_has_only_what_begins_with_its_paths(
    sparse: tuple[str, ...], path: str, *, expected: bool
) -> None:
    source = source_ignore(TreeFiles({}, MemoryBlobs({})), SourceFiles(sparse=sparse))

    assert source.leaves_out(path) == expected
