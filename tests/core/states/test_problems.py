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
        ({"a.yaml": Link("b")}, {"a.yaml": Link("c")}, [(True, "a.yaml", "RIGHT")]),
        ({"a.yaml": Link("b")}, {"a.yaml": Link("b")}, []),
        ({"a.yaml": Link("b")}, {}, [(False, "a.yaml", "LEFT")]),
        (
            {"a.yaml": Link("b.txt"), "b.txt": "x"},
            {"a.yaml": Link("b.txt"), "b.txt": "y"},
            [(True, "a.yaml", "RIGHT")],
        ),
        (
            {"a.yaml": Link(".b/c.yaml"), ".b/c.yaml": "x"},
            {"a.yaml": Link(".b/c.yaml"), ".b/c.yaml": "y"},
            [(True, "a.yaml", "RIGHT")],
        ),
        (
            {"a.yaml": Link("c/b.yaml"), "c/b.yaml": HELD},
            {"a.yaml": Link("c/b.yaml"), "c/b.yaml": resource("ConfigMap", "y")},
            [],
        ),
        ({}, {"LATEST": Link("README.md"), "README.md": "x"}, []),
        ({}, {"apps": Link("../outside")}, [(True, "apps", "RIGHT")]),
        ({}, {"lib": Submodule("1" * 40)}, [(True, "lib", "RIGHT")]),
        (
            {"lib": Submodule("1" * 40)},
            {"lib": Submodule("2" * 40)},
            [(True, "lib", "RIGHT")],
        ),
        ({}, {".github/a.yaml": Link("x")}, []),
        ({}, {"big.yaml": POINTER % 1}, [(True, "big.yaml", "RIGHT")]),
        ({"big.yaml": HELD}, {"big.yaml": POINTER % 1}, [(True, "big.yaml", "RIGHT")]),
        ({"big.yaml": POINTER % 1}, {"big.yaml": POINTER % 2}, [(True, "big.yaml", "RIGHT")]),
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
            "The Helm chart web is not rendered: it is a Helm chart, and helm is not installed: "
            "run `fairlead tools fetch`; compare the output of 'helm template web' for "
            "base and head by hand"
        ),
    )


CHART: Files = {"web/Chart.yaml": "name: web\n", "web/templates/x.yaml": "{{"}
POINTERS: Files = {"big.yaml": POINTER % 1, "lib": Submodule("1" * 40)}


@pytest.mark.parametrize("before", [CHART, POINTERS])
def test_a_problem_rests_on_all_that_it_is_made_of(before: Files) -> None:
    """Equal inputs have one digest; its name stays when they change."""
    first = Grove({}, before).states().troubles
    again = Grove({}, {**before, "elsewhere.yaml": HELD}).states().troubles
    changed: Files = {
        "web/values.yaml": "a: 1\n",
        "big.yaml": POINTER % 2,
        "lib": Submodule("2" * 40),
    }
    later = Grove({}, {**before, **{p: t for p, t in changed.items() if p in before or "web" in p}})
    subjects = [trouble.subject for trouble in first]

    assert [trouble.subject for trouble in again] == subjects
    for old, new in zip(subjects, later.states().troubles, strict=False):
        assert old is not None
        assert new.subject is not None
        assert (new.subject.name, new.subject.inputs != old.inputs) == (old.name, True)


def test_overlays_that_are_not_rendered_for_one_reason_are_one_problem() -> None:
    """Of thirteen overlays of one remote base people read one sentence, and accept one problem."""
    base: Files = {"base/kustomization.yaml": "resources: [https://example.com/x?ref=v1]\n"}
    overlays: Files = {
        f"clusters/c{number:02}/kustomization.yaml": "resources: [../../base]\nnamePrefix: a-\n"
        for number in range(13)
    }
    (trouble,) = Grove({}, {**base, **overlays}).states().troubles
    more: Files = {"clusters/c99/kustomization.yaml": "resources: [../../base]\nnamePrefix: b-\n"}
    (later,) = Grove({}, {**base, **overlays, **more}).states().troubles

    assert trouble.message.startswith(
        "The kustomization clusters/c00, like 12 more (clusters/c01, clusters/c02, clusters/c03, "
        "clusters/c04, clusters/c05 and 7 more), is not rendered: "
    )
    assert trouble.subject is not None
    assert later.subject is not None
    assert (later.subject.name, later.subject.inputs != trouble.subject.inputs) == (
        trouble.subject.name,
        True,
    )
