"""The table of API versions says of recent minor versions what their published schemas have."""

from __future__ import annotations

import pytest

from bot.core.resource import GroupKind
from bot.core.scopes import is_built_in_cluster_scoped
from bot.kubernetes.apply.api_versions import SERVED
from bot.kubernetes.schemas.published import minors, published

# What clients ask and controllers write; nobody has them in manifests.
_NOT_WRITTEN = frozenset(
    {
        *(("authentication.k8s.io", kind) for kind in ("SelfSubjectReview", "TokenReview")),
        *(
            ("authorization.k8s.io", kind)
            for kind in (
                "LocalSubjectAccessReview",
                "SelfSubjectAccessReview",
                "SelfSubjectRulesReview",
                "SubjectAccessReview",
            )
        ),
        ("apps", "ControllerRevision"),
        ("coordination.k8s.io", "LeaseCandidate"),
        ("internal.apiserver.k8s.io", "StorageVersion"),
        ("lifecycle.k8s.io", "EvictionRequest"),
        *(
            ("resource.k8s.io", kind)
            for kind in (
                "PodSchedulingContext",
                "ResourceClaimParameters",
                "ResourceClass",
                "ResourceClassParameters",
                "ResourcePoolStatusRequest",
            )
        ),
    }
)


def _published(minor: int) -> set[tuple[str, str, str]]:
    """Group, version and kind of each published kind that people write."""
    parted = (name.rpartition("/") for name in published(minor).kinds)
    triples = {(*_group_and_version(api_version), kind) for api_version, _, kind in parted}
    return {triple for triple in triples if (triple[0], triple[2]) not in _NOT_WRITTEN}


def _group_and_version(api_version: str) -> tuple[str, str]:
    group, _, version = api_version.rpartition("/")
    return group, version


@pytest.mark.parametrize("minor", minors())
def test_the_table_serves_what_is_published(minor: int) -> None:
    tabled = {
        (kind.group, served.version, kind.kind)
        for kind, versions in SERVED.items()
        for served in versions
        if served.by(minor)
    }

    assert tabled == _published(minor)


@pytest.mark.parametrize("minor", minors())
def test_kinds_are_in_the_scope_that_is_published(minor: int) -> None:
    wrong = [
        name
        for name, kind in published(minor).kinds.items()
        if is_built_in_cluster_scoped(_group_kind(name)) == kind.namespaced
    ]

    assert wrong == []


def _group_kind(name: str) -> GroupKind:
    api_version, _, kind = name.rpartition("/")
    return GroupKind(_group_and_version(api_version)[0], kind)
