"""Who applies a directory, and whether it prunes there."""

from __future__ import annotations

import pytest

from bot.kubernetes.gitops.owners import ApplyingTool, owners
from tests.kubernetes.gitops.declaring import application, flux
from tests.states import world


@pytest.mark.parametrize(
    ("policy", "prunes"),
    [
        ("", False),
        ("syncPolicy: {automated: {}}, ", False),
        ("syncPolicy: {automated: {prune: true}}, ", True),
        ("syncPolicy: {automated: {prune: true, enabled: false}}, ", False),
    ],
)
def test_an_application_prunes_where_its_automation_says(policy: str, *, prunes: bool) -> None:
    text = application("path: ./apps/shop/").replace("spec: {", f"spec: {{{policy}")

    assert owners(world(text)) == (ApplyingTool("apps/shop", prunes),)


def test_a_kustomization_prunes_where_it_says() -> None:
    texts = (flux("path: /apps, prune: true", "a"), flux("prune: false", "b"))

    assert owners(world(*texts)) == (
        ApplyingTool("apps", prunes=True),
        ApplyingTool("", prunes=False),
    )
