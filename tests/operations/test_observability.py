"""Alerts, dashboard and documentation agree with each other and with the metrics."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from bot.jobs import Queue
from tests.jobs.test_jobs import Bench, bench, queue

__all__ = ["bench", "queue"]

ROOT = Path(__file__).parents[2]
OBSERVABILITY = ROOT / "deploy" / "observability"
_SUFFIX = re.compile(r"_(total|bucket|sum|count)$")


def alerts() -> dict[str, str]:
    """The expression of each alert."""
    groups = yaml.safe_load((OBSERVABILITY / "alerts.yaml").read_text())["groups"]
    return {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}


def named(text: str) -> set[str]:
    """The metrics that a text names, as families."""
    return {_SUFFIX.sub("", name) for name in re.findall(r"\bfairlead_[a-z_]+", text)}


@pytest.mark.parametrize(
    "command", [("check", "rules", "alerts.yaml"), ("test", "rules", "alerts_test.yaml")]
)
def test_promtool_accepts_the_alerts_and_their_tests(command: tuple[str, ...]) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        assert not os.environ.get("CI"), "install Debian's prometheus package: it has promtool"
        pytest.skip("promtool is not installed: the alerts were not tested")
    done = subprocess.run(
        [promtool, *command], cwd=OBSERVABILITY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_is_tested_firing_and_silent() -> None:
    cases = yaml.safe_load((OBSERVABILITY / "alerts_test.yaml").read_text())["tests"]
    tests = [test for case in cases for test in case["alert_rule_test"]]
    silent = {test["alertname"] for test in tests if "exp_alerts" not in test}
    firing = {test["alertname"] for test in tests if "exp_alerts" in test}
    assert silent == firing == alerts().keys()


def test_each_alert_has_its_paragraph_and_each_paragraph_its_alert() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    chapter = page.partition("## Alerts\n")[2]
    assert set(re.findall(r"^### (\w+)$", chapter, re.MULTILINE)) == alerts().keys()


def test_what_is_watched_is_exported_and_what_is_exported_is_described(
    queue: Queue, bench: Bench
) -> None:
    metrics = queue._metrics
    metrics.watch_budget(lambda: {1: 2}, lambda: {1: 3})
    families = {family.name for family in metrics.registry.collect()}
    dashboard = json.loads((OBSERVABILITY / "dashboard.json").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert named(" ".join(alerts().values())) <= families
    assert named(" ".join(expressions)) == families
    assert named((ROOT / "docs" / "operations.md").read_text()) - {"fairlead_audit"} >= families
    assert bench.reviewed == []
