"""`fairlead new-rule`: create the two files of a rule, ready to be edited."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Final

import click

from bot.cli.output import terminal
from bot.errors import UsageError

EPILOG: Final = """\b
Examples:
  fairlead new-rule host-path-mounted
  fairlead new-rule replicas-lowered --shape compare
  .venv/bin/pytest tests/rules -k host-path-mounted"""

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")


@click.command(epilog=EPILOG)
@click.argument("name")
@click.option(
    "--shape",
    type=click.Choice(["find", "compare"]),
    default="find",
    show_default=True,
    help="find judges a resource as it stands, compare what a change does.",
)
def new_rule(name: str, shape: str) -> None:
    """Write rules/NAME.py and rules/NAME.md.

    NAME says what is found and reads well in "allow NAME". The page promises a finding with
    another message than the function gives, so the rule's test fails until you write both.
    """
    from bot.catalog import load_rules  # noqa: PLC0415 - not for --help
    from bot.core.publish.templating import render  # noqa: PLC0415 - not for --help

    folder = _folder()
    _refuse(name, {rule.id for rule in load_rules()})
    stem = name.replace("-", "_")
    for ending, template in (("md", "new_rule.md"), ("py", f"new_rule_{shape}.py.txt")):
        path = folder / f"{stem}.{ending}"
        with path.open("x", encoding="utf-8") as file:
            file.write(render(template, name=name, stem=stem))
        terminal.write(f"wrote {path.relative_to(folder.parent)}\n", None)
    terminal.write(
        "Describe on the page what is found and what is not, then write the function:\n"
        f"  .venv/bin/pytest tests/rules -k {name}\n"
        "When the examples pass, run `fairlead docs` to add the rule to the tables.\n",
        None,
    )


def _folder() -> Path:
    """The folder `rules/` of the source tree. Raises UsageError where there is none."""
    import rules  # noqa: PLC0415 - only for its path

    folder = Path(str(rules.__file__)).parent
    if not (folder.parent / "pyproject.toml").is_file():
        raise UsageError(
            "`fairlead new-rule` works only in Fairlead's source tree: clone it and `make install`"
        )
    return folder


def _refuse(name: str, existing: Collection[str]) -> None:
    """Raise UsageError for a name that is taken or malformed."""
    if not _NAME.fullmatch(name):
        form = "use lower-case words joined by hyphens"
        raise UsageError(f"{name!r} is not a rule name: {form}, such as 'host-path-mounted'")
    if name.startswith("no-"):
        raise UsageError(f"{name!r} names the remedy: name what is found, {name[3:]!r}")
    if name in existing:
        raise UsageError(f"rule {name!r} already exists: see `fairlead explain {name}`")
