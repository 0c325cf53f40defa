"""Beside the suites of other tools, at pinned commits: opt-in, see CONTRIBUTING.

np-guard/netpol-analyzer says which connections between workloads a change adds and removes. The
policies of kyverno/policies for Pod Security say of labelled resources whether they violate it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

import pytest
import yaml

from bot.core.state import State
from bot.git import Repository
from bot.kubernetes.network.verdict import network
from bot.kubernetes.podsecurity.new_violations import violations
from bot.kubernetes.podsecurity.standard import NEWEST, PodSecurityLevel
from bot.kubernetes.ports import EVERY_PORT, Ports
from bot.kubernetes.workloads.population import PodGroup, population
from tests.real.clones import NEEDS_CLONES, clone_or_skip
from tests.states import world

_ANALYZER: Final = ("np-guard/netpol-analyzer", "e54a33430edb4a86f077544a5d15afb050e8a3c3")
_POLICIES: Final = ("kyverno/policies", "b9c4317ce02256dc66118e08bb3e9345e7bfce5c")

pytestmark = [*NEEDS_CLONES]


@cache
def _texts(name: str, commit: str) -> Mapping[str, str]:
    """The text files of a repository at a commit, by path; skips where there is no clone."""
    repository = Repository(clone_or_skip(name))
    tree = repository.tree(repository.resolve(commit))
    with repository.blobs() as blobs:
        return {
            path: blobs.data(file.blob).decode()
            for path, file in tree.items()
            if path.endswith((".yaml", ".yml", ".txt"))
        }


# Connections: `tests/DIRECTORY` are the manifests, `test_outputs/diff` what a change of them does.

_LINE: Final = re.compile(
    r"diff-type: \w+, source: (.*?), destination: (.*?), ref1: (.*), ref2: (.*?)"
    r"(?:, workloads-diff-info.*)?$"
)
Pair = tuple[str, str]


def _goldens(texts: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """The directories of base and of head, and what the analyzer says of the change."""
    directories = {path.split("/")[1] for path in texts if path.startswith("tests/")}
    for path, text in sorted(texts.items()):
        name = path.removeprefix("test_outputs/diff/diff_between_").removesuffix(".txt")
        for match in re.finditer("_and_", name) if name in path and name != path else ():
            head, base = name[: match.start()], name[match.end() :]
            if {head, base} <= directories:
                yield base, head, text


def _state(texts: Mapping[str, str], directory: str) -> State:
    inside = f"tests/{directory}/"
    paths = (path for path in texts if path.startswith(inside) and not path.endswith(".txt"))
    return world(*(texts[path] for path in sorted(paths)))


def _groups(state: State) -> Mapping[str, PodGroup]:
    pods = population(state)
    return {
        _analyzer_name(group): group
        for space in pods.namespaces
        for group in pods.in_namespace(space)
    }


def _analyzer_name(group: PodGroup) -> str:
    """The owner of pods, as the analyzer writes it; of live pods their own owner."""
    owner = group.template.owner
    for reference in owner.at("metadata", "ownerReferences").items():
        return f"{group.namespace}/{reference['name'].text}[{reference['kind'].text}]"
    return f"{group.namespace}/{owner.name}[{owner.key.kind}]"


def _ports(text: str) -> Ports:
    if text in {"No Connections", "All Connections"}:
        return EVERY_PORT if text.startswith("All") else Ports()
    ports = Ports()
    for part in re.split(r",(?=[A-Z])", text):
        protocol, _, ranges = part.partition(" ")
        for low, _, high in (each.partition("-") for each in ranges.split(",")):
            ports |= Ports.of(protocol, int(low), int(high or low))
    return ports


def _differing(before: State, after: State) -> Mapping[Pair, tuple[Ports, Ports]]:
    """The pairs of workloads whose connections differ; without those on the node's network."""
    sides = [(network(state), _groups(state)) for state in (before, after)]
    names = [name for _, groups in sides for name in groups]
    on_nodes = {name for _, groups in sides for name in groups if groups[name].host_network}
    found = {}
    for source in dict.fromkeys(names):
        for target in dict.fromkeys(names):
            if source == target or {source, target} & on_nodes:
                continue
            old, new = (
                verdicts.between(groups[source], groups[target])
                if source in groups and target in groups
                else Ports()
                for verdicts, groups in sides
            )
            if old != new:
                found[source, target] = (old, new)
    return found


def test_connections_change_as_the_analyzer_says() -> None:
    texts = _texts(*_ANALYZER)
    compared = listed = 0
    for base, head, golden in _goldens(texts):
        if "udn" in head:  # user-defined networks: Fairlead says "not judged"
            continue
        states = (_state(texts, base), _state(texts, head))
        known = {name for state in states for name in _groups(state)}
        on_nodes = {
            n for state in states for n, group in _groups(state).items() if group.host_network
        }
        matches = filter(None, map(_LINE.match, golden.splitlines()))
        expected = {
            (match[1], match[2]): (_ports(match[3]), _ports(match[4]))
            for match in matches
            if {match[1], match[2]} <= known - on_nodes
        }

        assert _differing(*states) == expected, (base, head)

        compared, listed = compared + 1, listed + len(expected)
    assert (compared, listed) == (44, 139)


# Pod Security: each policy has resources of which `kyverno-test.yaml` says "pass" or "fail". Left
# out is the policy of two rules, whose resources are labelled for one of the two alone.

_CONTROLS: Final[Mapping[str, frozenset[str]]] = {
    "baseline/disallow-capabilities": frozenset({"capabilities_baseline"}),
    "baseline/disallow-host-namespaces": frozenset({"hostNamespaces"}),
    "baseline/disallow-host-path": frozenset({"hostPathVolumes"}),
    "baseline/disallow-host-ports": frozenset({"hostPorts"}),
    "baseline/disallow-host-process": frozenset({"windowsHostProcess"}),
    "baseline/disallow-privileged-containers": frozenset({"privileged"}),
    "baseline/disallow-proc-mount": frozenset({"procMount"}),
    "baseline/disallow-selinux": frozenset({"seLinuxOptions"}),
    "baseline/restrict-apparmor-profiles": frozenset({"appArmorProfile"}),
    "baseline/restrict-seccomp": frozenset({"seccompProfile_baseline"}),
    "baseline/restrict-sysctls": frozenset({"sysctls"}),
    "restricted/disallow-privilege-escalation": frozenset({"allowPrivilegeEscalation"}),
    "restricted/require-run-as-non-root-user": frozenset({"runAsUser"}),
    "restricted/require-run-as-nonroot": frozenset({"runAsNonRoot"}),
    "restricted/restrict-seccomp-strict": frozenset(
        {"seccompProfile_baseline", "seccompProfile_restricted"}
    ),
    "restricted/restrict-volume-types": frozenset({"restrictedVolumes"}),
}
_LEVELS: Final[tuple[PodSecurityLevel, ...]] = ("baseline", "restricted")


def _labels(test: Any) -> Iterator[tuple[str, str, str]]:
    """Kind, name and verdict of each resource that a test of a policy names."""
    for result in test["results"]:
        for name in result["resources"]:
            yield result["kind"], name.rpartition("/")[2], result["result"]


@pytest.mark.parametrize("policy", _CONTROLS)
def test_pods_violate_what_the_policies_say(policy: str) -> None:
    texts = _texts(*_POLICIES)
    folder = f"pod-security/{policy}/.kyverno-test"
    resources = {
        (resource.key.kind, resource.name): resource
        for resource in world(texts[f"{folder}/resource.yaml"]).resources
    }
    expected: dict[tuple[str, str], str] = {}
    judged: dict[tuple[str, str], str] = {}
    for kind, name, verdict in _labels(yaml.safe_load(texts[f"{folder}/kyverno-test.yaml"])):
        resource = resources.get((kind, name))
        if resource is not None and verdict in {"pass", "fail"}:
            found = (each for level in _LEVELS for each in violations(resource, level, NEWEST))
            violated = {violation.control for violation in found} & _CONTROLS[policy]
            expected[kind, name] = verdict
            judged[kind, name] = "fail" if violated else "pass"

    assert expected
    assert judged == expected
