"""A suggestion changes one value in the file and nothing else that the cluster reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.engine.review import Suggestion
from bot.core.finding import Fix
from bot.core.lines.suggest import suggest, suggest_fix
from bot.core.reading import read_manifest
from bot.core.resource import ListStep, Resource, ResourceSource, Route
from bot.core.values import EMPTY, Value
from tests.states import world

IMAGE: Route = ("spec", "containers", ListStep("name=b", 1), "image")


def pod(image: str, before: str = "", after: str = "") -> bytes:
    return f"""{before}# what runs
apiVersion: v1
kind: Pod
metadata: {{name: p}}
spec:
  containers:
    - name: a
      image: nginx  # stays
    - name: b
      image: {image}
{after}""".encode()


@pytest.mark.parametrize(
    ("image", "line"),
    [
        ("nginx", "      image: r.io/nginx:1"),
        ("nginx # why", "      image: r.io/nginx:1 # why"),
        ("'nginx'", "      image: 'r.io/nginx:1'"),
        ('"nginx"   # why', '      image: "r.io/nginx:1"   # why'),
        ('"ngi\\u006ex"', '      image: "r.io/nginx:1"'),
    ],
)
def test_quotes_and_comments_stay(image: str, line: str) -> None:
    found = suggest(pod(image), ResourceSource("p.yaml", "0", 0), IMAGE, "r.io/nginx:1")

    assert found == Suggestion(10, 10, line)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("1.0", '"1.0"'),
        ("yes", '"yes"'),
        ("a: b", '"a: b"'),
        ("a #b", '"a #b"'),
        ("", '""'),
        ("*a", '"*a"'),
        ("a\nb", '"a\\nb"'),
        (8080, "8080"),
        (True, "true"),
        ("a'b", "a'b"),
    ],
)
def test_a_value_is_written_so_that_it_is_read_as_itself(value: Value, written: str) -> None:
    found = suggest(pod("nginx"), ResourceSource("p.yaml", "0", 0), IMAGE, value)

    assert found == Suggestion(10, 10, f"      image: {written}")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(pod("&image nginx", after="    - {name: c, image: *image}\n"), id="anchor"),
        pytest.param(pod("|\n        nginx"), id="block scalar"),
        pytest.param(pod("'ngi\n        nx'"), id="two lines"),
        pytest.param(pod("nginx\n      image: nginx"), id="a key that stands twice"),
        pytest.param(pod("[nginx]"), id="a list"),
        pytest.param(pod("nginx", after="bad: {\n"), id="what cannot be read"),
        pytest.param(pod("*x", before="x: &x nginx\n"), id="alias"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff\xfe", id="another encoding"),
        pytest.param(pod("nginx") + b"#" * (1 << 20), id="too large"),
    ],
)
def test_what_is_not_certain_gets_none(data: bytes) -> None:
    assert suggest(data, ResourceSource("p.yaml", "0", 0), IMAGE, "r.io/nginx:1") is None


@pytest.mark.parametrize(
    ("route", "value"),
    [
        (("spec", "missing"), "x"),
        (("spec", "containers", ListStep("", 9), "image"), "x"),
        (("spec", ListStep("", 0)), "x"),
        (("kind", "x"), "x"),
        (IMAGE, None),
        (IMAGE, EMPTY),
    ],
)
def test_a_place_that_is_not_there_gets_none(route: Route, value: Value) -> None:
    assert suggest(pod("nginx"), ResourceSource("p.yaml", "0", 0), route, value) is None


def test_a_first_field_that_another_one_replaces_is_not_certain() -> None:
    data = b"kind: Pod\nspec: {a: b}\nspec: 5\n"

    assert suggest(data, ResourceSource("p.yaml", "0", 0), ("spec", "a"), "x") is None
    assert suggest(data, ResourceSource("p.yaml", "0", 0), (), "x") is None


def test_no_other_document_is_taken() -> None:
    data = pod("nginx") + b"---\n" + pod("nginx")

    assert suggest(data, ResourceSource("p.yaml", "0", 1), IMAGE, "x") == Suggestion(
        21, 21, "      image: x"
    )
    assert suggest(data, ResourceSource("p.yaml", "0", 2), IMAGE, "x") is None


def test_an_item_of_a_list_is_found() -> None:
    data = b"apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, spec: {a: b}} # c\n"
    source = ResourceSource("p.yaml", "0", 0, (0,))

    assert suggest(data, source, ("spec", "a"), "x") == Suggestion(
        4, 4, "- {apiVersion: v1, kind: Pod, spec: {a: x}} # c"
    )


def test_what_changes_another_object_too_is_not_certain() -> None:
    data = b"apiVersion: v1\nkind: List\nitems:\n- &pod {kind: Pod, a: b}\n- *pod\n"
    source = ResourceSource("p.yaml", "0", 0, (0,))

    assert [suggest(data, source, ("a",), value) for value in ("y", 7)] == [None, None]


def test_json_and_other_line_ends_keep_their_form() -> None:
    source = ResourceSource("p.yaml", "0", 0)

    assert suggest(b'{"kind": "Pod",\n "a": "b"}\n', source, ("a",), "x") == Suggestion(
        2, 2, ' "a": "x"}'
    )
    assert suggest(b"kind: Pod\r\na: b # c\r\n", source, ("a",), "x") == Suggestion(
        2, 2, "a: x # c"
    )


def test_only_what_stands_in_the_file_itself_is_fixed() -> None:
    text = pod("nginx").decode()
    (resource,) = world(text).resources
    rendered = Resource(
        resource.key, resource.api_version, resource.encoded + b" ", resource.source
    )

    assert suggest_fix(text.encode(), Fix(resource.root["kind"], "X")) == Suggestion(
        3, 3, "kind: X"
    )
    assert suggest_fix(text.encode(), Fix(rendered.root["kind"], "X")) is None
    assert suggest_fix(b"kind: Other\n", Fix(resource.root["kind"], "X")) is None
    assert suggest_fix(pod("nginx") + b"#" * (1 << 20), Fix(resource.root["kind"], "X")) is None


_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=12)


@given(_TEXT, _TEXT, st.sampled_from(["{}", "'{}'", '"{}"']))
def test_whatever_is_suggested_reads_as_what_was_meant(old: str, new: str, style: str) -> None:
    data = pod(style.format(old))
    found = suggest(data, ResourceSource("p.yaml", "0", 0), IMAGE, new)
    if found is None:
        return
    lines = data.decode().split("\n")
    lines[found.start - 1 : found.end] = [found.text]
    held = read_manifest("\n".join(lines).encode()).kubectl.objects

    (resource,) = world("\n".join(lines)).resources
    assert (len(held), resource.at("spec").mapping["containers"][1]["image"]) == (1, new)  # type: ignore[index,call-overload]  # a list of mappings, as written above
