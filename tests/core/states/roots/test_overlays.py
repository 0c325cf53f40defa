"""What head shares with base is taken from base, and is the same as if it were found anew."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.examine import MemoryBlobs
from bot.analysis.manifests import ReadManifests
from bot.core.policy.model import EnvironmentPolicy
from bot.core.rendering import Declared
from bot.core.scopes import Scopes
from bot.core.states.environments import placed_resources
from bot.core.states.placements.applied import Applied
from bot.core.states.placements.definitions import definitions
from bot.core.states.placements.root_reader import RootReader
from bot.core.states.rendered.template_decisions import template_decisions
from bot.core.states.roots.files import Files, files_of
from bot.core.states.roots.inferred import Roots, roots_of
from bot.core.states.roots.naming import Naming
from bot.core.states.roots.reasons import Reason
from bot.core.states.roots.root import Root, RootKey
from bot.core.tree import File, Tree
from tests.states import Grove, resource

DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: {name}s.example.com}}
spec: {{group: example.com, scope: {scope}, names: {{kind: {name}}}}}
"""
TEXTS = {
    **{name: resource("ConfigMap", name).encode() for name in "ab"},
    **{
        f"{name}{scope}": DEFINITION.format(name=name, scope=scope).encode()
        for name in ("Wall", "Gate")
        for scope in ("Cluster", "Namespaced")
    },
    "late": b'image: {{ lookup "v1" "Pod" "a" "b" }}\n',
}
PATHS = st.sampled_from(
    (
        *("a.yaml", "b/c.yaml", "b/kustomization.yaml", "b/Kustomization", ".hidden/d.yaml"),
        *("chart/Chart.yaml", "chart/values.yaml", "chart/templates/e.yaml", "chart/crds/f.yaml"),
        *("vendor/g.yaml", "b/link", "crds/h.yaml", "b/readme.md"),
    )
)
FILES = st.builds(
    lambda mode, text: File(mode, text, len(TEXTS[text])),
    st.sampled_from(("100644", "100644", "100755", "120000")),
    st.sampled_from(sorted(TEXTS)),
)
TREES = st.dictionaries(PATHS, FILES, max_size=9)
IGNORED = ("vendor",)


def _in_order(files: Files) -> tuple[object, ...]:
    mappings = (files.all, files.manifests, files.kustomizations, files.links)
    return (*(list(held.items()) for held in mappings), files.charts, files.tree)


@given(TREES, TREES)
def test_the_files_of_a_tree_are_the_same_by_way_of_another(base: Tree, change: Tree) -> None:
    known = files_of(base, IGNORED)
    for head in (change, {**base, **change}):
        found = files_of(head, IGNORED, known)

        assert _in_order(found) == _in_order(files_of(head, IGNORED))


@given(TREES, TREES)
def test_the_definitions_of_a_tree_are_the_same_by_way_of_another(base: Tree, change: Tree) -> None:
    content = ReadManifests(MemoryBlobs(TEXTS))
    old, new = files_of(base, IGNORED), files_of({**base, **change}, IGNORED)

    found = definitions(new, content, (old, definitions(old, content)))

    assert list(found.items()) == list(definitions(new, content).items())


@given(TREES, TREES)
def test_decisions_of_templates_are_those_of_templates_that_differ(
    base: Tree, change: Tree
) -> None:
    sides = files_of(base), files_of({**base, **change})
    blobs = MemoryBlobs(TEXTS)
    every = [
        {decision.path for decision in template_decisions(files_of({}), side, blobs)[1]}
        for side in sides
    ]
    templates = every[0] | every[1]
    same = {path for path in every[0] & every[1] if sides[0].all[path] == sides[1].all[path]}

    found = template_decisions(*sides, blobs)

    for side, decided in zip(every, found, strict=True):
        assert {decision.path for decision in decided} == side & (templates - same)


def _applied(grove: Grove) -> tuple[Mapping[RootKey, Applied], Mapping[RootKey, Applied]]:
    """The roots of both trees, read."""
    question, content = grove.question(), grove.content()
    reader = RootReader(content, "default", Scopes())
    before = roots_of(files_of(question.base), content, Naming())
    after = roots_of(files_of(question.head), content, Naming(), before)
    return reader.applied(before), reader.applied(after)


def test_a_file_is_read_by_each_root_as_its_tool_reads_it() -> None:
    path = "roles/a.yaml"
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {switch: on}\n"
    grove = Grove({path: text}, {path: text})
    content = grove.content()
    reader = RootReader(content, "default", Scopes())
    files = grove.question().base

    (plain,) = reader.resources(path, files[path])
    declared = Declared(plain.root, "roles", lists=True)
    flux = Root("roles", "kustomization", files, (Reason(path, "listed"),), declared=declared)
    (applied,) = reader.applied(Roots({flux.key: flux})).values()

    assert [plain.at("data", "switch").value, applied.resources[0].at("data", "switch").value] == [
        True,
        "on",
    ]


def test_a_change_makes_anew_as_few_roots_of_a_large_tree_as_of_a_small_one() -> None:
    def made(directories: int) -> list[str]:
        base = {f"team-{n}/a.yaml": resource("ConfigMap", f"a-{n}") for n in range(directories)}
        before, after = _applied(Grove(base, {**base, "team-3/b.yaml": resource("Secret", "b")}))
        return [root.root.path for key, root in after.items() if root is not before.get(key)]

    assert made(10) == made(200) == ["team-3"]


def test_a_side_with_the_same_keys_in_the_same_places_is_placed_once() -> None:
    base = {f"team-{n}/a.yaml": resource("ConfigMap", f"a-{n}", namespace="x") for n in range(30)}
    named = (EnvironmentPolicy("seven", ("team-7/**",)),)

    def placed(head: dict[str, str]) -> tuple[bool, bool]:
        before, after = _applied(Grove(base, head))
        known = placed_resources(before, named)
        found = placed_resources(after, named, (before, known))
        return found is known, found == placed_resources(after, named)

    other = resource("ConfigMap", "a-3", "data: {a: b}", namespace="x")
    assert placed({**base, "team-3/a.yaml": other}) == (True, True)
    assert placed({**base, "team-3/b.yaml": resource("ConfigMap", "b")}) == (False, True)
    assert placed({**base, "team-3/a.yaml": resource("ConfigMap", "b")}) == (False, True)
