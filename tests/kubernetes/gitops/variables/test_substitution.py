"""What Flux does to one object after the build."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.errors import UnbuildableError
from bot.kubernetes.gitops.unknowns import unknown
from bot.kubernetes.gitops.variables.substitution import FluxFinish, Variables


def finished(finish: FluxFinish, **body: Any) -> Any:
    whole = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, **body}
    return json.loads(finish(json.dumps(whole).encode()))


def with_known(**known: str) -> FluxFinish:
    return FluxFinish(Variables(tuple(sorted(known.items()))))


def test_a_value_without_quotes_takes_the_type_that_it_reads_as() -> None:
    found = finished(with_known(n="3", on="true"), spec={"n": "${n}", "on": "${on}", "t": "${n}x"})

    assert found["spec"] == {"n": 3, "on": True, "t": "3x"}


def test_a_variable_stands_within_lines_of_text() -> None:
    found = finished(with_known(who="you"), data={"text": "hello\n  ${who}\n"})

    assert found["data"] == {"text": "hello\n  you\n"}


def test_a_long_text_keeps_its_words() -> None:
    long = " ".join(["word"] * 60)
    found = finished(with_known(who="you"), data={"text": f"${{who}} {long}", "other": long})

    assert found["data"] == {"text": f"you {long}", "other": long}


def test_a_value_that_breaks_the_object_is_refused() -> None:
    with pytest.raises(UnbuildableError):
        finished(with_known(evil="a: b: c"), data={"text": "${evil}"})


def test_an_object_may_opt_out() -> None:
    body = {"name": "a", "annotations": {"kustomize.toolkit.fluxcd.io/substitute": "disabled"}}

    assert finished(with_known(n="3"), metadata=body, spec="${n}")["spec"] == "${n}"


def test_without_variables_nothing_is_looked_for() -> None:
    assert finished(FluxFinish(), spec="${n:-1}")["spec"] == "${n:-1}"


def test_a_variable_that_only_the_cluster_has_is_unknown() -> None:
    finish = FluxFinish(Variables((("known", "1"),), "Kustomization/a/b"))

    assert finished(finish, spec=["${known}", "${other}"])["spec"] == [
        1,
        unknown("Kustomization/a/b", "other"),
    ]


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(UnbuildableError, match="'a-b'"):
        finished(FluxFinish(Variables((("a-b", "1"),))))


def test_common_metadata_stands_over_the_objects_own() -> None:
    finish = FluxFinish(labels=(("team", "a"),), annotations=(("x", "y"),))
    found = finished(finish, metadata={"name": "a", "labels": {"team": "b", "app": "c"}})

    assert found["metadata"] == {
        "name": "a",
        "labels": {"team": "a", "app": "c"},
        "annotations": {"x": "y"},
    }


def test_what_changes_nothing_gives_the_same_bytes() -> None:
    body = b'{"kind": "A",  "metadata": {"name": "x"}}'

    assert with_known(n="3")(body) == body


def test_a_value_of_any_kind_stays_what_it_is() -> None:
    held: dict[str, Any] = {"a": [1, 2.5, None, True, [], {}], "b": "${n}"}

    assert finished(with_known(n="x"), spec=held)["spec"] == {**held, "b": "x"}


def test_an_object_that_variables_make_none_is_refused() -> None:
    with pytest.raises(UnbuildableError):
        finished(with_known(n="["), apiVersion="${n}")
