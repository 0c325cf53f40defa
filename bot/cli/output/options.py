"""The options that say in which format a command prints, and where to.

`@output_options(("text", "json"), "...")` adds the format, the file to write to and the default
namespace; the command receives their values as one `OutputOptions` argument named `output`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from bot.records import dataclass

C = TypeVar("C", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """The values of these options. `target` is None for standard output."""

    form: str
    target: Path | None
    namespace: str | None


def format_option(*formats: str, meaning: str | None = None) -> Callable[[C], C]:
    """The option `--format`, as `form`: one of these, the first of them the default."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help=meaning,
    )


def output_options(formats: Sequence[str], meaning: str) -> Callable[[C], C]:
    """A decorator that adds `--format`, `--output` and `--default-namespace`.

    `formats` are the legal formats, the first of them the default; `meaning` explains them.
    """
    options: tuple[Callable[[C], C], ...] = (
        format_option(*formats, meaning=meaning),
        click.option(
            "--output",
            "target",
            type=click.Path(dir_okay=False, path_type=Path),
            help="Write to this file instead of standard output.",
        ),
        click.option(
            "--default-namespace",
            "namespace",
            metavar="NS",
            help="Namespace of resources that name none, unless the policy sets it.",
        ),
    )

    def decorate(command: C) -> C:
        @wraps(command)
        def with_options(*args: Any, **kwargs: Any) -> Any:
            values = {name: kwargs.pop(name) for name in ("form", "target", "namespace")}
            return command(*args, output=OutputOptions(**values), **kwargs)

        decorated: Any = with_options
        for option in reversed(options):
            decorated = option(decorated)
        result: C = decorated
        return result

    return decorate
