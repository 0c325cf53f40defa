"""Hunks, how they are put back, and which of them is tried first."""

from __future__ import annotations

import random

import pytest

from bot.core.finding import Side
from bot.core.lines.leaves import Leaf, changed_leaves, sought
from bot.core.lines.line_diff import Hunk, holds, hunks, put_back, put_on
from bot.core.lines.provenance import Texts, likest, ranked
from bot.core.lines.routes import value_at
from bot.core.lines.written_lines import deleting, first_written, listing, probed
from bot.core.resource import ListStep, Node
from bot.core.values import freeze
from tests.states import resource, world

DEPLOYMENT = resource("ConfigMap", "web", "data: {image: old, replicas: '2'}", namespace="shop")


def field(*keys: str) -> Node:
    (found,) = world(DEPLOYMENT).resources
    return found.at(*keys)


def test_a_hunk_says_which_lines_stand_for_which() -> None:
    assert hunks("a", "1\n2\n3\n4\n5\n", "1\ntwo\n3\n5\nsix\n") == (
        Hunk("a", 2, ("2\n",), 2, ("two\n",)),
        Hunk("a", 4, ("4\n",), 4, ()),
        Hunk("a", 6, (), 5, ("six\n",)),
    )


def test_a_file_that_is_added_or_removed_is_one_hunk() -> None:
    assert hunks("a", "", "x\ny") == (Hunk("a", 1, (), 1, ("x\n", "y")),)
    assert hunks("a", "x\ny", "") == (Hunk("a", 1, ("x\n", "y"), 1, ()),)
    assert hunks("a", "x", "x") == ()


@pytest.mark.parametrize("seed", range(60))
def test_with_every_hunk_put_back_head_is_base(seed: int) -> None:
    chosen = random.Random(seed)  # noqa: S311 - the same each time, not a secret
    size = chosen.choice([5, 40, 1_500])
    base = [f"{chosen.randrange(size)}\n" for _ in range(size)]
    head = [line for line in base if chosen.random() > 0.05]
    for _ in range(5):
        head.insert(chosen.randrange(len(head) + 1), "new\n")
    found = hunks("a", "".join(base), "".join(head))
    text = "".join(head)

    for hunk in reversed(found):
        text = put_back(text, hunk)

    assert text == "".join(base)


def test_distant_changes_of_a_long_file_are_hunks_of_their_own() -> None:
    lines = [f"{number}\n" for number in range(3_000)]
    changed = [*lines[:10], "x\n", *lines[11:2_900], *lines[2_901:]]

    assert [(it.old, it.new) for it in hunks("a", "".join(lines), "".join(changed))] == [
        (11, 11),
        (2901, 2901),
    ]


def test_lines_that_are_all_alike_are_compared_in_bounded_time() -> None:
    one, other = "a\nb\n" * 20_000, "b\na\nb\nb\n" * 10_000

    assert len(hunks("a", one, other)) == 1


def test_what_a_field_gained_and_lost_is_sought() -> None:
    wanted = sought(field("data"), freeze({"a": 1, "b": [True]}), freeze({"a": 1, "b": [False]}))

    assert (wanted.gained, wanted.lost) == (
        (Leaf(("data", "b"), "false", "true"),),
        (Leaf(("data", "b"), "true", "false"),),
    )


def test_the_line_with_the_value_at_the_field_comes_first() -> None:
    base = "data:\n  replicas: 2\n  other: 1\n\n\nmore:\n  replicas: 1\n"
    head = "data:\n  replicas: 3\n  other: 1\n\n\nmore:\n  replicas: 9\n"
    wanted = sought(field("data", "replicas"), "2", "3")

    found = ranked(
        hunks("a.yaml", base, head), Texts({"a.yaml": base}), Texts({"a.yaml": head}), wanted
    )

    assert [(held.new, held.old) for held in found] == [(2, 2), (7, 7)]
    assert found[0].score > found[1].score


def test_the_line_within_a_hunk_is_the_one_that_holds_the_value() -> None:
    head = "spec:\n  rules:\n  - verbs: [get]\n    resources: [secrets]\n    apiGroups: ['']\n"
    wanted = sought(field("rules"), None, freeze([{"resources": ["secrets"]}]))

    (found,) = ranked(hunks("a.yaml", "", head), Texts({}), Texts({"a.yaml": head}), wanted)

    assert (found.new, found.old) == (4, None)


def test_what_resembles_nothing_has_no_line() -> None:
    wanted = sought(field("data", "replicas"), "2", "3")

    (found,) = ranked(hunks("a.txt", "x\n", "y\n"), Texts({}), Texts({"a.txt": "y\n"}), wanted)

    assert (found.new, found.old) == (None, None)


def test_an_item_is_found_by_its_merge_key_and_else_by_its_place() -> None:
    body = freeze({"spec": [{"name": "b", "x": 1}, {"name": "a", "x": 2}], "args": ["u", "v"]})

    assert [
        value_at(body, ("spec", ListStep("name=a", 0), "x")),
        value_at(body, ("spec", ListStep("name=c", 0), "x")),
        value_at(body, ("args", ListStep("v", 0))),
        value_at(body, ("spec", ListStep("", 0), "x")),
        value_at(body, ("spec", ListStep("", 7), "x")),
        value_at(body, ("spec", "x", ListStep("name=a", 0))),
    ] == [2, None, "v", 1, None, None]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        pytest.param("apps/base/web.yaml", 1, id="a file in a folder that is listed"),
        pytest.param("apps/prod/more.yaml", 2, id="a file that is listed"),
        pytest.param("apps/based/web.yaml", None, id="a folder whose name only begins so"),
    ],
)
def test_the_line_that_lists_a_file_is_found(path: str, line: int | None) -> None:
    lines = ("resources:\n", "  - ../base\n", "  - path: 'more.yaml' # why\n")

    assert listing(lines, "apps/prod", path) == line


def test_a_hunk_is_put_on_base_alone() -> None:
    first, second = hunks("a", "x: 1\n\ny: 1\n", "x: 2\n\ny: 2\n")

    assert put_on("x: 1\n\ny: 1\n", second) == "x: 1\n\ny: 2\n"
    assert put_on("x: 1\n\ny: 1\n", first) == "x: 2\n\ny: 1\n"


@pytest.mark.parametrize(
    ("line", "value", "wanted"),
    [
        pytest.param("a: true # why\n", True, "a: false # why\n", id="a boolean"),
        pytest.param("- 80\n", 80, "- 81\n", id="a number"),
        pytest.param("a: 'b'\n", "b", "a: 'bx'\n", id="a text"),
        pytest.param("a: b\n", "c", None, id="another value"),
        pytest.param("a:\n", "", None, id="nothing"),
        pytest.param("a: {}\n", None, None, id="no scalar"),
    ],
)
def test_a_line_is_probed_with_another_scalar(
    line: str, value: str | int | None, wanted: str | None
) -> None:
    assert probed(line, value) == wanted


@pytest.mark.parametrize(
    ("line", "side", "held"),
    [(2, "LEFT", True), (2, "RIGHT", True), (3, "RIGHT", True), (3, "LEFT", False)],
)
def test_a_hunk_has_lines_of_both_sides(line: int, side: Side, *, held: bool) -> None:
    (hunk,) = hunks("a", "x\ny\nz\n", "x\n1\n2\nz\n")

    assert holds(hunk, line, side) is held


def test_of_a_text_of_several_lines_those_are_sought_that_are_new() -> None:
    wanted = sought(field("data"), freeze({"a": "x = 1\ny = 1\n"}), freeze({"a": "x = 1\n\ny = 2"}))

    assert (wanted.gained, wanted.lost) == (
        (Leaf(("data", "a"), "y = 2", "x = 1\ny = 1\n"),),
        (Leaf(("data", "a"), "y = 1", "x = 1\n\ny = 2"),),
    )


def test_a_part_of_the_value_comes_before_what_has_nothing_of_it_in_the_own_file() -> None:
    """An image is written in parts, and a chart's version in another file than its labels."""
    texts = {"0.yaml": "a: {{ if x }}\n", "k.yaml": "newTag: v2\n"}
    found = (*hunks("0.yaml", "", texts["0.yaml"]), *hunks("k.yaml", "", texts["k.yaml"]))
    wanted = sought(field("data", "image"), "web:v1", "web:v2")

    ordered = ranked(found, Texts({}), Texts(texts), wanted)

    assert [(held.hunk.path, held.new) for held in ordered] == [("k.yaml", 1), ("0.yaml", None)]


def test_a_literal_of_a_generator_is_known_by_its_name() -> None:
    texts = {"k.yaml": "literals:\n- other=on\n- replicas=on\n"}
    wanted = sought(field("data", "replicas"), None, "on")

    (found,) = ranked(hunks("k.yaml", "", texts["k.yaml"]), Texts({}), Texts(texts), wanted)

    assert found.new == 3


def test_of_two_parts_of_a_value_the_new_one_comes_first() -> None:
    text = "images:\n- name: shop/web\n  newTag: latest\n"
    wanted = sought(field("data", "image"), "shop/web:1.0", "shop/web:latest")

    (spot,) = ranked(hunks("k.yaml", "", text), Texts({}), Texts({"k.yaml": text}), wanted)

    assert spot.new == 3


def test_a_line_that_empties_a_field_is_found_by_what_the_field_lost() -> None:
    base, text = "store:\n", "store:\n  security: null\n  data: ~\n"
    wanted = sought(field("data"), freeze({"image": "old"}), None)

    (spot,) = ranked(
        hunks("v.yaml", base, text), Texts({"v.yaml": base}), Texts({"v.yaml": text}), wanted
    )

    assert spot.new == 3


def test_the_first_written_line_and_the_one_that_deletes_are_found() -> None:
    lines = ("\n", "# why\n", "---\n", "patches:\n", "- patch: |\n", '    $patch: "delete"\n')

    assert (first_written(lines), deleting(lines)) == (3, 5)
    assert (first_written(lines[:3]), deleting(lines[:5])) == (None, None)


def test_of_changed_scalars_that_is_taken_which_holds_the_value() -> None:
    old, new = (
        world(resource("ConfigMap", "a", f"data: {{u: {x}, v: {y}, w: [1]}}")).resources[0]
        for x, y in (("'1'", "q"), ("'2'", "v2"))
    )
    leaves = list(changed_leaves(new, old))

    assert [str(node) for node in leaves] == [
        "ConfigMap/default/a data.u",
        "ConfigMap/default/a data.v",
    ]
    assert [str(node).partition(" ")[2] for node in changed_leaves(new, None)] == [
        "apiVersion",
        "data.u",
        "data.v",
        "data.w[1]",
        "kind",
        "metadata.name",
    ]
    assert likest(leaves, (Leaf(("image",), "web:v2"),)) == leaves[1]
    assert likest(leaves, (Leaf(("image",), "none"),)) is None
