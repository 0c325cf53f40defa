"""What is volatile between two builds of one input, and what of it base and head have alike."""

from __future__ import annotations

import pytest

from bot.core.resource import Resource, ResourceKey, ResourceSource
from bot.core.states.rendered.renditions import Rendition, rendition, steadied, volatile_nodes
from bot.core.values import Value, freeze, mapping


def config(value: object, name: str = "c") -> Resource:
    body = freeze(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": value}
    )
    return Resource.of(
        ResourceKey("", "ConfigMap", "shop", name), mapping(body), ResourceSource("a", "b", 0)
    )


def built(first: object, second: object) -> Rendition:
    """What two builds of one input gave."""
    return rendition((config(first),), (config(second),))


def left(old: Rendition, new: Rendition) -> tuple[Value, list[str]]:
    """What head has after base, and the places of it that are volatile still."""
    found = steadied(old, new)
    (held,) = found.resources
    return held.at("data").value, [str(node) for node in volatile_nodes(found)]


@pytest.mark.parametrize(
    ("base", "head", "same"),
    [
        (("abc", "xyz"), ("ghi", "uvw"), True),
        ((1, 2), (3, 4), True),
        ((1, 2), ("3", "4"), False),
        (("a:1x", "a:2y"), ("a:3z", "a:4w"), True),
        (("a:1x", "a:2y"), ("b:3z", "b:4w"), False),
        (("1-a", "2-a"), ("3-b", "4-b"), False),
        (("k\n1", "k\n2"), ("k\n3", "k\n4"), True),
        (("k\n1", "k\n2"), ("l\n3", "l\n4"), False),
        (("k\n1", "k\n2"), ("k\n3\nm", "k\n4\nm"), False),
        (("QUJDREVGR0hJSktM", "QUJDZGVmZ2hpamts"), ("QUJEREVGR0hJSktM", "QUJEZGVmZ2hpamts"), True),
        (("registry/good:1", "registry/good:2"), ("registry/evil:3", "registry/evil:4"), False),
    ],
)  # fmt: skip
def test_a_volatile_leaf_is_the_same_if_what_is_around_it_is(
    base: tuple[object, object], head: tuple[object, object], *, same: bool
) -> None:
    old, new = (built({"k": first}, {"k": second}) for first, second in (base, head))

    expected = (base[0], []) if same else (head[0], ["ConfigMap/shop/c data.k"])

    value, places = left(old, new)
    assert (mapping(value)["k"], places) == expected


def test_what_is_volatile_on_one_side_alone_is_a_difference() -> None:
    steady, changing = built({"k": "a"}, {"k": "a"}), built({"k": "b"}, {"k": "c"})

    assert left(steady, changing) == ({"k": "b"}, ["ConfigMap/shop/c data.k"])
    assert left(changing, steady) == ({"k": "a"}, [])


def test_a_list_of_another_length_is_volatile_as_a_whole() -> None:
    assert left(Rendition(), built({"k": ["a"]}, {"k": ["a", "b"]})) == (
        {"k": ("a",)},
        ["ConfigMap/shop/c data.k"],
    )


def test_a_name_that_changes_is_matched_by_order_and_told_everywhere() -> None:
    def both(names: tuple[str, str]) -> Rendition:
        first, second = ((config({"at": name}, name), config({}, "z")) for name in names)
        return rendition(first, second)

    found = steadied(both(("job-1", "job-2")), both(("job-3", "job-4")))

    assert [(str(held.key), held.at("data", "at").value) for held in found.resources] == [
        ("ConfigMap/shop/job-1", "job-1"),
        ("ConfigMap/shop/z", None),
    ]
    assert dict(found.volatile) == {}
