"""`fairlead map`: which pods can connect to which in a commit, or what two commits change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import click

from bot.cli.completion import complete_environments
from bot.cli.output import terminal
from bot.cli.output.options import format_option
from bot.cli.repository_options import RepositoryOptions, repository_options
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.kubernetes.network_map import MapEdge

EPILOG: Final = """\b
Examples:
  fairlead map
  fairlead map origin/main -n shop --format mermaid
  fairlead map --diff origin/main HEAD"""

_ARROWS: Final = {"": "-->", "added": "==>", "removed": "-.->"}
_SIGNS: Final = {"": " ", "added": "+", "removed": "-"}
_LARGEST: Final = 400
"""Edges that are drawn; mermaid refuses graphs of more than 500."""


@click.command("map", epilog=EPILOG)
@click.argument("commit", default="HEAD")
@click.option("--diff", nargs=2, metavar="BASE HEAD", help="Show what changes from BASE to HEAD.")
@click.option(
    "-n",
    "--namespace",
    "namespaces",
    multiple=True,
    metavar="NAME",
    help="Show only these namespaces.",
)
@click.option(
    "--environment",
    metavar="NAME",
    shell_complete=complete_environments,
    help="Show only this environment.",
)
@format_option("text", "mermaid", "json", meaning="text is a list, mermaid a graph for Markdown.")
@repository_options("repo", "policy")
def map_(  # noqa: PLR0913 - one parameter an option, all by name
    *,
    commit: str,
    diff: tuple[str, str] | None,
    namespaces: tuple[str, ...],
    environment: str | None,
    form: str,
    where: RepositoryOptions,
) -> None:
    """Show which pods can connect to which, by the policies, Services and Ingresses of COMMIT.

    COMMIT is a commit of the repository or a directory.
    """
    from bot.cli.pairs import pairs_at, pairs_between  # noqa: PLC0415 - not for --help
    from bot.kubernetes.network_map import changed_connections, connections  # noqa: PLC0415 - same

    pairs = pairs_at(commit, where) if diff is None else pairs_between(*diff, where)
    environments = {pair.before.environment.name: pair for pair in pairs}
    if environment is not None and environment not in environments:
        legal = ", ".join(sorted(environments)) or "none"
        raise UsageError(f"unknown environment {environment!r}: choose from {legal}")
    if environment is None and len(environments) > 1 and form == "mermaid":
        raise UsageError(
            f"a graph shows one environment: choose one of {', '.join(sorted(environments))} "
            "by --environment"
        )
    edges = {
        name: changed_connections(pair.before, pair.after, namespaces)
        if diff is not None
        else connections(pair.before, namespaces)
        for name, pair in sorted(environments.items())
        if environment in {None, name}
    }
    terminal.write(_FORMS[form](edges), None)


def as_text(edges: Mapping[str, Sequence[MapEdge]]) -> str:
    """The connections in lines, by what is reached."""
    return "".join(f"{line}\n" for line in _lines(edges)) or "No connections.\n"


def _lines(edges: Mapping[str, Sequence[MapEdge]]) -> Iterator[str]:
    from bot.core.publish.markdown import visible  # noqa: PLC0415 - not for --help

    for environment, connections in edges.items():
        if len(edges) > 1 and connections:
            yield f"environment {visible(environment)}"
        target = ""
        for connection in sorted(connections, key=lambda each: (each.target, each)):
            if connection.target != target:
                target = connection.target
                yield visible(target)
            sign = _SIGNS[connection.change]
            yield f"{sign} from {visible(connection.source)} on {visible(connection.ports)}"


def as_mermaid(edges: Mapping[str, Sequence[MapEdge]]) -> str:
    """The connections as a graph: added ones thick, removed ones dotted."""
    from bot.core.publish.markdown import label  # noqa: PLC0415 - not for --help

    connections = [connection for each in edges.values() for connection in each]
    shown = connections[:_LARGEST]
    names = dict.fromkeys(name for each in shown for name in (each.source, each.target))
    numbers = {name: f"n{number}" for number, name in enumerate(names)}
    lines = ["flowchart LR", *(f'  {numbers[name]}["{label(name)}"]' for name in names)]
    for each in shown:
        arrow = _ARROWS[each.change]
        ends = numbers[each.source], numbers[each.target]
        lines.append(f'  {ends[0]} {arrow}|"{label(each.ports)}"| {ends[1]}')
    if len(connections) > len(shown):
        lines.append(f'  more["{len(connections) - len(shown)} more"]')
    return "".join(f"{line}\n" for line in lines)


def as_json(edges: Mapping[str, Sequence[MapEdge]]) -> str:
    """The connections for machines."""
    import json  # noqa: PLC0415 - not for --help

    rows = [
        {
            "environment": environment,
            "from": each.source,
            "to": each.target,
            "ports": each.ports,
            "change": each.change or None,
        }
        for environment, connections in edges.items()
        for each in connections
    ]
    return json.dumps({"schema": "fairlead.map/1", "connections": rows}, indent=2) + "\n"


_FORMS: Final = {"text": as_text, "mermaid": as_mermaid, "json": as_json}
