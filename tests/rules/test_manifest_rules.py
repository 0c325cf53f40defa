"""What the pages of the two manifest rules cannot show: control characters, and what is left."""

from __future__ import annotations

import pytest

from bot.analysis.examine import examine
from bot.catalog import load_rules
from bot.core.engine.rule import Rule
from bot.core.policy.model import Policy

_RULES = {rule.id: rule for rule in load_rules()}
_POD = b"apiVersion: v1\nkind: Pod\nmetadata: {name: api, namespace: shop}\n"
_UNREADABLE = "manifest-unreadable"


def _found(
    rule: Rule, base: dict[str, bytes], head: dict[str, bytes]
) -> list[tuple[object, str, int | None]]:
    analysis = examine(base, head, Policy(), [rule])
    return [
        (held.facts["flag"], held.location.path, held.location.line)
        for held in analysis.findings
        if held.location is not None
    ]


@pytest.mark.parametrize(
    ("added", "flag", "line"),
    [
        (b"spec: {}\rstatus: {}\r", "carriage-return", 4),
        (b"spec: {} # fine\xc2\x85status: {}\n", "unicode-line-break", 4),
        (b"spec: {} # fine\xe2\x80\xa8status: {}\n", "unicode-line-break", 4),
        (b"# fine\xe2\x80\xa9spec: {}\n", "unicode-line-break", 4),
        (b"\xef\xbb\xbfspec: {}\n", "bom-inside", 4),
    ],
)
def test_an_invisible_character_is_found_once(added: bytes, flag: str, line: int) -> None:
    found = _found(_RULES["manifest-ambiguous"], {"a.yaml": _POD}, {"a.yaml": _POD + added})

    assert found == [(flag, "a.yaml", line)]


@pytest.mark.parametrize(
    ("base", "head"),
    [
        (_POD, _POD.replace(b"\n", b"\r\n")),
        (_POD, _POD + b"---\n\xef\xbb\xbf" + _POD.replace(b"api", b"web")),
        (_POD + b"spec: {hostPID: yes}\n", _POD + b"spec: {hostPID: yes}\n---\n" + _POD),
        (_POD + b"spec: {hostPID: yes}\n", b"---\n" + _POD + b"spec: {hostPID: yes}\n"),
    ],
)
def test_what_makes_no_difference_or_is_not_new_is_silent(base: bytes, head: bytes) -> None:
    assert _found(_RULES["manifest-ambiguous"], {"a.yaml": base}, {"a.yaml": head}) == []


def test_a_file_that_moves_unchanged_is_silent() -> None:
    data = _POD + b"spec: {hostPID: yes}\n"
    broken = _POD + b"spec: [\n"
    base, head = {"a.yaml": data, "b.yaml": broken}, {"c.yaml": data, "d.yaml": broken}

    found = [_found(_RULES[rule], base, head) for rule in ("manifest-ambiguous", _UNREADABLE)]

    assert found == [[], []]


@pytest.mark.parametrize(
    ("head", "flag", "line"),
    [
        (_POD + b"spec: {a: \xff}\n", "rejected-by-kubectl", 4),
        (_POD + b"spec: {a: \0}\n", "rejected-by-kubectl", 4),
        (_POD + b"spec: [\n", "rejected-by-kubectl", 4),
        (_POD + b"spec: " + b"[" * 40_000 + b"\n", "limit", 4),
        (_POD + b"spec: {a: " + b"9" * 200_000 + b"}\n", "limit", 4),
        ((_POD + b"---\n") * 501, "limit", 2001),
    ],
    ids=["UTF-8", "NUL", "bracket", "brackets", "digits", "documents"],
)
def test_a_file_that_cannot_be_read_is_found(head: bytes, flag: str, line: int) -> None:
    found = _found(_RULES[_UNREADABLE], {"a.yaml": _POD}, {"a.yaml": head})

    assert found == [(flag, "a.yaml", line)]


def test_a_file_that_could_be_read_before_is_no_template() -> None:
    head = _POD + b"spec: {{ .Values.spec }}\n"

    found = [_found(_RULES[_UNREADABLE], base, {"a.yaml": head}) for base in ({}, {"a.yaml": _POD})]

    assert found == [[], [("rejected-by-kubectl", "a.yaml", 4)]]


def test_kustomize_refuses_what_kubectl_takes() -> None:
    kustomization = b"kind: Kustomization\nresources: [a.yaml]\n"
    base = {"kustomization.yaml": kustomization, "a.yaml": _POD}
    head = {"kustomization.yaml": kustomization, "a.yaml": _POD + b"spec: {1: x}\n"}

    assert _found(_RULES[_UNREADABLE], base, head) == [("rejected-by-kustomize", "a.yaml", 4)]


def test_what_kustomize_refuses_is_said_once() -> None:
    kustomization = b"kind: Kustomization\nresources: [a.yaml]\n"
    base = {"kustomization.yaml": kustomization, "a.yaml": _POD}
    head = {"kustomization.yaml": kustomization, "a.yaml": _POD + b"kind: Pod\n"}

    found = [_found(_RULES[rule], base, head) for rule in ("manifest-ambiguous", _UNREADABLE)]

    assert found == [[("duplicate-key", "a.yaml", 4)], []]
