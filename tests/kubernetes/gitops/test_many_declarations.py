"""More declarations than are read: what is over a limit is a problem, never silent."""

from __future__ import annotations

from bot.core.rendering import Declared
from bot.core.resource import GroupKind, Node
from bot.core.states.roots.declared import with_declared
from bot.core.states.roots.declared_tree import DeclaredTree
from bot.core.states.roots.files import files_of
from bot.core.states.roots.inferred import Roots
from tests.analysis.law import HERE, Repository, config, review
from tests.states import Grove, world

SET = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: many, namespace: argocd}
spec:
  generators:
%s  template:
    metadata: {name: 'app-{{c}}'}
    spec:
      project: default
      destination: {name: prod, namespace: shop}
      source: {repoURL: '%s', path: '{{c}}', targetRevision: HEAD}
"""
KEPT = {"cm.yaml": config()}


def _messages(files: dict[str, str], base: dict[str, str] | None = None) -> list[str]:
    before = {**KEPT, **(base or {})}
    return [problem.message for problem in review(Repository(before, {**before, **files})).problems]


def _set(*counts: int) -> dict[str, str]:
    generators = ""
    for generator, count in enumerate(counts):
        elements = "".join(f"      - {{c: 'g{generator}-{i}'}}\n" for i in range(count))
        generators += f"  - list:\n      elements:\n{elements}"
    return {"set.yaml": SET % (generators, HERE), "g0-0/cm.yaml": config("first")}


def test_a_set_within_the_limit_is_read() -> None:
    assert _messages(_set(900)) == []


def test_a_generator_over_the_limit_is_a_problem() -> None:
    messages = _messages(_set(1_001))

    assert any("it gives more than 1,000 sets of parameters" in message for message in messages)


def test_generators_that_are_together_over_it_are_a_problem() -> None:
    sides = {f"g1-{number}/cm.yaml": config(f"other-{number}") for number in (600,)}
    messages = _messages({**_set(600, 601), **sides})

    assert any("its ApplicationSet gives more than 1,000" in message for message in messages)


def _declared(count: int, last: str = "z") -> list[str]:
    """What is said of the roots of as many declarations, of which the last one differs."""
    (owner,) = world("apiVersion: v1\nkind: Owner\nmetadata: {name: o}\n").of(
        GroupKind("", "Owner")
    )
    names = [*map(str, range(count - 1)), last]
    declared = [Declared(Node(owner, (), None), f"p/{name}", name=name) for name in names]
    content = Grove({}, {}).content()
    roots = with_declared(
        DeclaredTree(files_of({}), content, Roots()), declared
    ).roots.roots.values()
    return [f"{root.title}: {root.reasons[0].message} {root.inputs}" for root in roots]


def test_declarations_over_the_limit_are_one_root_that_changes_with_any_of_them() -> None:
    assert _declared(5_000) == []
    (over,) = _declared(5_002)
    (other,) = _declared(5_002, "y")

    assert over.startswith(
        "declared roots over the limit: at most 5,000 roots are read, and the others are not"
    )
    assert over != other
