"""Fairlead's own manifests, reviewed by Fairlead."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import VARIABLES
from tests.cli.running import fairlead

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy" / "base"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A repository before Fairlead is put into it."""
    folder = tmp_path / "base"
    folder.mkdir()
    return folder


def reviewed(base: Path, head: Path) -> tuple[int, list[tuple[str, str, str]]]:
    ran = fairlead("review", base, head, "--format", "json")
    findings = json.loads(ran.stdout)["findings"]
    return ran.status, [(held["rule"], held["severity"], held["message"]) for held in findings]


def test_nothing_is_found_but_that_there_is_a_new_account(base: Path) -> None:
    """Every new ServiceAccount is told; this one is bound to nothing and mounts no token."""
    assert reviewed(base, DEPLOY) == (
        0,
        [("service-account-changed", "notice", "ServiceAccount fairlead/fairlead is new")],
    )


@pytest.mark.parametrize(
    ("file", "old", "new", "rule"),
    [
        (
            "deployment.yaml",
            "allowPrivilegeEscalation: false",
            "privileged: true",
            "workload-privileged",
        ),
        (
            "service.yaml",
            "targetPort: http",
            "targetPort: https",
            "service-target-port-missing",
        ),
        (
            "networkpolicy.yaml",
            "          port: http\n",
            "          port: 8443\n",
            "service-blocked-by-network-policy",
        ),
    ],
)
def test_a_mistake_in_them_would_be_found(
    base: Path, file: str, old: str, new: str, rule: str
) -> None:
    head = base.parent / "head"
    shutil.copytree(DEPLOY, head, ignore=shutil.ignore_patterns("kustomization.yaml"))
    text = (head / file).read_text()
    assert old in text
    (head / file).write_text(text.replace(old, new))

    status, findings = reviewed(base, head)

    assert (status, rule in {name for name, _, _ in findings}) == (1, True)


def test_they_agree_with_the_image_and_the_settings() -> None:
    pod: Any = yaml.safe_load((DEPLOY / "deployment.yaml").read_text())["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    dockerfile = (ROOT / "Dockerfile").read_text()

    names = {held["name"].removesuffix("_FILE") for held in container["env"]}
    assert names <= {held.name for held in VARIABLES}
    ports = " ".join(str(port["containerPort"]) for port in container["ports"])
    assert f"EXPOSE {ports}\n" in dockerfile
    assert f"USER {pod['securityContext']['runAsUser']}\n" in dockerfile
    assert {held["mountPath"] for held in container["volumeMounts"]} >= set(
        re.findall(r"DATA_DIR=(\S+)", dockerfile)
    )
