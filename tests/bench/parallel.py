"""The builds of one review, one at a time and as many as a review makes at once."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from bot.analysis.examine import MemoryBlobs
from bot.analysis.process.cache import FactCache
from bot.analysis.process.renders import RENDERS, RenderRequests, Renders, renders_here
from bot.core.rendering import Build
from tests.tools import renderer_tools

OVERLAYS: Final = 40
_DEPLOYMENTS: Final = 20
_DEPLOYMENT: Final = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: app-{number}}}
spec:
  selector: {{matchLabels: {{app: app-{number}}}}}
  template:
    metadata: {{labels: {{app: app-{number}}}}}
    spec: {{containers: [{{name: web, image: "registry.example.com/app:1.0.0"}}]}}
"""


def rows(rounds: int) -> Iterator[tuple[str, float, float]]:
    """What is measured, seconds of the clock, and their part of what one at a time takes."""
    blobs, builds = _overlays()
    renders = renders_here((renderer_tools(),))
    renders.find("kustomize")
    counts = (1, renders.parallel)
    taken: dict[int, list[float]] = {count: [] for count in counts}
    for _ in range(rounds):
        for count in counts:
            taken[count].append(_seconds(replace(renders, parallel=count), blobs, builds))
    alone = statistics.median(taken[1])
    for count in counts:
        seconds = statistics.median(taken[count])
        yield f"{OVERLAYS} overlays of one base, {count} at a time", seconds, seconds / alone


def _seconds(renders: Renders, blobs: MemoryBlobs, builds: list[Build]) -> float:
    with FactCache(None, name="renders", version=RENDERS) as kept:
        orders = RenderRequests(renders, blobs, frozenset(blobs.contents), kept)
        start = time.monotonic()
        built = orders.build_all(builds)
        seconds = time.monotonic() - start
    failed = next((held.message for held in built if held.status != "rendered"), None)
    if failed is not None:
        raise RuntimeError(f"what failed is not measured: {failed}")
    return seconds


def _overlays() -> tuple[MemoryBlobs, list[Build]]:
    base = "---\n".join(_DEPLOYMENT.format(number=number) for number in range(_DEPLOYMENTS))
    texts = {"base": base, "list": "resources: [deployments.yaml]\n"}
    builds = []
    for number in range(OVERLAYS):
        place = f"overlays/o{number}"
        texts[place] = f"namePrefix: o{number}-\nresources: [../../base]\n"
        files = {
            "base/deployments.yaml": "base",
            "base/kustomization.yaml": "list",
            f"{place}/kustomization.yaml": place,
        }
        builds.append(Build("kustomize", place, files))
    return MemoryBlobs({blob: text.encode() for blob, text in texts.items()}), builds
