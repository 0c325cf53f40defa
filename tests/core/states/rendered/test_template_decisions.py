"""What a template leaves to the cluster or to chance, by its text."""

from __future__ import annotations

import pytest

from bot.core.states.rendered.template_decisions import decisions_in


def seen(text: str) -> list[tuple[int, str, tuple[str, ...]]]:
    """The line, what is asked and what hangs on it."""
    return [(held.line, held.asks, held.keys) for held in decisions_in("a.yaml", text)]


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
        ("{{ if\n  now }}\nimage: a{{ end }}", [(1, "now", ("image",))]),
    ],
)  # fmt: skip
def test_what_hangs_on_a_question_is_what_stands_in_its_block_or_beside_it(
    text: str, expected: list[tuple[int, str, tuple[str, ...]]]
) -> None:
    assert seen(text) == expected


def test_a_long_line_of_braces_takes_no_time() -> None:
    assert seen("{{" * 50_000) == []
    assert seen("{{ {" * 50_000) == []
    assert seen("{{ a {b} " * 20_000) == []
    assert seen("image: " + "{" * 100_000) == []
