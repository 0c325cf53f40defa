"""What no tool applies makes up for nothing that a change takes away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from textwrap import indent

import pytest

from bot.core.finding import Severity
from tests.analysis.law import Repository, application, blocks, config, flux, found, review
from tests.states import Files

PODS = (
    "apiVersion: v1\nkind: Pod\nmetadata: {name: db, namespace: shop, labels: {app: db}}\n"
    "spec: {containers: [{name: db, image: registry.example.com/db:1.0.0}]}\n---\n"
    "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: web, labels: {app: web}}\n"
    "spec: {containers: [{name: web, image: registry.example.com/web:1.0.0}]}\n"
)
NARROW = "{podSelector: {matchLabels: {app: other}}, policyTypes: [Ingress]}"
ALL = "{podSelector: {}, policyTypes: [Ingress]}"
IGNORE = ", syncOptions: [RespectIgnoreDifferences=true]"


def policy(name: str, spec: str, mark: str = "", key: str = "annotations") -> str:
    """A NetworkPolicy; `mark` is a label or an annotation."""
    marks = f", {key}: {{{mark}}}" if mark else ""
    return (
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
        f"metadata: {{name: {name}, namespace: shop{marks}}}\nspec: {spec}\n"
    )


def ignoring(fields: str) -> str:
    """An Application that leaves fields of network policies as they are in the cluster."""
    item = f"{{group: networking.k8s.io, kind: NetworkPolicy, {fields}}}"
    sync = f"automated: {{prune: true}}{IGNORE}"
    return f"{application('limits', 'limits', sync=sync)}  ignoreDifferences: [{item}]\n"


def carried(spec: str, marks: str = "", more: str = "") -> str:
    """A Crossplane Object that carries a NetworkPolicy."""
    return (
        "apiVersion: kubernetes.crossplane.io/v1alpha2\nkind: Object\n"
        f"metadata: {{name: limits{marks}}}\n"
        f"spec:\n  {more}\n  forProvider:\n    manifest:\n"
        "      apiVersion: networking.k8s.io/v1\n      kind: NetworkPolicy\n"
        f"      metadata: {{name: a, namespace: shop}}\n      spec: {spec}\n"
    )


@dataclass(frozen=True, slots=True)
class Way:
    """A way in which no change of what it holds reaches the cluster, and a way in which one does.

    `files` make the files around a NetworkPolicy `a` with this spec; `words` say what holds it.
    `carried`: it lies in another object.
    """

    name: str
    words: str
    frozen: Callable[[str], Files]
    applied: Callable[[str], Files]
    carried: bool = False


def marked(mark: str, key: str = "annotations") -> Callable[[str], Files]:
    return lambda spec: {
        "flux/limits.yaml": flux("limits", "limits"),
        "limits/a.yaml": policy("a", spec, mark, key),
    }


def owned(owner: str, place: str = "limits/a.yaml") -> Callable[[str], Files]:
    return lambda spec: {"flux/limits.yaml": owner, place: policy("a", spec)}


def nested(marks: str = "", more: str = "") -> Callable[[str], Files]:
    return lambda spec: {
        "flux/limits.yaml": flux("limits", "limits"),
        "limits/a.yaml": carried(spec, marks, more),
    }


def application_of(project: str, space: str = "argocd") -> str:
    """An Application of a project, in a namespace."""
    text = application("limits", "limits").replace("project: default", f"project: {project}")
    return text.replace("namespace: argocd}", f"namespace: {space}}}", 1)


def governed(more: str) -> Callable[[str], Files]:
    """An Application of the project `team`; `more` is a project, or Argo CD's settings."""
    return lambda spec: {
        "flux/limits.yaml": application_of("team"),
        "flux/argo.yaml": more,
        "limits/a.yaml": policy("a", spec),
    }


def settings(kind: str) -> str:
    """Argo CD's settings, which leave a kind out."""
    return (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm, namespace: argocd}\ndata:\n"
        "  resource.exclusions: |\n    - apiGroups: ['networking.*']\n"
        f"      kinds: [{kind}]\n"
    )


def project(kind: str) -> str:
    """A project that does not permit a kind."""
    return (
        "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\n"
        "metadata: {name: team, namespace: argocd}\n"
        'spec: {sourceRepos: ["*"], destinations: [{server: "*", namespace: "*"}], '
        f"namespaceResourceBlacklist: [{{group: networking.k8s.io, kind: {kind}}}]}}\n"
    )


def generated(synchronize: str) -> Callable[[str], Files]:
    """A NetworkPolicy that Kyverno generates."""
    return lambda spec: {
        "flux/limits.yaml": flux("limits", "limits"),
        "limits/a.yaml": (
            "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: limits}\nspec:\n"
            "  rules:\n  - name: deny\n"
            "    match: {any: [{resources: {kinds: [Namespace]}}]}\n    generate:\n"
            f"      synchronize: {synchronize}\n"
            "      apiVersion: networking.k8s.io/v1\n      kind: NetworkPolicy\n"
            f"      name: a\n      namespace: shop\n      data: {{spec: {spec}}}\n"
        ),
    }


def work(strategy: str) -> Callable[[str], Files]:
    """A NetworkPolicy in a ManifestWork."""
    return lambda spec: {
        "flux/limits.yaml": flux("limits", "limits"),
        "limits/a.yaml": (
            "apiVersion: work.open-cluster-management.io/v1\nkind: ManifestWork\n"
            "metadata: {name: limits, namespace: one}\nspec:\n  manifestConfigs:\n"
            "  - resourceIdentifier: {group: networking.k8s.io, resource: networkpolicies, "
            "name: a, namespace: shop}\n"
            f"    updateStrategy: {{type: {strategy}}}\n  workload:\n    manifests:\n"
            "    - apiVersion: networking.k8s.io/v1\n      kind: NetworkPolicy\n"
            f"      metadata: {{name: a, namespace: shop}}\n      spec: {spec}\n"
        ),
    }


KUSTOMIZATION = "Kustomization/flux-system/limits"
FLUX_MARK = "kustomize.toolkit.fluxcd.io"
SKIP = "argocd.argoproj.io/skip-reconcile"
SKIPPED = application("limits", "limits").replace(
    "namespace: argocd}", f'namespace: argocd, annotations: {{{SKIP}: "true"}}}}', 1
)
POLICIES = "[Observe, Create, LateInitialize]"

WAYS = [
    Way(
        "ssa",
        f"{FLUX_MARK}/ssa: IfNotPresent",
        marked(f"{FLUX_MARK}/ssa: IfNotPresent", "labels"),
        marked(f"{FLUX_MARK}/ssa: Merge"),
    ),
    Way(
        "suspend",
        f"suspend: true of {KUSTOMIZATION}",
        owned(flux("limits", "limits", "suspend: true")),
        owned(flux("limits", "limits", "suspend: false")),
    ),
    Way(
        "skip-reconcile",
        f"{SKIP}: true of Application/argocd/limits",
        owned(SKIPPED),
        owned(application("limits", "limits")),
    ),
    Way(
        "destination",
        "name: in-cluster of Application/argocd/limits",
        owned(
            application("limits", "limits").replace(
                "destination: {", "destination: {name: in-cluster, "
            )
        ),
        owned(application("limits", "limits")),
    ),
    Way(
        "pointer",
        "spec.ignoreDifferences[kind=NetworkPolicy] of Application/argocd/limits",
        owned(ignoring("jsonPointers: [/spec]")),
        owned(ignoring("jsonPointers: [/metadata/labels]")),
    ),
    Way(
        "jq",
        "spec.ignoreDifferences[kind=NetworkPolicy] of Application/argocd/limits",
        owned(ignoring('jqPathExpressions: [".spec.podSelector"]')),
        owned(ignoring('jqPathExpressions: [".spec.ingress[].from"]')),
    ),
    Way(
        "several",
        "spec.ignoreDifferences[kind=NetworkPolicy] of Application/argocd/limits",
        owned(ignoring('jqPathExpressions: [".spec, .spec.caBundle"]')),
        owned(ignoring("jqPathExpressions: ['.a[]? | select(.name == \"b\") | .c.caBundle']")),
    ),
    Way(
        "managers",
        "spec.ignoreDifferences[kind=NetworkPolicy] of Application/argocd/limits",
        owned(ignoring("managedFieldsManagers: [kubectl]")),
        owned(ignoring("name: b, managedFieldsManagers: [kubectl]")),
    ),
    Way(
        "ignore",
        f"spec.ignore[kind=Network.*] of {KUSTOMIZATION}",
        owned(flux("limits", "limits", "ignore: [{paths: [/spec], target: {kind: Network.*}}]")),
        owned(flux("limits", "limits", "ignore: [{paths: [/spec], target: {kind: Deployment}}]")),
    ),
    Way(
        "paused",
        "crossplane.io/paused: true of Object/default/limits",
        nested(', annotations: {crossplane.io/paused: "true"}'),
        nested(', annotations: {crossplane.io/paused: "false"}'),
        carried=True,
    ),
    Way(
        "management",
        "managementPolicies of Object/default/limits",
        nested(more=f"managementPolicies: {POLICIES}"),
        nested(more='managementPolicies: ["*"]'),
        carried=True,
    ),
    Way(
        "excluded",
        "resource.exclusions of ConfigMap/argocd/argocd-cm",
        governed(settings("NetworkPolicy")),
        governed(settings("Ingress")),
    ),
    Way(
        "project",
        "namespaceResourceBlacklist of AppProject/argocd/team",
        governed(project("NetworkPolicy")),
        governed(project("Ingress")),
    ),
    Way(
        "generate",
        "synchronize: false of ClusterPolicy/limits",
        generated("false"),
        generated("true"),
        carried=True,
    ),
    Way(
        "work",
        "type: CreateOnly of ManifestWork/one/limits",
        work("CreateOnly"),
        work("Update"),
        carried=True,
    ),
    Way(
        "ready",
        f"readyExpr: false of {KUSTOMIZATION}",
        owned(flux("limits", "limits", 'dependsOn: [{name: apps, readyExpr: "false"}]')),
        owned(flux("limits", "limits", "dependsOn: [{name: apps}]")),
    ),
]


def repository(limits: Files, *, real: bool = True) -> Files:
    """Pods of two namespaces, limits, and a network policy that is applied."""
    listed = "resources: [pods.yaml, real.yaml]\n" if real else "resources: [pods.yaml]\n"
    by_argo = "kind: Application" in str(limits["flux/limits.yaml"])
    return {
        "flux/apps.yaml": application("apps", "apps") if by_argo else flux("apps", "apps"),
        "apps/kustomization.yaml": listed,
        "apps/pods.yaml": PODS,
        "apps/real.yaml": policy("real", ALL),
        "limits/kustomization.yaml": "resources: [a.yaml]\n",
        **limits,
    }


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_a_change_that_is_not_applied_pays_for_no_removal(way: Way) -> None:
    base, head = (
        repository(way.frozen(NARROW)),
        repository(way.frozen(ALL), real=False),
    )

    (finding,) = found(review(Repository(base, head)), "connectivity-widened")

    assert (finding.severity, finding.location and finding.location.path) == (
        "error",
        "apps/kustomization.yaml",
    )
    assert finding.message.endswith(
        "; as the cluster receives it, without what no tool applies: "
        f"NetworkPolicy/shop/a, because of {way.words}"
    )


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_a_change_that_is_applied_does_unless_a_carrier_holds_it(way: Way) -> None:
    base, head = (
        repository(way.applied(NARROW)),
        repository(way.applied(ALL), real=False),
    )

    assert blocks(review(Repository(base, head))) is way.carried


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_tightening_what_is_not_updated_is_found_before_anything_is_removed(way: Way) -> None:
    base, head = repository(way.frozen(NARROW)), repository(way.frozen(ALL))

    (finding,) = found(review(Repository(base, head)), "placement-changed")

    assert finding.message.startswith(
        f"NetworkPolicy/shop/a is not updated because of {way.words}: "
        "what it newly refuses stays allowed"
    )


NEVER = [
    (f"{FLUX_MARK}/reconcile: disabled", False),
    (f"{FLUX_MARK}/ssa: Ignore", False),
    ("argocd.argoproj.io/hook: SyncFail", True),
    ("argocd.argoproj.io/hook: Sync, argocd.argoproj.io/hook-delete-policy: HookSucceeded", True),
]


@pytest.mark.parametrize(("mark", "argo"), NEVER, ids=str)
def test_what_base_left_to_a_mark_pays_for_no_removal(mark: str, *, argo: bool) -> None:
    owner = application("limits", "limits") if argo else flux("limits", "limits")
    limits = {"flux/limits.yaml": owner, "limits/a.yaml": policy("a", ALL, mark)}
    base, head = repository(limits), repository(limits, real=False)

    analysis = review(Repository(base, head))

    (finding,) = found(analysis, "connectivity-widened")
    assert "without what no tool applies: NetworkPolicy/shop/a, because of " in finding.message
    assert found(analysis, "placement-changed") == []


UNMET = [
    ("dependsOn: [{name: gone}]", "spec.dependsOn[name=gone] of Kustomization/flux-system/limits"),
    ("serviceAccountName: gone", "serviceAccountName: gone of Kustomization/flux-system/limits"),
]
ACCOUNT = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: some, namespace: flux-system}\n"


@pytest.mark.parametrize(("field", "words"), UNMET)
def test_a_new_owner_that_waits_for_nothing_creates_nothing(field: str, words: str) -> None:
    base = {**repository({"flux/limits.yaml": ACCOUNT}), "limits/kustomization.yaml": ""}
    moved = {
        "flux/limits.yaml": ACCOUNT,
        "flux/new.yaml": flux("limits", "limits", field),
        "limits/a.yaml": policy("a", ALL),
    }

    analysis = review(Repository(base, repository(moved, real=False)))

    assert "no tool applies" in found(analysis, "connectivity-widened")[0].message
    assert [finding.message for finding in found(analysis, "placement-changed")] == [
        f"NetworkPolicy/shop/a is never created because of {words}: what it refuses stays allowed"
    ]


def test_what_another_owner_of_base_needs_as_well_exists() -> None:
    other = flux("other", "other", "dependsOn: [{name: gone}]")
    base = {**repository({"flux/limits.yaml": other}), "limits/kustomization.yaml": ""}
    moved = {
        "flux/limits.yaml": other,
        "flux/new.yaml": flux("limits", "limits", "dependsOn: [{name: gone}]"),
        "limits/a.yaml": policy("a", ALL),
    }

    assert not blocks(review(Repository(base, repository(moved, real=False))))


PROJECT = (
    "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\n"
    "metadata: {{name: team, namespace: argocd}}\n"
    'spec: {{sourceRepos: ["*"], destinations: [{{server: "*", namespace: "*"}}], '
    "sourceNamespaces: [{}]}}\n"
)


@pytest.mark.parametrize(
    ("owner", "spaces", "words"),
    [
        (application_of("gone"), "", "project: gone of Application/argocd/limits"),
        (application_of("team"), "", ""),
        (application_of("default"), "", ""),
        (application_of("team", "shop"), "", "namespace: shop of Application/shop/limits"),
        (application_of("team", "shop"), "sh*", ""),
    ],
)
def test_an_application_that_argo_cd_refuses_creates_nothing(
    owner: str, spaces: str, words: str
) -> None:
    project = PROJECT.format(spaces)
    start = repository({"flux/limits.yaml": application("apps", "apps")})
    base = {**start, "flux/limits.yaml": project, "limits/kustomization.yaml": ""}
    base["flux/apps.yaml"] = application("apps", "apps")
    head = {
        **base,
        "apps/kustomization.yaml": "resources: [pods.yaml]\n",
        "flux/new.yaml": owner,
        "limits/kustomization.yaml": "resources: [a.yaml]\n",
        "limits/a.yaml": policy("a", ALL),
    }

    analysis = review(Repository(base, head))

    never = [f for f in found(analysis, "placement-changed") if "never created" in f.message]
    assert [finding.message for finding in never] == [
        f"NetworkPolicy/shop/a is never created because of {words}: what it refuses stays allowed"
    ] * bool(words)
    assert bool(found(analysis, "connectivity-widened")) == bool(words)


def test_what_a_new_child_of_an_idle_owner_would_apply_is_not_created() -> None:
    start = {**repository({"flux/limits.yaml": ""}), "limits/kustomization.yaml": ""}
    parent = flux("parent", "children", "suspend: true")
    base = {
        **start,
        "flux/parent.yaml": parent,
        "children/kustomization.yaml": "resources: [map.yaml]\n",
        "children/map.yaml": config(),
    }
    head = {
        **base,
        "apps/kustomization.yaml": "resources: [pods.yaml]\n",
        "children/kustomization.yaml": "resources: [map.yaml, child.yaml]\n",
        "children/child.yaml": flux("child", "limits"),
        "limits/kustomization.yaml": "resources: [a.yaml]\n",
        "limits/a.yaml": policy("a", ALL),
    }

    analysis = review(Repository(base, head))

    assert "no tool applies" in found(analysis, "connectivity-widened")[0].message
    assert (
        "NetworkPolicy/shop/a is never created because of suspend: true of "
        "Kustomization/flux-system/parent: what it refuses stays allowed"
    ) in [finding.message for finding in found(analysis, "placement-changed")]


PLAIN_POLICY = owned(flux("limits", "limits"))
FIRST = [
    ("own mark", marked(f"{FLUX_MARK}/reconcile: disabled")),
    ("ssa", marked(f"{FLUX_MARK}/ssa: IfNotPresent")),
    ("suspend", owned(flux("limits", "limits", "suspend: true"))),
    ("ignore", owned(flux("limits", "limits", "ignore: [{paths: [/spec]}]"))),
]


@pytest.mark.parametrize(("name", "frozen"), FIRST, ids=[name for name, _ in FIRST])
def test_three_small_changes_do_not_open_what_one_would(
    name: str, frozen: Callable[[str], Files]
) -> None:
    """A mark or setting first, then a change that is not applied, then the removal."""
    steps = [
        repository(PLAIN_POLICY(NARROW)),
        repository(frozen(NARROW)),
        repository(frozen(ALL)),
        repository(frozen(ALL), real=False),
    ]

    reviews = [review(Repository(base, head)) for base, head in pairwise(steps)]

    assert any(blocks(analysis) for analysis in reviews), name


def test_a_new_owner_that_waits_for_a_new_idle_one_creates_nothing() -> None:
    base = {**repository({"flux/limits.yaml": ""}), "limits/kustomization.yaml": ""}
    moved = {
        "flux/limits.yaml": "---\n".join(
            [
                flux("first", "first", "suspend: true"),
                flux("second", "second", "dependsOn: [{name: first}]"),
                flux("limits", "limits", "dependsOn: [{name: second}]"),
            ]
        ),
        "limits/a.yaml": policy("a", ALL),
    }

    analysis = review(Repository(base, repository(moved, real=False)))

    assert "no tool applies" in found(analysis, "connectivity-widened")[0].message


BINDING = (
    "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\n"
    "metadata: {name: b}\nspec: {policyName: p, validationActions: [Deny]}\n"
)
ADMISSION = (
    "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\n"
    "metadata: {name: p}\nspec: {failurePolicy: Fail, matchConstraints: {resourceRules: "
    "[{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}, "
    'validations: [{expression: "object.spec.replicas <= 5"}]}\n'
)
CLUSTER_POLICY = (
    "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: tags}\nspec:\n"
    "  validationFailureAction: Enforce\n  rules:\n  - name: tag\n"
    "    match: {any: [{resources: {kinds: [Pod]}}]}\n"
    "    validate: {pattern: {spec: {containers: [{image: '!*:latest'}]}}}\n"
)
SPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
RESTRICTED = SPACE.replace("shop}", "shop, labels: {pod-security.kubernetes.io/enforce: baseline}}")
GUARDS = [
    ("connectivity-widened", policy("real", ALL), config(), "NetworkPolicy/shop/real"),
    (
        "guardrail-weakened",
        BINDING,
        config(),
        "ValidatingAdmissionPolicyBinding/b",
    ),
    ("guardrail-weakened", CLUSTER_POLICY, config(), "ClusterPolicy/tags"),
    ("guardrail-weakened", RESTRICTED, SPACE, "Namespace/shop"),
]
KINDS = [
    ("example.com/v1", "Nothing", "x:\n    item:\n"),
    ("hive.openshift.io/v1", "SyncSet", "resources:\n    -\n"),
    ("work.open-cluster-management.io/v1", "ManifestWork", "workload:\n    manifests:\n    -\n"),
]


def carrier(manifest: str, api_version: str, kind: str, start: str) -> str:
    """An object that holds a manifest, and that nothing has to read."""
    return (
        f"apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: idle, namespace: shop}}\n"
        f"spec:\n  {start}{indent(manifest, ' ' * 6)}"
    )


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind[1])
@pytest.mark.parametrize(("rule", "guard", "rest", "name"), GUARDS, ids=[one[3] for one in GUARDS])
def test_a_guard_in_a_carrier_pays_for_no_removal(
    rule: str, guard: str, rest: str, name: str, kind: tuple[str, str, str]
) -> None:
    files = {"apps.yaml": PODS, "admission.yaml": ADMISSION}
    base = {**files, "guard.yaml": guard}
    head = {**files, "guard.yaml": rest, "copy.yaml": carrier(guard, *kind)}

    (finding,) = found(review(Repository(base, head)), rule)

    assert finding.severity is Severity.ERROR
    assert finding.message.endswith(
        "; as the cluster receives it, without what may never be applied: "
        f"{name} in {kind[1]}/shop/idle"
    )


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind[1])
@pytest.mark.parametrize(("rule", "guard", "rest"), [one[:3] for one in GUARDS])
def test_a_guard_in_a_carrier_of_base_pays_for_none_either(
    rule: str, guard: str, rest: str, kind: tuple[str, str, str]
) -> None:
    files = {"apps.yaml": PODS, "admission.yaml": ADMISSION, "copy.yaml": carrier(guard, *kind)}
    change = Repository({**files, "guard.yaml": guard}, {**files, "guard.yaml": rest})

    findings = found(review(change), rule)

    assert {finding.severity for finding in findings} == {Severity.ERROR}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind[1])
def test_guards_in_carriers_are_quiet_while_none_is_removed(kind: tuple[str, str, str]) -> None:
    files = {"apps.yaml": PODS, "space.yaml": SPACE}
    base = {**files, "copy.yaml": carrier(policy("a", ALL), *kind)}
    moved = {**files, "other.yaml": carrier(policy("a", ALL), *kind), "b.yaml": policy("b", ALL)}

    assert not blocks(review(Repository(base, moved)))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind[1])
def test_a_guard_in_a_carrier_may_not_go_itself(kind: tuple[str, str, str]) -> None:
    base = {"apps.yaml": PODS, "copy.yaml": carrier(policy("a", ALL), *kind)}

    assert blocks(review(Repository(base, {**base, "copy.yaml": config()})))


@pytest.mark.parametrize("rest", [[], [carrier(policy("a", NARROW), *KINDS[2])]], ids=len)
def test_a_guard_that_leaves_its_carrier_is_missed_whatever_another_one_holds(
    rest: list[str],
) -> None:
    files = {"apps.yaml": PODS}
    base = {**files, "work.yaml": carrier(policy("a", ALL), *KINDS[2])}
    copied = carrier(policy("a", ALL), *KINDS[0])
    head = {**files, "work.yaml": "\n---\n".join([*rest, copied])}

    findings = found(review(Repository(base, head)), "connectivity-widened")

    assert [finding.severity for finding in findings] == [Severity.ERROR]
    assert "without what may never be applied: NetworkPolicy/shop/a in Nothing/shop/idle" in (
        findings[0].message
    )


@pytest.mark.parametrize("kind", KINDS[1:], ids=lambda kind: kind[1])
@pytest.mark.parametrize(("rule", "guard"), [one[:2] for one in GUARDS])
def test_a_guard_of_another_cluster_is_missed_where_it_is_applied_here(
    rule: str, guard: str, kind: tuple[str, str, str]
) -> None:
    files = {"apps.yaml": PODS, "admission.yaml": ADMISSION}
    base = {**files, "copy.yaml": carrier(guard, *kind)}

    findings = found(review(Repository(base, {**files, "plain.yaml": guard})), rule)

    assert {finding.severity for finding in findings} == {Severity.ERROR}
    assert "without what is no longer sent to other clusters" in findings[0].message


@pytest.mark.parametrize(("start", "keeps"), [(KINDS[0], False), (KINDS[2], True)])
def test_a_guard_that_leaves_no_other_cluster_is_not_missed(
    start: tuple[str, str, str], *, keeps: bool
) -> None:
    files = {"apps.yaml": PODS, "admission.yaml": ADMISSION}
    copy = {"copy.yaml": carrier(policy("a", ALL), *start)}
    head = {**files, **(copy if keeps else {}), "plain.yaml": policy("a", ALL)}

    assert not blocks(review(Repository({**files, **copy}, head)))
