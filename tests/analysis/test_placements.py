"""Placements: what base applies stays judged, and becoming applied is a change."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from bot.analysis.examine import MemoryBlobs
from bot.analysis.process.parent import ComparedTree
from bot.analysis.review import failed_review
from bot.core.engine.review import Location
from bot.core.finding import Severity
from bot.core.policy.model import EnvironmentPolicy, Policy
from bot.core.publish.review_json import review_schema, to_json
from bot.errors import AnalysisError
from tests.analysis.law import (
    HERE,
    Repository,
    application,
    application_set,
    binding,
    blocks,
    config,
    deletes,
    flux,
    found,
    review,
    role,
    workload,
)
from tests.analysis.law_cases import SYNC

PLAIN = {"apps/api.yaml": workload()}
EVIL = {**PLAIN, "apps/evil.yaml": binding()}


def test_an_application_that_only_head_has_hides_nothing_of_what_base_applies() -> None:
    decoy = application("fake", "apps", "directory: {exclude: evil.yaml}")

    analysis = review(Repository(PLAIN, {**EVIL, "zzz/app.yaml": decoy}))

    (finding,) = found(analysis, "rbac-privilege-added")
    assert (finding.severity, finding.location) == (
        Severity.ERROR,
        Location("apps/evil.yaml", 5, "RIGHT"),
    )


def test_a_flux_kustomization_that_only_head_has_hides_nothing() -> None:
    base = {**PLAIN, "apps/kustomization.yaml": "resources: [api.yaml]\n"}
    head = {
        **EVIL,
        "apps/kustomization.yaml": "resources: [api.yaml, evil.yaml]\n",
        "zzz/decoy.yaml": flux("fake", "apps", *deletes().splitlines()),
    }

    analysis = review(Repository(base, head), builds=True)

    (finding,) = found(analysis, "rbac-privilege-added")
    assert (finding.severity, finding.location, finding.facts["placements"]) == (
        Severity.ERROR,
        Location("apps/evil.yaml", 5, "RIGHT"),
        "base",
    )
    assert finding.message.endswith(
        "; as base's placements apply it, whatever this change says of them"
    )
    (taken,) = found(analysis, "placement-changed")
    assert (taken.severity, taken.location) == (
        Severity.ERROR,
        Location("zzz/decoy.yaml", 9, "RIGHT"),
    )


@pytest.mark.parametrize(
    "excluded", ["directory: {exclude: evil.yaml}", "directory: {include: a*}"]
)
def test_an_application_that_leaves_something_out_is_found_before_there_is_any(
    excluded: str,
) -> None:
    decoy = application("fake", "apps", excluded)

    (taken,) = found(
        review(Repository(PLAIN, {**PLAIN, "zzz/app.yaml": decoy})), "placement-changed"
    )

    assert (taken.severity, taken.location) == (
        Severity.ERROR,
        Location("zzz/app.yaml", 11, "RIGHT"),
    )


def test_a_kustomization_that_only_head_has_leaves_nothing_out_of_a_plain_directory() -> None:
    analysis = review(
        Repository(PLAIN, {**EVIL, "apps/kustomization.yaml": "resources: [api.yaml]\n"})
    )

    (finding,) = found(analysis, "rbac-privilege-added")
    assert (finding.severity, finding.facts["placements"]) == (Severity.ERROR, "base")


def test_the_patches_of_a_kustomization_that_is_added_are_no_resources() -> None:
    patch = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api, namespace: shop}\n"
        "spec: {replicas: 3}\n"
    )
    head = {
        **PLAIN,
        "apps/kustomization.yaml": "resources: [api.yaml]\npatches: [{path: scale.yaml}]\n",
        "apps/scale.yaml": patch,
    }

    analysis = review(Repository(PLAIN, head), builds=True)

    assert [held for held in analysis.findings if held.severity is Severity.ERROR] == []


def test_two_copies_of_one_object_do_not_take_a_binding_away_from_its_role() -> None:
    base = {"a/role.yaml": role(), "b/other.yaml": config("other")}
    head = {**base, "b/bind.yaml": binding(role="ops")}
    copies = {"a/dup.yaml": config("dup"), "b/dup.yaml": config("dup")}

    assert blocks(review(Repository(base, head)))
    assert blocks(review(Repository(base, {**head, **copies})))


def test_a_division_that_base_infers_does_not_separate_roles_from_bindings() -> None:
    copies = {"a/dup.yaml": config("dup"), "b/dup.yaml": config("dup")}
    base = {"a/role.yaml": role(), **copies}

    analysis = review(Repository(base, {**base, "b/bind.yaml": binding(role="ops")}))

    (finding,) = found(analysis, "rbac-privilege-added")
    assert (finding.severity, finding.environments) == (Severity.ERROR, ("b",))


def test_a_division_by_the_policy_separates_them() -> None:
    base = {"a/role.yaml": role(), "b/other.yaml": config("other")}
    head = {**base, "b/bind.yaml": binding(role="ops")}
    named = tuple(EnvironmentPolicy(name, (f"{name}/**",)) for name in ("a", "b"))

    analysis = review(Repository(base, head), Policy(environments=named))

    assert found(analysis, "rbac-privilege-added") == []


def test_a_role_that_widens_is_said_where_it_is_at_home() -> None:
    copies = {"a/dup.yaml": config("dup"), "b/dup.yaml": config("dup")}
    base = {"a/role.yaml": role().replace('verbs: ["*"]', "verbs: [get]"), **copies}
    base["b/bind.yaml"] = binding(role="ops")

    analysis = review(Repository(base, {**base, "a/role.yaml": role()}))

    (finding,) = found(analysis, "rbac-privilege-added")
    assert (finding.severity, finding.location) == (
        Severity.ERROR,
        Location("a/role.yaml", 4, "RIGHT"),
    )


def test_a_second_cluster_is_judged_by_itself() -> None:
    """The copy of a directory changes nothing in the first one, wherever it differs."""
    base = {"a/api.yaml": workload(), "a/cm.yaml": config()}
    head = {
        **base,
        "b/api.yaml": workload(image="registry.example.com/shop/api:2.0.0"),
        "b/cm.yaml": config(),
    }

    analysis = review(Repository(base, head))

    assert [held for held in analysis.findings if held.severity is Severity.ERROR] == []
    assert {name for held in analysis.findings for name in held.environments} <= {"b"}


LISTED = {
    "apps/kustomization.yaml": "resources:\n- api.yaml\n",
    "apps/api.yaml": workload(),
    "apps/admin.yaml": binding("admin"),
}


def test_listing_a_file_that_lay_there_is_a_change_on_the_entry() -> None:
    head = {**LISTED, "apps/kustomization.yaml": "resources:\n- api.yaml\n- admin.yaml\n"}

    (finding,) = found(review(Repository(LISTED, head)), "rbac-privilege-added")

    assert (finding.severity, finding.location) == (
        Severity.ERROR,
        Location("apps/kustomization.yaml", 3, "RIGHT"),
    )


def test_no_longer_listing_a_file_is_a_change_on_the_entry_that_went() -> None:
    claim = (
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data, namespace: shop}\n"
        "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n"
    )
    base = {
        "apps/kustomization.yaml": "resources:\n- api.yaml\n- pvc.yaml\n",
        "apps/api.yaml": workload(),
        "apps/pvc.yaml": claim,
    }
    head = {**base, "apps/kustomization.yaml": "resources:\n- api.yaml\n"}

    (finding,) = found(review(Repository(base, head)), "resource-pruned")

    assert finding.location == Location("apps/kustomization.yaml", 3, "LEFT")


@pytest.mark.parametrize("severity", list(Severity))
def test_a_file_that_nothing_lists_is_judged_no_louder_than_the_policy_says(
    severity: Severity,
) -> None:
    base = {path: text for path, text in LISTED.items() if path != "apps/admin.yaml"}

    analysis = review(Repository(base, LISTED), Policy(unlisted=severity))

    (finding,) = found(analysis, "rbac-privilege-added")
    assert (finding.severity, finding.location) == (
        severity,
        Location("apps/admin.yaml", 5, "RIGHT"),
    )
    assert finding.message.endswith(
        "; nothing here applies this file, so it is judged as it stands"
    )


@pytest.mark.parametrize(
    ("path", "declaration"),
    [
        ("argo/orchard.yaml", application("orchard", "orchard")),
        ("clusters/orchard.yaml", flux("orchard", "orchard")),
    ],
)
def test_declaring_a_directory_that_lay_there_is_a_change(path: str, declaration: str) -> None:
    base = {
        "argo/other.yaml": application("other", "other"),
        "other/api.yaml": workload(),
        "orchard/admin.yaml": binding("orchard"),
    }

    analysis = review(Repository(base, {**base, path: declaration}), builds=True)

    (finding,) = found(analysis, "rbac-privilege-added")
    assert finding.severity is Severity.ERROR
    assert finding.location is not None
    assert finding.location.path == path


def test_taking_in_more_directories_of_a_source_is_a_change_on_the_field() -> None:
    base = {
        "argo/orchard.yaml": application("orchard", "orchard"),
        "orchard/api.yaml": workload(),
        "orchard/extras/admin.yaml": binding("orchard"),
    }
    wide = application("orchard", "orchard", "directory: {recurse: true}")
    head = {**base, "argo/orchard.yaml": wide}

    (finding,) = found(review(Repository(base, head), builds=True), "rbac-privilege-added")

    assert (finding.severity, finding.location) == (
        Severity.ERROR,
        Location("argo/orchard.yaml", 11, "RIGHT"),
    )
    assert found(review(Repository(head, base), builds=True), "rbac-privilege-added") == []


BOUND = binding("keeper").replace("cluster-admin", "cluster-keeper")


@pytest.mark.parametrize(
    "more",
    [
        pytest.param((), id="Flux lists the files"),
        pytest.param(("targetNamespace: elsewhere",), id="Flux alters what they say"),
    ],
)
def test_what_flux_lists_is_known_where_no_change_reaches_it(more: tuple[str, ...]) -> None:
    base = {
        "s.yaml": SYNC,
        "clusters/roles.yaml": flux("roles", "roles", *more),
        "clusters/apps.yaml": flux("apps", "apps"),
        "roles/keeper.yaml": role("cluster-keeper"),
        "roles/unlisted.json": "{}",
        "apps/api.yaml": workload(),
    }

    analysis = review(Repository(base, {**base, "apps/bound.yaml": BOUND}), builds=True)

    severities = [held.severity for held in found(analysis, "rbac-privilege-added")]
    assert severities == [Severity.ERROR]
    assert found(analysis, "rbac-unknown-role") == []


def test_a_pattern_of_files_that_changes_is_said_to_choose_otherwise() -> None:
    base = {**PLAIN, "argo/app.yaml": application("app", "apps", "directory: {include: a*}")}
    head = {**PLAIN, "argo/app.yaml": application("app", "apps", "directory: {include: '*'}")}

    (changed,) = found(review(Repository(base, head)), "placement-changed")

    assert (changed.message, changed.location) == (
        (
            "Application/argocd/app now chooses its files otherwise, with "
            "spec.source.directory.include"
        ),
        Location("argo/app.yaml", 11, "RIGHT"),
    )


def test_declaring_what_nothing_declared_before_says_nothing() -> None:
    """A repository that is applied by hand begins to use Argo CD."""
    base = {"orchard/admin.yaml": binding("orchard"), "orchard/api.yaml": workload()}

    analysis = review(
        Repository(base, {**base, "argo/orchard.yaml": application("orchard", "orchard")})
    )

    assert [held for held in analysis.findings if held.severity is Severity.ERROR] == []


def test_a_renamed_declaration_changes_nothing() -> None:
    base = {"argo/a.yaml": application("one", "apps"), **EVIL}
    head = {"argo/a.yaml": application("two", "apps"), **EVIL}

    assert found(review(Repository(base, head)), "rbac-privilege-added") == []


def test_a_moved_directory_with_its_declaration_changes_nothing() -> None:
    base = {"argo/a.yaml": application("one", "apps"), **EVIL}
    head = {
        "argo/a.yaml": application("one", "moved"),
        **{path.replace("apps/", "moved/"): text for path, text in EVIL.items()},
    }

    assert found(review(Repository(base, head)), "rbac-privilege-added") == []
    assert found(review(Repository(base, head)), "resource-pruned") == []


@pytest.mark.parametrize(
    "line", ["generators: [missing.yaml]", "resources: [api.yaml, ../../outside]"]
)
def test_local_files_of_a_kustomization_that_cannot_be_built_are_judged(line: str) -> None:
    both = {"apps/api.yaml": workload(), "apps/evil.yaml": binding()}
    base = {**PLAIN, "apps/kustomization.yaml": f"namespace: shop\n{line}\nbases: []\n"}
    listed = line.replace("api.yaml", "api.yaml, evil.yaml")
    listed = listed if "evil" in listed else f"{line}\nresources: [api.yaml, evil.yaml]"
    head = {**both, "apps/kustomization.yaml": f"namespace: shop\n{listed}\nbases: []\n"}

    analysis = review(Repository(base, head))

    (finding,) = found(analysis, "rbac-privilege-added")
    assert finding.severity is Severity.ERROR
    assert [problem.kind for problem in analysis.problems] == ["unrendered"]


def test_a_patch_that_is_merged_before_what_it_deletes_is_found_by_itself() -> None:
    base = {"apps/kustomization.yaml": "resources: [api.yaml]\n", "apps/api.yaml": workload()}
    head = {
        **base,
        "decoy/kustomization.yaml": f"resources:\n- ../apps\n{deletes()}",
    }

    analysis = review(Repository(base, head), builds=True)

    (finding,) = found(analysis, "placement-changed")
    assert finding.location == Location("decoy/kustomization.yaml", 2, "RIGHT")


def test_a_flux_kustomization_over_a_chart_is_a_problem_at_the_declaration() -> None:
    """What Flux generates is in no tree, so no place in it can be named."""
    base = {"charts/app/Chart.yaml": "apiVersion: v2\nname: app\nversion: 0.1.0\n"}
    head = {**base, "zzz/decoy.yaml": flux("fake", "charts/app", *deletes().splitlines())}

    analysis = review(Repository(base, head), builds=True)

    places = {problem.location for problem in analysis.problems}
    assert places == {Location("zzz/decoy.yaml", 6, "RIGHT")}


def test_an_analysis_that_fails_is_an_incomplete_review_in_its_own_schema() -> None:
    tree = ComparedTree({}, MemoryBlobs({}), "b" * 40)

    document = json.loads(to_json(failed_review(tree, tree, AnalysisError("it took too long"))))

    Draft202012Validator(review_schema()).validate(document)
    assert (document["verdict"], [held["message"] for held in document["problems"]]) == (
        "incomplete",
        ["The change was not analysed: it took too long"],
    )


def test_where_the_policy_names_roots_other_declarations_only_add() -> None:
    """A decoy that was merged long ago, which nothing in a cluster reads."""
    decoy = {"zzz/decoy.yaml": flux("fake", "apps", *deletes().splitlines())}
    sync = {"clusters/sync.yaml": flux("sync", "clusters")}
    listed = {"apps/api.yaml": workload(), "apps/kustomization.yaml": "resources: [api.yaml]\n"}
    base = {**listed, **decoy, **sync}
    head = {
        **base,
        "apps/evil.yaml": binding(),
        "apps/kustomization.yaml": "resources: [api.yaml, evil.yaml]\n",
    }

    hidden = review(Repository(base, head), builds=True)
    analysis = review(Repository(base, head), Policy(roots=("clusters",)), builds=True)

    assert found(hidden, "rbac-privilege-added") == []
    (finding,) = found(analysis, "rbac-privilege-added")
    assert finding.severity is Severity.ERROR


def test_what_is_reached_from_a_named_root_replaces_the_plain_reading() -> None:
    base = {
        "clusters/apps.yaml": flux("apps", "apps", "targetNamespace: shop"),
        "apps/api.yaml": workload(),
    }
    head = {**base, "apps/cm.yaml": config("settings", "elsewhere")}

    analysis = review(Repository(base, head), Policy(roots=("clusters",)), builds=True)

    assert analysis.summary.compared == 3


def test_values_that_base_lacks_do_not_hide_what_its_own_would_show() -> None:
    template = "{{ if not .Values.safe }}\n" + binding() + "{{ end }}\n"
    needs = '{{ $_ := required "new" .Values.fresh }}\n'
    chart = {"charts/app/Chart.yaml": "apiVersion: v2\nname: app\nversion: 0.1.0\n"}
    base = {
        **chart,
        "charts/app/templates/api.yaml": workload(),
        "argo/app.yaml": application("app", "charts/app", "helm: {valuesObject: {a: b}}"),
    }
    values = "helm: {valuesObject: {safe: true, fresh: x}}"
    head = {
        **base,
        "charts/app/templates/api.yaml": needs + workload(),
        "charts/app/templates/evil.yaml": template,
        "argo/app.yaml": application("app", "charts/app", values),
    }

    analysis = review(Repository(base, head), builds=True)

    (finding,) = found(analysis, "placement-changed")
    assert (finding.severity, finding.location) == (
        Severity.ERROR,
        Location("argo/app.yaml", 9, "RIGHT"),
    )
    without = {path: text.replace(needs, "") for path, text in head.items()}
    (shown,) = found(review(Repository(base, without), builds=True), "rbac-privilege-added")
    assert shown.facts["placements"] == "base"


CLAIM = (
    "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data, namespace: shop}\n"
    "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n"
)
TAKES = "{} takes over apps, which was applied as it stands, and {}"
LEAVES = (
    "does not prune: a manifest that a later change removes leaves its object in the cluster, and "
    "no review will report the loss"
)


@pytest.mark.parametrize(
    ("declaration", "owner", "field", "effect"),
    [
        (
            application("shop", "apps", sync="automated: {}"),
            "Application/argocd/shop",
            "spec.syncPolicy.automated",
            LEAVES,
        ),
        (
            application("shop", "apps", sync="automated: {prune: true, enabled: false}"),
            "Application/argocd/shop",
            "spec.syncPolicy.automated.prune",
            LEAVES,
        ),
        (
            application_set("apps", sync="automated: {}"),
            "ApplicationSet/argocd/fake",
            "spec.template.spec.syncPolicy.automated",
            LEAVES,
        ),
        (
            application_set("apps", ", directory: {exclude: evil.yaml}"),
            "ApplicationSet/argocd/fake",
            "spec.template.spec.source.directory.exclude",
            "alters it with spec.template.spec.source.directory.exclude",
        ),
        (
            flux("shop", "apps", prune="false"),
            "Kustomization/flux-system/shop",
            "spec.prune",
            LEAVES,
        ),
        (
            flux("shop", "apps", "deletionPolicy: Orphan"),
            "Kustomization/flux-system/shop",
            "spec.deletionPolicy",
            (
                "leaves what it applied in the cluster when it is removed itself, and no review "
                "will report the loss"
            ),
        ),
        (
            application(
                "shop", "apps", sync="automated: {prune: true}, syncOptions: [Prune=confirm]"
            ),
            "Application/argocd/shop",
            "spec.syncPolicy.syncOptions[Prune=confirm]",
            "waits for a person before it deletes anything, and reviews will only warn",
        ),
    ],
)
def test_a_declaration_that_takes_over_and_keeps_what_is_removed_is_found(
    declaration: str, owner: str, field: str, effect: str
) -> None:
    base = {"apps/api.yaml": workload(), "apps/claim.yaml": CLAIM}

    analysis = review(Repository(base, {**base, "zzz/owner.yaml": declaration}))

    (finding,) = found(analysis, "placement-changed")
    assert (finding.severity, finding.message, finding.facts["field"]) == (
        Severity.ERROR,
        TAKES.format(owner, effect),
        field,
    )


@pytest.mark.parametrize(
    "declaration",
    [
        application("new", "new", sync="automated: {}"),
        application_set("new", ", directory: {exclude: x.yaml}", sync="automated: {}"),
        flux("new", "new", prune="false"),
    ],
)
def test_a_declaration_of_a_new_directory_says_nothing_of_placements(declaration: str) -> None:
    head = {**PLAIN, "new/cm.yaml": config("new", "new"), "zzz/owner.yaml": declaration}

    assert found(review(Repository(PLAIN, head)), "placement-changed") == []


@pytest.mark.parametrize(
    ("old", "new", "effect"),
    [
        (
            application("shop", "apps"),
            application("shop", "apps", sync="automated: {}"),
            LEAVES,
        ),
        (
            application("shop", "apps").replace(
                "namespace: argocd}",
                "namespace: argocd, finalizers: [resources-finalizer.argocd.argoproj.io]}",
            ),
            application("shop", "apps"),
            (
                "leaves what it applied in the cluster when it is removed itself, and no review "
                "will report the loss"
            ),
        ),
    ],
)
def test_a_declaration_that_no_longer_deletes_is_found(old: str, new: str, effect: str) -> None:
    base, head = ({**PLAIN, "argo/shop.yaml": text} for text in (old, new))

    (finding,) = found(review(Repository(base, head)), "placement-changed")
    assert finding.message == f"Application/argocd/shop now {effect}"
    assert found(review(Repository(head, base)), "placement-changed") == []


def test_a_source_that_newly_ignores_files_is_found() -> None:
    source = (
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n"
        "metadata: {name: flux-system, namespace: flux-system}\n"
        "spec: {interval: 1m, url: 'https://github.com/team/gitops', ref: {branch: main}%s}\n"
    )
    base = {**PLAIN, "flux/apps.yaml": flux("apps", "apps"), "flux/sync.yaml": source % ""}
    head = {**base, "flux/sync.yaml": source % ", ignore: evil.yaml"}

    (finding,) = found(review(Repository(base, head), builds=True), "placement-changed")
    assert finding.message == (
        "GitRepository/flux-system/flux-system now leaves out part of what it applied, with "
        "spec.ignore"
    )
    assert found(review(Repository(head, base), builds=True), "placement-changed") == []


def test_a_second_declaration_that_alters_the_same_objects_is_found() -> None:
    base = {
        "apps/api.yaml": workload(),
        "apps/kustomization.yaml": "resources: [api.yaml]\n",
        "clusters/apps.yaml": flux("apps", "apps"),
    }
    images = "images: [{name: registry.example.com/shop/api, newTag: 1.0.0}]"
    head = {**base, "clusters/more.yaml": flux("more", "apps", images)}
    tenant = {**base, "clusters/more.yaml": flux("more", "apps", "targetNamespace: other", images)}

    (finding,) = found(review(Repository(base, head), builds=True), "placement-changed")
    assert (finding.location, finding.message) == (
        Location("clusters/more.yaml", 9, "RIGHT"),
        (
            "Kustomization/flux-system/more applies apps as well, which "
            "Kustomization/flux-system/apps applies, and alters it with spec.images: one of the "
            "two hides what the other applies"
        ),
    )
    assert found(review(Repository(base, tenant), builds=True), "placement-changed") == []


@pytest.mark.parametrize("owner", [application("apps", "apps"), flux("apps", "apps")])
def test_what_moves_to_where_nothing_applies_it_is_removed(owner: str) -> None:
    base = {**PLAIN, "apps/claim.yaml": CLAIM, "owners/apps.yaml": owner}
    head = {**PLAIN, "zzz/claim.yaml": CLAIM, "owners/apps.yaml": owner}
    applied = {
        **PLAIN,
        "zzz/claim.yaml": CLAIM,
        "owners/apps.yaml": f"{owner}---\n{application('zzz', 'zzz')}",
    }

    (finding,) = found(review(Repository(base, head), builds=True), "resource-pruned")
    assert (finding.severity, finding.location) == (
        Severity.ERROR,
        Location("apps/claim.yaml", 3, "LEFT"),
    )
    if "Application" in owner:
        assert found(review(Repository(base, applied), builds=True), "resource-pruned") == []


@pytest.mark.parametrize(
    ("old", "new", "severity"),
    [
        ("targetRevision: HEAD", "targetRevision: evil", Severity.ERROR),
        ("targetRevision: v1.0.0", "targetRevision: v1.1.0", Severity.WARNING),
    ],
)
def test_what_is_applied_from_another_revision_is_not_reviewed(
    old: str, new: str, severity: Severity
) -> None:
    owner = application("shop", "apps").replace("targetRevision: HEAD", old)
    base, head = ({**PLAIN, "argo/shop.yaml": text} for text in (owner, owner.replace(old, new)))

    (finding,) = found(review(Repository(base, head)), "remote-source-changed")
    assert (finding.severity, finding.message) == (
        severity,
        (
            "the repository github.com/team/gitops is this one, at revision "
            f"{new.partition(': ')[2]}, which is not what is reviewed here"
        ),
    )


def test_a_declaration_that_applies_its_own_file_is_found() -> None:
    """Its own file is among those that it takes in, and leads to itself."""
    base = {**PLAIN, "zzz/top.yaml": flux("top", ".", *deletes().splitlines())}

    analysis = review(Repository(base, {**base, "apps/evil.yaml": binding()}), builds=True)

    assert blocks(analysis)


def test_another_source_that_may_replace_objects_of_a_directory_is_found() -> None:
    several = (
        "  sources:\n"
        f"  - {{repoURL: {HERE}, path: apps, targetRevision: HEAD}}\n"
        f"  - {{repoURL: {HERE}, path: safe, targetRevision: HEAD}}\n"
    )
    owner = application("shop", "apps")
    start, end = owner.index("  source:"), owner.index("  syncPolicy:")
    decoy = {
        "argo/shop.yaml": owner[:start] + several + owner[end:],
        "safe/evil.yaml": binding(role="view"),
    }

    (finding,) = found(review(Repository(PLAIN, {**PLAIN, **decoy})), "placement-changed")
    assert finding.message == TAKES.format("Application/argocd/shop", "alters it with spec.sources")


@pytest.mark.parametrize(
    ("namespace", "count"), [("shop", 0), ("other", 1)], ids=["that of its manifests", "another"]
)
def test_a_target_namespace_that_takes_nothing_elsewhere(namespace: str, count: int) -> None:
    base = {
        "clusters/apps.yaml": SYNC + "---\n" + flux("apps", "apps"),
        "apps/api.yaml": workload(),
    }
    head = {
        **base,
        "clusters/apps.yaml": SYNC
        + "---\n"
        + flux("apps", "apps", f"targetNamespace: {namespace}"),
    }

    analysis = review(Repository(base, head), builds=True)

    assert len(found(analysis, "placement-changed")) == count
