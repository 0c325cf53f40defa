"""The options that say in which format a command prints, and where to.

`@output_options(("text", "json"), "...")` adds the format, the file to write to and the default
namespace; the command receives their values as one `OutputOptions` argument named `output`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from bot.cli.group import refusal
from bot.cli.output import terminal
from bot.errors import FairleadError
from bot.records import dataclass

_LONGEST_NAME: Final = 63
"""https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names"""

C = TypeVar("C", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """The values of these options. `target` is None for standard output."""

    form: str
    target: Path | None
    namespace: str | None


def format_option(*formats: str, meaning: str | None = None) -> Callable[[C], C]:
    """The option `--format`, as `form`: one of these, the first of them the default.

    Where JSON was requested, an error of the command is printed as a document too.
    """
    option = click.option(
        "--format",
        "form",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help=meaning,
    )

    def decorate(command: C) -> C:
        @wraps(command)
        def with_errors(*args: Any, **kwargs: Any) -> Any:
            if kwargs["form"] != "json":
                return command(*args, **kwargs)
            with _errors_as_json(kwargs.get("target")):
                return command(*args, **kwargs)

        decorated: Any = with_errors
        result: C = option(decorated)
        return result

    return decorate


@contextmanager
def _errors_as_json(target: Path | None) -> Iterator[None]:
    """Write an error as a document too, so that a program can read it; then raise it."""
    from bot.core.publish.review_json import error_json  # noqa: PLC0415 - not for --help

    try:
        yield
    except BrokenPipeError:
        raise
    except (click.ClickException, FairleadError, OSError) as error:
        message, status = refusal(error)
        # Where the file cannot be written, that is the error.
        with suppress(OSError):
            terminal.write(error_json(message.strip(), status), target)
        raise


def _namespace(_: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """The value. Raises click.BadParameter where Kubernetes accepts no namespace of that name."""
    from bot.core.policy.model import NAMESPACE  # noqa: PLC0415 - not for --help

    if value is not None and not (re.fullmatch(NAMESPACE, value) and len(value) <= _LONGEST_NAME):
        raise click.BadParameter(
            f"{value!r} is not the name of a namespace: use at most {_LONGEST_NAME} lower-case"
            " letters, digits and '-', with a letter or digit at both ends",
            param=option,
        )
    return value


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
            callback=_namespace,
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
