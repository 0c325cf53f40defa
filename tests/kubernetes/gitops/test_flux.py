"""What Flux's Kustomizations declare."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bot.analysis.examine import MemoryBlobs
from bot.core.rendering import Declared
from bot.core.resource import Resource
from bot.core.tree import File
from bot.kubernetes.gitops import Declarations
from bot.kubernetes.gitops.variables.substitution import FluxFinish, Variables
from tests.kubernetes.gitops.declaring import GIT, KUSTOMIZATION, declared, flux, resources

APP = {"apps/shop/role.yaml": "kind: Role\n"}
PLACE = "clusters/prod"


def config_map(name: str, data: str, namespace: str = "flux-system") -> str:
    metadata = f"{{name: {name}, namespace: {namespace}}}"
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {metadata}\ndata: {data}\n"


def of(spec: str, **files: str) -> Declared:
    """The root that a Kustomization of `apps/shop` declares."""
    shown = {name.replace("__", "/").replace("_dot_", "."): held for name, held in files.items()}
    own = flux(f"path: ./apps/shop, {spec}")
    (found,) = declared({f"{PLACE}/git.yaml": GIT, f"{PLACE}/apps.yaml": own, **APP, **shown})
    return found


def built(found: Declared) -> object:
    (text,) = found.edits.values()
    return json.loads(text)


def test_a_kustomization_is_built_as_it_stands_where_flux_adds_nothing() -> None:
    found = of("prune: true", **{"apps__shop__kustomization.yaml": KUSTOMIZATION})

    assert (found.path, found.cluster, dict(found.edits)) == ("apps/shop", PLACE, {})
    assert (found.finish, found.hindrances) == (None, ())
    assert str(found.node) == "Kustomization/flux-system/apps spec.path"


def test_flux_writes_a_kustomization_over_all_yaml_where_there_is_none() -> None:
    found = of(
        "prune: true",
        **{
            "apps__shop__in__a.yml": "",
            "apps__shop__in__notes.txt": "",
            "apps__shop__deep__kustomization.yml": KUSTOMIZATION,
            "apps__shop__deep__b.yaml": "",
            "apps__shop__deep__deeper__Kustomization": "",
            "apps__shop__.sops.yaml": "",
            "apps__shop__.github__x.yaml": "",
        },
    )

    assert list(found.edits) == ["apps/shop/kustomization.yaml"]
    assert built(found) == {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": ["./deep", "./in/a.yml", "./role.yaml"],
    }


@pytest.mark.parametrize(
    ("git", "patterns"),
    [
        (GIT, "in/\n/apps/shop/deep/kustomization.yml\n"),
        (GIT.replace("'}", """', ignore: "in/\\n/apps/shop/deep/kustomization.yml"}"""), None),
    ],
)
def test_what_its_source_leaves_out_is_not_in_it(git: str, patterns: str | None) -> None:
    files = {
        f"{PLACE}/git.yaml": git,
        f"{PLACE}/apps.yaml": flux("path: ./apps/shop"),
        **APP,
        "apps/shop/in/a.yml": "",
        "apps/shop/deep/kustomization.yml": KUSTOMIZATION,
        "apps/shop/deep/b.yaml": "",
        **({"apps/.sourceignore": ""} if patterns is None else {".sourceignore": patterns}),
    }

    (found,) = declared(files)

    assert (built(found), found.left_out) == (
        {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": ["./deep/b.yaml", "./role.yaml"],
        },
        ("apps/shop/deep/kustomization.yml", "apps/shop/in/a.yml"),
    )


def test_a_sparse_source_has_only_what_it_checks_out() -> None:
    sparse = GIT.replace("'}", "', sparseCheckout: [./clusters, apps/shop/deep]}")
    files = {f"{PLACE}/git.yaml": sparse, f"{PLACE}/apps.yaml": flux("path: ./apps/shop"), **APP}

    (found,) = declared({**files, "apps/shop/deep/b.yaml": ""})

    assert found.left_out == ("apps/shop/role.yaml",)


def test_a_directory_without_yaml_builds_nothing() -> None:
    own = flux("path: docs")
    (found,) = declared({"git.yaml": GIT, "a/apps.yaml": own, "docs/notes.txt": ""})

    assert built(found) == {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": "_placeholder",
    }


def test_flux_writes_its_own_fields_over_the_kustomization() -> None:
    held = (
        "namespace: old\npatches: [{path: a.yaml}]\n"
        "images: [{name: web, newName: keep, newTag: '1'}, {name: db, digest: 'sha256:1'}]\n"
    )
    found = of(
        "targetNamespace: shop, namePrefix: a-, nameSuffix: -z, components: [../c, ../gone],"
        " ignoreMissingComponents: true, patches: [{patch: p, target: {kind: Deployment}}],"
        " patchesStrategicMerge: [{kind: A}], patchesJson6902: [{patch: [{op: remove}]}],"
        " images: [{name: web, newTag: '2'}, {name: db, newTag: '3'}, {name: new, newName: x}]",
        **{"apps__shop__kustomization.yaml": held, "apps__c__kustomization.yaml": ""},
    )

    assert found.namespace == "shop"
    assert built(found) == {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": "shop",
        "namePrefix": "a-",
        "nameSuffix": "-z",
        "components": ["../c"],
        "patches": [{"path": "a.yaml"}, {"patch": "p", "target": {"kind": "Deployment"}}],
        "patchesStrategicMerge": ['{"kind": "A"}'],
        "patchesJson6902": [{"patch": '[{"op": "remove"}]'}],
        "images": [
            {"name": "web", "newName": "keep", "newTag": "2"},
            {"name": "db", "newTag": "3"},
            {"name": "new", "newName": "x"},
        ],
    }


def test_a_kustomization_that_cannot_be_read_hinders() -> None:
    found = of("namePrefix: a-", **{"apps__shop__kustomization.yaml": "resources: {a: ["})

    assert found.hindrances == (
        "'apps/shop/kustomization.yaml' cannot be read: it is not YAML that can be read",
    )


@pytest.mark.parametrize(
    "git",
    [
        GIT.replace("example/infra", "example/other"),
        GIT.replace("GitRepository", "OCIRepository"),
    ],
)
def test_another_source_declares_nothing_here(git: str) -> None:
    own = flux("path: apps/shop").replace(
        "GitRepository", "GitRepository" if "kind: Git" in git else "OCIRepository"
    )

    assert declared({"git.yaml": git, "apps.yaml": own, **APP}) == []


def test_without_its_source_a_path_that_exists_counts() -> None:
    both = flux("path: apps/shop") + "---\n" + flux("path: apps/gone", name="gone")

    assert [found.path for found in declared({"a/apps.yaml": both, **APP})] == ["apps/shop"]


def test_a_path_that_is_not_in_the_tree_is_said() -> None:
    (found,) = declared({"a/git.yaml": GIT, "a/apps.yaml": flux("path: apps/gone"), **APP})

    assert found.hindrances == ("its path 'apps/gone' is not in the tree",)


def test_variables_come_from_config_maps_in_order_and_its_own_stand_over_them() -> None:
    found = of(
        "postBuild: {substitute: {c: own}, substituteFrom:"
        " [{kind: ConfigMap, name: one}, {kind: ConfigMap, name: two}]}",
        one_dot_yaml=config_map("one", "{a: '1', b: '1'}"),
        two_dot_yaml=config_map("two", '{b: "2\\n", c: "2"}'),
    )

    assert found.finish == FluxFinish(Variables((("a", "1"), ("b", "2"), ("c", "own"))))


@pytest.mark.parametrize("reference", ["{kind: Secret, name: s}", "{kind: ConfigMap, name: gone}"])
def test_what_only_the_cluster_has_may_set_all_but_what_comes_after_it(reference: str) -> None:
    found = of(
        "postBuild: {substitute: {c: own}, substituteFrom: [{kind: ConfigMap, name: one}, "
        f"{reference}, {{kind: ConfigMap, name: two}}]}}",
        one_dot_yaml=config_map("one", "{a: '1'}"),
        two_dot_yaml=config_map("two", "{b: '2'}"),
        secret_dot_yaml=config_map("s", "{z: '1'}").replace("ConfigMap", "Secret"),
    )

    owner = "Kustomization/flux-system/apps"
    assert found.finish == FluxFinish(Variables((("b", "2"), ("c", "own")), owner))


def test_of_config_maps_for_several_clusters_the_nearest_counts() -> None:
    from_settings = "path: apps/shop, postBuild: {substituteFrom: [{kind: ConfigMap, name: s}]}"
    files = {"git.yaml": GIT, **APP}
    for name in ("prod", "stage"):
        files[f"clusters/{name}/apps.yaml"] = flux(from_settings)
        files[f"clusters/{name}/vars/s.yaml"] = config_map("s", f"{{env: {name}}}")

    assert [(found.cluster, found.finish) for found in declared(files)] == [
        ("clusters/prod", FluxFinish(Variables((("env", "prod"),)))),
        ("clusters/stage", FluxFinish(Variables((("env", "stage"),)))),
    ]


def test_config_maps_that_are_as_near_are_known_only_if_they_agree() -> None:
    spec = "postBuild: {substituteFrom: [{kind: ConfigMap, name: s}]}"
    one, other = config_map("s", "{a: '1'}"), config_map("s", "{a: '2'}")
    owner = "Kustomization/flux-system/apps"

    assert of(spec, x__a_dot_yaml=one, y__a_dot_yaml=one).finish == FluxFinish(
        Variables((("a", "1"),))
    )
    assert of(spec, x__a_dot_yaml=one, y__a_dot_yaml=other).finish == FluxFinish(
        Variables((), owner)
    )


def test_common_metadata_is_put_on_every_object() -> None:
    found = of("commonMetadata: {labels: {team: a}, annotations: {b: c}}")

    assert found.finish == FluxFinish(labels=(("team", "a"),), annotations=(("b", "c"),))


def test_a_cluster_is_named_by_the_path_that_flux_begins_at() -> None:
    files = {
        "clusters/prod/flux-system/sync.yaml": GIT
        + "---\n"
        + flux("path: ./clusters/prod", name="flux-system"),
        "clusters/prod/apps/apps.yaml": flux("path: apps/shop"),
        "apps/shop/inner.yaml": flux("path: other", name="inner"),
        "other/a.yaml": "kind: Role\n",
    }

    assert [(found.path, found.cluster) for found in declared(files)] == [
        ("clusters/prod", "clusters/prod"),
        ("apps/shop", "clusters/prod"),
        ("other", "clusters/prod"),
    ]


def test_what_two_clusters_share_is_declared_for_each() -> None:
    files = {
        "git.yaml": GIT,
        "clusters/prod/apps.yaml": flux("path: apps/shop"),
        "clusters/stage/apps.yaml": flux("path: apps/shop"),
        "apps/shop/inner.yaml": flux("path: other", name="inner"),
        "other/a.yaml": "kind: Role\n",
    }

    assert [(found.path, found.cluster) for found in declared(files)] == [
        ("apps/shop", "clusters/prod"),
        ("apps/shop", "clusters/stage"),
        ("other", "clusters/prod"),
        ("other", "clusters/stage"),
    ]


def test_kustomizations_that_apply_one_another_end() -> None:
    files = {
        "git.yaml": GIT,
        "a/b.yaml": flux("path: b", name="b"),
        "b/a.yaml": flux("path: a", name="a"),
    }

    assert [(found.path, found.cluster) for found in declared(files)] == [("b", "a"), ("a", "b")]


def test_a_kubeconfig_leads_to_another_cluster() -> None:
    found = of("kubeConfig: {secretRef: {name: edge}}")

    assert found.cluster == f"{PLACE}:edge"


def test_a_rendered_object_is_in_the_clusters_of_what_it_was_rendered_from() -> None:
    files = {
        "git.yaml": GIT,
        "clusters/prod/apps.yaml": flux("path: overlays/prod"),
        "clusters/stage/apps.yaml": flux("path: overlays/stage"),
        "base/inner.yaml": flux("path: apps/shop", name="inner"),
    }
    *written, inner = resources(files)
    source = replace(inner.source, root="kustomization:overlays/prod:Kustomization/x")
    rendered = Resource(inner.key, inner.api_version, inner.encoded, source)
    tree = {"apps/shop/a.yaml": File("100644", "a", 1)}

    found = Declarations(MemoryBlobs({}))([*written, rendered], tree)

    assert [held.cluster for held in found if held.path == "apps/shop"] == ["clusters/prod"]


def test_json_is_no_part_of_what_flux_generates() -> None:
    files = {**APP, "apps/shop/x.json": "{}"}

    (found,) = declared({"git.yaml": GIT, "apps.yaml": flux("path: apps/shop"), **files})

    assert "x.json" not in "".join(found.edits.values())
    assert found.left_out == ("apps/shop/x.json",)
