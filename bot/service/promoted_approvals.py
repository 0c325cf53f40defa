"""Approvals of merged pull requests that count in a later stage."""

from __future__ import annotations

from collections.abc import Iterator

from bot.core.engine.approvals import Approval
from bot.core.policy.model import Policy
from bot.github.connection import GitHubConnection
from bot.github.people import is_merged
from bot.service.audit_record import Record

_MOST_ELSEWHERE = 20
"""A change that was accepted on more pull requests than this is no promotion of one of them."""


def promoted(
    github: GitHubConnection, policy: Policy, record: Record, fingerprints: tuple[str, ...]
) -> Iterator[Approval]:
    """What was accepted of these findings on pull requests that were merged since."""
    if not policy.promotes or not fingerprints:
        return
    approvals = record.elsewhere(fingerprints)
    numbers = sorted({approval.pull for approval in approvals}, reverse=True)[:_MOST_ELSEWHERE]
    merged = {number for number in numbers if is_merged(github, number)}
    yield from (approval for approval in approvals if approval.pull in merged)
