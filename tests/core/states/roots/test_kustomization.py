"""Kustomizations: listed resources, the namespace, and everything that is not read here."""

from __future__ import annotations

import pytest

from bot.core.state import State
from tests.states import Files, Grove, resource

RBAC = "rbac.authorization.k8s.io/v1"
ACCOUNT = resource("ServiceAccount", "runner", namespace="here")
BINDING = resource(
    "ClusterRoleBinding",
    "admin",
    "subjects:",
    "- {kind: ServiceAccount, name: runner, namespace: here}",
    "- {kind: ServiceAccount, name: default, namespace: there}",
    "- {kind: ServiceAccount, name: other, namespace: there}",
    "- {kind: ServiceAccount, name: runner, namespace: elsewhere}",
    api=RBAC,
)


def after(files: Files) -> State:
    (pair,) = Grove({}, files).states().pairs
    return pair.after


def messages(base: Files, head: Files) -> list[tuple[bool, str, str, str]]:
    found = Grove(base, head).states().troubles
    return [(held.new, held.path, held.side, held.message) for held in found]


@pytest.mark.parametrize("name", ["kustomization.yaml", "kustomization.yml", "Kustomization"])
def test_listed_resources_are_read_through_local_bases(name: str) -> None:
    state = after(
        {
            f"app/{name}": "resources: [a.yaml, ../base]\n",
            "app/a.yaml": resource("ConfigMap", "a"),
            "app/unlisted.yaml": resource("ConfigMap", "unlisted"),
            "base/kustomization.yaml": "bases: [deeper]\n",
            "base/deeper/kustomization.yaml": "resources: [./b.yaml]\nkind: Kustomization\n",
            "base/deeper/b.yaml": resource("ConfigMap", "b"),
        }
    )

    assert sorted((held.name, held.source.kustomize) for held in state.resources) == [
        ("a", True),
        ("b", True),
    ]


def test_the_namespace_is_applied_as_kustomize_does() -> None:
    state = after(
        {
            "kustomization.yaml": "namespace: prod\nresources: [all.yaml]\n",
            "all.yaml": "---\n".join(
                [
                    ACCOUNT,
                    BINDING,
                    resource("ConfigMap", "free"),
                    resource("Namespace", "here"),
                    resource(
                        "ValidatingWebhookConfiguration",
                        "hook",
                        "webhooks: [{clientConfig: {service: {name: api, namespace: here}}}]",
                        api="admissionregistration.k8s.io/v1",
                    ),
                    resource("Service", "api", namespace="here"),
                    resource("APIService", "v1.x", "spec: {}", api="apiregistration.k8s.io/v1"),
                ]
            ),
        }
    )

    found = {held.key.kind: held for held in state.resources}
    assert sorted(str(held.key) for held in state.resources) == [
        "APIService/v1.x",
        "ClusterRoleBinding/admin",
        "ConfigMap/prod/free",
        "Namespace/prod",
        "Service/prod/api",
        "ServiceAccount/prod/runner",
        "ValidatingWebhookConfiguration/hook",
    ]
    subjects = found["ClusterRoleBinding"].at("subjects").items()
    assert [subject["namespace"].text for subject in subjects] == [
        "prod",
        "prod",
        "there",
        "elsewhere",
    ]
    (webhook,) = found["ValidatingWebhookConfiguration"].at("webhooks").items()
    assert webhook.at("clientConfig", "service", "namespace").text == "prod"
    assert found["APIService"].at("spec", "service", "namespace").text == "prod"


def test_a_base_with_a_namespace_of_its_own_is_put_into_the_outer_one() -> None:
    state = after(
        {
            "top/kustomization.yaml": "namespace: outer\nresources: [../base]\n",
            "base/kustomization.yaml": "namespace: inner\nresources: [a.yaml]\n",
            "base/a.yaml": ACCOUNT + "---\n" + BINDING,
        }
    )

    (account,) = (held for held in state.resources if held.key.kind == "ServiceAccount")
    (binding,) = (held for held in state.resources if held.key.kind == "ClusterRoleBinding")
    assert account.namespace == "outer"
    assert [held["namespace"].text for held in binding.at("subjects").items()] == [
        "outer",
        "outer",
        "there",
        "elsewhere",
    ]


def test_overlays_of_one_base_are_environments() -> None:
    states = Grove(
        {},
        {
            "o/prod/kustomization.yaml": "resources: [../../base]\n",
            "o/test/kustomization.yaml": "resources: [../../base]\n",
            "base/kustomization.yaml": "resources: [a.yaml]\n",
            "base/a.yaml": resource("ConfigMap", "a"),
        },
    ).states()

    assert states.environments == ("o/prod", "o/test")
    assert [[held.name for held in pair.after.resources] for pair in states.pairs] == [["a"], ["a"]]


UNREAD = [
    ("namePrefix: x-\n", "its field 'namePrefix' changes or adds resources when it is built"),
    (
        "patches: [{path: p.yaml}]\n",
        "its field 'patches' names 'p.yaml', which is no file here",
    ),
    ("helmCharts: [{name: x}]\n", "it inflates Helm charts, which kustomize does only with"),
    ("components: [../c]\n", "its field 'components' names '../c', which is no kustomi"),
    ("unknownField: 1\n", "its field 'unknownField' changes or adds resources when it is built"),
    (
        "resources: ['https://user:secret@example.com/x?ref=1']\n",
        "it lists 'https://example.com/x?ref=1', which is outside this repository",
    ),
    ("resources: [github.com/a/b]\n", "it lists 'github.com/a/b', which is outside this"),
    ("resources: [../../out]\n", "it lists '../../out', which is outside this repository"),
    ("resources: [absent.yaml]\n", "it lists 'absent.yaml', which is neither a file nor a kust"),
    ("resources: [x.yaml, x.yaml]\n", "it holds ConfigMap 'x' twice in namespace 'default'"),
    ("resources: [../app]\n", "it lists itself, directly or through its bases"),
    ("resources: [../ring]\n", "it lists itself, directly or through its bases"),
    ("kind: Component\n", "it is a component that nothing here lists"),
    ("namespace: [a]\n", "the field 'namespace' is not a string"),
    ("kind: Foo\n", "its kind is none of kustomize's"),
    (
        "apiVersion: kustomize.config.k8s.io/v9\n",
        "its apiVersion is not kustomize.config.k8s.io/v1b",
    ),
    ("sortOptions: {order: size}\n", "its field 'sortOptions' is unusual"),
    ("generatorOptions: 3\n", "its field 'generatorOptions' is unusual"),
    ("resources: [../part]\n", "it lists 'part' as a resource, which is a component"),
]


HASHED = "internal.config.kubernetes.io/needsHashSuffix"


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        ("a: 1\n", "an object without a kind or a name"),
        ("apiVersion: v1\nkind: ConfigMap\n", "an object without a kind or a name"),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: x-}\n",
            "an object without a kind or a name",
        ),
        (
            f"apiVersion: v1\nkind: A\nmetadata: {{name: x, annotations: {{{HASHED}: enabled}}}}\n",
            "an annotation of kustomize's own",
        ),
    ],
)
def test_what_kustomize_refuses_or_renames_is_said(manifest: str, reason: str) -> None:
    policy = resource("ConfigMap", "y")
    head = {
        "app/kustomization.yaml": "resources: [x.yaml]\n",
        "app/x.yaml": policy + "---\n" + manifest,
    }

    ((new, path, side, message),) = messages({}, head)

    assert (new, path, side) == (True, "app/kustomization.yaml", "RIGHT")
    assert f"it lists 'app/x.yaml', which holds {reason}" in message


@pytest.mark.parametrize(("text", "reason"), UNREAD)
def test_anything_else_is_not_read_and_said(text: str, reason: str) -> None:
    head = {
        "app/kustomization.yaml": text,
        "app/x.yaml": resource("ConfigMap", "x"),
        "ring/kustomization.yaml": "resources: [../app]\n" if "ring" in text else "",
        "part/kustomization.yaml": "kind: Component\n" if "part" in text else "",
    }

    ((new, path, side, message),) = messages({}, head)

    assert (new, path, side) == (True, "app/kustomization.yaml", "RIGHT")
    assert message.startswith(f"The kustomization app is not rendered: {reason}")
    assert message.endswith(
        "; compare the output of 'kustomize build app' for base and head by hand"
    )


def test_empty_fields_and_build_metadata_change_nothing() -> None:
    text = (
        "resources: [x.yaml]\npatches: []\ncommonLabels: {}\nnamePrefix: ''\nimages:\n"
        "buildMetadata: [originAnnotations]\nsortOptions: {order: fifo}\n"
    )

    state = after({"kustomization.yaml": text, "x.yaml": resource("ConfigMap", "x")})

    assert [held.name for held in state.resources] == ["x"]


def test_an_unread_root_is_a_problem_only_where_its_files_changed() -> None:
    base = {
        "app/kustomization.yaml": "resources: [x.yaml]\npatches: [{path: p.yaml}]\n",
        "app/x.yaml": resource("ConfigMap", "x"),
        "app/p.yaml": resource("ConfigMap", "x", "data: {a: b}"),
        "other/y.yaml": resource("ConfigMap", "w"),
    }

    elsewhere = messages(base, {**base, "other/y.yaml": resource("ConfigMap", "z")})
    patched = messages(base, {**base, "app/p.yaml": resource("ConfigMap", "x", "data: {a: c}")})
    worse = messages(
        base,
        {
            **base,
            "app/kustomization.yaml": str(base["app/kustomization.yaml"]) + "images: [{name: x}]\n",
        },
    )

    assert elsewhere == []
    assert [new for new, *_ in patched] == [True]
    assert [new for new, *_ in worse] == [True]


def test_what_was_not_read_at_base_is_said_when_it_can_be_read_or_is_gone() -> None:
    base = {"app/kustomization.yaml": "namePrefix: a\n"}

    assert messages(base, {"app/kustomization.yaml": "namePrefix: ''\n"}) == [
        (
            True,
            "app/kustomization.yaml",
            "LEFT",
            (
                "The kustomization app was changed, and what it contained before is not known: its "
                "field 'namePrefix' changes or adds resources when it is built, and "
                "kustomize is not installed: run `fairlead tools fetch`; compare the output of "
                "'kustomize build app' for base and head by hand"
            ),
        )
    ]
    ((new, _, side, message),) = messages(base, {})
    assert (new, side) == (True, "LEFT")
    assert message.startswith("The kustomization app is gone, and what it contained is not known")


def test_patches_are_no_plain_resources_but_an_annotation_takes_no_file_out() -> None:
    states = Grove(
        {},
        {
            "app/kustomization.yaml": "metadata: {annotations: {hide: rbac.yaml}}\n",
            "app/rbac.yaml": resource("ClusterRole", "x", api=RBAC),
            "p/kustomization.yaml": "patches: [{path: part.yaml}]\n",
            "p/part.yaml": resource("Deployment", "part", api="apps/v1"),
            "old/kustomization.yaml": "resources: [all.yaml]\npatches: [parts/part.yaml]\n",
            "old/parts/part.yaml": resource("Deployment", "part", api="apps/v1"),
        },
    ).states()

    (unlisted,) = states.unlisted
    assert [held.name for held in unlisted.after.resources] == ["x"]


def test_listing_a_directory_from_elsewhere_does_not_take_it_out_of_the_review() -> None:
    base = {
        "app/kustomization.yaml": "resources: [x.yaml]\n",
        "app/x.yaml": resource("ConfigMap", "x"),
        "plain/y.yaml": resource("ConfigMap", "w"),
    }
    head = {
        **base,
        "app/x.yaml": resource("ConfigMap", "x", "data: {a: b}"),
        "plain/y.yaml": resource("ConfigMap", "w", "data: {a: b}"),
        "plain/new.yaml": resource("ConfigMap", "new"),
        "dummy/kustomization.yaml": (
            "resources: [../app, ../plain/y.yaml, ../plain/new.yaml]\nnamespace: nowhere\n"
        ),
    }

    (pair,) = Grove(base, head).states().pairs

    assert {str(held.key) for held in pair.after.resources} >= {
        "ConfigMap/default/x",
        "ConfigMap/default/w",
        "ConfigMap/default/new",
    }


def test_flux_kustomizations_in_a_file_of_that_name_are_plain_resources() -> None:
    flux = resource("Kustomization", "apps", api="kustomize.toolkit.fluxcd.io/v1")

    assert [held.name for held in after({"kustomization.yaml": flux}).resources] == ["apps"]


def test_diamonds_and_deep_chains_end() -> None:
    wide: dict[str, str] = {"d0/kustomization.yaml": "resources: []\n"}
    for level in range(1, 40):
        wide[f"d{level}/kustomization.yaml"] = f"resources: [../l{level}, ../r{level}]\n"
        for side in ("l", "r"):
            wide[f"{side}{level}/kustomization.yaml"] = f"resources: [../d{level - 1}]\n"
    deep = {
        f"d{level}/kustomization.yaml": f"resources: [../d{level + 1}]\n" for level in range(200)
    }
    deep["d200/kustomization.yaml"] = "resources: []\n"

    assert len(messages({}, wide)) == 1
    assert len(messages({}, deep)) == 1


def test_a_file_of_argo_cds_overrides_makes_its_root_unread() -> None:
    base = {
        "app/kustomization.yaml": "resources: [x.yaml]\n",
        "app/x.yaml": resource("ConfigMap", "x"),
    }
    override = "kustomize: {images: ['a=evil.example.com/a']}\n"

    ((new, path, _, message),) = messages(base, {**base, "app/.argocd-source-web.yaml": override})

    assert (new, path) == (True, "app/.argocd-source-web.yaml")
    assert "Argo CD applies the overrides of this file" in message


def test_a_kustomization_that_nothing_lists_any_more_is_not_newly_applied() -> None:
    base: Files = {
        "overlay/kustomization.yaml": "resources: [../base]\n",
        "base/kustomization.yaml": "resources: [a.yaml]\n",
        "base/a.yaml": resource("ConfigMap", "a"),
    }
    gone = {path: text for path, text in base.items() if not path.startswith("overlay/")}
    edited: Files = {**gone, "base/a.yaml": resource("ConfigMap", "b")}

    held = [
        [
            str(found.key)
            for pair in Grove(base, head).states().pairs
            for found in pair.after.resources
        ]
        for head in (gone, edited)
    ]

    assert held == [[], ["ConfigMap/default/b"]]


def test_what_a_kustomization_takes_from_a_plain_directory_stays_its_own() -> None:
    files: Files = {
        "y/kustomization.yaml": "resources: [../x/taken.yaml]\n",
        "x/taken.yaml": resource("ConfigMap", "taken"),
        "x/plain.yaml": resource("ConfigMap", "plain"),
    }
    head: Files = {**files, "x/plain.yaml": resource("ConfigMap", "plainer")}

    (pair,) = Grove(files, head).states().pairs

    assert [[str(found.key) for found in side.resources] for side in (pair.before, pair.after)] == [
        ["ConfigMap/default/plain", "ConfigMap/default/taken"],
        ["ConfigMap/default/plainer", "ConfigMap/default/taken"],
    ]
