"""A change of one overlay among a thousand kustomizations, beside rendering all of them.

Only what the change affects is rendered, at base and at head. The yardstick is kustomize itself,
once for every overlay of head, without a sandbox: what whoever does not look for the affected
roots has to do at least.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.bench.measure import Run, fairlead, median, run
from tests.bench.repositories import commit, git
from tests.tools import renderer_binaries, renderer_tools

APPS: Final = 100
OVERLAYS: Final = 9
CHANGED: Final = "apps/app-50/overlays/cluster-3"

_DEPLOYMENT: Final = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: app-{number}}}
spec:
  selector: {{matchLabels: {{app: app-{number}}}}}
  template:
    metadata: {{labels: {{app: app-{number}}}}}
    spec:
      containers: [{{name: web, image: "registry.example.com/app-{number}:1.0.0"}}]
"""
_OVERLAY: Final = """\
namespace: team-{number}
resources: [../../base]
patches:
  - target: {{kind: Deployment}}
    patch: |-
      - {{op: add, path: /spec/replicas, value: {replicas}}}
"""


def rows(folder: Path, rounds: int) -> Iterator[tuple[str, Run, float]]:
    """What is measured in this folder: the review, and all overlays by kustomize alone."""
    make_overlays(folder)
    _assert_one_is_rendered(folder)
    cold = []
    for number in range(rounds):
        cache = {"XDG_CACHE_HOME": str(folder / f"cache-{number}")}
        cold.append(run(_REVIEW, folder, {**cache, **_tools()}))
    binary = renderer_binaries()["kustomize"]
    everything = run((sys.executable, "-c", _EVERYTHING, str(binary.path)), folder, {})
    measured = median(cold)
    yield "one overlay changed", measured, measured.cpu / everything.cpu
    yield f"kustomize for all {APPS * OVERLAYS} overlays", everything, 1.0


_REVIEW: Final = (fairlead(), "review", "base", "head", "--format", "json")
_EVERYTHING: Final = """
import pathlib, subprocess, sys
for path in sorted(pathlib.Path("apps").glob("*/overlays/*")):
    subprocess.run([sys.argv[1], "build", path], stdout=subprocess.DEVNULL, check=True)
"""


def make_overlays(folder: Path) -> None:
    """A git repository of a thousand kustomizations; head changes a patch of one overlay."""
    git(folder, "init", "--quiet", "--initial-branch=main", ".")
    commit(folder, dict(_files()), "base")
    changed = _OVERLAY.format(number=50, replicas=5)
    commit(folder, {f"{CHANGED}/kustomization.yaml": changed}, "head")


def _files() -> Iterator[tuple[str, str]]:
    for number in range(APPS):
        base = f"apps/app-{number}/base"
        yield f"{base}/deployment.yaml", _DEPLOYMENT.format(number=number)
        yield f"{base}/kustomization.yaml", "resources: [deployment.yaml]\n"
        for cluster in range(OVERLAYS):
            place = f"apps/app-{number}/overlays/cluster-{cluster}"
            yield f"{place}/kustomization.yaml", _OVERLAY.format(number=number, replicas=2)


def _tools() -> dict[str, str]:
    return {"FAIRLEAD_TOOLS": str(renderer_tools())}


def _assert_one_is_rendered(folder: Path) -> None:
    """What is measured is the rendering of one root, or else nothing is measured."""
    environment = {**os.environ, **_tools(), "XDG_CACHE_HOME": str(folder / "cache")}
    done = subprocess.run(_REVIEW, cwd=folder, env=environment, capture_output=True, check=False)
    rendered = json.loads(done.stdout)["summary"]["rendered"]
    if (rendered["rendered"], rendered["affected"]) != (1, 1):
        raise RuntimeError(f"one root is affected, and this was rendered: {rendered}")


def page_rows(rounds: int) -> Iterator[tuple[str, ...]]:
    """The rows as text, measured in a folder of their own."""
    with tempfile.TemporaryDirectory() as name:
        for what, measured, ratio in rows(Path(name), rounds):
            yield (what, f"{measured.cpu:.2f}", f"{measured.peak:.0f}", f"{ratio:.3f}")
