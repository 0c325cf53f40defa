"""Worlds in which a version moves, for tests of what comes of that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from bot.analysis.examine import MemoryBlobs, examine_trees
from bot.core.engine.review import Analysis
from bot.core.engine.rule import Rule
from bot.core.fetching import FetchResult, SourceReference
from bot.core.policy.model import Policy
from bot.render.renderers import Renderers
from tests.analysis.rules import compare_rule, every_value, find_rule, lost_values
from tests.fake_sources import Held, Shelf, git
from tests.states import Files, Grove, resource
from tests.tools import renderer_binaries

METRICS = "github.com/example/metrics"
CHARTS = "https://charts.example.com/stable"
VALUES = find_rule("every-value", every_value)
LOST = compare_rule("lost-values", lost_values)


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found, as `path:line message`, and what was asked for elsewhere."""

    findings: tuple[str, ...]
    problems: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()


def config(*data: str, name: str = "c") -> str:
    return resource("ConfigMap", name, *(("data:",) if data else ()), *(f"  {it}" for it in data))


def overlay(version: str, *more: str, part: str = "deploy") -> str:
    lines = ("resources:", f"- https://{METRICS}//{part}?ref={version}", *more)
    return "\n".join(lines) + "\n"


def deploy(*data: str, **more: str) -> Held:
    return {
        "deploy/kustomization.yaml": "resources: [c.yaml]\n",
        "deploy/c.yaml": config(*data),
    } | {f"deploy/{name}.yaml": text for name, text in more.items()}


def two_versions(
    old: Held, new: Held | FetchResult
) -> Mapping[SourceReference, Held | FetchResult]:
    return {git(METRICS, "v1.0.0"): old, git(METRICS, "v1.1.0"): new}


def redis(version: str, *data: str) -> Held:
    return {
        "Chart.yaml": f"apiVersion: v2\nname: redis\nversion: {version}\n",
        "values.yaml": "size: '1'\nextra: false\n",
        "templates/c.yaml": config(*data, "size: {{ .Values.size | quote }}")
        + "{{ if .Values.extra }}\n  extra: 'yes'\n{{ end }}\n",
    }


def umbrella(version: str, lock: str = "") -> Files:
    needs = "dependencies:\n- name: redis\n  repository: {}\n  version: {}\n"
    files: Files = {
        "shop/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 0.1.0\n"
        + needs.format(CHARTS, version)
    }
    return {**files, "shop/Chart.lock": needs.format(CHARTS, lock)} if lock else files


def application(version: str, extra: str = "false", repository: str = CHARTS) -> Files:
    return {
        "apps/redis.yaml": resource(
            "Application",
            "redis",
            "spec:",
            "  destination: {name: in-cluster, namespace: shop}",
            "  source:",
            f"    repoURL: {repository}",
            "    chart: redis",
            f"    targetRevision: {version}",
            f"    helm: {{valuesObject: {{extra: {extra}}}}}",
            namespace="argocd",
            api="argoproj.io/v1alpha1",
        )
    }


def flux(version: str, *, registry: bool, extra: str = "false") -> Files:
    kind = "  type: oci\n" if registry else ""
    url = "oci://ghcr.io/example/charts" if registry else CHARTS
    source = resource(
        "HelmRepository", "charts", namespace="shop", api="source.toolkit.fluxcd.io/v1"
    )
    release = resource(
        "HelmRelease",
        "redis",
        "spec:",
        "  chart:",
        "    spec:",
        "      chart: redis",
        f"      version: {version}",
        "      sourceRef: {kind: HelmRepository, name: charts}",
        f"  values: {{extra: {extra}}}",
        namespace="shop",
        api="helm.toolkit.fluxcd.io/v2",
    )
    return {
        "flux/charts.yaml": f"{source}spec:\n{kind}  url: {url}\n",
        "flux/redis.yaml": release,
    }


def analysed(
    base: Files,
    head: Files,
    held: Mapping[SourceReference, Held | FetchResult],
    rules: Iterable[Rule] = (VALUES, LOST),
    *,
    policy: Policy | None = None,
    own: tuple[str, ...] = (),
) -> tuple[Analysis, Shelf]:
    grove = Grove(base, head)
    question = replace(grove.question(policy), repositories=own)
    shelf = Shelf(held, grove.blobs)
    builder = Renderers(MemoryBlobs(grove.blobs), renderer_binaries())
    return examine_trees(question, grove.content(), tuple(rules), builder, shelf), shelf


def seen(base: Files, head: Files, held: Mapping[SourceReference, Held | FetchResult]) -> Seen:
    found, shelf = analysed(base, head, held)
    problems = tuple(
        f"{it.location.path if it.location else ''}:{it.location and it.location.line} "
        f"{'new' if it.new else 'old'} {it.message}"
        for it in found.problems
    )
    findings = tuple(
        f"{it.location.path}:{it.location.line}{'-' if it.location.side == 'LEFT' else ''} "
        f"{it.message}"
        for it in found.findings
        if it.location is not None
    )
    assert len(findings) == len(found.findings)
    return Seen(findings, problems, tuple(map(short, shelf.asked)))


def short(reference: SourceReference) -> str:
    words = (reference.address.partition("://")[2].rpartition("/")[2], reference.name)
    return " ".join((*filter(None, words), reference.version.removeprefix("refs/tags/"))).strip()
