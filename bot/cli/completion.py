"""What a shell completes beyond commands, options and choices. It never fails and stays silent."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem


def complete_rules(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The ids of rules that begin so."""
    from bot.catalog import rule_ids  # noqa: PLC0415 - only where a shell asks

    return _beginning(rule_ids(), incomplete)


def complete_environments(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The environments that the policy of the repository names and that begin so.

    Those that are only inferred are left out: to know them, the whole repository is read.
    """
    return _beginning(_environments(context.params), incomplete)


def _environments(given: dict[str, Any]) -> Iterable[str]:
    from bot.cli.policies import policies_of  # noqa: PLC0415 - only where a shell asks
    from bot.core.policy.model import POLICY_PATH  # noqa: PLC0415 - only where a shell asks
    from bot.errors import FairleadError  # noqa: PLC0415 - only where a shell asks

    file = given.get("policy") or (given.get("repo") or Path()) / POLICY_PATH
    try:
        policies = policies_of(Path(file), None)
    except (OSError, FairleadError):
        return ()
    return {each.name for policy in policies.values() for each in policy.environments}


def _beginning(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in sorted(names) if name.startswith(incomplete)]
