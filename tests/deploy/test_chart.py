"""The Helm chart, the kustomize base and the compose file, as their own tools read them."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import VARIABLES
from tests.cli.running import fairlead
from tests.deploy.chart_readme import CHART, README, described, generated
from tests.tools import renderer_tools

ROOT = Path(__file__).parents[2]
EXAMPLES = ["single", "scaled", "private"]
NEW_ACCOUNT = "ServiceAccount fairlead/fairlead is new"


def helm(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [renderer_tools() / "helm", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def rendered(*values: str | Path) -> list[Any]:
    """The objects of the chart with these options."""
    done = helm("template", "fairlead", CHART, "--namespace", "fairlead", *values)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def example(name: str) -> tuple[str | Path, ...]:
    return () if name == "default" else ("--values", CHART / "examples" / f"{name}.yaml")


@pytest.mark.parametrize("name", ["default", *EXAMPLES])
def test_helm_finds_no_fault(name: str) -> None:
    done = helm("lint", "--strict", CHART, *example(name))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("default", [NEW_ACCOUNT]),
        ("single", [NEW_ACCOUNT, "Ingress fairlead/fairlead newly answers fairlead.example.com/"]),
        ("scaled", [NEW_ACCOUNT]),
        ("private", [NEW_ACCOUNT]),
    ],
)
def test_fairlead_finds_nothing_but_what_is_new_by_intent(
    tmp_path: Path, name: str, expected: list[str]
) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "head").mkdir()
    text = yaml.safe_dump_all(rendered(*example(name)), sort_keys=False)
    (tmp_path / "head" / "all.yaml").write_text(text)
    ran = fairlead("review", tmp_path / "base", tmp_path / "head", "--format", "json")
    review = json.loads(ran.stdout)
    assert (ran.status, review["problems"]) == (0, [])
    assert [finding["message"] for finding in review["findings"]] == expected


def test_a_mistake_in_the_values_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "head").mkdir()
    objects = rendered("--set", "networkPolicy.ingressNamespaces=null")
    (tmp_path / "head" / "all.yaml").write_text(yaml.safe_dump_all(objects))
    ran = fairlead("review", tmp_path / "base", tmp_path / "head", "--format", "json")
    rules = {finding["rule"] for finding in json.loads(ran.stdout)["findings"]}
    assert "service-blocked-by-network-policy" in rules


def by_kind(objects: list[Any]) -> dict[str, list[str]]:
    kinds: dict[str, list[str]] = {}
    for item in objects:
        kinds.setdefault(item["kind"], []).append(item["metadata"]["name"])
    return kinds


def test_replicas_and_workers_share_a_database() -> None:
    objects = rendered(*example("scaled"))
    assert by_kind(objects) == {
        "NetworkPolicy": ["fairlead", "fairlead-worker"],
        "PodDisruptionBudget": ["fairlead"],
        "ServiceAccount": ["fairlead"],
        "Service": ["fairlead-metrics", "fairlead"],
        "Deployment": ["fairlead", "fairlead-worker"],
        "ServiceMonitor": ["fairlead"],
    }
    deployments = [item["spec"] for item in objects if item["kind"] == "Deployment"]
    assert [
        (spec["replicas"], spec["template"]["spec"]["containers"][0]["args"])
        for spec in deployments
    ] == [(2, ["serve"]), (3, ["worker"])]
    for spec in deployments:
        pod = spec["template"]["spec"]
        names = {entry["name"] for entry in pod["containers"][0]["env"]}
        assert "DATABASE_URL" in names
        assert not any("persistentVolumeClaim" in volume for volume in pod["volumes"])


@pytest.mark.parametrize("name", ["default", *EXAMPLES])
def test_every_pod_is_restricted_and_probed_on_its_admin_port(name: str) -> None:
    for item in rendered(*example(name)):
        if item["kind"] != "Deployment":
            continue
        pod = item["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        probes = [
            container[f"{kind}Probe"]["httpGet"]["port"] for kind in ("liveness", "readiness")
        ]
        assert probes == ["admin", "admin"]
        names = {entry["name"].removesuffix("_FILE") for entry in container["env"]}
        assert names <= {variable.name for variable in VARIABLES}


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("replicas=2", "replicas: more than one needs database.secret"),
        ("worker.replicas=1", "worker.replicas: workers need database.secret"),
        ("ingress.enabled=true", "ingress.host is required"),
        ("replicas=0", "replicas"),
        ("image.digest=sha256:1", "digest"),
        ("settings.PRIVATE_KEY=x", "PRIVATE_KEY"),
        ("databse.secret=x", "databse"),
    ],
)
def test_wrong_values_are_refused(option: str, message: str) -> None:
    done = helm("template", "fairlead", CHART, "--set", option)
    assert (done.returncode != 0, message in done.stderr) == (True, True), done.stderr


def test_every_value_is_described_and_the_readme_is_fresh() -> None:
    values: Any = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    schema: Any = json.loads((CHART / "values.schema.json").read_text("utf-8"))
    paths = set(described())
    tops = {path.partition(".")[0] for path in paths}
    assert tops == set(values) == set(schema["properties"]) - {"global"}
    for key, value in values.items():
        known = schema["properties"][key].get("properties")
        if known is not None:
            assert set(value) == set(known)
            assert {f"{key}.{name}" for name in value} <= paths
    assert README.read_text("utf-8") == generated(), "run python -m tests.deploy.chart_readme"


def test_the_chart_has_the_version_of_the_project() -> None:
    chart: Any = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    (version,) = re.findall(r'(?m)^version = "(.*)"', (ROOT / "pyproject.toml").read_text("utf-8"))
    assert chart["appVersion"] == version


def test_kustomize_builds_the_base_with_every_file_of_it() -> None:
    base = ROOT / "deploy" / "base"
    command: list[str | Path] = [renderer_tools() / "kustomize", "build", base]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    files = {path.name for path in base.glob("*.yaml")} - {"kustomization.yaml"}
    listed = yaml.safe_load((base / "kustomization.yaml").read_text("utf-8"))["resources"]
    assert set(listed) == files
    objects = [document["kind"] for document in yaml.safe_load_all(done.stdout)]
    assert len(objects) == len(files)


def test_the_compose_file_is_confined_and_agrees_with_the_image() -> None:
    compose: Any = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))
    service = compose["services"]["fairlead"]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    assert f"USER {service['user'].partition(':')[0]}\n" in dockerfile
    assert service["volumes"] == ["data:/data"]
    assert "DATA_DIR=/data" in dockerfile
    ports = [port.rpartition(":")[2] for port in service["ports"]]
    assert all(f"PORT={port}" in dockerfile for port in ports)
    names = {name.removesuffix("_FILE") for name in service["environment"]}
    assert names <= {variable.name for variable in VARIABLES}
