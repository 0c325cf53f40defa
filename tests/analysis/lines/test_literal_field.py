"""Where a field is written of an object that kustomize took from a file."""

from __future__ import annotations

import pytest

from bot.analysis.lines.literal_field import object_line, written_line
from bot.core.resource import Node
from tests.states import world

TEXT = """\
apiVersion: v1
kind: Service
metadata: {name: web-canary, namespace: shop}
---
# the web
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  template:
    spec:
      nodeName: shop
      containers:
        - name: side
          image: side:1
        - name: web
          image: web:1
          args: [-v, serve]
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web-canary
spec:
  replicas: 1
"""


def deployment(name: str) -> Node:
    """What was made of the Deployment, with its containers in another order."""
    (held,) = world(
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: shop}}\n"
        "spec:\n  replicas: 2\n  template:\n    spec:\n      containers:\n"
        "        - {name: web, image: 'web:1', args: [-v, serve]}\n"
        "        - {name: side, image: 'side:1'}\n"
    ).resources
    return held.root


def field(*steps: str | int, name: str = "web") -> Node:
    node = deployment(name)
    for step in steps:
        node = node[step] if isinstance(step, str) else list(node.items())[step]
    return node


IMAGE = ("spec", "template", "spec", "containers", 0, "image")
ARGUMENT = ("spec", "template", "spec", "containers", 0, "args", 1)


@pytest.mark.parametrize(
    ("node", "line"),
    [
        pytest.param(field("spec", "replicas"), 11, id="a field"),
        pytest.param(field(*IMAGE), 19, id="an item that has moved"),
        pytest.param(field(*ARGUMENT), 20, id="an item without a name"),
        pytest.param(field("spec", "replicas", name="prod-web"), 11, id="a name with a prefix"),
        pytest.param(field("metadata", "namespace"), None, id="a field that is put in later"),
        pytest.param(field("spec", "replicas", name="other"), None, id="another object"),
    ],
)
def test_the_line_of_a_field_is_that_of_its_object(node: Node, line: int | None) -> None:
    assert written_line(TEXT, node, node.value) == line


def test_another_value_is_not_the_field() -> None:
    assert written_line(TEXT, field("spec", "replicas"), 3) is None


@pytest.mark.parametrize(
    ("name", "line"),
    [pytest.param("web", 6, id="the object of that name"), pytest.param("other", None, id="none")],
)
def test_an_object_begins_at_a_line(name: str, line: int | None) -> None:
    assert object_line(TEXT, field("metadata", "namespace", name=name)) == line
