"""Environments by duplicates."""

from __future__ import annotations

import pytest

from bot.core.policy.model import EnvironmentPolicy, Policy
from bot.core.state import Environment
from tests.states import Files, Grove, resource

API = resource("ConfigMap", "api")
WEB = resource("ConfigMap", "web")
SHARED = resource("ConfigMap", "shared")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a/api.yaml": API, "b/web.yaml": WEB}, {"default": {"api", "web"}}),
        (
            {
                "clusters/prod/x/api.yaml": API,
                "clusters/test/y/api.yaml": API,
                "all/s.yaml": SHARED,
            },
            {"clusters/prod": {"api", "shared"}, "clusters/test": {"api", "shared"}},
        ),
        (
            {
                "prod/eu/api.yaml": API,
                "prod/us/api.yaml": API,
                "prod/common/s.yaml": SHARED,
                "test/api.yaml": API,
                "top.yaml": WEB,
            },
            {
                "prod/eu": {"api", "shared", "web"},
                "prod/us": {"api", "shared", "web"},
                "test": {"api", "web"},
            },
        ),
        (
            {"a/api.yaml": API, "a/b/api.yaml": API, "a/b/web.yaml": WEB},
            {"default": {"api", "web"}},
        ),
        ({"one/x.yaml": API + "---\n" + API}, {"default": {"api"}}),
    ],
)
def test_roots_that_hold_the_same_resource_are_split(
    files: Files, expected: dict[str, set[str]]
) -> None:
    found = {
        pair.after.environment.name: {held.name for held in pair.after.resources}
        for pair in Grove({}, files).states().pairs
    }

    assert found == expected


def test_the_last_duplicate_in_path_order_wins() -> None:
    text = resource("ConfigMap", "x", "data: {from: %s}")
    files = {"b.yaml": text % "b", "a/z.yaml": text % "a", "a.yaml": text % "file"}

    (pair,) = Grove({}, files).states().pairs

    assert [str(found.at("data", "from").text) for found in pair.after.resources] == ["a"]


def test_a_moved_file_makes_no_environment_and_no_change() -> None:
    states = Grove({"old/api.yaml": API}, {"new/api.yaml": API}).states()

    assert states.environments == ("default",)
    (pair,) = states.pairs
    assert pair.before.resources[0].encoded == pair.after.resources[0].encoded


def test_only_environments_that_differ_are_paired_and_the_same_resources_are_the_same_objects() -> (
    None
):
    base = {"p/api.yaml": API, "p/web.yaml": WEB, "t/api.yaml": API}
    head = {**base, "p/api.yaml": resource("ConfigMap", "api", "data: {new: x}")}

    states = Grove(base, head).states()

    assert states.environments == ("p", "t")
    (pair,) = states.pairs
    before, after = ({held.name: held for held in s.resources} for s in (pair.before, pair.after))
    assert pair.after.environment.name == "p"
    assert before["web"] is after["web"]
    assert before["api"] is not after["api"]


def test_a_tree_against_itself_has_nothing_to_judge_and_no_problem() -> None:
    files: Files = {
        "a/api.yaml": API,
        "b/api.yaml": API,
        "c/kustomization.yaml": "resources: [x.yaml]\nnamePrefix: a\n",
        "c/x.yaml": WEB,
        "d/Chart.yaml": "name: d\n",
    }

    states = Grove(files, files).states()

    assert (states.pairs, states.troubles) == ((), ())


def test_the_policys_environments_come_first_and_share_what_lies_outside() -> None:
    files = {
        "live/eu/api.yaml": API,
        "live/us/api.yaml": API,
        "test/one/api.yaml": API,
        "test/two/api.yaml": API,
        "shared/s.yaml": SHARED,
    }
    policy = Policy(
        environments=(
            EnvironmentPolicy("production", ("live/**",), "1.30", "team"),
            EnvironmentPolicy("void", ("nothing/**",)),
        )
    )

    states = Grove({}, files).states(policy)

    found = {
        pair.after.environment: sorted(str(held.key) for held in pair.after.resources)
        for pair in states.pairs
    }
    assert found == {
        Environment("production", "1.30", "team"): ["ConfigMap/team/api", "ConfigMap/team/shared"],
        Environment("test/one"): ["ConfigMap/default/api", "ConfigMap/default/shared"],
        Environment("test/two"): ["ConfigMap/default/api", "ConfigMap/default/shared"],
        Environment("void"): ["ConfigMap/default/shared"],
    }
