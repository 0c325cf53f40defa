"""What a version of something elsewhere brings, found on the line that names the version."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.catalog import load_rules
from bot.core.engine.review import Fetched, RenderedRoots
from bot.core.fetching import FetchResult, SourceReference
from bot.core.policy.reading import parse_policy
from bot.core.resource import ResourceSource
from bot.core.states.roots.fetched_files import MOST_REFERENCES, FetchedFiles, ResolvedSource
from tests.analysis.lines.bumps import (
    CHARTS,
    METRICS,
    Seen,
    analysed,
    application,
    config,
    deploy,
    flux,
    overlay,
    redis,
    seen,
    two_versions,
    umbrella,
)
from tests.fake_sources import Held, chart, git, oci
from tests.states import Files, Link, resource

K = "app/kustomization.yaml"
HEAD_ONLY = two_versions(deploy("a: '1'"), deploy("a: '1'", "b: '2'"))
BOTH = ("metrics v1.0.0", "metrics v1.1.0")


def test_what_another_version_of_a_base_brings_stands_on_its_line() -> None:
    found = seen({K: overlay("v1.0.0")}, {K: overlay("v1.1.0")}, HEAD_ONLY)

    message = "metrics v1.0.0 -> v1.1.0: ConfigMap/default/c has b"
    assert found == Seen((f"{K}:2 {message}",), asked=BOTH)


def test_what_another_version_takes_away_stands_on_the_line_that_is_gone() -> None:
    found = seen({K: overlay("v1.1.0")}, {K: overlay("v1.0.0")}, HEAD_ONLY)

    message = "metrics v1.1.0 -> v1.0.0: ConfigMap/default/c lost b"
    assert found == Seen((f"{K}:2- {message}",), asked=BOTH[::-1])


def test_the_hunk_that_makes_the_difference_is_the_cause_and_not_the_version_beside_it() -> None:
    patched = (
        overlay("v1.0.0", "patches: [{path: p.yaml}]"),
        overlay("v1.1.0", "patches: [{path: p.yaml}]"),
    )
    base: Files = {K: patched[0], "app/p.yaml": config("p: '1'")}
    head: Files = {K: patched[1], "app/p.yaml": config("p: '1'", "q: '1'")}

    assert seen(base, head, HEAD_ONLY).findings == (
        f"{K}:2 metrics v1.0.0 -> v1.1.0: ConfigMap/default/c has b",
        "app/p.yaml:6 ConfigMap/default/c has q",
    )


def test_a_base_that_stays_is_brought_once_where_something_else_changes() -> None:
    text = overlay("v1.0.0", "patches: [{path: p.yaml}]")
    base: Files = {K: text, "app/p.yaml": config("p: '1'")}

    found = seen(base, {**base, "app/p.yaml": config("p: '1'", "q: '1'")}, HEAD_ONLY)

    assert found == Seen(("app/p.yaml:6 ConfigMap/default/c has q",), asked=BOTH[:1])


def test_a_full_commit_is_shown_in_short() -> None:
    old, new = "a" * 40, "b" * 40
    held = {git(METRICS, old): deploy(), git(METRICS, new): deploy("x: '1'")}

    found = seen({K: overlay(old)}, {K: overlay(new)}, held)

    message = f"metrics {'a' * 12} -> {'b' * 12}: ConfigMap/default/c has x"
    assert found == Seen((f"{K}:2 {message}",), asked=(f"metrics {old}", f"metrics {new}"))


def test_what_a_base_takes_in_from_elsewhere_is_brought_as_well() -> None:
    library = "github.com/example/library"
    nested = "resources:\n- https://{}//x?ref={}\n"
    held = {
        git(METRICS, "v1.0.0"): {"deploy/kustomization.yaml": nested.format(library, "v7.0.0")},
        git(METRICS, "v1.1.0"): {"deploy/kustomization.yaml": nested.format(library, "v8.0.0")},
        git(library, "v7.0.0"): {
            "x/kustomization.yaml": "resources: [c.yaml]",
            "x/c.yaml": config(),
        },
        git(library, "v8.0.0"): {
            "x/kustomization.yaml": "resources: [c.yaml]",
            "x/c.yaml": config("n: '1'"),
        },
    }

    found = seen({K: overlay("v1.0.0")}, {K: overlay("v1.1.0")}, held)

    message = "metrics v1.0.0 -> v1.1.0: ConfigMap/default/c has n"
    assert found == Seen((f"{K}:2 {message}",), asked=(*BOTH, "library v7.0.0", "library v8.0.0"))


def test_what_names_itself_from_elsewhere_ends_with_the_deepest() -> None:
    endless: Held = {"deploy/kustomization.yaml": overlay("v1.1.0")}
    found = seen({K: overlay("v1.0.0")}, {K: overlay("v1.1.0")}, two_versions(deploy(), endless))

    assert found.asked == BOTH
    assert len(found.problems) == 1
    assert "more than 4 remote sources refer to one another" in found.problems[0]


def test_each_entry_of_one_repository_has_its_own_version() -> None:
    def parts(*b: str) -> Held:
        held = {"a": config(*b, name="a"), "b": config(*b, name="b")}
        listed = {f"{it}/kustomization.yaml": "resources: [c.yaml]\n" for it in held}
        return {**listed, **{f"{it}/c.yaml": text for it, text in held.items()}}

    def both(a: str, b: str) -> Files:
        return {K: overlay(a, f"- https://{METRICS}//b?ref={b}", part="a")}

    held = two_versions(parts("v: '1'"), parts("v: '1'", "w: '1'"))
    moved = "metrics v1.0.0 -> v1.1.0: ConfigMap/default"

    assert seen(both("v1.0.0", "v1.0.0"), both("v1.0.0", "v1.1.0"), held).findings == (
        f"{K}:3 {moved}/b has w",
    )
    assert seen(both("v1.0.0", "v1.0.0"), both("v1.1.0", "v1.1.0"), held).findings == (
        f"{K}:2 {moved}/a has w",
        f"{K}:3 {moved}/b has w",
    )


@pytest.mark.parametrize(
    "address",
    [
        "https://raw.githubusercontent.com/example/metrics/{}/all.yaml",
        "https://github.com/example/metrics/releases/download/{}/all.yaml",
        "https://example.com/metrics/{}/all.yaml",
    ],
)
def test_a_single_file_is_brought_by_its_address(address: str) -> None:
    def files(*data: str) -> Held:
        return {"all.yaml": config(*data)}

    old, new = address.format("v1.0.0"), address.format("v1.1.0")
    held = {SourceReference("file", old): files(), SourceReference("file", new): files("b: '1'")}

    found = seen({K: f"resources:\n- {old}\n"}, {K: f"resources:\n- {new}\n"}, held)

    message = "all.yaml v1.0.0 -> v1.1.0: ConfigMap/default/c has b"
    assert found == Seen((f"{K}:2 {message}",), asked=("all.yaml", "all.yaml"))


def test_a_patch_from_elsewhere_is_brought_by_its_address() -> None:
    address = "https://example.com/metrics/{}/patch.yaml"

    def files(version: str) -> Files:
        patch = f"patches:\n- path: {address.format(version)}\n"
        return {K: f"resources: [c.yaml]\n{patch}", "app/c.yaml": config()}

    held = {
        SourceReference("file", address.format("v1.0.0")): {"patch.yaml": config("a: '1'")},
        SourceReference("file", address.format("v1.1.0")): {
            "patch.yaml": config("a: '1'", "b: '1'")
        },
    }

    assert seen(files("v1.0.0"), files("v1.1.0"), held).findings == (
        f"{K}:3 patch.yaml v1.0.0 -> v1.1.0: ConfigMap/default/c has b",
    )


def test_no_glob_of_the_policy_makes_a_root_of_what_was_brought() -> None:
    policy = parse_policy("version: 1\nrender: {roots: ['**']}\n")

    listed = {"deploy/kustomization.yaml": "resources: [c.yaml]\nnamePrefix: x-\n"}
    held = two_versions({**deploy("a: '1'"), **listed}, {**deploy("a: '1'", "b: '1'"), **listed})

    found, _ = analysed({K: overlay("v1.0.0")}, {K: overlay("v1.1.0")}, held, policy=policy)

    rendered = found.summary.rendered
    assert rendered == RenderedRoots(1, 1, rendered.tools if rendered else ())


def test_a_component_from_elsewhere_is_brought() -> None:
    def component(*data: str) -> Held:
        kind = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
        return {
            "deploy/kustomization.yaml": f"{kind}patches: [{{path: p.yaml}}]\n",
            "deploy/p.yaml": config(*data),
        }

    def files(version: str) -> Files:
        listed = f"components:\n- https://{METRICS}//deploy?ref={version}\n"
        return {K: f"resources: [c.yaml]\n{listed}", "app/c.yaml": config()}

    held = two_versions(component("a: '1'"), component("a: '1'", "b: '1'"))

    message = "metrics v1.0.0 -> v1.1.0: ConfigMap/default/c has b"
    assert seen(files("v1.0.0"), files("v1.1.0"), held).findings == (f"{K}:3 {message}",)


def test_a_base_moves_in_a_kustomization_that_argo_cd_writes_into() -> None:
    """Its text is not that of the file, so that no hunk of it can be put back."""

    def deployed(patch: str) -> Files:
        return {
            "app/p.yaml": patch,
            "argo.yaml": resource(
                "Application",
                "app",
                "spec:",
                "  destination: {name: in-cluster, namespace: shop}",
                "  source: {path: app, kustomize: {namePrefix: x-}}",
                namespace="argocd",
                api="argoproj.io/v1alpha1",
            ),
        }

    patched = "patches: [{path: p.yaml}]"
    base: Files = {**deployed(config("p: '1'")), K: overlay("v1.0.0", patched)}
    head: Files = {**deployed(config("p: '1'", "q: '1'")), K: overlay("v1.1.0", patched)}

    assert seen(base, head, HEAD_ONLY).findings == (
        f"{K}:2 metrics v1.0.0 -> v1.1.0: ConfigMap/shop/x-c has b",
        "app/p.yaml:6 ConfigMap/shop/x-c has q",
    )


CHART_HELD = {
    chart("charts.example.com/stable", "redis", "17.0.0"): redis("17.0.0", "a: '1'"),
    chart("charts.example.com/stable", "redis", "17.1.0"): redis("17.1.0", "a: '1'", "b: '1'"),
}
CHART_ASKED = ("stable redis 17.0.0", "stable redis 17.1.0")
MOVED = "redis 17.0.0 -> 17.1.0: ConfigMap"


def test_a_dependency_of_a_chart_is_put_where_helm_would() -> None:
    found = seen(umbrella("17.0.0"), umbrella("17.1.0"), CHART_HELD)

    assert found == Seen((f"shop/Chart.yaml:7 {MOVED}/default/c has b",), asked=CHART_ASKED)


def test_the_lock_says_which_version_of_a_range_it_is() -> None:
    found = seen(umbrella("^17.0.0", "17.0.0"), umbrella("^17.0.0", "17.1.0"), CHART_HELD)

    assert found == Seen((f"shop/Chart.lock:4 {MOVED}/default/c has b",), asked=CHART_ASKED)


def test_two_versions_of_one_chart_lie_beside_each_other() -> None:
    def shop(second: str) -> Files:
        needs = "".join(
            f"- {{name: redis, alias: {alias}, repository: '{CHARTS}', version: {version}}}\n"
            for alias, version in (("a", "17.0.0"), ("b", second))
        )
        about = "apiVersion: v2\nname: shop\nversion: 0.1.0\n"
        return {"shop/Chart.yaml": f"{about}dependencies:\n{needs}"}

    found = seen(shop("17.0.0"), shop("17.1.0"), CHART_HELD)

    assert found == Seen((f"shop/Chart.yaml:6 {MOVED}/default/c has b",), asked=CHART_ASKED)


@pytest.mark.parametrize(
    ("base", "head", "message"),
    [
        (umbrella("17.0.0"), umbrella("17.1.0"), "its dependency redis is not a chart"),
        (application("17.0.0"), application("17.1.0"), "the fetched source is not a chart"),
    ],
)
def test_what_is_fetched_for_a_chart_and_is_none_is_said(
    base: Files, head: Files, message: str
) -> None:
    old, new = CHART_HELD
    found = seen(base, head, {old: CHART_HELD[old], new: {"README": "x"}})

    assert [it.split()[1] for it in found.problems] == ["new"]
    assert message in found.problems[0]


def test_a_dependency_that_lies_in_the_chart_is_not_brought() -> None:
    inside = {f"shop/charts/redis/{path}": str(text) for path, text in redis("17.0.0").items()}
    base: Files = {**umbrella("17.0.0"), **inside, "shop/values.yaml": "redis: {size: '1'}\n"}
    head: Files = {**base, "shop/values.yaml": "redis: {size: '1', extra: true}\n"}

    assert seen(base, head, {}) == Seen(("shop/values.yaml:1 ConfigMap/default/c has extra",))


def test_the_chart_of_an_application_is_rendered_with_its_values() -> None:
    found = seen(application("17.0.0"), application("17.1.0"), CHART_HELD)

    assert found == Seen((f"apps/redis.yaml:9 {MOVED}/shop/c has b",), asked=CHART_ASKED)


def test_what_the_values_of_an_application_cause_is_not_said_of_its_version() -> None:
    found = seen(application("17.0.0"), application("17.1.0", "true"), CHART_HELD)

    assert found.findings == (
        "apps/redis.yaml:None ConfigMap/shop/c has extra",
        f"apps/redis.yaml:9 {MOVED}/shop/c has b",
    )


def test_a_values_file_of_this_repository_is_a_cause_of_its_own() -> None:
    def files(version: str, values: str) -> Files:
        sources = (
            f"[{{repoURL: '{CHARTS}', chart: redis, targetRevision: {version}, "
            "helm: {valueFiles: [$here/env/prod.yaml]}}, "
            "{repoURL: 'https://github.com/example/infra', ref: here}]"
        )
        text = resource(
            "Application",
            "redis",
            "spec:",
            "  destination: {name: in-cluster, namespace: shop}",
            f"  sources: {sources}",
            namespace="argocd",
            api="argoproj.io/v1alpha1",
        )
        return {"apps/redis.yaml": text, "env/prod.yaml": values}

    base = files("17.0.0", "size: '2'\nextra: false\n")
    head = files("17.1.0", "size: '2'\nextra: true\n")

    assert seen(base, head, CHART_HELD).findings == (
        f"apps/redis.yaml:6 {MOVED}/shop/c has b",
        "env/prod.yaml:2 ConfigMap/shop/c has extra",
    )


def test_a_chart_of_a_registry_is_one_without_a_scheme_for_argo_cd() -> None:
    place = "ghcr.io/example/charts"
    held = {
        oci(f"{place}/redis", "17.0.0"): redis("17.0.0"),
        oci(f"{place}/redis", "17.1.0"): redis("17.1.0", "b: '1'"),
    }

    found = seen(
        application("17.0.0", repository=place), application("17.1.0", repository=place), held
    )

    message = f"apps/redis.yaml:9 {MOVED}/shop/c has b"
    assert found == Seen((message,), asked=("redis 17.0.0", "redis 17.1.0"))


@pytest.mark.parametrize("registry", [False, True])
def test_the_chart_of_a_helm_release_is_rendered(*, registry: bool) -> None:
    held = CHART_HELD
    if registry:
        held = {
            oci("ghcr.io/example/charts/redis", it.version): files
            for it, files in CHART_HELD.items()
        }

    found = seen(flux("17.0.0", registry=registry), flux("17.1.0", registry=registry), held)

    assert found.findings == (f"flux/redis.yaml:8 {MOVED}/shop/c has b",)


def test_the_chart_of_an_oci_repository_is_rendered_and_its_tag_is_the_line() -> None:
    def files(tag: str) -> Files:
        source = resource(
            "OCIRepository",
            "redis",
            "spec:",
            "  url: oci://ghcr.io/example/charts/redis",
            f"  ref: {{tag: {tag}}}",
            namespace="shop",
            api="source.toolkit.fluxcd.io/v1",
        )
        release = resource(
            "HelmRelease",
            "redis",
            "spec:",
            "  chartRef: {kind: OCIRepository, name: redis}",
            namespace="shop",
            api="helm.toolkit.fluxcd.io/v2",
        )
        return {"flux/source.yaml": source, "flux/release.yaml": release}

    held = {
        oci("ghcr.io/example/charts/redis", it.version): text for it, text in CHART_HELD.items()
    }

    assert seen(files("17.0.0"), files("17.1.0"), held).findings == (
        f"flux/source.yaml:6 {MOVED}/shop/c has b",
    )


# -- what is asked for, and what comes of what cannot be brought


def test_nothing_is_asked_for_roots_that_the_change_does_not_affect() -> None:
    base: Files = {
        K: overlay("v1.0.0"),
        **umbrella("17.0.0"),
        **application("17.0.0"),
        "other/c.yaml": config(),
    }

    found = seen(base, {**base, "other/c.yaml": config("x: '1'")}, HEAD_ONLY)

    assert found == Seen(("other/c.yaml:5 ConfigMap/default/c has x",))


@pytest.mark.parametrize("version", ["main", "v1", "a" * 7, "HEAD", "", "{{branch}}"])
def test_what_can_become_something_else_is_not_asked_for(version: str) -> None:
    found = seen({K: overlay("v1.0.0")}, {K: overlay(version)}, HEAD_ONLY)

    assert found.asked == BOTH[:1]
    assert len(found.problems) == 1
    assert "which is outside this repository" in found.problems[0]


def test_what_head_alone_cannot_have_is_new_and_says_why() -> None:
    gone = FetchResult("failed", message="it has no tag v1.1.0")

    found = seen({K: overlay("v1.0.0")}, {K: overlay("v1.1.0")}, two_versions(deploy(), gone))

    assert found == Seen(
        (),
        (
            (
                f"{K}:2 new The kustomization app is not rendered: it lists "
                f"'https://{METRICS}//deploy?ref=v1.1.0', which is outside this repository: it has "
                "no tag v1.1.0; compare the output of 'kustomize build app' for "
                "base and head by hand"
            ),
        ),
        BOTH,
    )


def test_what_could_not_be_had_at_base_either_is_not_new() -> None:
    base: Files = {K: overlay("v9.0.0", "- x.yaml"), "app/x.yaml": config()}

    found = seen(base, {**base, "app/x.yaml": config("x: '1'")}, {})

    assert [it.partition(" The")[0] for it in found.problems] == [f"{K}:2 old"]
    assert "'https://github.com/example/metrics' has no such version" in found.problems[0]


def test_a_chart_that_can_be_had_in_no_version_is_said_and_is_new() -> None:
    found = seen(application("17.0.0"), application("17.1.0"), {})

    assert found == Seen(
        (),
        (
            (
                "apps/redis.yaml:9 new The Helm chart redis of charts.example.com/stable is not "
                "rendered: the chart redis of charts.example.com/stable is not in this repository: "
                "'https://charts.example.com/stable' has no such version; compare its output "
                "for base and head by hand"
            ),
        ),
        CHART_ASKED,
    )


def test_a_chart_that_head_alone_cannot_have_is_new() -> None:
    found = seen(application("17.0.0"), application("17.9.0"), CHART_HELD)

    assert [it.partition(" The")[0] for it in found.problems] == ["apps/redis.yaml:9 new"]


def test_more_than_a_review_may_fetch_is_said_by_name_and_is_always_new() -> None:
    many = MOST_REFERENCES + 2
    base: Files = {
        f"a{number:02}/kustomization.yaml": overlay(f"v1.0.{number}", "- x.yaml")
        for number in range(many)
    }
    shared = {f"a{number:02}/x.yaml": config(name="x") for number in range(many)}
    changed = {path: config("n: '1'", name="x") for path in shared}
    held = {git(METRICS, f"v1.0.{number}"): deploy() for number in range(many)}

    found = seen({**base, **shared}, {**base, **changed}, held)

    assert len(found.asked) == MOST_REFERENCES
    limited = [
        it
        for it in found.problems
        if f"the review's limit of {MOST_REFERENCES} remote sources is reached" in it
    ]
    assert [it.partition(" The")[0].split()[1] for it in limited] == ["new", "new"]


def test_one_file_names_only_so_much_that_lies_elsewhere() -> None:
    many = f"- https://{METRICS}//deploy?ref=v1.0.0\n" * 5_000
    head: Files = {K: f"resources:\n{many}"}

    found = seen({K: overlay("v1.0.0")}, head, HEAD_ONLY)

    assert found.asked == BOTH[:1]
    assert "which is one of more than 200 remote sources" in found.problems[0]


def test_what_was_asked_for_is_recorded_with_what_it_stood_for() -> None:
    gone = FetchResult("failed", message="it has no tag v1.1.0")
    found, _ = analysed(
        {K: overlay("v1.0.0")}, {K: overlay("v1.1.0")}, two_versions(deploy(), gone)
    )

    (old, new) = found.summary.fetched
    assert (old.source, old.version, len(old.digest), old.message) == (METRICS, "v1.0.0", 40, "")
    assert new == Fetched(METRICS, "v1.1.0", "", "it has no tag v1.1.0")


@pytest.mark.parametrize(("held", "ending"), [(HEAD_ONLY, ""), ({}, " and was not reviewed")])
def test_what_was_looked_into_is_not_said_to_be_unseen(
    held: dict[SourceReference, Held | FetchResult], ending: str
) -> None:
    rule = next(it for it in load_rules() if it.id == "remote-source-changed")
    known: Files = {
        "b/kustomization.yaml": "resources: ['https://github.com/example/x?ref=main']\n"
    }

    found, _ = analysed(known, {**known, K: overlay("v1.0.0")}, held, (rule,))

    assert [it.message for it in found.findings] == [
        f"the remote base {METRICS}, deploy, at v1.0.0 is new here{ending}"
    ]


# -- hostile content


OWN: Files = {
    "secret/kustomization.yaml": "resources: [s.yaml]\n",
    "secret/s.yaml": config("token: x", name="s"),
    "app/p.yaml": config("p: '1'"),
}
LISTED = "resources: [c.yaml]\n"


@pytest.mark.parametrize(
    "hostile",
    [
        {"deploy/kustomization.yaml": "resources: [../../../../secret]\n"},
        {"deploy/kustomization.yaml": "resources: [../../../../secret/s.yaml]\n"},
        {"deploy/kustomization.yaml": "resources: [/secret]\n"},
        {"deploy/kustomization.yaml": "components: [../../../../secret]\n"},
        {
            "deploy/kustomization.yaml": LISTED
            + "configMapGenerator: [{name: g, files: [k=../../../../secret/s.yaml]}]\n",
            "deploy/c.yaml": config(),
        },
        {
            "deploy/kustomization.yaml": LISTED + "patches: [{path: ../../../../app/p.yaml}]\n",
            "deploy/c.yaml": config(),
        },
        {
            "deploy/kustomization.yaml": LISTED
            + "transformers:\n- |-\n  apiVersion: builtin\n  kind: PatchTransformer\n"
            "  metadata: {name: t}\n  path: ../../../../app/p.yaml\n",
            "deploy/c.yaml": config(),
        },
        {"deploy/kustomization.yaml": LISTED, "deploy/c.yaml": Link("../../../../secret/s.yaml")},
        {"deploy/kustomization.yaml": LISTED, "deploy/c.yaml": Link("/etc/passwd")},
        {"deploy": Link("../../../secret")},
        {"deploy/kustomization.yaml": "helmCharts: [{name: x, repo: https://e.example.com}]\n"},
        {"deploy/kustomization.yaml": "generators: [g.yaml]\n", "deploy/g.yaml": "kind: X\n"},
        {"other/kustomization.yaml": LISTED},
    ],
)
def test_what_was_brought_reaches_nothing_of_the_repository(hostile: Held) -> None:
    patched = "patches: [{path: p.yaml}]"
    base: Files = {**OWN, K: overlay("v1.0.0", patched)}
    head: Files = {**OWN, K: overlay("v1.1.0", patched)}

    found = seen(base, head, two_versions(deploy(), hostile))

    assert found.findings == ()
    assert [it.partition(" The")[0] for it in found.problems] == [f"{K}:2 new"]


PLACE = (
    FetchedFiles()
    .remote(
        ResolvedSource(git(METRICS, "v1.0.0"), "deploy", METRICS), ResourceSource(K, "", 0), (), ()
    )
    .place
)
SPOOF: Files = {
    f"{PLACE}/deploy/kustomization.yaml": LISTED,
    f"{PLACE}/deploy/c.yaml": config("spoof: '1'"),
}


def test_one_repository_from_elsewhere_reaches_no_other() -> None:
    spy = "github.com/example/spy"
    held = {
        git(METRICS, "v1.0.0"): deploy(),
        git(spy, "v1.0.0"): {"x/kustomization.yaml": f"resources: [../../../../{PLACE}/deploy]\n"},
    }

    found = seen({K: overlay("v1.0.0")}, {K: overlay("v1.0.0", f"- {spy}//x?ref=v1.0.0")}, held)

    assert len(found.problems) == 1
    assert "is outside the repository that names it (in github.com/example/spy" in found.problems[0]


@pytest.mark.parametrize(
    ("own", "first"),
    [
        (SPOOF, f"{PLACE}/deploy/c.yaml"),
        ({".fairlead": Link("app")}, ".fairlead"),
        ({".fairlead/fetched": Link("../app")}, ".fairlead/fetched"),
        ({".fairlead/fetched": config("spoof: '1'")}, ".fairlead/fetched"),
        ({PLACE: Link("../../app")}, PLACE),
    ],
)
def test_what_the_repository_has_where_things_are_put_is_left_out_and_said(
    own: Files, first: str
) -> None:
    found = seen({K: overlay("v1.0.0")}, {K: overlay("v1.1.0"), **own}, HEAD_ONLY)

    assert found.findings == (f"{K}:2 metrics v1.0.0 -> v1.1.0: ConfigMap/default/c has b",)
    assert [it.partition(" is not reviewed")[0] for it in found.problems] == [
        f"{first}:None new {first}{' and 1 more' if own is SPOOF else ''}"
    ]


@pytest.mark.parametrize(
    "named",
    [
        {"b/kustomization.yaml": f"resources: [../{PLACE}/deploy]\n"},
        {"b/kustomization.yaml": f"resources: [../{PLACE}/deploy/c.yaml]\n"},
        {"b/kustomization.yaml": "resources: [x]\n", "b/x": Link(f"../{PLACE}/deploy")},
        {"b/kustomization.yaml": f"components: [../{PLACE}/deploy]\n"},
        {
            "b/Chart.yaml": "apiVersion: v2\nname: b\nversion: 1.0.0\ndependencies:\n"
            f"- {{name: d, version: 1.0.0, repository: 'file://../{PLACE}'}}\n"
        },
    ],
)
def test_nothing_of_the_repository_names_what_was_brought(named: Files) -> None:
    found = seen({K: overlay("v1.0.0")}, {K: overlay("v1.1.0"), **named}, HEAD_ONLY)

    assert [it.partition(":")[0] for it in found.problems] == [next(iter(named))]
    assert len(found.findings) == 1


def test_nothing_is_declared_to_lie_where_what_was_brought_is_put() -> None:
    own = "https://github.com/example/infra"
    text = resource(
        "Application",
        "spoof",
        "spec:",
        "  destination: {name: in-cluster, namespace: shop}",
        f"  source: {{repoURL: '{own}', path: {PLACE}/deploy}}",
        namespace="argocd",
        api="argoproj.io/v1alpha1",
    )
    head: Files = {K: overlay("v1.1.0"), "spoof.yaml": text, **SPOOF}

    found, _ = analysed({K: overlay("v1.0.0")}, head, HEAD_ONLY, own=(own,))

    assert [(it.kind, it.new) for it in found.problems] == [
        ("unreadable", True),
        ("unrendered", True),
    ]
    assert "is not in the tree" in found.problems[1].message


def test_a_link_to_what_was_brought_shows_nothing() -> None:
    chart_file = "apiVersion: v2\nname: b\nversion: 1.0.0\n"
    base: Files = {K: overlay("v1.0.0"), "b/Chart.yaml": chart_file}
    head: Files = {**base, K: overlay("v1.1.0"), "b/templates": Link(f"../{PLACE}/deploy")}

    found = seen(base, head, HEAD_ONLY)

    assert found.findings == (f"{K}:2 metrics v1.0.0 -> v1.1.0: ConfigMap/default/c has b",)
    assert len(found.problems) == 1


WORLDS = st.lists(
    st.sampled_from(
        [
            {K: overlay("v1.0.0")},
            {"b/kustomization.yaml": "resources: [../app]\nnamePrefix: b-\n"},
            {"b/kustomization.yaml": overlay("v1.1.0", part="other")},
            umbrella("17.0.0"),
            application("17.1.0"),
            flux("17.0.0", registry=False),
            SPOOF,
            {"x/c.yaml": config("x: '1'")},
        ]
    ),
    max_size=5,
)


@settings(max_examples=25, deadline=None)
@given(WORLDS)
def test_the_same_against_the_same_asks_for_nothing_and_finds_nothing(worlds: list[Files]) -> None:
    files: Files = {path: text for world in worlds for path, text in world.items()}

    assert seen(files, files, {**HEAD_ONLY, **CHART_HELD}) == Seen(())
