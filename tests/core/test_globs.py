"""Globs over names and paths."""

from __future__ import annotations

import pytest

from bot.core.globs import name_matches, path_matches


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("charts/vendor/**", "charts/vendor/a/b.yaml", True),
        ("charts/vendor/**", "charts/vendors/a.yaml", False),
        ("**/vendor/**", "a/b/vendor/c.yaml", True),
        ("**/vendor/**", "vendor/c.yaml", True),
        ("**/*.json", "a/b/c.json", True),
        ("**/*.json", "c.json", True),
        ("*.json", "a/c.json", False),
        ("apps/*/values.yaml", "apps/api/values.yaml", True),
        ("apps/*/values.yaml", "apps/api/eu/values.yaml", False),
        ("apps", "apps/api/a.yaml", True),
        ("apps/", "apps/api/a.yaml", True),
        ("./apps/", "apps/a.yaml", True),
        ("apps", "other/apps/a.yaml", False),
        ("**", "a.yaml", True),
        ("a/**/b/**/c.yaml", "a/x/b/y/b/z/c.yaml", True),
        ("a/**/b/**/c.yaml", "a/x/y/z/c.yaml", False),
        ("App?/a.yaml", "Apps/a.yaml", True),
        ("app?/a.yaml", "Apps/a.yaml", False),
        ("a/b/c.yaml/d", "a/b/c.yaml", False),
    ],
)
def test_a_glob_matches_a_path_by_its_directories(glob: str, path: str, *, matches: bool) -> None:
    assert path_matches(path, [glob]) == matches


def test_one_glob_of_many_is_enough() -> None:
    assert path_matches("a/b", ["x", "a/*"])
    assert not path_matches("a/b", [])


def test_many_stars_cost_little() -> None:
    assert not path_matches("/".join("a" * 2000), ["/".join(["**", "a"] * 50 + ["b"])])


@pytest.mark.parametrize(
    ("glob", "matches"), [("rbac-*", True), ("RBAC-*", False), ("*", True), ("rbac", False)]
)
def test_a_glob_matches_a_whole_name(glob: str, *, matches: bool) -> None:
    assert name_matches("rbac-invalid", [glob]) == matches
