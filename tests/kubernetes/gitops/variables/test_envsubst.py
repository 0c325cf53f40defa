"""Flux's substitution of variables, form by form."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UnbuildableError
from bot.kubernetes.gitops.unknowns import PREFIX, unknown
from bot.kubernetes.gitops.variables.envsubst import substituted

VALUES = {
    "mixed": "abcdEFGH28ij",
    "loud": "ABCDEFGH28IJ",
    "path": "/home/bozo/ideas/thoughts.for.today",
    "file": "bash.string.txt",
    "way": "path/to/file",
    "twice": "abcABC123ABCabc",
    "slashed": "foo/bar/baz",
    "word": "foo",
    "hard": "a.b",
    "wide": "héé",
    "secret": unknown("x"),
}


def _nothing(_: str) -> str:
    return ""


def _x(_: str) -> str:
    return "x"


# What fluxcd/pkg/envsubst gives for each.
FORMS = [
    ("text", "text"),
    ("a $ b $x", "a $ b $x"),
    ("}$", "}$"),
    ("${#mixed}", "12"),
    ("${#wide}", "5"),
    ("${mixed^}", "AbcdEFGH28ij"),
    ("${mixed^^}", "ABCDEFGH28IJ"),
    ("${loud,}", "aBCDEFGH28IJ"),
    ("${loud,,}", "abcdefgh28ij"),
    ("${loud,^}", "ABCDEFGH28IJ"),
    ("${path:11}", "ideas/thoughts.for.today"),
    ("${path:11:5}", "ideas"),
    ("${path:11::5}", "ideas"),
    ("${word:1:-1}", "o"),
    ("${word:2:-2}", ""),
    ("${word:-9}", "foo"),
    ("${word: -2}", "foo"),
    ("${word:7}", ""),
    ("${word:1:99}", "oo"),
    ("${word:x}", "foo"),
    ("${word:0:x}", "foo"),
    ("${word=xyz}", "foo"),
    ("${none=xyz}", "xyz"),
    ("${none:=xyz}", "xyz"),
    ("${none:-xyz}", "xyz"),
    ("${none:?xyz}", "xyz"),
    ("${none:+xyz}", "xyz"),
    ("${word:+xyz}", "foo"),
    ("${none:=}", ""),
    ("${none}", ""),
    ("${none=${word}}", "foo"),
    ("${none=${word}-suffix}", "foo-suffix"),
    ("${none=prefix${word}-suffix}", "prefixfoo-suffix"),
    ("${none:=$$x}", "$$x"),
    ("${none=${mixed^^}}", "ABCDEFGH28IJ"),
    ("${twice/%abc/XYZ}", "abcABC123ABCXYZ"),
    ("${twice/#abc/XYZ}", "XYZABC123ABCabc"),
    ("${twice/#/p-}", "p-abcABC123ABCabc"),
    ("${twice/%/-s}", "abcABC123ABCabc-s"),
    ("${twice//abc/xyz}", "xyzABC123ABCxyz"),
    ("${twice/abc/xyz}", "xyzABC123ABCabc"),
    ("${twice/abc/}", "ABC123ABCabc"),
    ("${twice//abc/}", "ABC123ABC"),
    ("${twice/#abc/}", "abcABC123ABCabc"),
    ("${hard/./}", "ab"),
    (r"${slashed/\//-}", "foo-bar/baz"),
    (r"${slashed//\//-}", "foo-bar-baz"),
    ("${word//${word}/${mixed}}", "abcdEFGH28ij"),
    ("${file#*.}", "string.txt"),
    ("${file##*.}", "txt"),
    ("${file%.*}", "bash.string"),
    ("${file%%.*}", "bash"),
    ("${way#*/}", "to/file"),
    ("${way##*/}", "file"),
    ("${way#[o-q]?th/}", "to/file"),
    ("${way#[^a]a}", "th/to/file"),
    (r"${way#\p}", "ath/to/file"),
    ("${way#[}", "path/to/file"),
    ("${way#nothing}", "path/to/file"),
    ("${word#$%:*{}", "foo"),
    ("$${mixed}", "${mixed}"),
    ("$$mixed", "$mixed"),
    ("$$${word}", "$foo"),
    ("${word}$${none$${word}$word${word}", "foo${none${word}$wordfoo"),
    ("something $${none=${word}}", "something ${none=foo}"),
    (r"\\x ${none=${word}}", r"\\x foo"),
]


@pytest.mark.parametrize(("text", "expected"), FORMS)
def test_each_form_gives_what_flux_gives(text: str, expected: str) -> None:
    assert substituted(text, lambda name: VALUES.get(name, "")) == expected


@pytest.mark.parametrize(
    "text",
    [
        "${",
        "${}",
        "${a",
        "${a-b}",
        "${-a}",
        "${a:}",
        "${a#}",
        "${a/",
        "${a/x}",
        "${#}",
        "${a,,,}",
        "${a#b${c}}",
        "${a:=",
        "${a:1:}",
        "${a:1:2:3",
        "${1",
        "${#a",
        "${a[0]}",
        "${a:é}",
        "${a/${b}x/y}",
        "${wide:2}",
    ],
)
def test_what_flux_refuses_is_refused(text: str) -> None:
    with pytest.raises(UnbuildableError):
        substituted(text, lambda name: VALUES.get(name, ""))


@given(st.text().filter(lambda text: "$" not in text))
def test_a_text_without_a_dollar_is_itself(text: str) -> None:
    assert substituted(text, _x) == text


@given(st.text(alphabet="${}#%/:=-^,a.*[\\ ", max_size=30))
def test_without_values_no_text_grows_unless_it_is_refused(text: str) -> None:
    with suppress(UnbuildableError):
        assert len(substituted(text, _nothing)) <= len(text)


@pytest.mark.parametrize("form", ["", "^^", ":0:3", "/a/b", "#a", ":-x", ":+x"])
def test_whatever_is_made_of_an_unknown_value_is_unknown(form: str) -> None:
    assert PREFIX in substituted(f"${{secret{form}}}", lambda name: VALUES[name])


def test_a_value_changed_by_an_unknown_one_is_unknown() -> None:
    found = substituted("${word/${secret}/x}", lambda name: VALUES[name])

    assert found.startswith(PREFIX)


@pytest.mark.parametrize(
    "text",
    [
        "${big//x/${big}}",
        "${big//x/${big:0:800}}" * 2,
        "${big#" + "*x" * 9_000 + "}",
        "${a=" * 40 + "}" * 40,
    ],
)
def test_what_grows_beyond_bounds_is_refused(text: str) -> None:
    with pytest.raises(UnbuildableError):
        substituted(text, lambda name: "x" * 9_000 if name == "big" else "")
