"""Which files are manifests."""

from __future__ import annotations

from bot.core.policy.model import Policy
from tests.states import Grove, resource

HELD = resource("ConfigMap", "held")


def test_only_manifest_names_outside_hidden_ignored_and_template_directories_count() -> None:
    files = {
        "a.yaml": HELD,
        "b/c.yml": HELD,
        "b/d.json": '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held"}}',
        "e.txt": HELD,
        ".github/f.yaml": HELD,
        "g/.hidden/h.yaml": HELD,
        ".top.yaml": HELD,
        "vendor/x/i.yaml": HELD,
        "chart/Chart.yaml": "name: chart\n",
        "chart/values.yaml": "a: b\n",
        "chart/templates/j.yaml": HELD,
        "chart/templates/kustomization.yaml": "resources: [{{ .Values.x }}]\n",
        "chart/crds/k.yaml": HELD,
        "chart/deploy/l.yaml": HELD,
    }

    states = Grove({}, files).states(Policy(ignore=("vendor/**",)))

    assert sorted({path for pair in states.pairs for path in pair.after.files}) == [
        ".top.yaml",
        "a.yaml",
        "b/c.yml",
        "b/d.json",
        "chart/deploy/l.yaml",
    ]


def test_a_document_is_a_resource_if_its_kind_and_names_are_strings() -> None:
    texts = {
        "a.yaml": resource("ConfigMap", "one"),
        "b.yaml": "apiVersion: v1\nkind: ''\nmetadata: {name: two}\n",
        "c.yaml": "apiVersion: v1\nkind: 5\nmetadata: {name: three}\n",
        "d.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Values.x }}}\n",
        "e.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 4}\n",
        "f.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: five, namespace: [a]}\n",
        "g.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: text\n",
        "h.yaml": "apiVersion: v1\nkind: ConfigMap\n",
        "i.yaml": "apiVersion: {a: b}\nkind: ConfigMap\nmetadata: {name: six}\n",
    }

    (pair,) = Grove({}, texts).states().pairs

    assert [str(found.key) for found in pair.after.resources] == ["ConfigMap/default/one"]


def test_generated_names_have_no_identity_and_never_override_each_other() -> None:
    job = "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: run-}\nspec: {a: %d}\n"

    (pair,) = Grove({}, {"b.yaml": job % 1, "a.yaml": job % 2}).states().pairs

    found = {str(held.key): held.at("spec", "a").integer for held in pair.after.resources}
    assert found == {"Job/default/run-*": 1, "Job/default/run-*2": 2}


def test_effective_namespaces() -> None:
    texts = {
        "a.yaml": resource("ConfigMap", "explicit", namespace="shop"),
        "b.yaml": resource("ConfigMap", "implicit"),
        "c.yaml": resource("Namespace", "space", namespace="ignored"),
        "d.yaml": resource("Gadget", "cluster", namespace="ignored", api="example.com/v1"),
        "e.yaml": resource("Widget", "namespaced", api="example.com/v1"),
        "chart/Chart.yaml": "name: chart\n",
        "f.yaml": resource("Sprocket", "cluster", api="example.com/v1"),
        "chart/crds/crd.yaml": resource(
            "CustomResourceDefinition",
            "sprockets.example.com",
            "spec: {group: example.com, scope: Cluster, names: {kind: Sprocket}}",
            api="apiextensions.k8s.io/v1",
        ),
        "crd.yaml": resource(
            "CustomResourceDefinition",
            "gadgets.example.com",
            "spec: {group: example.com, scope: Cluster, names: {kind: Gadget}}",
            api="apiextensions.k8s.io/v1",
        ),
    }

    (pair,) = Grove({}, texts).states(namespace="team").pairs

    assert sorted(str(found.key) for found in pair.after.resources) == [
        "ConfigMap/shop/explicit",
        "ConfigMap/team/implicit",
        "CustomResourceDefinition/gadgets.example.com",
        "Gadget/cluster",
        "Namespace/space",
        "Sprocket/cluster",
        "Widget/team/namespaced",
    ]


def test_a_crd_has_no_say_about_kinds_of_kubernetes_itself() -> None:
    liar = resource(
        "CustomResourceDefinition",
        "x",
        "spec: {group: rbac.authorization.k8s.io, scope: Cluster, names: {kind: RoleBinding}}",
        api="apiextensions.k8s.io/v1",
    )
    binding = resource("RoleBinding", "b", api="rbac.authorization.k8s.io/v1")

    (pair,) = Grove({}, {"a.yaml": liar, "b.yaml": binding}).states().pairs

    assert "RoleBinding/default/b" in {str(found.key) for found in pair.after.resources}
