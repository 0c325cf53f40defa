"""`fairlead who-can` and `fairlead grants`: queries about RBAC in a commit or a change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from bot.cli.output.grants import print_grants
from bot.cli.output.options import format_option
from bot.cli.repository_options import RepositoryOptions, repository_options
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.core.states import Pair
    from bot.kubernetes.rbac.questions import Holding
    from bot.kubernetes.rbac.rule_sets import Box
    from bot.kubernetes.rbac.subjects import Subject

C = TypeVar("C", bound=Callable[..., Any])

WHO_CAN: Final = """\b
Examples:
  fairlead who-can get secrets
  fairlead who-can create pods/exec -n shop --at origin/main
  fairlead who-can patch deployments.apps/scale --name web --format json"""

GRANTS: Final = """\b
Examples:
  fairlead grants ServiceAccount/shop/api
  fairlead grants Group/team-a --at origin/main --format json
  fairlead grants User/jane --diff origin/main HEAD"""


def _options(command: C) -> C:
    """Add the options that both commands share."""
    for option in (
        format_option("text", "json", meaning="text is a table."),
        repository_options("repo", "policy"),
        click.option(
            "--at",
            metavar="COMMIT",
            default="HEAD",
            show_default=True,
            help="A commit of the repository or a directory.",
        ),
    ):
        command = option(command)
    return command


@click.command("who-can", epilog=WHO_CAN)
@click.argument("verb")
@click.argument("resource")
@click.option(
    "-n",
    "--namespace",
    metavar="NAME",
    help="Show only grants in this namespace. Default: all namespaces.",
)
@click.option("--name", metavar="NAME", help="Show only grants for the object of this name.")
@_options
def who_can(  # noqa: PLR0913 - one parameter an option, all by name
    *,
    verb: str,
    resource: str,
    namespace: str | None,
    name: str | None,
    at: str,
    where: RepositoryOptions,
    form: str,
) -> None:
    """List who may VERB RESOURCE, and by which binding.

    RESOURCE is written as for kubectl: secrets, pods/exec, deployments.apps/scale, or a URL.
    """
    from bot.kubernetes.rbac import questions  # noqa: PLC0415 - not for --help
    from bot.kubernetes.rbac.authority import authority  # noqa: PLC0415 - not for --help

    question = questions.parse_resource(resource, name, verb)
    rows = [
        _holder(pair, holding)
        for pair in _at(at, where)
        for holding in questions.who_can(authority(pair.before), question, namespace)
    ]
    columns = ("environment", "subject", "scope", "role", "binding", "names")
    print_grants(form, columns, sorted(rows, key=str))


@click.command("grants", epilog=GRANTS)
@click.argument("subject")
@click.option(
    "--diff",
    nargs=2,
    metavar="BASE HEAD",
    help="Show what the subject gains and loses from BASE to HEAD.",
)
@_options
def grants(
    *,
    subject: str,
    diff: tuple[str, str] | None,
    at: str,
    where: RepositoryOptions,
    form: str,
) -> None:
    """List what SUBJECT may do, itself and through the groups that it is always in.

    SUBJECT is ServiceAccount/NAMESPACE/NAME, User/NAME or Group/NAME.
    """
    from bot.kubernetes.rbac.questions import parse_subject  # noqa: PLC0415 - not for --help

    who = parse_subject(subject)
    if who is None:
        legal = "ServiceAccount/NAMESPACE/NAME, User/NAME or Group/NAME"
        raise UsageError(f"{subject!r} is not a subject: write {legal}")
    columns = ("environment", "scope", "verbs", "resources", "names", "role", "by")
    if diff is None:
        print_grants(form, columns, list(_grants_at(_at(at, where), who)))
    else:
        print_grants(form, ("change", *columns), list(_changed(diff, where, who)))


def _grants_at(pairs: Sequence[Pair], who: Subject) -> Iterator[dict[str, Any]]:
    from bot.kubernetes.rbac.authority import authority  # noqa: PLC0415 - not for --help
    from bot.kubernetes.rbac.questions import grants_of  # noqa: PLC0415 - not for --help

    for pair in pairs:
        for holding in grants_of(authority(pair.before), who):
            for box in holding.boxes:
                by = str(holding.edge.subject)
                role = str(holding.edge.role)
                yield _grant(pair, holding.edge.scope, box, role, by)


def _changed(
    diff: tuple[str, str], where: RepositoryOptions, who: Subject
) -> Iterator[dict[str, Any]]:
    from bot.cli.pairs import pairs_between  # noqa: PLC0415 - not for --help
    from bot.kubernetes.rbac.gains import compare  # noqa: PLC0415 - not for --help
    from bot.kubernetes.rbac.subjects import memberships  # noqa: PLC0415 - not for --help

    holders = (who, *memberships(who))
    for pair in pairs_between(*diff, where):
        comparison = compare(pair.before, pair.after)
        for change, gains in (("gained", comparison.gained), ("lost", comparison.lost)):
            for gain in gains:
                if gain.subject in holders:
                    role, by = str(gain.sourced.chain[0]), str(gain.subject)
                    grant = _grant(pair, gain.scope, gain.box, role, by)
                    yield {"change": change, **grant}


def _at(at: str, where: RepositoryOptions) -> Sequence[Pair]:
    """The environments of one commit; the other side of the pairs is empty."""
    from bot.cli.pairs import pairs_at  # noqa: PLC0415 - not for --help

    return pairs_at(at, where)


def _holder(pair: Pair, holding: Holding) -> dict[str, Any]:
    rule, edge = holding.sourced.rule, holding.edge
    return {
        "environment": pair.before.environment.name,
        "subject": str(edge.subject),
        "scope": edge.scope,
        "role": str(edge.role),
        "binding": str(holding.binding.resource.key),
        "names": list(rule.names),
    }


def _grant(pair: Pair, scope: str, box: Box, role: str, by: str) -> dict[str, Any]:
    from bot.kubernetes.rbac import wording  # noqa: PLC0415 - not for --help

    return {
        "environment": pair.before.environment.name,
        "scope": scope,
        "verbs": list(box.verbs),
        "resources": [wording.plain(target) for target in box.targets],
        "names": [name for name in box.names if name is not None],
        "role": role,
        "by": by,
    }
