"""The rules that there are: found by looking into `rules/`, each a function and a page."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import typing
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType, ModuleType

import msgspec

import rules
from bot.core.engine.consent import FieldPaths
from bot.core.engine.page import Page, PageError, parse_page
from bot.core.engine.rule import Reach, Rule
from bot.core.finding import Severity
from bot.core.policy.rule_types import RuleTypes
from bot.core.resource import GroupKind
from bot.errors import FairleadError
from bot.patterns import pattern
from bot.records import dataclass

SHAPES: typing.Final[Mapping[str, str]] = {
    "compare": "before, after, options",
    "find": "subject, state, options",
}
_FOLDER: typing.Final = Path(rules.__path__[0])


_NAMED: typing.Final = pattern(r"\bSeverity\.([A-Z]+)\b")


class CatalogError(FairleadError, ValueError):
    """A pair in `rules/` that is no rule; the message names the file and says what is wanted."""


@dataclass(frozen=True, slots=True)
class NoOptions:
    """The options of a rule that has none."""


@cache
def load_rules() -> tuple[Rule, ...]:
    """Every rule, sorted by id; read once in a process. Raises CatalogError for a broken pair.

    A page is read when it is first asked for, and raises CatalogError where it is broken.
    """
    every = tuple(sorted(_pairs(), key=lambda rule: rule.id))
    names = Counter(name for rule in every for name in (rule.id, *rule.aliases))
    for name, count in names.items():
        if count > 1:
            raise CatalogError(f"{name!r} names {count} rules: ids and ALIASES are never reused")
    return every


def severities(rule: Rule) -> tuple[Severity, ...]:
    """The severities that the rule can give its findings, worst first.

    They are its default, those that its page's examples promise, and those that its module names.
    """
    source = inspect.getsource(inspect.getmodule(rule.compare or rule.find) or type(rule))
    promised = (one.severity for example in rule.page.examples for one in example.expected)
    every = {rule.severity, *filter(None, promised)}
    every |= {Severity[name] for name in _NAMED.findall(source)}
    return tuple(sorted(every, key=lambda severity: -severity.rank))


def rule_ids() -> frozenset[str]:
    """The ids of the rules that there are, without loading any."""
    names = (entry.name for entry in _FOLDER.iterdir())
    return frozenset(
        name.removesuffix(".py").replace("_", "-")
        for name in names
        if name.endswith(".py") and name != "__init__.py"
    )


def rule_options() -> RuleTypes:
    """Each rule's own options type by rule id, and the rules' former ids, for `parse_policy`."""
    types = {rule.id: rule.options for rule in load_rules()}
    aliases = {former: rule.id for rule in load_rules() for former in rule.aliases}
    return RuleTypes(MappingProxyType(types), MappingProxyType(aliases))


def _pairs() -> Iterator[Rule]:
    names = {entry.name for entry in _FOLDER.iterdir()}
    functions = {name.removesuffix(".py") for name in names if name.endswith(".py")} - {"__init__"}
    pages = {name.removesuffix(".md") for name in names if name.endswith(".md")}
    for name in sorted(functions ^ pages):
        missing = "md" if name in functions else "py"
        raise CatalogError(f"rules/{name}.{missing} is missing: a rule is a function and a page")
    for name in sorted(functions):
        rule_id = name.replace("_", "-")
        yield _rule(rule_id, importlib.import_module(f"rules.{name}"), partial(_page, name))


@cache
def _page(name: str) -> Page:
    """The page of a rule. Raises CatalogError where it is broken."""
    text = (_FOLDER / f"{name}.md").read_text(encoding="utf-8")
    try:
        return parse_page(text, name.replace("_", "-"))
    except PageError as error:
        raise CatalogError(f"rules/{error}") from error


def make_rule(rule_id: str, module: ModuleType, read_page: Callable[[], Page]) -> Rule:
    """The rule that a module and a page make. Raises CatalogError where they make none.

    Checks also that a policy can write the options, which takes too long for every start.
    """
    rule = _rule(rule_id, module, read_page)
    try:
        msgspec.json.schema(rule.options)
    except TypeError as error:
        raise _unusable(f"rules/{rule_id.replace('-', '_')}.py", error) from error
    return rule


def _rule(rule_id: str, module: ModuleType, read_page: Callable[[], Page]) -> Rule:
    where = f"rules/{rule_id.replace('-', '_')}.py"
    shapes = [shape for shape in SHAPES if hasattr(module, shape)]
    if len(shapes) != 1:
        raise CatalogError(f"{where} should define one function, `compare` or `find`")
    severity = getattr(module, "SEVERITY", None)
    if not isinstance(severity, Severity):
        raise CatalogError(f"{where} should say its default severity: SEVERITY = Severity.WARNING")
    reach: Reach = getattr(module, "REACH", "namespace")
    if reach not in typing.get_args(Reach):
        legal = ", ".join(map(repr, typing.get_args(Reach)))
        raise CatalogError(f"{where}: REACH is {reach!r}, expected one of {legal}")
    if not hasattr(module, "SUBJECTS"):
        raise CatalogError(f"{where} should say what it judges: SUBJECTS, () for every kind")
    subjects = _kinds(module, "SUBJECTS", where)
    return Rule(
        id=rule_id,
        read_page=read_page,
        severity=severity,
        subjects=subjects,
        context=_kinds(module, "CONTEXT", where) | subjects,
        reach=reach,
        options=_options(module, where),
        aliases=_aliases(module, where),
        **{shapes[0]: _function(module, shapes[0], where)},
        consent=_consent(module, where),
    )


def _consent(module: ModuleType, where: str) -> FieldPaths | None:
    """The fields that an approval rests on; None, the default, is the whole resource."""
    paths = getattr(module, "CONSENT", None)
    valid = isinstance(paths, tuple) and all(isinstance(path, str) and path for path in paths)
    if paths is not None and not valid:
        raise CatalogError(f"{where}: CONSENT should be a tuple of fields such as 'spec.template'")
    return paths


def _aliases(module: ModuleType, where: str) -> tuple[str, ...]:
    """The ids that the rule had before, oldest first: policies may still name them."""
    aliases = getattr(module, "ALIASES", ())
    if not isinstance(aliases, tuple) or not all(isinstance(name, str) for name in aliases):
        raise CatalogError(f"{where}: ALIASES should be a tuple of the rule's former ids")
    return aliases


def _kinds(module: ModuleType, name: str, where: str) -> frozenset[GroupKind]:
    kinds = getattr(module, name, ())
    if isinstance(kinds, GroupKind) or not all(isinstance(kind, GroupKind) for kind in kinds):
        raise CatalogError(f"{where}: {name} should be a tuple of GroupKind")
    return frozenset(kinds)


def _function(module: ModuleType, shape: str, where: str) -> typing.Any:
    function = getattr(module, shape)
    parameters = SHAPES[shape]
    code = getattr(function, "__code__", None)
    if code is None or code.co_argcount != 3:
        raise CatalogError(f"{where}: `{shape}` should take ({parameters})")
    return function


def _options(module: ModuleType, where: str) -> type:
    """The options type of a rule; every option has a default."""
    declared = getattr(module, "Options", NoOptions)
    if not dataclasses.is_dataclass(declared) or not isinstance(declared, type):
        raise CatalogError(f"{where}: Options should be a frozen dataclass")
    try:
        declared()
    except TypeError as error:
        raise _unusable(where, error) from error
    return declared


def _unusable(where: str, error: TypeError) -> CatalogError:
    return CatalogError(
        f"{where}: each field of Options needs a default and a type that YAML has: {error}"
    )
