"""The catalogue: a pair that is no rule is told early, with the file and what is wanted."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

import rules
from bot.catalog import CatalogError, NoOptions, load_rules, make_rule, rule_options
from bot.core.engine.page import parse_page
from bot.core.engine.rule import Rule
from bot.core.finding import Finding, Severity
from bot.core.resource import GroupKind, Resource
from bot.core.state import State

PAGE = parse_page(
    "# some-rule\n\nWhat is found.\n\n## Why it matters\n\nx\n\n## What to do\n\nx\n\n"
    "## False positives\n\nx\n",
    "some-rule",
)
SERVICE = GroupKind("", "Service")


def find(subject: Resource, state: State, options: object) -> Iterator[Finding]:
    del subject, state, options
    yield from ()


def two_parameters(subject: Resource, state: State) -> Iterator[Finding]:
    del subject, state
    yield from ()


@dataclass(frozen=True, slots=True)
class Options:
    most: int = 3


@dataclass(frozen=True, slots=True)
class Undecided:
    most: int


@dataclass(frozen=True, slots=True)
class Unwritable:
    pattern: Path | None = None
    what: type = int


def module(**names: object) -> ModuleType:
    made = ModuleType("rules.some_rule")
    held = {"SEVERITY": Severity.WARNING, "SUBJECTS": (SERVICE,), "find": find, **names}
    for name, value in held.items():
        if value is not None:
            setattr(made, name, value)
    return made


def test_a_module_and_a_page_make_a_rule() -> None:
    rule = make_rule(
        "some-rule", module(Options=Options, CONTEXT=(GroupKind("", "Pod"),)), lambda: PAGE
    )

    assert rule.find is not None
    assert (rule.id, rule.compare, rule.reach, rule.subjects, rule.context, rule.options) == (
        "some-rule",
        None,
        "namespace",
        frozenset({SERVICE}),
        frozenset({SERVICE, GroupKind("", "Pod")}),
        Options,
    )


def test_a_rule_without_options_has_none() -> None:
    assert make_rule("some-rule", module(), lambda: PAGE).options is NoOptions


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({"find": None}, "should define one function, `compare` or `find`"),
        ({"compare": find}, "should define one function, `compare` or `find`"),
        ({"find": two_parameters}, ": `find` should take (subject, state, options)"),
        ({"find": 7}, ": `find` should take (subject, state, options)"),
        ({"SEVERITY": None}, "should say its default severity: SEVERITY = Severity.WARNING"),
        ({"SEVERITY": "warning"}, "should say its default severity: SEVERITY = Severity.WARNING"),
        ({"SUBJECTS": None}, "should say what it judges: SUBJECTS, () for every kind"),
        ({"SUBJECTS": SERVICE}, ": SUBJECTS should be a tuple of GroupKind"),
        ({"SUBJECTS": ("Service",)}, ": SUBJECTS should be a tuple of GroupKind"),
        ({"CONTEXT": ("Service",)}, ": CONTEXT should be a tuple of GroupKind"),
        (
            {"REACH": "cluster"},
            ": REACH is 'cluster', expected one of 'resource', 'namespace', 'environment'",
        ),
        ({"ALIASES": "old-id"}, ": ALIASES should be a tuple of the rule's former ids"),
        ({"Options": int}, ": Options should be a frozen dataclass"),
        ({"Options": Undecided}, ": each field of Options needs a default and a type"),
        ({"Options": Unwritable}, ": each field of Options needs a default and a type"),
    ],
)
def test_what_is_no_rule_is_named_with_what_is_wanted(names: dict[str, object], said: str) -> None:
    with pytest.raises(CatalogError) as caught:
        make_rule("some-rule", module(**names), lambda: PAGE)

    assert str(caught.value).startswith("rules/some_rule.py")
    assert said in str(caught.value)


def test_every_pair_in_the_folder_is_a_rule() -> None:
    folder = Path(str(rules.__file__)).parent

    pages = {path.stem.replace("_", "-") for path in folder.glob("*.md")}
    functions = {path.stem.replace("_", "-") for path in folder.glob("*.py")} - {"--init--"}
    assert [rule.id for rule in load_rules()] == sorted(pages)
    assert pages == functions


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.id) for rule in load_rules()])
def test_every_rule_passes_the_checks_that_a_start_leaves_out(rule: Rule) -> None:
    module = importlib.import_module(f"rules.{rule.id.replace('-', '_')}")

    assert make_rule(rule.id, module, rule.read_page) == rule
    assert (rule.page.title, bool(rule.page.examples)) == (rule.id, True)


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.id) for rule in load_rules()])
def test_every_option_stands_on_the_page(rule: Rule) -> None:
    """Both ways: the section is there only where there are options, and names each of them."""
    section = rule.page.sections.get("Options", "")
    names = {field.name.replace("_", "-") for field in dataclasses.fields(rule.options)}
    assert {name for name in names if f"`{name}`" in section} == names
    assert bool(section) == bool(names)


def test_options_are_known_by_rule() -> None:
    assert rule_options() == {rule.id: rule.options for rule in load_rules()}
