"""Which directories are copies of one another, one a cluster."""

from __future__ import annotations

import pytest

from bot.core.resource import ResourceKey
from bot.core.states.directories import Directories


def held(layout: dict[str, str]) -> Directories:
    """Directories that hold ConfigMaps of these names; `Namespace/x` is a Namespace."""
    places: dict[ResourceKey, set[tuple[str, ...]]] = {}
    for path, names in layout.items():
        for name in names.split():
            kind, _, bare = name.rpartition("/")
            key = ResourceKey("", kind or "ConfigMap", None if kind else "default", bare)
            places.setdefault(key, set()).add(tuple(path.split("/")))
    return Directories.of(places)


def alike(layout: dict[str, str]) -> set[str]:
    return {"/".join(place) for place in held(layout).alike()}


MANY = {f"namespaces/n{number}": f"own{number}" for number in range(20)}


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ({"prod": "a b c", "dev": "a b d"}, {"prod", "dev"}),
        ({"prod": "a b c d e f", "dev": "a"}, {"prod", "dev"}),
        ({"prod": "a b c d e", "dev": "a f g h"}, set()),
        ({"prod": "a b", "dev": "a b", "tools": "x"}, {"prod", "dev"}),
        ({"clusters/eu": "a", "clusters/us": "a", "apps": "x"}, {"clusters/eu", "clusters/us"}),
        ({"x/a": "Namespace/n p", "x/b": "Namespace/n q"}, set()),
        # A few of many siblings divide nothing, unless they share much.
        (MANY | {"namespaces/n1": "same", "namespaces/n2": "same"}, set()),
        (MANY | {"namespaces/all": "own1 own2 own3 own4"}, set()),
        (
            MANY | {"namespaces/n1": "a b c d", "namespaces/n2": "a b c e"},
            {"namespaces/n1", "namespaces/n2"},
        ),
        # A sibling is a copy by way of another.
        ({"v1": "a b", "v2": "b c", "v3": "c d"}, {"v1", "v2", "v3"}),
        ({f"c{number}": "a b" for number in range(60)}, {f"c{number}" for number in range(60)}),
    ],
)
def test_directories_that_mostly_hold_the_same_are_copies(
    layout: dict[str, str], expected: set[str]
) -> None:
    assert alike(layout) == expected


def test_every_directory_with_a_resource_of_a_sibling_is_parted() -> None:
    layout = MANY | {"namespaces/n1": "same", "namespaces/n2": "same"}

    assert set(held(layout).parted()) == {("namespaces", "n1"), ("namespaces", "n2")}
    assert set(held({"a": "x", "a/b": "x"}).parted()) == set()
