"""The Pod Security Standards, judged as the admission plugin judges them."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import pytest

from bot.kubernetes.podsecurity.new_violations import admission, new_violations, violations
from bot.kubernetes.podsecurity.standard import PodSecurityLevel, PodSecurityVersion, parse_version
from tests.states import world

CASES = json.loads(
    (resources.files("tests.kubernetes") / "data" / "podsecurity.json").read_text(encoding="utf-8")
)["cases"]
VERSIONS = [(1, minor) for minor in (19, 21, 22, 23, 25, 27, 29, 31, 32, 34, 35, 37)]
# At the restricted level upstream judges these in one check that has another name.
STRICTER = {
    "hostPathVolumes": "restrictedVolumes",
    "seccompProfile_baseline": "seccompProfile_restricted",
}


def judged(pod: Any, level: PodSecurityLevel, version: PodSecurityVersion) -> list[str]:
    (resource,) = world(json.dumps(pod)).resources
    controls = {found.control for found in violations(resource, "baseline", version)}
    if level == "restricted":
        stricter = dict(STRICTER)
        if version >= (1, 22):
            stricter["capabilities_baseline"] = "capabilities_restricted"
        if version >= (1, 35):
            stricter["procMount"] = "procMount_restricted"
        own = {found.control for found in violations(resource, "restricted", version)}
        controls = {stricter.get(control, control) for control in controls} | own
    return sorted(controls)


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in CASES])
@pytest.mark.parametrize("level", ["baseline", "restricted"])
def test_each_control_forbids_what_upstream_forbids(case: Any, level: PodSecurityLevel) -> None:
    expected, found = {}, {}
    current: list[str] = []
    for version in VERSIONS:
        current = case[level].get(f"1.{version[1]}", current)
        expected[version] = current
        found[version] = judged(case["pod"], level, version)

    assert found == expected


def test_each_control_has_an_allowed_and_a_forbidden_example() -> None:
    controls = {found for case in CASES for ids in case["restricted"].values() for found in ids}
    controls |= {found for case in CASES for ids in case["baseline"].values() for found in ids}

    assert [case["restricted"] for case in CASES if case["name"] == "meets restricted"] == [
        {"1.19": []}
    ]
    assert controls == {
        "allowPrivilegeEscalation",
        "appArmorProfile",
        "capabilities_baseline",
        "capabilities_restricted",
        "hostNamespaces",
        "hostPathVolumes",
        "hostPorts",
        "hostProbesAndHostLifecycle",
        "privileged",
        "procMount",
        "procMount_restricted",
        "restrictedVolumes",
        "runAsNonRoot",
        "runAsUser",
        "seLinuxOptions",
        "seccompProfile_baseline",
        "seccompProfile_restricted",
        "sysctls",
        "windowsHostProcess",
    }


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("1.34", (1, 34)),
        ("v1.29", (1, 29)),
        ("1.30.4", (1, 30)),
        ("latest", (1, 37)),
        (None, (1, 37)),
    ],
)
def test_a_version_that_is_none_is_the_newest(
    text: str | None, version: PodSecurityVersion
) -> None:
    assert parse_version(text) == version


def test_the_volumes_of_a_workflow_are_its_pods_volumes() -> None:
    text = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: build, namespace: ci}
spec:
  hostNetwork: true
  volumes: [{name: v, hostPath: {path: /}}]
  templates: [{name: t, container: {image: x, securityContext: {privileged: true}}}]
"""
    (resource,) = world(text).resources

    assert [found.text for found in violations(resource, "baseline", (1, 34))] == [
        "shares the node's network",
        "makes a container privileged",
        "mounts the node's /",
    ]


def test_the_steps_of_a_run_of_tekton_are_containers_of_one_pod() -> None:
    text = """
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: build, namespace: ci}
spec:
  podTemplate: {hostNetwork: true}
  taskSpec:
    volumes: [{name: v, hostPath: {path: /}}]
    stepTemplate: {securityContext: {procMount: Unmasked}}
    steps: [{name: s, securityContext: {privileged: true}}]
    sidecars: [{name: t, securityContext: {capabilities: {add: [SYS_ADMIN]}}}]
"""
    (resource,) = world(text).resources

    assert {found.text for found in violations(resource, "baseline", (1, 34))} == {
        "shares the node's network",
        "makes container s privileged",
        "gives container t the capability SYS_ADMIN",
        "unmasks /proc in a container",
        "mounts the node's /",
    }


NAMESPACE = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {%s}}
"""
LABEL = "pod-security.kubernetes.io/enforce"


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ("", (None, (1, 37), False, False)),
        (f"{LABEL}: privileged", ("privileged", (1, 37), False, False)),
        (f"{LABEL}: baseline, {LABEL}-version: v1.30", ("baseline", (1, 30), True, False)),
        (f"{LABEL}: restricted", ("restricted", (1, 37), True, True)),
        (f"{LABEL}: other", (None, (1, 37), False, False)),
    ],
)
def test_the_labels_of_the_namespace_say_what_is_refused(labels: str, expected: object) -> None:
    found = admission(world(NAMESPACE % labels), "shop")

    assert (
        found.enforced,
        found.version,
        found.refuses("baseline"),
        found.refuses("restricted"),
    ) == expected


POD = """
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: shop}
spec: {containers: [{name: a, securityContext: {privileged: true}}, {name: b}]}
"""


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (POD.replace("{name: a,", "{name: c,"), []),
        (POD.replace("{name: b}", "{name: b, image: x}"), []),
        (POD.replace("{name: b}", "{name: b, securityContext: {privileged: true}}"), ["b"]),
        (POD.replace("privileged: true", "privileged: false"), []),
    ],
)
def test_only_what_pods_gain_is_new(head: str, expected: list[str]) -> None:
    new = [
        found.text for held in new_violations(world(POD), world(head)) for found in held.baseline
    ]

    assert new == [f"makes container {name} privileged" for name in expected]
