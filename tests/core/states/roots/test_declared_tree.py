"""Declared roots, looked up in a tree."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.manifest import Manifest
from bot.core.rendering import Declared
from bot.core.resource import GroupKind, Node
from bot.core.states import Manifests
from bot.core.states.roots.declared_tree import DeclaredTree
from bot.core.states.roots.files import files_of
from bot.core.states.roots.inferred import Roots
from bot.core.tree import File
from tests.states import Grove, world


@dataclass(slots=True)
class Counting:
    """What files hold, with a count of how often it was asked for."""

    content: Manifests
    asked: int = 0

    def manifest(self, file: File) -> Manifest:
        self.asked += 1
        return self.content.manifest(file)

    def kustomization(self, file: File) -> Manifest:
        self.asked += 1
        return self.content.kustomization(file)

    def link(self, file: File) -> str:
        return self.content.link(file)


def test_a_kustomization_with_the_same_edits_is_read_once() -> None:
    """A review looks declarations up several times, until nothing new is declared."""
    web = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"
    path = "apps/kustomization.yaml"
    grove = Grove(
        {
            path: "resources: [web]\n",
            "apps/web/kustomization.yaml": "resources: [a.yaml]\n",
            "apps/web/a.yaml": web,
        },
        {},
    )
    content = Counting(grove.content())
    tree = DeclaredTree(files_of(grove.question().base), content, Roots())
    (owner,) = world("apiVersion: v1\nkind: Owner\nmetadata: {name: o}\n").of(
        GroupKind("", "Owner")
    )

    def looked_up(edit: str) -> tuple[object, int]:
        before = content.asked
        root = tree.root(Declared(Node(owner, (), None), "apps", edits={path: edit}))
        return root, content.asked - before

    first, asked = looked_up("resources: [web]\n")

    assert (first is not None, asked > 0) == (True, True)
    assert looked_up("resources: [web]\n") == (first, 0)
    assert looked_up("resources: [web]\nnamespace: shop\n")[1] == asked
