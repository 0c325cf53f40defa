"""People are their accounts, whatever they are called."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.codeowners import Codeowners
from bot.core.engine.accounts import GitHubAccount
from bot.core.engine.approvals import Approval, Consent, digest
from bot.core.engine.needs import Approvers
from bot.core.engine.settle import settle
from bot.core.policy.model import ApprovalPolicy, Policy
from tests.reviews import decided, finding

FOUND = finding()
TEAM = ApprovalPolicy(("*",), teams=("example/security",))
ONE, TWO = Policy(approvals=(TEAM,)), Policy(approvals=(replace(TEAM, count=2),))


def approval(login: str, number: int = 0) -> Approval:
    return Approval(
        1, FOUND.fingerprint, digest(FOUND), FOUND.severity, FOUND.environments,
        GitHubAccount(login, number), ("@example/security",), "agreed",
    )  # fmt: skip


def verdict(policy: Policy, *approvals: Approval, author: GitHubAccount) -> str:
    approvers = Approvers(policy, Codeowners(), frozenset({author}))
    return settle(decided(FOUND, policy=policy), approvers, Consent(approvals)).verdict


@pytest.mark.parametrize(
    ("author", "expected"),
    [
        (GitHubAccount("renamed", 7), "blocked"),
        (GitHubAccount("octocat", 8), "pass"),
        (GitHubAccount("Octocat"), "blocked"),
        (GitHubAccount("mona", 8), "pass"),
    ],
)
def test_an_author_is_an_account_and_not_a_login(author: GitHubAccount, expected: str) -> None:
    """A new name makes nobody another person, and whoever takes an old name is another one."""
    assert verdict(ONE, approval("octocat", 7), author=author) == expected


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (approval("renamed", 7), "blocked"),
        (approval("Octocat"), "blocked"),
        (approval("octocat", 8), "pass"),
        (approval("mona", 8), "pass"),
    ],
)
def test_an_account_counts_once_whatever_it_was_called(second: Approval, expected: str) -> None:
    """What an earlier release recorded has no number, and is compared by its login."""
    mona = GitHubAccount("monalisa", 9)

    assert verdict(TWO, approval("octocat", 7), second, author=mona) == expected
