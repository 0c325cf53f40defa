"""A root that has to be built and that a change leaves as it is counts where the two meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from bot.analysis.examine import MemoryBlobs, examine_trees
from bot.catalog import load_rules
from bot.core.engine.review import Analysis
from bot.core.finding import Severity
from bot.core.rendering import Build, Builder, BuildResult
from bot.core.states.reached.roots import MOST_REACHED
from bot.render.renderers import Renderers
from tests.analysis.law import (
    Repository,
    application,
    binding,
    config,
    flux,
    review,
    role,
    workload,
)
from tests.states import Grove
from tests.tools import renderer_binaries

LIMITED = role("limited").replace('verbs: ["*"]', "verbs: [get]")
OVERLAY = "resources: [role.yaml]\npatches: [{path: patch.yaml}]\n"
PATCH = role("big").replace("rules:", "# patched\nrules:")

Texts = Mapping[str, str]

HOLDERS: Mapping[str, tuple[str, Texts]] = {
    "patches": (
        "big",
        {
            "apps/kustomization.yaml": OVERLAY,
            "apps/role.yaml": role("big").replace('verbs: ["*"]', "verbs: [get]"),
            "apps/patch.yaml": PATCH,
        },
    ),
    "prefix": (
        "team-big",
        {
            "apps/kustomization.yaml": "resources: [role.yaml]\nnamePrefix: team-\n",
            "apps/role.yaml": role("big"),
        },
    ),
    "name replaced": (
        "big",
        {
            "apps/kustomization.yaml": (
                "resources: [role.yaml]\npatches:\n- target: {kind: ClusterRole}\n"
                "  options: {allowNameChange: true}\n"
                "  patch: |-\n    - {op: replace, path: /metadata/name, value: big}\n"
            ),
            "apps/role.yaml": role("small"),
        },
    ),
    "variables": (
        "team-big",
        {
            "clusters/apps.yaml": flux("apps", "apps", "postBuild: {substitute: {team: team}}"),
            "apps/role.yaml": role("'${team}-big'"),
        },
    ),
    "Argo CD's patches": (
        "big",
        {
            "clusters/apps.yaml": application("apps", "apps", "kustomize: {commonLabels: {a: b}}"),
            "apps/kustomization.yaml": "resources: [role.yaml]\n",
            "apps/role.yaml": role("big"),
        },
    ),
    "chart": (
        "shop-big",
        {
            "clusters/apps.yaml": application("shop", "apps"),
            "apps/Chart.yaml": "apiVersion: v2\nname: app\nversion: 0.1.0\n",
            "apps/templates/role.yaml": role("'{{ .Release.Name }}-big'"),
        },
    ),
    "chart with a literal name": (
        "big",
        {
            "clusters/apps.yaml": application("shop", "apps"),
            "apps/Chart.yaml": "apiVersion: v2\nname: app\nversion: 0.1.0\n",
            "apps/templates/role.yaml": role("big"),
        },
    ),
}


def _errors(base: Texts, head: Texts, rule: str = "rbac-privilege-added") -> list[str]:
    analysis = review(Repository(base, head), builds=True)
    assert not analysis.problems
    return [
        finding.message
        for finding in analysis.findings
        if finding.rule == rule and finding.severity is Severity.ERROR
    ]


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_binding_to_a_role_of_such_a_root_is_judged_by_that_role(holder: str) -> None:
    name, held = HOLDERS[holder]
    net = {"net/settings.yaml": LIMITED}
    if any(path.startswith("clusters/") for path in held):
        net["clusters/net.yaml"] = application("net", "net")
    base = {**held, **net}

    assert _errors(base, {**base, "net/binding.yaml": binding("evil", name)})


@pytest.mark.parametrize("holder", ["patches", "prefix"])
def test_a_role_that_grows_is_judged_by_the_bindings_of_such_a_root(holder: str) -> None:
    bound = {
        "apps/kustomization.yaml": "resources: [binding.yaml]\n"
        + ("commonLabels: {a: b}\n" if holder == "patches" else "namePrefix: team-\n"),
        "apps/binding.yaml": binding("bound", "limited"),
    }
    base = {**bound, "net/role.yaml": LIMITED}

    assert _errors(base, {**bound, "net/role.yaml": role("limited")})


POLICY = (
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
    "metadata: {name: api, namespace: shop}\nspec:\n  podSelector: SELECTOR\n"
    "  policyTypes: [Ingress]\n"
)
OPEN = "  ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]\n"


@pytest.mark.parametrize("selector", ["{matchLabels: {app: api}}", "{}"])
def test_a_policy_that_opens_is_judged_by_the_pods_of_such_a_root(selector: str) -> None:
    policy = POLICY.replace("SELECTOR", selector)
    base = {
        "apps/kustomization.yaml": "resources: [api.yaml]\ncommonAnnotations: {a: b}\n",
        "apps/api.yaml": workload(),
        "net/policy.yaml": policy,
    }
    analysis = review(Repository(base, {**base, "net/policy.yaml": policy + OPEN}), builds=True)

    assert [
        (finding.rule, finding.severity)
        for finding in analysis.findings
        if "Deployment shop/api" in finding.message
    ] == [("connectivity-widened", Severity.ERROR)]


def test_an_account_that_goes_is_missed_by_the_workloads_of_such_a_root() -> None:
    account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: runner, namespace: shop}\n"
    base = {
        "apps/kustomization.yaml": "resources: [api.yaml]\nnamePrefix: my-\n",
        "apps/api.yaml": workload("      serviceAccountName: runner\n"),
        "net/account.yaml": account,
        "net/settings.yaml": config(),
    }
    analysis = review(Repository(base, {k: v for k, v in base.items() if "acc" not in k}))
    built = review(Repository(base, {k: v for k, v in base.items() if "acc" not in k}), builds=True)

    assert "WL-SA-MISSING" not in _codes(analysis)
    assert "WL-SA-MISSING" in _codes(built)


def _codes(analysis: Analysis) -> list[object]:
    return [finding.facts.get("code") for finding in analysis.findings]


def _overlays(number: int) -> Texts:
    shared = {
        "base/kustomization.yaml": "resources: [api.yaml, role.yaml, policy.yaml]\n",
        "base/api.yaml": workload("      serviceAccountName: runner\n"),
        "base/role.yaml": LIMITED + "---\n" + binding("bound", "limited"),
        "base/policy.yaml": POLICY.replace("SELECTOR", "{matchLabels: {app: api}}"),
    }
    overlays = {
        f"clusters/c{place}/kustomization.yaml": (
            "resources: [../../base]\n"
            "images: [{name: registry.example.com/shop/api, newTag: 1.0.0}]\n"
        )
        for place in range(number)
    }
    return {**shared, **overlays}


EDITS: Mapping[str, tuple[str, str]] = {
    "an image": ("newTag: 1.0.0", "newTag: 1.0.1"),
    "a binding to its own role": ("resources: [", "resources: [binding.yaml, "),
    "a policy of its own": ("resources: [", "resources: [policy.yaml, "),
}
MORE: Texts = {
    "clusters/c7/binding.yaml": binding("more", "limited"),
    "clusters/c7/policy.yaml": POLICY.replace("SELECTOR", "{}").replace("api", "more"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_one_overlay_of_many_costs_the_builds_of_one(edit: str) -> None:
    base = _overlays(20)
    place = "clusters/c7/kustomization.yaml"
    head = {**base, **MORE, place: base[place].replace(*EDITS[edit])}
    grove = Grove(base, head)
    builder = _Counting(Renderers(MemoryBlobs(grove.blobs), renderer_binaries(), confined=False))
    examine_trees(grove.question(), grove.content(), load_rules(), builder)

    assert {build.root for build in builder.builds} == {"clusters/c7"}


OVER = "apps/60 and 1 more (apps/61) may hold what this change refers to and are not built"
MOST = f"at most {MOST_REACHED} further roots"


def test_roots_over_the_limit_are_one_problem_that_names_them() -> None:
    base = {
        path: text
        for place in range(MOST_REACHED + 2)
        for path, text in (
            (f"apps/{place:02}/kustomization.yaml", OVERLAY),
            (f"apps/{place:02}/role.yaml", role(f"role{place}") + "---\n" + role("big")),
            (f"apps/{place:02}/patch.yaml", "{}\n"),
        )
    }
    states = Grove(base, {**base, "net/binding.yaml": binding("evil", "big")}).states()

    assert [(trouble.new, trouble.message) for trouble in states.troubles] == [
        (
            True,
            f"The kustomization {OVER}: beside what it changes, a review builds {MOST}",
        )
    ]


@dataclass(slots=True)
class _Counting(Builder):
    """A builder that keeps what it was asked for."""

    builder: Builder
    builds: list[Build] = field(default_factory=list)

    def build(self, build: Build) -> BuildResult:
        """The other builder's result."""
        self.builds.append(build)
        return self.builder.build(build)
