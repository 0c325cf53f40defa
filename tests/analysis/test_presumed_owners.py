"""Owners of which no manifest shows that they are there, and guards that move to them."""

from __future__ import annotations

import pytest

from tests.analysis.law import Repository, application, config, flux, review
from tests.analysis.test_idle_owners import listed, messages, policy

ROOT = {"boot/root.yaml": application("root", "argo"), "boot/flux.yaml": flux("root", "clusters")}


@pytest.mark.parametrize(
    ("place", "owner", "cause"),
    [
        ("argo/new.yaml", application("new", "guards"), ""),
        (
            "argo/new.yaml",
            application("new", "guards").replace("project: default", "project: gone"),
            "project: gone of Application/argocd/new",
        ),
        ("boot/new.yaml", application("new", "guards"), ""),
        ("boot/more/new.yaml", application("new", "guards"), ""),
        (
            "stray/new.yaml",
            application("new", "guards"),
            "Application/argocd/new, which nothing here applies",
        ),
        ("clusters/new.yaml", flux("new", "guards"), ""),
        (
            "stray/new.yaml",
            flux("new", "guards"),
            "Kustomization/flux-system/new",
        ),
    ],
)
@pytest.mark.parametrize("moves", [True, False])
def test_a_policy_rests_on_no_owner_that_may_not_be_there(
    place: str, owner: str, cause: str, *, moves: bool
) -> None:
    more = {
        **ROOT,
        "argo/apps.yaml": application("apps", "apps"),
        "clusters/more.yaml": flux("more", "more"),
        "more/b.yaml": config("more"),
        "guards/b.yaml": config("other"),
    }
    base = {**more, "apps/b.yaml": config(), **({"apps/a.yaml": policy()} if moves else {})}
    head = {**more, "apps/b.yaml": config(), place: owner, "guards/a.yaml": policy()}

    said = [message for message in messages(base, head) if "is never created" in message]

    assert len(said) == bool(cause and moves)
    assert all(cause in message for message in said)


def test_a_policy_rests_on_no_owner_that_a_kustomization_does_not_list() -> None:
    start = {
        "boot/root.yaml": application("root", "team"),
        "team/apps.yaml": application("apps", "apps"),
        "apps/b.yaml": config(),
    }
    base = listed({**start, "apps/a.yaml": policy()})
    unlisted = {"team/new.yaml": application("new", "guards")}
    head = {**listed({**start, "guards/a.yaml": policy()}), **unlisted}

    assert any(
        "is never created because of Application/argocd/new, which" in finding.message
        for finding in review(Repository(base, head)).findings
    )


def test_a_flat_directory_of_applications_is_applied_by_somebody() -> None:
    base = {"argo/apps.yaml": application("apps", "apps"), "apps/b.yaml": config()}
    start = {**base, "apps/a.yaml": policy()}

    said = messages(
        start, {**base, "argo/new.yaml": application("new", "guards"), "guards/a.yaml": policy()}
    )

    assert said == []
