"""Values that only a cluster knows."""

from __future__ import annotations

from bot.core.resource import route_text
from bot.kubernetes.gitops import holds_unknown, indeterminate, unknowns
from bot.kubernetes.gitops.unknowns import unknown, without_placeholders
from tests.kubernetes.gitops.declaring import resources

TOKEN = unknown("owner", "name")


def test_an_unknown_value_is_the_same_for_the_same_words_alone() -> None:
    assert unknown("owner", "name") == TOKEN
    assert unknown("owner", "other") != TOKEN


def test_a_value_holds_what_is_unknown_however_deep() -> None:
    assert holds_unknown({"a": ({"b": f"x-{TOKEN}"},)})
    assert holds_unknown({TOKEN: 1})
    assert not holds_unknown({"a": (1, None, True, "plain")})


def test_what_is_unknown_matters_where_rules_look() -> None:
    text = f"""
apiVersion: v1
kind: Pod
metadata: {{name: a, annotations: {{note: {TOKEN}}}}}
spec:
  hostNetwork: {TOKEN}
  containers:
  - {{name: web, image: 'nginx:{TOKEN}', env: [{{name: A, value: {TOKEN}}}], {TOKEN}: 1}}
"""
    (pod,) = resources({"a.yaml": text})

    assert sorted(route_text(node.route) for node in indeterminate(pod)) == [
        "spec.containers[name=web].image",
        "spec.hostNetwork",
    ]
    assert len(list(unknowns(pod))) == 5


def test_what_is_known_throughout_is_determinate() -> None:
    (pod,) = resources({"a.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"})

    assert list(indeterminate(pod)) == []


def test_a_sentence_shows_no_placeholder() -> None:
    assert without_placeholders(f"pods with a={TOKEN}-x") == "pods with a=(unknown)-x"
    assert without_placeholders("pods with a=b") == "pods with a=b"
