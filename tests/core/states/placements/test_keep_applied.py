"""What head's text cannot say is not gone from the cluster."""

from __future__ import annotations

from tests.states import Files, Grove, resource

ACCOUNT = resource("ServiceAccount", "api")
BASE: Files = {"a.yaml": ACCOUNT, "b.yaml": resource("ConfigMap", "b")}


def held(base: Files, head: Files) -> list[list[str]]:
    (pair,) = Grove(base, head).states().pairs
    return [
        sorted(str(found.key) for found in side.resources) for side in (pair.before, pair.after)
    ]


def test_a_file_that_is_refused_at_head_removes_nothing() -> None:
    both = ["ConfigMap/default/b", "ServiceAccount/default/api"]

    assert held(BASE, {**BASE, "a.yaml": ACCOUNT + "x: [\n"}) == [both, both]


def test_what_head_says_before_the_error_counts_as_head_says_it() -> None:
    head = {**BASE, "a.yaml": resource("ServiceAccount", "new") + "---\nx: [\n"}

    assert held(BASE, head)[1] == [
        "ConfigMap/default/b",
        "ServiceAccount/default/api",
        "ServiceAccount/default/new",
    ]


def test_a_kustomization_that_head_breaks_removes_nothing() -> None:
    base: Files = {**BASE, "kustomization.yaml": "resources: [a.yaml, b.yaml]\n"}
    both = ["ConfigMap/default/b", "ServiceAccount/default/api"]

    head = {**base, "kustomization.yaml": "resources: [a.yaml, b.yaml]\nnamePrefix: x-\n"}
    assert held(base, head) == [both, both]


def test_a_file_that_is_gone_takes_its_resources_along() -> None:
    assert held(BASE, {"b.yaml": BASE["b.yaml"]})[1] == ["ConfigMap/default/b"]
