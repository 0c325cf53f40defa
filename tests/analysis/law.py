"""Small repositories for the law of the gate: changes that block, and what an author adds."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.analysis.examine import MemoryBlobs, examine_trees
from bot.catalog import load_rules
from bot.core.engine.review import Analysis, ReviewFinding
from bot.core.finding import Severity
from bot.core.policy.model import Policy
from bot.core.rendering import Builder
from bot.render.renderers import Renderers
from tests.states import Files, Grove
from tests.tools import renderer_binaries

HERE = "https://github.com/team/gitops"


@dataclass(frozen=True, slots=True)
class Repository:
    """Base and head of one change."""

    base: Files
    head: Files

    def with_more(self, files: Files) -> Repository:
        """The same change with more files at head."""
        return replace(self, head={**self.head, **files})


def review(change: Repository, policy: Policy | None = None, *, builds: bool = False) -> Analysis:
    """The analysis of a change; `builds`: with the real renderers."""
    grove = Grove(change.base, change.head)
    question = replace(grove.question(policy), repositories=(HERE,))
    content = MemoryBlobs(grove.blobs)
    builder: Builder | None = None
    if builds:
        builder = Renderers(content, renderer_binaries(), confined=False)
    return examine_trees(question, grove.content(), load_rules(), builder)


def blocks(analysis: Analysis) -> bool:
    """Whether the default policy blocks: by an error, or by what could not be reviewed."""
    errors = any(finding.severity is Severity.ERROR for finding in analysis.findings)
    return errors or any(problem.new for problem in analysis.problems)


def found(analysis: Analysis, rule: str) -> list[ReviewFinding]:
    """The findings of one rule."""
    return [finding for finding in analysis.findings if finding.rule == rule]


def binding(name: str = "evil", role: str = "cluster-admin") -> str:
    """A binding that blocks when it is new."""
    return (
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\n"
        f"metadata: {{name: {name}}}\n"
        f"roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {role}}}\n"
        "subjects: [{kind: ServiceAccount, name: bot, namespace: shop}]\n"
    )


def role(name: str = "ops") -> str:
    """A role as strong as cluster-admin."""
    return (
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n"
        f"metadata: {{name: {name}}}\n"
        'rules: [{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}]\n'
    )


def config(name: str = "settings", space: str = "shop") -> str:
    """A harmless object."""
    return (
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: {space}}}\n"
        "data: {a: b}\n"
    )


def workload(more: str = "", image: str = "registry.example.com/shop/api:1.0.0") -> str:
    """A Deployment; `more` are further fields of its pod."""
    return (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api, namespace: shop}\nspec:\n"
        "  selector: {matchLabels: {app: api}}\n  template:\n"
        "    metadata: {labels: {app: api}}\n    spec:\n"
        f"{more}      containers:\n      - name: main\n        image: {image}\n"
    )


def application(
    name: str,
    path: str,
    *source: str,
    space: str = "shop",
    sync: str = "automated: {prune: true}",
) -> str:
    """An Application of this repository; `source` are further lines of its source."""
    more = "".join(f"    {line}\n" for line in source)
    return (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
        f"metadata: {{name: {name}, namespace: argocd}}\n"
        "spec:\n  project: default\n"
        f"  destination: {{server: 'https://kubernetes.default.svc', namespace: {space}}}\n"
        f"  source:\n    repoURL: {HERE}\n    path: {path}\n    targetRevision: HEAD\n{more}"
        f"  syncPolicy: {{{sync}}}\n"
    )


def application_set(path: str, source: str = "", sync: str = "automated: {prune: true}") -> str:
    """An ApplicationSet of one Application; `source` are further fields of its source."""
    return (
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\n"
        "metadata: {name: fake, namespace: argocd}\nspec:\n"
        "  generators: [{list: {elements: [{name: fake}]}}]\n"
        "  template:\n    metadata: {name: '{{name}}'}\n    spec:\n      project: default\n"
        "      destination: {server: 'https://kubernetes.default.svc', namespace: shop}\n"
        f"      source: {{repoURL: {HERE}, path: {path}, targetRevision: HEAD{source}}}\n"
        f"      syncPolicy: {{{sync}}}\n"
    )


def flux(name: str, path: str, *more: str, prune: str = "true") -> str:
    """A Flux Kustomization of this repository; `more` are further lines of its spec."""
    lines = "".join(f"  {line}\n" for line in more)
    return (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
        f"metadata: {{name: {name}, namespace: flux-system}}\n"
        f"spec:\n  interval: 1m\n  path: ./{path}\n  prune: {prune}\n"
        f"  sourceRef: {{kind: GitRepository, name: flux-system}}\n{lines}"
    )


def deletes(name: str = "evil") -> str:
    """A patch that deletes a binding, as lines below `patches:`."""
    return (
        "patches:\n- patch: |-\n    $patch: delete\n"
        "    apiVersion: rbac.authorization.k8s.io/v1\n    kind: ClusterRoleBinding\n"
        f"    metadata: {{name: {name}}}\n"
    )
