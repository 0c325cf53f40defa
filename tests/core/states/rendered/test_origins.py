"""What a chart gives, as whoever installs it reads it."""

from __future__ import annotations

import pytest

from bot.core.rendering import BuildResult, Declared, Tool
from bot.core.resource import GroupKind, Node
from bot.core.scopes import Scopes
from bot.core.states.rendered.origins import rendered
from bot.core.states.roots.root import Root
from bot.errors import UnbuildableError
from tests.states import world

OUTPUT = b"""\
---
# Source: web/templates/x.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: x
  labels: {a: b, a: b}
"""


def names(tool: Tool) -> list[str]:
    (owner,) = world("apiVersion: v1\nkind: Owner\nmetadata: {name: o}\n").of(
        GroupKind("", "Owner")
    )
    declared = Declared(Node(owner, (), None), "web", tool=tool)
    root = Root("web", "chart", {}, declared=declared)
    built = BuildResult("rendered", OUTPUT)
    return [resource.name for resource in rendered(root, built, "default", Scopes())]


@pytest.mark.parametrize("tool", ["", "argocd"])
def test_helm_accepts_a_key_that_stands_twice(tool: Tool) -> None:
    assert names(tool) == ["x"]


@pytest.mark.parametrize("tool", ["flux", "flux-tests"])
def test_flux_refuses_it(tool: Tool) -> None:
    with pytest.raises(UnbuildableError, match="Flux refuses what it gives, as its post-renderer"):
        names(tool)
