"""`fairlead tools`: the renderers, which are pinned, which are here, and how to bring them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from bot.cli import output
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.render.tools import Binary, Tool, Unusable

LIST_EPILOG: Final = """\b
Examples:
  fairlead tools list"""

FETCH_EPILOG: Final = """\b
Examples:
  fairlead tools fetch
  fairlead tools fetch --build
  fairlead tools fetch --to /usr/local/lib/fairlead"""


@click.group()
def tools() -> None:
    """The renderers kustomize and Helm: list what is here, or bring the pinned ones."""


@tools.command("list", epilog=LIST_EPILOG)
def list_() -> None:
    """Say which renderers are pinned, which were found where, and what they run in.

    The first that can be used is used. They are looked for in FAIRLEAD_TOOLS, in the folder tools
    of DATA_DIR, in your cache directory, then on the PATH; kubectl's own kustomize comes last.
    """
    from bot.render.tools import candidates, pinned_tools  # noqa: PLC0415 - not for --help
    from bot.sandbox import proved_state  # noqa: PLC0415 - not for --help
    from bot.settings import tool_folders  # noqa: PLC0415 - not for --help

    for tool in pinned_tools():
        output.write(f"{tool.name} (pinned: {tool.version})\n", None)
        held = list(candidates(tool.name, tool_folders()))
        for candidate in held:
            output.write(f"  {_line(candidate)}\n", None)
        if not held:
            output.write("  not found: `fairlead tools fetch` brings it\n", None)
    output.write(f"sandbox: {proved_state()}\n", None)


def _line(candidate: Binary | Unusable) -> str:
    from bot.render.tools import Binary  # noqa: PLC0415 - not for --help

    if isinstance(candidate, Binary):
        which = "the pinned version" if candidate.pinned else "another version than the pinned one"
        return f"{candidate.path}: {candidate.version}, {which}"
    return f"{candidate.path}: not used: {candidate.reason}"


@tools.command(epilog=FETCH_EPILOG)
@click.option(
    "--build",
    is_flag=True,
    help="Build from the Go modules (needs Go) instead of taking the released archives.",
)
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to put them. Default: the first folder in which they are looked for.",
)
def fetch(*, build: bool, folder: Path | None) -> None:
    """Bring the pinned kustomize and Helm.

    An archive is unpacked only when its sha256 is the locked one. What is already there is kept.
    """
    from bot.render import install  # noqa: PLC0415 - not for --help
    from bot.render.tools import pinned_tools  # noqa: PLC0415 - not for --help
    from bot.settings import tool_folders  # noqa: PLC0415 - not for --help

    target = folder or next(iter(tool_folders()), None)
    if target is None:
        raise UsageError("there is no home directory to put renderers in: say where with --to")
    for tool in pinned_tools():
        if _is_there(tool, target):
            output.write(f"{tool.name} {tool.version} is in {target}\n", None)
            continue
        doing = "Building" if build else "Fetching"
        with output.progress(f"{doing} {tool.name} {tool.version}"):
            path = (install.build if build else install.fetch)(tool, target)
        if not _is_there(tool, target):
            raise UsageError(f"{path} came, but does not say that it is {tool.name} {tool.version}")
        output.write(f"{tool.name} {tool.version} was put into {target}\n", None)


def _is_there(tool: Tool, folder: Path) -> bool:
    """Whether the folder holds the pinned renderer."""
    from bot.render.tools import find  # noqa: PLC0415 - not for --help

    found = find(tool.name, [folder])
    here = (folder / tool.name).resolve()
    return found is not None and found.pinned and found.path == here
