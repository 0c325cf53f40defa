"""The state of the stand-in: everything that it knows, under one lock."""

from __future__ import annotations

import base64
import itertools
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from bot.standin.accounts import (
    Account,
    App,
    Installation,
    PendingCode,
    Token,
    UserToken,
    no_reply,
)
from bot.standin.repositories import CheckSuite, StandInRepository


def utc_now() -> datetime:
    """The time now, to the second, as GitHub gives it."""
    return datetime.now(UTC).replace(microsecond=0)


def node_id(prefix: str, number: int) -> str:
    """The GraphQL id of an object; `numeric_id` reverses it."""
    return f"{prefix}_{base64.urlsafe_b64encode(f'{prefix}:{number}'.encode()).decode()}"


def numeric_id(node: str) -> tuple[str, int] | None:
    """The kind's prefix and the number in a GraphQL id, or None where it is not one of ours."""
    prefix, _, encoded = node.partition("_")
    try:
        encoded_prefix, number = base64.urlsafe_b64decode(encoded).decode().split(":")
        return (prefix, int(number)) if encoded_prefix == prefix else None
    except ValueError:
        return None


class GitHubState:
    """Everything that the stand-in knows, under one lock."""

    def __init__(self, directory: Path, clock: Callable[[], datetime]) -> None:
        self.directory = directory
        self.clock = clock
        self.lock = threading.RLock()
        self.url = ""
        self.accounts: dict[str, Account] = {}
        self.addresses: dict[str, Account] = {}
        self.apps: dict[int, App] = {}
        self.installations: dict[int, Installation] = {}
        self.tokens: dict[str, Token] = {}
        self.repositories: dict[int, StandInRepository] = {}
        self.former_names: dict[str, int] = {}
        self.teams: dict[str, set[str]] = {}
        self.codes: dict[str, tuple[App, datetime]] = {}
        self.login_codes: dict[str, PendingCode] = {}
        self.user_tokens: dict[str, UserToken] = {}
        self._ids = itertools.count(1_000_001)

    @property
    def api(self) -> str:
        """Where the REST endpoints are, as on an Enterprise Server."""
        return f"{self.url}/api/v3"

    def new_id(self) -> int:
        """An id that is unique in this stand-in."""
        return next(self._ids)

    def account(self, login: str, kind: str = "User") -> Account:
        """The account with this login; created on first use."""
        with self.lock:
            if login not in self.accounts:
                account = self.accounts[login] = Account(self.new_id(), login, kind)
                self.addresses.setdefault(no_reply(login), account)
            return self.accounts[login]

    def repository(self, owner: str, name: str) -> StandInRepository | None:
        """The repository of this name, in GitHub's case-insensitive way."""
        full_name = f"{owner}/{name}".lower()
        matches = (
            candidate
            for candidate in self.repositories.values()
            if candidate.full_name.lower() == full_name
        )
        return next(matches, None)

    def installations_on(self, repository: StandInRepository) -> Iterator[Installation]:
        """The installations that reach this repository and are not suspended."""
        for installation in self.installations.values():
            if repository.id in installation.repository_ids and not installation.suspended_at:
                yield installation

    def suite(self, repository: StandInRepository, app: App, head_sha: str) -> CheckSuite:
        """The App's suite on this commit; created where there is none."""
        for suite in repository.suites:
            if suite.app is app and suite.head_sha == head_sha:
                return suite
        branches = repository.git.branches()
        branch = next((name for name, sha in branches.items() if sha == head_sha), None)
        suite = CheckSuite(
            id=self.new_id(),
            app=app,
            head_sha=head_sha,
            head_branch=branch,
            before=repository.git.parent(head_sha),
            created_at=self.clock(),
        )
        repository.suites.append(suite)
        return suite
