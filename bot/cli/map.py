"""`fairlead map`: who reaches whom in a commit, or what changes between two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from bot.cli import output
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
"""Mermaid draws no more edges than 500."""


@click.command("map", epilog=EPILOG)
@click.argument("commit", default="HEAD")
@click.option("--diff", nargs=2, metavar="BASE HEAD", help="What changes from BASE to HEAD.")
@click.option("-n", "--namespace", "namespaces", multiple=True, help="Only these namespaces.")
@click.option("--environment", help="Only this environment; else the only one there is.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "mermaid", "json"]),
    default="text",
    show_default=True,
    help="A list, a graph for Markdown, or JSON.",
)
@click.option(
    "--repo",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    show_default="here",
    help="The repository that has the commits.",
)
@click.option(
    "--policy",
    "policy_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The policy file; else .github/fairlead.yml of the commit.",
)
def map_(  # noqa: PLR0913 - one parameter an option, all by name
    *,
    commit: str,
    diff: tuple[str, str] | None,
    namespaces: tuple[str, ...],
    environment: str | None,
    form: str,
    repo: Path,
    policy_file: Path | None,
) -> None:
    """Who reaches whom on which port, by the policies, Services and Ingresses of COMMIT.

    COMMIT is a commit of the repository, or else a directory.
    """
    from bot.cli.pairs import pairs_at, pairs_between  # noqa: PLC0415 - not for --help
    from bot.kubernetes.network_map import changed_connections, connections  # noqa: PLC0415 - same

    if diff is None:
        pairs = pairs_at(commit, repo, policy_file)
    else:
        pairs = pairs_between(*diff, repo, policy_file)
    held = {pair.before.environment.name: pair for pair in pairs}
    if environment is not None and environment not in held:
        legal = ", ".join(sorted(held)) or "none"
        raise UsageError(f"there is no environment {environment!r}, there is {legal}")
    if environment is None and len(held) > 1 and form == "mermaid":
        raise UsageError(
            f"name one --environment of {', '.join(sorted(held))}: it is one graph each"
        )
    found = {
        name: changed_connections(pair.before, pair.after, namespaces)
        if diff is not None
        else connections(pair.before, namespaces)
        for name, pair in sorted(held.items())
        if environment in {None, name}
    }
    output.write(_FORMS[form](found), None)


def as_text(found: Mapping[str, Sequence[MapEdge]]) -> str:
    """The connections in lines, by what is reached."""
    return "".join(f"{line}\n" for line in _lines(found)) or "No connections.\n"


def _lines(found: Mapping[str, Sequence[MapEdge]]) -> Iterator[str]:
    from bot.core.publish.markdown import visible  # noqa: PLC0415 - not for --help

    for environment, held in found.items():
        if len(found) > 1 and held:
            yield f"environment {visible(environment)}"
        target = ""
        for connection in sorted(held, key=lambda each: (each.target, each)):
            if connection.target != target:
                target = connection.target
                yield visible(target)
            sign = _SIGNS[connection.change]
            yield f"{sign} from {visible(connection.source)} on {visible(connection.ports)}"


def as_mermaid(found: Mapping[str, Sequence[MapEdge]]) -> str:
    """The connections as a graph: added ones thick, removed ones dotted."""
    from bot.core.publish.markdown import label  # noqa: PLC0415 - not for --help

    held = [connection for each in found.values() for connection in each]
    shown = held[:_LARGEST]
    names = dict.fromkeys(name for each in shown for name in (each.source, each.target))
    numbers = {name: f"n{number}" for number, name in enumerate(names)}
    lines = ["flowchart LR", *(f'  {numbers[name]}["{label(name)}"]' for name in names)]
    for each in shown:
        arrow = _ARROWS[each.change]
        ends = numbers[each.source], numbers[each.target]
        lines.append(f'  {ends[0]} {arrow}|"{label(each.ports)}"| {ends[1]}')
    if len(held) > len(shown):
        lines.append(f'  more["{len(held) - len(shown)} more"]')
    return "".join(f"{line}\n" for line in lines)


def as_json(found: Mapping[str, Sequence[MapEdge]]) -> str:
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
        for environment, held in found.items()
        for each in held
    ]
    return json.dumps({"schema": "fairlead.map/1", "connections": rows}, indent=2) + "\n"


_FORMS: Final = {"text": as_text, "mermaid": as_mermaid, "json": as_json}
