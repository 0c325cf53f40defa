"""What Argo CD's Applications declare."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bot.analysis.examine import MemoryBlobs
from bot.core.rendering import Release
from bot.core.resource import GroupKind, Resource
from bot.core.tree import File
from bot.kubernetes.gitops import Declarations
from tests.kubernetes.gitops.declaring import (
    KUSTOMIZATION,
    REPOSITORY,
    application,
    declared,
    only,
    resources,
    unbuilt,
)
from tests.states import Grove

IN_CLUSTER = "{server: 'https://kubernetes.default.svc', namespace: shop}"
CHART = {"charts/shop/Chart.yaml": "name: shop\n", "charts/shop/values.yaml": "a: 1\n"}
ROLE = "kind: Role\n"


def kustomize(options: str, kustomization: str = KUSTOMIZATION) -> object:
    """The kustomization that Argo CD builds for these options."""
    source = f"path: apps/shop, kustomize: {options}"
    files = {"app.yaml": application(source), "apps/shop/kustomization.yaml": kustomization}
    found = only(files)
    assert found.hindrances == ()
    return json.loads(found.edits["apps/shop/kustomization.yaml"])


def helm(options: str, **files: str) -> Release:
    """How Argo CD releases the chart for these options."""
    source = f"path: charts/shop, helm: {options}"
    shown = {name.replace("__", "/"): text for name, text in files.items()}
    whole = {"app.yaml": application(source, destination=IN_CLUSTER), **CHART, **shown}
    found = only(whole)
    assert found.hindrances == ()
    assert found.release is not None
    return found.release


def why_not(source: str, **files: str) -> tuple[str, ...]:
    shown = {name.replace("__", "/"): text for name, text in files.items()}
    tree = {"apps/shop/role.yaml": ROLE, **CHART, **shown}
    return only({"app.yaml": application(source), **tree}).hindrances


def test_a_kustomization_is_built_for_the_cluster_of_the_destination() -> None:
    files = {
        "app.yaml": application("path: apps/shop", destination="{name: prod, namespace: shop}"),
        "apps/shop/kustomization.yaml": KUSTOMIZATION,
    }
    found = only(files)

    assert (found.path, found.cluster, found.namespace) == ("apps/shop", "prod", "shop")
    assert (dict(found.edits), found.release, found.files) == ({}, None, None)
    assert str(found.node) == "Application/argocd/shop spec.source.path"


def test_a_directory_takes_its_own_files_alone() -> None:
    tree = {"apps/shop/a.yaml": ROLE, "apps/shop/b.txt": "", "apps/shop/in/c.yaml": ROLE}

    found = only({"app.yaml": application("path: ./apps/shop/"), **tree})

    assert found.files == ("apps/shop/a.yaml",)


def test_a_directory_may_recurse_include_and_exclude() -> None:
    options = "directory: {recurse: true, include: '{a,in/*}.yaml', exclude: '*/d.yaml'}"
    names = ("a", "b", "in/c", "in/d")
    tree = {f"apps/shop/{name}.yaml": ROLE for name in names}

    found = only({"app.yaml": application(f"path: apps/shop, {options}"), **tree})

    assert found.files == ("apps/shop/a.yaml", "apps/shop/in/c.yaml")


def test_a_source_in_another_repository_declares_nothing_here() -> None:
    text = application("path: apps/shop").replace("example/infra", "example/other")

    files = {"app.yaml": text, "apps/shop/a.yaml": ROLE}

    assert declared(files) == []
    assert len(unbuilt(files)) == 1


def test_without_known_addresses_a_path_that_exists_counts() -> None:
    files = {"app.yaml": application("path: apps/shop"), "apps/shop/a.yaml": ROLE}

    assert [found.path for found in declared(files, own="")] == ["apps/shop"]
    assert declared({"app.yaml": application("path: apps/gone")}, own="") == []


def test_a_path_that_is_not_in_the_tree_is_said() -> None:
    assert why_not("path: apps/gone") == ("its path 'apps/gone' is not in the tree",)


def test_a_path_that_leaves_the_tree_declares_nothing() -> None:
    assert declared({"app.yaml": application("path: ../other"), "a.yaml": ROLE}) == []


@pytest.mark.parametrize(
    ("url", "repository"),
    [
        ("https://charts.example.com/a", "https://charts.example.com/a"),
        ("ghcr.io/example/charts", "oci://ghcr.io/example/charts"),
        ("oci://ghcr.io/example/charts", "oci://ghcr.io/example/charts"),
    ],
)
def test_a_chart_from_elsewhere_is_a_root_where_its_application_lies(
    url: str, repository: str
) -> None:
    text = application("chart: nginx, targetRevision: 1.2.3").replace(f"{REPOSITORY}.git", url)

    (found,) = declared({"apps/app.yaml": text, "a.yaml": ROLE})

    assert found.chart is not None
    named = (found.chart.repository, found.chart.name, found.chart.version)
    assert (found.path, named) == ("apps", (repository, "nginx", "1.2.3"))
    assert str(found.chart.node) == "Application/argocd/shop spec.source.targetRevision"
    assert found.release == Release(name="shop", namespace="", upgraded=False)


def test_two_charts_of_one_application_are_two_roots() -> None:
    sources = "".join(
        f"{{repoURL: 'https://charts.example.com', chart: {it}, targetRevision: 1.2.3}}, "
        for it in ("nginx", "redis")
    )
    text = application("path: x").replace("source: {", f"sources: [{sources}], source: {{")

    found = declared({"app.yaml": text})

    assert [it.chart and it.chart.name for it in found] == ["nginx", "redis"]


@pytest.mark.parametrize("named", ["values-prod.yaml", "../../a.yaml", "/a.yaml", "*.yaml"])
def test_a_values_file_of_a_chart_from_elsewhere_is_none_of_the_tree(named: str) -> None:
    text = application(f"chart: nginx, targetRevision: 1.2.3, helm: {{valueFiles: ['{named}']}}")

    (found,) = declared({"app.yaml": text, "a.yaml": ROLE, "values-prod.yaml": "a: b\n"})

    assert found.hindrances == (f"its values file {named!r} is in the chart, which lies elsewhere",)


def test_several_sources_take_the_place_of_one_and_share_values_files() -> None:
    ours = "repoURL: 'https://github.com/example/infra'"
    text = application("path: nowhere").replace(
        "spec: {",
        f"spec: {{sources: [{{{ours}, path: charts/shop,"
        " helm: {valueFiles: [$v/env/prod.yaml]}},"
        f" {{{ours}, ref: v}}], ",
    )
    found = only({"app.yaml": text, **CHART, "env/prod.yaml": "a: 2\n"})

    assert found.release is not None
    assert found.release.values_files == ("env/prod.yaml",)
    assert str(found.node) == "Application/argocd/shop spec.sources[path=charts/shop].path"


def test_a_values_file_of_another_repository_hinders() -> None:
    text = application("path: nowhere").replace(
        "spec: {",
        "spec: {sources: [{repoURL: 'https://github.com/example/infra', path: charts/shop,"
        " helm: {valueFiles: [$v/prod.yaml]}}, {repoURL: 'https://example.com/x', ref: v}], ",
    )

    assert only({"app.yaml": text, **CHART}).hindrances == (
        "its values file '$v/prod.yaml' is in another repository",
    )


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("path: apps/shop, plugin: {}", "a config management plugin of Argo CD renders it"),
        ("path: apps/shop, helm: {}", "there is no Chart.yaml at its path"),
        ("path: apps/shop, kustomize: {}", "there is no kustomization at its path"),
        (
            "path: apps/shop, helm: {}, kustomize: {}",
            "it says kustomize and helm at once, which Argo CD refuses",
        ),
        (
            "path: charts/shop, helm: {valueFiles: [gone.yaml]}",
            "its values file 'charts/shop/gone.yaml' is not in the tree",
        ),
        (
            "path: charts/shop, helm: {valueFiles: ['https://example.com/v.yaml']}",
            "one of its values files is fetched from elsewhere",
        ),
        (
            "path: charts/shop, helm: {valueFiles: [../../../v.yaml]}",
            "its values file '../../../v.yaml' is not in this repository",
        ),
        (
            "path: charts/shop, helm: {valueFiles: ['v/*.yaml']}",
            "no values file fits 'charts/shop/v/*.yaml'",
        ),
        ("path: charts/shop, helm: {valueFiles: [1]}", "one of its values files has no name"),
        (
            "path: charts/shop, helm: {valueFiles: [$ARGOCD_APP_REVISION.yaml]}",
            "which file '$ARGOCD_APP_REVISION.yaml' is cannot be known here",
        ),
        (
            f"path: charts/shop, helm: {{releaseName: {'x' * 54}}}",
            "Helm takes no release name longer than 53 characters",
        ),
        (
            "path: charts/shop, helm: {fileParameters: [{name: a, path: gone.txt}]}",
            "the file 'charts/shop/gone.txt' that it passes to Helm is not in the tree",
        ),
    ],
)
def test_what_cannot_be_built_says_why(source: str, why: str) -> None:
    assert why_not(source) == (why,)


def test_jsonnet_is_not_rendered_and_depends_on_what_it_imports() -> None:
    tree = {
        "app.yaml": application("path: apps/shop, directory: {jsonnet: {libs: [vendor]}}"),
        "apps/shop/a.jsonnet": "(import 'lib/x.libsonnet') + importstr @\"note.txt\" // 'other'\n",
        "apps/shop/lib/x.libsonnet": 'import /* "no" */ "far/y.libsonnet"',
        "apps/shop/note.txt": "",
        "apps/shop/other": "",
        "vendor/far/y.libsonnet": "{}",
        "far/y.libsonnet": "{}",
    }
    root = only(tree)

    assert root.hindrances == ("it holds Jsonnet, which is not rendered",)
    assert root.inputs == (
        "apps/shop/a.jsonnet",
        "apps/shop/lib/x.libsonnet",
        "apps/shop/note.txt",
        "vendor/far/y.libsonnet",
    )


def test_a_block_of_text_in_jsonnet_ends_where_its_indentation_does() -> None:
    block = "local text = |||\n    a\n\n    |||\n    b 'c.txt'\n  |||;\n"
    tree = {
        "app.yaml": application("path: apps/shop"),
        "apps/shop/a.jsonnet": f"{block}(import 'x.libsonnet') + {{z: |||\n  q\n|||}}\n",
        "apps/shop/x.libsonnet": "{}",
        "apps/shop/c.txt": "",
    }
    assert only(tree).inputs == ("apps/shop/a.jsonnet", "apps/shop/x.libsonnet")


def test_a_plugin_may_read_every_file_of_its_directory() -> None:
    tree = {
        "app.yaml": application("path: apps/shop, plugin: {}"),
        "apps/shop/settings.toml": "",
        "apps/shop/deep/a.txt": "",
    }
    assert only(tree).inputs == ("apps/shop/deep/a.txt", "apps/shop/settings.toml")


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (("zChart.yaml",), "a file whose name ends in Chart.yaml makes it a chart for Argo CD"),
        (("kustomization.yaml", "zChart.yaml"), "a file whose name ends in Chart.yaml makes it"),
        (("aChart.yaml", "kustomization.yaml"), ""),
        (("Chart.yaml", "kustomization.yaml"), ""),
        (("Chart.yml",), ""),
        (("deeper/zChart.yaml",), ""),
    ],
)
def test_the_last_file_in_path_order_says_how_a_directory_is_built(
    names: tuple[str, ...], why: str
) -> None:
    files = {f"apps/shop/{name}": "resources: []\n" for name in names}
    (hindrance,) = why_not("path: apps/shop", **files) or ("",)

    assert hindrance.startswith(why)
    assert bool(hindrance) == bool(why)


def test_a_symlink_may_make_a_directory_a_chart() -> None:
    files = {"app.yaml": application("path: apps/shop"), "apps/shop/role.yaml": ROLE}
    tree = {path: File("100644", path, len(text)) for path, text in files.items()}
    tree["apps/shop/zChart.yaml"] = File("120000", "link", 9)
    blobs = MemoryBlobs({path: text.encode() for path, text in files.items()})
    (root,) = Declarations(blobs)(resources(files), tree)

    assert root.hindrances != ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"kind": "A"}', ""),
        ('\ufeff{"kind": "A"}\n', ""),
        ("{}", "an object without a kind"),
        ('{"kind": ""}', "an object without a kind"),
        ("[]", "not a single JSON object"),
        ("{} {}", "not a single JSON object"),
        ("{", "not a single JSON object"),
        ("[] +argocd:skip-file-rendering", ""),
    ],
)
def test_a_json_file_that_is_not_one_object_hinders_the_whole_directory(
    text: str, why: str
) -> None:
    whole = f"'apps/shop/a.json' is {why}, which Argo CD refuses"

    assert why_not("path: apps/shop", **{"apps/shop/a.json": text}) == ((whole,) if why else ())


def test_kustomize_options_are_written_into_the_kustomization() -> None:
    options = (
        "{namePrefix: a-, nameSuffix: -z, namespace: shop, images: ['nginx=reg.io/nginx:1.2',"
        " 'redis@sha256:00', 'web:$ARGOCD_APP_NAME'], replicas: [{name: web, count: '3'}],"
        " commonLabels: {team: $ARGOCD_APP_NAMESPACE.x}, commonAnnotations: {a: $x},"
        " patches: [{patch: p}], components: [../c, ../c]}"
    )
    assert kustomize(options) == {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [],
        "namePrefix": "a-",
        "nameSuffix": "-z",
        "namespace": "shop",
        "images": [
            {"name": "nginx", "newName": "reg.io/nginx", "newTag": "1.2"},
            {"name": "redis", "digest": "sha256:00"},
            {"name": "web", "newTag": "shop"},
        ],
        "replicas": [{"name": "web", "count": 3}],
        "commonLabels": {"team": ".x"},
        "commonAnnotations": {"a": "$x"},
        "patches": [{"patch": "p"}],
        "components": ["../c", "../c"],
    }


def test_images_stand_over_those_of_the_kustomization() -> None:
    held = "images: [{name: b, newName: keep/b, newTag: '1'}, {name: a, digest: 'sha256:1'}]\n"

    assert kustomize("{images: ['b=*:2', 'a=x/a']}", held) == {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "images": [
            {"name": "a", "newName": "x/a"},
            {"name": "b", "newName": "keep/b", "newTag": "2"},
        ],
    }


def test_labels_may_leave_selectors_alone() -> None:
    options = "{commonLabels: {a: b}, labelWithoutSelector: true, labelIncludeTemplates: true}"

    assert kustomize(options, "labels: [{pairs: {c: d}}]\n") == {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "labels": [{"pairs": {"c": "d"}}, {"pairs": {"a": "b"}, "includeTemplates": True}],
    }


def test_a_label_that_is_there_hinders_unless_it_is_forced() -> None:
    held = {"apps/shop/kustomization.yaml": "commonLabels: {a: b}\n"}
    source = "path: apps/shop, kustomize: {commonLabels: {a: c}FORCE}"
    plain = {"app.yaml": application(source.replace("FORCE", "")), **held}
    forced = {"app.yaml": application(source.replace("FORCE", ", forceCommonLabels: true")), **held}

    assert only(plain).hindrances == ("its kustomization has 'a' in 'commonLabels' already",)
    assert json.loads(*only(forced).edits.values())["commonLabels"] == {"a": "c"}


def test_components_that_are_missing_may_be_left_out() -> None:
    options = "{ignoreMissingComponents: true, components: [../gone], nameSuffix: -a}"

    assert "components" not in dict(kustomize(options))  # type: ignore[call-overload]


def test_settings_that_change_no_file_change_none() -> None:
    files = {
        "app.yaml": application("path: apps/shop, kustomize: {version: v5, images: []}"),
        "apps/shop/kustomization.yaml": KUSTOMIZATION,
    }

    assert dict(only(files).edits) == {}


def test_a_chart_is_released_under_the_applications_name() -> None:
    assert helm("{}") == Release("shop", "shop", upgraded=False)


def test_values_lie_over_one_another_in_helms_order() -> None:
    options = (
        "{releaseName: web, valueFiles: [prod.yaml, /env/all.yaml], valuesObject: {b: 1},"
        " values: 'b: 2', skipCrds: true, kubeVersion: '1.30', apiVersions: [x/v1],"
        " parameters: [{name: t, value: '1', forceString: true}, {name: img.tag, value: 'a,b'}],"
        " fileParameters: [{name: file, path: notes.txt}]}"
    )
    found = helm(
        options,
        **{
            "charts__shop__prod.yaml": "",
            "env__all.yaml": "",
            "charts__shop__notes.txt": "a\\b,c",
        },
    )

    assert found == Release(
        "web",
        "shop",
        ("charts/shop/prod.yaml", "env/all.yaml"),
        ('{"b": 1}', '{"file": "a\\\\b,c", "img": {"tag": "a,b"}, "t": "1"}'),
        kubernetes="1.30",
        api_versions=("x/v1",),
        crds=False,
        upgraded=False,
    )


def test_values_that_are_a_text_are_handed_on_as_they_stand() -> None:
    assert helm("{values: 'a: [1'}").values == ("a: [1",)


def test_missing_values_files_may_be_ignored() -> None:
    assert helm("{valueFiles: [gone.yaml, 'x*.yaml'], ignoreMissingValueFiles: true}") == Release(
        "shop", "shop", upgraded=False
    )


def test_a_glob_names_values_files_but_those_named_by_themselves() -> None:
    files = {f"charts__shop__v__{name}.yaml": "" for name in "abc"}

    assert helm("{valueFiles: ['v/*.yaml', v/a.yaml]}", **files).values_files == (
        "charts/shop/v/b.yaml",
        "charts/shop/v/c.yaml",
        "charts/shop/v/a.yaml",
    )


def test_overrides_in_the_directory_lie_over_the_source() -> None:
    tree = {
        "app.yaml": application("path: apps/shop, kustomize: {namePrefix: a-, images: ['x:1']}"),
        "apps/shop/kustomization.yaml": KUSTOMIZATION,
        "apps/shop/.argocd-source.yaml": "path: elsewhere\nkustomize: {namePrefix: null}\n",
        "apps/shop/.argocd-source-shop.yaml": "kustomize: {images: ['x:2']}\n",
        "apps/shop/.argocd-source-other.yaml": "kustomize: {images: ['x:3']}\n",
    }
    found = only(tree)
    built = json.loads(*found.edits.values())

    assert found.path == "apps/shop"
    assert found.inputs == ("apps/shop/.argocd-source.yaml", "apps/shop/.argocd-source-shop.yaml")
    assert (built.get("namePrefix"), built["images"]) == (None, [{"name": "x", "newTag": "2"}])


def test_an_application_of_another_namespace_has_override_files_of_its_own() -> None:
    found = only(
        {
            "app.yaml": application("path: apps/shop").replace("namespace: argocd", "namespace: a"),
            "apps/shop/web.yaml": ROLE,
            "apps/shop/role.yaml": ROLE,
            "apps/shop/.argocd-source-a_shop.yaml": "directory: {exclude: web.yaml}\n",
        }
    )

    assert (found.files, found.inputs, found.left_out) == (
        ("apps/shop/.argocd-source-a_shop.yaml", "apps/shop/role.yaml"),
        ("apps/shop/.argocd-source-a_shop.yaml",),
        ("apps/shop/web.yaml",),
    )


def test_overrides_that_cannot_be_read_hinder() -> None:
    tree = {
        "app.yaml": application("path: apps/shop"),
        "apps/shop/kustomization.yaml": KUSTOMIZATION,
        "apps/shop/.argocd-source.yaml": "a: [",
    }

    assert only(tree).hindrances == (
        "'apps/shop/.argocd-source.yaml' cannot be read: it is not YAML that can be read",
    )


@pytest.mark.parametrize(
    ("destination", "cluster"),
    [
        ("{name: prod-eu}", "prod-eu"),
        ("{name: in-cluster}", "in-cluster"),
        ("{server: 'https://kubernetes.default.svc/'}", "in-cluster"),
        ("{server: 'https://10.0.0.1:6443'}", "10.0.0.1:6443"),
        ("{namespace: shop}", ""),
    ],
)
def test_a_destination_names_the_cluster(destination: str, cluster: str) -> None:
    files = {
        "app.yaml": application("path: apps/shop", destination=destination),
        "apps/shop/a.yaml": ROLE,
    }

    assert only(files).cluster == cluster


def test_two_argo_cds_never_share_a_cluster_of_their_own() -> None:
    text = application("path: apps/shop", destination=IN_CLUSTER)
    other = application("path: apps/shop", destination=IN_CLUSTER, name="other")
    files = {
        "clusters/a/argocd/shop.yaml": text,
        "clusters/b/argocd/shop.yaml": text,
        "clusters/b/argocd/other.yaml": other,
        "clusters.yaml": other.replace("other", "third"),
        "apps/shop/a.yaml": ROLE,
    }

    assert [(found.node.resource.name, found.cluster) for found in declared(files)] == [
        ("shop", "clusters/a"),
        ("shop", "clusters/b"),
        ("other", "clusters/b"),
        ("third", "in-cluster"),
    ]


def clusters_of(base: dict[str, str], head: dict[str, str]) -> list[str]:
    """The clusters of what base declares, where head is known."""
    tree = {"apps/shop/a.yaml": File("100644", "a", 1)}
    before, after = resources(base), resources(head)
    found = Declarations(MemoryBlobs({}))(before, tree, [*before, *after])
    return [held.cluster for held in found]


def test_an_application_that_moved_is_one_argo_cd() -> None:
    text = application("path: apps/shop", destination=IN_CLUSTER)

    assert clusters_of({"old/shop.yaml": text}, {"new/shop.yaml": text}) == ["in-cluster"]


def test_an_argo_cd_that_only_head_adds_parts_base_as_well() -> None:
    text = application("path: apps/shop", destination=IN_CLUSTER)

    assert clusters_of({"a/shop.yaml": text}, {"a/shop.yaml": text, "b/shop.yaml": text}) == ["a"]


def test_rendered_applications_are_told_apart_by_what_they_were_rendered_from() -> None:
    text = application("path: apps/shop", destination=IN_CLUSTER)
    (found,) = resources({"apps/base/shop.yaml": text})
    rendered = [
        Resource(found.key, found.api_version, found.encoded, replace(found.source, root=root))
        for root in ("kustomization:clusters/a/apps", "kustomization:clusters/b/apps:x")
    ]
    tree = {"apps/shop/a.yaml": File("100644", "a", 1)}

    assert [held.cluster for held in Declarations(MemoryBlobs({}))(rendered, tree)] == [
        "clusters/a",
        "clusters/b",
    ]


@pytest.mark.parametrize(
    ("options", "held", "why"),
    [
        (
            "{replicas: [{name: web, count: many}]}",
            KUSTOMIZATION,
            "the replicas that it sets have no name or no count",
        ),
        (
            "{images: [nginx]}",
            KUSTOMIZATION,
            "kustomize takes 'nginx' for no image with a version",
        ),
        (
            "{patches: [{patch: p}]}",
            "patches: {a: b}\n",
            "the field 'patches' of its kustomization is no list",
        ),
        (
            "{nameSuffix: -a}",
            "- a\n",
            "'apps/shop/kustomization.yaml' cannot be read: it is not a mapping",
        ),
    ],
)
def test_an_edit_that_argo_cd_cannot_make_hinders(options: str, held: str, why: str) -> None:
    files = {
        "app.yaml": application(f"path: apps/shop, kustomize: {options}"),
        "apps/shop/kustomization.yaml": held,
    }

    assert only(files).hindrances == (why,)


def test_labels_join_those_that_are_put_in_the_same_way() -> None:
    options = "{commonLabels: {a: b}, labelWithoutSelector: true}"
    built = kustomize(options, "labels: [{pairs: {c: d}}]\n")

    assert dict(built)["labels"] == [{"pairs": {"a": "b", "c": "d"}}]  # type: ignore[call-overload]


def test_annotations_may_have_variables() -> None:
    options = "{commonAnnotations: {a: '$$x-${ARGOCD_APP_NAME}'}, commonAnnotationsEnvsubst: true}"

    assert dict(kustomize(options))["commonAnnotations"] == {"a": "$x-shop"}  # type: ignore[call-overload]


@pytest.mark.parametrize("size", [1, 1 << 30])
def test_a_kustomization_without_content_hinders(size: int) -> None:
    text = application("path: apps/shop, kustomize: {nameSuffix: -a}")
    path = "apps/shop/kustomization.yaml"
    (found,) = Declarations(MemoryBlobs({}))(
        resources({"app.yaml": text}), {path: File("100644", "gone", size)}
    )

    assert found.hindrances == (
        f"the content of {path!r} is not in the repository"
        if size == 1
        else f"{path!r} is too large to be read",
    )


def test_the_dry_source_of_a_hydrator_is_the_source() -> None:
    text = application("path: apps/gone").replace(
        "source: {", "sourceHydrator: {syncSource: {path: x, targetBranch: y}, drySource: {"
    ).replace("apps/gone}", "apps/shop}}")  # fmt: skip

    assert only({"app.yaml": text, "apps/shop/a.yaml": ROLE}).path == "apps/shop"


def test_sources_keep_their_order() -> None:
    sources = ", ".join(f"{{repoURL: '{REPOSITORY}', path: {path}}}" for path in ("b", "a"))
    text = application("path: x").replace("source: {", f"sources: [{sources}], source: {{")

    found = declared({"app.yaml": text, "a/x.yaml": ROLE, "b/x.yaml": ROLE})

    assert [(root.path, root.order) for root in found] == [("b", 0), ("a", 1)]


def test_of_two_sources_that_hold_one_object_the_later_one_is_applied() -> None:
    sources = ", ".join(f"{{repoURL: '{REPOSITORY}', path: {path}}}" for path in ("b", "a"))
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x}}\ndata: {{from: {}}}\n"
    files = {path: config.format(path[0]) for path in ("a/x.yaml", "b/x.yaml")}
    files["app.yaml"] = application("path: x").replace("source: {", f"sources: [{sources}], s: {{")

    (pair,) = Grove({}, files).states(gitops=True).pairs

    (found,) = pair.after.of(GroupKind("", "ConfigMap"))
    assert found.at("data", "from").text == "a"
