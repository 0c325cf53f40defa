"""Owners that apply nothing, or less than their source, and what a change loses by them."""

from __future__ import annotations

import pytest

from bot.core.finding import Severity
from tests.analysis.law import (
    Repository,
    application,
    application_set,
    config,
    flux,
    found,
    review,
    workload,
)
from tests.states import Files

RESPECTS = "automated: {prune: true}, syncOptions: [RespectIgnoreDifferences=true]"
DENY = "{podSelector: {}, policyTypes: [Ingress, Egress]}"
GUARD = "networking.k8s.io, kind: NetworkPolicy"
MANAGER = "kube-controller-manager"
ENFORCE = "pod-security.kubernetes.io~1enforce"
ANY = '"*", kind: "*"'
GENERATED = '.spec.rules[] | select(.name|test("autogen-."))'


def policy(spec: str = DENY, name: str = "deny", mark: str = "") -> str:
    """A NetworkPolicy; `mark` is an annotation."""
    marks = f", annotations: {{{mark}}}" if mark else ""
    return (
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
        f"metadata: {{name: {name}, namespace: shop{marks}}}\nspec: {spec}\n"
    )


def quota(hard: str, mark: str) -> str:
    """A ResourceQuota with an annotation."""
    return (
        "apiVersion: v1\nkind: ResourceQuota\n"
        f"metadata: {{name: most, namespace: shop, annotations: {{{mark}}}}}\n"
        f"spec: {{hard: {{{hard}}}}}\n"
    )


def listed(files: Files) -> Files:
    """The files, and a kustomization in each directory that is applied."""
    by_place: dict[str, list[str]] = {}
    for path in files:
        place, _, name = path.rpartition("/")
        by_place.setdefault(place, []).append(name)
    applied = {place: names for place, names in by_place.items() if place not in ("flux", "argo")}
    lists = {
        f"{place}/kustomization.yaml": f"resources: [{', '.join(names)}]\n"
        for place, names in applied.items()
    }
    return {**files, **lists}


def messages(base: Files, head: Files) -> list[str]:
    """What the rule says of a change."""
    analysis = review(Repository(listed(base), listed(head)))
    return [one.message for one in found(analysis, "placement-changed")]


@pytest.mark.parametrize(
    ("item", "is_reported"),
    [
        (f"group: {ANY}, jsonPointers: [/spec/replicas]", False),
        (f"group: {ANY}, jqPathExpressions: [.spec.template.spec]", False),
        (f"group: {ANY}, jsonPointers: [/metadata/annotations]", False),
        (f"group: {ANY}, jsonPointers: [/metadata/labels/app]", False),
        (f"group: {ANY}, managedFieldsManagers: [kube-controller-manager]", False),
        (f"group: {ANY}, managedFieldsManagers: [argo-rollouts]", False),
        ("group: apps, kind: '*', jsonPointers: [/spec]", False),
        (f"group: {GUARD}, name: 'den*', jsonPointers: [/spec]", False),
        ("group: '*', kind: 'Network*', jsonPointers: [/spec]", True),
        ("group: '*.k8s.io', kind: '{Ingress,NetworkPolicy}', jsonPointers: [/spec]", True),
        ("group: '', kind: 'Name*', jsonPointers: [/metadata/labels]", True),
        (f"group: {GUARD}, jsonPointers: [/status, /metadata/annotations]", False),
        ('group: "", kind: Namespace, jsonPointers: [/metadata/labels/team]', False),
        ('group: "", kind: Namespace, managedFieldsManagers: [rancher]', False),
        ("group: kyverno.io, kind: ClusterPolicy, jqPathExpressions: [.status]", False),
        (f"group: {ANY}, jsonPointers: [/spec]", True),
        (f"group: {ANY}, jsonPointers: [/spec/podSelector]", True),
        (f"group: {ANY}, jsonPointers: [/rules]", True),
        (f"group: {ANY}, jsonPointers: [/metadata/labels]", True),
        (f"group: {ANY}, managedFieldsManagers: [kubectl]", True),
        (
            f"group: {ANY}, managedFieldsManagers: [{MANAGER}], jsonPointers: [/rules]",
            True,
        ),
        (f"group: {GUARD}, jqPathExpressions: ['.spec | select(.ingress)']", True),
        (f"group: kyverno.io, kind: ClusterPolicy, jqPathExpressions: ['{GENERATED}']", False),
        (
            f'group: "", kind: Namespace, jsonPointers: [/metadata/labels/{ENFORCE}]',
            True,
        ),
    ],
)
def test_only_ignored_fields_that_may_limit_others_are_reported(
    item: str, *, is_reported: bool
) -> None:
    base = {"argo/web.yaml": application("web", "web", sync=RESPECTS), "web/a.yaml": config()}
    owner = f"{base['argo/web.yaml']}  ignoreDifferences: [{{{item}}}]\n"

    said = messages(base, {**base, "argo/web.yaml": owner})

    assert ["no longer applies the ignored fields of" in one for one in said] == [
        True
    ] * is_reported


@pytest.mark.parametrize(
    ("target", "is_reported"),
    [
        ("kind: NetworkPolicy", True),
        ('kind: "NetworkPolic."', True),
        ('kind: "Network.*"', True),
        ('kind: "Ingress|NetworkPolicy"', True),
        ('kind: "(Cilium)?NetworkPolicy"', True),
        ('group: "kyverno[.]io"', True),
        ("kind: ClusterPolicy", True),
        ('kind: "Deployment|StatefulSet"', False),
        ('kind: "Deploy.*"', False),
        ('group: apps, kind: ".*"', False),
    ],
)
def test_fields_that_flux_ignores_are_those_of_all_kinds_that_its_expression_may_match(
    target: str, *, is_reported: bool
) -> None:
    base = {"flux/web.yaml": flux("web", "web"), "web/a.yaml": config()}
    ignore = f"ignore: [{{target: {{{target}}}, paths: [/spec]}}]"

    said = messages(base, {**base, "flux/web.yaml": flux("web", "web", ignore)})

    assert ["no longer applies the ignored fields of" in one for one in said] == [
        True
    ] * is_reported


@pytest.mark.parametrize(
    ("name", "is_frozen"), [("deny", True), ("de.y", True), ("d.*", True), ("d.y", False)]
)
def test_a_policy_that_flux_ignores_by_an_expression_is_not_updated(
    name: str, *, is_frozen: bool
) -> None:
    ignore = f'ignore: [{{target: {{kind: "Net.*", name: "{name}"}}, paths: [/spec]}}]'
    base = {"flux/web.yaml": flux("web", "web", ignore), "web/a.yaml": policy(OPEN)}

    said = messages(base, {**base, "web/a.yaml": policy()})

    by = f"spec.ignore[kind=Net.*,name={name}] of Kustomization/flux-system/web"
    lost = f"NetworkPolicy/shop/deny is not updated because of {by}: {TIGHTER}"
    assert said == [lost] * is_frozen


RULES = """\
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: tags}
spec:
  validationFailureAction: %s
  rules:
  - name: %s
    match: {any: [{resources: {kinds: [Pod]}}]}
    validate: {message: a, pattern: {spec: {hostNetwork: false}}}
"""


@pytest.mark.parametrize("sync", [RESPECTS, "automated: {prune: true}"])
@pytest.mark.parametrize(
    ("expression", "rule", "is_frozen"),
    [
        (GENERATED, "tags", False),
        (GENERATED, "autogen-tags", True),
        (GENERATED.replace("autogen-.", "."), "tags", True),
    ],
)
def test_rules_that_kyverno_generates_are_no_part_of_a_manifest(
    sync: str, expression: str, rule: str, *, is_frozen: bool
) -> None:
    owner = (
        application("web", "web", sync=sync)
        + "  ignoreDifferences: [{group: kyverno.io, kind: ClusterPolicy, "
        + f"jqPathExpressions: ['{expression}']}}]\n"
    )
    base = {"argo/web.yaml": owner, "web/a.yaml": RULES % ("Audit", rule)}

    said = messages(base, {**base, "web/a.yaml": RULES % ("Enforce", rule)})

    assert ["ClusterPolicy/tags is not updated" in one for one in said] == [True] * is_frozen


LABELLED = policy().replace("namespace: shop", "namespace: shop, labels: {a: b}")


@pytest.mark.parametrize(
    ("options", "head", "more", "is_frozen"),
    [
        ("RespectIgnoreDifferences=true", LABELLED, "other", True),
        ("ApplyOutOfSyncOnly=true", policy(), "other", True),
        ("ApplyOutOfSyncOnly=true", LABELLED, "other", False),
        ("CreateNamespace=true", policy(), "settings", True),
        ("CreateNamespace=true", policy(), "other", False),
        ("CreateNamespace=true", LABELLED, "settings", False),
    ],
)
def test_a_change_of_what_argo_cd_ignores_arrives_with_a_sync_of_all(
    options: str, head: str, more: str, *, is_frozen: bool
) -> None:
    sync = f"automated: {{prune: true}}, syncOptions: [{options}]"
    owner = application("web", "web", sync=sync)
    ignoring = f"{owner}  ignoreDifferences: [{{group: {GUARD}, jsonPointers: [/spec]}}]\n"
    base = {"argo/web.yaml": ignoring, "web/a.yaml": policy(OPEN), "web/b.yaml": config()}

    said = messages(base, {**base, "web/a.yaml": head, "web/b.yaml": config(more)})

    by = "spec.ignoreDifferences[kind=NetworkPolicy] of Application/argocd/web"
    lost = f"NetworkPolicy/shop/deny is not updated because of {by}: {TIGHTER}"
    assert said == [lost] * is_frozen


@pytest.mark.parametrize(
    ("option", "is_reported"),
    [("RespectIgnoreDifferences=true", True), ("CreateNamespace=true", False)],
)
def test_an_option_that_a_generator_fills_in_counts_in_the_change_that_sets_it(
    option: str, *, is_reported: bool
) -> None:
    base = {"argo/web.yaml": application_set("web"), "web/a.yaml": policy(OPEN)}
    sync = "automated: {prune: true}, syncOptions: ['{{option}}']"
    ignoring = f"      ignoreDifferences: [{{group: {GUARD}, jsonPointers: [/spec]}}]\n"
    owner = application_set("web", sync=sync).replace(
        "elements: [{name: fake}]", f"elements: [{{name: fake, option: {option}}}]"
    )

    said = messages(base, {**base, "argo/web.yaml": owner + ignoring})

    lost = "ApplicationSet/argocd/fake no longer applies the ignored fields of NetworkPolicy"
    assert said == [lost] * is_reported


@pytest.mark.parametrize(
    ("content", "is_reported"), [(config("later"), False), (policy(name="later"), True)]
)
def test_a_new_suspended_owner_is_reported_for_what_limits_others(
    content: str, *, is_reported: bool
) -> None:
    base = {"flux/apps.yaml": flux("apps", "apps"), "apps/a.yaml": config()}
    owner = flux("later", "later", "suspend: true")

    said = messages(base, {**base, "flux/later.yaml": owner, "later/a.yaml": content})

    assert any("is new and applies nothing" in one for one in said) == is_reported


def test_a_new_suspended_owner_of_what_base_applies_is_reported() -> None:
    base = {"flux/apps.yaml": flux("apps", "apps"), "apps/a.yaml": config()}
    moved = {**base, "flux/later.yaml": flux("later", "later", "suspend: true")}
    moved |= {"later/a.yaml": config(), "apps/a.yaml": config("other")}

    said = messages(base, moved)

    assert "Kustomization/flux-system/later is new and applies nothing of its source" in said


ELSEWHERE = ["dependsOn: [{name: infra}]", "serviceAccountName: kustomize-controller"]
HERE = ["dependsOn: [{name: apps}]", "serviceAccountName: some"]
ACCOUNT = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: some, namespace: flux-system}\n"


@pytest.mark.parametrize("field", ELSEWHERE)
def test_what_a_new_owner_needs_may_come_from_another_repository(field: str) -> None:
    base = {
        "flux/apps.yaml": flux("apps", "apps") + "---\n" + ACCOUNT,
        "apps/a.yaml": policy(),
        "apps/b.yaml": config(),
    }
    owner = {"flux/new.yaml": flux("new", "new", field)}

    added = {**base, **owner, "new/a.yaml": policy(name="more")}
    moved = {**base, **owner, "new/a.yaml": policy(), "apps/a.yaml": config("other")}

    assert messages(base, added) == []
    assert any("NetworkPolicy/shop/deny is never created" in one for one in messages(base, moved))


@pytest.mark.parametrize("field", ELSEWHERE)
def test_where_all_that_base_needs_is_here_the_rest_is_missing(field: str) -> None:
    base = {
        "flux/apps.yaml": flux("apps", "apps"),
        "flux/some.yaml": ACCOUNT,
        "flux/two.yaml": flux(
            "two", "two", "dependsOn: [{name: apps}]", "serviceAccountName: some"
        ),
        "apps/b.yaml": config(),
        "two/b.yaml": config("two"),
    }
    head = {**base, "flux/new.yaml": flux("new", "new", field), "new/a.yaml": policy()}

    assert any("NetworkPolicy/shop/deny is never created" in one for one in messages(base, head))


ONCE = "kustomize.toolkit.fluxcd.io/ssa: IfNotPresent"
WEB = "{podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress, Egress]}"
OPEN = "{podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{}]}"
PORTS = "{podSelector: {}, policyTypes: [Ingress], ingress: [{ports: [{port: 1}, {port: 2}]}]}"
TIGHTER = "what it newly refuses stays allowed"
UNKNOWN = "its change does not reach the cluster"


@pytest.mark.parametrize(
    ("old", "new", "lost"),
    [
        (DENY, "{podSelector: {}, policyTypes: [Egress, Ingress]}", ""),
        (PORTS, PORTS.replace("{port: 1}, {port: 2}", "{port: 2}, {port: 1}"), ""),
        (DENY, OPEN, ""),
        (DENY, WEB, ""),
        (DENY, "{podSelector: {}, policyTypes: [Ingress]}", ""),
        (OPEN, DENY, TIGHTER),
        (WEB, DENY, TIGHTER),
        (WEB, WEB.replace("web", "api"), UNKNOWN),
        (OPEN, WEB, UNKNOWN),
        (PORTS, PORTS.replace("{port: 1}, ", ""), UNKNOWN),
    ],
)
def test_of_what_is_not_updated_only_what_may_refuse_more_is_reported(
    old: str, new: str, lost: str
) -> None:
    base = {"flux/apps.yaml": flux("apps", "apps"), "apps/a.yaml": policy(old, mark=ONCE)}

    said = messages(base, {**base, "apps/a.yaml": policy(new, mark=ONCE)})

    words = f"NetworkPolicy/shop/deny is not updated because of {ONCE}"
    assert said == ([f"{words}: {lost}"] if lost else [])


@pytest.mark.parametrize(
    ("old", "new", "lost"),
    [
        ("pods: 4", 'pods: "4", memory: 1Gi', TIGHTER),
        ("memory: 1Gi", "memory: 512Mi", TIGHTER),
        ("memory: 512Mi", "memory: 1Gi", ""),
        ("pods: 4, memory: 1Gi", "pods: 5, memory: 512Mi", UNKNOWN),
    ],
)
def test_a_quota_that_is_not_updated_is_compared_by_its_amounts(
    old: str, new: str, lost: str
) -> None:
    base = {"flux/apps.yaml": flux("apps", "apps"), "apps/a.yaml": quota(old, ONCE)}

    said = messages(base, {**base, "apps/a.yaml": quota(new, ONCE)})

    assert said == (
        [f"ResourceQuota/shop/most is not updated because of {ONCE}: {lost}"] if lost else []
    )


GIT = (
    "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n"
    "metadata: {{name: {name}, namespace: flux-system}}\n"
    "spec: {{url: 'https://github.com/team/gitops', ref: {{branch: main}}, suspend: {suspend}}}\n"
)
WAITING = [
    ("dependsOn: [{name: guards}]", "spec.dependsOn[name=guards]"),
    ('dependsOn: [{name: apps, readyExpr: "1 == 2"}]', "readyExpr: 1 == 2"),
    ("dependsOn: [{name: apps, readyExpr: '1 == \"1\"'}]", 'readyExpr: 1 == "1"'),
    ("dependsOn: [{name: apps, readyExpr: '!(1 < 2)'}]", "readyExpr: !(1 < 2)"),
    ("dependsOn: [{name: apps, readyExpr: 'size([1]) == 1'}]", "readyExpr: size([1]) == 1"),
    ("dependsOn: [{name: apps, readyExpr: 'false // dep'}]", "readyExpr: false // dep"),
    ('dependsOn: [{name: apps, readyExpr: \'"dep" == "self"\'}]', 'readyExpr: "dep" == "self"'),
    (
        "postBuild: {substituteFrom: [{kind: ConfigMap, name: gone}]}",
        "spec.postBuild.substituteFrom[name=gone]",
    ),
    ("decryption: {provider: sops, secretRef: {name: gone}}", "secretRef"),
]
APPLYING = [
    "dependsOn: [{name: apps}]",
    "wait: true",
    'healthCheckExprs: [{apiVersion: v1, kind: A, current: "has(status.ready)"}]',
    'dependsOn: [{name: apps, readyExpr: "true"}]',
    'dependsOn: [{name: apps, readyExpr: "1 == 1"}]',
    'dependsOn: [{name: apps, readyExpr: \'!false && (1 != 2 || "a" == "b")\'}]',
    "dependsOn: [{name: apps, readyExpr: \"'!' != '&&' // always\"}]",
    "postBuild: {substituteFrom: [{kind: ConfigMap, name: gone, optional: true}]}",
    "postBuild: {substituteFrom: [{kind: Secret, name: sealed}]}",
    "decryption: {provider: sops, secretRef: {name: sealed}}",
]
SEALED = (
    "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\n"
    "metadata: {name: sealed, namespace: flux-system}\nspec: {encryptedData: {}}\n"
)
START = {"flux/apps.yaml": flux("apps", "apps"), "flux/a.yaml": SEALED, "apps/b.yaml": config()}


def moved(owner: str, more: Files | None = None) -> list[str]:
    """What the rule says of a network policy that moves to a new owner."""
    base = {**START, **(more or {}), "apps/a.yaml": policy()}
    head = {**START, **(more or {}), "flux/new.yaml": owner, "guards/a.yaml": policy()}
    return messages(base, head)


@pytest.mark.parametrize(("field", "words"), WAITING, ids=lambda text: text)
def test_a_policy_that_moves_to_an_owner_that_waits_for_ever_is_gone(
    field: str, words: str
) -> None:
    name = "Kustomization/flux-system/guards"
    lost = f"is never created because of {words} of {name}: what it refuses stays allowed"

    (message,) = moved(flux("guards", "guards", field))

    assert message.startswith(f"NetworkPolicy/shop/deny {lost}")


@pytest.mark.parametrize("field", APPLYING)
def test_a_policy_may_move_to_an_owner_that_waits_for_what_comes(field: str) -> None:
    assert moved(flux("guards", "guards", field)) == []


def test_owners_that_wait_for_each_other_apply_nothing() -> None:
    one = flux("guards", "guards", "dependsOn: [{name: two}]")
    two = flux("two", "two", "dependsOn: [{name: guards}]")

    (message,) = moved(f"{one}---\n{two}", {"two/b.yaml": config("two")})

    assert "is never created because of spec.dependsOn[name=two] of" in message


@pytest.mark.parametrize("suspend", ["true", "false"])
@pytest.mark.parametrize("was", ["true", "false"])
def test_a_suspended_source_gives_nothing_new(suspend: str, was: str) -> None:
    owner = flux("apps", "apps").replace("name: flux-system}\n", "name: some}\n")
    base = {"flux/apps.yaml": owner, "apps/b.yaml": config()}
    new = {"flux/s.yaml": GIT.format(name="some", suspend=suspend), "apps/a.yaml": policy()}

    said = messages({**base, "flux/s.yaml": GIT.format(name="some", suspend=was)}, {**base, **new})

    cause = "suspend: true of GitRepository/flux-system/some"
    never = "not" if was == suspend else "never"
    words = (
        f"NetworkPolicy/shop/deny is {never} created because of {cause}: "
        "what it refuses stays allowed"
    )
    assert said == ([words] if suspend == "true" else [])


RELEASE = (
    "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
    "metadata: {{name: guards, namespace: shop}}\n"
    "spec:\n  interval: 1m\n  {more}\n  chart: {{spec: {{chart: ./guards, "
    "sourceRef: {{kind: GitRepository, name: {source}, namespace: flux-system}}}}}}\n"
)
CHART = {"guards/Chart.yaml": "apiVersion: v2\nname: guards\nversion: 1.0.0\n"}
VALUES = "{kind: Secret, name: gone, targetPath: a}"
HOOK = '"helm.sh/hook": "post-install,post-upgrade"'


@pytest.mark.parametrize(
    ("source", "more", "mark", "words"),
    [
        ("flux-system", "", "", ""),
        ("gone", "", "", "sourceRef"),
        ("flux-system", "dependsOn: [{name: guards}]", "", "spec.dependsOn[name=guards]"),
        ("flux-system", f"valuesFrom: [{VALUES}]", "", "spec.valuesFrom[name=gone]"),
        ("flux-system", f"valuesFrom: [{VALUES[:-1]}, optional: true}}]", "", ""),
        (
            "flux-system",
            f"valuesFrom: [{VALUES.replace('gone', 'sealed')}]",
            "",
            "",
        ),
        ("flux-system", "install: {disableHooks: true}", HOOK, "disableHooks: true"),
        ("flux-system", "install: {disableHooks: true}", "", ""),
    ],
)
def test_a_policy_that_moves_to_a_release_that_is_not_installed_is_gone(
    source: str, more: str, mark: str, words: str
) -> None:
    owner = RELEASE.format(source=source, more=more)
    base = {
        **START,
        "apps/s.yaml": SEALED.replace("flux-system", "shop"),
        **CHART,
        "apps/a.yaml": policy(),
        "apps/kustomization.yaml": "resources: [a.yaml, b.yaml, s.yaml]\n",
    }
    head = {
        **START,
        **CHART,
        "apps/s.yaml": base["apps/s.yaml"],
        "apps/kustomization.yaml": "resources: [b.yaml, s.yaml]\n",
        "flux/new.yaml": owner,
        "guards/templates/a.yaml": policy(mark=mark),
    }

    analysis = review(Repository(base, head), builds=True)

    said = [one.message for one in found(analysis, "placement-changed")]
    never = [message for message in said if "is never created" in message]
    lost = (
        f"is never created because of {words} of HelmRelease/shop/guards: "
        "what it refuses stays allowed"
    )
    assert [message.partition(";")[0] for message in never] == (
        [f"NetworkPolicy/shop/deny {lost}"] if words else []
    )


WINDOWS = (
    "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\n"
    "metadata: {{name: default, namespace: argocd}}\n"
    'spec: {{sourceRepos: ["*"], destinations: [{{server: "*", namespace: "*"}}], '
    'clusterResourceWhitelist: [{{group: "*", kind: "*"}}], syncWindows: [{{{window}}}]}}\n'
)
ALWAYS = 'kind: deny, schedule: "* * * * *", duration: 1m'


@pytest.mark.parametrize(
    ("window", "is_lost"),
    [
        (f'{ALWAYS}, applications: ["*"]', True),
        (f"{ALWAYS}, namespaces: [shop]", True),
        ('kind: deny, schedule: "0 0 * * *", duration: 24h, applications: [new]', True),
        ('kind: deny, schedule: "0 0 * * *", duration: 8h, applications: [new]', False),
        (f'{ALWAYS}, applications: ["*"], manualSync: true', True),
        ('kind: deny, schedule: "*/5 * * * *", duration: 5m, applications: [new]', True),
        ('kind: deny, schedule: "*/5 * * * *", duration: 4m, applications: [new]', False),
        ('kind: deny, schedule: "0 0 1 1 *", duration: 8784h, applications: [new]', True),
        ('kind: deny, schedule: "0 22 * * MON-FRI", duration: 8h, applications: [new]', False),
        ('kind: deny, schedule: "@daily", duration: 1h, applications: [new]', True),
        ('kind: deny, schedule: "0 0 * * *", duration: 1d, applications: [new]', True),
        ('kind: allow, schedule: "0 0 30 2 *", duration: 1h, applications: [new]', True),
        ('kind: allow, schedule: "0 0 29 2 *", duration: 1h, applications: [new]', False),
        ('kind: allow, schedule: "nonsense", duration: 1h, applications: [other]', False),
        (f"{ALWAYS}, applications: [other]", False),
        (f"{ALWAYS}, applications: [new], namespaces: [other], andOperator: true", False),
        ('kind: allow, schedule: "* * * * *", duration: 1m, applications: ["*"]', False),
    ],
)
def test_a_policy_that_moves_into_a_window_that_never_opens_is_gone(
    window: str, *, is_lost: bool
) -> None:
    project = {"argo/project.yaml": WINDOWS.format(window=window)}

    said = moved(application("new", "guards"), project)

    assert any("NetworkPolicy/shop/deny is never created" in one for one in said) == is_lost


@pytest.mark.parametrize(
    ("setting", "is_lost"),
    [
        ("syncPolicy: {applicationsSync: create-only}", True),
        ("syncPolicy: {applicationsSync: create-delete}", True),
        ("syncPolicy: {applicationsSync: create-update}", False),
        ("ignoreApplicationDifferences: [{jsonPointers: [/spec/source]}]", True),
        ("ignoreApplicationDifferences: [{jsonPointers: [/spec/source/path]}]", True),
        ("ignoreApplicationDifferences: [{jqPathExpressions: [.spec.source.path]}]", True),
        ("ignoreApplicationDifferences: [{jsonPointers: [/spec/source/targetRevision]}]", False),
    ],
)
def test_a_set_that_updates_no_application_leaves_it_at_its_path(
    setting: str, *, is_lost: bool
) -> None:
    start = {**START, "empty/b.yaml": config("empty")}
    sets = [f"{application_set(path)}  {setting}\n" for path in ("empty", "guards")]
    base = {**start, "argo/set.yaml": sets[0], "apps/a.yaml": policy()}
    head = {**start, "argo/set.yaml": sets[1], "guards/a.yaml": policy()}

    said = messages(base, head)

    assert any("NetworkPolicy/shop/deny is never created" in one for one in said) == is_lost


@pytest.mark.parametrize(
    ("name", "fields", "kind"),
    [
        ("networking.k8s.io_NetworkPolicy", "jsonPointers: [/spec]", "NetworkPolicy"),
        ("_ResourceQuota", "jsonPointers: [/spec/hard]", "ResourceQuota"),
        ("all", "jsonPointers: [/spec]", "every kind"),
        ("all", "managedFieldsManagers: [kube-controller-manager]", ""),
        ("apps_Deployment", "jsonPointers: [/spec]", ""),
        ("networking.k8s.io_NetworkPolicy", "jsonPointers: [/status]", ""),
    ],
)
def test_differences_that_argo_cd_newly_ignores_are_reported_for_limits(
    name: str, fields: str, kind: str
) -> None:
    settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm, namespace: argocd}\n"
    key = f"resource.customizations.ignoreDifferences.{name}"
    base = {**START, "argocd/cm.yaml": f"{settings}data: {{}}\n"}
    base["flux/argocd.yaml"] = flux("argocd", "argocd")
    head = {**base, "argocd/cm.yaml": f"{settings}data:\n  {key}: |\n    {fields}\n"}

    said = messages(base, head)

    words = f"ConfigMap/argocd/argocd-cm keeps Argo CD from syncing the ignored fields of {kind}"
    assert said == ([words] if kind else [])


@pytest.mark.parametrize("used", ["default", "some"])
def test_a_project_may_come_from_another_repository(used: str) -> None:
    project = WINDOWS.format(window=f"{ALWAYS}, applications: [none]")
    apps = application("apps", "apps").replace("project: default", f"project: {used}")
    base = {
        "argo/project.yaml": project.replace("name: default", "name: some"),
        "argo/apps.yaml": apps,
        "apps/b.yaml": config(),
    }
    new = application("new", "new").replace("project: default", "project: gone")

    said = messages(base, {**base, "argo/new.yaml": new, "new/a.yaml": policy()})

    assert any("is never created because of project: gone" in one for one in said) == (
        used == "some"
    )


@pytest.mark.parametrize(
    ("kind", "pointer", "words"),
    [
        ("networking.k8s.io/NetworkPolicy", "/spec", "NetworkPolicy"),
        ('"*/Network*"', "/spec", "Network*"),
        ('"*/*"', "/spec", "every kind"),
        ("apps/Deployment", "/spec", ""),
        ("networking.k8s.io/NetworkPolicy", "/status", ""),
    ],
)
def test_the_older_setting_with_all_kinds_is_read_as_well(
    kind: str, pointer: str, words: str
) -> None:
    settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm, namespace: argocd}\n"
    ignoring = f"    {kind}:\n      ignoreDifferences: |\n        jsonPointers: [{pointer}]\n"
    base = {**START, "argocd/cm.yaml": f"{settings}data: {{}}\n"}
    base["flux/argocd.yaml"] = flux("argocd", "argocd")
    head = {**base, "argocd/cm.yaml": f"{settings}data:\n  resource.customizations: |\n{ignoring}"}

    said = messages(base, head)

    start = "ConfigMap/argocd/argocd-cm keeps Argo CD from syncing the ignored fields of"
    assert said == ([f"{start} {words}"] if words else [])


MANUAL = "syncOptions: [CreateNamespace=true]"
JQ = "ignoreDifferences: [{group: apps, kind: Deployment, jqPathExpressions: ['.spec.%s']}]"
SHARD = "{name: guards, labels: {sharding.fluxcd.io/key: some},"


@pytest.mark.parametrize(
    ("owner", "words"),
    [
        (application("new", "guards", sync=MANUAL), "Application/argocd/new without spec.syncPol"),
        (application("new", "guards", sync="automated: {enabled: false}"), "enabled: false of App"),
        (application("new", "guards", sync="automated: {enabled: true}"), ""),
        (application("new", "guards", sync="automated: {}"), ""),
        (application("new", "guards") + f"  {JQ % '(('}\n", "spec.ignoreDifferences[*].jqPath"),
        (application("new", "guards") + f"  {JQ % 'a | select(.b)'}\n", ""),
        (
            flux("guards", "guards", "dependsOn: [{name: apps, readyExpr: 'dep.a == self.b'}]"),
            "readyExpr: dep.a == self.b of Kustomization",
        ),
        (
            flux("guards", "guards", "healthCheckExprs: [{kind: A, current: '(('}]"),
            "current: (( of Kustomization",
        ),
        (flux("guards", "guards", "serviceAccountName: nobody"), "serviceAccountName: nobody of K"),
        (flux("guards", "guards").replace("{name: guards,", SHARD), "sharding.fluxcd.io/key: some"),
    ],
)
def test_a_policy_that_moves_to_an_owner_that_may_not_apply_it_may_be_gone(
    owner: str, words: str
) -> None:
    said = moved(owner)

    lost = f"NetworkPolicy/shop/deny may never be created because of {words}"
    assert [one.startswith(lost) for one in said] == [True] * bool(words)


def test_an_owner_may_depend_on_what_base_depends_on_in_the_same_words() -> None:
    ready = "dependsOn: [{name: apps, readyExpr: 'dep.a == self.b'}]"
    more = {"flux/two.yaml": flux("two", "two", ready), "two/b.yaml": config("two")}

    assert moved(flux("guards", "guards", ready), more) == []


@pytest.mark.parametrize("kind", ["RoleBinding", "ClusterRoleBinding"])
def test_an_account_that_a_binding_here_names_may_apply_a_policy(kind: str) -> None:
    bound = (
        f"apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\n"
        "metadata: {name: some, namespace: flux-system}\n"
        "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}\n"
        "subjects: [{kind: ServiceAccount, name: some, namespace: flux-system}]\n"
    )

    assert moved(flux("guards", "guards", "serviceAccountName: some"), {"flux/b.yaml": bound}) == []


def test_a_new_policy_of_a_new_owner_waits_for_a_person_as_its_team_means_it() -> None:
    new = {"flux/new.yaml": application("new", "new", sync=MANUAL), "new/a.yaml": policy()}

    assert messages(START, {**START, **new}) == []


def test_a_policy_that_moves_between_owners_that_people_sync_is_no_finding() -> None:
    old = application("old", "old", sync=MANUAL)
    base = {**START, "argo/old.yaml": old, "old/a.yaml": policy(), "old/b.yaml": config("old")}
    head = {name: text for name, text in base.items() if name != "old/a.yaml"}
    head |= {"argo/new.yaml": application("new", "new", sync=MANUAL), "new/a.yaml": policy()}

    assert messages(base, head) == []


@pytest.mark.parametrize(("sync", "is_lost"), [(MANUAL, True), ("automated: {}", False)])
def test_a_new_owner_below_one_that_only_a_person_syncs_may_not_be_created(
    sync: str, *, is_lost: bool
) -> None:
    owners = {"argo/root.yaml": application("root", "root", sync=sync), "root/c.yaml": config("r")}
    owners |= {"argo/old.yaml": application("old", "old"), "old/b.yaml": config()}
    new = {"root/new.yaml": application("new", "new"), "new/a.yaml": policy()}

    analysis = review(Repository({**owners, "old/a.yaml": policy()}, {**owners, **new}))

    words = "Application/argocd/root without spec.syncPolicy.automated"
    lost = f"NetworkPolicy/shop/deny may never be created because of {words}"
    said = [one.message for one in found(analysis, "placement-changed")]
    assert [one.startswith(lost) for one in said] == [True] * is_lost


@pytest.mark.parametrize(
    ("was", "now", "is_reported"),
    [
        ("", "sparseCheckout: [flux, apps]", True),
        ("sparseCheckout: [flux, apps]", "sparseCheckout: [flux]", True),
        ("sparseCheckout: [flux]", "sparseCheckout: [flux, apps]", False),
        ("sparseCheckout: [flux]", "", False),
    ],
)
def test_a_source_that_newly_checks_out_less_is_reported(
    was: str, now: str, *, is_reported: bool
) -> None:
    sources = [
        GIT.format(name="flux-system", suspend="false").replace("spec: {", f"spec: {{{field}, ")
        for field in (was or "interval: 1m", now or "interval: 1m")
    ]

    said = messages({**START, "flux/s.yaml": sources[0]}, {**START, "flux/s.yaml": sources[1]})

    words = "GitRepository/flux-system/flux-system now leaves out part of what it applied, with"
    assert said == [f"{words} spec.sparseCheckout"] * is_reported


SET = """apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: set, namespace: argocd}
spec:
  goTemplate: true
  %(strategy)s
  generators:
    - list: {elements: [{name: web, option: "%(option)s", skip: "%(skip)s"}]%(template)s}
  template:
    metadata:
      name: "{{.name}}"
      labels: {env: "{{.name}}"}
      annotations: {argocd.argoproj.io/skip-reconcile: "{{.skip}}"}
    spec:
      project: default
      source: {repoURL: https://github.com/team/gitops, targetRevision: main, path: "{{.name}}"}
      destination: {server: https://kubernetes.default.svc, namespace: shop}
      syncPolicy: {automated: {prune: true}, syncOptions: ["{{.option}}"]}
      %(ignored)s
"""
IGNORING = f"ignoreDifferences: [{{group: {GUARD}, jsonPointers: [/spec]}}]"
RESPECT = "RespectIgnoreDifferences=true"
CREATE = "CreateNamespace=true"
ROLLING = (
    "strategy: {type: RollingSync, rollingSync: {steps: [{matchExpressions: "
    "[{key: env, operator: In, values: [%s]}]}]}}"
)


@pytest.mark.parametrize(
    ("fields", "is_frozen"),
    [
        ({}, False),
        ({"ignored": IGNORING, "option": RESPECT}, True),
        ({"ignored": IGNORING}, False),
        ({"skip": "true"}, True),
        ({"template": f", template: {{spec: {{source: {{path: ''}}, {IGNORING}}}}}"}, False),
        (
            {
                "template": f", template: {{spec: {{source: {{path: ''}}, {IGNORING}}}}}",
                "option": RESPECT,
            },
            True,
        ),
        ({"strategy": ROLLING % "web"}, False),
        ({"strategy": ROLLING % "other"}, True),
        ({"strategy": ROLLING.replace("]}]}}", "], maxUpdate: 0%%}]}}") % "web"}, True),
        ({"strategy": ROLLING.replace("]}]}}", "], maxUpdate: 10%%}]}}") % "web"}, False),
    ],
)
def test_the_settings_of_a_set_are_those_that_its_parameters_fill_in(
    fields: dict[str, str], *, is_frozen: bool
) -> None:
    filled = {"strategy": "", "template": "", "ignored": "", "option": CREATE, "skip": "false"}
    base = {"argo/set.yaml": SET % {**filled, **fields}, "web/a.yaml": policy(OPEN)}
    base |= {"web/b.yaml": config()}

    said = messages(base, {**base, "web/a.yaml": policy(), "web/b.yaml": config("other")})

    start = "NetworkPolicy/shop/deny is not updated because of "
    assert [one.startswith(start) for one in said] == [True] * is_frozen


@pytest.mark.parametrize(("value", "is_reported"), [("web", False), ("other", True)])
def test_a_set_whose_steps_newly_select_no_application_is_reported(
    value: str, *, is_reported: bool
) -> None:
    fields = {"strategy": "", "template": "", "ignored": "", "option": CREATE, "skip": "false"}
    text = SET.replace('env: "{{.name}}"', "env: web") % fields
    rolling = text.replace("  generators", f"  {ROLLING % value}\n  generators")
    files = {"web/b.yaml": config()}

    said = messages({**files, "argo/set.yaml": text}, {**files, "argo/set.yaml": rolling})

    assert said == ["ApplicationSet/argocd/set no longer applies its source"] * is_reported


PAUSED = "namespace: argocd, annotations: {argocd.argoproj.io/skip-reconcile: 'true'}"


@pytest.mark.parametrize(
    "owner",
    [
        flux("web", "web", "suspend: true"),
        application("web", "web").replace("namespace: argocd", PAUSED),
    ],
)
def test_a_new_policy_of_a_paused_owner_waits_and_pausing_is_no_finding(owner: str) -> None:
    running = owner.replace("suspend: true", "suspend: false").replace("'true'", "'false'")
    base = {"argo/web.yaml": owner, "web/b.yaml": config()}

    paused = messages({**base, "argo/web.yaml": running}, base)
    analysis = review(Repository(listed(base), listed({**base, "web/a.yaml": policy()})))

    (finding,) = found(analysis, "placement-changed")
    assert (paused, finding.severity) == ([], Severity.NOTICE)
    assert finding.message.startswith("NetworkPolicy/shop/deny is not created because of ")


def test_a_new_policy_of_an_unknown_project_is_a_warning_unless_it_replaces_one() -> None:
    project = WINDOWS.format(window=f"{ALWAYS}, applications: [none]")
    apps = application("apps", "apps").replace("project: default", "project: some")
    base = {"argo/p.yaml": project.replace("name: default", "name: some"), "argo/a.yaml": apps}
    base |= {"apps/b.yaml": config()}
    new = application("new", "new").replace("project: default", "project: gone")
    head = {**base, "argo/new.yaml": new, "new/a.yaml": policy()}

    analyses = [
        review(Repository(listed(start), listed(head)))
        for start in (base, {**base, "apps/a.yaml": policy()})
    ]

    severities = [[one.severity for one in found(one, "placement-changed")] for one in analyses]
    assert severities == [[Severity.WARNING], [Severity.ERROR]]


ENCRYPTED = (
    "apiVersion: v1\nkind: Secret\nmetadata: {name: key, namespace: shop, annotations: {%s}}\n"
    "stringData: {a: 'ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]'}\n"
    "sops: {version: 3.9.0}\n"
)
DISABLED = "kustomize.toolkit.fluxcd.io/decrypt: disabled"


@pytest.mark.parametrize(
    ("field", "secret", "is_lost"),
    [
        ("wait: true", ENCRYPTED % "", True),
        ("decryption: {provider: sops}", ENCRYPTED % "", False),
        ("wait: true", ENCRYPTED % DISABLED, False),
        ("wait: true", (ENCRYPTED % "").partition("sops:")[0], False),
    ],
)
@pytest.mark.parametrize("is_usual", [True, False])
def test_flux_applies_nothing_beside_a_secret_that_it_does_not_decrypt(
    field: str, secret: str, *, is_lost: bool, is_usual: bool
) -> None:
    usual = {"apps/s.yaml": secret.replace("name: key", "name: usual")} if is_usual else {}
    base = {**START, **usual, "apps/a.yaml": policy()}
    head = {**START, **usual, "flux/new.yaml": flux("guards", "guards", field)}

    said = messages(base, {**head, "guards/a.yaml": policy(), "guards/s.yaml": secret})

    cause = "because of sops of Secret/shop/key"
    assert any(cause in message for message in said) == (is_lost and not is_usual)


DECRYPTS = "decryption: {provider: sops}"
FAILS = (
    "Kustomization/flux-system/guards no longer applies its source: Secret/shop/key is encrypted "
    "by SOPS, and the Kustomization has no `decryption`"
)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (("wait: true", ""), ("wait: true", ENCRYPTED % ""), "guards/s.yaml:5"),
        ((DECRYPTS, ENCRYPTED % ""), ("wait: true", ENCRYPTED % ""), "flux/new.yaml:9"),
        ((DECRYPTS, ""), (DECRYPTS, ENCRYPTED % ""), ""),
        (("wait: true", ""), (DECRYPTS, ENCRYPTED % ""), ""),
        (("wait: true", ""), ("wait: true", ENCRYPTED % DISABLED), ""),
        (("wait: true", ENCRYPTED % ""), ("force: true", ENCRYPTED % ""), ""),
    ],
)
def test_flux_stops_where_a_secret_is_newly_not_decrypted(
    old: tuple[str, str], new: tuple[str, str], line: str
) -> None:
    base, head = (
        {
            **START,
            "flux/new.yaml": flux("guards", "guards", field),
            "guards/a.yaml": policy(),
            **({"guards/s.yaml": secret} if secret else {}),
        }
        for field, secret in (old, new)
    )

    analysis = review(Repository(listed(base), listed(head)))

    fails = [one for one in found(analysis, "placement-changed") if one.message == FAILS]
    assert [f"{one.location.path}:{one.location.line}" for one in fails if one.location] == (
        [line] if line else []
    )


def test_a_secret_that_no_kustomization_lists_stops_none() -> None:
    files = {
        **START,
        "flux/new.yaml": flux("guards", "guards"),
        "guards/a.yaml": policy(),
    }
    base = listed(files)

    analysis = review(Repository(base, {**base, "guards/s.yaml": ENCRYPTED % ""}))

    assert found(analysis, "placement-changed") == []


@pytest.mark.parametrize(
    ("name", "namespace", "is_lost"),
    [("gone", "shop", True), ("api", "shop", False), ("gone", "elsewhere", False)],
)
def test_an_owner_that_waits_for_what_fails_its_health_checks_applies_nothing(
    name: str, namespace: str, *, is_lost: bool
) -> None:
    check = f"{{apiVersion: apps/v1, kind: Deployment, name: {name}, namespace: {namespace}}}"
    first = flux("first", "first", f"healthChecks: [{check}]")
    second = flux("second", "second", "dependsOn: [{name: first}]")
    more = {"first/b.yaml": workload(), "second/b.yaml": config("second")}

    said = moved(
        f"{first}---\n{second}---\n{flux('guards', 'guards', 'dependsOn: [{name: second}]')}", more
    )

    cause = "spec.healthChecks[name=gone] of Kustomization/flux-system/first"
    assert any(cause in one for one in said) == is_lost


SETTINGS = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, namespace: argocd}\ndata: {%s: '%s'}\n"
)


@pytest.mark.parametrize(
    ("name", "key", "value", "effect"),
    [
        ("argocd-cm", "kustomize.buildOptions", "--enable-helm", "builds every kustomization"),
        ("argocd-cm", "kustomize.buildOptions.v5.0.0", "--x", "builds every kustomization"),
        ("argocd-cm", "application.resourceTrackingMethod", "label", "recognizes what it applied"),
        ("argocd-cm", "timeout.reconciliation", "60s", ""),
        ("other", "kustomize.buildOptions", "--enable-helm", ""),
    ],
)
def test_settings_by_which_argo_cd_builds_or_prunes_all_it_applies_are_warnings(
    name: str, key: str, value: str, effect: str
) -> None:
    base = {"argo/web.yaml": application("web", "web"), "web/a.yaml": config()}
    owner = {"argo/settings.yaml": application("settings", "settings")}
    base |= {**owner, "settings/a.yaml": SETTINGS % (name, key, "")}
    head = {**base, "settings/a.yaml": SETTINGS % (name, key, value)}

    findings = found(review(Repository(listed(base), listed(head))), "placement-changed")

    words = [f"ConfigMap/argocd/{name} changes {key}, by which Argo CD {effect}"]
    assert [one.message for one in findings] == (words if effect else [])
    assert {one.severity for one in findings} <= {Severity.WARNING}


@pytest.mark.parametrize(
    ("mode", "path", "is_reported"),
    [
        ("create-only", "other", True),
        ("create-delete", "other", True),
        ("create-only", "web", False),
        ("sync", "other", False),
        ("create-update", "other", False),
    ],
)
def test_the_applications_of_a_set_that_only_creates_stay_where_they_are(
    mode: str, path: str, *, is_reported: bool
) -> None:
    only = f"  syncPolicy: {{applicationsSync: {mode}}}\n"
    base = {"argo/set.yaml": application_set("web") + only, "web/a.yaml": policy()}
    head = {**base, "argo/set.yaml": application_set(path) + only, "other/a.yaml": policy()}

    said = messages(base, head)

    stays = "ApplicationSet/argocd/fake leaves its Applications in the directories that they had"
    assert any(one.startswith(stays) for one in said) == is_reported


@pytest.mark.parametrize(
    ("field", "is_lost"),
    [
        ("secretRef: {name: gone}", True),
        ("verify: {mode: HEAD, secretRef: {name: gone}}", True),
        ("include: [{repository: {name: gone}}]", True),
        ("secretRef: {name: sealed}", False),
        ("include: [{repository: {name: used}}]", False),
        ("timeout: 60s", False),
    ],
)
@pytest.mark.parametrize("is_usual", [True, False])
def test_a_new_source_that_waits_for_what_does_not_exist_gives_nothing(
    field: str, *, is_lost: bool, is_usual: bool
) -> None:
    source = GIT.replace("suspend: {suspend}", f"{field.replace('{', '{{').replace('}', '}}')}")
    used = {"flux/used.yaml": GIT.format(name="used", suspend="false")}
    usual = {"flux/usual.yaml": source.format(name="usual")} if is_usual else {}
    owner = flux("guards", "guards").replace("name: flux-system}\n", "name: new}\n")

    said = moved(f"{owner}---\n{source.format(name='new')}", {**used, **usual})

    assert any("is never created" in one for one in said) == (is_lost and not is_usual)


@pytest.mark.parametrize(
    ("field", "is_by_hand"),
    [("secretRef: {name: gone}", True), ("include: [{repository: {name: gone}}]", False)],
)
def test_only_a_secret_may_be_created_by_hand(field: str, *, is_by_hand: bool) -> None:
    source = GIT.format(name="new", suspend="false").replace("suspend: false", field)
    owner = flux("guards", "guards").replace("name: flux-system}\n", "name: new}\n")
    advice = (
        "; if Secret/flux-system/gone is created by hand, create it before the merge and accept "
        "this finding"
    )

    (message,) = moved(f"{owner}---\n{source}")

    assert message.endswith(advice) == is_by_hand
