"""What a chart gives, as whoever installs it reads it."""

from __future__ import annotations

import pytest

from bot.core.rendering import BuildResult, Declared, Tool
from bot.core.resource import GroupKind, Node
from bot.core.scopes import Scopes
from bot.core.states.rendered.origins import refusal_of, rendered
from bot.core.states.roots.root import Root
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


def chart(tool: Tool) -> Root:
    (owner,) = world("apiVersion: v1\nkind: Owner\nmetadata: {name: o}\n").of(
        GroupKind("", "Owner")
    )
    declared = Declared(Node(owner, (), None), "web", tool=tool)
    return Root("web", "chart", {}, declared=declared)


BUILT = BuildResult("rendered", OUTPUT)


@pytest.mark.parametrize("tool", ["", "argocd", "flux"])
def test_helm_accepts_a_key_that_stands_twice(tool: Tool) -> None:
    resources = rendered(chart(tool), BUILT, "default", Scopes())

    assert [resource.name for resource in resources] == ["x"]


@pytest.mark.parametrize("tool", ["", "argocd"])
def test_other_tools_install_it(tool: Tool) -> None:
    assert refusal_of(chart(tool), BUILT) == ""


@pytest.mark.parametrize("tool", ["flux", "flux-tests"])
def test_flux_refuses_it(tool: Tool) -> None:
    assert refusal_of(chart(tool), BUILT) == "a mapping key is already defined"
    once = BuildResult("rendered", OUTPUT.replace(b", a: b}", b"}"))
    assert refusal_of(chart(tool), once) == ""
