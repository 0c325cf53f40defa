"""`fairlead new-rule`: the two files of a rule, ready to be edited."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Final

import click

from bot.cli import output
from bot.errors import UsageError

EPILOG: Final = """\b
Examples:
  fairlead new-rule host-path-mounted
  .venv/bin/pytest tests/rules -k host-path-mounted"""

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")


@click.command(epilog=EPILOG)
@click.argument("name")
def new_rule(name: str) -> None:
    """Write rules/NAME.py and rules/NAME.md.

    NAME says what is found and reads well in "allow NAME". The new rule finds nothing yet and its
    page promises a finding, so its test fails until the function is written.
    """
    from bot.catalog import load_rules  # noqa: PLC0415 - not for --help
    from bot.core.publish.report import render  # noqa: PLC0415 - not for --help

    folder = _folder()
    _refuse(name, {rule.id for rule in load_rules()})
    stem = name.replace("-", "_")
    for ending, template in (("md", "new_rule.md"), ("py", "new_rule.py.txt")):
        path = folder / f"{stem}.{ending}"
        with path.open("x", encoding="utf-8") as file:
            file.write(render(template, name=name, stem=stem))
        output.write(f"wrote {path.relative_to(folder.parent)}\n", None)
    output.write(
        "Say on the page what is found and what is not, then make the function find just that:\n"
        f"  .venv/bin/pytest tests/rules -k {name}\n"
        "When its examples hold, `fairlead docs` adds it to the tables.\n",
        None,
    )


def _folder() -> Path:
    """The folder `rules/` of the source tree that this command runs from."""
    import rules  # noqa: PLC0415 - a package whose place is wanted, not its content

    folder = Path(str(rules.__file__)).parent
    if not (folder.parent / "pyproject.toml").is_file():
        raise UsageError(
            "a rule is written in the source tree of Fairlead: clone it, `make install`"
        )
    return folder


def _refuse(name: str, known: Collection[str]) -> None:
    """Raise UsageError for a name that is taken or that is no rule's name."""
    if not _NAME.fullmatch(name):
        shape = "small letters and digits in at least two words with hyphens between"
        raise UsageError(f"{name!r} is no name of a rule: {shape}, such as 'host-path-mounted'")
    if name.startswith("no-"):
        raise UsageError(f"{name!r} names the remedy: say what is found, {name[3:]!r}")
    if name in known:
        raise UsageError(f"there is a rule {name!r} already: `fairlead explain {name}`")
