"""`fairlead demo`: the whole App on this machine, without a GitHub account."""

from __future__ import annotations

import contextlib
import re
import signal
import tempfile
import threading
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.markdown import Markdown
from rich.padding import Padding
from rich.rule import Rule

from bot.cli.group import BLOCKED, PASS
from bot.cli.output.terminal import console
from bot.errors import UsageError
from bot.sandbox import sandbox_state

try:
    from bot.standin.demo import (
        APPROVER,
        REPOSITORY,
        Demonstration,
        PullRequestView,
        demonstration,
        wrong_about_accepted,
        wrong_about_bad,
        wrong_about_fix,
        wrong_about_wish,
    )
    from bot.standin.service_process import Unexpected
except ModuleNotFoundError as error:
    # The service's image leaves the stand-in and its libraries out.
    raise UsageError("the demo is not installed: run pip install 'fairlead[demo]'") from error

_FOLD = re.compile(r"<details[^>]*>\n?<summary>(.*?)</summary>")
_HIDDEN = re.compile(r"<!--.*?-->\n?|</?sub>", re.DOTALL)


EPILOG: Final = """\b
Examples:
  fairlead demo
  fairlead demo --once"""


@click.command(epilog=EPILOG)
@click.option(
    "--once", is_flag=True, help="Exit after the last step instead of keeping the pages open."
)
def demo(*, once: bool) -> int:
    """Show the App at work: a pull request, its review, the fix, and a person who accepts.

    A stand-in for GitHub and the real service run on this machine, with real webhooks and git, in
    a temporary directory. No account and no network are needed.
    """
    # SIGTERM unwinds the stack, which also stops the service.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="fairlead-demo-") as directory:
        try:
            _progress("Starting a stand-in for GitHub and the service")
            with demonstration(Path(directory), _settings()) as running:
                wrong = _shown(running, console())
                if not wrong and not once:
                    _stay(running)
        except Unexpected as error:
            wrong = [str(error)]
    for line in wrong:
        click.echo(f"fairlead: not as expected: {line}", err=True)
    if not wrong:
        _progress("Everything was as expected")
    return BLOCKED if wrong else PASS


def _settings() -> dict[str, str]:
    """Further settings of the service. The example is harmless and may run without a sandbox."""
    state = sandbox_state()
    if state.complete:
        return {}
    _progress(f"The sandbox is incomplete on this machine ({state}): the example runs without it")
    return {"FAIRLEAD_ALLOW_NO_SANDBOX": "true"}


def _shown(running: Demonstration, out: Console) -> list[str]:
    """Print both steps; return what differed from the expected result."""
    _progress(f"Opening a pull request in {REPOSITORY} that makes four manifests worse")
    bad = running.open_bad("storefront-uploads")
    _print(out, bad)
    # Checked before the next push: the view reads the live state of the stand-in.
    wrong = list(wrong_about_bad(bad))
    _progress("Pushing the fix")
    fixed = running.push_fix(bad.number)
    _print(out, fixed)
    wrong += wrong_about_fix(fixed)
    _progress("Opening a second pull request: it asks for rights that somebody has to accept")
    wish = running.open_wish("metrics")
    _print(out, wish)
    wrong += wrong_about_wish(wish)
    _progress(f"{APPROVER}, of the team that the policy names, accepts it in a comment")
    accepted = running.accept(wish.number)
    _print(out, accepted)
    return [*wrong, *wrong_about_accepted(accepted)]


def _print(out: Console, shown: PullRequestView) -> None:
    """Print a pull request: its threads, its check and whether it can be merged."""
    out.print(Rule(f"Pull request #{shown.number}", align="left", characters="─"))
    for comment in shown.comments:
        out.print(f"\n{comment.path}:{comment.line}", style="bold")
        out.print(Padding(_markdown(comment.body), (0, 0, 0, 2)))
    if not shown.comments:
        out.print("\nNo open threads.")
    out.print(f"\nCheck fairlead: {shown.check.conclusion}, {shown.check.title}", style="bold")
    out.print(Padding(_markdown(shown.check.summary or ""), (0, 0, 0, 2)))
    refused = shown.refusal is not None
    verdict = f"Merging is blocked: {shown.refusal}" if refused else "This branch can be merged."
    out.print(f"\n{verdict}\n", style="bold red" if refused else "bold green")


def _markdown(text: str) -> Markdown:
    """Markdown of GitHub for a terminal, which folds nothing: what folds has its title in bold."""
    return Markdown(_FOLD.sub(r"**\1** ", _HIDDEN.sub("", text)))


def _stay(running: Demonstration) -> None:
    """Keep everything running until interrupted, with a second pull request that is blocked."""
    _progress("Opening the bad change once more, to explore")
    pull = running.open_bad("storefront-uploads-again")
    for number in (1, 2, pull.number):
        click.echo(running.page(number))
    click.echo(f"{running.service.url}/")
    with contextlib.suppress(KeyboardInterrupt):
        _progress("Running until you press Ctrl-C")
        threading.Event().wait()


def _progress(text: str) -> None:
    click.echo(f"fairlead: {text}", err=True)
