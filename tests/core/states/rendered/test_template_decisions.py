"""What a template leaves to the cluster or to chance, by its text."""

from __future__ import annotations

import pytest

from bot.core.states.rendered.template_decisions import decisions_in
from bot.core.states.rendered.template_questions import asking_templates


def seen(text: str) -> list[tuple[int, str, tuple[str, ...]]]:
    """The line, what is asked and what hangs on it."""
    found = decisions_in("a.yaml", text)
    return [(decision.line, decision.asks, decision.keys) for decision in found if decision.keys]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("image: {{ randAlpha 5 }}", [(1, "randAlpha", ("image",))]),
        ("a: b\nimage: x:{{- now -}}", [(2, "now", ("image",))]),
        ("- image: {{ uuidv4 }}", [(1, "uuidv4", ("image",))]),
        ('"image": {{ lookup "v1" }}', [(1, "lookup", ("image",))]),
        ("verbs:\n- get\n- {{ shuffle .x }}\n", [(3, "shuffle", ("verbs",))]),
        ("verbs:\n  {{- toYaml (lookup 1).x | nindent 2 }}", [(2, "lookup", ("verbs",))]),
        ("verbs: []\nname: {{ now }}", []),
        ("env:\n- name: X\n  value: {{ now }}\n", []),
        ("name: {{ now }}", []),
        ("{{ if lookup 1 }}\nimage: a\n{{ end }}", [(1, "lookup", ("image",))]),
        ("{{ if .x }}\nimage: a\n{{ else if now }}\nimage: b\n{{ end }}", [(1, "now", ("image",))]),
        ("{{ if .x }}{{ with lookup 1 }}\nimage: a\n{{ end }}{{ end }}",
         [(1, "lookup", ("image",))]),
        ("{{ }}\nimage: {{}}{{ now }}", [(2, "now", ("image",))]),
        ("containers:\n- name: a\n- {{ now }}", []),
        ("{{ with lookup 1 }}a: b{{ end }}\nimage: a", []),
        ("{{ $a := lookup 1 }}\n{{ if $a }}\nrules: []\n{{ end }}", [(2, "lookup", ("rules",))]),
        ("{{ $a := 1 }}{{ $a = now }}\nimage: {{ $a }}", [(2, "now", ("image",))]),
        ("{{ range $n := (lookup 1).items }}\nimage: {{ $n }}{{ end }}",
         [(2, "lookup", ("image",)), (1, "lookup", ("image",))]),
        ("{{ if .Capabilities.APIVersions.Has 1 }}\nwebhooks: []\n{{ end }}",
         [(1, "Capabilities", ("webhooks",))]),
        ("{{ if $.Release.Revision }}\nargs: []\n{{ end }}", [(1, "Release.Revision", ("args",))]),
        ('image: {{ print "now" `lookup` }}', []),
        ("image: {{ .Values.lookup }}{{ .Values.now }}", []),
        ("{{/* image: {{ now }} */}}", []),
        ("image: {{ now", []),
        ("{{ end }}{{ end }}image: a", []),
        ("{{ if now }}\nimage: a", [(1, "now", ("image",))]),
        ("{{ if now }}\nspec: {a: 1, hostPID: true, podSelector: {}}\n{{ end }}",
         [(1, "now", ("hostPID", "podSelector"))]),
        ("spec: {containers: [{image: {{ now }}}]}", [(1, "now", ("image",))]),
        ("spec: {containers: [{image: a, name: {{ now }}}]}", []),
        ("{{ if\n  now }}\nimage: a{{ end }}", [(1, "now", ("image",))]),
    ],
)  # fmt: skip
def test_what_hangs_on_a_question_is_what_stands_in_its_block_or_beside_it(
    text: str, expected: list[tuple[int, str, tuple[str, ...]]]
) -> None:
    assert seen(text) == expected


POLICY = "apiVersion: v1\nkind: NetworkPolicy\nmetadata:\n  name: a\n  labels: {b: c}\nspec: {}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ if lookup 1 }}\n" + POLICY + "{{ end }}", ("NetworkPolicy",)),
        ("{{ if lookup 1 }}\n" + POLICY + "---\nkind: Pod\n{{ end }}", ("NetworkPolicy", "Pod")),
        ("kind: Pod\n---\n{{ if lookup 1 }}\n" + POLICY + "{{ end }}", ("NetworkPolicy",)),
        ('{{ if now }}\n{"kind": "NetworkPolicy", "spec": {}}\n{{ end }}', ("NetworkPolicy",)),
        ("{apiVersion: v1, kind: NetworkPolicy, spec: {{ now }}}", ("NetworkPolicy",)),
        (POLICY.replace("spec: {}", "spec:\n  a: {{ now }}"), ("NetworkPolicy",)),
        (POLICY.replace("spec", "{{ if now }}\nspec") + "{{ end }}", ("NetworkPolicy",)),
        (POLICY.replace("name: a", "name: {{ now }}"), ("NetworkPolicy",)),
        (POLICY.replace("NetworkPolicy", "{{ if now }}A{{ else }}B{{ end }}"), ("*",)),
        ("{{ if lookup 1 }}\n{{ include 1 }}\n{{ end }}", ("*",)),
        (POLICY.replace("b: c", "b: {{ now }}"), ()),
        (POLICY.replace("  labels: {b: c}", "  {{ if now }}\n  labels: {b: c}\n  {{ end }}"), ()),
        ("{{ if .Capabilities.A }}\napiVersion: v2\n{{ end }}\nkind: NetworkPolicy\n", ()),
        ("# {{ now }}\n" + POLICY, ()),
        ('{{ include "policy" (lookup 1) }}', ("*",)),
        ("apiVersion: {{ .Capabilities.A }}\nkind: NetworkPolicy\nspec: {}\n", ()),
        ("{{ if now }}{{ fail 1 }}{{ end }}\n" + POLICY, ()),
        ("{{ $a := lookup 1 }}\n" + POLICY, ()),
    ],
)  # fmt: skip
def test_the_kinds_of_which_an_answer_decides_more_than_the_labels(
    text: str, expected: tuple[str, ...]
) -> None:
    assert next((each.kinds for each in decisions_in("a.yaml", text)), ()) == expected


ASKING = (
    '{{ define "new" }}{{ if lookup 1 }}yes{{ end }}{{ end }}'
    '{{ define "old" }}{{ .x }}{{ "now" }}{{ end }}'
)


def test_a_named_template_that_asks_decides_about_kinds() -> None:
    asking = frozenset(asking_templates(ASKING))
    text = '{{ if include "%s" . }}\n' + POLICY + "image: a\n{{ end }}"
    found = [*decisions_in("a.yaml", text % "new", asking)]
    assert [(each.asks, each.keys, each.kinds) for each in found] == [
        ("include new", (), ("NetworkPolicy",))
    ]
    assert [*decisions_in("a.yaml", text % "old", asking)] == []


def test_a_long_line_of_braces_takes_no_time() -> None:
    assert seen("{{" * 50_000) == []
    assert seen("{{ {" * 50_000) == []
    assert seen("{{ a {b} " * 20_000) == []
    assert seen("image: " + "{" * 100_000) == []
