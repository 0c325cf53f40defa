"""Symlinks, submodules and Git LFS pointers among what a change affects."""

from __future__ import annotations

import pytest

from tests.states import Files, Grove, Link, Submodule, resource

HELD = resource("ConfigMap", "x")
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 5\n"


@pytest.mark.parametrize(
    ("base", "head", "expected"),
    [
        ({}, {"a.yaml": Link("/etc/passwd")}, [(True, "a.yaml", "RIGHT")]),
        ({"a.yaml": HELD}, {"a.yaml": Link("b.yaml")}, [(True, "a.yaml", "RIGHT")]),
        ({"a.yaml": Link("b")}, {"a.yaml": Link("c")}, [(False, "a.yaml", "RIGHT")]),
        ({"a.yaml": Link("b")}, {"a.yaml": Link("b")}, []),
        ({"a.yaml": Link("b")}, {}, [(False, "a.yaml", "LEFT")]),
        ({}, {"LATEST": Link("README.md"), "README.md": "x"}, []),
        ({}, {"apps": Link("../outside")}, [(True, "apps", "RIGHT")]),
        ({}, {"lib": Submodule("1" * 40)}, [(True, "lib", "RIGHT")]),
        (
            {"lib": Submodule("1" * 40)},
            {"lib": Submodule("2" * 40)},
            [(False, "lib", "RIGHT")],
        ),
        ({}, {".github/a.yaml": Link("x")}, []),
        ({}, {"big.yaml": POINTER % 1}, [(True, "big.yaml", "RIGHT")]),
        ({"big.yaml": HELD}, {"big.yaml": POINTER % 1}, [(True, "big.yaml", "RIGHT")]),
        ({"big.yaml": POINTER % 1}, {"big.yaml": POINTER % 2}, [(False, "big.yaml", "RIGHT")]),
        ({"big.yaml": POINTER % 1}, {"big.yaml": HELD}, [(False, "big.yaml", "LEFT")]),
        ({"big.yaml": POINTER % 1}, {"big.yaml": POINTER % 1, "b.yaml": HELD}, []),
    ],
)
def test_what_is_behind_something_else_is_a_problem_and_never_followed(
    base: Files, head: Files, expected: list[tuple[bool, str, str]]
) -> None:
    troubles = Grove(base, head).states().troubles

    assert [(held.new, held.path, held.side) for held in troubles] == expected
    assert {held.kind for held in troubles} <= {"unreadable"}


def test_a_changed_chart_is_a_problem_that_says_what_to_do() -> None:
    (trouble,) = (
        Grove({}, {"web/Chart.yaml": "name: web\n", "web/templates/x.yaml": "{{"}).states().troubles
    )

    assert (trouble.kind, trouble.new, trouble.path, trouble.message) == (
        "unrendered",
        True,
        "web/Chart.yaml",
        (
            "The Helm chart web is not rendered: it is a Helm chart, and there is no helm here: "
            "`fairlead tools fetch` brings it; compare the output of 'helm template web' on both "
            "sides by hand"
        ),
    )
