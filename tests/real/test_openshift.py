"""OpenShift's roles and constraints as its repositories publish them: opt-in, see CONTRIBUTING."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any, Final

import yaml

from bot.core.values import thaw
from bot.kubernetes.rbac.defaults.openshift import constraints_that_allow, openshift_objects
from tests.real.clones import NEEDS_CLONES, clone_or_skip

_YES: Final = True
_ROLES: Final = (
    "openshift/openshift-apiserver",
    "56aa2d96edd725e44ddd7ff13f23e53e6c509828",
    "test/testdata/bootstrappolicy",
)
_CONSTRAINTS: Final = (
    "openshift/cluster-kube-apiserver-operator",
    "d22154c21efc6cf4d792009344fcb304dec9bfb2",
    "bindata/bootkube/scc-manifests",
)

pytestmark = [*NEEDS_CLONES]


def _published(repository: str, commit: str, folder: str) -> Iterator[dict[str, Any]]:
    clone = clone_or_skip(repository)

    def git(*command: str) -> str:
        return subprocess.run(
            ["git", "-C", str(clone), *command], capture_output=True, check=True, text=True
        ).stdout

    for path in git("ls-tree", "--name-only", commit, f"{folder}/").split():
        if path.endswith(".yaml"):
            document = yaml.safe_load(git("show", f"{commit}:{path}"))
            yield from document.get("items") or [document]


def _atoms(rules: Any) -> set[tuple[str, ...]]:
    """Single rights; those of the core group that a rule names beside OpenShift's are dead."""
    atoms: set[tuple[str, ...]] = set()
    for rule in rules or ():
        groups = rule.get("apiGroups") or ()
        if any(group.endswith("openshift.io") for group in groups):
            groups = [group for group in groups if group]
        for verb in rule["verbs"]:
            atoms.update((verb, url) for url in rule.get("nonResourceURLs") or ())
            atoms.update(
                (verb, group, resource, name)
                for group in groups
                for resource in rule.get("resources") or ()
                for name in rule.get("resourceNames") or ("",)
            )
    return atoms


def _who(subjects: Any) -> set[tuple[str, str, str]]:
    return {(held["kind"], held.get("namespace", ""), held["name"]) for held in subjects or ()}


def _aggregated(body: Any) -> list[Any]:
    return (body.get("aggregationRule") or {}).get("clusterRoleSelectors") or []


def test_every_role_and_binding_is_as_published() -> None:
    known = {
        (key.kind, key.namespace, key.name): resource
        for key, resource in openshift_objects().items()
    }
    seen = set()
    for published in (*_published(*_ROLES), *_published(*_CONSTRAINTS)):
        if published["kind"] == "SecurityContextConstraints":
            continue
        metadata = published["metadata"]
        key = (published["kind"], metadata.get("namespace"), metadata["name"])
        seen.add(key)
        body: Any = thaw(known[key].body)
        if "roleRef" in published:
            assert body["roleRef"]["name"] == published["roleRef"]["name"], key
            assert body["roleRef"]["kind"] == published["roleRef"]["kind"], key
            assert _who(body["subjects"]) == _who(published["subjects"]), key
            continue
        assert _atoms(body.get("rules")) == _atoms(published.get("rules")), key
        assert _aggregated(body) == _aggregated(published), key
        labels = body["metadata"]["labels"]
        assert (metadata.get("labels") or {}).items() <= labels.items(), key
    assert seen == set(known)


def test_every_constraint_allows_what_is_published() -> None:
    published = {
        found["metadata"]["name"]: found
        for found in _published(*_CONSTRAINTS)
        if found["kind"] == "SecurityContextConstraints"
    }

    def names(field: str, value: object) -> set[str]:
        return {
            name
            for name, found in published.items()
            if found.get("userNamespaceLevel") != "RequirePodLevel"
            if (found[field]["type"] if isinstance(found.get(field), dict) else found.get(field))
            == value
        }

    assert set(constraints_that_allow("privileged")) == names("allowPrivilegedContainer", _YES)
    assert set(constraints_that_allow("host-directories")) == names(
        "allowHostDirVolumePlugin", _YES
    )
    assert set(constraints_that_allow("host-processes")) == names("allowHostPID", _YES)
    assert set(constraints_that_allow("host-ipc")) == names("allowHostIPC", _YES)
    assert set(constraints_that_allow("host-network")) == names("allowHostNetwork", _YES)
    assert set(constraints_that_allow("host-ports")) == names("allowHostPorts", _YES)
    assert set(constraints_that_allow("any-user")) == names("runAsUser", "RunAsAny")
