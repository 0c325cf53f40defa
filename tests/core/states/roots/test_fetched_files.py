"""Where what was brought is put, and what that is reached from."""

from __future__ import annotations

import pytest

from bot.core.fetching import FetchResult, SourceReference
from bot.core.resource import ResourceSource
from bot.core.states.roots.fetched_files import (
    MOST_FILES,
    MOST_PLACED,
    MOST_REFERENCES,
    NOTHING,
    FetchedFiles,
    FetchSession,
    Remote,
    ResolvedSource,
    named,
    reserved,
    with_fetched,
    without_reserved,
    zone,
)
from bot.core.states.roots.paths import Paths
from bot.core.tree import File
from bot.errors import UnbuildableError
from tests.fake_sources import Shelf, git

FILE = File("100644", "0" * 40, 1)
REPOSITORY = "github.com/example/metrics"
PLACE = ".fairlead/fetched/0123456789abcdef"


def remote(version: str, holder: str = "app/kustomization.yaml", part: str = "") -> Remote:
    resolved = ResolvedSource(git(REPOSITORY, version), part, REPOSITORY, version)
    return NOTHING.remote(resolved, ResourceSource(holder, "", 0), (), ())


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", ""),
        ("app/kustomization.yaml", ""),
        (".fairlead", ""),
        (".fairlead/other/x", ""),
        (".fairlead/fetchedx/y", ""),
        ("app/.fairlead/fetched/x", ""),
        (".fairlead/fetched", ".fairlead/fetched"),
        (PLACE, PLACE),
        (f"{PLACE}/deploy/c.yaml", PLACE),
    ],
)
def test_a_path_is_reached_from_its_own_directory_of_what_was_brought(
    path: str, expected: str
) -> None:
    assert zone(path) == expected


def test_what_stands_in_the_way_is_left_out() -> None:
    kept = {".fairlead/other": FILE, "a": FILE, "b/.fairlead/fetched/x": FILE}
    hidden = {".fairlead": FILE, ".fairlead/fetched": FILE, f"{PLACE}/x": FILE}

    assert reserved({**kept, **hidden}) == hidden
    assert without_reserved({**kept, **hidden}) == kept


def test_a_place_is_named_after_its_holder_and_not_after_its_version() -> None:
    assert remote("v1").place == remote("v2").place
    others = (remote("v1", "b/kustomization.yaml").place, remote("v1", part="deploy").place)
    assert len({remote("v1").place, *others}) == 3


def test_two_versions_of_one_thing_in_one_file_are_two_places() -> None:
    first = remote("v1")
    resolved = ResolvedSource(git(REPOSITORY, "v2"), "", REPOSITORY, "v2")

    second = NOTHING.remote(resolved, first.source, (), (first,))
    same = NOTHING.remote(first.resolved, first.source, (), (first, second))

    assert second.place != first.place
    assert same.place == first.place


def test_no_path_leads_into_or_out_of_what_was_brought() -> None:
    paths = Paths({"app/x": FILE, f"{PLACE}/y": FILE}, lambda file: file.blob)

    assert paths.local(f"{PLACE}/deploy", "../y") == f"{PLACE}/y"
    for start, text in (
        ("app", f"../{PLACE}/y"),
        ("", ".fairlead/fetched"),
        (PLACE, "../../../app/x"),
        (PLACE, "../fedcba9876543210/y"),
        (PLACE, ".."),
        (PLACE, "/app/x"),
    ):
        with pytest.raises(UnbuildableError):
            paths.local(start, text)
    assert dict(paths.below("")) == {"app/x": "app/x"}
    assert dict(paths.below(PLACE)) == {f"{PLACE}/y": f"{PLACE}/y"}


def test_a_tree_has_only_so_much_of_it() -> None:
    many = {f"{number}": FILE for number in range(MOST_PLACED // 2 + 1)}
    held = [remote("v1", f"{it}/kustomization.yaml") for it in "ab"]
    fetched = FetchedFiles(answers={git(REPOSITORY, "v1"): FetchResult("fetched", many)})

    tree, found = with_fetched({"x": FILE}, held, fetched)

    assert (len(tree), list(found.placed)) == (len(many) + 1, [held[0].place])
    answer = found.answer(held[1])
    assert answer is not None
    assert (found.holds(held[1]), answer.status) == (False, "limit")


def test_each_thing_is_asked_for_once_and_no_more_than_so_many() -> None:
    wanted = [git(REPOSITORY, f"v{number}") for number in range(MOST_REFERENCES + 3)]
    held: dict[SourceReference, dict[str, str] | FetchResult] = {it: {"a": "b"} for it in wanted}
    shelf = Shelf(held, {})
    session = FetchSession(shelf)

    assert session.fetch((wanted[0], wanted[0]))
    assert not session.fetch((wanted[0],))
    assert session.fetch(wanted)
    assert shelf.asked == wanted[:MOST_REFERENCES]
    assert [session.answers[it].status for it in wanted[-4:]] == ["fetched", *["limit"] * 3]


def test_what_is_brought_has_only_so_many_files() -> None:
    files = {f"{number}": FILE for number in range(MOST_FILES // 2 + 1)}
    first, second = git(REPOSITORY, "v1"), git(REPOSITORY, "v2")
    held = {it: FetchResult("fetched", files) for it in (first, second)}
    session = FetchSession(Shelf(held, {}))

    session.fetch((first, second))

    assert [session.answers[it].status for it in (first, second)] == ["fetched", "limit"]


def test_people_are_told_the_name_and_not_the_place() -> None:
    held = remote("v1")
    fetched = FetchedFiles(placed={held.place: held})

    text = f"in '{held.place}/deploy': no such file"

    assert named(text, (NOTHING, fetched)) == f"in '{REPOSITORY}/deploy': no such file"
