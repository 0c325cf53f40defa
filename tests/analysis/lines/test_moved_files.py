"""Where findings stand when a kustomization moves together with its files."""

from __future__ import annotations

from tests.analysis.law import Repository, review

_ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: %s
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: %s, namespace: %s}]
"""


def _files(folder: str, space: str) -> dict[str, str]:
    objects = (_ROLE % ("one", "one", space), _ROLE % ("two", "two", space))
    return {
        f"{folder}/kustomization.yaml": "resources: [all.yaml]\ncommonLabels: {moved: a}\n",
        f"{folder}/all.yaml": "---\n".join(objects),
    }


def test_a_finding_stands_in_the_document_of_its_own_object() -> None:
    change = Repository(_files("old", "a"), _files("new", "b"))
    found = review(change, builds=True).findings
    lines = {
        str(finding.resource.name): finding.location.line
        for finding in found
        if finding.resource and finding.location and finding.rule == "rbac-privilege-added"
    }
    assert {
        name: line is not None and (line > 7) == (name == "two") for name, line in lines.items()
    } == {
        "one": True,
        "two": True,
    }
