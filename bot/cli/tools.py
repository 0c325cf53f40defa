"""`fairlead tools`: list the renderers, and install the pinned versions."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from bot.cli.output import terminal
from bot.errors import UsageError
from bot.records import dataclass

if TYPE_CHECKING:
    from bot.render.programs import Binary, PinnedTool
    from bot.render.tools import Unusable

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
    """List the renderers kustomize and Helm, or install the pinned versions."""


@tools.command("list", epilog=LIST_EPILOG, short_help="List the renderers and the sandbox.")
def list_() -> None:
    """List the pinned renderers, the installed ones, and the state of the sandbox.

    Fairlead uses the first usable binary in FAIRLEAD_TOOLS, the folder tools of DATA_DIR, your
    cache directory and the PATH, in this order; kubectl's built-in kustomize comes last.
    """
    from bot.render.programs import pinned_tools, pinned_validator  # noqa: PLC0415 - not for --help
    from bot.render.tools import candidates  # noqa: PLC0415 - not for --help
    from bot.sandbox import proved_state  # noqa: PLC0415 - not for --help
    from bot.settings import tool_folders  # noqa: PLC0415 - not for --help

    for tool in (*pinned_tools(), pinned_validator()):
        terminal.write(f"{tool.name} (pinned: {tool.version})\n", None)
        binaries = list(candidates(tool.name, tool_folders()))
        for candidate in binaries:
            terminal.write(f"  {_line(candidate)}\n", None)
        if not binaries:
            build = " --build" if not tool.archive else ""
            terminal.write(f"  not found: run `fairlead tools fetch{build}`\n", None)
    terminal.write(f"sandbox: {proved_state()}\n", None)


def _line(candidate: Binary | Unusable) -> str:
    from bot.render.programs import Binary  # noqa: PLC0415 - not for --help

    if isinstance(candidate, Binary):
        which = "the pinned version" if candidate.pinned else "not the pinned version"
        return f"{candidate.path}: {candidate.version}, {which}"
    return f"{candidate.path}: not used: {candidate.reason}"


@tools.command(epilog=FETCH_EPILOG, short_help="Install the pinned renderers.")
@click.option(
    "--build",
    is_flag=True,
    help="Build from the Go modules (needs Go) instead of downloading released archives.",
)
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to install into. Default: the first folder that is searched.",
)
def fetch(*, build: bool, folder: Path | None) -> None:
    """Install the pinned kustomize and Helm; with --build also the validator.

    An archive is unpacked only if its SHA-256 is the locked one. Installed versions are kept. The
    validator, which runs Kubernetes' own validation, is built from its source (some minutes, once).
    """
    from bot.settings import tool_folders  # noqa: PLC0415 - not for --help

    target = folder or next(iter(tool_folders()), None)
    if target is None:
        raise UsageError("no home directory to install renderers into: name a folder by --to")
    install_renderers(target, build=build)


def install_renderers(target: Path, *, build: bool = False) -> None:
    """Install the pinned renderers into a folder, and say so. Raises UsageError on failure."""
    from bot.render import install  # noqa: PLC0415 - not for --help
    from bot.render.programs import pinned_tools, pinned_validator  # noqa: PLC0415 - not for --help

    for tool in (*pinned_tools(), *([pinned_validator()] if build else [])):
        if _is_there(tool, target):
            terminal.write(f"{tool.name} {tool.version} is in {target}\n", None)
            continue
        title = f"{tool.name} {tool.version}"
        with terminal.progress(f"{'Building' if build else 'Fetching'} {title}") as report:
            if build:
                steps = _Paced(f"Building {title}", report)
                path = install.build(tool, target, steps.step)
            else:
                path = install.fetch(tool, target)
        if not _is_there(tool, target):
            raise UsageError(
                f"{path} was installed, but does not report {tool.name} {tool.version}"
            )
        terminal.write(f"{tool.name} {tool.version} was installed in {target}\n", None)


@dataclass(slots=True)
class _Paced:
    """Reports the steps of a build: each on a terminal, else one line in fifteen seconds."""

    title: str
    report: Callable[[str], None]
    _told: float = field(default_factory=time.monotonic)

    def step(self, text: str) -> None:
        """Report a step, unless the one before was reported just now."""
        pause = 0.2 if sys.stderr.isatty() else 15.0
        if time.monotonic() - self._told >= pause:
            self._told = time.monotonic()
            self.report(f"{self.title}: {text}")


def _is_there(tool: PinnedTool, folder: Path) -> bool:
    """Whether the folder contains the pinned renderer."""
    from bot.render.tools import find  # noqa: PLC0415 - not for --help

    binary = find(tool.name, [folder])
    here = (folder / tool.name).resolve()
    return binary is not None and binary.pinned and binary.path == here
