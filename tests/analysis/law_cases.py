"""Generated changes that block, and generated additions of an author who would rather pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tests.analysis.law import (
    HERE,
    application,
    application_set,
    binding,
    config,
    deletes,
    flux,
    role,
    workload,
)

Texts = dict[str, str]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a repository applies one directory: `wrap` makes files of objects by file name."""

    name: str
    place: str
    wrap: Callable[[Mapping[str, str]], Texts]

    @property
    def declares(self) -> bool:
        """Whether an object of the repository says that the directory is applied."""
        return self.name.startswith(("argo", "flux"))


OBJECTS: Final[Mapping[str, str]] = {
    "api.yaml": workload(),
    "cm.yaml": config(),
    "role.yaml": role(),
    "limited.yaml": role("limited").replace('verbs: ["*"]', "verbs: [get]"),
    "bound.yaml": binding("bound", "limited"),
    "claim.yaml": (
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data, namespace: shop}\n"
        "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n"
    ),
    "isolation.yaml": (
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
        "metadata: {name: deny, namespace: shop}\nspec: {podSelector: {}, policyTypes: [Ingress]}\n"
    ),
    "guard.yaml": (
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: no-host}\n"
        "spec:\n  validationFailureAction: Enforce\n  rules:\n  - name: host\n"
        "    match: {any: [{resources: {kinds: [Pod]}}]}\n"
        "    validate: {message: not allowed, pattern: {spec: {'=(hostPID)': 'false'}}}\n"
    ),
}


def _under(place: str, objects: Mapping[str, str]) -> Texts:
    return {f"{place}/{name}": text for name, text in objects.items()}


def _kustomization(objects: Mapping[str, str]) -> str:
    return "resources:\n" + "".join(f"- {name}\n" for name in objects)


def _listed(place: str, objects: Mapping[str, str]) -> Texts:
    return {**_under(place, objects), f"{place}/kustomization.yaml": _kustomization(objects)}


def _overlaid(objects: Mapping[str, str]) -> Texts:
    overlay = "resources: [../base]\ncommonLabels: {team: shop}\n"
    return {**_listed("apps/base", objects), "apps/prod/kustomization.yaml": overlay}


def _chart(objects: Mapping[str, str]) -> Texts:
    templates = _under("charts/app/templates", objects)
    description = "apiVersion: v2\nname: app\nversion: 0.1.0\n"
    return {**templates, "charts/app/Chart.yaml": description, "charts/app/values.yaml": "a: b\n"}


SYNC: Final = (
    "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n"
    "metadata: {name: flux-system, namespace: flux-system}\n"
    f"spec: {{interval: 1m, url: '{HERE}', ref: {{branch: main}}}}\n"
)

LAYOUTS: Final = (
    Layout("plain", "apps", lambda objects: _under("apps", objects)),
    Layout("listed", "apps", lambda objects: _listed("apps", objects)),
    Layout("overlaid", "apps/prod", _overlaid),
    Layout("chart", "charts/app", _chart),
    Layout(
        "argo-plain",
        "apps",
        lambda objects: {
            **_under("apps", objects),
            "argo/apps.yaml": application("apps", "apps"),
        },
    ),
    Layout(
        "argo-listed",
        "apps",
        lambda objects: {
            **_listed("apps", objects),
            "argo/apps.yaml": application("apps", "apps"),
        },
    ),
    Layout(
        "argo-chart",
        "charts/app",
        lambda objects: {
            **_chart(objects),
            "argo/apps.yaml": application("apps", "charts/app", "helm: {valuesObject: {a: c}}"),
        },
    ),
    Layout(
        "flux-plain",
        "apps",
        lambda objects: {
            **_under("apps", objects),
            "clusters/apps.yaml": flux("apps", "apps"),
            "clusters/sync.yaml": SYNC,
        },
    ),
    Layout(
        "flux-listed",
        "apps",
        lambda objects: {
            **_listed("apps", objects),
            "clusters/apps.yaml": flux("apps", "apps"),
            "clusters/sync.yaml": SYNC,
        },
    ),
)

Objects = Mapping[str, str]

CHANGES: Final[Mapping[str, Callable[[Objects], Objects]]] = {
    "binding to cluster-admin": lambda objects: {**objects, "evil.yaml": binding()},
    "binding to a strong role": lambda objects: {**objects, "evil.yaml": binding(role="ops")},
    "stronger role": lambda objects: {**objects, "limited.yaml": role("limited")},
    "stronger role reference": lambda objects: {
        **objects,
        "bound.yaml": binding("bound", "cluster-admin"),
    },
    "host processes": lambda objects: {**objects, "api.yaml": workload("      hostPID: true\n")},
    "host network": lambda objects: {**objects, "api.yaml": workload("      hostNetwork: true\n")},
    "control plane": lambda objects: {
        **objects,
        "api.yaml": workload("      tolerations: [{operator: Exists}]\n"),
    },
    "host path": lambda objects: {
        **objects,
        "api.yaml": workload("      volumes: [{name: h, hostPath: {path: /}}]\n"),
    },
    "privileged": lambda objects: {
        **objects,
        "api.yaml": workload() + "        securityContext: {privileged: true}\n",
    },
    "claim removed": lambda objects: _without(objects, "claim.yaml"),
    "isolation removed": lambda objects: _without(objects, "isolation.yaml"),
    "guard removed": lambda objects: _without(objects, "guard.yaml"),
}


def _without(objects: Objects, removed: str) -> Objects:
    return {name: text for name, text in objects.items() if name != removed}


KUSTOMIZED: Final = """\
kustomize:
  patches:
  - target: {kind: ClusterRoleBinding, name: evil}
    patch: |-
      $patch: delete
      kind: ClusterRoleBinding
      metadata: {name: evil}
""".splitlines()

MENDED: Final = """\
patches:
- target: {kind: Deployment}
  patch: |-
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api}
    spec: {template: {spec: {hostPID: false, hostNetwork: false, tolerations: null}}}
- target: {kind: ClusterRoleBinding}
  patch: '[{op: replace, path: /roleRef/name, value: view}]'
""".splitlines()
KEPT: Final = "{annotations: {kustomize.toolkit.fluxcd.io/prune: disabled}}"
REMOVED: Final = ("claim.yaml", "isolation.yaml", "guard.yaml")
"""What a change of its own removes."""


def _copies(layout: Layout, place: str) -> Texts:
    """Copies of what is removed, in a place that nothing applies in a repository that declares.

    Where nothing is declared, whatever lies there is applied, and a copy makes it a move.
    """
    return {f"{place}/{name}": OBJECTS[name] for name in REMOVED} if layout.declares else {}


ADDITIONS: Final[Mapping[str, Callable[[Layout], Texts]]] = {
    "application": lambda layout: {"zzz/app.yaml": application("fake", layout.place)},
    "application that excludes": lambda layout: {
        "zzz/app.yaml": application("fake", layout.place, "directory: {exclude: evil.yaml}")
    },
    "application that excludes all": lambda layout: {
        "zzz/app.yaml": application(
            "fake", layout.place, "directory: {recurse: true, exclude: '{evil,api,bound}*'}"
        )
    },
    "application that patches": lambda layout: {
        "zzz/app.yaml": application("fake", layout.place, *KUSTOMIZED)
    },
    "application with values": lambda layout: {
        "zzz/app.yaml": application("fake", layout.place, "helm: {valuesObject: {safe: true}}")
    },
    "application elsewhere": lambda layout: {
        "zzz/app.yaml": application("fake", layout.place, space="elsewhere")
    },
    "copied application": lambda layout: {"zzz/app.yaml": application("apps", layout.place)},
    "flux": lambda layout: {"zzz/decoy.yaml": flux("fake", layout.place)},
    "flux that patches": lambda layout: {
        "zzz/decoy.yaml": flux("fake", layout.place, *deletes().splitlines())
    },
    "flux elsewhere": lambda layout: {
        "zzz/decoy.yaml": flux("fake", layout.place, "targetNamespace: elsewhere")
    },
    "flux above": lambda layout: {
        "zzz/decoy.yaml": flux("fake", layout.place.partition("/")[0], "namePrefix: x-")
    },
    "parent kustomization": lambda layout: {
        "zzz/kustomization.yaml": f"resources:\n- ../{layout.place}\n{deletes()}"
    },
    "parent that renames": lambda layout: {
        "zzz/kustomization.yaml": f"namePrefix: x-\nresources:\n- ../{layout.place}\n"
    },
    "copies of an object": lambda _: {
        "apps/copy.yaml": config("copy"),
        "zzz/copy.yaml": config("copy"),
    },
    "copies beside": lambda _: {
        "apps/one/copy.yaml": config("copy"),
        "apps/two/copy.yaml": config("copy"),
    },
    "copy of the settings": lambda _: {"zzz/cm.yaml": config()},
    "values for another cluster": lambda _: {"charts/app/values-prod.yaml": "a: d\n"},
    "kustomization beside": lambda layout: {
        f"{layout.place}/kustomization.yml": "resources: [cm.yaml]\n"
    },
    "source ignore": lambda _: {".sourceignore": "evil.yaml\napi.yaml\n/apps/bound.yaml\n"},
    "helm ignore": lambda _: {"charts/app/.helmignore": "templates/evil.yaml\n"},
    "argo source": lambda layout: {
        f"{layout.place}/.argocd-source.yaml": "directory: {exclude: evil.yaml}\n"
    },
    "chart around": lambda layout: {
        f"{layout.place}/Chart.yaml": "apiVersion: v2\nname: x\nversion: 0.1.0\ntype: library\n"
    },
    "application set": lambda layout: {
        "zzz/set.yaml": (
            "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\n"
            "metadata: {name: fake, namespace: argocd}\nspec:\n"
            "  generators: [{list: {elements: [{name: apps}]}}]\n"
            "  template:\n    metadata: {name: '{{name}}'}\n    spec:\n      project: default\n"
            "      destination: {name: elsewhere, namespace: shop}\n"
            f"      source: {{repoURL: {HERE}, path: {layout.place}, targetRevision: HEAD,"
            " directory: {exclude: evil.yaml}}\n"
            "      syncPolicy: {automated: {prune: true}}\n"
        )
    },
    "argo source of an application": lambda layout: {
        f"{layout.place}/.argocd-source-apps.yaml": "directory: {exclude: '{evil,api}.yaml'}\n"
    },
    "suspended flux": lambda layout: {
        "zzz/decoy.yaml": flux("apps", layout.place, "suspend: true", "prune: false").replace(
            "  prune: true\n", ""
        )
    },
    "flux with variables": lambda layout: {
        "zzz/decoy.yaml": flux("fake", layout.place, "postBuild: {substitute: {evil: good}}")
    },
    "component that deletes": lambda layout: {
        "zzz/component/kustomization.yaml": (
            f"apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n{deletes()}"
        ),
        "zzz/kustomization.yaml": (f"resources: [../{layout.place}]\ncomponents: [component]\n"),
    },
    "release of a local chart": lambda layout: {
        "zzz/release.yaml": (
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
            "metadata: {name: app, namespace: shop}\nspec:\n  interval: 1m\n"
            f"  chart: {{spec: {{chart: ./{layout.place}, sourceRef: {{kind: GitRepository, "
            "name: flux-system, namespace: flux-system}}}\n  values: {on: false}\n"
        ),
        "zzz/sync.yaml": SYNC,
    },
    "application without pruning": lambda layout: {
        "zzz/app.yaml": application("fake", layout.place, sync="automated: {}")
    },
    "application by hand": lambda layout: {
        "aaa/app.yaml": application(
            "fake", layout.place, sync="syncOptions: [CreateNamespace=true]"
        )
    },
    "application that asks before it prunes": lambda layout: {
        "zzz/app.yaml": application(
            "fake", layout.place, sync="automated: {prune: true}, syncOptions: [Prune=confirm]"
        )
    },
    "copied application without pruning": lambda layout: {
        "zzz/app.yaml": application("apps", layout.place, sync="automated: {}")
    },
    "earlier copy of the application without pruning": lambda layout: {
        "aaa/app.yaml": application("apps", layout.place, sync="automated: {}")
    },
    "application set without pruning": lambda layout: {
        "zzz/set.yaml": application_set(layout.place, sync="automated: {}")
    },
    "application set that patches": lambda layout: {
        "zzz/set.yaml": application_set(
            layout.place,
            ", kustomize: {patches: [{target: {kind: ClusterRoleBinding}, "
            "patch: '[{op: replace, path: /roleRef/name, value: view}]'}]}",
        )
    },
    "application set with values": lambda layout: {
        "zzz/set.yaml": application_set(layout.place, ", helm: {valuesObject: {safe: true}}")
    },
    "flux without pruning": lambda layout: {
        "zzz/decoy.yaml": flux("fake", layout.place, prune="false"),
        "zzz/sync.yaml": SYNC,
    },
    "flux without a source": lambda layout: {
        "zzz/decoy.yaml": flux("fake", layout.place, prune="false").replace(
            "  sourceRef: {kind: GitRepository, name: flux-system}\n", ""
        )
    },
    "flux that orphans": lambda layout: {
        "zzz/decoy.yaml": flux("fake", layout.place, "deletionPolicy: Orphan"),
        "zzz/sync.yaml": SYNC,
    },
    "copied flux without pruning": lambda layout: {
        "clusters/copy.yaml": flux("apps", layout.place, prune="false"),
        "clusters/sync.yaml": SYNC,
    },
    "flux that marks": lambda layout: {
        "clusters/decoy.yaml": flux("fake", layout.place, f"commonMetadata: {KEPT}"),
        "clusters/sync.yaml": SYNC,
    },
    "flux that mends": lambda layout: {
        "clusters/decoy.yaml": flux("fake", layout.place, *MENDED),
        "clusters/sync.yaml": SYNC,
    },
    "flux whose source ignores": lambda layout: {
        "zzz/decoy.yaml": flux("fake", layout.place),
        "zzz/sync.yaml": SYNC.replace("interval: 1m,", "interval: 1m, ignore: 'evil.yaml',"),
    },
    "copies elsewhere": lambda layout: _copies(layout, "zzz"),
    "copies below": lambda layout: _copies(layout, "apps/copies"),
    "policy": lambda _: {
        ".github/fairlead.yml": "ignore: ['**']\nrules: {rbac-privilege-added: off}\n"
    },
}
