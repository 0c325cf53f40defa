"""The tree shows the architecture: small folders, short functions, one owner for a name."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("bot", "rules")
# Words that say nothing about what a value is.
FILLERS = {
    "asked", "found", "given", "held", "it", "known", "left", "made", "mark", "now", "one", "own",
    "said", "told", "wanted",
}  # fmt: skip
LARGEST_FOLDER = 25
LONGEST_FUNCTION = 60
LONGEST_MODULE_P90 = 220
MOST_FILLERS = 0.02
MOST_SHARED_NAMES = 10


@cache
def modules() -> dict[Path, ast.Module]:
    return {
        path.relative_to(ROOT): ast.parse(path.read_text("utf-8"))
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
    }


def bindings(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case _:
                continue


def test_no_folder_is_too_full_to_survey() -> None:
    sizes = Counter(
        path.parent for path in modules() if path.name != "__init__.py" and path.parts[0] == "bot"
    )

    assert {str(folder): size for folder, size in sizes.items() if size > LARGEST_FOLDER} == {}


def test_nine_of_ten_modules_hold_one_thing() -> None:
    sizes = sorted(
        (len((ROOT / path).read_text("utf-8").splitlines()), str(path))
        for path, module in modules().items()
        if len(module.body) > 1  # not the packages of which a docstring is all there is
    )
    longest, path = sizes[int(len(sizes) * 0.9)]

    assert longest <= LONGEST_MODULE_P90, (
        f"nine of ten modules have at most {LONGEST_MODULE_P90} lines, but {path} is in their "
        f"place with {longest}: split a module that holds two things"
    )


def test_no_function_is_too_long_to_read() -> None:
    long = {
        f"{path}:{node.name}": lines
        for path, module in modules().items()
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > LONGEST_FUNCTION
    }

    assert long == {}


def test_no_module_imports_itself_through_others() -> None:
    named = {
        ".".join(path.with_suffix("").parts).removesuffix(".__init__"): module
        for path, module in modules().items()
    }
    imports: dict[str, set[str]] = {name: set() for name in named}
    for name, module in named.items():
        for node in module.body:
            if isinstance(node, ast.ImportFrom) and node.module:
                inside = (f"{node.module}.{alias.name}" for alias in node.names)
                targets = {target if target in named else node.module for target in inside}
                imports[name] |= targets & named.keys()

    TopologicalSorter(imports).prepare()  # raises CycleError with the modules of a cycle


def test_names_say_what_they_name() -> None:
    names = [name.strip("_") for module in modules().values() for name in bindings(module)]
    fillers = Counter(name for name in names if name in FILLERS)

    assert sum(fillers.values()) / len(names) < MOST_FILLERS, fillers


def test_the_name_of_a_public_type_has_one_owner() -> None:
    owners: dict[str, set[str]] = defaultdict(set)
    for path, module in modules().items():
        for node in module.body:
            match node:
                case ast.ClassDef(name=name):
                    owners[name].add(str(path))
                case ast.AnnAssign(target=ast.Name(id=name), annotation=ast.Name(id="TypeAlias")):
                    owners[name].add(str(path))
                case _:
                    continue
    shared = {
        name: sorted(paths)
        for name, paths in owners.items()
        if len(paths) > 1 and not name.startswith("_")
    }

    assert len(shared) <= MOST_SHARED_NAMES, shared


def test_what_decides_is_told_no_types_by_hand() -> None:
    casts = [
        str(path)
        for path, module in modules().items()
        if path.parts[:2] == ("bot", "core")
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "cast"
    ]

    assert casts == []


def test_values_of_what_decides_never_change() -> None:
    """A dataclass of core is a frozen value; what changes while it works is an ordinary class."""
    mutable = [
        f"{path}:{node.name}"
        for path, module in modules().items()
        if path.parts[:2] == ("bot", "core")
        for node in ast.walk(module)
        if isinstance(node, ast.ClassDef)
        for decorator in node.decorator_list
        if "dataclass" in ast.unparse(decorator) and "frozen=True" not in ast.unparse(decorator)
    ]

    assert mutable == []


def test_every_package_says_which_questions_it_answers() -> None:
    silent = [
        str(path.parent)
        for path, module in modules().items()
        if path.name == "__init__.py" and not ast.get_docstring(module)
    ]

    assert silent == []
