"""The rules about what a sync refuses, deletes, breaks or shows, beyond their pages."""

# ruff: noqa: E501 - a row of a table is one line

from __future__ import annotations

import base64
import json

import pytest

from bot.core.finding import Severity
from bot.core.state import Environment, State
from bot.kubernetes.apply.api_versions import SERVED, unserved
from bot.kubernetes.secrets import form_of
from bot.kubernetes.versions import minor_version
from rules import api_version_removed
from rules.resource_pruned import Options
from tests.rules.judging import findings
from tests.states import world


def thing(api_version: str, kind: str, more: str = "", metadata: str = "") -> str:
    meta = f"{{name: x, namespace: shop{', ' + metadata if metadata else ''}}}"
    return f"apiVersion: {api_version}\nkind: {kind}\nmetadata: {meta}\n{more}\n---\n"


def annotated(note: str) -> str:
    return f"annotations: {{{note}}}"


JOB = "spec: {template: {spec: {image: %s}}%s}"
FORCE = "argocd.argoproj.io/sync-options: 'Replace=true, Force=true'"


@pytest.mark.parametrize(
    ("metadata", "more", "severities"),
    [
        ("", "", ["error"]),
        ("", ", ttlSecondsAfterFinished: 60", ["warning"]),
        (annotated("helm.sh/hook: pre-install"), "", []),
        (annotated(FORCE), "", []),
        (annotated("argocd.argoproj.io/sync-options: Replace=true"), "", ["error"]),
        (annotated("kustomize.toolkit.fluxcd.io/force: enabled"), "", []),
    ],
)
def test_a_job_that_is_made_anew_may_change(
    metadata: str, more: str, severities: list[str]
) -> None:
    base, head = (thing("batch/v1", "Job", JOB % (image, more), metadata) for image in "ab")

    found = findings("immutable-field-changed", base, head)
    assert [str(held.severity) for held in found] == severities


@pytest.mark.parametrize(
    ("api_version", "kind", "field", "severity", "end"),
    [
        ("apps/v1", "StatefulSet", "serviceName", Severity.WARNING, ""),
        (
            "v1",
            "PersistentVolumeClaim",
            "storageClassName",
            Severity.ERROR,
            ": its data goes with it unless the volume is retained",
        ),
    ],
)
def test_what_is_replaced_by_force_is_deleted_first(
    api_version: str, kind: str, field: str, severity: Severity, end: str
) -> None:
    base, head = (
        thing(api_version, kind, f"spec: {{{field}: {name}}}", annotated(FORCE)) for name in "ab"
    )
    (found,) = findings("immutable-field-changed", base, head)

    recreated = f"so the object is deleted and created again{end}"
    assert found.severity == severity
    assert found.message.startswith(f"{kind} shop/x changes spec.{field}, ")
    assert found.message.endswith(recreated)


CLAIM = thing("v1", "PersistentVolumeClaim")
KEEP = {
    "Prune=false": annotated("argocd.argoproj.io/sync-options: 'Delete=false,Prune=false'"),
    "disabled": annotated("kustomize.toolkit.fluxcd.io/prune: disabled"),
    "keep": annotated("helm.sh/resource-policy: keep"),
    "hook": annotated("argocd.argoproj.io/hook: PostSync"),
}
OWNERS = ("Application", "ApplicationSet", "Kustomization", "HelmRelease")
GONE = "PersistentVolumeClaim shop/x is removed"
DATA = "its data goes with it unless the volume is retained"


@pytest.mark.parametrize(
    ("base", "head", "messages"),
    [
        (CLAIM, "", [f"{GONE}: if it is pruned, {DATA}"]),
        *((thing("v1", "PersistentVolumeClaim", "", metadata), "", []) for metadata in KEEP.values()),
        (thing("v1", "PersistentVolumeClaim", "", annotated("argocd.argoproj.io/sync-options: Prune=confirm")), "", [f"{GONE} and pruned when somebody confirms it: {DATA}"]),
        (thing("v1", "ConfigMap"), "", []),
        (CLAIM.replace("name: x", "generateName: x"), "", []),
        (thing("apps/v1", "StatefulSet", "spec: {persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete}}"), "", ["StatefulSet shop/x is removed: if it is pruned, its pods and their volumes go with it"]),
        (thing("argoproj.io/v1alpha1", "Application"), "", []),
        (thing("argoproj.io/v1alpha1", "Application", "", "finalizers: [resources-finalizer.argocd.argoproj.io/background]"), "", ["Application shop/x is removed: if it is pruned, its finalizer deletes everything that it manages"]),
        (thing("argoproj.io/v1alpha1", "ApplicationSet"), "", ["ApplicationSet shop/x is removed: if it is pruned, its Applications go with it"]),
        (thing("argoproj.io/v1alpha1", "ApplicationSet", "spec: {syncPolicy: {preserveResourcesOnDeletion: true}}"), "", []),
        (thing("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "spec: {prune: true}"), "", ["Kustomization shop/x is removed: if it is pruned, everything that it applied goes with it"]),
        (thing("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "spec: {prune: false}"), "", []),
        (thing("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "spec: {prune: false, deletionPolicy: Delete}"), "", ["Kustomization shop/x is removed: if it is pruned, everything that it applied goes with it"]),
        (thing("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "spec: {prune: true, deletionPolicy: Orphan}"), "", []),
        (thing("helm.toolkit.fluxcd.io/v2", "HelmRelease"), "", ["HelmRelease shop/x is removed: if it is pruned, its release is uninstalled"]),
        ("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: gs.example.com}\nspec: {group: example.com, names: {kind: G}}\n---\n" + thing("example.com/v1", "G"), thing("example.com/v1", "G"), ["CustomResourceDefinition gs.example.com is removed: if it is pruned, every G in the cluster goes with it (1 here)"]),
        ("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: gs.example.com}\n", "", ["CustomResourceDefinition gs.example.com is removed: if it is pruned, every gs.example.com in the cluster goes with it"]),
        ("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n" + CLAIM + thing("v1", "ConfigMap"), "", ["Namespace shop is removed: if it is pruned, everything in it goes with it (2 resources here)"]),
        ("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n", "", ["Namespace shop is removed: if it is pruned, everything in it goes with it"]),
    ],
)  # fmt: skip
def test_what_goes_with_what_is_removed(base: str, head: str, messages: list[str]) -> None:
    options = Options(kinds=(*Options().kinds, *OWNERS))
    found = findings("resource-pruned", base, head, options=options)

    assert [held.message for held in found] == messages


def test_to_take_an_application_away_is_everyday_work() -> None:
    base = thing("helm.toolkit.fluxcd.io/v2", "HelmRelease")

    assert findings("resource-pruned", base, "") == []


def test_further_kinds_are_named_by_the_policy() -> None:
    options = Options(kinds=("ConfigMap", "example.com/Database"))
    base = thing("v1", "ConfigMap") + thing("example.com/v1", "Database") + CLAIM

    assert [held.message for held in findings("resource-pruned", base, "", options=options)] == [
        "ConfigMap shop/x is removed: if it is pruned, it is deleted",
        "Database shop/x is removed: if it is pruned, it is deleted",
    ]


def application(path: str, automated: str) -> str:
    spec = f"spec: {{sources: [{{path: {path}}}, {{chart: x}}], syncPolicy: {{automated: {automated}}}}}"
    return thing("argoproj.io/v1alpha1", "Application", spec, "").replace(
        "name: x,", f"name: {path.replace('/', '-').strip('.')}a,"
    )


@pytest.mark.parametrize(
    ("applications", "fate"),
    [
        ([application("apps", "{prune: true}")], "will be pruned"),
        ([application("./apps/", "{prune: true}")], "will be pruned"),
        ([application("apps", "{prune: true, enabled: false}")], "if it is pruned"),
        ([application("apps", "{}")], "if it is pruned"),
        ([application("apps", "null")], "if it is pruned"),
        ([application("app", "{}")], "if it is pruned"),
        ([application(".", "{}")], "if it is pruned"),
        ([application("apps", "{}"), application("apps/shop", "{prune: true}")], "will be pruned"),
        ([application("apps", "{prune: true}"), application("apps/shop", "{}")], ""),
        ([thing("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "spec: {path: ./apps}")], "if it is pruned"),
        ([thing("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "spec: {path: ./apps, prune: true}")], "will be pruned"),
    ],
)  # fmt: skip
def test_who_applies_the_directory_decides(applications: list[str], fate: str) -> None:
    """An object without an address names the directory; that nothing else prunes it is not said."""
    owners = {f"clusters/{number}.yaml": text for number, text in enumerate(applications)}
    found = _examined({**owners, "apps/shop/a.yaml": CLAIM}, owners, "resource-pruned")

    assert [fate in message for message in found] == [True] * bool(fate)


def _examined(base: dict[str, str], head: dict[str, str], rule_id: str) -> list[str]:
    from bot.analysis.examine import examine  # noqa: PLC0415 - paths matter only here
    from bot.catalog import load_rules  # noqa: PLC0415
    from bot.core.policy.model import Policy  # noqa: PLC0415

    rules = [rule for rule in load_rules() if rule.id == rule_id]
    sides = [{path: text.encode() for path, text in side.items()} for side in (base, head)]
    return [held.message for held in examine(sides[0], sides[1], Policy(), rules).findings]


def user(spec: str) -> str:
    return thing("apps/v1", "Deployment", f"spec: {{template: {{spec: {spec}}}}}")


CONFIG = thing("v1", "ConfigMap", "data: {a: b}")
SECRET = thing("v1", "Secret", "data: {a: Yg==}")
PRIORITY = "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: x}\n---\n"


@pytest.mark.parametrize(
    ("needed", "spec", "severity"),
    [
        (CONFIG, "{volumes: [{name: v, configMap: {name: x}}]}", "error"),
        (CONFIG, "{volumes: [{name: v, configMap: {name: x, optional: true}}]}", ""),
        (SECRET, "{volumes: [{name: v, secret: {secretName: x}}]}", "error"),
        (CONFIG, "{volumes: [{name: v, projected: {sources: [{configMap: {name: x}}]}}]}", "error"),
        (SECRET, "{volumes: [{name: v, projected: {sources: [{secret: {name: x}}]}}]}", "error"),
        (CLAIM, "{volumes: [{name: v, persistentVolumeClaim: {claimName: x}}]}", "error"),
        (CONFIG, "{containers: [{envFrom: [{configMapRef: {name: x}}]}]}", "error"),
        (SECRET, "{containers: [{envFrom: [{secretRef: {name: x}}]}]}", "error"),
        (SECRET, "{containers: [{envFrom: [{secretRef: {name: x, optional: true}}]}]}", ""),
        (CONFIG, "{initContainers: [{env: [{valueFrom: {configMapKeyRef: {name: x, key: a}}}]}]}", "error"),
        (SECRET, "{containers: [{env: [{valueFrom: {secretKeyRef: {name: x, key: a}}}]}]}", "error"),
        (SECRET, "{containers: [{env: [{valueFrom: {secretKeyRef: {name: x, key: a, optional: true}}}]}]}", ""),
        (SECRET, "{imagePullSecrets: [{name: x}]}", "warning"),
        (PRIORITY, "{priorityClassName: x}", "error"),
        (PRIORITY.replace("name: x", "name: system-node-critical"), "{priorityClassName: system-node-critical}", ""),
        (thing("bitnami.com/v1alpha1", "SealedSecret"), "{volumes: [{name: v, secret: {secretName: x}}]}", "error"),
        (thing("cert-manager.io/v1", "Certificate", "spec: {secretName: tls}"), "{volumes: [{name: v, secret: {secretName: tls}}]}", "error"),
        (CONFIG, "{volumes: [{name: v, configMap: {name: other}}]}", ""),
    ],
)  # fmt: skip
def test_what_pods_need_is_missed_when_it_goes(needed: str, spec: str, severity: str) -> None:
    pods = user(spec)
    found = findings("reference-broken", needed + pods, pods)

    assert [str(held.severity) for held in found] == ([severity] if severity else [])
    assert findings("reference-broken", pods, pods) == []


MOUNTS = user("{volumes: [{name: v, secret: {secretName: x, items: [{key: a}]}}]}")


@pytest.mark.parametrize(
    ("base", "head", "count"),
    [
        (SECRET + MOUNTS, thing("external-secrets.io/v1", "ExternalSecret") + MOUNTS, 0),
        (SECRET + MOUNTS, thing("example.com/v1", "Maker", "spec: {secret: x}") + MOUNTS, 0),
        (SECRET + MOUNTS, thing("networking.k8s.io/v1", "Ingress", "spec: {secret: x}") + MOUNTS, 1),
        (SECRET + MOUNTS, thing("v1", "Secret", "data: {b: Yg==}") + MOUNTS, 1),
        (SECRET + CONFIG + MOUNTS, SECRET + MOUNTS, 0),
        (CONFIG.replace("name: x", "name: unused") + MOUNTS, MOUNTS, 0),
        (SECRET + MOUNTS, thing("v1", "Secret", "stringData: {a: b}") + MOUNTS, 0),
        (SECRET + MOUNTS, thing("v1", "Secret", "data: {b: Yg==}") + MOUNTS.replace("key: a", "path: a"), 0),
        (thing("v1", "Secret", "data: {b: Yg==}") + MOUNTS, thing("v1", "Secret", "data: {c: Yg==}") + MOUNTS, 0),
        (SECRET + MOUNTS, thing("v1", "Secret", "sops: {mac: x}") + MOUNTS, 0),
        (thing("bitnami.com/v1alpha1", "SealedSecret") + MOUNTS, SECRET + MOUNTS, 0),
    ],
)  # fmt: skip
def test_somebody_else_may_provide_it(base: str, head: str, count: int) -> None:
    assert len(findings("reference-broken", base, head)) == count


def test_however_much_goes_what_is_needed_is_missed() -> None:
    many = "".join(CONFIG.replace("name: x", f"name: x{number}") for number in range(60))
    pods = user("{volumes: [{name: v, configMap: {name: x7}}]}")
    (found,) = findings("reference-broken", many + pods, pods)

    assert (
        found.message == "ConfigMap shop/x7 is gone, and Deployment shop/x still needs it to start"
    )


def test_several_users_are_one_finding() -> None:
    pods = MOUNTS + MOUNTS.replace("name: x, namespace", "name: other, namespace")
    (found,) = findings("reference-broken", SECRET + pods, pods)

    assert (
        found.message
        == "Secret shop/x is gone, and Deployment shop/x and 1 more still need it to start"
    )
    assert (found.side, len(found.related)) == ("LEFT", 2)


@pytest.mark.parametrize(
    ("api_version", "kind", "kubernetes", "expected"),
    [
        ("extensions/v1beta1", "Deployment", None, ("1.16", "apps/v1", True, False)),
        ("batch/v1beta1", "CronJob", "1.24", None),
        ("batch/v1beta1", "CronJob", "1.25", ("1.25", "batch/v1", True, True)),
        ("policy/v1beta1", "PodSecurityPolicy", "1.30", ("1.25", None, True, False)),
        ("policy/v1beta1", "PodDisruptionBudget", "v1.34.1", ("1.25", "policy/v1", True, False)),
        ("resource.k8s.io/v1", "ResourceClaim", "1.33", ("since 1.34", "resource.k8s.io/v1beta2", True, False)),
        ("resource.k8s.io/v1", "ResourceClaim", None, None),
        ("networking.k8s.io/v1beta1", "ServiceCIDR", None, ("1.37", "networking.k8s.io/v1", False, False)),
        ("networking.k8s.io/v1beta1", "ServiceCIDR", "1.37", ("1.37", "networking.k8s.io/v1", True, False)),
        ("apps/v2", "Deployment", None, ("", "apps/v1", True, False)),
        ("apps/v1alpha9", "Deployment", None, None),
        ("example.com/v1", "Deployment", None, None),
        ("apps/v1", "Deployment", None, None),
    ],
)  # fmt: skip
def test_what_each_version_of_kubernetes_serves(
    api_version: str,
    kind: str,
    kubernetes: str | None,
    expected: tuple[str, str | None, bool, bool] | None,
) -> None:
    (resource,) = world(thing(api_version, kind)).resources
    found = unserved(resource, kubernetes)
    when = found and (
        f"1.{found.until}" if found.until else f"since 1.{found.since}" if found.since else ""
    )

    assert (found and (when, found.use, found.certain, found.alike)) == expected


def test_the_environment_s_version_is_asked() -> None:
    held = world(thing("resource.k8s.io/v1", "ResourceClaim"))
    state = State(held.resources, Environment(kubernetes="1.30"))

    (found,) = api_version_removed.find(held.resources[0], state, None)
    assert found.message == (
        "ResourceClaim shop/x is written in resource.k8s.io/v1, which Kubernetes serves from 1.34 on,"
        " and this cluster has 1.30"
    )


def test_the_table_knows_each_version_once_and_in_order() -> None:
    assert minor_version("latest") is None
    for versions in SERVED.values():
        names = [held.version for held in versions]
        assert sorted(set(names)) == sorted(names)
        assert all(held.until is None or held.since < held.until for held in versions)


PUBLIC = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"
PRIVATE = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("secret", "form"),
    [
        ("data: {a: Yg==}", "clear"),
        ("stringData: {a: b}", "clear"),
        ("data: {a: '%%%'}", "clear"),
        ("data: {}", "empty"),
        ("data: {a: ''}", "empty"),
        ("data: {a: 7}", "empty"),
        ("type: kubernetes.io/service-account-token\ndata: {a: Yg==}", "empty"),
        ("stringData: {a: 'ENC[AES256_GCM,data:x]'}\nsops: {mac: x}", "sops"),
        ("stringData: {a: 'ENC[AES256_GCM,data:x]', b: c}\nsops: {mac: x}", "clear"),
        ("stringData: {a: '<path:a#b>', b: 'ref+vault://x', c: 'vault:x', d: '${X}', e: '{{ .x }}', f: '$(x)'}", "empty"),
        ("data: {a: PHBhdGg6YSNiPg==}", "empty"),
        ("data: {a: 'WWc=\n\n  WWc='}", "clear"),
        (f"stringData: {{a: {json.dumps(PUBLIC)}}}", "empty"),
        (f"data: {{a: {base64.b64encode(PUBLIC.encode()).decode()}}}", "empty"),
        (f"stringData: {{a: {json.dumps(PUBLIC + PRIVATE)}}}", "clear"),
    ],
)  # fmt: skip
def test_what_anybody_can_read_is_in_clear(secret: str, form: str) -> None:
    (resource,) = world(thing("v1", "Secret", secret)).resources

    assert form_of(resource) == form


SOPS = thing("v1", "Secret", "stringData: {a: 'ENC[AES256_GCM,data:x]'}\nsops: {mac: x}")
CLEAR = thing("v1", "Secret", "stringData: {a: hunter2}")


@pytest.mark.parametrize(
    ("base", "head", "causes"),
    [
        (SOPS, CLEAR, ["sops gone"]),
        (SOPS, CLEAR.replace("}\n---", "}\nsops: {mac: y}\n---"), ["value decrypted"]),
        (SOPS, SOPS.replace("data:x", "data:y"), []),
        (SOPS, SOPS + CLEAR.replace("name: x", "name: other"), ["neighbours encrypted"]),
        (SOPS + CLEAR.replace("name: x", "name: other"), SOPS + CLEAR.replace("name: x", "name: third"), []),
        (thing("external-secrets.io/v1", "ExternalSecret"), CLEAR, ["sealed before"]),
        (thing("isindir.github.com/v1alpha3", "SopsSecret"), CLEAR, ["sealed before"]),
        (CLEAR, CLEAR.replace("hunter2", "hunter3"), []),
        ("", CLEAR, []),
        (SOPS, "", []),
    ],
)  # fmt: skip
def test_a_secret_that_comes_into_the_clear(base: str, head: str, causes: list[str]) -> None:
    found = findings("secret-in-clear", base, head)

    assert [held.key for held in found] == causes
    assert "hunter" not in repr([(held.message, held.facts, held.key) for held in found])
